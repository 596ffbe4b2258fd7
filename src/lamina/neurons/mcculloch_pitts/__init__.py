"""McCulloch–Pitts neurons and what they cannot do (note 002 §2.1)."""
