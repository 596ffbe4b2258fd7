"""Property tests draw the same examples in every run and on every machine, slow ones included."""

from hypothesis import settings

settings.register_profile("lamina", deadline=None, max_examples=50, derandomize=True, database=None)
settings.load_profile("lamina")
