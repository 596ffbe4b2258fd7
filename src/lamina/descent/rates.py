"""Rates of convergence, measured: how the gap ``f(x_k) - f*`` falls with k."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from lamina.descent.inputs import numeric
from lamina.descent.path import Path
from lamina.plan import checks

_POINTS = 100  # of the run, evenly spaced on the axis of the fit


@dataclass(frozen=True, repr=False)
class Rate:
    """A measured rate.

    Attributes
    ----------
    kind : {"sublinear", "linear"}
        The gap falls as ``k^value``, or as ``value^k``.
    value : float
        The exponent, or the factor per step.
    interval : (float, float)
        Around `value`. Of several runs its confidence interval, from how the runs differ; of one
        the band of the fit, from how far log(gap) is from a straight line.
    confidence : float
    scale : float
        The fitted gap where the law itself is 1.
    first, last : int
        Steps between which the line was fitted.
    n_runs : int
    """

    kind: str
    value: float
    interval: tuple[float, float]
    confidence: float
    scale: float
    first: int
    last: int
    n_runs: int = 1

    @property
    def spread(self) -> str:
        """What `interval` is, in words."""
        if self.n_runs > 1:
            return f"{self.confidence:.0%} interval of {self.n_runs} runs"
        return f"{self.confidence:.0%} band of the fit"

    def line(self) -> tuple[np.ndarray, np.ndarray]:
        """Return 100 steps of the fitted range, and the fitted gaps there."""
        spaced = np.geomspace if self.kind == "sublinear" else np.linspace
        k = spaced(self.first, self.last, _POINTS)
        law = k**self.value if self.kind == "sublinear" else self.value**k
        return k, self.scale * law

    def __repr__(self) -> str:
        low, high = self.interval
        law = f"k^{self.value:.3f}" if self.kind == "sublinear" else f"{self.value:.4f}^k"
        digits = 3 if self.kind == "sublinear" else 4
        return (
            f"gap ~ {law}, {self.spread} [{low:.{digits}f}, {high:.{digits}f}], "
            f"steps {self.first} to {self.last}"
        )


def measure_rate(
    run: Any,
    optimum: float,
    kind: str = "sublinear",
    *,
    skip: float = 0.1,
    confidence: float = 0.95,
) -> Rate:
    """Fit the rate at which a run approaches the optimum.

    A line through log(gap) against log(k) has the exponent of ``gap ~ k^p`` for its slope
    ("sublinear"); against k it has the logarithm of the factor of ``gap ~ rho^k`` ("linear"), the
    rates of note 004. 100 points evenly spaced on that axis enter the fit, so that the many late
    steps do not drown the early ones.

    Parameters
    ----------
    run : Path, or array-like of shape (n + 1,) or (n_runs, n + 1)
        The values, that of the start first. Of several runs the mean is taken, as the rates of
        stochastic descent are about expectations.
    optimum : float
        f*, the lowest value.
    kind : {"sublinear", "linear"}, default="sublinear"
    skip : float in [0, 1), default=0.1
        Share of the steps at the start that are left out.
    confidence : float in (0, 1), default=0.95

    Returns
    -------
    Rate

    Raises
    ------
    ArgumentError
        If a value lies below the optimum, or fewer than 3 steps have a gap above rounding.

    Notes
    -----
    Where the gap falls to the rounding of the values, ``64 eps |f*|``, the fit ends.

    The values of one run depend on one another, so one run says nothing of what another would give:
    its band is that of the regression, as if deviations from the line were independent, and tells
    how straight the line is. Several runs, drawn apart, do: their interval is that of the jackknife
    (Tukey, 1958), ``theta +- t_{n-1} s`` with ``s^2 = (n - 1)/n sum (theta_i - mean)^2``, where
    theta_i is the fit without run i. It takes runs in about tens: from few it comes out short,
    since their gaps are skewed.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.descent import measure_rate
    >>> measure_rate(2.0 + 5.0 * 0.5 ** np.arange(30), optimum=2.0, kind="linear")
    gap ~ 0.5000^k, 95% band of the fit [0.5000, 0.5000], steps 2 to 29
    """
    checks.choice("kind", kind, ["sublinear", "linear"])
    checks.real("optimum", optimum, "(-inf, inf)")
    checks.real("skip", skip, "[0, 1)")
    checks.real("confidence", confidence, "(0, 1)")
    runs = np.array([gap(values, optimum) for values in _runs(run)])
    n = len(runs)
    means = np.vstack([runs.mean(axis=0), *(_without(runs, i) for i in range(n) if n > 1)])
    first = max(1, int(skip * (means.shape[1] - 1)))
    small = np.flatnonzero((means <= rounding(optimum)).any(axis=0))
    last = int(small[0]) - 1 if len(small) else means.shape[1] - 1
    if last - first < 2:
        expected = "a run with at least 3 steps whose gap is above rounding"
        raise checks.fail("run", expected, f"steps {first} to {last}")
    steps = _spread(first, last, kind)
    axis = np.log(steps) if kind == "sublinear" else steps
    logs = np.log(means[:, steps])
    line = stats.linregress(axis, logs[0])
    if n > 1:
        error, freedom = np.std(np.polyfit(axis, logs[1:].T, 1)[0]) * np.sqrt(n - 1), n - 1
    else:
        error, freedom = line.stderr, len(steps) - 2
    half = stats.t.ppf((1 + confidence) / 2, freedom) * error
    ends = np.array([line.slope, line.slope - half, line.slope + half])
    value, low, high = (ends if kind == "sublinear" else np.exp(ends)).tolist()
    scale = float(np.exp(line.intercept))
    return Rate(kind, value, (low, high), confidence, scale, first, last, n)


def _without(runs: np.ndarray, i: int) -> np.ndarray:
    return np.delete(runs, i, axis=0).mean(axis=0)


def _runs(run: Any) -> np.ndarray:
    """Return the values of runs, shape (n_runs, n + 1)."""
    values = run.values if isinstance(run, Path) else numeric("run", run)
    if values.ndim not in (1, 2) or not values.size:
        raise checks.fail("run", "of shape (n + 1,) or (n_runs, n + 1)", values.shape)
    if not np.isfinite(values).all():
        place = np.argwhere(~np.isfinite(values))[0].tolist()
        raise checks.fail("run", "finite", f"{values[tuple(place)]} at {place}")
    return np.atleast_2d(values)


def gap(values: np.ndarray, optimum: float) -> np.ndarray:
    """Return ``f(x_k) - f*``; ArgumentError if a value lies below f* by more than rounding."""
    gaps = values - optimum
    worst = int(np.argmin(gaps))
    if gaps[worst] < -rounding(max(abs(optimum), float(np.abs(values).max()))):
        expected = f"at most the lowest value, {values[worst]:.17g} at step {worst}"
        raise checks.fail("optimum", expected, optimum)
    return gaps


def rounding(optimum: float) -> float:
    """Return the size up to which a gap above `optimum` may be rounding of the values."""
    return 64 * float(np.finfo(float).eps) * abs(optimum)


def _spread(first: int, last: int, kind: str) -> np.ndarray:
    spaced = np.geomspace if kind == "sublinear" else np.linspace
    return np.unique(np.round(spaced(first, last, _POINTS)).astype(int))
