"""What a fit records of its layers, of its samples, and of the step that broke it."""
