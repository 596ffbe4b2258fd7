"""What comes in: checked, standardised, weighed, whole or in batches."""
