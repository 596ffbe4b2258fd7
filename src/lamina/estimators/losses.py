"""Which output function and loss an estimator's `loss` stands for, and what it asks of y."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lamina.plan import (
    BinaryCrossEntropy,
    BinaryFocal,
    CrossEntropy,
    CustomLoss,
    Focal,
    Loss,
    Quantiles,
    checks,
)
from lamina.plan.losses import LOSSES

CLASSIFICATION: dict[str, Loss] = {"log_loss": CrossEntropy(), "focal": Focal()}
BINARY = {CrossEntropy: BinaryCrossEntropy, Focal: BinaryFocal}

# The output of each loss of a regressor; a loss of the user's own has the identity.
OUTPUTS = {
    "squared_error": "identity",
    "absolute_error": "identity",
    "huber": "identity",
    "quantile": "identity",
    "quantiles": "ascending",
    "poisson": "exp",
    "gamma": "exp",
    "custom": "identity",
}
LOWEST = {"poisson": (np.greater_equal, ">= 0"), "gamma": (np.greater, "> 0")}


def of_classifier(loss: Any, several: bool, dtype: np.dtype) -> tuple[str, Loss]:
    """Return output function and loss for `several` classes, or for two or labels of their own."""
    check_classifier(loss)
    own = CLASSIFICATION[loss] if isinstance(loss, str) else loss
    if isinstance(loss, str) and loss == "log_loss":
        own = CrossEntropy(float(np.finfo(dtype).eps))  # scikit-learn's cut of the probabilities
    output = "softmax" if several else "logistic"
    if not several and type(own) in BINARY:
        own = BINARY[type(own)](**own.options)
    if several and isinstance(own, (BinaryCrossEntropy, BinaryFocal)):
        expected = "a loss for several classes, as CrossEntropy or Focal"
        raise checks.fail("loss", expected, loss)
    return output, own


def check_classifier(loss: Any) -> None:
    """Raise ArgumentError unless a classifier can have this loss."""
    if isinstance(loss, (CrossEntropy, BinaryCrossEntropy, Focal, BinaryFocal, CustomLoss)):
        return
    if not isinstance(loss, str) or loss not in CLASSIFICATION:
        names = ", ".join(repr(name) for name in CLASSIFICATION)
        expected = f"{names}, or a CrossEntropy, Focal or CustomLoss"
        raise checks.fail("loss", expected, loss, CLASSIFICATION)


def of_regressor(loss: Any) -> tuple[str, Loss]:
    """Return output function and loss."""
    own = loss
    if isinstance(loss, str) and loss in OUTPUTS and loss in LOSSES:
        own = LOSSES[loss]()
    if not isinstance(own, Loss) or own.name not in OUTPUTS:
        possible = [name for name in OUTPUTS if name in LOSSES]
        names = ", ".join(repr(name) for name in possible)
        raise checks.fail("loss", f"one of {names}, or a loss object of them", loss, possible)
    return OUTPUTS[own.name], own


def check_scoring(loss: Loss, scoring: Any) -> None:
    """Raise ArgumentError for a scorer by name where a prediction has several columns.

    scikit-learn's compare y with one.
    """
    if not isinstance(loss, Quantiles) or len(loss.levels) == 1:
        return
    several = [scoring] if isinstance(scoring, str) else scoring
    several = several.values() if isinstance(several, Mapping) else several
    if isinstance(several, Iterable) and any(isinstance(own, str) for own in several):
        n = len(loss.levels)
        expected = f"functions of (estimator, X, y) for Quantiles, which predict {n} columns"
        raise checks.fail("scoring", expected, scoring)


def check_target(loss: Loss, y: np.ndarray, state: str = "") -> None:
    """Raise ValueError for the first entry of y that the loss has no value for.

    `state` says what was done to y before, if anything.
    """
    if isinstance(loss, Quantiles) and y.ndim == 2 and y.shape[1] > 1:
        raise ValueError(f"Quantiles need a y of one column, got {y.shape[1]}")
    if loss.name not in LOWEST:
        return
    good, words = LOWEST[loss.name]
    bad = np.argwhere(~good(y, 0))
    if len(bad):
        value = np.ravel(y[int(bad[0][0])])[0] if y.ndim == 1 else y[tuple(bad[0])]
        raise ValueError(
            f"loss={loss.name!r} needs y {words}{state}, got {value} at row {bad[0][0]}"
        )


def targets(loss: Loss, y: np.ndarray) -> np.ndarray:
    """Return y (n, k) with a column for each output: the same one for each quantile."""
    if isinstance(loss, Quantiles):
        return np.repeat(y, len(loss.levels), axis=1)
    return y
