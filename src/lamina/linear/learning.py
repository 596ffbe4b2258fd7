"""A linear autoencoder trained by an update rule through lamina's own training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina.engines import Data, default_engine
from lamina.plan import (
    SGD,
    CosineRestarts,
    Dense,
    GradientDescent,
    Momentum,
    Nesterov,
    Network,
    Rule,
    Schedule,
    Training,
)
from lamina.training import Listener, Outcome, State, fit, fit_lbfgs

OF_GRADIENT = (GradientDescent, Momentum, Nesterov, SGD)
LEAST_DECREASE = 1e-15  # of L-BFGS; valleys of raw columns are too flat for SciPy's 2e-9
RATE = 0.03  # of the rules that divide by the size of the gradient
RATE_OF_GRADIENT = 0.1  # of those that do not; the largest curvature is 2 in the units used


@dataclass(frozen=True)
class Task:
    """What is to be learnt: factor rows, code size, and how.

    Attributes
    ----------
    rows : ndarray of shape (k, d)
        R of `lamina.linear.factor`.
    n_components : int
    solver : Rule or "lbfgs"
    whiten, polish : bool
    learning_rate : Schedule or None
    learning_rate_init : float or None
    max_iter : int
    goal : float
        Half the squared error to stop at, of R.
    """

    rows: np.ndarray
    n_components: int
    solver: Rule | str
    whiten: bool
    polish: bool
    learning_rate: Schedule | None
    learning_rate_init: float | None
    max_iter: int
    goal: float

    @property
    def stages(self) -> list[Rule | str]:
        """The solver, and L-BFGS for what it left undone."""
        return [self.solver, "lbfgs"] if self.polish and self.solver != "lbfgs" else [self.solver]

    @property
    def training(self) -> Training:
        """The options of the training loop: full batches, to the goal or the last epoch.

        The schedule is by default one fall of a cosine to 0, which brings every rule to rest.
        """
        rule = self.solver if isinstance(self.solver, Rule) else GradientDescent()
        plain = isinstance(getattr(rule, "rule", rule), OF_GRADIENT)
        default = CosineRestarts(period=self.max_iter, unit="epoch")
        return Training(
            rule=rule,
            learning_rate=self.learning_rate or default,
            learning_rate_init=self.learning_rate_init or (RATE_OF_GRADIENT if plain else RATE),
            batch_size=2 * len(self.rows),
            max_iter=self.max_iter,
            shuffle=False,
            tol=0.0,
            n_iter_no_change=np.inf,
        )


class Learned(NamedTuple):
    """What training found.

    Attributes
    ----------
    encoder, decoder : ndarray of shape (d, m), (m, d)
    losses : list of float
        Half the squared error of R by epoch, or iteration of L-BFGS.
    n_epochs : int
        Of them, those of the solver; the others polished.
    outcome : Outcome
    """

    encoder: np.ndarray
    decoder: np.ndarray
    losses: list[float]
    n_epochs: int
    outcome: Outcome


class _Reached(StopIteration):
    """The error is as small as asked for. SciPy ends its loop on a StopIteration."""


class _Goal(Listener):
    def __init__(self, goal: float) -> None:
        self.goal = goal

    def epoch(self, n_epochs: int, state: State) -> None:
        """End training at the goal."""
        if state.history.loss[-1] <= self.goal:
            raise _Reached


def learn(task: Task, random: np.random.RandomState) -> Learned:
    """Train ``x -> x C -> x C D`` by full-batch steps.

    Full-batch gradients see the data through R alone, so R's rows take the place of the samples.
    With `whiten` the network's input is R in whitened coordinates, where Sigma_xx = I, as in the
    note's dynamics: the encoder is ``R^+`` times the one found there, the optimum the same, and
    the number of steps falls by orders of magnitude on data of uneven variances.
    """
    u, s, vt = np.linalg.svd(task.rows, full_matrices=False)
    kept = s > max(task.rows.shape) * np.finfo(float).eps * s[0]
    if not kept.any():  # nothing varies: any map will do
        zeros = np.zeros((task.rows.shape[1], task.n_components))
        return Learned(zeros, zeros.T.copy(), [0.0], 1, Outcome.CONVERGED)
    width = task.rows.shape[0 if task.whiten else 1]
    network = Network(width, [Dense(task.n_components), Dense(task.rows.shape[1])])
    root = np.sqrt(_unit(task.solver, task.goal, s[0])) if task.whiten else 1.0
    (first, _), (second, _) = network.initialize(random)
    weights, counts, losses = (first * root, second * root), [], []
    for solver in task.stages:
        unit = _unit(solver, task.goal, s[0])
        weights, state, outcome = _run(task, solver, network, weights, unit, random)
        losses += [loss * unit**2 for loss in state.history.loss]
        counts.append(len(state.history.loss))
        if outcome is not Outcome.MAX_ITER:
            break
    encoder, decoder = weights
    if task.whiten:  # R = (whitened R) E D
        encoder = (vt[kept].T / s[kept]) @ u[:, kept].T @ encoder
    return Learned(encoder, decoder, losses, counts[0], outcome)


def _unit(solver: Rule | str, goal: float, largest: float) -> float:
    """Return the number that R is divided by.

    For a rule the largest singular value, so that learning rates mean the same for all data.
    SciPy's L-BFGS stops at a small decrease of the loss compared with the larger of loss and 1, so
    for it a number that makes the loss 1.
    """
    if isinstance(solver, Rule):
        return float(largest)
    return max(float(np.sqrt(goal)), 1e-6 * float(largest))


def _run(
    task: Task, solver: Rule | str, network: Network, weights: Any, unit: float, random: Any
) -> tuple[Any, State, Outcome]:
    """Train from `weights`; return the new ones, the state and why training ended.

    Each row is there with both signs: then the biases that every lamina layer has get no gradient
    and stay at 0.
    """
    size = np.sqrt(len(task.rows))
    targets = task.rows * (size / unit)
    inputs = size * np.eye(len(targets)) if task.whiten else targets
    data = Data(np.concatenate([inputs, -inputs]), np.concatenate([targets, -targets]))
    root = np.sqrt(unit) if task.whiten else 1.0
    state = State([(w / root, np.zeros(w.shape[1])) for w in weights])
    engine, goal = default_engine(), _Goal(task.goal / unit**2)
    arguments = engine, network, task.training, state, data
    try:
        if isinstance(solver, Rule):
            outcome = fit(*arguments, random, listener=goal)
        else:
            most = 10 * task.max_iter
            outcome = fit_lbfgs(
                *arguments, max_fun=most, listener=goal, ftol=LEAST_DECREASE
            ).outcome
    except _Reached:
        outcome = Outcome.CONVERGED
    return tuple(own[0] * root for own in state.parameters), state, outcome
