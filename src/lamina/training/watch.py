"""What is measured after each epoch, and the number that decides when training stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.plan import Training
from lamina.training.state import History

Evaluate = Callable[[Any], dict[str, float]]


@dataclass(frozen=True)
class Watch:
    """What to measure, and what to go by.

    Attributes
    ----------
    evaluate : function of a trainer or None
        Returns the epoch's numbers by name: losses and scores of other samples. If it has a
        `try_out`, that is what a rehearsal calls.
    monitor : str or None
        The number to go by, "loss" or one of `evaluate`'s; None: the loss as in scikit-learn,
        whose last parameters are kept, not the best.
    sign : float
        1 where larger is better, else -1.
    patience, tol : float
        Training ends with the first epoch that makes more than `patience` in a row without an
        improvement by `tol`.
    restore_best : bool
        Whether the parameters of the best epoch are those that training leaves.
    start : int
        Epochs before the first one that counts.
    rehearse : bool
        Whether to measure once before the first epoch, so that what cannot measure says so.
    strict : bool
        Whether an improvement by 0 is none, also with a `tol` of 0; with scikit-learn it is one.
    anew : bool
        Whether the best of earlier fits is forgotten, since it may be of other data.
    """

    evaluate: Evaluate | None = None
    monitor: str | None = None
    sign: float = -1.0
    patience: float = 10
    tol: float = 1e-4
    restore_best: bool = False
    start: int = 0
    rehearse: bool = False
    strict: bool = False
    anew: bool = False

    @classmethod
    def loss(cls, training: Training) -> Watch:
        """Return what goes by the loss as scikit-learn does."""
        return cls(patience=training.n_iter_no_change, tol=training.tol)

    def try_out(self, trainer: Any) -> None:
        """Measure before any work, if that is wanted."""
        if self.rehearse and self.evaluate is not None:
            getattr(self.evaluate, "try_out", self.evaluate)(trainer)

    def measure(self, trainer: Any, history: History) -> None:
        """Write the numbers of the epoch that ended into the history."""
        if self.evaluate is not None:
            history.add(self.evaluate(trainer))

    def judge(self, history: History, n_epochs: int, keep: Callable[[str], None]) -> float:
        """Hold the epoch against the best so far; return its error, of which less is better.

        `keep` is told to keep the parameters as "best" where they are. Of equals the first is the
        best.
        """
        loss, least = history.loss[-1], history.best_loss
        history.best_loss = min(least, loss)
        if self.monitor is None:
            error = loss
            better = self._improves(least - error)
        else:
            value = history.last(self.monitor)
            error = -self.sign * value
            if self.sign > 0:
                history.validation_score.append(value)
            if n_epochs <= self.start:
                return error
            better = self._improves(-error - history.best_score)
            if -error > history.best_score:
                history.best_score, history.best_epoch = -error, len(history.loss)
                if self.restore_best:
                    keep("best")
        history.no_improvement = 0 if better else history.no_improvement + 1
        return error

    def _improves(self, gain: float) -> bool:
        """Return whether a gain counts: the first epoch's, inf, always; one that is NaN never."""
        return (gain >= self.tol and (gain > 0 or not self.strict)) or gain == np.inf
