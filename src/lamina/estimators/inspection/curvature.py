"""How the loss of a fitted estimator curves at its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.diagnosis.curvature import Curvature, curvature_along, largest_curvature
from lamina.estimators import layers
from lamina.estimators.inspection.sample_losses import prepared
from lamina.estimators.inspection.single import check_fitted
from lamina.plan import checks

DIRECTIONS = ("largest", "gradient")


def curvature(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    direction: Any = "largest",
    alpha: float | None = None,
    random_state: Any = 0,
) -> Curvature:
    """Return how the loss of a fitted estimator curves along a direction of its weights.

    The second derivative ``d^T H d / d^T d``, H the Hessian of the objective that full-batch
    training has on these samples: the mean loss and ``½ alpha sum ||W||^2 / S``, S the sum of the
    weights. `standardize`, `missing` and class weights count as in `fit`; dropout, noise and the
    penalties of a `Regularization` do not. It is computed exactly, in float64 (Pearlman, 1994), the
    largest one by Lanczos' method.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        As `fit` takes them.
    sample_weight : array-like of shape (n_samples,), optional
    direction : "largest", "gradient" or list of tuples of arrays, default="largest"
        "largest": where it curves most, an eigenvector of H. "gradient": that of a step of
        gradient descent. Or any direction, a tuple ``(W, b)`` per layer, with learned slopes
        ``(W, b, a)``.
    alpha : float in [0, inf), optional
        L2 penalty; by default the estimator's.
    random_state : int, RandomState instance or None, default=0
        Draws the vector that Lanczos' method starts from.

    Returns
    -------
    Curvature
        Its ``limit`` is the learning rate above which gradient descent cannot settle here;
        ``reading(rate)`` says so in words. Of a regressor's squared error with k outputs the loss
        is the sum over them, as in a training step, where ``loss_`` is their mean.

    Raises
    ------
    ArgumentError
        If an argument is of another kind, shape or range.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If it cannot take the samples.

    Examples
    --------
    >>> import lamina
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = lamina.MLPClassifier(4, solver="lbfgs", alpha=0.1, random_state=0).fit(X, y)
    >>> bend = lamina.curvature(model, X, y)
    >>> bend.value > lamina.curvature(model, X, y, direction="gradient").value > 0
    True
    """
    check_fitted(estimator)
    if isinstance(direction, str) or direction is None:
        checks.choice("direction", direction, DIRECTIONS)
    data = prepared(estimator, X, y, sample_weight).astype(np.float64)
    penalty = estimator.alpha if alpha is None else alpha
    own = estimator.network_, layers.of(estimator)
    if isinstance(direction, str) and direction == "largest":
        return largest_curvature(*own, tuple(data), penalty, random_state=random_state)
    along = None if isinstance(direction, str) else direction
    return curvature_along(*own, along, tuple(data), penalty)
