"""The reference engine: the spec on NumPy, step by step. Slow, plain and right."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import spec
from lamina.engines.protocol import Data, Forward, Parameters, Slots, refuse_noise_on_sparse
from lamina.plan import Network, Regularization, Rule
from lamina.spec.measures import Measures
from lamina.spec.regularization import Draws


class ReferenceTrainer:
    """Trains by `lamina.spec.training.step`."""

    def __init__(
        self,
        network: Network,
        rule: Rule,
        parameters: Parameters,
        slots: Slots | None,
        data: Data,
        alpha: float,
        regularization: Regularization | None = None,
        seed: int = 0,
    ) -> None:
        self.network, self.rule, self.data, self.alpha = network, rule, data, alpha
        own = regularization or Regularization()
        refuse_noise_on_sparse(own, data)
        self.penalties, self.draws, self.seed = own.penalties, own.draws, seed
        # A step never writes into an array, so sharing them with the caller is safe.
        self.parameters = parameters
        self.slots = spec.training.zero_slots(rule.kind, parameters) if slots is None else slots
        self.kept: dict[str, tuple[Parameters, Slots]] = {}
        self.seen: Measures | None = None
        self.n_done = 0

    def epoch(
        self,
        order: np.ndarray,
        batch_size: int,
        table: np.ndarray,
        first_step: int = 0,
        sums: tuple[float, float] = (0.0, 0.0),
        measured: bool = False,
    ) -> tuple[float, float]:
        """Take one step per batch."""
        loss, penalty = sums
        self.n_done = 0
        n_scalars = len(self.rule.kind.Scalars._fields)
        for row, start in zip(table, range(0, len(order), batch_size), strict=True):
            index = order[start : start + batch_size]
            keep, *values = row.tolist()
            values, rates = values[:n_scalars], values[n_scalars:]
            noise, dropout = (rates[0], rates[1:]) if self.draws else (0.0, [])
            taken = spec.training.step(
                self.network,
                self.rule.kind,
                self.parameters,
                self.slots,
                self.data.rows(index),
                _scalars(self.rule)(*values),
                keep,
                self.alpha,
                self.penalties,
                Draws(self.seed, first_step + self.n_done, noise, dropout),
                measured and start + batch_size >= len(order),
            )
            # One assignment, so that an interrupt finds parameters and slots of the same step.
            self.parameters, self.slots, self.n_done = taken[2], taken[3], self.n_done + 1
            self.seen = taken.measures
            loss += taken.loss * len(index)
            penalty += taken.penalty * len(index)
        return loss, penalty

    def measures(self) -> Measures | None:
        """Return what the last measured step revealed."""
        return self.seen

    def losses(self, data: Data) -> float:
        """Return the mean data loss of the present parameters for other samples."""
        network = self.network
        passed = spec.network.forward(network, self.parameters, data.x)
        head = spec.losses.head(network.output, network.loss_name)
        per_sample = head.value(passed.layers[-1].h, data.y, **network.loss_options)
        return float(spec.losses.mean_loss(per_sample, data.weights, data.factors))

    def predict(self, x: Any) -> np.ndarray:
        """Return the predictions of the present parameters."""
        return spec.network.predict(self.network, self.parameters, x)

    def finite(self) -> bool:
        """Return whether all parameters are finite."""
        return all(bool(np.isfinite(p).all()) for own in self.parameters for p in own)

    def keep(self, name: str) -> None:
        """Keep parameters and slots under a name."""
        self.kept[name] = self.parameters, self.slots

    def recall(self, name: str) -> None:
        """Go back to what was kept under a name."""
        self.parameters, self.slots = self.kept[name]

    def read_parameters(self) -> Parameters:
        """Return copies of the parameters alone."""
        return [tuple(p.copy() for p in own) for own in self.parameters]

    def read(self) -> tuple[Parameters, Slots]:
        """Return copies of parameters and slots."""
        slots = [[tuple(s.copy() for s in state) for state in own] for own in self.slots]
        return self.read_parameters(), slots

    def close(self) -> None:
        """Nothing is held."""


class ReferencePredictor:
    """Predicts by `lamina.spec.network.predict`."""

    def __init__(self, network: Network, parameters: Parameters) -> None:
        self.network = network
        self.parameters = [tuple(p.copy() for p in own) for own in parameters]

    def __call__(self, x: Any) -> np.ndarray:
        """Return the predictions for x."""
        return spec.network.predict(self.network, self.parameters, x)


class ReferenceSampleLosses:
    """Runs `lamina.spec.network.forward` and the loss on top of it."""

    def __init__(self, network: Network, data: Data) -> None:
        self._network, self._data = network, data

    def __call__(self, parameters: Parameters) -> np.ndarray:
        """Return the loss of each sample."""
        network = self._network
        z = spec.network.forward(network, parameters, self._data.x).layers[-1].h
        head = spec.losses.head(network.output, network.loss_name)
        return head.value(z, self._data.y, **network.loss_options).astype(np.float64)


class ReferenceObjective:
    """Runs `lamina.spec.network.backward` on all samples at once."""

    def __init__(self, network: Network, data: Data, alpha: float) -> None:
        self._network, self._data, self._alpha = network, data, alpha

    def __call__(self, parameters: Parameters) -> tuple[float, float, Parameters]:
        """Return mean data loss, penalty and the gradients of their sum."""
        network, (x, y, weights, factors), alpha = self._network, self._data, self._alpha
        passed = spec.network.forward(network, parameters, x)
        result = spec.network.backward(network, parameters, passed, y, weights, alpha, factors)
        total = len(y) if weights is None else float(weights.sum())
        loss = float(spec.losses.mean_loss(result.loss, weights, factors))
        return loss, spec.network.penalty(parameters, alpha) / total, result.gradients

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class ReferenceEngine:
    """Runs any plan by the functions of `lamina.spec`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Network
    >>> from lamina.engines import ReferenceEngine
    >>> network = Network.mlp(2, [3], 1)
    >>> ReferenceEngine().predictor(network, network.initialize(0))(np.zeros((4, 2))).shape
    (4, 1)
    """

    name = "reference"

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
    ) -> ReferenceTrainer:
        """Return a trainer."""
        return ReferenceTrainer(network, rule, parameters, slots, data, alpha, regularization, seed)

    def predictor(self, network: Network, parameters: Parameters) -> ReferencePredictor:
        """Return a predictor."""
        return ReferencePredictor(network, parameters)

    def forward(self, network: Network, dtype: Any) -> Forward:
        """Return a function that has no quick way."""
        return lambda x, coefs, intercepts, n_threads=None: None

    def losses(self, network: Network, data: Data) -> ReferenceSampleLosses:
        """Return the loss of each sample as a function of the parameters."""
        return ReferenceSampleLosses(network, data)

    def objective(self, network: Network, data: Data, alpha: float) -> ReferenceObjective:
        """Return the loss over all samples as a function of the parameters."""
        return ReferenceObjective(network, data, alpha)


def _scalars(rule: Rule) -> Any:
    return rule.kind.Scalars
