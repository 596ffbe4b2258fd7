"""Engines: each runs the same plan. The reference engine runs the spec on NumPy."""

from lamina.engines.protocol import Data, Engine, Trainer
from lamina.engines.reference import ReferenceEngine

__all__ = ["Data", "Engine", "ReferenceEngine", "Trainer", "default_engine"]


def default_engine() -> Engine:
    """Return the engine that the estimators use."""
    return ReferenceEngine()
