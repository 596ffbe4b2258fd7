"""What hears of a training while it is under way."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina.engines.protocol import Parameters
from lamina.plan import Training
from lamina.training.recording.record import Record
from lamina.training.state import Mark, State


class Course(Protocol):
    """A training under way, as a listener may look at it.

    Attributes
    ----------
    state : State
        Its parameters and slots are those at the start: `parameters` has the present ones.
    training : Training
    n_epochs : int
        Epochs of this fit, or iterations of L-BFGS, that have ended.
    batch, n_batches : int
        Steps taken in the present or last epoch, and how many it has.
    rates : ndarray of shape (n_batches,)
        Learning rate of each step of the present or last epoch.
    loss : float
        Mean loss over the batches of the present or last epoch that were met.
    """

    state: State
    training: Training
    n_epochs: int
    batch: int
    n_batches: int
    loss: float

    @property
    def rates(self) -> np.ndarray:
        """Learning rate of each step of the present or last epoch."""
        ...

    def parameters(self) -> Parameters:
        """Return copies of the present parameters."""
        ...

    def record(self) -> Record | None:
        """Return what was recorded so far, by earlier fits too; None if nothing ever was."""
        ...

    @property
    def marked(self) -> int | None:
        """The epoch whose end `mark` is of; None where there is no mark."""
        ...

    def mark(self) -> Mark:
        """Return all that is needed to go on from the end of the last epoch.

        Not within an epoch, but after training again, if the listener `marks`.
        """
        ...


class Listener:
    """Is told what happens; does nothing itself.

    An exception that it raises ends training and goes on to the caller of `fit`; the state holds
    what was learnt until then.
    """

    stopping: bool = False
    """Whether training is to end where it stands."""

    batches: tuple[int, ...] = ()
    """`batch` is called after each multiple of one of these numbers of steps."""

    marks: bool = False
    """Whether a course's `mark` is to be had after training too, wherever it ended."""

    def begin(self, course: Course) -> None:
        """Hear that training begins, or goes on from a checkpoint."""

    def batch(self) -> None:
        """Hear that some steps of an epoch were taken."""

    def epoch(self, n_epochs: int, state: State) -> None:
        """Hear that the n-th epoch of this fit ended."""

    def plateau(self, state: State, rate: float | None) -> None:
        """Hear that a plateau ends training (None) or changes the base learning rate."""
