"""What a sigmoid neuron says about the end of its descent."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

SATURATED = 36.0
"""Beyond it 1 - σ(z) is below the rounding of 1: σ has no slope left that counts."""
USER = 3  # stack levels from a warning to the caller of fit


def n_saturated(z: np.ndarray, targets: np.ndarray) -> int:
    """Return how many samples are on the wrong side where σ has no slope to bring them back."""
    return int(np.count_nonzero(((z > 0) != (targets > 0.5)) & ~(np.abs(z) <= SATURATED)))


def ending(model: Any) -> str:
    """Return why the descent of a fitted `SigmoidNeuron` ended, its own parameters named."""
    path, stuck = model.path_, model._n_saturated
    if path.converged and stuck:
        rows = f"{stuck:,} sample{'s are' if stuck > 1 else ' is'}"
        return (
            f"stuck: {path.reason}, but {rows} on the wrong side where σ is saturated "
            f"(|w·x + b| > {SATURATED:g}) and has no slope; scale X, or take a smaller step"
        )
    if not path.converged and path.n_steps == model.max_iter:
        return f"stopped: max_iter = {model.max_iter} steps were taken"
    return f"{'converged' if path.converged else 'stopped'}: {path.reason}"


def warn(model: Any) -> None:
    """Warn unless the descent came to an end of its own, with no sample left on a plateau."""
    if model.path_.converged and not model._n_saturated:
        return
    norm = model.path_.gradient_norms[-1]
    text = f"SigmoidNeuron {ending(model)}"
    if not model.path_.converged:
        text += f"; the gradient norm is {norm:.3g}, tol = {model.tol:g}"
    warnings.warn(text + ".", ConvergenceWarning, stacklevel=USER)
