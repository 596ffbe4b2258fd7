"""Estimators as ONNX files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np

from lamina import codec, spec
from lamina.export.graph import Graph
from lamina.export.parts import LETTERS, ExportError, Parts, check_path, members_of
from lamina.export.traced import Traced, namespace

__all__ = ["label", "mean", "metadata", "network_output", "predicted", "probabilities", "to_onnx"]


def to_onnx(model: Any, path: str | PathLike[str] | None = None) -> bytes | None:
    """Write a fitted estimator as an ONNX file, preprocessing by the estimator included.

    The graph is the spec's own network, traced function by function, in the weights' dtype. Any
    runtime with the operators of ONNX 1.13 (opset 18) runs it; one that lacks an operator in
    float64, as some do, runs that of an estimator that was fitted on float32.

    The input is ``X`` of shape (rows, n_features) in the weights' dtype. The outputs:

    - of a classifier ``label``, (rows,) of int64, float, bool or text as ``classes_`` has it, and
      ``probabilities``, (rows, n_classes) in the order of ``classes_``;
    - of several labels at once ``label``, 0 or 1 in int64, and ``probabilities``, both
      (rows, n_labels);
    - of a regressor ``prediction``, (rows,), or (rows, n_outputs) for several outputs.

    Nothing is checked in the graph: NaN gives NaN where the estimator raises.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, EnsembleClassifier or EnsembleRegressor
        Fitted.
    path : str or path-like, optional
        Where to write the file, atomically.

    Returns
    -------
    bytes or None
        The file's bytes, the same each time, if no path is given.

    Raises
    ------
    ImportError
        If the package ``onnx`` is not installed: ``pip install "lamina[onnx]"``.
    ArgumentError
        If `model` is not an estimator of lamina.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ExportError
        If a part of it cannot be written as ONNX.

    Examples
    --------
    >>> import lamina, numpy as np, onnxruntime
    >>> model = lamina.MLPClassifier(solver="lbfgs", random_state=0)
    >>> model = model.fit([[0.0], [1.0]], ["no", "yes"])
    >>> session = onnxruntime.InferenceSession(lamina.export.to_onnx(model))
    >>> label, probabilities = session.run(None, {"X": np.array([[0.0], [1.0]])})
    >>> label.tolist()
    ['no', 'yes']
    >>> np.allclose(probabilities, model.predict_proba([[0.0], [1.0]]))
    True
    """
    members = members_of(model)
    check_path(path)
    parts, graph = members[0], Graph()
    x = graph.input("X", parts.dtype, (None, parts.n_features))
    h = mean([network_output(own, x) for own in members])
    if parts.classes is None:
        graph.output("prediction", predicted(parts, h))
    else:
        graph.output("label", label(parts, h))
        graph.output("probabilities", probabilities(parts, h))
    of = f"{len(members)} times " if hasattr(model, "members_") else ""
    doc = f"{type(model).__name__}: {of}{parts.network!r}"
    data = graph.to_bytes(doc, metadata(parts, model))
    if path is None:
        return data
    codec.write_atomically(path, data)
    return None


def mean(each: list[Traced]) -> Traced:
    """Return the mean of what the members of an ensemble give."""
    total = each[0]
    for own in each[1:]:
        total = total + own
    return total / len(each) if len(each) > 1 else total


def network_output(parts: Parts, x: Traced) -> Traced:
    """Return what the network gives for X, of shape (rows, n_outputs)."""
    h = _prepared(parts, x)
    try:
        for layer, own in zip(parts.network.layers, _constants(parts, h), strict=True):
            h = layer.kind.forward(layer, own, h).h
        if parts.temperature == 1:
            return spec.losses.predict(parts.network.output, h)
        z = h.astype(np.float64) / parts.temperature  # which may be beyond float32
        return spec.losses.predict(parts.network.output, z).astype(h.dtype)
    except KeyError as error:
        raise ExportError(f"the function {error.args[0]!r} cannot be exported") from None


def probabilities(parts: Parts, p: Traced) -> Traced:
    """Return probabilities (rows, n_classes) as `predict_proba` does."""
    if parts.multilabel or p.shape[-1] != 1:
        return p
    if len(parts.classes) == 1:  # type: ignore[arg-type]
        return (p >= 0).astype(p.dtype)
    return namespace.concat([1 - p, p])


def label(parts: Parts, p: Traced) -> Traced:
    """Return labels (rows,), or 0 and 1 of several labels (rows, n_labels)."""
    classes: Any = parts.classes
    if not parts.multilabel and p.shape[-1] != 1:
        place = namespace.argmax(p, axis=-1)
    else:
        place = (p > 0.5).astype(np.int64)
        if parts.multilabel:
            return place
        place = namespace.squeeze(place * (len(classes) - 1), axis=-1)
    names = p.graph.constant(classes, "classes")
    return p.graph.node("Gather", [names, place], classes.dtype, place.shape)


def predicted(parts: Parts, h: Traced) -> Traced:
    """Return numbers in the target's own unit: (rows,), or (rows, n_outputs) for several."""
    if parts.y_scaler is not None:
        h = h * parts.y_scaler.scale + parts.y_scaler.mean
    return namespace.squeeze(h, axis=-1) if h.shape[-1] == 1 else h


def metadata(parts: Parts, model: Any) -> dict[str, str]:
    """Return what the file says about itself."""
    about = {"estimator": type(model).__name__, "network": repr(parts.network)}
    if parts.feature_names:
        about["feature_names"] = json.dumps(list(parts.feature_names), ensure_ascii=False)
    return about


def _constants(parts: Parts, h: Traced) -> Iterator[tuple[Traced, ...]]:
    for number, own in enumerate(parts.parameters, 1):
        pairs = zip(LETTERS, own, strict=False)
        yield tuple(h.graph.constant(array, f"{letter}{number}") for letter, array in pairs)


def _prepared(parts: Parts, x: Traced) -> Traced:
    """Return what enters the network: filled, standardised, with indicators of missing values."""
    imputer, scaler = parts.imputer, parts.x_scaler
    flags = []
    if imputer is not None:
        missing = namespace.isnan(x)
        x = namespace.where(missing, imputer.fill, x)
        if imputer.indicators.size:
            flags = [missing.columns(imputer.indicators).astype(x.dtype)]
    if scaler is not None:
        x = (x - scaler.mean) / scaler.scale
    return namespace.concat([x, *flags])
