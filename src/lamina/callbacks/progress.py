"""A callback that shows how far training is."""

from __future__ import annotations

import html
import sys
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from lamina.callbacks import screen
from lamina.estimators.running.callback import Callback, Run
from lamina.plan import checks

LINES = 10  # of a training whose output is no terminal


class _Bar(Protocol):
    def update(self, run: Run) -> None: ...

    def close(self, run: Run) -> None: ...


@dataclass(eq=False, repr=False)
class ProgressBar(Callback):
    """Shows epochs, losses, scores and the time that is left.

    A bar in a terminal, by rich, and in a notebook, by HTML; where standard error is neither, such
    as a log file, a line for each tenth of the epochs. It ends with why training did.

    Parameters
    ----------
    refresh : float in (0, inf), default=0.1
        Seconds between two updates of a bar.

    Examples
    --------
    >>> import lamina
    >>> bar = lamina.callbacks.ProgressBar()
    >>> model = lamina.MLPRegressor(max_iter=3, callbacks=[bar]).fit([[0.0], [1.0]], [0.0, 1.0])
    """

    refresh: float = 0.1

    def __post_init__(self) -> None:
        checks.real("refresh", self.refresh, "(0, inf)")

    def on_train_begin(self, run: Run) -> None:
        """Show an empty bar."""
        self._bar, self._next = _bar(run), 0.0

    def on_epoch_end(self, run: Run) -> None:
        """Move the bar, if it is time."""
        if isinstance(self._bar, _Lines):
            self._bar.update(run)
        elif monotonic() >= self._next:
            self._bar.update(run)
            self._next = monotonic() + self.refresh

    def on_train_end(self, run: Run) -> None:
        """Show the last numbers, and leave nothing that cannot be copied."""
        self._bar.close(run)
        del self._bar

    __repr__ = checks.short_repr


def _bar(run: Run) -> _Bar:
    display = screen.notebook()
    if display is not None:
        return _Html(display, run)
    return _Terminal(run) if sys.stderr.isatty() else _Lines(run)


class _Terminal:
    """A bar of rich's."""

    def __init__(self, run: Run) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = (
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            Remaining(),
            TextColumn("{task.fields[numbers]}"),
        )
        console = Console(file=sys.stderr)
        self._progress = Progress(*columns, console=console, auto_refresh=False)
        self._progress.start()
        self._task = self._progress.add_task(
            "", total=run.max_epochs, completed=run.epoch, numbers=""
        )

    def update(self, run: Run) -> None:
        """Move the bar."""
        own = screen.numbers(run.latest)
        self._progress.update(self._task, completed=run.epoch, numbers=own, refresh=True)

    def close(self, run: Run) -> None:
        """Leave the last numbers and the reason."""
        self.update(run)
        self._progress.stop()
        self._progress.console.print(run.stop_reason, markup=False, highlight=False)


class _Html:
    """A bar of HTML, which the notebook keeps as it was at the end."""

    def __init__(self, display: Any, run: Run) -> None:
        self._display, self._begun = display, monotonic()
        self._first = run.epoch
        self._handle = display.display(display.HTML(self._text(run, "")), display_id=True)

    def _text(self, run: Run, end: str) -> str:
        left = ""
        if not end and run.epoch > self._first:
            pace = (monotonic() - self._begun) / (run.epoch - self._first)
            left = f"at most {pace * (run.max_epochs - run.epoch):.0f} s left"
        words = html.escape(f"epoch {run.epoch}/{run.max_epochs}  {screen.numbers(run.latest)}")
        return (
            f'<progress value="{run.epoch}" max="{run.max_epochs}"></progress> '
            f"<code>{words}</code> {html.escape(end or left)}"
        )

    def update(self, run: Run, end: str = "") -> None:
        """Move the bar."""
        self._handle.update(self._display.HTML(self._text(run, end)))

    def close(self, run: Run) -> None:
        """Leave the last numbers and the reason."""
        self.update(run, run.stop_reason or "")


class _Lines:
    """A line now and then, without control characters."""

    def __init__(self, run: Run) -> None:
        self._every = max(1, run.max_epochs // LINES)
        self._last = run.epoch

    def update(self, run: Run) -> None:
        """Write a line, if it is its epoch."""
        if run.epoch % self._every == 0:
            self._write(run)

    def _write(self, run: Run) -> None:
        self._last = run.epoch
        own = screen.numbers(run.latest)
        print(f"epoch {run.epoch}/{run.max_epochs}: {own}", file=sys.stderr, flush=True)

    def close(self, run: Run) -> None:
        """Write the last numbers and the reason."""
        if run.epoch > self._last:
            self._write(run)
        print(run.stop_reason, file=sys.stderr, flush=True)
