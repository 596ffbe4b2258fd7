"""What training leaves behind: where it stands, what its epochs gave, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np

from lamina.engines.protocol import Parameters, Slots
from lamina.plan import CustomLoss, Network, Schedule, Training
from lamina.training.recording.facts import Seen
from lamina.training.recording.record import Record

LISTS = ("loss", "validation_score", "learning_rate", "seconds")  # of a History, by epoch


class Outcome(Enum):
    """Why training ended."""

    MAX_ITER = "the largest number of epochs is reached"
    CONVERGED = "no improvement for too many epochs"
    INTERRUPTED = "interrupted by the user"
    DIVERGED = "the parameters are no longer finite"
    UNDEFINED = "the loss is not a number, though the parameters are finite"
    STOPPED = "stopped by a listener"

    @property
    def failed(self) -> bool:
        """Whether there is no going on."""
        return self in (Outcome.DIVERGED, Outcome.UNDEFINED)

    @classmethod
    def of_loss(cls, network: Network, loss: float) -> Outcome | None:
        """Return UNDEFINED for a loss that cannot be what it should at finite parameters, or None.

        The losses that come with lamina may be infinite: squares of large numbers overflow while
        their slopes do not. So may the penalty. One of the user's own must be finite.
        """
        wrong = not np.isfinite(loss) if isinstance(network.loss, CustomLoss) else np.isnan(loss)
        return cls.UNDEFINED if wrong else None


@dataclass
class History:
    """What the epochs of all fits gave.

    Attributes
    ----------
    loss : list of float
        Mean loss and penalty over each epoch's batches, as they were when each batch was met.
    validation_score : list of float
        What early stopping went by, where larger is better.
    learning_rate : list of float
        Learning rate of the first step of each epoch; NaN for L-BFGS.
    seconds : list of float
        What the steps of each epoch took.
    columns : dict of str to list of float
        What a `Watch` measured, NaN for epochs without.
    monitor : str or None
        Name of the number that `best_score` is about.
    best_loss, best_score : float
        Smallest loss, and largest score, which is the negative of a number to be small.
    best_epoch : int or None
        Epoch of the best score, counted from 1 over all fits.
    best_parameters : list of tuples of arrays or None
        Those of the best score.
    no_improvement : int
        Epochs in a row without an improvement by tol.
    """

    loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    columns: dict[str, list[float]] = field(default_factory=dict)
    monitor: str | None = None
    best_loss: float = np.inf
    best_score: float = -np.inf
    best_epoch: int | None = None
    best_parameters: Parameters | None = None
    no_improvement: int = 0

    def add(self, numbers: dict[str, float]) -> None:
        """Write what was measured after the last epoch."""
        n = len(self.loss)
        for name, value in numbers.items():
            column = self.columns.setdefault(name, [])
            column += [np.nan] * (n - 1 - len(column))
            column.append(float(value))

    def last(self, name: str) -> float:
        """Return a number of the last epoch; NaN if it was not measured."""
        column = self.loss if name == "loss" else self.columns.get(name, [])
        return column[-1] if column and len(column) == len(self.loss) else np.nan

    def go_by(self, monitor: str | None, anew: bool = False) -> None:
        """Forget the best so far if another number decides from now on, or if it is of other data.

        `anew` says that it is.
        """
        if monitor is None or (monitor == self.monitor and not anew):
            return
        if self.monitor is not None or anew:
            self.best_score, self.best_epoch, self.best_parameters = -np.inf, None, None
            self.no_improvement = 0
        self.monitor = monitor

    def copy(self) -> History:
        """Return a history that later epochs do not change."""
        columns = {name: list(column) for name, column in self.columns.items()}
        lists: Any = {name: list(getattr(self, name)) for name in LISTS}
        return replace(self, columns=columns, **lists)


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
    memory : tuple of float
        What the learning rate's schedule remembers of the errors so far.
    places : list of (Schedule, float, tuple of float)
        The schedules elsewhere: what each starts from now, and what it remembers.
    error : float or None
        Loss, or negative validation score, of the last epoch.
    training : Training or None
        The options of the last fit.
    seed : int or None
        Of the random draws within a step, from the first one that needs them on.
    record : Record or None
        What was measured of each layer, if that was asked for.
    seen : Seen
        How the last fit ended, and what its samples are like.
    """

    parameters: Parameters
    slots: Slots | None = None
    step: int = 0
    epoch: int = 0
    sample: int = 0
    rate: float | None = None
    memory: tuple[float, ...] = ()
    places: list[tuple[Schedule, float, tuple[float, ...]]] = field(default_factory=list)
    error: float | None = None
    training: Training | None = None
    seed: int | None = None
    history: History = field(default_factory=History)
    record: Record | None = None
    seen: Seen = field(default_factory=Seen)

    def restart_rule(self) -> None:
        """Forget the rule's slots and counts, keep parameters and history."""
        self.slots, self.step, self.epoch, self.rate, self.error = None, 0, 0, None, None
        self.seed, self.memory, self.places = None, (), []

    def draw_seed(self, training: Training, random: np.random.RandomState) -> None:
        """Draw a seed where steps need one: never else, so that scikit-learn's draws stay."""
        if training.regularization.draws and self.seed is None:
            self.seed = int(random.randint(0, 2**32, dtype=np.uint64))

    def adopt(self, training: Training) -> None:
        """Go on under other options: another rule's slots and an older learning rate go."""
        old = self.training
        if old is not None and old.rule.kind is not training.rule.kind:
            self.restart_rule()
        rates = [(t.learning_rate, t.initial_rate) for t in (old, training) if t is not None]
        if self.rate is None or len(set(rates)) > 1:
            self.rate, self.memory = training.initial_rate, ()
        self.training = training


@dataclass
class Mark:
    """Where a training stands at the end of an epoch: all it needs to go on with the same bits.

    Attributes
    ----------
    state : State
    n_epochs : int
        Epochs of this fit that have ended.
    order : ndarray of int64
        The order of the samples, which every epoch shuffles further.
    random : RandomState
        The source of the shuffles to come.
    """

    state: State
    n_epochs: int
    order: np.ndarray
    random: np.random.RandomState
