"""What keeps a network from learning its samples by heart, as one object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.plan import checks
from lamina.plan.rule import Rule, WeightDecay
from lamina.plan.schedule import Clock, Schedule, check_place, in_place
from lamina.spec.regularization import Penalties


@dataclass(frozen=True, repr=False, kw_only=True)
class Regularization:
    """Dropout, noise, penalties, weight decay, clipping and max-norm.

    A penalty means the same for every batch size: the objective is the mean loss plus
    ``l1 sum |W| + ½ l2 sum W^2``. (scikit-learn's ``alpha`` is divided by the batch's size.)
    Biases are neither penalised nor bounded. In a step the penalties are added to the gradient,
    then come `clip_value`, `clip_norm`, the weight decay, which is not clipped, the rule's step and
    `max_norm`. What is dropped is the same for every engine, instruction set and number of threads.

    Parameters
    ----------
    dropout : float in [0, 1), Schedule, or a sequence of them, default=0.0
        Probability that a hidden unit is dropped for a step; the others are multiplied by
        ``1 / (1 - dropout)`` (Srivastava et al., 2014). A sequence has one for each hidden layer.
        Rounded to a multiple of 1/65536.
    input_dropout : float in [0, 1) or Schedule, default=0.0
        The same for the inputs.
    input_noise : float in [0, inf) or Schedule, default=0.0
        Standard deviation of normal noise on every input (Bishop, 1995). Not for sparse X.
    l1, l2 : float in [0, inf), default=0.0
        Strengths of the penalties.
    weight_decay : float in [0, inf) or Schedule, default=0.0
        Decoupled: ``w <- (1 - eta weight_decay) w`` before each update (`WeightDecay`).
    max_norm : float in (0, inf] , default=inf
        Largest length of the weights that come into a unit, after each update.
    clip_value : float in (0, inf], default=inf
        Each entry of the gradient is cut to [-clip_value, clip_value].
    clip_norm : float in (0, inf], default=inf
        Largest length of the whole gradient, after that (Pascanu et al., 2013).

    Raises
    ------
    ArgumentError
        If an option is out of range; at the start of training if `dropout` has not one entry per
        hidden layer.

    Examples
    --------
    >>> from lamina import MLPClassifier, Regularization
    >>> own = Regularization(dropout=0.5, input_dropout=0.1, clip_norm=1.0)
    >>> own
    Regularization(dropout=0.5, input_dropout=0.1, clip_norm=1.0)
    >>> model = MLPClassifier(regularization=own)
    """

    dropout: float | Schedule | Sequence[float | Schedule] = 0.0
    input_dropout: float | Schedule = 0.0
    input_noise: float | Schedule = 0.0
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float | Schedule = 0.0
    max_norm: float = math.inf
    clip_value: float = math.inf
    clip_norm: float = math.inf

    def __post_init__(self) -> None:
        if hasattr(self.dropout, "__len__"):
            own = checks.entries("dropout", self.dropout, "a number or a sequence of numbers")
            object.__setattr__(self, "dropout", own)
            for rate in own:
                check_place("every entry of dropout", rate, "[0, 1)")
        else:
            check_place("dropout", self.dropout, "[0, 1)")
        check_place("input_dropout", self.input_dropout, "[0, 1)")
        check_place("input_noise", self.input_noise, "[0, inf)")
        check_place("weight_decay", self.weight_decay, "[0, inf)")
        checks.real("l1", self.l1, "[0, inf)")
        checks.real("l2", self.l2, "[0, inf)")
        for name in ("max_norm", "clip_value", "clip_norm"):
            checks.real(name, getattr(self, name), "(0, inf]")

    @property
    def penalties(self) -> Penalties:
        """What a step does to gradients and weights."""
        own = (self.l1, self.l2, self.clip_value, self.clip_norm, self.max_norm)
        return Penalties(*(float(value) for value in own))

    @property
    def draws(self) -> bool:
        """Whether a step needs random numbers."""
        return any(rate != 0 for rate in self._rates(1))

    def check_layers(self, n_hidden: int) -> None:
        """Raise ArgumentError if `dropout` is a sequence for another number of hidden layers."""
        if isinstance(self.dropout, tuple) and len(self.dropout) != n_hidden:
            expected = f"a number, or a sequence of {n_hidden}, one per hidden layer"
            raise checks.fail("dropout", expected, self.dropout)

    def columns(self, n_hidden: int, clock: Clock) -> np.ndarray:
        """Return the noise and the probabilities of dropout at the steps of an epoch.

        Of shape (n_steps, 2 + n_hidden): noise, dropout of the inputs, of each hidden layer.
        """
        self.check_layers(n_hidden)
        places = [("input_noise", "[0, inf)"), ("input_dropout", "[0, 1)")]
        places += [("dropout", "[0, 1)")] * n_hidden
        table = np.empty((clock.n_steps, len(places)))
        for j, (place, rate) in enumerate(zip(places, self._rates(n_hidden), strict=True)):
            table[:, j] = in_place(place[0], rate, place[1], clock)
        return table

    @property
    def scheduled(self) -> bool:
        """Whether one of the options follows a schedule."""
        return any(isinstance(rate, Schedule) for rate in [*self._rates(1), self.weight_decay])

    def around(self, rule: Rule) -> Rule:
        """Return the rule with this weight decay."""
        if self.weight_decay == 0:
            return rule
        if isinstance(rule, WeightDecay):
            raise checks.fail(
                "weight_decay", "0 for a rule with weight decay of its own", self.weight_decay
            )
        return WeightDecay(rule, self.weight_decay)

    def _rates(self, n_hidden: int) -> list[Any]:
        """Return noise, dropout of the inputs, and a sequence's entries or one n_hidden times."""
        own = self.dropout
        hidden = own if isinstance(own, tuple) else (own,) * n_hidden
        return [self.input_noise, self.input_dropout, *hidden]

    __repr__ = checks.short_repr
