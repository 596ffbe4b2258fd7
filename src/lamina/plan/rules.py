"""Update rules of a plan. Their equations are in `lamina.spec.rules`, one file each.

A rule holds its own options; the learning rate belongs to the training. Weights start as given,
slots as zeros. Every option that is named like one of scikit-learn's estimators has its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from lamina.plan import checks
from lamina.plan.rule import Rule, WeightDecay
from lamina.plan.schedule import Clock, Schedule, check_place, in_place
from lamina.spec import rules
from lamina.spec.arrays import Numbers


@dataclass(frozen=True, repr=False)
class GradientDescent(Rule):
    """``w <- w - eta grad`` (note 002 §3.3).

    Examples
    --------
    >>> from lamina import GradientDescent
    >>> GradientDescent()
    GradientDescent()
    """

    kind: ClassVar[ModuleType] = rules.gradient_descent

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate)


@dataclass(frozen=True, repr=False)
class _WithMomentum(Rule):
    momentum: float | Schedule = 0.9

    def __post_init__(self) -> None:
        check_place("momentum", self.momentum, "[0, 1]")

    def beta(self, clock: Clock) -> Numbers:
        """Return the momentum at the steps of an epoch."""
        return in_place("momentum", self.momentum, "[0, 1]", clock)


@dataclass(frozen=True, repr=False)
class Momentum(_WithMomentum):
    """``u <- beta u + grad``, ``w <- w - eta u`` (note 002 §5.1).

    Parameters
    ----------
    momentum : float in [0, 1] or Schedule, default=0.9
        beta; for instance `MomentumRamp`.

    Examples
    --------
    >>> from lamina import Momentum, MomentumRamp
    >>> Momentum(MomentumRamp(initial=0.95))
    Momentum(momentum=MomentumRamp(initial=0.95))
    """

    kind: ClassVar[ModuleType] = rules.momentum

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars_outside(t, rate, self.beta(clock))


@dataclass(frozen=True, repr=False)
class SGD(_WithMomentum):
    """scikit-learn's "sgd": momentum with the learning rate inside, Nesterov's step by default.

    ``u <- beta u + eta grad``; ``w <- w - u``, or ``w <- w - (beta u + eta grad)``.

    Parameters
    ----------
    momentum : float in [0, 1] or Schedule, default=0.9
    nesterovs_momentum : bool, default=True

    Examples
    --------
    >>> from lamina import SGD
    >>> SGD(nesterovs_momentum=False)
    SGD(nesterovs_momentum=False)
    """

    nesterovs_momentum: bool = True
    kind: ClassVar[ModuleType] = rules.momentum

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.flag("nesterovs_momentum", self.nesterovs_momentum)

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars_inside(t, rate, self.beta(clock), self.nesterovs_momentum)


@dataclass(frozen=True, repr=False)
class Nesterov(_WithMomentum):
    """Nesterov's accelerated gradient, the gradient taken at ``w - eta beta u`` (note 002 §5.2).

    Parameters
    ----------
    momentum : float in [0, 1] or Schedule, default=0.9

    Examples
    --------
    >>> from lamina import Nesterov
    >>> Nesterov(0.95)
    Nesterov(momentum=0.95)
    """

    kind: ClassVar[ModuleType] = rules.nesterov

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate, self.beta(clock))


@dataclass(frozen=True, repr=False)
class AdaGrad(Rule):
    """Learning rates that fall with the sum of squared gradients (note 002 §6; Duchi, 2011).

    Parameters
    ----------
    epsilon : float in (0, inf), default=1e-8
    epsilon_inside : bool, default=True
        Whether epsilon stands inside the square root (the note) or beside it (PyTorch).

    Examples
    --------
    >>> from lamina import AdaGrad
    >>> AdaGrad(epsilon_inside=False)
    AdaGrad(epsilon_inside=False)
    """

    epsilon: float = 1e-8
    epsilon_inside: bool = True
    kind: ClassVar[ModuleType] = rules.adagrad

    def __post_init__(self) -> None:
        checks.real("epsilon", self.epsilon, "(0, inf)")
        checks.flag("epsilon_inside", self.epsilon_inside)

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate, self.epsilon, self.epsilon_inside)


@dataclass(frozen=True, repr=False)
class RMSProp(Rule):
    """AdaGrad with a running average of the squares (note 002 §6; Tieleman and Hinton, 2012).

    Parameters
    ----------
    beta : float in [0, 1), default=0.9
    epsilon : float in (0, inf), default=1e-8
    epsilon_inside : bool, default=True
        Whether epsilon stands inside the square root (the note, optax) or beside it (PyTorch).

    Examples
    --------
    >>> from lamina import RMSProp
    >>> RMSProp(beta=0.99)
    RMSProp(beta=0.99)
    """

    beta: float = 0.9
    epsilon: float = 1e-8
    epsilon_inside: bool = True
    kind: ClassVar[ModuleType] = rules.rmsprop

    def __post_init__(self) -> None:
        checks.real("beta", self.beta, "[0, 1)")
        checks.real("epsilon", self.epsilon, "(0, inf)")
        checks.flag("epsilon_inside", self.epsilon_inside)

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate, self.beta, self.epsilon, self.epsilon_inside)


@dataclass(frozen=True, repr=False)
class AdaDelta(Rule):
    """Steps from two running averages, without a learning rate (note 002 §6; Zeiler, 2012).

    The learning rate of the training has no effect on it.

    Parameters
    ----------
    beta : float in [0, 1), default=0.95
    epsilon : float in (0, inf), default=1e-6

    Examples
    --------
    >>> from lamina import AdaDelta
    >>> AdaDelta()
    AdaDelta()
    """

    beta: float = 0.95
    epsilon: float = 1e-6
    kind: ClassVar[ModuleType] = rules.adadelta

    def __post_init__(self) -> None:
        checks.real("beta", self.beta, "[0, 1)")
        checks.real("epsilon", self.epsilon, "(0, inf)")

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate, self.beta, self.epsilon)


@dataclass(frozen=True, repr=False)
class _OfTwoBetas(Rule):
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        checks.real("beta_1", self.beta_1, "[0, 1)")
        checks.real("beta_2", self.beta_2, "[0, 1)")
        checks.real("epsilon", self.epsilon, "(0, inf)")

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate, self.beta_1, self.beta_2, self.epsilon)


@dataclass(frozen=True, repr=False)
class Adam(_OfTwoBetas):
    """Adaptive moments (note 002 §6; Kingma and Ba, 2015).

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
    epsilon : float in (0, inf), default=1e-8
    corrected : bool, default=True
        Whether epsilon stands beside the bias-corrected root (the note, the paper's algorithm 1,
        PyTorch) or beside the plain one (scikit-learn). ``solver="adam"`` sets False.

    Examples
    --------
    >>> from lamina import Adam
    >>> Adam(beta_2=0.99)
    Adam(beta_2=0.99)
    """

    corrected: bool = True
    kind: ClassVar[ModuleType] = rules.adam

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.flag("corrected", self.corrected)

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate, self.beta_1, self.beta_2, self.epsilon, self.corrected)


@dataclass(frozen=True, repr=False)
class AdaMax(_OfTwoBetas):
    """Adam with a running maximum for the second moment (note 002 §6; Kingma and Ba, 2015).

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
    epsilon : float in (0, inf), default=1e-8

    Examples
    --------
    >>> from lamina import AdaMax
    >>> AdaMax(beta_1=0.8)
    AdaMax(beta_1=0.8)
    """

    kind: ClassVar[ModuleType] = rules.adamax


@dataclass(frozen=True, repr=False)
class NAdam(_OfTwoBetas):
    """Adam with Nesterov's step (Dozat, 2016; note 002 §6).

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
    epsilon : float in (0, inf), default=1e-8

    Examples
    --------
    >>> from lamina import NAdam
    >>> NAdam(epsilon=1e-7)
    NAdam(epsilon=1e-07)
    """

    kind: ClassVar[ModuleType] = rules.nadam


@dataclass(frozen=True, repr=False)
class MaxProp(Rule):
    """RMSProp with a running maximum (note 002 §6).

    Parameters
    ----------
    beta : float in [0, 1), default=0.9
    epsilon : float in (0, inf), default=1e-8

    Examples
    --------
    >>> from lamina import MaxProp
    >>> MaxProp(beta=0.95)
    MaxProp(beta=0.95)
    """

    beta: float = 0.9
    epsilon: float = 1e-8
    kind: ClassVar[ModuleType] = rules.maxprop

    def __post_init__(self) -> None:
        checks.real("beta", self.beta, "[0, 1)")
        checks.real("epsilon", self.epsilon, "(0, inf)")

    def scalars(self, t: Numbers, rate: Numbers, clock: Clock) -> tuple[Numbers, ...]:
        """Return the scalars of the steps t."""
        return self.kind.scalars(t, rate, self.beta, self.epsilon)


def AdamW(  # noqa: N802 (the field's name for it)
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    strength: float | Schedule = 0.01,
) -> WeightDecay:
    """Return `Adam` with decoupled weight decay (Loshchilov and Hutter, 2019).

    Parameters
    ----------
    beta_1, beta_2, epsilon
        As for `Adam`.
    strength : float in [0, inf) or Schedule, default=0.01
        As for `WeightDecay`.

    Examples
    --------
    >>> from lamina import AdamW
    >>> AdamW(beta_2=0.99, strength=0.1)
    WeightDecay(rule=Adam(beta_2=0.99), strength=0.1)
    """
    return WeightDecay(Adam(beta_1, beta_2, epsilon), strength)


RULES: dict[str, Any] = {
    "gradient_descent": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSProp,
    "adadelta": AdaDelta,
    "adam": Adam,
    "adamw": AdamW,
    "adamax": AdaMax,
    "maxprop": MaxProp,
    "nadam": NAdam,
    "sgd": SGD,
}
