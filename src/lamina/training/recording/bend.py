"""The curvature of a batch's loss along the step that was taken on it."""

from __future__ import annotations

import numpy as np

from lamina import spec
from lamina.engines import Data
from lamina.engines.protocol import Parameters
from lamina.plan import Network


def along_step(
    network: Network, before: Parameters, after: Parameters, batch: Data, alpha: float
) -> float:
    """Return ``d' H d / d' d`` of a step d; NaN where there is no step, or no finite number.

    H is the Hessian, where the step began, of the batch's mean data loss and its part of the L2
    penalty, ``½ alpha ||W||^2`` over the sum of the batch's weights: without noise, dropout and
    other penalties. All is computed in float64.
    """
    start = [tuple(p.astype(np.float64) for p in own) for own in before]
    step = [
        tuple(p - q for p, q in zip(own, old, strict=True))
        for own, old in zip(after, start, strict=True)
    ]
    x, y, weights, factors = batch.astype(np.float64)
    with np.errstate(all="ignore"):
        length = spec.curvature.inner(step, step)
        if not 0 < length < np.inf or (weights is not None and not weights.any()):
            return np.nan
        product = spec.curvature.hessian_vector_product(
            network, start, step, x, y, weights, alpha, factors
        )
        value = spec.curvature.inner(step, product) / length
    return float(value) if np.isfinite(value) else np.nan
