"""The perceptron, its learning and the bound on its corrections (note 002 §2.2, 2.3)."""
