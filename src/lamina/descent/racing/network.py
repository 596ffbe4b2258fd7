"""A network's own loss to race on: the same first weights and the same batches for all."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from threading import Event
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from lamina.descent.racing.entries import PLATEAU, waits
from lamina.descent.racing.grounds import Laps
from lamina.diagnosis import inputs
from lamina.diagnosis.surface import MeanLoss
from lamina.diagnosis.surface.flat import flatten, unflatten
from lamina.diagnosis.surface.losses import in_threads
from lamina.engines import Data, default_engine, engine_info
from lamina.engines.protocol import Parameters
from lamina.estimators import translate
from lamina.estimators.base import BaseMLP
from lamina.plan import Constant, Network, Rule, Schedule, Training, checks, places
from lamina.plan.rules import RULES
from lamina.training import Outcome, State, Watch, fit


class NetworkGround:
    """The training loss of a network, a point per epoch."""

    unit, lowest, rounds = "epoch", np.nan, 1
    window = optima = marks = None  # a network's loss has a floor that nobody knows

    def __init__(
        self,
        name: str,
        network: Network,
        training: Training,
        data: Data,
        random: np.random.RandomState,
        parameters: Parameters,
        epochs: int,
        seed: int,
        n_threads: int | None = None,
    ) -> None:
        self.name, self.network, self.data, self.seed = name, network, data, seed
        self.training = replace(
            training, max_iter=epochs, tol=0.0, n_iter_no_change=np.inf, early_stopping=False
        )
        self._parameters, self._drawn, self._n_threads = parameters, random.get_state(), n_threads
        self._steps = -(-len(data.y) // training.batch_of(len(data.y)))
        self.schedule: Schedule | None = None
        self._options: Any = None  # the estimator's, which a rule by name takes
        if not np.isfinite(self._mean_loss(parameters)):
            expected = f"targets whose {network.loss_name} loss is finite at the first weights"
            raise checks.fail("y", expected, data.y)

    @classmethod
    def of_estimator(
        cls, estimator: BaseMLP, X: Any, y: Any, seed: int, epochs: int
    ) -> NetworkGround:
        """Return the ground of a clone of an estimator, prepared as its `fit` does."""
        trial = clone(estimator).set_params(
            solver="sgd",  # takes every option; each runner brings its own rule
            learning_rate="constant",
            random_state=seed,
            early_stopping=False,
            warm_start=False,
            callbacks=None,
            scoring=None,
            diagnose=False,
            verbose=False,
        )
        training, data, random = trial._prepare(X, y, None, False, None)
        own = cls(
            type(estimator).__name__,
            trial.network_,
            training,
            trial._weighed(data),
            random,
            trial._state.parameters,
            epochs,
            seed,
            estimator.n_threads,
        )
        own._options, schedule = clone(trial), translate.schedule_of(estimator)
        own.schedule = None if schedule == Constant() else schedule
        return own

    @classmethod
    def of_network(
        cls, network: Network, X: Any, y: Any, seed: int, epochs: int, training: Any
    ) -> NetworkGround:
        """Return the ground of a network of the plan, in float64."""
        training = Training() if training is None else training
        checks.kind("training", training, Training, "a Training or None")
        X, y = inputs.matrix("X", X, network.n_inputs), inputs.matrix("y", y, network.n_outputs)
        inputs.targets(network, y)
        if len(X) != len(y):
            raise checks.fail("y", f"of {len(X)} rows as X is", y.shape)
        random = np.random.RandomState(seed)
        parameters = network.initialize(random)
        name = f"{repr(network).split(',')[0]})"  # without the loss
        return cls(name, network, training, Data(X, y), random, parameters, epochs, seed)

    def __getstate__(self) -> dict[str, Any]:
        """Return all but what an engine made."""
        return {name: own for name, own in vars(self).items() if name != "_mean_loss"}

    @cached_property
    def _mean_loss(self) -> MeanLoss:
        run = default_engine(1).losses(self.network, self.data)
        return MeanLoss(run, self.data, self.training.loss_scale)

    def rule(self, given: Rule | str) -> Rule:
        """Return the rule; by its name with the estimator's options, else with its own."""
        if self._options is not None:
            return translate.rule_of(self._options.set_params(solver=given))
        return RULES[given]() if isinstance(given, str) else given

    def check(self, rule: Rule, schedule: Schedule | None) -> None:
        """Raise ArgumentError if the training loop could not run this."""
        training = self._training(rule, schedule, 1.0)
        for own in places.schedules_in([training.rule, training.regularization]):
            if waits(own):
                raise checks.fail("every schedule in rules and problem", PLATEAU, own)

    def run(self, rule: Rule, schedule: Schedule | None, rate: float) -> Laps:
        """Train from the first weights."""
        training = self._training(rule, schedule, rate)
        random = np.random.RandomState()
        random.set_state(self._drawn)
        state = State(self._parameters)  # which a trainer copies
        keeper = _Keeper()
        watch = replace(Watch.loss(training), evaluate=keeper, rehearse=True)
        engine = default_engine(self._n_threads)
        outcome = fit(engine, self.network, training, state, self.data, random, watch)
        if outcome is Outcome.INTERRUPTED:  # which the loop takes for a wish to keep the weights
            raise KeyboardInterrupt
        points, history = np.array(keeper.points), state.history
        n = len(points) - 1
        return Laps(
            points,
            self._steps * np.arange(n + 1),
            self.losses(points),
            np.concatenate([[0.0], np.cumsum(history.seconds[:n])]),
            f"epoch {n + 1}: {outcome.value}" if outcome.failed else "",
            np.array(history.loss[:n]),
        )

    def losses(self, points: np.ndarray) -> np.ndarray:
        """Return the mean loss of all samples at each row of `points`, without penalties.

        Each is one thread's, so that the numbers have the same bits for any number of them.
        """
        shapes, dtype = self.network.shapes, self._parameters[0][0].dtype

        def loss(point: np.ndarray, stop: Event) -> float:
            if stop.is_set():
                return np.nan
            with np.errstate(all="ignore"):  # far away numbers are too large for float32
                return self._mean_loss(unflatten(point, shapes, dtype))

        return np.array(in_threads(loss, list(points), self._n_threads or engine_info().threads))

    def _training(self, rule: Rule, schedule: Schedule | None, rate: float) -> Training:
        own = Constant() if schedule is None else schedule
        return replace(self.training, rule=rule, learning_rate=own, learning_rate_init=rate)


class _Keeper:
    """Keeps the parameters before the first epoch and after each: what a `Watch` calls."""

    def __init__(self) -> None:
        self.points: list[np.ndarray] = []

    def try_out(self, trainer: Any) -> None:
        """Keep the first ones."""
        parameters = trainer.read()[0]
        self.points.append(flatten(parameters).astype(parameters[0][0].dtype))

    def __call__(self, trainer: Any) -> dict[str, float]:
        """Keep those of an epoch's end."""
        self.try_out(trainer)
        return {}


def seed_of(random_state: Any, estimator: Any = None) -> int:
    """Return the seed of all runners: a whole number as it is, else one that is drawn."""
    own = getattr(estimator, "random_state", None) if random_state is None else random_state
    if isinstance(own, (int, np.integer)) and not isinstance(own, bool):
        checks.integer("random_state", own, "[0, 4294967295]")
        return int(own)
    try:
        random = check_random_state(own)
    except ValueError:
        expected = "an integer in [0, 4294967295], a RandomState or None"
        raise checks.fail("random_state", expected, own) from None
    return int(random.randint(2**31 - 1))
