"""One learning loop for the models of note 002 §3.2: a loss, its gradient, and descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent import MeanOfTerms, Path, descend
from lamina.descent.inputs import vector
from lamina.neurons.arrays import finite, listed
from lamina.neurons.models.model import MODELS, Model
from lamina.plan import checks
from lamina.spec.losses import head

# Each loss as one of the spec's and the factor on its mean over N samples.
LOSSES: dict[str, tuple[str, Callable[[int], float]]] = {
    "squared_error": ("squared_error", lambda n: 1.0),  # the spec's has the factor ½
    "mean_squared_error": ("squared_error", lambda n: 2.0),
    "sum_squared_error": ("squared_error", lambda n: 2.0 * n),
    "binary_cross_entropy": ("binary_cross_entropy", lambda n: 1.0),
}


@dataclass(frozen=True, eq=False)
class LearnedModel:
    """A model, its learned parameters, and how they were learned: what `learn` returns.

    Attributes
    ----------
    model : Model
    loss : str
    weights : ndarray of shape (d,) or (d, d)
        The last point of the path.
    path : Path
        The descent; its points are the parameters as vectors.
    """

    model: Model
    loss: str
    weights: np.ndarray
    path: Path

    def __call__(self, x: Any) -> Any:
        """Return the model's values: a number for x (d,), an array (N,) for x (N, d)."""
        return self.model(x, self.weights)

    def __str__(self) -> str:
        path = self.path
        return (
            f"{self.model.formula} with parameters {listed(self.weights.ravel())}\n"
            f"{self.loss} {path.values[0]:.6g} to {path.value:.6g} in {path.n_steps} steps\n"
            f"{'converged' if path.converged else 'stopped'}: {path.reason}"
        )


def learn(
    model: str, X: Any, y: Any, *, loss: str = "squared_error", start: Any = None, **options: Any
) -> LearnedModel:
    """Learn the parameters of a model by gradient descent (note 002 §3.2-3.3).

    One loop for all three models: the loss's gradient by the parameters is the mean over the
    samples of ``∂loss/∂f · ∂f/∂W``, and `lamina.descent.descend` goes down along it.

    Parameters
    ----------
    model : {"logistic", "linear", "quadratic"}
        σ(wᵀx), wᵀx or xᵀWx. For a bias give X a column of ones (note 002 §2.2: x_0 = 1).
    X : array-like of shape (N, d)
    y : array-like of shape (N,)
        Any numbers; in [0, 1] for binary cross-entropy.
    loss : str, default="squared_error"
        See `training_loss`.
    start : array-like of shape (d,) or (d, d), optional
        Where to start; by default all 0.
    **options
        Of `lamina.descent.descend`: `step`, `max_steps`, `tolerance`, `rule`, `sampling`, ...

    Returns
    -------
    LearnedModel

    Raises
    ------
    ArgumentError
        If an argument is out of range, or X and y are not finite numbers of shapes that go
        together.

    Examples
    --------
    >>> from lamina.neurons import learn
    >>> X = [[1, 0], [0, 1], [1, 1], [2, 1]]
    >>> learned = learn("quadratic", X, [1, -1, 4, 11], step=0.2)    # x1² + 4 x1 x2 - x2²
    >>> learned.weights.round(6)
    array([[ 1.,  2.],
           [ 2., -1.]])
    >>> print(learned)
    xᵀWx with parameters (1, 2, 2, -1)
    squared_error 17.375 to 4.46795e-16 in 767 steps
    converged: the gradient norm 9.9e-09 is at most 1e-08
    """
    objective, d = training_loss(model, X, y, loss), np.shape(X)[1]
    shape = MODELS[model].shape(d)
    first = np.zeros(shape) if start is None else finite("start", start)
    if first.shape != shape:
        raise checks.fail("start", f"of shape {shape}", first.shape)
    path = descend(objective, first.ravel(), **options)
    return LearnedModel(MODELS[model], loss, path.point.reshape(shape), path)


def training_loss(model: str, X: Any, y: Any, loss: str = "squared_error") -> MeanOfTerms:
    """Return the loss of a model on data, as a function of its parameters w (a vector).

    ====================== ====================================================================
    loss                   what it is
    ====================== ====================================================================
    "squared_error"        ``1/(2N) sum (y - f)^2``, as everywhere in lamina
    "mean_squared_error"   ``1/N sum (y - f)^2`` (note 002 §3.3)
    "sum_squared_error"    ``sum (y - f)^2`` (note 002 §3.2; note 004)
    "binary_cross_entropy" ``-1/N sum (y ln f + (1 - y) ln(1 - f))``, for the logistic model
    ====================== ====================================================================

    The gradient that note 002 §3.3 writes, ``(f - y) f (1 - f) x``, is that of the first: for
    its own loss, the second, the factor 2 is missing there and is not here.

    Parameters
    ----------
    model : {"logistic", "linear", "quadratic"}
    X : array-like of shape (N, d)
    y : array-like of shape (N,)
    loss : str, default="squared_error"

    Returns
    -------
    MeanOfTerms
        Call it for the loss; its method ``gradient`` gives the gradient.

    Examples
    --------
    Note 004's four points: E = 1 and ∇E = (11/4, 1) at w = 0.

    >>> import numpy as np
    >>> from lamina.neurons import training_loss
    >>> X, y = [[-3, -3], [-2, -2], [4, 4], [2, -5]], [1, 1, 0, 0]
    >>> E = training_loss("logistic", X, y, "sum_squared_error")
    >>> E(np.zeros(2)), E.gradient(np.zeros(2))
    (1.0, array([2.75, 1.  ]))
    """
    checks.choice("model", model, MODELS)
    checks.choice("loss", loss, LOSSES)
    name, factor = LOSSES[loss]
    own = MODELS[model]
    if name == "binary_cross_entropy" and own.activation != "logistic":
        raise checks.fail("loss", f"a squared error for the {model} model", loss)
    X, y = _data(X, y, shares=name == "binary_cross_entropy")
    features, targets, of = own.features(X), y[:, None], head(own.activation, name)
    scale = factor(len(X))

    def terms(w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return scale * of.value((features[rows] @ w)[:, None], targets[rows])

    def gradients(w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        delta = of.delta((features[rows] @ w)[:, None], targets[rows])
        return scale * delta * features[rows]

    return MeanOfTerms(terms, gradients, len(X))


def _data(X: Any, y: Any, shares: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return float64 copies of X (N, d) and y (N,), y in [0, 1] if it holds shares."""
    X = finite("X", X)
    if X.ndim != 2 or not X.size:
        raise checks.fail("X", "of shape (N, d), N >= 1, d >= 1", X.shape)
    y = vector("y", y)
    if len(y) != len(X):
        raise checks.fail("y", f"of shape ({len(X)},), one number for each row of X", y.shape)
    outside = np.flatnonzero((y < 0) | (y > 1))
    if shares and len(outside):
        row = int(outside[0])
        raise checks.fail("y", "in [0, 1] for binary cross-entropy", f"{y[row]} at {[row]}")
    return X, y
