"""Checks of networks' parameters, samples and weights; every error names the argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.plan import Network, checks

SURE = 1e-6  # how far from 1 a row of targets may sum for softmax: float32 has seven digits


def parameters(
    network: Network, given: Any, name: str = "parameters", dtype: Any = None
) -> list[tuple[np.ndarray, ...]]:
    """Return copies of arrays in the parameters' shapes, finite; ArgumentError names the place.

    Without a `dtype` they are float32 if all of them were, else float64.
    """
    expected = f"a list of tuples of arrays (W, b) of shapes {network.shapes}"
    if isinstance(given, str) or not np.iterable(given):
        raise checks.fail(name, expected, given)
    try:
        own = [tuple(np.asarray(array) for array in layer) for layer in given]
        single = all(array.dtype == np.float32 for layer in own for array in layer)
        dtype = dtype or (np.float32 if single else np.float64)
        own = [tuple(np.array(array, dtype=dtype) for array in layer) for layer in own]
    except (TypeError, ValueError):
        raise checks.fail(name, expected, given) from None
    shapes = [[array.shape for array in layer] for layer in own]
    if shapes != network.shapes:
        raise checks.fail(name, f"arrays of shapes {network.shapes}", shapes)
    for at, layer in enumerate(own, 1):
        for letter, array in zip("Wba", layer, strict=False):
            finite(f"{letter}_{at} in {name}", array)
    return own


def finite(name: str, array: np.ndarray) -> None:
    """Raise unless all numbers are finite; the error names the first that is not."""
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise checks.fail(name, "finite", f"{array[tuple(place)]} at {place}")


def numbers(name: str, values: Any, dtype: Any) -> np.ndarray:
    """Return a copy of an array of numbers."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            raise TypeError
        return np.array(array, dtype=dtype)
    except (TypeError, ValueError):
        raise checks.fail(name, "an array of numbers", values) from None


def matrix(name: str, values: Any, width: int) -> np.ndarray:
    """Return a copy in float64 of finite numbers (n_samples, width), n_samples >= 1."""
    array = numbers(name, values, np.float64)
    shape = array.shape
    array = array.reshape(-1, 1) if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] != width or not len(array):
        raise checks.fail(name, f"of shape (n_samples, {width}), n_samples >= 1", shape)
    finite(name, array)
    return array


def weights(name: str, values: Any, n: int, dtype: Any = np.float64) -> np.ndarray | None:
    """Return weights (n,), of which at least one is above 0; None for None."""
    if values is None:
        return None
    own = numbers(name, values, dtype)
    own = own.reshape(1) if own.ndim == 0 else own
    if own.shape != (n,):
        raise checks.fail(name, f"of shape ({n},)", own.shape)
    finite(name, own)
    if (own < 0).any() or not own.any():
        raise checks.fail(name, "not negative, and above 0 for a sample at least", own.tolist())
    return own


def targets(network: Network, y: np.ndarray) -> None:
    """Refuse targets (n_samples, n_outputs) that the loss is not of."""
    name = network.loss_name
    if name in ("cross_entropy", "focal"):
        gaps = np.abs(y.sum(axis=1) - 1)
        if gaps.max() > SURE:
            row = int(np.argmax(gaps))
            raise checks.fail("y", f"rows that sum to 1 for softmax, as row {row} does not", y[row])
        _probabilities(y, "softmax")
    if name in ("binary_cross_entropy", "binary_focal"):
        _probabilities(y, "the logistic output")
    if name == "poisson" and y.min() < 0:
        raise checks.fail("y", "not negative for the Poisson loss", float(y.min()))
    if name == "gamma" and y.min() <= 0:
        raise checks.fail("y", "above 0 for the gamma loss", float(y.min()))


def _probabilities(y: np.ndarray, output: str) -> None:
    wrong = y[(y < 0) | (y > 1)]
    if len(wrong):
        raise checks.fail("y", f"in [0, 1] for {output}", float(wrong[0]))


def random(random_state: Any) -> np.random.RandomState:
    """Return the generator that a `random_state` names or is."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if random_state is not None:
        checks.integer("random_state", random_state, "[0, 4294967295]")
    return np.random.RandomState(random_state)
