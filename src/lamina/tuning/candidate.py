"""One candidate: an estimator's clone under another learning rate, trained a little and judged."""

from __future__ import annotations

from dataclasses import fields
from threading import Event
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import clone
from sklearn.utils import check_array

from lamina.estimators import DivergenceError
from lamina.estimators.base import BaseMLP
from lamina.estimators.running.callback import Callback, Run
from lamina.estimators.translate import is_lbfgs, schedule_of
from lamina.plan import Schedule, checks
from lamina.tuning.parallel import StoppedError
from lamina.tuning.split import Samples

PARTS = 10  # of the samples held out, whose losses tell how much is chance


def check(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Samples:
    """Check everything that a fit would, and return the samples in the form that fits share."""
    checks.kind("estimator", estimator, BaseMLP, "an MLPClassifier or MLPRegressor")
    if is_lbfgs(estimator):
        raise checks.fail("solver", "one that has a learning rate", estimator.solver)
    trial = clone(estimator)
    _, data, _ = trial._prepare(X, y, sample_weight, False, None)
    if len(getattr(trial, "classes_", (0, 1))) < 2:
        raise checks.ArgumentError(
            f"y must have two classes at least, or every learning rate is as good, got "
            f"{trial.classes_.tolist()[0]!r} only"
        )
    weights = None if sample_weight is None else np.asarray(data.weights)
    X = check_array(
        X, accept_sparse=["csr"], dtype=(np.float64, np.float32), ensure_all_finite=False
    )
    if not scipy.sparse.issparse(y):
        y = np.asarray(y)
        y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
    return Samples(X, y, weights)


def check_ends(low: Any, high: Any) -> None:
    """Check the ends of the rates to try."""
    checks.real("low", low, "[1e-20, 1e20]")
    checks.real("high", high, "[1e-20, 1e20]")
    if not low < high:
        raise checks.fail("high", f"above low ({low:g})", high)


def check_schedule(estimator: BaseMLP) -> None:
    """Raise unless the schedule starts from the rate that is searched for."""
    schedule = schedule_of(estimator)
    if _has_own_start(schedule):
        expected = "a schedule without an initial of its own, which would hide learning_rate_init"
        raise checks.fail("learning_rate", expected, schedule)


def _has_own_start(schedule: Schedule) -> bool:
    """Return whether a schedule, or one that it hands over to, starts from its own value."""
    inner = (getattr(schedule, field.name) for field in fields(schedule))
    return schedule.initial is not None or any(
        isinstance(own, Schedule) and _has_own_start(own) for own in inner
    )


def candidate(estimator: BaseMLP, rate: float, seed: int, **settings: Any) -> Any:
    """Return a clone to be trained on one thread, without anything that would end it early."""
    return clone(estimator).set_params(
        learning_rate_init=rate,
        random_state=seed,
        early_stopping=False,
        n_iter_no_change=np.inf,
        scoring=None,
        warm_start=False,
        verbose=False,
        n_threads=1,
        **settings,
    )


class Stop(Callback):
    """Ends a candidate's training once its search is to stop."""

    def __init__(self, stop: Event) -> None:
        self.stop = stop

    def on_epoch_end(self, run: Run) -> None:
        """Look whether to go on."""
        if self.stop.is_set():
            raise StoppedError


def judged(
    estimator: BaseMLP,
    train: Samples,
    held: Samples,
    seed: int,
    epochs: int,
    rate: float,
    stop: Event,
) -> float:
    """Return the loss of the samples held out after some epochs at a rate; inf if it diverges."""
    model = candidate(estimator, rate, seed, max_iter=epochs, callbacks=[Stop(stop)])
    own = held[:2] if held.weights is None else tuple(held)
    try:
        model.fit(train.X, train.y, train.weights, eval_set=own)
    except DivergenceError:
        return np.inf
    loss = float(model.history_["eval_loss"][-1])
    return loss if np.isfinite(loss) else np.inf


def by_part(
    estimator: BaseMLP,
    train: Samples,
    held: Samples,
    seed: int,
    epochs: int,
    rate: float,
    blind: bool,
    stop: Event,
) -> np.ndarray:
    """Return the losses of ten parts of the samples held out.

    A `blind` candidate sees zeros in place of X, so that all it learns is a constant.
    """
    model = candidate(estimator, rate, seed, max_iter=epochs, callbacks=[Stop(stop)])
    train, held = (_blinded(own) if blind else own for own in (train, held))
    rows = np.array_split(np.arange(len(held)), PARTS)
    parts = [held.rows(own) for own in rows]
    sets = [own[:2] if own.weights is None else tuple(own) for own in parts]
    model.fit(train.X, train.y, train.weights, eval_set=sets)
    return np.array([model.history_[f"eval_{i}_loss"][-1] for i in range(PARTS)])


def _blinded(samples: Samples) -> Samples:
    X = samples.X
    zeros = type(X)(X.shape, dtype=X.dtype) if scipy.sparse.issparse(X) else np.zeros_like(X)
    return Samples(zeros, samples.y, samples.weights)
