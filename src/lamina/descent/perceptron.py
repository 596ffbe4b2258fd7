"""The perceptron's loss, whose stochastic subgradient descent is perceptron learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.descent import inputs
from lamina.descent.objective import MeanOfTerms
from lamina.plan import checks


def perceptron_loss(X: Any, y: Any, *, at_zero: str = "correct") -> MeanOfTerms:
    """Return ``1/N sum_i max(0, -y_i w.x_i)``, a convex function of w with subgradients.

    Term i is 0 where w classifies x_i rightly, with gradient 0; elsewhere its gradient is
    ``-y_i x_i``. A step of length 1 along one term, ``w + y_i x_i``, is therefore the perceptron's
    correction (note 002 §2.3), and cyclic perceptron learning is the descent of this function with
    ``Sampling(1, order="cyclic")`` and ``step=1.0``: the answer to note 004's homework. At
    ``w.x_i = 0`` the term has a kink and every vector between 0 and ``-y_i x_i`` is a subgradient.

    The loss is 0 at w = 0 too, so a loss of 0 alone does not say that w separates the classes.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        For a bias add a column of 1.
    y : array-like of shape (n_samples,)
        1 and -1.
    at_zero : {"correct", "note"}, default="correct"
        Where ``w.x_i = 0``: "correct" takes ``-y_i x_i``, so that such points are corrected;
        "note" does so for y = -1 alone, since note 002's perceptron answers 1 there.

    Returns
    -------
    MeanOfTerms

    Raises
    ------
    ArgumentError
        If X is no finite matrix, or y has other values or another length.

    Examples
    --------
    AND, with a column of 1 for the bias:

    >>> from lamina.descent import Sampling, descend, perceptron_loss
    >>> X = [[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]]
    >>> loss = perceptron_loss(X, [-1, -1, -1, 1])
    >>> cyclic = Sampling(1, order="cyclic")
    >>> descend(loss, [0.0, 0.0, 0.0], step=1.0, sampling=cyclic, tolerance=0.0)
    Path of 30 steps from (0, 0, 0) to (-4, 3, 2)
    value 0 to 0, gradient norm 0.5 to 0, 31 values, 61 gradients
    converged: the gradient norm 0 is at most 0
    """
    checks.choice("at_zero", at_zero, ["correct", "note"])
    X, y = inputs.numeric("X", X), inputs.numeric("y", y)
    if X.ndim != 2 or not X.size:
        raise checks.fail("X", "of shape (n_samples, d), both at least 1", X.shape)
    bad = np.argwhere(~np.isfinite(X))
    if len(bad):
        raise checks.fail("X", "finite", f"{X[tuple(bad[0])]} at {bad[0].tolist()}")
    if y.shape != (len(X),):
        raise checks.fail("y", f"of shape ({len(X)},)", y.shape)
    other = np.flatnonzero(np.abs(y) != 1)
    if len(other):
        raise checks.fail("y", "1 or -1", f"{y[other[0]]:g} at row {other[0]}")
    kink = (y < 0) | (at_zero == "correct")

    def terms(w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.maximum(0.0, -y[rows] * (X[rows] @ w))

    def gradients(w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        margins = y[rows] * (X[rows] @ w)
        wrong = (margins < 0) | ((margins == 0) & kink[rows])
        return np.where(wrong[:, None], -y[rows, None] * X[rows], 0.0)

    return MeanOfTerms(terms, gradients, len(X))
