"""Members in threads, one per core: the engine lets go of Python's lock while it trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import Any

from lamina.estimators.jobs import LOOK
from lamina.estimators.running.callback import Callback, Run

INTERRUPTED = "The user interrupted training."
STEPS = 100  # after which a member looks whether it is to stop: seldom enough to cost nothing


class Stop(Callback):
    """Ends a member's training, within an epoch too, once all are to stop."""

    def __init__(self, stop: Event, by_steps: bool) -> None:
        self.stop, self.cut = stop, False
        self.every_batches = STEPS if by_steps else None

    def on_batch_end(self, run: Run) -> None:
        """Look whether to go on."""
        self.on_epoch_end(run)

    def on_epoch_end(self, run: Run) -> None:
        """Look whether to go on."""
        if self.stop.is_set():
            self.cut = True
            run.stop(INTERRUPTED)


def run(tasks: Sequence[Callable[[], Any]], n_workers: int, stop: Event) -> tuple[list[Any], bool]:
    """Return what the tasks that began have returned, in order, and whether Ctrl-C cut them short.

    Even one worker is a thread of its own, so that Ctrl-C reaches this function at once. It sets
    `stop` and waits for those at work, which look at it now and then.
    """
    interrupted, futures = False, []
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="lamina-ensemble")
    try:
        for task in tasks:
            futures.append(pool.submit(task))
        while wait(futures, LOOK).not_done:  # a wait without an end hears no Ctrl-C on Windows
            pass
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if interrupted or not all(future.done() for future in futures):
            stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
    return [future.result() for future in futures if not future.cancelled()], interrupted
