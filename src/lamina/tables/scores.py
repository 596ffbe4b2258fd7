"""Scores of predictions, and of the guess that knows only the target's distribution."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from lamina.tables.target import Target

__all__ = ["LOWER_IS_BETTER", "NAMES", "Scores", "baseline", "between", "score"]

Scores = dict[str, float]

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "r2": "R²",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "pinball": "mean pinball loss",
    "d2": "D²",
    "coverage": "rows between the outer quantiles",
}
LOWER_IS_BETTER = frozenset({"log_loss", "mae", "rmse", "pinball"})


def score(target: Target, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> Scores:
    """Return the scores of predictions.

    Parameters
    ----------
    target : Target
        What is predicted.
    truth : ndarray of shape (n_rows,)
        The numbers, or the places of the labels; -1 is a label that the model does not know:
        always a wrong answer, and without a log loss.
    predicted : ndarray of shape (n_rows,), (n_rows, n_quantiles) or (n_rows, n_classes)
        The predicted numbers or quantiles, or the probabilities of the classes.

    Returns
    -------
    scores : dict of str to float
        By the keys of ``NAMES``; NaN where too few rows define none.
    """
    with warnings.catch_warnings():
        # A class that is missing in a small table, or a single row: the score says so as NaN.
        warnings.simplefilter("ignore")
        if target.classes:
            return _of_classes(target, truth, predicted)
        if target.levels:
            return _of_quantiles(target.levels, truth, predicted)
        return {
            "r2": float(metrics.r2_score(truth, predicted)),
            "mae": float(metrics.mean_absolute_error(truth, predicted)),
            "rmse": float(metrics.root_mean_squared_error(truth, predicted)),
        }


def baseline(target: Target, truth: NDArray[np.float64]) -> Scores:
    """Return the scores of always predicting training's shares of classes, quantiles or mean."""
    own = target.shares or target.quantiles
    if own:
        return score(target, truth, np.tile(np.array(own), (len(truth), 1)))
    return score(target, truth, np.full(len(truth), target.mean))


def _of_quantiles(
    levels: tuple[float, ...], truth: NDArray[np.float64], predicted: NDArray[np.float64]
) -> Scores:
    """Return the means over the quantiles; D² is against the quantiles of these very rows."""
    pairs = list(zip(levels, predicted.T, strict=True))
    losses = [metrics.mean_pinball_loss(truth, own, alpha=level) for level, own in pairs]
    shares = [metrics.d2_pinball_score(truth, own, alpha=level) for level, own in pairs]
    scores = {"pinball": float(np.mean(losses)), "d2": float(np.mean(shares))}
    if len(levels) > 1:
        scores["coverage"] = float(np.mean(between(truth, predicted)))
    return scores


def between(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say of each row whether its number lies between the outer quantiles."""
    return (predicted[:, 0] <= truth) & (truth <= predicted[:, -1])


def _of_classes(
    target: Target, truth: NDArray[np.float64], probability: NDArray[np.float64]
) -> Scores:
    answer = probability.argmax(axis=1)
    known = truth >= 0
    log_loss = np.nan
    if known.any():
        places = np.arange(len(target.classes))
        log_loss = metrics.log_loss(truth[known], probability[known], labels=places)
    return {
        "accuracy": float(metrics.accuracy_score(truth, answer)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, answer)),
        "log_loss": float(log_loss),
    }
