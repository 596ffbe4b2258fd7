"""The networks that are timed, and the data and first weights that all sides get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lamina import Network

RATE = 1e-3


@dataclass(frozen=True)
class Shape:
    """A network, its batches and the number of steps in one timed epoch."""

    name: str
    n_inputs: int
    hidden: tuple[int, ...]
    n_outputs: int
    batch: int
    steps: int
    activation: str = "relu"
    dtype: str = "float32"

    @property
    def regression(self) -> bool:
        """One output is trained on the squared error, several on softmax cross-entropy."""
        return self.n_outputs == 1

    @property
    def n_samples(self) -> int:
        return self.batch * self.steps

    @property
    def sizes(self) -> list[int]:
        return [self.n_inputs, *self.hidden, self.n_outputs]

    @property
    def flops(self) -> int:
        """Floating-point operations of a step's matrix products.

        Forward, gradient by the weights and gradient by the inputs, the first layer's inputs
        excepted; a multiplication and an addition are two. Activations, loss and update are not
        counted: they are overhead to whoever looks at the share of the peak.
        """
        products = [a * b for a, b in zip(self.sizes[:-1], self.sizes[1:], strict=True)]
        return 2 * self.batch * (3 * sum(products) - products[0])

    def network(self) -> Network:
        """Return lamina's plan."""
        return Network.mlp(
            self.n_inputs,
            self.hidden,
            self.n_outputs,
            activation=self.activation,
            output="identity" if self.regression else "softmax",
        )


_MAIN = [
    Shape("tiny", 2, (8,), 2, 32, 1000),
    Shape("sk", 50, (100,), 10, 200, 200),
    Shape("tab", 100, (256, 256), 2, 256, 80),
    Shape("image", 784, (256, 128), 10, 128, 80),
    Shape("big", 1024, (2048, 2048), 100, 1024, 4),
]
MAIN = {shape.name: shape for shape in _MAIN}

_OTHERS = [
    Shape("deep", 50, (32,) * 20, 10, 200, 100),
    Shape("wide", 5000, (100,), 10, 200, 20),
    Shape("one", 100, (256, 256), 1, 256, 80),
]
VARIANTS = {
    **{f"{s.name}:tanh": replace(s, name=f"{s.name}:tanh", activation="tanh") for s in _MAIN},
    **{f"{s.name}:float64": replace(s, name=f"{s.name}:float64", dtype="float64") for s in _MAIN},
    **{
        f"{s.name}:batch32": replace(s, name=f"{s.name}:batch32", batch=32, steps=2 * s.steps)
        for s in _MAIN[1:]
    },
    **{shape.name: shape for shape in _OTHERS},
}
SHAPES = {**MAIN, **VARIANTS}


class Problem(NamedTuple):
    """Data, an order of the samples and first weights; `labels` are None in regression."""

    shape: Shape
    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray | None
    order: np.ndarray
    seed: int
    parameters: list[tuple[np.ndarray, ...]]


def problem(shape: Shape, seed: int = 0) -> Problem:
    """Return a problem that can be learnt: targets from a random linear map, with noise."""
    random = np.random.RandomState(seed)
    x = random.standard_normal((shape.n_samples, shape.n_inputs)).astype(shape.dtype)
    map_ = random.standard_normal((shape.n_inputs, shape.n_outputs)) / np.sqrt(shape.n_inputs)
    score = x @ map_ + 0.3 * random.standard_normal((shape.n_samples, shape.n_outputs))
    labels = None if shape.regression else score.argmax(axis=1)
    y = score if labels is None else np.eye(shape.n_outputs)[labels]
    order = np.arange(shape.n_samples)
    np.random.RandomState(seed).shuffle(order)  # the first draw of scikit-learn's fit
    parameters = shape.network().initialize(seed, np.dtype(shape.dtype))
    return Problem(shape, x, y.astype(shape.dtype), labels, order, seed, parameters)
