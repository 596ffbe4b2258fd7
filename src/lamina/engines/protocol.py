"""What the training loop asks of an engine."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import scipy.sparse

from lamina.plan import Network, Regularization, Rule
from lamina.spec.measures import Measures

Parameters = list[tuple[np.ndarray, ...]]
Slots = list[list[tuple[np.ndarray, ...]]]


class Data(NamedTuple):
    """Samples to learn from.

    Attributes
    ----------
    x : ndarray or CSR matrix of shape (n_samples, n_inputs)
    y : ndarray of shape (n_samples, n_outputs), of x's dtype
    weights : ndarray of shape (n_samples,), of x's dtype, or None
        A batch's loss is the mean with these weights.
    factors : ndarray of shape (n_samples,), of x's dtype, or None
        Multiply a sample's loss and gradient, but do not count in the mean: class weights, which
        would cancel in a batch of one class else.
    """

    x: Any
    y: Any
    weights: np.ndarray | None = None
    factors: np.ndarray | None = None

    def astype(self, dtype: Any) -> Data:
        """Return the samples in another dtype."""
        return Data(*(own if own is None else own.astype(dtype, copy=False) for own in self))

    def rows(self, index: Any) -> Data:
        """Return the samples at `index`, in its order."""
        return Data(*(None if own is None else own[index] for own in self))


def refuse_noise_on_sparse(regularization: Regularization, data: Data) -> None:
    """Raise unless the inputs can have the noise that is asked for."""
    if scipy.sparse.issparse(data.x) and regularization.input_noise != 0:
        raise ValueError(
            f"input_noise must be 0 for a sparse X, got {regularization.input_noise}: noise would "
            f"fill every entry; pass X.toarray()"
        )


class Trainer(Protocol):
    """Parameters and slots under training. One belongs to one thread at a time."""

    n_done: int
    """Steps taken in the current or last epoch: fewer than asked after an interrupt."""

    def epoch(
        self,
        order: np.ndarray,
        batch_size: int,
        table: np.ndarray,
        first_step: int = 0,
        sums: tuple[float, float] = (0.0, 0.0),
        measured: bool = False,
    ) -> tuple[float, float]:
        """Take one step for each `batch_size` samples of `order`, the last batch may be smaller.

        Row s of `table` holds the scalars of step s (`lamina.plan.Training.table`); `first_step`
        is the number of the first one, for random draws. Returns the data loss and the penalty,
        each batch's mean times its number of samples, added to `sums`: so that an epoch may be cut
        into several calls. On Ctrl-C the step in hand is finished before KeyboardInterrupt is
        raised. With `measured` the last step is measured, which changes no bit of what is learnt.
        """
        ...

    def measures(self) -> Measures | None:
        """Return what the last measured step revealed; None if its batch had no weight."""
        ...

    def losses(self, data: Data) -> float:
        """Return the mean data loss of the present parameters for other samples."""
        ...

    def predict(self, x: Any) -> np.ndarray:
        """Return the predictions (n_samples, n_outputs) of the present parameters."""
        ...

    def finite(self) -> bool:
        """Return whether all parameters are finite."""
        ...

    def keep(self, name: str) -> None:
        """Keep a copy of parameters and slots under a name, in place of an earlier one."""
        ...

    def recall(self, name: str) -> None:
        """Go back to what was kept under a name."""
        ...

    def read_parameters(self) -> Parameters:
        """Return copies of the parameters alone."""
        ...

    def read(self) -> tuple[Parameters, Slots]:
        """Return copies of parameters and slots."""
        ...

    def close(self) -> None:
        """Release what the trainer holds, threads included."""
        ...


class Predictor(Protocol):
    """A network with a copy of its parameters."""

    def __call__(self, x: Any) -> np.ndarray:
        """Return the predictions (n_samples, n_outputs) for x of the parameters' dtype."""
        ...


class Forward(Protocol):
    """A network without parameters."""

    def __call__(
        self, x: Any, coefs: Any, intercepts: Any, n_threads: int | None = None
    ) -> np.ndarray | None:
        """Return the predictions for x with parameters as they stand, or None.

        None: it takes a closer look, since x is not a finite matrix of the network's width or the
        parameters are not of its shapes.
        """
        ...


class SampleLosses(Protocol):
    """The loss of each sample as a function of the parameters, for any number of threads at once.

    It is the data loss before weights and factors count; what weighs within the loss itself, as
    `BinaryCrossEntropy` may, does count.
    """

    def __call__(self, parameters: Parameters) -> np.ndarray:
        """Return the losses (n_samples,), in float64, for parameters of the data's dtype."""
        ...


class Objective(Protocol):
    """The loss over all samples as a function of the parameters."""

    def __call__(self, parameters: Parameters) -> tuple[float, float, Parameters]:
        """Return mean data loss, penalty, and the gradients of their sum.

        On Ctrl-C it ends within about a tenth of a second by KeyboardInterrupt.
        """
        ...

    def close(self) -> None:
        """Release what the objective holds, threads included."""
        ...


class Engine(Protocol):
    """Runs a plan."""

    name: str

    def trainer(
        self,
        network: Network,
        rule: Rule,
        parameters: Parameters,
        slots: Slots | None,
        data: Data,
        alpha: float,
        regularization: Regularization | None = None,
        seed: int = 0,
    ) -> Trainer:
        """Return a trainer that starts from copies of `parameters` and `slots` (None: zeros).

        `regularization` is that of the training, without its weight decay, which is in the table;
        `seed` that of its random draws.
        """
        ...

    def predictor(self, network: Network, parameters: Parameters) -> Predictor:
        """Return a predictor for copies of `parameters`."""
        ...

    def forward(self, network: Network, dtype: Any) -> Forward:
        """Return a function of x and of parameters of `dtype` that stay with the caller."""
        ...

    def losses(self, network: Network, data: Data) -> SampleLosses:
        """Return the loss of each sample as a function of parameters of the data's dtype."""
        ...

    def objective(self, network: Network, data: Data, alpha: float) -> Objective:
        """Return the loss over all samples as a function of parameters of the data's dtype."""
        ...
