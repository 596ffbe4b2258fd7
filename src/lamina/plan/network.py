"""The network of a plan: a sequence of layers, an output function and a loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np

from lamina import spec
from lamina.plan import checks
from lamina.plan.layers import HIDDEN, Dense, LeakyReLU
from lamina.plan.losses import Loss, loss_of
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.losses import CANONICAL, CUSTOM, OF_PREDICTION, ROWWISE

DEFAULT_LOSS = {  # of the outputs that have one of their own
    "softmax": "cross_entropy",
    "logistic": "binary_cross_entropy",
    "exp": "poisson",
    "ascending": "quantiles",
}


@dataclass(frozen=True, repr=False)
class Network:
    """A feed-forward network: layers, an output function and a loss (note 002 §4).

    Parameters
    ----------
    n_inputs : int in [1, inf)
        Number of features d_0.
    layers : sequence of `Dense`
        At least one; the last one gives z_L and has the activation "identity".
    output : str, default="identity"
        Output function: "softmax", "ascending" or any activation. "softmax" goes with the losses
        "cross_entropy" and "focal", "logistic" with "binary_cross_entropy" and "binary_focal",
        "exp" with "poisson" and "gamma", "ascending" with `Quantiles`; every activation goes with
        the losses of the prediction: "squared_error", "absolute_error", "huber" and "quantile";
        and a `CustomLoss` with all of them.
    loss : str or Loss, optional
        By default the loss that belongs to the output function, or "squared_error".

    Raises
    ------
    ArgumentError
        If an argument is out of range or output and loss do not go together.

    Examples
    --------
    >>> import lamina
    >>> network = lamina.Network(4, [lamina.Dense(8, "tanh"), lamina.Dense(3)], "softmax")
    >>> network
    Network(4 -> 8 tanh -> 3 softmax, CrossEntropy())
    >>> network == lamina.Network.mlp(4, [8], 3, activation="tanh", output="softmax")
    True
    >>> parameters = network.initialize(0)
    >>> [array.shape for layer in parameters for array in layer]
    [(4, 8), (8,), (8, 3), (3,)]
    """

    n_inputs: int
    layers: Sequence[Dense]
    output: str = "identity"
    loss: Loss | str | None = None

    def __post_init__(self) -> None:
        checks.integer("n_inputs", self.n_inputs, "[1, inf)")
        if isinstance(self.layers, (str, Dense)) or not isinstance(self.layers, Sequence):
            raise checks.fail("layers", "a sequence of Dense layers", self.layers)
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers or not all(isinstance(layer, Dense) for layer in self.layers):
            raise checks.fail("layers", "a sequence of at least one Dense layer", self.layers)
        if self.layers[-1].activation != "identity":
            raise checks.fail(
                "the last layer's activation",
                "'identity' (the output function is given by output)",
                self.layers[-1].activation,
            )
        checks.choice("output", self.output, [*ROWWISE, *ACTIVATIONS])
        default = DEFAULT_LOSS.get(self.output, "squared_error")
        object.__setattr__(self, "loss", loss_of(default if self.loss is None else self.loss))
        self._check_pair()

    def _check_pair(self) -> None:
        goes = {loss for output, loss in CANONICAL if output == self.output}
        goes |= {CUSTOM} if self.output in ROWWISE else {CUSTOM, *OF_PREDICTION}
        if self.loss_name not in goes:
            expected = f"one of {sorted(goes)} for the output {self.output!r}"
            raise checks.fail("loss", expected, self.loss_name)
        self.loss.numbers(self.n_outputs)  # type: ignore[union-attr]  # options per output

    @classmethod
    def mlp(
        cls,
        n_inputs: int,
        hidden: Sequence[int],
        n_outputs: int,
        *,
        activation: str | LeakyReLU | Sequence[str | LeakyReLU] = "relu",
        output: str = "identity",
        loss: Loss | str | None = None,
    ) -> Network:
        """Return a multilayer perceptron, each layer initialised as scikit-learn does.

        Parameters
        ----------
        n_inputs, n_outputs : int in [1, inf)
        hidden : sequence of int
            Units of each hidden layer; may be empty.
        activation : str, LeakyReLU or sequence of them, default="relu"
            One for all hidden layers, or one for each.
        output, loss
            As for `Network`.
        """
        if isinstance(hidden, str) or not hasattr(hidden, "__len__"):
            raise checks.fail("hidden", "a sequence of integers, one per hidden layer", hidden)
        kinds = activations(activation, len(hidden))
        # scikit-learn initialises by the hidden activation, the output layer included.
        last = kinds[-1] if kinds else activation
        layers = [_dense(units, kind) for units, kind in zip(hidden, kinds, strict=True)]
        return cls(n_inputs, [*layers, Dense(n_outputs, "identity", _glorot(last))], output, loss)

    @property
    def n_outputs(self) -> int:
        """Number of outputs d_L."""
        return self.layers[-1].units

    @property
    def loss_name(self) -> str:
        """Name of the loss in `lamina.spec.losses`."""
        return self.loss.name  # type: ignore[union-attr]

    @property
    def loss_options(self) -> dict[str, Any]:
        """Keyword arguments of the loss's functions."""
        return self.loss.options  # type: ignore[union-attr]

    @property
    def sizes(self) -> list[int]:
        """``[d_0, d_1, ..., d_L]``."""
        return [self.n_inputs, *(layer.units for layer in self.layers)]

    @property
    def shapes(self) -> list[list[tuple[int, ...]]]:
        """Shapes of the parameters, a list per layer."""
        widths = pairwise(self.sizes)
        return [layer.shapes(a) for (a, _), layer in zip(widths, self.layers, strict=True)]

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(int(np.prod(shape)) for shape in chain.from_iterable(self.shapes))

    def initialize(self, random_state: Any = None, dtype: Any = np.float64) -> list[tuple]:
        """Draw initial parameters: for each layer a tuple ``(W, b)``.

        Parameters
        ----------
        random_state : int in [0, 4294967295], RandomState instance or None
        dtype : dtype, default=float64
        """
        if not isinstance(random_state, np.random.RandomState):
            if random_state is not None:
                checks.integer("random_state", random_state, "[0, 4294967295]")
            random_state = np.random.RandomState(random_state)
        drawn = spec.network.initialize(self, random_state)
        return [tuple(array.astype(dtype, copy=False) for array in own) for own in drawn]

    def __repr__(self) -> str:
        hidden = [
            f"{layer.units}" + ("" if layer.activation == "identity" else f" {layer.called}")
            for layer in self.layers[:-1]
        ]
        chain_ = " -> ".join([str(self.n_inputs), *hidden, f"{self.n_outputs} {self.output}"])
        return f"Network({chain_}, {self.loss!r})"


def activations(activation: Any, n_hidden: int) -> list[str | LeakyReLU]:
    """Return one activation per hidden layer; ArgumentError if their number is wrong."""
    if isinstance(activation, (str, LeakyReLU)):
        _check_activation(activation)
        return [activation] * n_hidden
    if not isinstance(activation, Sequence) or len(activation) != n_hidden:
        expected = f"a name or a sequence of {n_hidden} names, one per hidden layer"
        raise checks.fail("activation", expected, activation)
    for kind in activation:
        _check_activation(kind)
    return list(activation)


def _check_activation(kind: Any) -> None:
    if not isinstance(kind, LeakyReLU):
        checks.choice("activation", kind, HIDDEN)


def _dense(units: int, kind: str | LeakyReLU) -> Dense:
    if isinstance(kind, LeakyReLU):
        return Dense(units, "leaky_relu", slope=kind.slope)
    return Dense(units, kind, _glorot(kind))


def _glorot(activation: Any) -> str:
    return "glorot_logistic" if activation == "logistic" else "glorot_uniform"
