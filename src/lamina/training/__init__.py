"""How a network is trained: the loop of epochs, and L-BFGS beside it."""

from lamina.training.lbfgs import fit_lbfgs
from lamina.training.loop import Listener, Validation, fit
from lamina.training.state import History, Outcome, State

__all__ = ["History", "Listener", "Outcome", "State", "Validation", "fit", "fit_lbfgs"]
