"""Linear, affine, ridge, threshold and sign units, their level sets (note 003 §2.1, 4.1, 4.2)."""
