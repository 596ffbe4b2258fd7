"""How a network is trained: the loop of epochs, and L-BFGS beside it."""

from lamina.training.lbfgs import fit_lbfgs
from lamina.training.listener import Course, Listener
from lamina.training.loop import fit
from lamina.training.recording.culprit import Culprit
from lamina.training.recording.facts import DataFacts, Outlier, Seen, Standing
from lamina.training.recording.record import Record
from lamina.training.state import History, Mark, Outcome, State
from lamina.training.watch import Watch

__all__ = [
    "Course",
    "Culprit",
    "DataFacts",
    "History",
    "Listener",
    "Mark",
    "Outcome",
    "Outlier",
    "Record",
    "Seen",
    "Standing",
    "State",
    "Watch",
    "fit",
    "fit_lbfgs",
]
