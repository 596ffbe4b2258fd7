"""The ensemble of classifiers."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from lamina.ensembles.base import BaseEnsemble, has_partial_fit
from lamina.ensembles.spread import Uncertainty, deviation, uncertainty
from lamina.estimators import MLPClassifier
from lamina.estimators.base import BaseMLP
from lamina.estimators.data import weights


class EnsembleClassifier(ClassifierMixin, BaseEnsemble):
    """Several classifiers, trained at once, whose probabilities are averaged.

    ``p(x) = (1/M) sum_m p_m(x)`` over M networks that differ in their initial weights, shuffles and
    samples (Breiman, 1996, "Bagging Predictors"; Lakshminarayanan et al., 2017, "Simple and
    Scalable Predictive Uncertainty Estimation using Deep Ensembles").

    X and y are checked, converted, encoded and standardized once, for all members: scales, classes
    and class weights are those of all rows. A sample is a list of row numbers and no copy. So every
    member knows all classes, whichever its sample has. Otherwise a member learns what
    ``clone(member).fit(X[rows], y[rows])`` would, to the same bits; to rounding with "lbfgs".

    Parameters
    ----------
    estimator : MLPClassifier or None, default=None
        The members' parameters; None: the defaults. Its ``random_state`` is not used.
    n_members : int in [1, inf), default=10
        M, the number of networks.
    sample : {"bootstrap", "all"} or float in (0, 1], default="bootstrap"
        What each member learns from: as many rows as there are, drawn with replacement; all rows,
        so that the seeds alone make the difference; or this share of the rows, without
        replacement.
    oob_score : bool, default=False
        Whether to predict each row by the members whose sample does not have it.
    random_state : int, RandomState instance or None, default=None
        Source of the members' seeds, each of which is its member's ``random_state``. The first
        seeds are the same for any `n_members`.
    n_jobs : int in [1, inf), -1 or None, default=None
        Members that train at once; None and -1: one on each core that this process may use. The
        ensemble does not depend on it. With several at once each has one thread, unless
        ``estimator.n_threads`` says otherwise.

    Attributes
    ----------
    members_ : list of MLPClassifier
        Fitted; each has its own ``history_``.
    samples_ : list of ndarray of int
        Row numbers of each member's sample.
    failed_ : dict of int to str
        Why members are left out, by number: those that diverged.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X has column names that are all strings.
    oob_score_ : float
        Accuracy out of the bag.
    oob_decision_function_ : ndarray of shape (n_samples, n_classes)
        Probabilities out of the bag; NaN for rows that are in every sample.

    Notes
    -----
    ``estimator.callbacks`` are copied for each member, which calls its own from a thread of its
    own: what shows progress or writes to one path is not for members, and checkpoints are refused.
    ``estimator.verbose`` prints one line per member.

    Examples
    --------
    >>> from lamina import EnsembleClassifier, MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier(16, standardize=True, solver="lbfgs", max_iter=50, tol=1e-2)
    >>> model = EnsembleClassifier(network, n_members=5, oob_score=True, random_state=0).fit(X, y)
    >>> model.oob_score_ > 0.9
    True
    >>> model.spread(X[:1]).shape, model.uncertainty(X[:1]).disagreement.shape
    ((1, 3), (1,))
    """

    _kind: ClassVar[type[BaseMLP]] = MLPClassifier

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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train each member for one epoch on a sample of X and y.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will bring: required in the first call.

        Returns
        -------
        self
        """
        weights.refuse_balanced(self._template().class_weight)
        return self._partial_fit(X, y, sample_weight, classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the mean of the members' probabilities.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), columns in the order of ``classes_``
        """
        return self._mean(X)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of `predict_proba`; minus infinity where that is 0.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of the largest mean probability, or the labels above one half.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        return self._decoded(self._mean(X))

    def spread(self, X: Any) -> np.ndarray:
        """Return the standard deviation of the members' probabilities around their mean.

        ``sqrt((1/M) sum_m (p_mc - p_c)^2)`` for each class c.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.concatenate([deviation(p) for p in self._chunks(X)])

    def uncertainty(self, X: Any) -> Uncertainty:
        """Return how unsure the ensemble is, and how much of that is disagreement.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        Uncertainty
            ``total``, ``expected`` and ``disagreement``, each (n_samples,), or (n_samples,
            n_labels) for several labels: `lamina.ensembles.Uncertainty` has the equations.
        """
        labels = self._multilabel
        parts = [uncertainty(p, labels) for p in self._chunks(X)]
        return Uncertainty(*(np.concatenate(own) for own in zip(*parts, strict=True)))

    @property
    def _multilabel(self) -> bool:
        members = self.__dict__.get("members_")
        return members is not None and members[0]._label_binarizer.y_type_.startswith("multilabel")

    def _decoded(self, p: np.ndarray) -> np.ndarray:
        two = p.shape[1] == 2 and not self._multilabel
        return self.members_[0]._decode(p[:, 1:] if two else p)

    def _raw(self, member: Any, X: Any) -> np.ndarray:
        return member.predict_proba(X)

    def _from_inputs(self, member: Any, x: Any) -> np.ndarray:
        p = member._bare()(x)
        if p.shape[1] > 1:
            return p
        return np.ones_like(p) if len(self.classes_) == 1 else np.hstack([1 - p, p])

    def _score_oob(
        self, template: Any, y: np.ndarray, mean: np.ndarray, weights: Any, seen: np.ndarray
    ) -> None:
        self.oob_decision_function_ = mean
        weights = None if weights is None else weights[seen]
        self.oob_score_ = template._metric(y[seen], self._decoded(mean[seen]), weights)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
