"""The regressor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from lamina.estimators import inputs, translate
from lamina.estimators.base import BaseMLP, check_stochastic
from lamina.plan import Network, checks

OUTPUTS = {"squared_error": "identity", "poisson": "exp"}


class MLPRegressor(RegressorMixin, BaseMLP):
    """Multilayer perceptron for regression: a drop-in for scikit-learn's.

    For the same data, parameters and ``random_state`` it gives the model that scikit-learn's
    ``MLPRegressor`` gives, to rounding.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half the squared error with a linear output, or half the Poisson deviance with the output
        ``exp(z)``, for y >= 0.
    hidden_layer_sizes : int or sequence of int in [1, inf), default=(100,)
        Units of each hidden layer; empty for none.
    activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, \
shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, \
validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun, n_threads
        As for `MLPClassifier`; with early stopping the validation score is R².

    Attributes
    ----------
    coefs_, intercepts_, loss_, best_loss_, loss_curve_, validation_scores_, \
best_validation_score_, n_iter_, t_, n_layers_, n_outputs_, n_features_in_, feature_names_in_, \
out_activation_, network_
        As for `MLPClassifier`.

    Notes
    -----
    With several outputs the gradient is that of the squared errors' sum over the outputs, and
    the loss that is reported is their mean, as in scikit-learn.

    Examples
    --------
    >>> from lamina import MLPRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(hidden_layer_sizes=20, solver="lbfgs", alpha=10, max_iter=50)
    >>> model.set_params(random_state=0, tol=1e-2).fit(scale(X), scale(y))  # doctest: +ELLIPSIS
    MLPRegressor(...)
    >>> model.score(scale(X), scale(y)) > 0.5
    True
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        n_threads: int | None = None,
    ) -> None:
        self._keep(locals())

    @available_if(check_stochastic)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on X and y, going on from where the estimator stands.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _network(self, n_inputs: int, n_outputs: int, dtype: np.dtype) -> Network:
        units, names = translate.hidden_layers(self)
        return Network.mlp(
            n_inputs,
            units,
            n_outputs,
            activation=names or self.activation,
            output=OUTPUTS[self.loss],
            loss=self.loss,
        )

    def _validate(
        self, X: Any, y: Any, first: bool, incremental: bool, classes: Any
    ) -> tuple[Any, np.ndarray]:
        checks.choice("loss", self.loss, OUTPUTS)
        X, y = inputs.check_x_y(self, X, y, self._dtype(first), reset=first, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            row = int(np.argwhere(y < 0)[0][0])
            raise ValueError(f"loss='poisson' needs y >= 0, got {np.ravel(y[row])[0]} at row {row}")
        with np.errstate(over="ignore"):
            targets = y.reshape(len(y), -1).astype(X.dtype)
        inputs.name_non_finite(targets, "y")
        return X, targets

    def _decode(self, prediction: np.ndarray) -> np.ndarray:
        return prediction.ravel() if prediction.shape[1] == 1 else prediction

    def _metric(self, y: np.ndarray, predicted: np.ndarray, weights: Any) -> float:
        return r2_score(y, predicted, sample_weight=weights)

    def _loss_scale(self, n_outputs: int) -> float:
        return 1.0 / n_outputs if self.loss == "squared_error" else 1.0
