"""The perceptron and its learning (note 002 §2.2 and §2.3)."""

from __future__ import annotations

import contextlib
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import check_is_fitted

from lamina.neurons.perceptron import inputs, report
from lamina.neurons.perceptron.correction import Course, Points, response
from lamina.neurons.perceptron.trace import ConvergenceBound, Trace
from lamina.neurons.separability.separation import UndecidedError, decide
from lamina.plan import checks

PATIENCE = 10  # passes before it is asked whether there is a separating line at all
FAIR_SHARE = 8  # numbers in X per correction: fewer, and learning has cost enough to ask
ASK_AGAIN = 4  # times the work that did not suffice
KEPT = 1 << 20  # numbers in X up to which a copy is kept, so that bound_ can be computed later


def _learns_pass_by_pass(estimator: Any) -> bool:
    """Return True, or raise AttributeError where there is no `partial_fit`."""
    for name in ("pocket", "trace"):
        if getattr(estimator, name):
            raise AttributeError(f"partial_fit needs {name}=False: {name}=True needs all data")
    return True


class Perceptron(ClassifierMixin, BaseEstimator):
    """Perceptron of two classes: ``y = 1 if w·x >= θ else 0``, with real inputs and weights.

    The threshold is a weight: with ``x_0 = 1`` and ``w_0 = -θ`` it is ``w·x >= 0`` (note 002
    §2.2). Learning looks at one point after the other and corrects the weights at each that they
    are wrong for, ``w <- w + x`` for the positive class and ``w <- w - x`` for the other (§2.3).
    On separable data that ends after at most R²/γ² corrections. On other data it never ends by
    itself; `fit` proves it by a point that both convex hulls share, and stops.

    Parameters
    ----------
    algorithm : {"modified", "original"}, default="modified"
        "modified" is Algorithm 2 of the note: negative points are negated, and p is corrected
        where ``w·p <= 0``. (The note has ``< 0``, which would never leave w = 0.) "original" is
        Algorithm 1: a positive point is corrected where ``w·x < 0``, a negative one where
        ``w·x >= 0``. They differ only in whether a positive point may lie on the line.
    order : {"cyclic", "random"}, default="cyclic"
        One point after the other as they stand, or as many random picks in each pass.
    normalize : bool, default=False
        Whether to learn from points ``(1, x)`` divided by their norm. That changes corrections,
        not which points are right.
    fit_intercept : bool, default=True
        Whether there is a w_0; without, the line goes through the origin.
    max_iter : int in [1, inf), default=1000
        Largest number of passes.
    pocket : bool, default=False
        Whether to keep the weights with the fewest errors so far (Gallant's pocket algorithm with
        ratchet), for data that are not separable. Learning then goes on for `max_iter` passes.
        Take ``order="random"`` with it: in cyclic order learning may come back to the same few
        weights again and again, and never to the best.
    trace : bool, default=False
        Whether to keep every correction in `trace_`, and a copy of X for its bound.
    random_state : int, RandomState instance or None, default=None
        Source of the random picks.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Negative and positive class, sorted.
    coef_ : ndarray of shape (1, n_features)
        w_1, …, w_n.
    intercept_ : ndarray of shape (1,)
        w_0 = -θ.
    n_corrections_ : int
        Corrections made, to be held against `bound_`.
    n_iter_ : int
        Passes made, the one without a correction included.
    converged_ : bool
        Whether the weights are right for all points.
    bound_ : float
        Largest possible number of corrections, R²/γ² (`ConvergenceBound`); infinite for data that
        are not separable, NaN where `separate` cannot decide it. Computed when first asked for
        (by ``hasattr`` too), which with many features may take minutes, and kept. It needs a copy
        of X, which there is up to 2²⁰ numbers; larger X need ``trace=True``.
    trace_ : Trace
        Only with ``trace=True``.
    separation_ : Separation
        Whether the classes are separable at all, with the certificate, as `separate` has it. `fit`
        asks after 10 passes, once there have been many corrections, and at the end of `max_iter`
        passes; with a pocket at the end only, if there are errors. It spends about a second on the
        answer, or as much as learning has cost if that is more, and asks again when learning has
        cost 4 times as much. Absent if that was not enough or there was no need to ask.
    n_errors_ : int
        Only with a pocket: points that `predict` with the weights kept gives the other class.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X has column names that are all strings.

    Notes
    -----
    More than two classes: ``sklearn.multiclass.OneVsRestClassifier(Perceptron())``. There are no
    sample weights: a correction by w times a point is no repetition of it, and the bound would be
    another one.

    With ``order="cyclic"`` and the defaults the weights are those of scikit-learn's
    ``Perceptron(shuffle=False, tol=None)`` after the same number of passes.

    Examples
    --------
    >>> from lamina.neurons import Perceptron
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    >>> model = Perceptron().fit(X, y)
    >>> model.coef_, model.intercept_
    (array([[3., 2.]]), array([-4.]))
    >>> print(model.summary())
    18 corrections in 9 passes: all points are right.
    No run on these data makes more than 51 (bound_, R²/γ²).
    """

    def __init__(
        self,
        *,
        algorithm: str = "modified",
        order: str = "cyclic",
        normalize: bool = False,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        pocket: bool = False,
        trace: bool = False,
        random_state: Any = None,
    ) -> None:
        self.algorithm = algorithm
        self.order = order
        self.normalize = normalize
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.pocket = pocket
        self.trace = trace
        self.random_state = random_state

    @classmethod
    def from_weights(
        cls, weights: Any, threshold: float = 0.0, classes: Any = (0, 1), **parameters: Any
    ) -> Self:
        """Return the perceptron with given weights and threshold θ, which has learnt nothing.

        Parameters
        ----------
        weights : array-like of shape (n_features,)
        threshold : float, default=0.0
            θ: the answer is ``classes[1]`` where ``Σ w_i x_i >= θ``.
        classes : sequence of 2 labels, default=(0, 1)
        **parameters
            Of the constructor.

        Examples
        --------
        >>> both = Perceptron.from_weights([1, 1], threshold=2)
        >>> both.predict([[0, 0], [0, 1], [1, 0], [1, 1]])
        array([0, 0, 0, 1])
        """
        w = inputs.vector("weights", weights)
        checks.real("threshold", threshold, "(-inf, inf)")
        labels = np.asarray(classes)
        if labels.shape != (2,) or labels[0] == labels[1]:
            raise checks.fail("classes", "two different labels", classes)
        self = cls(**parameters)
        self._check_options()
        if threshold != 0 and not self.fit_intercept:
            raise checks.fail("threshold", "0 with fit_intercept=False", threshold)
        self.classes_, self.n_features_in_ = labels, len(w)
        self.coef_, self.intercept_ = w[None, :], np.array([0.0 - threshold])
        return self

    def fit(self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None) -> Self:
        """Learn until the weights are right for all points, or it is proved that none can be.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels of two classes; the second in sorted order is the positive one.
        coef_init : array-like of shape (n_features,) or (1, n_features), default=None
            Weights to start from, by default 0.
        intercept_init : float or array-like of shape (1,), default=None
            w_0 to start from, by default 0.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is out of range or the data are not as they should be.

        Warns
        -----
        ConvergenceWarning
            If the data are not separable, or `max_iter` passes were not enough; with a pocket
            only if it holds errors though the data are separable.
        """
        self._check_options()
        X, y = inputs.matrix_and_labels(self, X, y, reset=True)
        classes = inputs.two_classes(y)
        start = inputs.start(X.shape[1], coef_init, intercept_init, self.fit_intercept)
        points = self._points(X, y == classes[1])
        course = Course(points, start, pocket=self.pocket, trace=self.trace)
        self._forget()
        self._random = check_random_state(self.random_state)
        try:
            self._learn(course, y)
            ended = True
        except KeyboardInterrupt:
            ended = False
        self.classes_ = classes
        self.n_corrections_, self.n_iter_ = course.n_corrections, course.n_passes
        self._settle(course)
        if self.trace or X.size <= KEPT:
            self._bound = ConvergenceBound(points, start)
        if self.trace:
            self.trace_ = Trace.of(points, start, course.samples, course.epochs, self._bound)
        report.warn(self, course, ended)
        return self

    @available_if(_learns_pass_by_pass)
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Make one pass over X, going on from where the weights stand.

        Counts of passes and corrections go on; `converged_` tells whether this pass left every one
        of its points right. There is no `bound_`, since no one set of points is learnt.

        Parameters
        ----------
        X, y
            As for `fit`; y may have one class only.
        classes : array-like of shape (2,), default=None
            Both classes: required in the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As for `fit`.
        AttributeError
            If ``pocket`` or ``trace`` is True: both need all data.
        """
        self._check_options()
        if classes is not None:
            inputs.two_classes(np.asarray(classes))
        _check_partial_fit_first_call(self, classes)
        first = not hasattr(self, "coef_")
        X, y = inputs.matrix_and_labels(self, X, y, reset=first)
        strange = y[~np.isin(y, self.classes_)]
        if len(strange):
            raise checks.fail("y", f"of the classes {self.classes_.tolist()}", strange[0])
        coef, intercept = (None, None) if first else (self.coef_, self.intercept_)
        start = inputs.start(X.shape[1], coef, intercept, self.fit_intercept)
        course = Course(self._points(X, y == self.classes_[1]), start)
        if not hasattr(self, "_random"):
            self._random = check_random_state(self.random_state)
        course.go_through(self._order(len(X)))
        self._forget()
        self._settle(course)
        self.n_corrections_ = getattr(self, "n_corrections_", 0) + course.n_corrections
        self.n_iter_ = getattr(self, "n_iter_", 0) + 1
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return ``w·x = Σ w_i x_i + w_0``: at least 0 for the positive class.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        X = inputs.matrix(self, X, reset=False)
        return response(X, np.append(self.intercept_, self.coef_), True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row: the positive one where the weighted sum reaches θ.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        positive = self.decision_function(X) >= 0
        return self.classes_[positive.astype(np.intp)]

    @property
    def threshold_(self) -> float:
        """Threshold θ = -w_0."""
        check_is_fitted(self)
        return float(0.0 - self.intercept_[0])

    @property
    def bound_(self) -> float:
        """Largest possible number of corrections on the data of the last `fit`."""
        check_is_fitted(self)
        if not hasattr(self, "_bound"):
            raise AttributeError(
                "bound_ needs the data of the last fit: they are kept up to 2**20 numbers in "
                "X, not after partial_fit, and not in a pickle. Call fit with trace=True."
            )
        return self._bound.corrections

    def summary(self) -> str:
        """Return what learning did, in words, with the bound beside the number of corrections.

        It spends at most about a second on the bound; without it, it says so.
        """
        check_is_fitted(self)
        return report.summary(self)

    def _check_options(self) -> None:
        checks.choice("algorithm", self.algorithm, ("modified", "original"))
        checks.choice("order", self.order, ("cyclic", "random"))
        for name in ("normalize", "fit_intercept", "pocket", "trace"):
            checks.flag(name, getattr(self, name))
        checks.integer("max_iter", self.max_iter, "[1, inf)")

    def _points(self, X: np.ndarray, positive: np.ndarray) -> Points:
        return Points.signed(
            X,
            positive,
            bias=bool(self.fit_intercept),
            normalize=self.normalize,
            algorithm=self.algorithm,
        )

    def _order(self, n: int) -> np.ndarray | None:
        """Return the picks of one pass; None for one point after the other."""
        return None if self.order == "cyclic" else self._random.randint(n, size=n)

    def _learn(self, course: Course, y: np.ndarray) -> None:
        """Make passes until all points are right, or it is known that they never can be."""
        X, asked = course.points.X, 0.0
        for n_passes in range(1, self.max_iter + 1):
            course.go_through(self._order(len(X)))
            if course.converged:
                return
            tried = n_passes >= PATIENCE and FAIR_SHARE * course.n_corrections >= X.size
            last, work = n_passes == self.max_iter, max(report.SECOND, course.work)
            if course.pocket is not None:
                ask = last and course.pocket.n_errors > 0
            else:
                ask = (tried and work >= ASK_AGAIN * asked) or (last and work > asked)
            if ask and not hasattr(self, "separation_"):
                asked = work
                with contextlib.suppress(UndecidedError):
                    self.separation_ = decide(X, y, bool(self.fit_intercept), work)
                    if not self.separation_.separable:
                        return

    def _forget(self) -> None:
        """Drop what belongs to an earlier call only."""
        for name in ("_bound", "trace_", "separation_", "n_errors_"):
            self.__dict__.pop(name, None)

    def _settle(self, course: Course) -> None:
        """Show the weights as scikit-learn's attributes."""
        weights = course.weights
        if course.pocket is not None:
            weights, self.n_errors_ = course.pocket.weights, course.pocket.n_errors
        bias = bool(self.fit_intercept)
        self.coef_ = weights[None, int(bias) :].copy()
        self.intercept_ = weights[:1].copy() if bias else np.zeros(1)
        self.converged_ = course.converged

    def __getstate__(self) -> Any:
        """Return the state without the data kept for `bound_`, unless `trace_` needs them."""
        state = dict(super().__getstate__())
        if "_bound" in state and not (self._bound.decided or "trace_" in state):
            del state["_bound"]
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
