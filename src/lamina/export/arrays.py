"""Estimators as plain NumPy arrays."""

from __future__ import annotations

import io
from os import PathLike
from typing import Any

import numpy as np

from lamina import codec
from lamina.export.parts import LETTERS, Parts, parts_of
from lamina.plan import checks

__all__ = ["npz", "to_arrays", "to_npz"]


def to_arrays(model: Any) -> dict[str, np.ndarray]:
    """Return all that the predictions of a fitted estimator are made of, as named arrays.

    With ``h_0 = X`` a prediction is ``h_l = phi_l(h_{l-1} W_l + b_l)`` for l = 1 to L. The names:

    - ``W1``, ``b1``, ..., of shapes (d_{l-1}, d_l) and (d_l,), in the weights' dtype; ``a1``,
      ..., of shape (d_l,), where phi_l is "prelu": its slope below 0, by unit;
    - ``functions``: the names of phi_1, ..., phi_L as text, those of the functions of
      `lamina.spec.activations`, whose docstrings are the formulas; ``slopes``, if one is
      "leaky_relu": its slope, by layer;
    - ``classes``, of a classifier: the labels. Two classes have one output, the probability of
      the second;
    - ``feature_names``, if X had names;
    - if the estimator prepares its data, in this order: ``x_fill``, which stands for missing
      values; ``x_mean`` and ``x_scale`` of ``(X - x_mean) / x_scale``; ``x_indicators``, the
      features whose 0/1 columns "is missing" follow the others as they are;
    - ``temperature``, which divides the last ``h_{L-1} W_L + b_L``, if it is not 1; ``y_mean`` and
      ``y_scale`` of ``y_scale h_L + y_mean``, if the target was standardised.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    dict of str to ndarray
        Copies: a change of theirs does not reach the estimator.

    Raises
    ------
    ArgumentError
        If `model` is not an estimator of lamina.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ExportError
        If a part of it has no form as an array.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.MLPRegressor(hidden_layer_sizes=2, activation="tanh", solver="lbfgs")
    >>> model = model.fit([[0.0], [1.0]], [0, 1])
    >>> arrays = lamina.export.to_arrays(model)
    >>> {name: array.shape for name, array in arrays.items()}
    {'W1': (1, 2), 'b1': (2,), 'W2': (2, 1), 'b2': (1,), 'functions': (2,)}
    >>> arrays["functions"].tolist()
    ['tanh', 'identity']
    """
    parts = parts_of(model)
    arrays: dict[str, np.ndarray] = {}
    for number, own in enumerate(parts.parameters, 1):
        for letter, array in zip(LETTERS, own, strict=False):
            arrays[f"{letter}{number}"] = array.copy()
    return arrays | _functions(parts) | _around(parts)


def to_npz(model: Any, path: str | PathLike[str]) -> None:
    """Write `to_arrays` to a file that ``numpy.load`` reads; it holds no pickled objects.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted.
    path : str or path-like
        Written atomically.

    Raises
    ------
    ArgumentError, sklearn.exceptions.NotFittedError, ExportError
        As `to_arrays`.

    Examples
    --------
    >>> import lamina, numpy, os, tempfile
    >>> model = lamina.MLPRegressor(solver="lbfgs").fit([[0.0], [1.0]], [0, 1])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.npz")
    >>> lamina.export.to_npz(model, path)
    >>> numpy.load(path)["W1"].shape
    (1, 100)
    """
    checks.kind("path", path, (str, PathLike), "a path")  # type: ignore[arg-type]
    codec.write_atomically(path, npz(to_arrays(model)))


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Return the bytes of an npz file of `arrays`."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _functions(parts: Parts) -> dict[str, np.ndarray]:
    layers = parts.network.layers
    names = [*(layer.activation for layer in layers[:-1]), parts.network.output]
    functions = {"functions": np.array(names)}
    if "leaky_relu" in names:
        slopes = [getattr(layer, "slope", 0.01) for layer in layers]
        functions["slopes"] = np.array(slopes, dtype=np.float64)
    return functions


def _around(parts: Parts) -> dict[str, np.ndarray]:
    """Return the arrays of what happens before and after the network."""
    around: dict[str, np.ndarray] = {}
    if parts.imputer is not None:
        around |= {"x_fill": parts.imputer.fill, "x_indicators": parts.imputer.indicators}
    if parts.x_scaler is not None:
        around |= {"x_mean": parts.x_scaler.mean, "x_scale": parts.x_scaler.scale}
    if parts.temperature != 1:
        around["temperature"] = np.array(parts.temperature)
    if parts.y_scaler is not None:
        around |= {"y_mean": parts.y_scaler.mean, "y_scale": parts.y_scaler.scale}
    if parts.classes is not None:
        text = parts.classes.dtype == object
        around["classes"] = parts.classes.astype(str) if text else parts.classes
    if parts.feature_names:
        around["feature_names"] = np.array(parts.feature_names)
    return {name: array.copy() for name, array in around.items()}
