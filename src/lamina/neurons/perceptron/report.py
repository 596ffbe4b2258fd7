"""What a perceptron says about its learning."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

USER = 3  # stack levels from a warning to the caller of fit


def summary(model: Any) -> str:
    """Return what learning did, and the bound on its corrections."""
    if not hasattr(model, "n_iter_"):
        w = ", ".join(f"{value:g}" for value in model.coef_[0])
        return f"Not learnt: weights [{w}], threshold {model.threshold_:g}."
    end = "all points are right" if model.converged_ else "points are still wrong"
    lines = [f"{model.n_corrections_} corrections in {model.n_iter_} passes: {end}."]
    if hasattr(model, "separation_") and not model.converged_:
        lines.append(verdict(model))
    if hasattr(model, "n_errors_"):
        lines.append(f"The pocket holds weights that are wrong for {model.n_errors_} points.")
    bound = getattr(model, "bound_", np.inf)
    if np.isfinite(bound):
        lines.append(f"No run on these data makes more than {bound:.6g} (bound_, R²/γ²).")
    return "\n".join(lines)


def warn(model: Any, ended: bool) -> None:
    """Warn if learning was interrupted, or stopped before all points were right."""
    if not ended:
        warnings.warn("Training interrupted by user.", UserWarning, stacklevel=USER)
    elif not (model.converged_ or model.pocket):
        warnings.warn(
            f"Perceptron stopped after {model.n_corrections_} corrections in {model.n_iter_} "
            f"passes. {verdict(model)}",
            ConvergenceWarning,
            stacklevel=USER,
        )


def verdict(model: Any) -> str:
    """Return whether learning can end at all."""
    if not hasattr(model, "separation_"):
        return "It could not be proven whether the classes are separable: too many features."
    found = model.separation_
    if found.separable:
        return (
            f"The classes are separable with margin {found.margin:.6g}, so learning ends some "
            f"time: raise max_iter (={model.max_iter}), or take weights and bias of separation_."
        )
    return (
        "The classes are not linearly separable, so learning never ends: separation_ holds the "
        "proof, a point of both convex hulls. pocket=True keeps the weights with the fewest errors."
    )
