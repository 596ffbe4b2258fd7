"""How far the members of an ensemble are apart: pure functions of their predictions.

M members on the first axis: predictions of shape (M, n_samples, n_outputs).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import xlogy


class Uncertainty(NamedTuple):
    """How unsure an ensemble of classifiers is, in nats (natural logarithms).

    Attributes
    ----------
    total : ndarray of shape (n_samples,) or (n_samples, n_labels)
        ``H(p)``, p being the mean of the members' probabilities and ``H(p) = -sum_c p_c ln p_c``.
    expected : ndarray of the same shape
        ``(1/M) sum_m H(p_m)``: what each member is unsure of by itself; noise in the labels.
    disagreement : ndarray of the same shape
        ``H(p) - (1/M) sum_m H(p_m)``: the mutual information of the label and the choice of the
        member; large where the data do not say which member is right.

    Examples
    --------
    >>> from lamina.ensembles.spread import uncertainty
    >>> sure_of_different_classes = [[[1.0, 0.0]], [[0.0, 1.0]]]
    >>> uncertainty(sure_of_different_classes).disagreement.round(3)
    array([0.693])
    >>> unsure_alike = [[[0.5, 0.5]], [[0.5, 0.5]]]
    >>> uncertainty(unsure_alike).disagreement
    array([0.])
    """

    total: np.ndarray
    expected: np.ndarray
    disagreement: np.ndarray


def deviation(predictions: np.ndarray) -> np.ndarray:
    """Return the members' standard deviation ``sqrt((1/M) sum_m (h_m - h)^2)`` around the mean."""
    return np.std(predictions, axis=0)


def uncertainty(probabilities: np.ndarray, labels: bool = False) -> Uncertainty:
    """Return the uncertainty of classes that exclude each other, or of each label by itself.

    Houlsby et al. (2011), "Bayesian Active Learning for Classification and Preference Learning",
    equation 2, with the members for draws of the parameters.
    """
    entropy = _of_labels if labels else _of_classes
    p = np.asarray(probabilities, np.float64)
    total, expected = entropy(p.mean(axis=0)), entropy(p).mean(axis=0)
    # Entropy is concave: below 0 there is only rounding.
    return Uncertainty(total, expected, np.maximum(total - expected, 0))


def _of_classes(p: np.ndarray) -> np.ndarray:
    return np.abs(xlogy(p, p).sum(axis=-1))


def _of_labels(p: np.ndarray) -> np.ndarray:
    return np.abs(xlogy(p, p) + xlogy(1 - p, 1 - p))
