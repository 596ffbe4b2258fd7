"""The loss of a fitted estimator over a plane through the space of its weights."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from os import PathLike
from typing import Any

import numpy as np

from lamina import spec
from lamina.diagnosis import inputs
from lamina.diagnosis.surface import LossPlane, MeanLoss, Plane, over_plane
from lamina.diagnosis.surface.flat import flatten
from lamina.diagnosis.surface.losses import Snapshots
from lamina.engines import Data, default_engine, engine_info
from lamina.engines.protocol import Parameters
from lamina.estimators import layers, translate
from lamina.estimators.base import BaseMLP
from lamina.estimators.data import preprocessing
from lamina.estimators.inspection.sample_losses import prepared
from lamina.estimators.inspection.single import check_fitted
from lamina.plan import checks

KINDS = ("random", "path", "checkpoints", "parameters")
MARGIN = 0.25  # around what a box is to hold, of its sides
THINNEST = 0.1  # a box's shorter side, of the longer one


def loss_surface(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    plane: Any = "random",
    parameters: Any = None,
    checkpoints: Any = None,
    points: int = 51,
    radius: float | None = None,
    penalty: bool = False,
    random_state: Any = 0,
    n_threads: int | None = None,
) -> LossPlane:
    """Evaluate the loss of a fitted estimator over a plane through the space of its weights.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted. Nothing of it is changed.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The samples to take the loss of: those of `fit`, or others.
    sample_weight : array-like of shape (n_samples,), optional
        The loss is the mean with these weights. Class weights count as they do in `fit`.
    plane : {"random", "path", "checkpoints", "parameters"} or Plane, default="random"
        "random": through the present weights, along two random directions in which each unit's
        weights are as long as its own (Li et al., 2018). "path": the principal plane of the
        `checkpoints`, through the last one. "checkpoints": through three of them. "parameters": two
        of the estimator's numbers, all others as they are. A Plane: that of another result.
    parameters : ((str, int, ...), (str, int, ...)), optional
        For "parameters" the two: ``(("W_1", 0, 2), ("b_2", 0))`` are ``coefs_[0][0, 2]`` and
        ``intercepts_[1][0]``.
    checkpoints : list, optional
        Points of a path, or the three of "checkpoints": fitted estimators of the same layers,
        classes and scales of the data, as `lamina.load` gives them, lists of tuples ``(W, b)``
        as a callback's ``run.parameters()``,
        or pairs of an epoch and such a list. By default ``estimator.record_.snapshots`` where
        the plane is "path" or "parameters" and the fit made a record. They are projected onto
        planes of the other kinds too. Where the present weights are not the last of them, as
        after early stopping, the result has them as ``present``.
    points : int in [2, inf), default=51
        Grid points along each direction.
    radius : float in (0, inf), optional
        Half of the grid's sides around its middle. By default it holds the path or the three
        points with a margin; without them it is 1.
    penalty : bool, default=False
        Whether to add the penalty of a step (`alpha` and that of `regularization`) to the loss of
        the data, as ``loss_curve_`` does.
    random_state : int, RandomState instance or None, default=0
        Draws the directions of "random".
    n_threads : int in [1, 1024], optional
        By default one per core. The numbers have the same bits for any.

    Returns
    -------
    LossPlane
        Its ``losses[j, i]`` belongs to ``a[i]``, ``b[j]``; draw it by
        `lamina.displays.LossPlaneDisplay`. The loss is that of ``history_``, for a target that was
        standardized in units of its spread.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If an argument is out of range, the data are not as they should be, or the checkpoints are
        not of the estimator's layers, too few, or on a line.

    Examples
    --------
    >>> import lamina
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = lamina.MLPClassifier(8, solver="lbfgs", alpha=0.1, random_state=0).fit(X, y)
    >>> surface = lamina.loss_surface(model, X, y, points=21)
    >>> surface.losses.shape, bool(surface.losses[10, 10] == surface.losses.min())
    ((21, 21), True)
    """
    check_fitted(estimator)
    _check(points, radius, penalty, n_threads)
    own = _with_dtype(layers.of(estimator), estimator.coefs_[0].dtype)
    path = _path(estimator, plane, checkpoints)
    flat = _plane(estimator, own, plane, parameters, path, random_state)
    data = prepared(estimator, X, y, sample_weight)
    loss = _loss(estimator, data, penalty)
    present = _present(own, flat, path)
    a, b = _grid(flat, path, present, points, radius)
    return over_plane(flat, loss, a, b, path, n_threads or engine_info().threads, present)


def _check(points: Any, radius: Any, penalty: Any, n_threads: Any) -> None:
    checks.integer("points", points, "[2, inf)")
    checks.flag("penalty", penalty)
    if radius is not None:
        checks.real("radius", radius, "(0, inf)")
    if n_threads is not None:
        checks.integer("n_threads", n_threads, "[1, 1024]")


def _path(estimator: Any, plane: Any, checkpoints: Any) -> Snapshots | None:
    """Return the points of the path, or None; ArgumentError where the plane needs them."""
    if not isinstance(plane, Plane):
        checks.choice("plane", plane, KINDS)
    if checkpoints is None and plane in ("path", "parameters"):
        record = getattr(estimator, "record_", None)
        checkpoints = getattr(record, "snapshots", None) or None
    if checkpoints is None:
        if plane in ("path", "checkpoints"):
            expected = f"given for plane={plane!r}"
            if plane == "path":
                expected += ", or recorded by the fit of an estimator with diagnose=True"
            raise checks.fail("checkpoints", expected, None)
        return None
    given = checks.entries("checkpoints", checkpoints, "a list of estimators or of parameters")
    if not given:
        raise checks.fail("checkpoints", "a list with at least one entry", checkpoints)
    return [_checkpoint(i, own, estimator) for i, own in enumerate(given)]


def _checkpoint(i: int, given: Any, estimator: Any) -> tuple[float, Parameters]:
    """Return epoch and parameters of a checkpoint of any kind."""
    name, epoch, own = f"checkpoints[{i}]", i, given
    expected = "a fitted estimator, a list of tuples (W, b), or an epoch and such a list"
    if isinstance(given, str | PathLike):
        raise checks.fail(name, f"{expected}; read a file by lamina.load", given)
    if isinstance(given, BaseMLP):
        check_fitted(given, name)
        _check_alike(name, given, estimator)
        epoch, own = given.n_iter_, layers.of(given)
    elif isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], Real):
        epoch, own = given
    dtype = estimator.coefs_[0].dtype
    return epoch, inputs.parameters(estimator.network_, own, name, dtype)


def _check_alike(name: str, given: Any, estimator: Any) -> None:
    """Raise unless another estimator's weights mean the same in this one's place."""
    for part, of in (("layers", _layers), ("classes", _classes), ("scales", _scales)):
        own, theirs = of(estimator), of(given)
        if not _same(own, theirs):
            raise checks.fail(name, f"of the estimator's {part}, {own}", theirs)


def _layers(estimator: Any) -> list[Any]:
    """Return units and activations; the losses that two were trained on may differ."""
    network = estimator.network_
    hidden = [f"{layer.units} {layer.called}" for layer in network.layers[:-1]]
    return [network.n_inputs, *hidden, f"{network.n_outputs} {network.output}"]


def _classes(estimator: Any) -> Any:
    return [str(label) for label in np.ravel(getattr(estimator, "classes_", []))]


def _scales(estimator: Any) -> dict[str, Any]:
    """Return the numbers that `standardize` and `missing` have found in the data."""
    own: dict[str, Any] = {}
    for name in preprocessing.ATTRIBUTES:
        if name in vars(estimator):
            part = getattr(estimator, name)
            kept = ["statistics_"] if name == "imputer_" else ["mean_", "scale_"]
            own |= {f"{name}.{key}": np.asarray(getattr(part, key)).tolist() for key in kept}
    return own


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, dict):
        return bool(one == other)
    return one.keys() == other.keys() and all(
        np.shape(own) == np.shape(other[key]) and np.allclose(own, other[key], 1e-6, 0)
        for key, own in one.items()
    )


def _present(own: Parameters, plane: Plane, path: Snapshots | None) -> Parameters | None:
    """Return the present weights if they are no point that is marked already."""
    if path is None:
        return None
    marked = path if plane.kind == "checkpoints" else path[-1:]
    there = any(np.array_equal(flatten(point), flatten(own)) for _, point in marked)
    return None if there else own


def _with_dtype(parameters: Any, dtype: Any) -> Parameters:
    return [tuple(np.asarray(array, dtype=dtype) for array in own) for own in parameters]


def _plane(
    estimator: Any,
    own: Parameters,
    plane: Any,
    parameters: Any,
    path: Snapshots | None,
    random_state: Any,
) -> Plane:
    network = estimator.network_
    if parameters is not None and plane != "parameters":
        raise checks.fail("parameters", f"None for plane={plane!r}", parameters)
    if isinstance(plane, Plane):
        if plane.shapes != network.shapes:
            raise checks.fail("plane", f"of the estimator's layers, {network.shapes}", plane.shapes)
        return plane
    if plane == "parameters":
        if not isinstance(parameters, list | tuple) or len(parameters) != 2:
            expected = "two, by array and place, as (('W_1', 0, 2), ('b_2', 0))"
            raise checks.fail("parameters", expected, parameters)
        return Plane.of_parameters(network, own, *parameters)
    if plane == "random":
        return Plane.random(network, own, random_state)
    points = [point for _, point in path or []]
    return (Plane.through if plane == "checkpoints" else Plane.principal)(network, points)


def _loss(estimator: Any, data: Data, penalty: bool) -> MeanLoss:
    """Return the mean loss of the samples as a function of the weights."""
    run = default_engine(1).losses(estimator.network_, data)
    scale = estimator._loss_scale(data.y.shape[1])
    return MeanLoss(run, data, scale, _penalty(estimator, data) if penalty else None)


def _penalty(estimator: Any, data: Data) -> Callable[[Parameters], float]:
    """Return the penalty of a step: that of alpha is divided by a batch's weight, as there."""
    training, n = translate.training_of(estimator), len(data.y)
    size = n if translate.is_lbfgs(estimator) else training.batch_of(n)
    total = size * (1.0 if data.weights is None else float(data.weights.mean()))
    own = training.regularization.penalties

    def run(parameters: Parameters) -> float:
        wide = _with_dtype(parameters, np.float64)
        alone = spec.network.penalty(wide, own.l2) + spec.regularization.l1_penalty(wide, own.l1)
        return spec.network.penalty(wide, training.alpha) / total + alone

    return run


def _grid(
    plane: Plane,
    path: Snapshots | None,
    present: Parameters | None,
    points: int,
    radius: float | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the grid's coordinates: the middle of an odd number of them is met exactly."""
    held = [] if path is None or plane.kind == "random" else [point for _, point in path]
    held += [present] if held and present is not None else []
    places = np.array([plane.point, *(plane.project(point)[0] for point in held)])
    centred = plane.kind in ("random", "parameters")
    middle = plane.point if centred else (places.min(axis=0) + places.max(axis=0)) / 2
    half = np.abs(places - middle).max(axis=0)
    half = np.maximum(half, THINNEST * half.max()) * (1 + 2 * MARGIN)
    if radius is not None or not half.any():
        half = np.full(2, 1.0 if radius is None else float(radius))
    steps = np.arange(1 - points, points, 2) / (points - 1)
    with np.errstate(over="ignore"):
        return middle[0] + half[0] * steps, middle[1] + half[1] * steps
