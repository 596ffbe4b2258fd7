"""A grid of learning rates on a log scale, then a finer one around the best (note 002 §5.4)."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from lamina.estimators import ScaleWarning, jobs
from lamina.plan import checks
from lamina.tuning import parallel
from lamina.tuning.candidate import PARTS, by_part, check, check_ends, check_schedule, judged
from lamina.tuning.result import LearningRateSearch, best_of
from lamina.tuning.split import Samples, split

FURTHER = 1e3  # how far beyond `low` and `high` the grid may grow
MOVED = 0.01  # share of the loss by which it has to change to have changed
NEXT_TO_NOTHING = 1e-30  # the rate that leaves a network as it was
DIGITS = 3  # of the rates on the grid, so that what is printed is what was run
PER_DECADE = 4  # rates beyond the ends, at most
STEPS, EPOCHS = 500, 5  # that "auto" trains for, at least


def search_learning_rate(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    low: float = 1e-5,
    high: float = 1.0,
    n: int = 11,
    n_fine: int = 3,
    epochs: int | str = "auto",
    n_repeats: int = 1,
    validation_fraction: float = 0.2,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> LearningRateSearch:
    """Search for a learning rate on a log grid, then on a finer one around the best.

    Note 002 §5.4: "try different values on a log scale, run a few epochs with each of these and
    figure out a learning rate which works best; now do a finer search around this value". Each
    candidate is a clone of the estimator with ``learning_rate_init`` set. All start from the same
    weights, see the same shuffles and are judged by the loss of the same held-out samples.
    Candidates run at once, one to a core; how many cores there are does not change the result.

    Where the best is the first or last of the grid, or no rate changes the loss, or none lowers it,
    the grid grows by a decade at a time, up to a thousandth of `low` and a thousand times `high`.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Of any solver but "lbfgs". It is not changed.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : array-like of shape (n_samples,), default=None
        For training and judging.
    low, high : float in [1e-20, 1e20], default=1e-5 and 1.0
        Ends of the first grid.
    n : int in [3, inf), default=11
        Rates of the first grid: two per decade with the other defaults.
    n_fine : int in [0, inf), default=3
        Rates of the finer grid on each side of the best, up to its neighbours.
    epochs : int in [1, inf) or "auto", default="auto"
        For which each candidate is trained. "auto": 5, or as many as 500 steps take, but not more
        than the estimator's ``max_iter``.
    n_repeats : int in [1, inf), default=1
        Seeds per rate; their losses are averaged.
    validation_fraction : float in [0, 1), default=0.2
        Share of the samples to hold out, of each class. 0: the loss of the training samples
        decides.
    n_jobs : int in [1, inf), -1 or None, default=None
        Candidates at once; None and -1: as many as there are cores.
    random_state : int, RandomState instance or None, default=None
        For the samples held out, and for the seeds. None: the estimator's.

    Returns
    -------
    LearningRateSearch
        With ``suggestion`` and ``reason``. A rate that diverges has the loss inf.

    Warns
    -----
    UserWarning
        If the lowest loss is still at the end of the grid, or every rate diverges, or none does
        better than the untrained network.

    Raises
    ------
    ValueError
        If an argument is out of range, the schedule has an ``initial`` of its own, or the data are
        not as they should be.

    Examples
    --------
    >>> import lamina
    >>> from lamina.tuning import search_learning_rate
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> X, y = load_iris(return_X_y=True)
    >>> model = lamina.MLPClassifier(20, random_state=0)
    >>> search = search_learning_rate(model, scale(X), y, epochs=20)
    >>> model = model.set_params(learning_rate_init=search.suggestion).fit(scale(X), y)
    >>> model.score(scale(X), y) > 0.9
    True
    """
    check_ends(low, high)
    checks.integer("n", n, "[3, inf)")
    checks.integer("n_fine", n_fine, "[0, inf)")
    if not isinstance(epochs, str) or epochs != "auto":
        _check_epochs(epochs)
    checks.integer("n_repeats", n_repeats, "[1, inf)")
    checks.real("validation_fraction", validation_fraction, "[0, 1)")
    n_workers = jobs.workers(n_jobs)
    samples = check(estimator, X, y, sample_weight)
    check_schedule(estimator)
    random = check_random_state(estimator.random_state if random_state is None else random_state)
    train = held = samples
    if validation_fraction > 0:
        labels = hasattr(estimator, "predict_proba")
        train, held = split(samples, validation_fraction, labels, random)
    epochs = _epochs(estimator, len(train)) if isinstance(epochs, str) else int(epochs)
    seeds = random.randint(2**31 - 1, size=n_repeats).tolist()
    runs = _Runs(estimator, train, held, epochs, seeds, n_workers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", ScaleWarning)  # `check` has given it
        warnings.filterwarnings("ignore", "Got `batch_size`")  # a part may be less than a batch
        _coarse(runs, low, high, n)
        if n_fine:
            _fine(runs, n_fine)
        judge = "validation" if validation_fraction > 0 else "training"
        result = LearningRateSearch.of(runs.losses, runs.stages, runs.start, epochs, judge)
        if validation_fraction > 0 and not result.cautions and len(held) >= 2 * PARTS:
            gain, error = runs.gain(result.suggestion)
            result = replace(result, gain=gain, gain_error=error)
    if validation_fraction > 0 and hasattr(estimator, "predict_proba"):
        result = replace(result, notes=_classes_missing(train, held))
    for words in result.cautions:
        warnings.warn(words, UserWarning, stacklevel=2)
    return result


def _check_epochs(epochs: Any) -> None:
    try:
        checks.integer("epochs", epochs, "[1, inf)")
    except checks.ArgumentError:
        raise checks.fail("epochs", "an integer in [1, inf) or 'auto'", epochs) from None


def _epochs(estimator: Any, n_samples: int) -> int:
    """Return epochs enough for rates to tell apart: small data have few steps per epoch."""
    size = 200 if estimator.batch_size == "auto" else estimator.batch_size
    per_epoch = -(-n_samples // min(size, n_samples))
    return min(max(EPOCHS, -(-STEPS // per_epoch)), estimator.max_iter)


def _classes_missing(train: Samples, held: Samples) -> tuple[str, ...]:
    """Return what there is to say of classes that no sample held out has."""
    if getattr(train.y, "ndim", 1) != 1:
        return ()
    missing = np.setdiff1d(train.y, held.y)
    if not len(missing):
        return ()
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return (
        f"class {missing.tolist()[0]!r}{more} is not among the samples held out, so that no loss "
        f"is of it: "
        f"give it more samples, or raise validation_fraction",
    )


class _Runs:
    """Rates that were tried: by rate, the losses of its seeds and the stage it was tried in."""

    def __init__(
        self,
        estimator: Any,
        train: Samples,
        held: Samples,
        epochs: int,
        seeds: list[int],
        n_workers: int,
    ) -> None:
        self.seeds = [(estimator, train, held, seed) for seed in seeds]
        self.epochs, self.n_workers = epochs, n_workers
        self.losses: dict[float, list[float]] = {}
        self.stages: dict[float, str] = {}
        self.start = np.nan

    def add(self, rates: Any, stage: str) -> None:
        """Try rates that have not been tried yet."""
        new = sorted({_rounded(rate) for rate in rates} - set(self.losses))
        tries = [(self.epochs, rate) for rate in new]
        if np.isnan(self.start):
            tries.append((1, NEXT_TO_NOTHING))
        tasks = [(*seed, *own) for own in tries for seed in self.seeds]
        found = np.reshape(parallel.run(judged, tasks, self.n_workers), (len(tries), -1))
        if np.isnan(self.start):
            self.start = float(found[-1].mean())
        for rate, own in zip(new, found.tolist(), strict=False):
            self.losses[rate], self.stages[rate] = own, stage

    def gain(self, rate: float) -> tuple[float, float]:
        """Return by how much the loss is below a constant's, and the standard error of that."""
        tries = [(*self.seeds[0], self.epochs, rate, blind) for blind in (False, True)]
        seeing, blind = parallel.run(by_part, tries, self.n_workers)
        better = blind - seeing
        return float(better.mean()), float(better.std(ddof=1) / np.sqrt(len(better)))

    def flat(self) -> bool:
        """Return whether all rates have the same losses, and finite ones."""
        different = {tuple(own) for own in self.losses.values()}
        return len(different) == 1 and bool(np.isfinite(different.pop()).all())

    def beyond(self) -> int:
        """Return -1 if the best seems to lie below all rates tried, 1 if above, else 0."""
        losses = np.array([np.mean(self.losses[rate]) for rate in sorted(self.losses)])
        if self.flat() and losses[0] < self.start:
            return 0  # a rule that has no rate
        if np.isfinite(self.start) and np.allclose(losses, self.start, rtol=MOVED, atol=0):
            return 1  # nothing has been learnt yet
        best = best_of(losses)
        if best is None or losses[best] >= self.start:
            return -1  # all were too much, and the smallest rates cannot end above the start
        return int(best == len(losses) - 1) - int(best == 0)

    def around(self) -> tuple[float | None, float | None, float | None]:
        """Return the best rate and its neighbours, None where there is none."""
        rates = sorted(self.losses)
        best = best_of(np.mean([self.losses[rate] for rate in rates], axis=1))
        if best is None:
            return None, None, None
        below = rates[best - 1] if best else None
        above = rates[best + 1] if best + 1 < len(rates) else None
        return rates[best], below, above


def _rounded(rate: float) -> float:
    return float(f"{rate:.{DIGITS}g}")


def _coarse(runs: _Runs, low: float, high: float, n: int) -> None:
    """Try the grid from `low` to `high`, and beyond it while the best seems to lie there."""
    runs.add(np.geomspace(low, high, n), "coarse")
    decades = np.log10(high / low) / (n - 1)
    k = np.clip(round(1 / decades), 1, PER_DECADE)
    more = 10 ** (np.arange(1, k + 1) * max(decades, 1 / k))
    while True:
        where = runs.beyond()
        if where < 0 and min(runs.losses) > 1.001 * low / FURTHER:
            runs.add(min(runs.losses) / more, "extended")
        elif where > 0 and max(runs.losses) < 0.999 * high * FURTHER:
            runs.add(max(runs.losses) * more, "extended")
        else:
            return


def _fine(runs: _Runs, n_fine: int) -> None:
    """Try rates between the best and its neighbours."""
    best, *neighbours = runs.around()
    for other in neighbours:
        if best is not None and other is not None and not runs.flat():
            runs.add(np.geomspace(best, other, n_fine + 2)[1:-1], "fine")
