"""Tasks in threads, one per core: the engine lets go of Python's lock while it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any

from lamina.estimators.jobs import LOOK


class StoppedError(Exception):
    """What a task raises once it is asked to stop; seen by no one outside."""


def run(task: Callable[..., Any], arguments: Iterable[tuple], n_workers: int) -> list[Any]:
    """Return ``task(*own, stop)`` for each of `arguments`, in their order.

    Even one worker is a thread of its own: so that Ctrl-C reaches the caller at once, who then
    sets `stop`. A task looks at it now and then and raises `StoppedError`.
    """
    stop = Event()
    with ThreadPoolExecutor(n_workers, thread_name_prefix="lamina-tuning") as pool:
        try:
            futures = [pool.submit(task, *own, stop) for own in arguments]
            while wait(futures, LOOK, FIRST_EXCEPTION).not_done and not _failed(futures):
                pass
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _failed(futures: list[Future]) -> bool:
    return any(future.done() and future.exception() is not None for future in futures)
