"""Boolean functions as networks of perceptrons (note 002 §2.5)."""
