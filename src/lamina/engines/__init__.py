"""Engines: each runs the same plan. The native one is C++; the reference runs the spec on NumPy."""

import os
from functools import cache

from lamina.engines import native
from lamina.engines.native import EngineInfo, NativeEngine
from lamina.engines.protocol import (
    Data,
    Engine,
    Forward,
    Objective,
    Predictor,
    SampleLosses,
    Trainer,
)
from lamina.engines.reference import ReferenceEngine
from lamina.plan import checks

__all__ = [
    "Data",
    "Engine",
    "EngineInfo",
    "Forward",
    "NativeEngine",
    "Objective",
    "Predictor",
    "ReferenceEngine",
    "SampleLosses",
    "Trainer",
    "default_engine",
    "engine_info",
]


def default_engine(n_threads: int | None = None) -> Engine:
    """Return the engine that the estimators use: native, unless LAMINA_ENGINE says "reference".

    Parameters
    ----------
    n_threads : int in [1, inf) or None, default=None
        None: as many as pay for the network, of the cores that this process may use.
    """
    name = os.environ.get("LAMINA_ENGINE") or "native"
    return _engine(name, n_threads, os.environ.get("LAMINA_ISA"))


def engine_info() -> EngineInfo:
    """Return which engine the estimators use, on which instruction set and how many threads.

    Examples
    --------
    >>> import lamina
    >>> info = lamina.engine_info()
    >>> info.engine, info.isa in info.available, info.threads >= 1
    ('native', True, True)
    """
    return native.engine_info()._replace(engine=default_engine().name)


@cache
def _engine(name: str, n_threads: int | None, isa: str | None) -> Engine:
    checks.choice("LAMINA_ENGINE", name, ["native", "reference"])
    return ReferenceEngine() if name == "reference" else NativeEngine(n_threads, isa)
