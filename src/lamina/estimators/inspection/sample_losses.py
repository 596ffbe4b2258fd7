"""The loss of each sample, and samples as the loss of a fitted estimator takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lamina.engines import Data, default_engine
from lamina.estimators import layers
from lamina.estimators.data import inputs, preprocessing


def prepared(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> Data:
    """Return samples as `fit` hands them to the network, with all that weighs in their loss.

    ValueError if the estimator cannot take them: they are scaled, and labels encoded, by what the
    fit has found.
    """
    check_is_fitted(estimator)
    X, y = estimator._validate(X, y, first=False, incremental=True, classes=None)
    weights = inputs.check_weights(sample_weight, X)
    n_outputs = estimator.network_.n_outputs
    if y.shape[1] != n_outputs:
        raise ValueError(f"y must have the network's {n_outputs} outputs, got {y.shape[1]}")
    X, y = preprocessing.apply(estimator, X), preprocessing.apply_y(estimator, y)
    return estimator._weighed_alike(Data(X, y, weights))


def sample_losses(estimator: Any, X: Any, y: Any) -> np.ndarray:
    """Return the losses (n_samples,): see `BaseMLP.sample_losses`."""
    data = prepared(estimator, X, y)
    run = default_engine(estimator.n_threads).losses(estimator.network_, data)
    with np.errstate(all="ignore"):
        losses = run(layers.of(estimator))
    return estimator._loss_scale(data.y.shape[1]) * losses
