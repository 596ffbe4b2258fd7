"""Linear separability, decided with a certificate, and counted (note 002 §2.1, 2.3, 2.4)."""
