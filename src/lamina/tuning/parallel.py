"""Tasks in threads, one per core: the engine lets go of Python's lock while it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from lamina.engines import engine_info
from lamina.plan import checks


class StoppedError(Exception):
    """What a task raises once it is asked to stop; seen by no one outside."""


def workers(n_jobs: int | None) -> int:
    """Return the number of threads: None and -1 are every core that this process may use."""
    if n_jobs is None or (n_jobs == -1 and not isinstance(n_jobs, bool)):
        return engine_info().threads
    try:
        checks.integer("n_jobs", n_jobs, "[1, inf)")
    except checks.ArgumentError:
        raise checks.fail("n_jobs", "an integer in [1, inf), -1 or None", n_jobs) from None
    return int(n_jobs)


def run(task: Callable[..., Any], arguments: Iterable[tuple], n_workers: int) -> list[Any]:
    """Return ``task(*own, stop)`` for each of `arguments`, in their order.

    Even one worker is a thread of its own: so that Ctrl-C reaches the caller at once, who then
    sets `stop`. A task looks at it now and then and raises `StoppedError`.
    """
    stop = Event()
    with ThreadPoolExecutor(n_workers, thread_name_prefix="lamina-tuning") as pool:
        try:
            futures = [pool.submit(task, *own, stop) for own in arguments]
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
