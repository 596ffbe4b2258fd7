"""How a network is trained: the loop of epochs, and L-BFGS beside it."""

from lamina.training.lbfgs import fit_lbfgs
from lamina.training.listener import Course, Listener
from lamina.training.loop import fit
from lamina.training.state import History, Mark, Outcome, State
from lamina.training.watch import Watch

__all__ = [
    "Course",
    "History",
    "Listener",
    "Mark",
    "Outcome",
    "State",
    "Watch",
    "fit",
    "fit_lbfgs",
]
