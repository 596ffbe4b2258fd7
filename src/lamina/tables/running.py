"""Scores of predictions that come piece by piece."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lamina.tables.moments import Moments
from lamina.tables.scores import Scores, between
from lamina.tables.target import Target

__all__ = ["RunningScores"]

Floats = NDArray[np.float64]
_LEAST = np.finfo(np.float64).eps  # probabilities below it count as it, as in scikit-learn


class RunningScores:
    """What `lamina.tables.scores.score` gives for all rows, of a network and of the baseline.

    But for the D² of quantiles, which would take the quantiles of all rows first.
    """

    def __init__(self, target: Target) -> None:
        self.target, self.n = target, 0
        self._network, self._baseline = self._new(), self._new()

    def _new(self) -> _OfClasses | _OfNumbers | _OfQuantiles:
        if self.target.classes:
            return _OfClasses(len(self.target.classes))
        return _OfQuantiles(self.target.levels) if self.target.levels else _OfNumbers()

    def add(self, truth: Floats, predicted: Floats) -> None:
        """Take in rows: numbers, or places of labels with -1 for one that is not known."""
        target = self.target
        self.n += len(truth)
        self._network.add(truth, predicted)
        guess = np.array(target.shares or target.quantiles or target.mean)
        self._baseline.add(truth, np.broadcast_to(guess, predicted.shape))

    def scores(self) -> tuple[Scores, Scores]:
        """Return the scores of the network and of the baseline; none without rows."""
        if not self.n:
            return {}, {}
        return self._network.scores(), self._baseline.scores()


class _OfNumbers:
    def __init__(self) -> None:
        self._truth, self._errors, self._absolute = Moments(), Moments(), Moments()

    def add(self, truth: Floats, predicted: Floats) -> None:
        errors = truth - predicted
        self._truth.add(truth)
        self._errors.add(errors)
        self._absolute.add(np.abs(errors))

    def scores(self) -> Scores:
        squares = self._errors.mean_square()
        spread = self._truth.variance()
        r2 = math.nan
        if self._truth.n >= 2:
            r2 = 1 - squares / spread if spread > 0 else float(squares == 0)
        mae = self._absolute.mean_and_scale()[0]
        return {"r2": r2, "mae": mae, "rmse": math.sqrt(squares)}


class _OfQuantiles:
    def __init__(self, levels: tuple[float, ...]) -> None:
        self._levels, self._losses = levels, Moments()
        self._between, self._n = 0, 0

    def add(self, truth: Floats, predicted: Floats) -> None:
        errors = truth[:, np.newaxis] - predicted
        levels = np.array(self._levels)
        self._losses.add(np.maximum(levels * errors, (levels - 1) * errors).ravel())
        self._between += int(between(truth, predicted).sum())
        self._n += len(truth)

    def scores(self) -> Scores:
        scores = {"pinball": self._losses.mean_and_scale()[0]}
        if len(self._levels) > 1:
            scores["coverage"] = self._between / self._n
        return scores


class _OfClasses:
    def __init__(self, n_classes: int) -> None:
        self._counts = np.zeros((n_classes + 1, n_classes), np.int64)  # the last row is unknown
        self._log, self._n_known = 0.0, 0

    def add(self, truth: Floats, predicted: Floats) -> None:
        places = truth.astype(np.intp)  # -1 is the last row
        np.add.at(self._counts, (places, predicted.argmax(axis=1)), 1)
        known = np.flatnonzero(places >= 0)
        chosen = predicted[known, places[known]]
        self._log -= float(np.log(np.clip(chosen, _LEAST, 1 - _LEAST)).sum())
        self._n_known += len(known)

    def scores(self) -> Scores:
        counts = self._counts
        right, rows = np.diagonal(counts), counts.sum(axis=1)
        there = rows > 0
        recalls = np.append(right, 0)[there] / rows[there]
        log_loss = self._log / self._n_known if self._n_known else math.nan
        accuracy = float(right.sum() / counts.sum())
        balanced = float(recalls.mean())
        return {"accuracy": accuracy, "balanced_accuracy": balanced, "log_loss": log_loss}
