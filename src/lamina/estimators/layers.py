"""A network's parameters as the estimators' attributes, and back."""

from __future__ import annotations

from typing import Any

from lamina.engines.protocol import Parameters

NAMES = ("coefs_", "intercepts_", "slopes_")


def show(estimator: Any, parameters: Parameters) -> None:
    """Set ``coefs_``, ``intercepts_`` and, where a layer learns its slopes, ``slopes_``."""
    estimator.coefs_ = [own[0] for own in parameters]
    estimator.intercepts_ = [own[1] for own in parameters]
    estimator.__dict__.pop("slopes_", None)
    if any(len(own) > 2 for own in parameters):
        estimator.slopes_ = [own[2] if len(own) > 2 else None for own in parameters]


def of(estimator: Any) -> Parameters:
    """Return the arrays that the attributes hold now, a tuple per layer."""
    pairs = zip(estimator.coefs_, estimator.intercepts_, strict=True)
    if not hasattr(estimator, "slopes_"):
        return list(pairs)
    slopes = [() if own is None else (own,) for own in estimator.slopes_]
    return [(*pair, *own) for pair, own in zip(pairs, slopes, strict=True)]
