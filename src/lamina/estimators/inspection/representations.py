"""What a fitted network makes of samples, layer by layer, and how well that separates them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from lamina.diagnosis.separability import Separability, separability_of
from lamina.engines.protocol import Parameters
from lamina.estimators import layers
from lamina.estimators.base import BaseMLP
from lamina.estimators.data import inputs, preprocessing
from lamina.plan import checks
from lamina.spec import network as spec


def representations(estimator: Any, X: Any) -> list[Any]:
    """Return what each layer makes of samples: h_0, the network's inputs, to its prediction.

    Every layer changes the coordinates of the samples; what the last one sees is to be separable
    by linear means (note 003 §1). The parameters are those that the estimator has now, without
    noise and dropout.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

    Returns
    -------
    list of n_layers + 1 arrays of shape (n_samples, d_l)
        h_0, once `standardize` and `missing` have done their part (sparse where X is), then h_l of
        each hidden layer, then the output function of the last layer: probabilities (one column
        for two classes), or numbers in the units of training.

    Raises
    ------
    ArgumentError
        If `estimator` is of another kind.
    NotFittedError
        If it is not fitted.
    ValueError
        If X is not as `predict` takes it.

    Examples
    --------
    >>> import lamina
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = lamina.MLPClassifier((8, 4), max_iter=50, random_state=0).fit(X, y)
    >>> [h.shape for h in lamina.representations(model, X)]
    [(150, 4), (150, 8), (150, 4), (150, 3)]
    """
    return through(estimator, prepared(estimator, X), layers.of(estimator))


def fitted(estimator: Any) -> Any:
    """Return a fitted estimator of ours; an error for anything else, with a hint where it is in."""
    if not isinstance(estimator, BaseMLP):
        hint = ""
        if hasattr(estimator, "best_estimator_"):
            hint = "; take the search's .best_estimator_"
        elif hasattr(estimator, "named_steps"):
            hint = (
                "; take the pipeline's last step, pipeline[-1], and X as the steps before leave it"
            )
        elif hasattr(estimator, "members_"):
            hint = "; take one of the ensemble's .members_"
        wrong = checks.fail("estimator", "an MLPClassifier or an MLPRegressor", estimator)
        raise checks.ArgumentError(f"{wrong}{hint}")
    check_is_fitted(estimator)
    return estimator


def prepared(estimator: Any, X: Any) -> Any:
    """Return X as the network's inputs, for what must be a fitted estimator."""
    fitted(estimator)
    X = inputs.check_x(estimator, X, estimator.coefs_[0].dtype, reset=False)
    return preprocessing.apply(estimator, X)


def through(estimator: Any, x: Any, parameters: Parameters) -> list[Any]:
    """Return h_0 to the prediction for inputs of the network, with parameters of its shapes."""
    with np.errstate(all="ignore"):  # weights of a training that diverged
        passed = spec.forward(estimator.network_, parameters, x)
    return [passed.h_0, *(trace.h for trace in passed.layers[:-1]), passed.prediction]


def drawn(n: int, max_samples: int, random_state: int) -> np.ndarray:
    """Return at most `max_samples` of n rows, in order."""
    checks.integer("max_samples", max_samples, "[4, inf)")
    checks.integer("random_state", random_state, "[0, 4294967295]")
    if n <= max_samples:
        return np.arange(n)
    random = np.random.RandomState(random_state)
    return np.sort(random.choice(n, max_samples, replace=False))


def separability(
    estimator: Any, X: Any, y: Any, *, max_samples: int = 1000, random_state: int = 0
) -> Separability:
    """Score how separable samples are by linear means after each layer of a network.

    For a classifier there are two scores of each layer's h. "linear" is the share of samples that
    a linear classifier has right which was fitted to others: logistic regression on standardised h,
    by five-fold cross-validation, a linear classifier probe [1]_. "between" is the share of the
    variance that is between the classes, in [0, 1]: 1 where each class is one point. For a
    regressor "r2" is R² of a linear fit (ridge regression, nearly without penalty), by the same
    cross-validation.

    "spread" is the standard deviation of h over the samples, the root of the units' mean variance.
    The linear fits see h standardised, and "between" is a share: both may be high for a layer that
    has collapsed and hardly tells one sample from another. `own` is what the network itself makes
    of the last layer.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        Better not the samples of the fit, which a large network may have learnt by heart.
    y : array-like of shape (n_samples,), or (n_samples, n_outputs) for a regressor
        For a classifier any labels, also others than it was trained on: for several labels one
        column of them. Samples of a class that has no other one are left out.
    max_samples : int in [4, inf), default=1000
        Of more samples, so many are drawn.
    random_state : int in [0, 4294967295], default=0
        Draws samples and folds.

    Returns
    -------
    Separability
        A table with a row for each array of `representations`.

    Raises
    ------
    ArgumentError
        If there are fewer than four samples, y has other shape or kind, or fewer than two classes
        have two samples.
    NotFittedError
        If the estimator is not fitted.

    References
    ----------
    .. [1] G. Alain and Y. Bengio, Understanding intermediate layers using linear classifier
       probes, ICLR workshop 2017.

    Examples
    --------
    >>> import lamina
    >>> from sklearn.datasets import make_circles
    >>> X, y = make_circles(200, factor=0.5, noise=0.05, random_state=0)
    >>> model = lamina.MLPClassifier((8, 8), "tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> table = lamina.separability(model, X, y)
    >>> bool(table["linear"][0] < 0.7), table["linear"][1:]
    (True, array([1., 1., 1.]))
    """
    x = prepared(estimator, X)
    own = drawn(x.shape[0], max_samples, random_state)
    y = np.asarray(y)
    if y.shape[:1] != (x.shape[0],):
        raise checks.fail("y", f"of shape ({x.shape[0]},), one entry per row of X", y.shape)
    made = through(estimator, x[own], layers.of(estimator))
    return scored(estimator, made, _safe_indexing(X, own), y[own], random_state)


def scored(
    estimator: Any, made: list[Any], X: Any, y: np.ndarray, random_state: int
) -> Separability:
    """Return the scores of what the layers made of X, with the network's own beside them."""
    classes = is_classifier(estimator)
    table = separability_of(made, y, classes=classes, random_state=random_state)
    answers = np.asarray(estimator.predict(X))
    return replace(table, own=_agreement(answers, y, estimator.classes_ if classes else None))


def _agreement(answers: np.ndarray, y: np.ndarray, classes: Any) -> float:
    """Return accuracy or R² of a network's answers; NaN where y is not what it predicts."""
    from sklearn.metrics import r2_score

    if answers.shape != y.shape:
        return np.nan
    if classes is None:
        there = np.isfinite(answers).all() and len(y) > 1
        return float(r2_score(y.astype(np.float64), answers)) if there else np.nan
    same = (y.dtype.kind == "b") == (classes.dtype.kind == "b")  # True is 1 to Python
    known = same and set(y.tolist()) <= set(classes.tolist())
    return float(np.mean(answers == y)) if known else np.nan
