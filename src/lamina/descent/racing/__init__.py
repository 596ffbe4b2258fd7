"""Update rules side by side, on a test surface or on a network's own loss."""

from lamina.descent.racing.race import race
from lamina.descent.racing.result import Race, Runner

__all__ = ["Race", "Runner", "race"]
