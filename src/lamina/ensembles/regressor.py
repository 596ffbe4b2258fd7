"""The ensemble of regressors."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from lamina.ensembles.base import BaseEnsemble, has_partial_fit
from lamina.ensembles.spread import deviation
from lamina.estimators import MLPRegressor
from lamina.estimators.base import BaseMLP
from lamina.estimators.data import preprocessing
from lamina.plan import checks


class EnsembleRegressor(RegressorMixin, BaseEnsemble):
    """Several regressors, trained at once, whose predictions are averaged.

    ``h(x) = (1/M) sum_m h_m(x)`` and the spread ``sqrt((1/M) sum_m (h_m(x) - h(x))^2)``: how far
    the members are apart, which does not include the noise of y. The mean of several quantiles
    keeps their order.

    Parameters
    ----------
    estimator : MLPRegressor or None, default=None
        The members' parameters; None: the defaults. Its ``random_state`` is not used.
    n_members, sample, oob_score, random_state, n_jobs
        As for `EnsembleClassifier`.

    Attributes
    ----------
    members_ : list of MLPRegressor
        Fitted; each has its own ``history_``.
    oob_score_ : float
        R² out of the bag; for several quantiles as `MLPRegressor.score`.
    oob_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions out of the bag; NaN for rows that are in every sample.
    samples_, failed_, n_features_in_, feature_names_in_
        As for `EnsembleClassifier`.

    Examples
    --------
    >>> from lamina import EnsembleRegressor, MLPRegressor
    >>> X = [[i / 20] for i in range(40)]
    >>> y = [x[0] ** 2 for x in X]
    >>> network = MLPRegressor(hidden_layer_sizes=10, solver="lbfgs", activation="tanh", tol=1e-3)
    >>> model = EnsembleRegressor(network, n_members=5, random_state=0).fit(X, y)
    >>> mean, spread = model.predict([[1.0], [9.0]], return_std=True)
    >>> bool(spread[1] > 10 * spread[0])  # far from the data the members are apart
    True
    """

    _kind: ClassVar[type[BaseMLP]] = MLPRegressor

    def __init__(
        self,
        estimator: Any = None,
        n_members: int = 10,
        *,
        sample: Any = "bootstrap",
        oob_score: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_members = n_members
        self.sample = sample
        self.oob_score = oob_score
        self.random_state = random_state
        self.n_jobs = n_jobs

    @available_if(has_partial_fit)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train each member for one epoch on a sample of X and y.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean of the members' predictions, and their spread if asked for.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        return_std : bool, default=False
            Whether to return the members' standard deviation too.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), or two of them
        """
        checks.flag("return_std", return_std)
        mean = self._decoded(self._mean(X))
        return (mean, self.spread(X)) if return_std else mean

    def spread(self, X: Any) -> np.ndarray:
        """Return the standard deviation of the members' predictions around their mean.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._decoded(np.concatenate([deviation(h) for h in self._chunks(X)]))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R² of the predictions; for several quantiles as `MLPRegressor.score`.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        predicted = self.predict(X)
        return self.members_[0]._metric(np.asarray(y), predicted, sample_weight)

    def _decoded(self, h: np.ndarray) -> np.ndarray:
        return self.members_[0]._decode(h)

    def _raw(self, member: Any, X: Any) -> np.ndarray:
        return member._predictions(X)

    def _from_inputs(self, member: Any, x: Any) -> np.ndarray:
        return preprocessing.undo_y(member, member._bare()(x))

    def _score_oob(
        self, template: Any, y: np.ndarray, mean: np.ndarray, weights: Any, seen: np.ndarray
    ) -> None:
        self.oob_prediction_ = self._decoded(mean)
        weights = None if weights is None else weights[seen]
        self.oob_score_ = template._metric(y[seen], self._decoded(mean[seen]), weights)
