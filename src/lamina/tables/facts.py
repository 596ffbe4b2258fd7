"""The parts of a model file back into objects, with every value checked."""

import math
from typing import Any

from lamina.tables.dates import PARTS
from lamina.tables.model import Facts
from lamina.tables.preprocess import Category, Measure, Preprocessing
from lamina.tables.scores import NAMES, Scores
from lamina.tables.target import Target

__all__ = ["facts_from", "preprocessing_from", "target_from"]

# Each function raises ValueError, TypeError or LookupError on data that no model has.


def target_from(data: dict[str, Any]) -> Target:
    """Return the target that was written as ``data``."""
    classes = tuple(data["classes"])
    if any(type(label) not in (str, int, float, bool) for label in classes):
        raise TypeError("labels")
    if len({type(label) for label in classes}) > 1 or len(set(classes)) != len(classes):
        raise ValueError("labels of more than one type, or twice the same")
    if len(classes) == 1:
        raise ValueError("one class")
    for label in classes:
        _text(str(label))
    shares = _numbers(data["shares"], len(classes))
    mean, scale = _numbers([data["mean"], data["scale"]], 2)
    # Files of the first version lack what follows.
    given = data.get("levels", [])
    levels, quantiles = _numbers(given, len(given)), data.get("quantiles", [])
    quantiles = _numbers(quantiles, len(levels))
    ratio = data.get("ratio", False)
    if not isinstance(ratio, bool) or (classes and (ratio or levels)) or (ratio and mean <= 0):
        raise ValueError("a unit or quantiles that no target has")
    scale = _positive((scale,))[0]
    return Target(_text(data["name"]), classes, shares, mean, scale, ratio, levels, quantiles)


def preprocessing_from(data: dict[str, Any]) -> Preprocessing:
    """Return the preprocessing that was written as ``data``."""
    measures = tuple(_measure(entry) for entry in data["measures"])
    categories = tuple(_category(entry) for entry in data["categories"])
    preprocessing = Preprocessing(measures, categories)
    if len(preprocessing.kinds) != len(measures) + len(categories) or not preprocessing.kinds:
        raise ValueError("no columns, or twice the same")
    return preprocessing


def facts_from(data: dict[str, Any]) -> Facts:
    """Return the facts of training that were written as ``data``."""
    return Facts(
        n_train=_count(data["n_train"]),
        n_test=_count(data["n_test"]),
        n_unlabelled=_count(data["n_unlabelled"]),
        seed=_count(data["seed"]),
        dropped={_text(name): _text(reason) for name, reason in data["dropped"].items()},
        scores=_scores(data["scores"]),
        baseline=_scores(data["baseline"]),
        lamina=_text(data["lamina"]),
    )


def _measure(data: dict[str, Any]) -> Measure:
    kind, parts = data["kind"], tuple(data["parts"])
    if kind == "date":
        if not parts or not set(parts) <= set(PARTS) or len(set(parts)) != len(parts):
            raise ValueError("parts of a date")
    elif kind not in ("number", "boolean") or parts != ("value",):
        raise ValueError("kind of a column")
    if not isinstance(data["missing"], bool):
        raise TypeError("missing")
    return Measure(
        name=_text(data["name"]),
        kind=kind,
        parts=parts,
        fill=_numbers(data["fill"], len(parts)),
        mean=_numbers(data["mean"], len(parts)),
        scale=_positive(_numbers(data["scale"], len(parts))),
        missing=data["missing"],
    )


def _category(data: dict[str, Any]) -> Category:
    categories = tuple(data["categories"])
    if not categories or len(set(categories)) != len(categories):
        raise ValueError("no categories, or twice the same")
    # Last and once, as scikit-learn's encoder wants it.
    for value in categories[:-1] if categories[-1] is None else categories:
        _text(value)
    return Category(_text(data["name"]), categories)


def _scores(data: dict[str, Any]) -> Scores:
    if not set(data) <= set(NAMES):
        raise ValueError("scores")
    return {
        name: math.nan if value is None else _numbers([value], 1)[0] for name, value in data.items()
    }


def _numbers(values: list[Any], length: int) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != length:
        raise ValueError("length")
    if any(type(value) not in (int, float) for value in values):
        raise TypeError("numbers")
    numbers = tuple(float(value) for value in values)
    if not all(map(math.isfinite, numbers)):
        raise ValueError("infinite")
    return numbers


def _positive(values: tuple[float, ...]) -> tuple[float, ...]:
    if min(values, default=1.0) <= 0:
        raise ValueError("scale")
    return values


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    value.encode()  # no halves of characters, which no terminal can show
    return value
