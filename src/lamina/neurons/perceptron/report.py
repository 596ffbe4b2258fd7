"""What a perceptron says about its learning."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lamina.neurons.perceptron.correction import Course

SECOND = 1e9  # of work, as `separability.hulls.Budget` counts it
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
    if hasattr(model, "_bound"):
        if not model._bound.decide(SECOND):
            lines.append("The bound on corrections would take longer than a second: see bound_.")
        elif np.isfinite(model.bound_):
            lines.append(
                f"No run on these data makes more than {model.bound_:.6g} (bound_, R²/γ²)."
            )
    return "\n".join(lines)


def warn(model: Any, course: Course, ended: bool) -> None:
    """Warn if learning was interrupted, or stopped before all points were right."""
    if not ended:
        warnings.warn("Training interrupted by user.", UserWarning, stacklevel=USER)
        return
    separable = hasattr(model, "separation_") and model.separation_.separable
    if not model.converged_ and (separable or not model.pocket):
        unmoved = course.points.unmoved(course.weights) if separable else None
        warnings.warn(
            f"Perceptron stopped after {model.n_corrections_} corrections in {model.n_iter_} "
            f"passes. {verdict(model) if unmoved is None else _stuck(course, unmoved)}",
            ConvergenceWarning,
            stacklevel=USER,
        )


def _stuck(course: Course, sample: int) -> str:
    """Return why learning cannot end though there is a separating line."""
    return (
        f"The classes are separable, but adding row {sample} of X, which is on the wrong side, "
        f"to weights as large as {np.abs(course.weights).max():g} changes nothing in float64: "
        f"scale X, or start from smaller weights."
    )


def verdict(model: Any) -> str:
    """Return whether learning can end at all."""
    if not hasattr(model, "separation_"):
        bias = "" if model.fit_intercept else ", fit_bias=False"
        return (
            "Whether the classes are separable is not decided, as it would have taken longer than "
            f"learning: call separate(X, y{bias})."
        )
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
