"""Losses of a plan. Their equations are in `lamina.spec.losses`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np

from lamina.plan import checks


@dataclass(frozen=True, repr=False)
class Loss:
    """Base of all losses. Its `name` is its name in `lamina.spec.losses`."""

    name: ClassVar[str]

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Refuse the base itself, which has no equation."""
        if cls is Loss:
            raise TypeError("Loss is the base of all losses: take one of them, as SquaredError")
        return super().__new__(cls)

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the loss's functions."""
        return asdict(self)

    def numbers(self, n_outputs: int) -> list[float]:
        """Return the options as an engine takes them: numbers in an order of the loss's own."""
        return [float(value) for value in self.options.values()]

    __repr__ = checks.short_repr


@dataclass(frozen=True, repr=False)
class SquaredError(Loss):
    """``½ sum_j (h_j - y_j)^2`` for one sample (notes 002 §4.2, 003 §4.5).

    Examples
    --------
    >>> from lamina import SquaredError
    >>> SquaredError()
    SquaredError()
    """

    name: ClassVar[str] = "squared_error"


@dataclass(frozen=True, repr=False)
class AbsoluteError(Loss):
    """``sum_j |h_j - y_j|``: its minimiser is the median.

    Examples
    --------
    >>> from lamina import Network
    >>> Network.mlp(4, [8], 1, loss="absolute_error")
    Network(4 -> 8 relu -> 1 identity, AbsoluteError())
    """

    name: ClassVar[str] = "absolute_error"


@dataclass(frozen=True, repr=False)
class Huber(Loss):
    """``½ r^2`` up to ``|r| = width``, linear beyond (Huber, 1964).

    Parameters
    ----------
    width : float in (0, inf), default=1.0
        Where the parabola turns into a line, in units of the target.

    Examples
    --------
    >>> from lamina import Huber, Network
    >>> Network.mlp(4, [8], 1, loss=Huber(width=0.5))
    Network(4 -> 8 relu -> 1 identity, Huber(width=0.5))
    """

    width: float = 1.0
    name: ClassVar[str] = "huber"

    def __post_init__(self) -> None:
        checks.real("width", self.width, "(0, inf)")


@dataclass(frozen=True, repr=False)
class Quantile(Loss):
    """Pinball loss: its minimiser is the quantile `level` (Koenker and Bassett, 1978).

    Parameters
    ----------
    level : float in (0, 1), default=0.5

    Examples
    --------
    >>> from lamina import Quantile
    >>> Quantile(0.9)
    Quantile(level=0.9)
    """

    level: float = 0.5
    name: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        checks.real("level", self.level, "(0, 1)")


@dataclass(frozen=True, repr=False)
class Quantiles(Loss):
    """Several quantiles of one target at once, which never cross.

    It goes with the output "ascending": the first quantile is z_0, each other the one before plus
    ``softplus(z_j)``. The loss is the sum of their pinball losses.

    Parameters
    ----------
    levels : sequence of float in (0, 1), default=(0.1, 0.5, 0.9)
        Ascending; the network has an output for each.

    Examples
    --------
    >>> from lamina import Network, Quantiles
    >>> Network.mlp(4, [8], 2, output="ascending", loss=Quantiles((0.25, 0.75)))
    Network(4 -> 8 relu -> 2 ascending, Quantiles(levels=(0.25, 0.75)))
    """

    levels: Sequence[float] = (0.1, 0.5, 0.9)
    name: ClassVar[str] = "quantiles"

    def __post_init__(self) -> None:
        expected = "an ascending sequence of numbers in (0, 1)"
        given = checks.entries("levels", self.levels, expected)
        for level in given:
            checks.real("every entry of levels", level, "(0, 1)")
        levels = tuple(float(level) for level in given)
        if not levels or any(a >= b for a, b in pairwise(levels)):
            raise checks.fail("levels", expected, self.levels)
        object.__setattr__(self, "levels", levels)

    def numbers(self, n_outputs: int) -> list[float]:
        """Return the levels."""
        if len(self.levels) != n_outputs:
            raise checks.fail("levels", f"of {n_outputs} entries, one per output", self.levels)
        return list(self.levels)


