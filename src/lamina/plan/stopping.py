"""When to stop early, and by which number."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.plan import checks


@dataclass(frozen=True, repr=False)
class EarlyStopping:
    """Stop where a number that is recorded after each epoch gets no better.

    Training ends with the first epoch that makes more than `patience` epochs in a row without an
    improvement by `tol`. Of several equally good epochs the first is the best.

    Parameters
    ----------
    monitor : str, default="eval_loss"
        A column of ``history_``: "loss", or ``{set}_loss`` or ``{set}_{scorer}`` for an
        evaluation set. ``{set}_score`` is the estimator's own score, accuracy or R². With
        "validation_loss" or "validation_score" and no set called "validation", samples are held
        out as ``early_stopping=True`` does.
    patience : int in [1, inf), inf or None, default=None
        None: the estimator's `n_iter_no_change`.
    tol : float in [0, inf) or None, default=None
        None: the estimator's `tol`. An improvement by 0 is none, also with 0.
    mode : {"auto", "min", "max"}, default="auto"
        Whether small or large is good; "auto": small for a loss, large for a score. A scorer that
        is a function named like an error has no "auto". Reactive schedules hear of the same.
    restore_best : bool, default=True
        Whether training leaves the weights of the best epoch, also where it ends otherwise.
    start_from_epoch : int in [0, inf), default=0
        Epochs before the first one that counts.

    Examples
    --------
    >>> from lamina import EarlyStopping
    >>> EarlyStopping("eval_roc_auc", patience=5)
    EarlyStopping(monitor='eval_roc_auc', patience=5)
    """

    monitor: str = "eval_loss"
    patience: float | None = None
    tol: float | None = None
    mode: str = "auto"
    restore_best: bool = True
    start_from_epoch: int = 0

    def __post_init__(self) -> None:
        checks.kind("monitor", self.monitor, str, "the name of a column of history_")
        if self.patience is not None and self.patience != float("inf"):
            checks.integer("patience", self.patience, "[1, inf)")
        if self.tol is not None:
            checks.real("tol", self.tol, "[0, inf)")
        checks.choice("mode", self.mode, ["auto", "min", "max"])
        checks.flag("restore_best", self.restore_best)
        checks.integer("start_from_epoch", self.start_from_epoch, "[0, inf)")

    __repr__ = checks.short_repr
