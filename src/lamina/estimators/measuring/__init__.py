"""What is measured after each epoch, and what is kept of it."""
