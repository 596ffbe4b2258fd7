"""Losses of a plan. Their equations are in `lamina.spec.losses`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

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
class CrossEntropy(Loss):
    """``-sum_j y_j ln p_j`` for the softmax output (note 003 §4.4).

    Parameters
    ----------
    floor : float in [0, 0.5), default=0.0
        Probabilities are cut to [floor, 1 - floor] before the logarithm. The estimators set the
        machine epsilon of their dtype, as scikit-learn does; 0 gives the exact loss.

    Examples
    --------
    >>> from lamina import CrossEntropy, Network
    >>> Network.mlp(4, [], 3, output="softmax").loss == CrossEntropy()
    True
    """

    floor: float = 0.0
    name: ClassVar[str] = "cross_entropy"

    def __post_init__(self) -> None:
        checks.real("floor", self.floor, "[0, 0.5)")


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss):
    """``-sum_j [y_j ln p_j + (1 - y_j) ln(1 - p_j)]`` for logistic outputs (note 002 §4.2).

    Parameters
    ----------
    floor : float in [0, 0.5), default=0.0
        As in `CrossEntropy`.

    Examples
    --------
    >>> from lamina import BinaryCrossEntropy, Network
    >>> Network.mlp(4, [], 1, output="logistic").loss == BinaryCrossEntropy()
    True
    """

    floor: float = 0.0
    name: ClassVar[str] = "binary_cross_entropy"

    def __post_init__(self) -> None:
        checks.real("floor", self.floor, "[0, 0.5)")


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


LOSSES: dict[str, type[Loss]] = {
    loss.name: loss
    for loss in (
        SquaredError,
        AbsoluteError,
        Huber,
        Quantile,
        CrossEntropy,
        BinaryCrossEntropy,
        Poisson,
    )
}


def loss_of(loss: str | Loss) -> Loss:
    """Return `loss` itself, or the loss of that name with its defaults."""
    if isinstance(loss, Loss):
        return loss
    checks.choice("loss", loss, LOSSES)
    return LOSSES[loss]()
