"""Checks of the samples that a walk-through is asked to follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.diagnosis import inputs
from lamina.plan import Network, checks


def samples(network: Network, x: Any, y: Any, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return x (n, d_0) and y (n, d_L); one sample may come without its axis."""
    x = inputs.numbers("x", x, dtype)
    d_in, k = network.n_inputs, network.n_outputs
    shape = x.shape
    if x.ndim == 1:
        x = x.reshape(-1, 1) if d_in == 1 else x.reshape(1, -1)
    if x.ndim != 2 or x.shape[1] != d_in or not len(x):
        raise checks.fail("x", f"of shape ({d_in},) or (n_samples, {d_in}), n_samples >= 1", shape)
    y, n = inputs.numbers("y", y, dtype), len(x)
    shape = y.shape
    if y.ndim < 2 and y.size == n * k and 1 in (n, k):
        y = y.reshape(n, k)
    if y.shape != (n, k):
        raise checks.fail("y", f"of shape ({n}, {k}), a row for each of x", shape)
    inputs.finite("x", x)
    inputs.finite("y", y)
    inputs.targets(network, y)
    return x, y