@dataclass(frozen=True, repr=False)
class CrossEntropy(Loss):
    """``-sum_j y_j ln p_j`` for the softmax output (note 003 §4.4).

    Parameters
    ----------
    floor : float in [0, 0.5), default=0.0
        Probabilities are cut to [floor, 1 - floor] before the logarithm. The estimators set the
        machine epsilon of their dtype, as scikit-learn does; 0 gives the exact loss.
    smoothing : float in [0, 1), default=0.0
        Labels are drawn towards all k classes alike: ``(1 - smoothing) y + smoothing / k``
        (Szegedy et al., 2016).

    Examples
    --------
    >>> from lamina import CrossEntropy, Network
    >>> Network.mlp(4, [], 3, output="softmax").loss == CrossEntropy()
    True
    """

    floor: float = 0.0
    smoothing: float = 0.0
    name: ClassVar[str] = "cross_entropy"

    def __post_init__(self) -> None:
        checks.real("floor", self.floor, "[0, 0.5)")
        checks.real("smoothing", self.smoothing, "[0, 1)")

    def numbers(self, n_outputs: int) -> list[float]:
        """Return the floor, the factor of y and what is added to it."""
        return _smoothed(self, 1 / n_outputs)


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss):
    """``-sum_j [a_j y_j ln p_j + b_j (1 - y_j) ln(1 - p_j)]``, logistic outputs (note 002 §4.2).

    Parameters
    ----------
    floor : float in [0, 0.5), default=0.0
        As in `CrossEntropy`.
    smoothing : float in [0, 1), default=0.0
        Labels are drawn towards ½: ``(1 - smoothing) y + smoothing / 2``.
    positive, negative : sequence of float in [0, inf) or None, default=None
        Weights a and b of each output's y = 1 and y = 0; both or neither; None: 1.

    Examples
    --------
    >>> from lamina import BinaryCrossEntropy, Network
    >>> Network.mlp(4, [], 1, output="logistic").loss == BinaryCrossEntropy()
    True
    """

    floor: float = 0.0
    smoothing: float = 0.0
    positive: Sequence[float] | None = None
    negative: Sequence[float] | None = None
    name: ClassVar[str] = "binary_cross_entropy"

    def __post_init__(self) -> None:
        checks.real("floor", self.floor, "[0, 0.5)")
        checks.real("smoothing", self.smoothing, "[0, 1)")
        if (self.positive is None) != (self.negative is None):
            missing = "negative" if self.negative is None else "positive"
            raise checks.fail(missing, "given with the other one", None)
        for name in ("positive", "negative"):
            own = getattr(self, name)
            if own is None:
                continue
            given = checks.entries(name, own, "a sequence of numbers, one per output")
            for weight in given:
                checks.real(f"every entry of {name}", weight, "[0, inf)")
            object.__setattr__(self, name, tuple(float(weight) for weight in given))

    def numbers(self, n_outputs: int) -> list[float]:
        """Return floor, factor of y, what is added to it, and the weights if there are any."""
        weights: list[float] = []
        for name in ("positive", "negative"):
            own = getattr(self, name)
            if own is not None and len(own) != n_outputs:
                raise checks.fail(name, f"of {n_outputs} entries, one per output", own)
            weights += own or ()
        return [*_smoothed(self, 0.5), *weights]


def _smoothed(loss: CrossEntropy | BinaryCrossEntropy, share: float) -> list[float]:
    return [float(loss.floor), 1.0 - loss.smoothing, loss.smoothing * share]


@dataclass(frozen=True, repr=False)
class Focal(Loss):
    """``-sum_j y_j (1 - p_j)^gamma ln p_j`` for the softmax output (Lin et al., 2017).

    Samples that are right already count less than in cross-entropy.

    Parameters
    ----------
    gamma : float in [0, inf), default=2.0
        0 gives cross-entropy.

    Examples
    --------
    >>> from lamina import Focal, MLPClassifier
    >>> MLPClassifier(loss=Focal(gamma=1.5))
    MLPClassifier(loss=Focal(gamma=1.5))
    """

    gamma: float = 2.0
    name: ClassVar[str] = "focal"

    def __post_init__(self) -> None:
        checks.real("gamma", self.gamma, "[0, inf)")


