"""How a network is trained: rule, learning rate, batches and when to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.plan import checks
from lamina.plan.recorder import Recorder
from lamina.plan.regularization import Regularization
from lamina.plan.rule import Rule
from lamina.plan.rules import Adam
from lamina.plan.schedule import Clock, Schedule
from lamina.plan.schedules import Constant
from lamina.plan.stopping import EarlyStopping
from lamina.spec.arrays import Numbers


@dataclass(frozen=True, repr=False)
class Training:
    """Options of the training loop, named as scikit-learn's where it has them.

    Parameters
    ----------
    rule : Rule, default=Adam()
    learning_rate : Schedule, default=Constant()
    learning_rate_init : float in (0, inf), default=1e-3
        Where a schedule without an ``initial`` of its own starts.
    alpha : float in [0, inf), default=0
        ``½ alpha ||W||^2 / (sum of a batch's sample weights)`` is added to a batch's loss.
    batch_size : int in [1, inf) or "auto", default="auto"
        "auto": 200, or all samples if there are fewer.
    max_iter : int in [1, inf), default=200
        Largest number of epochs.
    shuffle : bool, default=True
    tol : float in [0, inf], default=1e-4
    n_iter_no_change : int in [1, inf) or inf, default=10
        Training ends with the first epoch that makes more than `n_iter_no_change` epochs in a row
        without an improvement by `tol`.
    early_stopping : bool or EarlyStopping, default=False
        Whether the validation score, not the loss, decides, and the best epoch's weights are kept;
        or what decides.
    validation_fraction : float in [0, 1), default=0.1
        Above 0 with early stopping.
    loss_scale : float in (0, inf), default=1.0
        Factor of the data loss wherever it is reported. scikit-learn reports the squared error
        as a mean over the outputs and follows the gradient of the sum.
    regularization : Regularization, default=Regularization()
    recorder : Recorder or None, default=None
        What to record of each layer; None for nothing.

    Examples
    --------
    >>> from lamina import Momentum, Training
    >>> Training(rule=Momentum(), max_iter=50)
    Training(rule=Momentum(), max_iter=50)
    """

    rule: Rule = field(default_factory=Adam)
    learning_rate: Schedule = field(default_factory=Constant)
    learning_rate_init: float = 1e-3
    alpha: float = 0.0
    batch_size: int | str = "auto"
    max_iter: int = 200
    shuffle: bool = True
    tol: float = 1e-4
    n_iter_no_change: float = 10
    early_stopping: bool | EarlyStopping = False
    validation_fraction: float = 0.1
    loss_scale: float = 1.0
    regularization: Regularization = field(default_factory=Regularization)
    recorder: Recorder | None = None

    def __post_init__(self) -> None:
        checks.kind("rule", self.rule, Rule, "a Rule")
        checks.kind("learning_rate", self.learning_rate, Schedule, "a Schedule")
        checks.real("learning_rate_init", self.learning_rate_init, "(0, inf)")
        checks.real("alpha", self.alpha, "[0, inf)")
        if not isinstance(self.batch_size, str):
            checks.integer("batch_size", self.batch_size, "[1, inf)")
        elif self.batch_size != "auto":
            raise checks.fail("batch_size", "'auto' or an integer in [1, inf)", self.batch_size)
        checks.integer("max_iter", self.max_iter, "[1, inf)")
        checks.flag("shuffle", self.shuffle)
        checks.real("tol", self.tol, "[0, inf]")
        if not (isinstance(self.n_iter_no_change, float) and self.n_iter_no_change == float("inf")):
            checks.integer("n_iter_no_change", self.n_iter_no_change, "[1, inf)")
        if type(self.early_stopping).__name__ not in {"bool", "bool_", "EarlyStopping"}:
            raise checks.fail(
                "early_stopping", "True, False or an EarlyStopping", self.early_stopping
            )
        inside = "(0, 1)" if self.early_stopping else "[0, 1)"
        checks.real("validation_fraction", self.validation_fraction, inside)
        checks.real("loss_scale", self.loss_scale, "(0, inf)")
        own = self.regularization
        checks.kind("regularization", own, Regularization, "a Regularization")
        if self.recorder is not None:
            checks.kind("recorder", self.recorder, Recorder, "a Recorder or None")
        own.around(self.rule)  # which refuses weight decay twice

    @property
    def decayed_rule(self) -> Rule:
        """The rule with the weight decay of the regularisation."""
        return self.regularization.around(self.rule)

    @property
    def scheduled(self) -> bool:
        """Whether the table depends on more of the clock than the step."""
        return self.rule.scheduled or self.regularization.scheduled

    def table(self, rate: Numbers, clock: Clock, n_hidden: int) -> np.ndarray:
        """Return all that an engine needs to know of an epoch's steps, one row per step.

        The columns of `Rule.table`; with random draws then those of `Regularization.columns`.
        """
        self.regularization.check_layers(n_hidden)
        table = self.decayed_rule.table(rate, clock)
        if not self.regularization.draws:
            return table
        return np.hstack([table, self.regularization.columns(n_hidden, clock)])

    def batch_of(self, n_samples: int) -> int:
        """Return the batch size for `n_samples`: never more than there are."""
        size: Any = 200 if self.batch_size == "auto" else self.batch_size
        return int(min(size, n_samples))

    @property
    def initial_rate(self) -> float:
        """The learning rate that training starts from."""
        own = self.learning_rate.initial
        return float(self.learning_rate_init if own is None else own)

    __repr__ = checks.short_repr
