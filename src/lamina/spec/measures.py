"""What one step reveals of each layer: the numbers that a diagnosis goes by.

They are of the samples of one batch, as training saw them: with noise and dropout. What dropout
does to ``h_l`` counts as part of ``phi_l``, so that ``phi'_l`` below is its derivative times the
mask. With sample weights s_i, of which S is the sum, the mean gradient is ``sum_i s_i g_i / S``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from lamina.spec.arrays import Array
from lamina.spec.network import Backward, Forward, Parameters
from lamina.spec.regularization import drop

FLAT = 0.01  # a slope |phi'| below it lets next to nothing of a gradient through

NUMBERS = (
    "gradient",  # || gradient of the mean data loss by W_l ||
    "bias_gradient",  # the same by b_l
    "sample_gradient",  # root of the mean of each sample's ||gradient by (W_l, b_l)||^2
    "slope",  # mean of each sample's || Diag phi'_l || = max_j |phi'(z_lj)|
    "backflow",  # mean of each sample's || V_{l+1} ... V_L delta_L || = || d loss / d h_l ||
    "input",  # mean of each sample's || h_{l-1} ||
    "bound",  # mean of the products of the three: not below "gradient" (note 004)
    "weight",  # || W_l || before the step
    "update",  # || change of W_l by the step ||
)
UNITS = (
    "mean",  # of h_lj over the samples
    "deviation",  # standard deviation of h_lj over the samples
    "flat",  # share of the samples with |phi'(z_lj)| < FLAT
    "signal",  # root of the mean of delta_lj^2 over the samples
)


class Measures(NamedTuple):
    """What a step reveals.

    Attributes
    ----------
    rows : int
        Samples in the batch.
    numbers : ndarray of shape (n_layers, len(NUMBERS)), float64
    units : list of ndarrays of shape (len(UNITS), d_l), float64
        One per layer.
    effective : float or None
        As how many samples of the same weight they count: S² / sum_i s_i² (Kish, Survey Sampling,
        1965). None: all of them.
    """

    rows: int
    numbers: np.ndarray
    units: list[np.ndarray]
    effective: float | None = None


def measure(
    network: Any,
    point: Parameters,
    passed: Forward,
    result: Backward,
    total: float,
    before: Parameters,
    after: Parameters,
    weights: Array | None = None,
) -> Measures:
    """Measure a step from `before` to `after` whose gradient was taken at `point`.

    `passed` and `result` are its passes forward and backward, `total` is S, `weights` the s_i.
    """
    n, numbers, units = passed.h_0.shape[0], [], []
    masks = [*passed.masks[1:], None]
    backflows = [own.d_in for own in result.layers[1:]] + [result.layers[-1].delta]
    for i, layer in enumerate(network.layers):
        trace, mask = passed.layers[i], masks[i]
        h_in, delta = passed.inputs[i], _wide(result.layers[i].delta)
        slope = np.asarray(abs(drop(layer.kind.slope(layer, point[i], trace), mask)))
        each = factors(slope, backflows[i], h_in)
        # what a sample's own loss gives the mean, times n: a mean over samples again
        own = _lengths(delta) * np.hypot(each[2], 1) / total
        numbers.append(
            [
                norm(h_in.T @ result.layers[i].delta) / total,
                norm(result.layers[i].delta.sum(axis=0)) / total,
                norm(own) * np.sqrt(n),
                each[0].mean(),
                each[1].sum() / total,
                each[2].mean(),
                bound(each, total),
                norm(before[i][0]),
                norm(_wide(after[i][0]) - _wide(before[i][0])),
            ]
        )
        units.append(_of_units(_wide(drop(trace.h, mask)), slope, delta * (n / total)))
    effective = n if weights is None else (total / norm(weights)) ** 2
    return Measures(n, np.array(numbers, np.float64), units, float(effective))


def factors(slope: Array, backflow: Array, h_in: Array) -> tuple[np.ndarray, ...]:
    """Return || Diag phi'_l ||, || d loss / d h_l || and || h_{l-1} || of each sample (n,)."""
    steepest = _wide(np.abs(np.asarray(slope)).max(axis=1))
    return steepest, _lengths(_wide(backflow)), _lengths(h_in)


def bound(each: tuple[np.ndarray, ...], total: float) -> float:
    """Return the mean of the products of a layer's factors, which bounds its gradient."""
    return float((each[0] * each[1] * each[2]).sum() / total)


def _of_units(h: np.ndarray, slope: np.ndarray, delta: np.ndarray) -> np.ndarray:
    mean, root_n = h.mean(axis=0), np.sqrt(len(h))
    flat = slope < slope.dtype.type(FLAT)  # a slope of 0.01 is none, whatever it is rounded to
    deviation, signal = _lengths((h - mean).T) / root_n, _lengths(delta.T) / root_n
    return np.array([mean, deviation, flat.mean(axis=0), signal])


def _wide(array: Array) -> np.ndarray:
    """Return an array of NumPy's in float64: squares of float32 overflow sooner than they do."""
    return np.asarray(array, np.float64)


def _lengths(rows: Array) -> np.ndarray:
    """Return the norm of each row: also of numbers whose squares are out of range."""
    if scipy.sparse.issparse(rows):
        return np.sqrt(np.asarray(rows.astype(np.float64).power(2).sum(axis=1)).ravel())
    sizes = abs(_wide(rows))
    unit = sizes.max(axis=1, initial=0.0)
    unit[~((unit > 0) & (unit < np.inf))] = 1
    return unit * np.sqrt(((sizes / unit[:, np.newaxis]) ** 2).sum(axis=1))


def norm(array: Array) -> float:
    """Return the root of the summed squares of all entries."""
    return float(_lengths(_wide(array).reshape(1, -1))[0])