@dataclass(frozen=True, repr=False)
class BinaryFocal(Loss):
    """``-sum_j [y_j (1 - p_j)^gamma ln p_j + (1 - y_j) p_j^gamma ln(1 - p_j)]``, logistic outputs.

    Parameters
    ----------
    gamma : float in [0, inf), default=2.0
        0 gives binary cross-entropy.

    Examples
    --------
    >>> from lamina import BinaryFocal, Network
    >>> Network.mlp(4, [], 1, output="logistic", loss=BinaryFocal())
    Network(4 -> 1 logistic, BinaryFocal())
    """

    gamma: float = 2.0
    name: ClassVar[str] = "binary_focal"

    def __post_init__(self) -> None:
        checks.real("gamma", self.gamma, "[0, inf)")


@dataclass(frozen=True, repr=False)
class Poisson(Loss):
    """Half the Poisson deviance for the output ``exp(z)`` and y >= 0.

    Examples
    --------
    >>> from lamina import Network
    >>> Network.mlp(4, [], 1, output="exp")
    Network(4 -> 1 exp, Poisson())
    """

    name: ClassVar[str] = "poisson"


@dataclass(frozen=True, repr=False)
class Gamma(Loss):
    """Half the gamma deviance for the output ``exp(z)`` and y > 0: only ratios count.

    Examples
    --------
    >>> from lamina import Gamma, MLPRegressor
    >>> MLPRegressor(loss=Gamma())
    MLPRegressor(loss=Gamma())
    """

    name: ClassVar[str] = "gamma"


@dataclass(frozen=True, repr=False)
class CustomLoss(Loss):
    """A loss of your own: two functions of the predictions h and the targets y, both (n, k).

    `lamina.check_gradients` shows whether the two belong together. Every engine runs it; the
    native one calls Python once a batch, with the lock held, which takes about 15 to 25 µs a batch
    and one thread. A model with such a loss can be pickled if the functions can, but not saved as
    a file of numbers.

    Parameters
    ----------
    value : callable
        ``value(h, y)`` returns each sample's loss, of shape (n,).
    gradient : callable
        ``gradient(h, y)`` returns its derivative by h, of shape (n, k).

    Raises
    ------
    ValueError
        In training, if one of them returns another shape. A value that is not finite, while the
        weights are, ends training with a DivergenceError.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> def value(h, y):
    ...     return np.log(np.cosh(h - y)).sum(axis=1)
    >>> def gradient(h, y):
    ...     return np.tanh(h - y)
    >>> network = lamina.Network.mlp(3, [4], 2, loss=lamina.CustomLoss(value, gradient))
    >>> x, y = np.random.RandomState(0).normal(size=(2, 5, 3))
    >>> lamina.check_gradients(network, x, y[:, :2]).ok
    True
    """

    value: Callable[..., Any]
    gradient: Callable[..., Any]
    name: ClassVar[str] = "custom"

    def __post_init__(self) -> None:
        for name in ("value", "gradient"):
            if not callable(getattr(self, name)):
                raise checks.fail(name, "a function of h and y", getattr(self, name))

    @property
    def options(self) -> dict[str, Any]:
        """The two functions, with checks of what they return."""
        return {"value": self.value_of, "gradient": self.gradient_of}

    def value_of(self, h: Any, y: Any) -> Any:
        """Return each sample's loss; ValueError if it is not one number per sample."""
        return self._checked("value", self.value(h, y), h, h.shape[:1])

    def gradient_of(self, h: Any, y: Any) -> Any:
        """Return the derivative by h; ValueError if it is not of h's shape."""
        return self._checked("gradient", self.gradient(h, y), h, h.shape)

    def _checked(self, name: str, got: Any, h: Any, wanted: tuple[int, ...]) -> Any:
        got = np.asarray(got)
        if got.shape != wanted:
            raise ValueError(
                f"the loss's {name}(h, y) must return an array of shape {wanted} for h of shape "
                f"{h.shape}, got {got.shape}"
            )
        return got.astype(h.dtype, copy=False)

    def numbers(self, n_outputs: int) -> list[float]:
        """Return nothing: there are no numbers."""
        return []


LOSSES: dict[str, type[Loss]] = {
    loss.name: loss
    for loss in (
        SquaredError,
        AbsoluteError,
        Huber,
        Quantile,
        Quantiles,
        CrossEntropy,
        BinaryCrossEntropy,
        Focal,
        BinaryFocal,
        Poisson,
        Gamma,
    )
}


def loss_of(loss: str | Loss) -> Loss:
    """Return `loss` itself, or the loss of that name with its defaults."""
    if isinstance(loss, Loss):
        return loss
    checks.choice("loss", loss, LOSSES)
    return LOSSES[loss]()
