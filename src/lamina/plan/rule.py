"""What every update rule is, and decoupled weight decay around any of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np

from lamina.plan import checks
from lamina.plan.schedule import Clock, Schedule, check_place, in_place
from lamina.spec import rules
from lamina.spec.arrays import Numbers


@dataclass(frozen=True, repr=False)
class Rule(ABC):
    """Base of all rules: which file of the spec they are, and their scalars over an epoch."""

    kind: ClassVar[ModuleType]

    @abstractmethod
    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t (counted from 1) at the learning rate `rate`."""

    def keep(self, rate: Numbers, clock: Clock) -> Numbers:
        """Return the factor of the weights before each update: 1 without weight decay."""
        return 1.0

    @property
    def scheduled(self) -> bool:
        """Whether the table depends on more of the clock than the step.

        By default, whether an option follows a schedule of its own. A rule whose `scalars` read
        epochs or samples otherwise must say True, or tables made ahead would be stale.
        """
        return any(
            isinstance(option, Schedule) or (isinstance(option, Rule) and option.scheduled)
            for option in vars(self).values()
        )

    def table(self, rate: Numbers, clock: Clock) -> np.ndarray:
        """Return all that an engine needs to know of an epoch's steps.

        One row per step, float64: the factor of weight decay, then the rule's scalars.
        """
        t = np.arange(clock.step + 1, clock.step + clock.n_steps + 1)
        columns = (self.keep(rate, clock), *self.scalars(t, rate, clock))
        table = np.empty((clock.n_steps, len(columns)))
        for j, column in enumerate(columns):
            table[:, j] = column
        return table

    __repr__ = checks.short_repr


@dataclass(frozen=True, repr=False)
class WeightDecay(Rule):
    """A rule with decoupled weight decay: ``w <- (1 - eta strength) w`` before its update.

    Weights decay, biases do not. Around `Adam` it is AdamW (Loshchilov and Hutter, 2019).

    Parameters
    ----------
    rule : Rule
    strength : float in [0, inf) or Schedule, default=0.01

    Examples
    --------
    >>> from lamina import AdamW, Momentum, WeightDecay
    >>> WeightDecay(Momentum(), 0.001)
    WeightDecay(rule=Momentum(), strength=0.001)
    >>> AdamW(strength=0.1)
    WeightDecay(rule=Adam(), strength=0.1)
    """

    rule: Rule
    strength: float | Schedule = 0.01

    def __post_init__(self) -> None:
        checks.kind("rule", self.rule, Rule, "a Rule")
        if isinstance(self.rule, WeightDecay):
            raise checks.fail("rule", "a rule without weight decay of its own", self.rule)
        check_place("strength", self.strength, "[0, inf)")

    @property
    def kind(self) -> ModuleType:  # type: ignore[override]
        """The file of the spec of the rule within."""
        return self.rule.kind

    def keep(self, rate: Numbers, clock: Clock) -> Numbers:
        """Return the factor of the weights before each update."""
        strength = in_place("strength", self.strength, "[0, inf)", clock)
        return rules.weight_decay.keep(rate, strength)

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the rule within."""
        return self.rule.scalars(t, rate, clock)
