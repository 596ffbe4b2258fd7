"""All parameters of a network as one vector, layer after layer: and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engines.protocol import Parameters


def flatten(parameters: Any) -> np.ndarray:
    """Return all numbers in one vector of float64."""
    return np.concatenate(
        [np.asarray(p, dtype=np.float64).ravel() for own in parameters for p in own]
    )


def unflatten(vector: np.ndarray, shapes: Any, dtype: Any = np.float64) -> Parameters:
    """Return arrays of these shapes, a tuple per layer, in a dtype: copies."""
    parameters, at = [], 0
    for layer in shapes:
        own = []
        for shape in layer:
            size = int(np.prod(shape))
            own.append(vector[at : at + size].reshape(shape).astype(dtype))
            at += size
        parameters.append(tuple(own))
    return parameters
