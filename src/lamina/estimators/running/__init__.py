"""A fit under way: its task, what it tells and to whom, its checkpoints."""
