"""Universal approximation by construction (note 002 §2.5, 3.4)."""
