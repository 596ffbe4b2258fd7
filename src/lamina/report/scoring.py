"""Scores by scikit-learn's metrics."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from lamina.report.subject import Kind, Score


def score(
    kind: Kind, truth: NDArray[Any], predicted: NDArray[np.float64], levels: Sequence[float] = ()
) -> tuple[Score, ...]:
    """Return the scores of predictions, as `lamina.report.subject.Answers` has both."""
    own = {"classes": _classes, "labels": _labels, "numbers": _numbers}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # too few samples or classes: the number is NaN, and said
        if kind == "quantiles":
            return _quantiles(truth, predicted.reshape(len(truth), -1), levels)
        return own[kind](truth, predicted)


def not_finite(predicted: NDArray[np.float64]) -> tuple[str, ...]:
    """Return what to say of predictions that are not finite."""
    rows = predicted.reshape(len(predicted), -1)
    n = int((~np.isfinite(rows)).any(axis=1).sum())
    if not n:
        return ()
    return (
        f"The predictions of {n:,} of {len(rows):,} samples are not finite: the weights are too "
        "large, as after a training that diverged. Scores that take them are not defined.",
    )


def _of(metric: Callable[..., float], truth: Any, predicted: Any, **options: Any) -> float:
    """Return a metric; NaN where a prediction is not finite, which scikit-learn refuses."""
    return float(metric(truth, predicted, **options)) if np.isfinite(predicted).all() else np.nan


def _classes(truth: NDArray[Any], p: NDArray[np.float64]) -> tuple[Score, ...]:
    answer, known = p.argmax(axis=1), truth >= 0
    often = np.bincount(truth[known], minlength=p.shape[1]).argmax()
    guess = np.full(len(truth), often)
    # scikit-learn's log loss and balanced accuracy are of two classes or more.
    loss = plain = np.nan
    if p.shape[1] > 1:
        shares = np.bincount(truth[known], minlength=p.shape[1]) / known.sum()
        loss, plain = (
            _of(metrics.log_loss, truth[known], q, labels=np.arange(p.shape[1]))
            for q in (p[known], np.tile(shares, (known.sum(), 1)))
        )
    return (
        Score("accuracy", metrics.accuracy_score(truth, answer), np.mean(truth == guess)),
        Score(
            "balanced accuracy",
            metrics.balanced_accuracy_score(truth, answer),
            metrics.balanced_accuracy_score(truth, guess),
        ),
        Score("log loss", loss, plain, lower=True),
    )


def _labels(truth: NDArray[Any], p: NDArray[np.float64]) -> tuple[Score, ...]:
    answer, own = (p > 0.5).astype(int), truth.astype(int)
    guess = np.tile(own.mean(axis=0) > 0.5, (len(own), 1)).astype(int)
    losses = [
        _of(metrics.log_loss, t, np.c_[1 - q, q], labels=[0, 1])
        for t, q in zip(own.T, p.T, strict=True)
    ]
    return (
        Score(
            "samples with all labels right",
            metrics.accuracy_score(own, answer),
            metrics.accuracy_score(own, guess),
        ),
        Score("labels that are right", np.mean(own == answer), np.mean(own == guess)),
        Score(
            "F1, mean of the labels",
            metrics.f1_score(own, answer, average="macro", zero_division=0),
        ),
        Score("log loss, mean of the labels", float(np.mean(losses)), lower=True),
    )


def _numbers(truth: NDArray[Any], predicted: NDArray[np.float64]) -> tuple[Score, ...]:
    mean = np.broadcast_to(truth.mean(axis=0), truth.shape)
    own = {
        "R²": metrics.r2_score,
        "mean absolute error": metrics.mean_absolute_error,
        "root mean squared error": metrics.root_mean_squared_error,
    }
    return tuple(
        Score(name, _of(metric, truth, predicted), metric(truth, mean), lower=name != "R²")
        for name, metric in own.items()
    )


def _quantiles(
    truth: NDArray[Any], predicted: NDArray[np.float64], levels: Sequence[float]
) -> tuple[Score, ...]:
    own = [
        _of(metrics.mean_pinball_loss, truth, q, alpha=a)
        for a, q in zip(levels, predicted.T, strict=True)
    ]
    plain = [
        metrics.mean_pinball_loss(truth, np.full(len(truth), np.quantile(truth, a)), alpha=a)
        for a in levels
    ]
    scores = [Score("mean pinball loss", float(np.mean(own)), float(np.mean(plain)), lower=True)]
    if len(levels) > 1:
        inside = (predicted[:, 0] <= truth) & (truth <= predicted[:, -1])
        name = f"share between the quantiles {levels[0]} and {levels[-1]}"
        scores.append(Score(name, float(inside.mean()), levels[-1] - levels[0]))
    return tuple(scores)
