"""Checks of what a perceptron is given."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from lamina.estimators.data.inputs import name_non_finite
from lamina.neurons.separability.labelled import check_labels
from lamina.plan import checks

OPTIONS: dict[str, Any] = {"dtype": "numeric", "order": "C", "ensure_all_finite": False}


def matrix(estimator: Any, X: Any, *, reset: bool) -> np.ndarray:
    """Return X as finite float64 in C order."""
    return _finite(estimator, validate_data(estimator, X, reset=reset, **OPTIONS))


def matrix_and_labels(
    estimator: Any, X: Any, y: Any, *, reset: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return X as `matrix` does, and y as scikit-learn validates it."""
    check_labels(y)
    X, y = validate_data(estimator, X, y, reset=reset, **OPTIONS)
    return _finite(estimator, X), y


def _finite(estimator: Any, X: np.ndarray) -> np.ndarray:
    X = X.astype(np.float64, order="C", copy=False)
    name_non_finite(X, "X", getattr(estimator, "feature_names_in_", None))
    return X


def two_classes(y: np.ndarray) -> np.ndarray:
    """Return the two classes of y, sorted; an error if there are fewer or more."""
    classes = np.unique(y)
    check_classification_targets(classes)
    if len(classes) == 1:
        raise ValueError(f"y must have two classes, got one class only: {classes.tolist()[0]!r}")
    if len(classes) > 2:
        raise ValueError(
            f"Only binary classification is supported. y must have two classes, got "
            f"{len(classes)}: a perceptron has one line to separate them. For more take "
            f"sklearn.multiclass.OneVsRestClassifier(Perceptron())"
        )
    return classes


def vector(name: str, values: Any, size: int | None = None) -> np.ndarray:
    """Return a copy of finite numbers as a vector of float64, of length `size` if it is given."""
    array = np.asarray(values)
    if not (np.issubdtype(array.dtype, np.number) and np.isrealobj(array)):
        raise checks.fail(name, "real numbers", values)
    vector = np.array(array, dtype=np.float64).reshape(-1)
    wide = array.ndim > 2 or (array.ndim == 2 and len(array) != 1)
    if wide or not len(vector) or (size is not None and len(vector) != size):
        shape = "(n_features,)" if size is None else f"({size},)"
        raise checks.fail(name, f"of shape {shape}", array.shape)
    if not np.isfinite(vector).all():
        raise checks.fail(name, "finite numbers", values)
    return vector


def start(n_features: int, coef: Any, intercept: Any, bias: bool) -> np.ndarray:
    """Return the weights to start from, the bias first: 0 where None is given."""
    w = np.zeros(n_features) if coef is None else vector("coef_init", coef, n_features)
    w_0 = np.zeros(1) if intercept is None else vector("intercept_init", intercept, 1)
    if w_0[0] != 0 and not bias:
        raise checks.fail("intercept_init", "0 with fit_intercept=False", intercept)
    return np.append(w_0, w) if bias else w
