"""The training loop: epochs, validation, stopping, best weights, warm start, history.

It knows neither the mathematics, which is the engine's, nor scikit-learn, which is the
estimators'. Random draws happen here, in scikit-learn's order, so that the same random state
gives the same shuffles on every engine.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np

from lamina.engines import Data, Engine, Trainer
from lamina.plan import Clock, Network, Training, over_epoch
from lamina.training.ahead import Ahead
from lamina.training.state import Outcome, State


class Validation(NamedTuple):
    """Held-out samples, and the score of predictions for them: larger is better."""

    x: Any
    score: Callable[[np.ndarray], float]


class Listener:
    """Is told what happens; does nothing itself.

    An exception that it raises ends training and goes on to the caller of `fit`; the state holds
    what was learnt until then.
    """

    def epoch(self, n_epochs: int, state: State) -> None:
        """Hear that the n-th epoch of this fit ended."""

    def plateau(self, state: State, rate: float | None) -> None:
        """Hear that a plateau ends training (None) or changes the base learning rate."""


def fit(
    engine: Engine,
    network: Network,
    training: Training,
    state: State,
    data: Data,
    random: np.random.RandomState,
    validation: Validation | None = None,
    listener: Listener | None = None,
) -> Outcome:
    """Train until the largest number of epochs, convergence, an interrupt or divergence.

    `state` is brought up to date, however training ends. With a `validation` the parameters are
    those of the best score so far at the end.
    """
    listener = listener or Listener()
    state.adopt(training)
    order = np.arange(len(data.y))
    arguments = network, training.rule, state.parameters, state.slots, data, training.alpha
    best_before = state.history.best_score
    with closing(engine.trainer(*arguments)) as trainer:
        try:
            outcome = _epochs(trainer, training, state, order, random, validation, listener)
        except KeyboardInterrupt:
            outcome = Outcome.INTERRUPTED
        finally:  # whatever a listener raises, the state holds what was learnt
            if not trainer.finite():
                trainer.recall("last")
                outcome = Outcome.DIVERGED
            else:
                state.step += trainer.n_done  # of an epoch that was cut short
            _settle(trainer, state, validation, best_before)
    return outcome


def _epochs(
    trainer: Trainer,
    training: Training,
    state: State,
    order: np.ndarray,
    random: np.random.RandomState,
    validation: Validation | None,
    listener: Listener,
) -> Outcome:
    """Run epoch after epoch; return why they ended."""
    ahead = Ahead(training.rule)
    for n_epochs in range(1, training.max_iter + 1):
        if training.shuffle:
            order = order[_permutation(random, len(order))]
        if not _epoch(trainer, training, state, order, ahead):
            return Outcome.DIVERGED
        _judge(trainer, training, state, validation)
        listener.epoch(n_epochs, state)
        if not _go_on(training, state, listener):
            return Outcome.CONVERGED
    return Outcome.MAX_ITER


def _permutation(random: np.random.RandomState, n: int) -> np.ndarray:
    """Return the permutation that `sklearn.utils.shuffle` would apply, from the same draws."""
    permutation = np.arange(n)
    random.shuffle(permutation)
    return permutation


def _epoch(
    trainer: Trainer, training: Training, state: State, order: np.ndarray, ahead: Ahead
) -> bool:
    """Run one epoch and write it into the history; return False if the parameters broke."""
    size = training.batch_of(len(order))
    # A rule's first epoch counts its samples from 0, whatever earlier fits have seen.
    seen = state.sample if state.step else 0
    clock = Clock(state.step, state.epoch, seen, -(-len(order) // size))
    rate = over_epoch(training.learning_rate, state.rate, clock)
    trainer.keep("last")
    with np.errstate(over="ignore", invalid="ignore"):
        loss, penalty = trainer.epoch(order, size, ahead.table(rate, clock))
    if not np.isfinite(loss + penalty) and not trainer.finite():
        trainer.recall("last")
        trainer.n_done = 0
        return False
    state.step += clock.n_steps
    state.epoch += 1
    state.sample += len(order)
    trainer.n_done = 0  # counted: an interrupt between epochs must not count them again
    state.history.loss.append((training.loss_scale * loss + penalty) / len(order))
    state.history.learning_rate.append(float(np.ravel(rate)[0]))
    return True


def _judge(
    trainer: Trainer, training: Training, state: State, validation: Validation | None
) -> None:
    """Compare the epoch with the best so far, by score or by loss."""
    history = state.history
    if validation is None:
        value = history.loss[-1]
        better = _improves(history.best_loss - value, training.tol)
        history.best_loss = min(history.best_loss, value)
        error = value
    else:
        score = validation.score(trainer.predict(validation.x))
        history.validation_score.append(score)
        better = _improves(score - history.best_score, training.tol)
        if score > history.best_score:
            history.best_score = score
            trainer.keep("best")
        error = -score
    history.no_improvement = 0 if better else history.no_improvement + 1
    assert state.rate is not None
    state.rate = training.learning_rate.after_epoch(state.rate, error, state.error)
    state.error = error


def _improves(gain: float, tol: float) -> bool:
    """Return whether a gain counts: the first epoch's, inf, always; one that is NaN never."""
    return gain >= tol or gain == np.inf


def _go_on(training: Training, state: State, listener: Listener) -> bool:
    """Return whether to go on: at a plateau the schedule may have a smaller rate to try."""
    if state.history.no_improvement <= training.n_iter_no_change:
        return True
    assert state.rate is not None
    rate = training.learning_rate.on_plateau(state.rate)
    listener.plateau(state, rate)
    if rate is None:
        return False
    state.rate = rate
    state.history.no_improvement = 0
    return True


def _settle(
    trainer: Trainer, state: State, validation: Validation | None, best_before: float
) -> None:
    """Read the parameters back: with a validation, those of the best epoch of all fits.

    The best are copied, so that no later fit changes them.
    """
    history = state.history
    state.parameters, state.slots = trainer.read()
    if validation is None:
        return
    if history.best_score > best_before:
        trainer.recall("best")
        history.best_parameters, _ = trainer.read()
    if history.best_parameters is not None:
        state.parameters = [tuple(p.copy() for p in own) for own in history.best_parameters]
