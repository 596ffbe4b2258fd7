"""How many things to do at once, where the caller says so by `n_jobs`."""

from __future__ import annotations

from typing import Any

from lamina.engines import engine_info
from lamina.plan import checks

LOOK = 0.2  # seconds after which a waiting thread looks for Ctrl-C: a signal may not wake it


def workers(n_jobs: Any) -> int:
    """Return the number of threads: None and -1 are every core that this process may use."""
    if n_jobs is None or (n_jobs == -1 and not isinstance(n_jobs, bool)):
        return engine_info().threads
    try:
        checks.integer("n_jobs", n_jobs, "[1, inf)")
    except checks.ArgumentError:
        raise checks.fail("n_jobs", "an integer in [1, inf), -1 or None", n_jobs) from None
    return int(n_jobs)
