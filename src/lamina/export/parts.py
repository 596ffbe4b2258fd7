"""What there is to export of a fitted estimator, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lamina.ensembles import EnsembleClassifier, EnsembleRegressor
from lamina.estimators import MLPClassifier, MLPRegressor, layers
from lamina.plan import Dense, Network, checks

__all__ = ["ExportError", "Imputer", "Parts", "Scaler", "members_of", "parts_of"]


LETTERS = "Wba"  # weights, biases, and slopes where they are learned


class ExportError(ValueError):
    """A model, or a part of it, has no form in the file that was asked for."""


@dataclass(frozen=True)
class Scaler:
    """``(x - mean) / scale`` of features, ``scale h + mean`` of targets; in the weights' dtype."""

    mean: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Imputer:
    """``fill`` (n_features,) stands for missing values; each of `indicators` gets a 0/1 input."""

    fill: np.ndarray
    indicators: np.ndarray


@dataclass(frozen=True)
class Parts:
    """The parts that predictions are made of, in the order in which they work.

    Parameters
    ----------
    n_features : int
        Features of X.
    imputer, x_scaler : Imputer, Scaler or None
        What happens to X before the network.
    network : lamina.Network
    parameters : list of (W, b)
    temperature : float
        Divides the last z before the output function.
    y_scaler : Scaler or None
        What happens to the network's numbers.
    classes : ndarray or None
        Labels; None for a regression.
    multilabel : bool
        Whether each class is a label of its own that can be on or off.
    feature_names : tuple of str
        Empty if X had none.
    """

    n_features: int
    imputer: Imputer | None
    x_scaler: Scaler | None
    network: Network
    parameters: list[tuple[np.ndarray, ...]]
    temperature: float
    y_scaler: Scaler | None
    classes: np.ndarray | None
    multilabel: bool
    feature_names: tuple[str, ...]

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the weights."""
        return self.parameters[0][0].dtype


def members_of(model: Any) -> list[Parts]:
    """Return the parts of each member of a fitted ensemble, or of an estimator as its only one."""
    if not isinstance(model, (EnsembleClassifier, EnsembleRegressor)):
        return [parts_of(model)]
    check_is_fitted(model, "members_")
    names = tuple(getattr(model, "feature_names_in_", ()))
    return [replace(parts_of(member), feature_names=names) for member in model.members_]


def parts_of(model: Any) -> Parts:
    """Return the parts of a fitted estimator.

    Raises
    ------
    ArgumentError
        If `model` is no `lamina.MLPClassifier` or `lamina.MLPRegressor`.
    NotFittedError
        If it is not fitted.
    ExportError
        If it has a part without a form in a file.
    """
    if not isinstance(model, (MLPClassifier, MLPRegressor)):
        raise _not_exported(model)
    check_is_fitted(model)
    for layer in model.network_.layers:
        if not isinstance(layer, Dense):
            raise ExportError(f"a layer of kind {type(layer).__name__} cannot be exported")
    parameters = layers.of(model)
    if [[array.shape for array in own] for own in parameters] != model.network_.shapes:
        raise ExportError("the weights are not of the network's shapes: fit the estimator again")
    classifier = isinstance(model, MLPClassifier)
    temperature, dtype = getattr(model, "temperature_", None), model.coefs_[0].dtype
    return Parts(
        n_features=int(model.n_features_in_),
        imputer=_imputer(getattr(model, "imputer_", None), dtype),
        x_scaler=_scaler(getattr(model, "x_scaler_", None), dtype),
        network=model.network_,
        parameters=parameters,
        temperature=1.0 if temperature is None else float(temperature),
        y_scaler=_scaler(getattr(model, "y_scaler_", None), dtype),
        classes=_labels(model.classes_) if classifier else None,
        multilabel=classifier and model._label_binarizer.y_type_.startswith("multilabel"),
        feature_names=tuple(getattr(model, "feature_names_in_", ())),
    )


def check_path(path: Any) -> None:
    """Check that `path` is one, or None."""
    if path is not None:
        checks.kind("path", path, (str, PathLike), "a path or None")  # type: ignore[arg-type]


def _not_exported(model: Any) -> checks.ArgumentError:
    """Return the error for what cannot be exported; it names the part that can be."""
    expected, inside = "a lamina.MLPClassifier or lamina.MLPRegressor", None
    if hasattr(model, "best_estimator_") or hasattr(model, "param_grid"):
        inside = "of a search, pass best_estimator_"
    elif hasattr(model, "named_steps"):
        inside = "of a pipeline, pass its last step, model[-1], which takes what the others give"
    return checks.fail("model", f"{expected}; {inside}" if inside else expected, model)


def _imputer(fitted: Any, dtype: np.dtype) -> Imputer | None:
    if fitted is None:
        return None
    places = np.asarray(fitted.indicator_.features_, dtype=np.int64)
    return Imputer(np.asarray(fitted.statistics_, dtype=dtype), places)


def _scaler(fitted: Any, dtype: np.dtype) -> Scaler | None:
    if fitted is None:
        return None
    return Scaler(np.asarray(fitted.mean_, dtype=dtype), np.asarray(fitted.scale_, dtype=dtype))


def _labels(classes: np.ndarray) -> np.ndarray:
    """Return the labels as int64, float32, float64, bool or an object array of str."""
    classes = np.asarray(classes)
    if classes.dtype.kind in "iu":
        if classes.size and int(classes.max()) > np.iinfo(np.int64).max:
            raise ExportError("a label above 2**63 - 1 cannot be exported: ONNX has int64")
        return classes.astype(np.int64)
    if classes.dtype.kind == "U" or all(isinstance(label, str) for label in classes):
        return classes.astype(object)
    if classes.dtype.kind == "f":
        return classes.astype(np.float32 if classes.dtype.itemsize < 8 else np.float64)
    if classes.dtype.kind == "b":
        return classes
    raise ExportError(
        f"labels of dtype {classes.dtype} cannot be exported: they must be text, integers, "
        "floats or booleans, all of one kind"
    )
