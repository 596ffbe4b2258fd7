"""What training leaves behind: where it stands, what its epochs gave, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from lamina.engines.protocol import Parameters, Slots
from lamina.plan import Training


class Outcome(Enum):
    """Why training ended."""

    MAX_ITER = "the largest number of epochs is reached"
    CONVERGED = "no improvement for too many epochs"
    INTERRUPTED = "interrupted by the user"
    DIVERGED = "the parameters are no longer finite"


@dataclass
class History:
    """What the epochs of all fits gave.

    Attributes
    ----------
    loss : list of float
        Mean loss and penalty over each epoch's batches, as they were when each batch was met.
    validation_score : list of float
    learning_rate : list of float
        Learning rate of the first step of each epoch.
    best_loss, best_score : float
        Smallest loss and largest score so far.
    best_parameters : list of tuples of arrays or None
        Those of the best score.
    no_improvement : int
        Epochs in a row without an improvement by tol.
    """

    loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    best_loss: float = np.inf
    best_score: float = -np.inf
    best_parameters: Parameters | None = None
    no_improvement: int = 0


@dataclass
class State:
    """Everything that training needs to go on from where it stands.

    Attributes
    ----------
    parameters : list of tuples of arrays
    slots : state of the update rule, or None before the first step
    step, epoch : int
        Counted since the rule's start.
    sample : int
        Samples seen, over all fits: scikit-learn's ``t_``.
    rate : float or None
        Base of the learning rate, which reactive schedules change; None before the first step.
    error : float or None
        Loss, or negative validation score, of the last epoch.
    training : Training or None
        The options of the last fit.
    """

    parameters: Parameters
    slots: Slots | None = None
    step: int = 0
    epoch: int = 0
    sample: int = 0
    rate: float | None = None
    error: float | None = None
    training: Training | None = None
    history: History = field(default_factory=History)

    def restart_rule(self) -> None:
        """Forget the rule's slots and counts, keep parameters and history."""
        self.slots, self.step, self.epoch, self.rate, self.error = None, 0, 0, None, None

    def adopt(self, training: Training) -> None:
        """Go on under other options: another rule's slots and an older learning rate go."""
        old = self.training
        if old is not None and old.rule.kind is not training.rule.kind:
            self.restart_rule()
        rates = [(t.learning_rate, t.initial_rate) for t in (old, training) if t is not None]
        if self.rate is None or len(set(rates)) > 1:
            self.rate = training.initial_rate
        self.training = training
