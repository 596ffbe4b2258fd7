"""The sigmoid neuron (note 002 §3; note 004)."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from lamina.descent import MeanOfTerms, descend
from lamina.descent.inputs import vector
from lamina.estimators.data.inputs import name_non_finite
from lamina.neurons.arrays import linear_form
from lamina.neurons.models import report
from lamina.neurons.models.learning import LOSSES, training_loss
from lamina.neurons.models.loss_surface import LossSurface
from lamina.neurons.units.unit import Unit
from lamina.plan import checks
from lamina.spec.activations import logistic

_CHECKS = {"dtype": np.float64, "ensure_all_finite": False}  # what is not finite is named here


class SigmoidNeuron(ClassifierMixin, BaseEstimator):
    """One neuron, ``f(x) = σ(w·x + b)``, that learns two classes by gradient descent.

    Where a perceptron jumps from 0 to 1, it goes over smoothly, so that there is a gradient to
    follow and f(x) can be read as the probability of the second class (note 002 §3.1). Each step
    is ``w - η ∂L/∂w``, ``b - η ∂L/∂b`` over all samples (note 002 §3.3, algorithm 3).

    The squared error of a sigmoid neuron is not convex in its weights: it has plateaus where σ is
    saturated. Cross-entropy is convex. On data that a hyperplane separates neither has a lowest
    point: the weights grow for ever, ever more slowly.

    Parameters
    ----------
    loss : str, default="squared_error"
        "squared_error", 1/(2N) Σ (y - f)²; "mean_squared_error", 1/N Σ (y - f)² (note 002 §3.3);
        "sum_squared_error", Σ (y - f)² (note 004); or "binary_cross_entropy". The notes' numbers
        come out with their own loss, since a step of η means another thing for each.
    fit_intercept : bool, default=True
        Whether there is a bias b. Note 004's neuron has none.
    step : float, schedule, callable or step rule, default=0.1
        η: what `lamina.descent.descend` takes, such as ``ExactLineSearch()`` for note 004's
        ``argmin``.
    max_iter : int in [1, inf), default=1000
        Largest number of steps.
    tol : float in [0, inf), default=1e-8
        Stop where the length of the gradient is at most this.
    start : {"zeros", "random"} or array-like of shape (n_weights,), default="zeros"
        The first weights: 0, drawn from a standard normal distribution (note 002: "initialize
        randomly"), or w and then b.
    random_state : int, RandomState instance or None, default=None
        For ``start="random"``.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        f(x) is the probability of the second.
    coef_ : ndarray of shape (1, n_features)
    intercept_ : ndarray of shape (1,)
    path_ : lamina.descent.Path
        Every step: weights (w, then b), loss, gradient.
    weight_names_ : list of str
        "w1", "w2", ... and "b": the columns of the path's points.
    n_iter_ : int
        Steps taken.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X has column names that are all strings.

    Raises
    ------
    ValueError
        If X or y are not what scikit-learn takes for two classes, or not finite.
    ArgumentError
        If a parameter is out of range.

    Warns
    -----
    ConvergenceWarning
        If the descent stops at `max_iter` or cannot make a step, or ends on a plateau: the gradient
        vanishes since σ is saturated, with samples on the wrong side, as for X that is not scaled.

    Examples
    --------
    Note 004's four points, first step from w = 0, where E = 1 and ∇E = (11/4, 1):

    >>> from lamina.neurons import SigmoidNeuron
    >>> X, y = [[-3, -3], [-2, -2], [4, 4], [2, -5]], [1, 1, 0, 0]
    >>> neuron = SigmoidNeuron("sum_squared_error", fit_intercept=False, step=0.1).fit(X, y)
    >>> neuron.path_.values[0], neuron.path_.gradients[0], neuron.path_.points[1]
    (np.float64(1.0), array([2.75, 1.  ]), array([-0.275, -0.1  ]))
    >>> neuron.predict(X)
    array([1, 1, 0, 0])
    >>> print(neuron.summary())
    P(y = 1) = σ(-1.98 x1 + 0.06434 x2)
    sum_squared_error 1 to 0.000645677 in 1000 steps
    stopped: max_iter = 1000 steps were taken
    """

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        fit_intercept: bool = True,
        step: Any = 0.1,
        max_iter: int = 1000,
        tol: float = 1e-8,
        start: Any = "zeros",
        random_state: Any = None,
    ) -> None:
        self.loss = loss
        self.fit_intercept = fit_intercept
        self.step = step
        self.max_iter = max_iter
        self.tol = tol
        self.start = start
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the weights.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels of two classes.

        Returns
        -------
        self
        """
        checks.choice("loss", self.loss, LOSSES)
        checks.flag("fit_intercept", self.fit_intercept)
        checks.integer("max_iter", self.max_iter, "[1, inf)")
        checks.real("tol", self.tol, "[0, inf)")
        X, targets = self._validate(X, y)
        d = X.shape[1]
        self.weight_names_ = [f"w{i}" for i in range(1, d + 1)] + ["b"] * self.fit_intercept
        self.path_ = descend(
            self._loss(X, targets),
            self._start(len(self.weight_names_)),
            step=self.step,
            max_steps=self.max_iter,
            tolerance=self.tol,
        )
        self.n_iter_ = self.path_.n_steps
        self.coef_ = self.path_.point[None, :d].copy()
        self.intercept_ = self.path_.point[d:].copy() if self.fit_intercept else np.zeros(1)
        with np.errstate(all="ignore"):  # of huge X the sums may overflow
            z = X @ self.coef_[0] + self.intercept_[0]
        self._n_saturated = report.n_saturated(z, targets)
        report.warn(self)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return ``w·x + b``, shape (n_samples,): above 0 for the second class."""
        check_is_fitted(self)
        X = self._named_finite(validate_data(self, X, reset=False, **_CHECKS))
        with np.errstate(over="ignore"):  # an infinite sum is on the right side
            return X @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return ``1 - f(x)`` and ``f(x)``, shape (n_samples, 2)."""
        z = self.decision_function(X)
        return np.column_stack([logistic(-z), logistic(z)])

    def predict(self, X: Any) -> np.ndarray:
        """Return the more probable class of each row, the first where both are as probable."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(int)]

    def unit(self) -> Unit:
        """Return the neuron as a `Unit`, with its gradient by x and its level sets."""
        check_is_fitted(self)
        return Unit(self.coef_[0], self.intercept_[0], "logistic")

    def loss_surface(self, X: Any, y: Any, weights: Any = None) -> LossSurface:
        """Return the loss on data as a function of two of the weights, the others held.

        Parameters
        ----------
        X, y
            The data, usually those of `fit`.
        weights : (str, str), optional
            Two of ``weight_names_``; by default the first two.

        Returns
        -------
        LossSurface
        """
        check_is_fitted(self)
        X, targets = self._validate(X, y, reset=False)
        return LossSurface.of(self._loss(X, targets), self.path_, self.weight_names_, weights)

    def summary(self) -> str:
        """Return in words what the neuron computes, how it was learned and why that ended."""
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        path, form = self.path_, linear_form(self.coef_[0], self.intercept_[0], names)
        return (
            f"P(y = {self.classes_[1]}) = σ({form})\n"
            f"{self.loss} {path.values[0]:.6g} to {path.value:.6g} in {path.n_steps} steps\n"
            f"{report.ending(self)}"
        )

    def _loss(self, X: np.ndarray, targets: np.ndarray) -> MeanOfTerms:
        if self.fit_intercept:
            X = np.column_stack([X, np.ones(len(X))])
        return training_loss("logistic", X, targets, self.loss)

    def _start(self, n: int) -> np.ndarray:
        if not isinstance(self.start, str):
            return vector("start", self.start, n)
        checks.choice("start", self.start, ["zeros", "random"])
        if self.start == "zeros":
            return np.zeros(n)
        return check_random_state(self.random_state).normal(size=n)

    def _named_finite(self, X: np.ndarray) -> np.ndarray:
        """Return X, or raise ValueError that names the first entry that is not finite."""
        name_non_finite(X, "X", getattr(self, "feature_names_in_", None))
        return X

    def _validate(self, X: Any, y: Any, reset: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Return X, and y as 0 for the first class and 1 for the second."""
        X, y = validate_data(self, X, y, reset=reset, **_CHECKS)
        self._named_finite(X)
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(y)}: y has {len(classes)} classes."
            )
        if reset and len(classes) < 2:
            raise ValueError(f"y must have two classes, got one class: {classes.tolist()}")
        if reset:
            self.classes_ = classes
        strange = np.setdiff1d(classes, self.classes_)
        if len(strange):
            raise ValueError(f"y must hold the classes {self.classes_}, got also {strange}")
        return X, (y == self.classes_[1]).astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
