"""The sigmoid neuron, and three models under one learning loop (note 002 §3; note 004)."""
