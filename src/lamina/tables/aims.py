"""What a training is to make small: loss, quantiles, smoothing and weights, from text to settings.

Whether they go with the task is known once the table is read: `Aim.settings` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lamina.plan import CrossEntropy, Quantiles
from lamina.tables.errors import TableError, counted, listed, similar
from lamina.tables.prepare import Prepared
from lamina.tables.settings import between, one_of
from lamina.tables.stream import Streamed
from lamina.tables.target import Target

__all__ = ["LOSSES", "Aim"]

_OF_CLASSES = ("log_loss", "focal")
_OF_NUMBERS = ("squared_error", "absolute_error", "huber", "poisson", "gamma")
LOSSES = f"of classes {', '.join(_OF_CLASSES)}; of numbers {', '.join(_OF_NUMBERS)}"


@dataclass(frozen=True)
class Aim:
    """What is asked for, checked as far as it can be without the table.

    Parameters
    ----------
    loss : str or None
    levels : tuple of float
        Of quantiles; empty for none.
    smoothing : float
    weights : "balanced", tuple of (label, weight) or None
    """

    loss: str | None
    levels: tuple[float, ...]
    smoothing: float
    weights: str | tuple[tuple[str, float], ...] | None

    @classmethod
    def of(
        cls, loss: str | None, quantiles: str | None, smoothing: float, weights: Sequence[str]
    ) -> Aim:
        """Return the aim that the options of these names say."""
        if loss is not None and loss.strip().casefold().startswith("quantile"):
            raise TableError("--loss: quantiles are asked for by --quantiles, such as 0.1,0.5,0.9")
        if loss is not None:
            one_of(loss, [*_OF_CLASSES, *_OF_NUMBERS], "--loss")
        if loss is not None and quantiles is not None:
            raise TableError("--quantiles has a loss of its own: leave out --loss")
        smoothing = between("--label-smoothing", smoothing, "from 0 to below 1")
        if smoothing and loss not in (None, "log_loss"):
            raise TableError(f"--label-smoothing goes with --loss log_loss only, not {loss}")
        levels = () if quantiles is None else _levels(quantiles)
        return cls(loss, levels, smoothing, _weights(weights))

    def settings(self, prepared: Prepared | Streamed) -> dict[str, Any]:
        """Return an estimator's settings; TableError for what does not go with the target."""
        target = prepared.target
        self._check_task(target)
        if not target.classes:
            self._check_lowest(target.name, prepared.lowest)
        loss: Any = self.loss
        if self.levels:
            loss = Quantiles(self.levels)
        elif self.smoothing:
            loss = CrossEntropy(smoothing=self.smoothing)
        own = {} if loss is None else {"loss": loss}
        if self.weights is None:
            return own
        return {**own, "class_weight": _by_place(self.weights, target)}

    def _check_task(self, target: Target) -> None:
        task = "regression" if target.classes else "classification"  # the one it is not
        of: dict[str, dict[str, bool]] = {
            "classification": {
                f"--loss {self.loss}": self.loss in _OF_CLASSES,
                "--label-smoothing": self.smoothing > 0,
                "--class-weight": self.weights is not None,
            },
            "regression": {
                f"--loss {self.loss}": self.loss in _OF_NUMBERS,
                "--quantiles": bool(self.levels),
            },
        }
        given = [option for option, there in of[task].items() if there]
        if given:
            raise TableError(
                f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} for a {task}, and "
                f"{target.name!r} makes a {target.task}: leave it out, or say --task {task}"
            )

    def _check_lowest(self, name: str, lowest: float) -> None:
        words = {"poisson": "0 or more", "gamma": "above 0"}.get(self.loss or "")
        if words and (lowest < 0 or (lowest == 0 and words == "above 0")):
            raise TableError(
                f"--loss {self.loss} is of numbers {words}, and the target {name!r} has "
                f"{lowest:g}: choose another --loss"
            )


def _levels(text: str) -> tuple[float, ...]:
    try:
        levels = tuple(float(part) for part in text.split(","))
    except ValueError:
        levels = ()
    rising = all(low < high for low, high in pairwise(levels))
    if not levels or not rising or not all(0 < level < 1 for level in levels):
        raise TableError(
            f"--quantiles takes levels such as 0.1,0.5,0.9, rising between 0 and 1, not {text!r}"
        )
    return levels


def _weights(given: Sequence[str]) -> str | tuple[tuple[str, float], ...] | None:
    if not given:
        return None
    if list(given) == ["balanced"]:
        return "balanced"
    pairs = tuple(_pair(text) for text in given)
    labels = [label for label, _ in pairs]
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise TableError(f"--class-weight: {twice[0]!r} has two weights: give one")
    return pairs


def _pair(text: str) -> tuple[str, float]:
    label, sign, weight = text.rpartition("=")
    try:
        number = float(weight)
    except ValueError:
        number = -1.0
    if not sign or not 0 <= number < float("inf"):
        raise TableError(
            "--class-weight takes balanced, or LABEL=WEIGHT with a weight of 0 or more, not "
            f"{text!r}"
        )
    return label, number


def _by_place(weights: str | tuple[tuple[str, float], ...], target: Target) -> Any:
    """Return the weights by the places of the labels, which is what the network learns."""
    if isinstance(weights, str):
        return weights
    names = target.label_names()
    for label, _ in weights:
        if label not in names:
            close = similar(label, names)
            hint = f"did you mean {listed(close)}?" if close else f"its classes are {listed(names)}"
            raise TableError(f"--class-weight: {target.name!r} has no class {label!r}: {hint}")
    own = {names.index(label): weight for label, weight in weights}
    if len(own) == len(names) and not any(own.values()):
        raise TableError(
            f"--class-weight gives 0 to all {counted(len(names), 'class')}: nothing is left to "
            "learn"
        )
    return own
