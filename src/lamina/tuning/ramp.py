"""The ramp test: one run whose learning rate grows with every step (Smith, 2017)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from lamina.estimators import DivergenceError, ScaleWarning
from lamina.estimators.running.callback import Callback, Run
from lamina.plan import Schedule, checks
from lamina.tuning import parallel
from lamina.tuning.candidate import candidate, check, check_ends
from lamina.tuning.ramped import BLOWN_UP, Average, RampTest
from lamina.tuning.split import Samples, split


def ramp_test(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    low: float = 1e-6,
    high: float = 10.0,
    n_steps: int = 200,
    smoothing: float = 0.9,
    random_state: Any = None,
) -> RampTest:
    """Train once while the learning rate grows exponentially from step to step.

    At step t of n the rate is ``low (high / low)^(t / (n - 1))``. The loss of each batch, before
    its step, is smoothed: ``m_t = b m_{t-1} + (1 - b) loss_t``, divided by ``1 - b^t``. At first
    nothing happens, then the loss falls, in the end it rises; there, at four times the lowest, the
    test stops (Smith, 2017, *Cyclical learning rates for training neural networks*, section 3.3).
    It costs `n_steps` steps, and goes by the loss of training batches: less than a
    `search_learning_rate` costs, and less than it tells.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Of any solver but "lbfgs". It is not changed. The ramp takes the place of its schedule.
    X, y, sample_weight
        As for the estimator's ``fit``.
    low, high : float in [1e-20, 1e20], default=1e-6 and 10
        The rates of the first step and of the last.
    n_steps : int in [10, inf), default=200
        Steps, and so batches; as many passes through the samples as that takes.
    smoothing : float in [0, 1), default=0.9
        b above; 0 takes the losses as they are.
    random_state : int, RandomState instance or None, default=None
        For the weights and the order of the batches. None: the estimator's.

    Returns
    -------
    RampTest
        With ``suggestion`` and ``reason``.

    Warns
    -----
    UserWarning
        If the loss does not fall first and rise then, so that the suggestion is doubtful.

    Raises
    ------
    ValueError
        If an argument is out of range, or the data are not as they should be.

    Examples
    --------
    >>> import lamina
    >>> from lamina.tuning import ramp_test
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> X, y = load_iris(return_X_y=True)
    >>> test = ramp_test(lamina.MLPClassifier(20, batch_size=30, random_state=0), scale(X), y)
    >>> 1e-3 < test.suggestion < 1
    True
    """
    check_ends(low, high)
    _check(n_steps, smoothing)
    samples = check(estimator, X, y, sample_weight)
    own = estimator.random_state if random_state is None else random_state
    random = check_random_state(own)
    samples, size = _full_batches(estimator, samples, random)
    model = candidate(
        estimator,
        low,
        int(random.randint(2**31 - 1)),
        learning_rate=Ramp(factor=(high / low) ** (1 / (n_steps - 1))),
        batch_size=size,
        max_iter=-(-n_steps * size // len(samples)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", ScaleWarning)  # `check` has given it
        (result,) = parallel.run(_climb, [(model, samples, n_steps, smoothing)], 1)
    for words in result.cautions:
        warnings.warn(words, UserWarning, stacklevel=2)
    return result


def _check(n_steps: Any, smoothing: Any) -> None:
    checks.integer("n_steps", n_steps, "[10, inf)")
    checks.real("smoothing", smoothing, "[0, 1)")


def _full_batches(
    estimator: Any, samples: Samples, random: np.random.RandomState
) -> tuple[Samples, int]:
    """Return the samples without those that fill no batch, whose loss would be noise; the size."""
    n = len(samples)
    size = min(200 if estimator.batch_size == "auto" else estimator.batch_size, n)
    if n % size:
        labels = hasattr(estimator, "predict_proba")
        samples, _ = split(samples, (n % size) / n, labels, random)
    return samples, size


@dataclass(frozen=True, repr=False, kw_only=True)
class Ramp(Schedule):
    """``initial factor^t``, in steps."""

    factor: float = 1.0

    def value(self, t: float, initial: float) -> float:
        """Return the value at t."""
        return initial * self.factor**t


class Climb(Callback):
    """Takes down rate and loss of each step, and ends training where the loss blows up."""

    every_batches = 1

    def __init__(self, n_steps: int, smoothing: float, stop: Event) -> None:
        self.n_steps, self.average, self.stop = n_steps, Average(smoothing), stop
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self.why = "the loss was followed to the largest rate"
        self._sum = 0.0

    def on_batch_end(self, run: Run) -> None:
        """Take down the step."""
        if self.stop.is_set():
            raise parallel.StoppedError
        # The estimator tells the mean over the epoch's batches so far.
        before = 0.0 if run.batch == 1 else self._sum
        self._sum = run.loss * run.batch
        self._add(run.learning_rate, self._sum - before, run)

    def _add(self, rate: float, loss: float, run: Run) -> None:
        if not np.isfinite(loss):
            self.why = f"at {rate:.2g} it is no longer finite"
            run.stop(self.why)
            return
        self.rates.append(rate)
        self.losses.append(loss)
        self.smoothed.append(self.average.add(loss))
        if self.smoothed[-1] > BLOWN_UP * min(self.smoothed):
            self.why = f"at {rate:.2g} it is above {BLOWN_UP:g} times that"
            run.stop(self.why)
        elif len(self.rates) == self.n_steps:
            run.stop(self.why)


def _climb(model: Any, samples: Samples, n_steps: int, smoothing: float, stop: Event) -> RampTest:
    """Take a step at each rate until the loss blows up."""
    climb = Climb(n_steps, smoothing, stop)
    model.set_params(callbacks=[climb])
    try:
        model.fit(samples.X, samples.y, samples.weights)
    except DivergenceError:
        climb.why = "then the weights are no longer finite"
    rates, losses, smoothed = map(np.array, (climb.rates, climb.losses, climb.smoothed))
    return RampTest(rates, losses, smoothed, n_steps, climb.why)
