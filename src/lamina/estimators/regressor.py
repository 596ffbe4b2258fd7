"""The regressor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from lamina.estimators import losses, translate
from lamina.estimators.base import BaseMLP, check_stochastic
from lamina.estimators.data import inputs
from lamina.estimators.data.batches import Stream, check_batches
from lamina.plan import Network, Quantiles, SquaredError


class MLPRegressor(RegressorMixin, BaseMLP):
    """Multilayer perceptron for regression: a drop-in for scikit-learn's.

    For the same data, parameters and ``random_state`` it gives the model that scikit-learn's
    ``MLPRegressor`` gives, to rounding.

    Parameters
    ----------
    loss : str or loss, default="squared_error"
        "squared_error" (half of it), "absolute_error", "huber" and "quantile" with a linear
        output; "poisson" for y >= 0 and "gamma" for y > 0, half the deviance, with the output
        ``exp(z)``; or a loss object with its options, such as ``lamina.Huber(0.5)``,
        ``lamina.Quantile(0.9)``, ``lamina.Quantiles((0.1, 0.5, 0.9))`` (by name "quantiles"), whose
        predictions, a column each, never cross, or a ``lamina.CustomLoss``.
    hidden_layer_sizes : int or sequence of int in [1, inf), default=(100,)
        Units of each hidden layer; empty for none.
    activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, \
shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, \
validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun, n_threads, \
regularization, missing, scoring, callbacks, diagnose
        As for `MLPClassifier`; with early stopping the validation score is R².
    standardize : bool, "X" or "y", default=False
        Whether features and target, or one of them, are brought to mean 0 and variance 1 first,
        as for `MLPClassifier`; `predict` undoes it for the target. A target of the output
        ``exp(z)`` is divided by its mean. Losses, of evaluation sets too, and options of a loss
        such as Huber's width are in units of the standardized target, scores in the user's.

    Attributes
    ----------
    coefs_, intercepts_, loss_, best_loss_, loss_curve_, validation_scores_, \
best_validation_score_, history_, record_, stop_reason_, n_iter_, t_, n_layers_, n_outputs_, \
n_features_in_, feature_names_in_, out_activation_, network_, imputer_, x_scaler_
        As for `MLPClassifier`.
    y_scaler_ : sklearn.preprocessing.StandardScaler
        Only with ``standardize``. Its ``mean_`` and ``scale_`` have shape (n_outputs,).

    Notes
    -----
    With several outputs the gradient is that of the sum of their losses. The loss that is reported
    is their mean for "squared_error", as in scikit-learn, and their sum for all others.

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
        loss: Any = "squared_error",
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
        regularization: Any = None,
        standardize: Any = False,
        missing: str = "error",
        scoring: Any = None,
        callbacks: Any = None,
        diagnose: Any = False,
    ) -> None:
        self._keep(locals())

    @available_if(check_stochastic)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None
    ) -> Self:
        """Train for one epoch on X and y, going on from where the estimator stands.

        Parameters
        ----------
        X, y, sample_weight, eval_set
            As for `fit`. The sets are measured after the epoch.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, incremental=True, eval_set=eval_set)

    @available_if(check_batches)
    def fit_batches(
        self, batches: Any, *, eval_set: Any = None, shuffle_rows: int | None = None
    ) -> Self:
        """Train on chunks of rows that need not fit into memory together.

        Parameters
        ----------
        batches, eval_set, shuffle_rows
            As for `MLPClassifier.fit_batches`.

        Returns
        -------
        self

        Examples
        --------
        >>> import lamina, numpy as np
        >>> def chunks():
        ...     for start in range(0, 100, 20):
        ...         x = np.arange(start, start + 20.0) / 100
        ...         yield x[:, np.newaxis], np.sqrt(x)
        >>> model = lamina.MLPRegressor(learning_rate_init=0.01, batch_size=25, random_state=0)
        >>> model.set_params(shuffle=False).fit_batches(chunks).predict([[0.25]])
        array([0.49...])
        """
        stream = Stream(batches, None, shuffle_rows)
        return self._fit(None, None, None, incremental=False, eval_set=eval_set, stream=stream)

    def _network(self, n_inputs: int, n_outputs: int, dtype: np.dtype) -> Network:
        units, names = translate.hidden_layers(self)
        output, loss = losses.of_regressor(self.loss)
        activation = names or self.activation
        return Network.mlp(
            n_inputs, units, n_outputs, activation=activation, output=output, loss=loss
        )

    def _validate(
        self, X: Any, y: Any, first: bool, incremental: bool, classes: Any
    ) -> tuple[Any, np.ndarray]:
        _, loss = losses.of_regressor(self.loss)  # says what is wrong with it first
        losses.check_scoring(loss, self.scoring)
        X, y = inputs.check_x_y(self, X, y, self._dtype(first), reset=first, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, self._targets(y, X.dtype)

    def _targets(self, y: np.ndarray, dtype: Any) -> np.ndarray:
        """Return the targets (n_samples, n_outputs) of that dtype for a checked y."""
        _, loss = losses.of_regressor(self.loss)
        losses.check_target(loss, y)
        with np.errstate(over="ignore"):
            targets = y.reshape(len(y), -1).astype(dtype)
        inputs.name_non_finite(targets, "y")
        losses.check_target(loss, targets, f" in {targets.dtype}")  # a tiny number may be 0 now
        return losses.targets(loss, targets)

    def _decode(self, prediction: np.ndarray) -> np.ndarray:
        return prediction.ravel() if prediction.shape[1] == 1 else prediction

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R² of the predictions; for several quantiles the mean of their D².

        D² is the share of the pinball loss of y's own quantile that the model saves
        (`sklearn.metrics.d2_pinball_score`).

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        return self._metric(np.asarray(y), self.predict(X), sample_weight)

    def _metric(self, y: np.ndarray, predicted: np.ndarray, weights: Any) -> float:
        _, loss = losses.of_regressor(self.loss)
        if not isinstance(loss, Quantiles):
            return r2_score(y, predicted, sample_weight=weights)
        predicted, y = predicted.reshape(len(predicted), -1), y.reshape(len(y), -1)[:, 0]
        own = [
            d2_pinball_score(y, column, sample_weight=weights, alpha=level)
            for column, level in zip(predicted.T, loss.levels, strict=True)
        ]
        return float(np.mean(own))

    def _loss_scale(self, n_outputs: int) -> float:
        _, loss = losses.of_regressor(self.loss)
        return 1.0 / n_outputs if isinstance(loss, SquaredError) else 1.0
