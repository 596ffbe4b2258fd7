"""A softmax temperature, fitted to held-out samples (Guo et al., 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

from lamina.engines import Predictor
from lamina.plan import Network
from lamina.spec.losses import predict

FAR = 40.0  # of ln(unit / T): the largest z, as it is or beyond what float64 tells from 0


def without_output(network: Network) -> Network:
    """Return the network whose predictions are z, what its output function is applied to."""
    return Network(network.n_inputs, network.layers, "identity", "squared_error")


def tempered(z: np.ndarray, output: str, temperature: float) -> np.ndarray:
    """Return the probabilities (n_samples, n_outputs), in the dtype of z."""
    return np.asarray(predict(output, z.astype(np.float64) / temperature)).astype(z.dtype)


def around(run: Predictor, output: str, temperature: float) -> Predictor:
    """Return a predictor of probabilities for `run`, one of z."""
    return lambda x: tempered(run(x), output, temperature)


def fit(z: np.ndarray, y: np.ndarray, weights: np.ndarray | None, output: str) -> float:
    """Return the temperature T > 0 of the smallest mean cross-entropy of probabilities at z / T.

    The cross-entropy is convex in 1 / T, so its slope there, ``mean_i sum_j (p_ij - y_ij) z_ij``,
    has one root at most, which is found to the last bits.

    Parameters
    ----------
    z, y : ndarray of shape (n_samples, n_outputs)
    weights : ndarray of shape (n_samples,) or None
    output : {"softmax", "logistic"}

    Raises
    ------
    ValueError
        If the cross-entropy falls without end as T goes to 0 or to infinity.
    """
    if weights is not None:
        z, y, weights = z[weights > 0], y[weights > 0], weights[weights > 0]
    z, y = z.astype(np.float64), y.astype(np.float64)
    if output == "softmax":
        z = z - z.max(axis=1, keepdims=True)  # which softmax does not see
    unit = float(abs(z).max())
    z = z / (unit or 1.0)

    def slope(log_inverse: float) -> float:
        difference = np.asarray(predict(output, np.exp(log_inverse) * z)) - y
        return float(np.average((difference * z).sum(axis=1), weights=weights))

    if _slope_at_0(z, y, weights, output) >= 0 or slope(-FAR) >= 0:
        raise ValueError(
            "X and y must be samples that the network says something about: what it says of these "
            "is worse than nothing at every temperature"
        )
    if _all_right(z, y, output) or slope(FAR) <= 0:
        raise ValueError(
            f"X and y must hold samples that the network has wrong, got {len(z)} that are all "
            f"right: the lower the temperature the better. Calibrate on more samples"
        )
    log_inverse = brentq(slope, -FAR, FAR, xtol=1e-14, rtol=1e-14)
    return float(unit / np.exp(log_inverse))


def _slope_at_0(z: np.ndarray, y: np.ndarray, weights: Any, output: str) -> float:
    """Return the slope where all probabilities are equal, exactly 0 where z says nothing."""
    share = 1 / z.shape[1] if output == "softmax" else 0.5
    return float(np.average(((share - y) * z).sum(axis=1), weights=weights))


def _all_right(z: np.ndarray, y: np.ndarray, output: str) -> bool:
    if output == "softmax":
        return bool(((y * z).sum(axis=1) >= z.max(axis=1)).all())
    return bool(((2 * y - 1) * z >= 0).all())
