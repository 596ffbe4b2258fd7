"""Scores of predictions, and of the guess that knows only the target's distribution."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from lamina.tables.target import Target

__all__ = ["LOWER_IS_BETTER", "NAMES", "Scores", "baseline", "score"]

Scores = dict[str, float]

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "r2": "R²",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
}
LOWER_IS_BETTER = frozenset({"log_loss", "mae", "rmse"})


def score(target: Target, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> Scores:
    """Return the scores of predictions.

    Parameters
    ----------
    target : Target
        What is predicted.
    truth : ndarray of shape (n_rows,)
        The numbers, or the places of the labels; -1 is a label that the model does not know:
        always a wrong answer, and without a log loss.
    predicted : ndarray of shape (n_rows,) or (n_rows, n_classes)
        The predicted numbers, or the probabilities of the classes.

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
        return {
            "r2": float(metrics.r2_score(truth, predicted)),
            "mae": float(metrics.mean_absolute_error(truth, predicted)),
            "rmse": float(metrics.root_mean_squared_error(truth, predicted)),
        }


def baseline(target: Target, truth: NDArray[np.float64]) -> Scores:
    """Return the scores of always predicting the training rows' shares of classes, or mean."""
    if target.classes:
        return score(target, truth, np.tile(np.array(target.shares), (len(truth), 1)))
    return score(target, truth, np.full(len(truth), target.mean))


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
