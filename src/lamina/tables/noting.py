"""What the training on a table leaves for its findings, and the error where it diverged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.estimators.inspection import diagnosing
from lamina.tables.errors import TableError

if TYPE_CHECKING:
    from lamina.tables.prepare import Prepared
    from lamina.tables.stream import Streamed

__all__ = ["DivergedError", "note", "note_rows"]

LOOKED_AT = 50_000  # rows held out that findings go by
HELD_OUT = "rows held out"


class DivergedError(TableError):
    """A training that led to numbers which are not finite.

    Parameters
    ----------
    prepared : Prepared or Streamed
        What was to be learnt.
    estimator : MLPClassifier or MLPRegressor
        As the training left it, which is as it was if it was resumed from a checkpoint.
    """

    def __init__(self, prepared: Prepared | Streamed, estimator: Any) -> None:
        self.prepared, self.estimator = prepared, estimator
        where, culprit = "", None
        if self.known:
            culprit = estimator._state.seen.culprit
        if culprit is not None:
            row = f"row {culprit.sample:,} of the table"
            where = f" {culprit.when}, first {culprit.where} for {row}"
        change = f"lower the learning rate, now {estimator.learning_rate_init:g}"
        if estimator.solver == "lbfgs":
            change = "look for extreme values in the table"
        more = "" if estimator.diagnose else " (--diagnose tells more)"
        super().__init__(f"the training diverged{where}: {change}{more}")

    @property
    def known(self) -> bool:
        """Whether the estimator is the one that was trained."""
        return hasattr(self.estimator, "coefs_")


def note(prepared: Prepared | Streamed, estimator: Any) -> None:
    """Keep how a fitted network does on the rows held out, if anything was recorded."""
    note_rows(prepared, estimator)
    others = prepared.held_out(LOOKED_AT) if estimator.diagnose else None
    if others is not None:
        diagnosing.keep(estimator, {HELD_OUT: others})


def note_rows(prepared: Prepared | Streamed, estimator: Any) -> None:
    """Call rows by their numbers in the table, from 1 on, in findings to come."""
    if prepared.rows is not None and hasattr(estimator, "coefs_"):
        diagnosing.call_rows(estimator, prepared.rows + 1)
