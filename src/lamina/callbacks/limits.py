"""Callbacks that end training."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from lamina.estimators.running.callback import Callback, Run
from lamina.plan import checks


@dataclass(eq=False, repr=False)
class TimeBudget(Callback):
    """Ends training with the first epoch that ends after so many seconds.

    Parameters
    ----------
    seconds : float in (0, inf)
        Counted from the beginning of the fit, or of `lamina.resume`.
    every_batches : int in [1, inf) or None, default=None
        Look at the clock after every so many steps too, where epochs are long. An epoch that is
        cut off counts as a part of the training, but is not in the history; `lamina.resume` does
        it again from its beginning, so that an epoch must fit into the budget to be done with.

    Examples
    --------
    >>> import lamina
    >>> from lamina.callbacks import TimeBudget
    >>> budget = TimeBudget(0.01)
    >>> model = lamina.MLPRegressor(max_iter=10**9, n_iter_no_change=10**9, callbacks=[budget])
    >>> model.fit([[0.0], [1.0]], [0.0, 1.0]).stop_reason_
    'The time budget of 0.01 seconds ended.'
    """

    seconds: float
    every_batches: int | None = None

    def __post_init__(self) -> None:
        checks.real("seconds", self.seconds, "(0, inf)")
        if self.every_batches is not None:
            checks.integer("every_batches", self.every_batches, "[1, inf)")

    def on_train_begin(self, run: Run) -> None:
        """Start the clock."""
        self._end = monotonic() + self.seconds

    def on_batch_end(self, run: Run) -> None:
        """Look at the clock."""
        if monotonic() >= self._end:
            run.stop(f"The time budget of {self.seconds:g} seconds ended.")

    on_epoch_end = on_batch_end

    __repr__ = checks.short_repr


@dataclass(eq=False, repr=False)
class StopOnTarget(Callback):
    """Ends training with the first epoch at whose end a number is good enough.

    Parameters
    ----------
    monitor : str
        "loss", or ``{set}_loss`` or ``{set}_{scorer}`` of an evaluation set.
    target : float
    mode : {"auto", "min", "max"}, default="auto"
        Whether the number is to be at most or at least `target`; "auto": at most for a loss, at
        least for a score. A function of one's own that is named like an error has no "auto".

    Examples
    --------
    >>> import lamina
    >>> from lamina.callbacks import StopOnTarget
    >>> target = StopOnTarget("loss", 0.1)
    >>> model = lamina.MLPRegressor(max_iter=999, random_state=0, callbacks=[target])
    >>> model.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).loss_ <= 0.1
    True
    """

    monitor: str
    target: float
    mode: str = "auto"

    def __post_init__(self) -> None:
        checks.kind("monitor", self.monitor, str, "the name of a column of history_")
        checks.real("target", self.target, "[-inf, inf]")
        checks.choice("mode", self.mode, ["auto", "min", "max"])

    def on_train_begin(self, run: Run) -> None:
        """Look up whether large is good; a checkpoint may be there already."""
        self._sign = run.sign(self.monitor, self.mode)
        if run.epoch:
            self.on_epoch_end(run)

    def on_epoch_end(self, run: Run) -> None:
        """Stop at the target."""
        value = run.latest[self.monitor]
        if self._sign * value >= self._sign * self.target:
            run.stop(f"{self.monitor} = {value:.6g} reached the target {self.target:g}.")

    __repr__ = checks.short_repr
