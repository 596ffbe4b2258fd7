"""The linear autoencoder: its optimum by singular values, or learnt by an update rule."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils.extmath import svd_flip
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from lamina.estimators import DivergenceError
from lamina.estimators.data.inputs import name_non_finite
from lamina.linear.deep import DeepLinear
from lamina.linear.factor import Factor, lanczos
from lamina.linear.learning import Learned, Task, learn
from lamina.linear.parameters import check_parameters, refuse_above, solver_of
from lamina.linear.story import count, summary
from lamina.plan import Rule, Schedule, checks
from lamina.training import Outcome

PROMISED = 1e-6  # relative gap above which a trained autoencoder warns
EPS = float(np.finfo(np.float64).eps)


def _is_exact(estimator: Any) -> bool:
    """Return True, or raise AttributeError where there is no `partial_fit`."""
    if estimator.solver != "svd":
        raise AttributeError(
            f"partial_fit is only available with solver='svd', which can add up second moments; "
            f"got solver={estimator.solver!r}."
        )
    return True


class LinearAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A linear autoencoder ``x -> z = x C -> x_hat = z D`` with a code of m numbers.

    It minimises ``L(C, D) = 1/(2n) sum ||x_i - x_i C D||^2`` (note 003 §2.3). CD has rank at most
    m, so by Eckart and Young no choice does better than the truncated singular value
    decomposition: ``C = V_m``, ``D = V_m'``, with an error of half the mean of the squares of the
    singular values left out. The solution is the principal components; C and D are determined up
    to an invertible matrix between them. The loss has saddle points, but every local minimum is
    that one (Baldi and Hornik, 1989), so gradient descent gets there too.

    The note writes samples as columns, ``z = C x``, and the loss once with 1/(2n) and once
    without; here rows are samples and L is always the first.

    Parameters
    ----------
    n_components : int in [1, min(n_samples, n_features)] or None, default=None
        Size m of the code; None: min(n_samples, n_features), which loses nothing.
    solver : {"svd", "lanczos", "lbfgs"}, Rule or name of a rule, default="svd"
        "svd": LAPACK's full decomposition, exact. "lanczos": m leading singular vectors by ARPACK,
        to rounding as well, for a few components of a large matrix. A rule, such as
        ``lamina.Adam()`` or "adam", which is the rule with its defaults, or "lbfgs": trained by
        full-batch steps in float64.
    center : bool, default=True
        Subtract the mean of each column first. Without it, the singular values are those of X.
    whiten : bool, default=True
        Of training: the encoder's weights are learnt in coordinates in which the input has
        covariance I. That changes the path, not the optimum, and is what makes a gap of 1e-6
        reachable on data of uneven variances.
    polish : bool, default=True
        Of training by a rule: if it has not come within `tol` after `max_iter` epochs, L-BFGS
        goes on from there. `n_polish_` says for how long.
    learning_rate : Schedule, optional
        Of training; by default one fall of a cosine to 0 over `max_iter` epochs.
    learning_rate_init : float in (0, inf), optional
        In units in which the largest singular value is 1; by default 0.1 for the rules whose step
        is proportional to the gradient, 0.03 for the others.
    max_iter : int in [1, inf), default=20000
        Largest number of epochs, each one step.
    tol : float in [0, inf), default=1e-9
        Training ends when the relative gap to the optimum is at most this. The optimum is known
        from the singular values; this is a demonstration of training, not a way around them.
    n_kept : int in [1, inf), optional
        Of `partial_fit`; `fit` ignores it. Number of rows of the running factor. None keeps
        n_features of them and is exact; fewer save memory where there are very many features and
        make `partial_fit` an estimate, as scikit-learn's IncrementalPCA is (see `is_exact_`).
    random_state : int, RandomState instance or None, default=None
        Initial weights; start of "lanczos".

    Attributes
    ----------
    components_ : ndarray of shape (n_components_, n_features)
        Orthonormal rows, the strongest direction first, each with its largest entry positive. Of a
        trained autoencoder: a basis of the space it learnt, turned so.
    encoder_, decoder_ : ndarray of shape (n_features, m), (m, n_features)
        C and D, as trained, or ``components_.T`` and ``components_``.
    singular_values_ : ndarray of shape (n_components_,)
        Of the centred data along the components.
    explained_variance_ : ndarray of shape (n_components_,)
        ``singular_values_^2 / (n - 1)``.
    explained_variance_ratio_ : ndarray of shape (n_components_,)
        Shares of the sum of all squares; 0 if there is nothing to explain.
    spectrum_ : ndarray
        All singular values of the centred data; with "lanczos" the first m.
    mean_ : ndarray of shape (n_features,)
    n_components_, n_samples_, rank_limit_, rank_ : int
        ``rank_limit_`` is min(n_samples, n_features), more components cannot help; ``rank_`` the
        number of values of `spectrum_` above rounding.
    is_exact_ : bool
        False after `partial_fit` has left directions out because of `n_kept`. Then `optimum_` and
        `reconstruction_error_` are the same upper bound of what they name, and the singular values
        and what is explained are lower bounds.
    reconstruction_error_ : float
        L of `transform` and `inverse_transform` on the training data. They project on the rows of
        `components_`, also if trained, which is the best use of the space that was learnt.
    optimum_ : float
        The least L of this rank, by Eckart and Young.
    gap_ : float
        ``(L(C, D) - optimum_) / optimum_`` of the trained `encoder_` and `decoder_`; relative to
        the L of the mean alone where the optimum is 0. Only if trained.
    loss_curve_ : list of float
        L by epoch. Only if trained.
    n_iter_, n_polish_ : int
        Epochs of the solver, and iterations of L-BFGS after them; 1 and 0 if solved by singular
        values.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    ArgumentError
        If a parameter is out of range; more components than the rank limit are refused with words.

    Warns
    -----
    UserWarning
        If the data have a smaller rank than the components asked for.
    ConvergenceWarning
        If training ends with a gap above 1e-6.

    Examples
    --------
    >>> import lamina
    >>> from lamina.linear import LinearAutoencoder
    >>> X = [[2.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-2.0, 0.0, -1.0], [0.0, -1.0, 0.0]]
    >>> exact = LinearAutoencoder(n_components=1).fit(X)
    >>> abs(exact.components_).round(3), exact.explained_variance_ratio_.round(3)
    (array([[0.894, 0.   , 0.447]]), array([0.833]))
    >>> trained = LinearAutoencoder(1, solver=lamina.Adam(), random_state=0).fit(X)
    >>> trained.gap_ < 1e-6, bool((abs(trained.components_ - exact.components_) < 1e-4).all())
    (True, True)
    >>> print(exact.summary())
    linear autoencoder 3 -> 1 -> 3, by singular values, 4 samples
    rank at most 1; the data allow 3 and have rank 2
    reconstruction error 0.25, the least of this rank (Eckart-Young), without a code 1.5
    the code keeps 83.3% of the sum of squares
    """

    def __init__(
        self,
        n_components: int | None = None,
        *,
        solver: str | Rule = "svd",
        center: bool = True,
        whiten: bool = True,
        polish: bool = True,
        learning_rate: Schedule | None = None,
        learning_rate_init: float | None = None,
        max_iter: int = 20000,
        tol: float = 1e-9,
        n_kept: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.solver = solver
        self.center = center
        self.whiten = whiten
        self.polish = polish
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_kept = n_kept
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the code of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Dense and finite; at least two samples if they are centred. Computed in float64.
        y : ignored

        Returns
        -------
        self
        """
        check_parameters(self)
        X = self._validated(X, reset=True, ensure_min_samples=2 if self.center else 1)
        limit = min(X.shape)
        refuse_above(self.n_components, limit, "min(n_samples, n_features)")
        m = limit if self.n_components is None else int(self.n_components)
        random = check_random_state(self.random_state)
        if self.solver == "lanczos":
            return self._settle(*lanczos(X, m, bool(self.center), random), m)
        factor = Factor.of(X, bool(self.center))
        s, vt = factor.svd()
        if self.solver == "svd":
            return self._settle(factor, s, vt, m)
        optimum = 0.5 * float(np.sum(s[m:] ** 2))
        reference = optimum if optimum > len(s) * EPS * factor.total else 0.5 * factor.total
        task = Task(
            factor.rows,
            m,
            solver_of(self),
            bool(self.whiten),
            bool(self.polish),
            self.learning_rate,
            self.learning_rate_init,
            self.max_iter,
            goal=optimum + self.tol * reference,
        )
        learned = learn(task, random)
        self._settle_learned(factor, s, m, learned, optimum, reference)
        return self

    @available_if(_is_exact)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Add samples to those fitted so far; only with ``solver="svd"``.

        Fitting chunk by chunk gives what `fit` on all of them does, to rounding: a triangular
        factor of at most n_features rows is carried along (see `n_kept`).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As long as there are fewer samples than components, the code has their number.
        y : ignored

        Returns
        -------
        self
        """
        check_parameters(self)
        first = not hasattr(self, "components_")
        X = self._validated(X, reset=first)
        refuse_above(self.n_components, X.shape[1], "n_features")
        before = Factor.empty(X.shape[1], bool(self.center)) if first else self._factor
        if before.center != self.center:
            raise checks.fail("center", f"{before.center}, as it was so far", self.center)
        if before.shortened and self.is_exact_:
            expected = "'svd' in fit too: 'lanczos' kept nothing but its components to add to"
            raise checks.fail("solver", expected, "lanczos")
        factor = before.update(X, self.n_kept)
        limit = min(factor.n_samples, X.shape[1], len(factor.rows))
        m = limit if self.n_components is None else min(int(self.n_components), limit)
        return self._settle(factor, *factor.svd(), m, warn=False)

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes ``(x - mean) components_'`` of shape (n_samples, n_components_)."""
        check_is_fitted(self)
        return np.asarray((self._validated(X, reset=False) - self.mean_) @ self.components_.T)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the reconstructions of codes (n_samples, n_components_)."""
        check_is_fitted(self)
        Z = check_array(X, dtype=np.float64, input_name="X")
        if Z.shape[1] != self.n_components_:
            raise checks.fail("X", f"codes of shape (n_samples, {self.n_components_})", Z.shape)
        return np.asarray(Z @ self.components_ + self.mean_)

    def deep_linear(self) -> DeepLinear:
        """Return `encoder_` and `decoder_` as a two-layer `DeepLinear`.

        With ``Moments.of(X - mean_, X - mean_)`` it has the loss and the gradients of note 003
        §2.3.
        """
        check_is_fitted(self)
        return DeepLinear([self.encoder_, self.decoder_])

    def summary(self) -> str:
        """Return what was found, in words."""
        check_is_fitted(self)
        return summary(self)

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components_)

    def _validated(self, X: Any, reset: bool, **options: Any) -> np.ndarray:
        X = validate_data(
            self, X, dtype=np.float64, ensure_all_finite=False, reset=reset, **options
        )
        name_non_finite(X, "X", getattr(self, "feature_names_in_", None))
        return np.asarray(X)

    def _settle(
        self, factor: Factor, s: np.ndarray, vt: np.ndarray, m: int, warn: bool = True
    ) -> Self:
        """Set the attributes of the exact solution, and forget those of a training."""
        for name in ("gap_", "loss_curve_"):
            self.__dict__.pop(name, None)
        self._describe(factor, m, s, warn)
        self._take(vt[:m], s[:m])
        self.is_exact_ = not factor.shortened or self.solver == "lanczos"
        lost = factor.total - float(np.sum(s**2)) if factor.shortened else 0.0
        rest = max(lost, 0.0) + float(np.sum(s[m:] ** 2))
        self.optimum_ = self.reconstruction_error_ = 0.5 * rest / factor.n_samples
        self.encoder_, self.decoder_ = self.components_.T.copy(), self.components_.copy()
        self.n_iter_, self.n_polish_ = 1, 0
        return self

    def _settle_learned(
        self,
        factor: Factor,
        s: np.ndarray,
        m: int,
        learned: Learned,
        optimum: float,
        reference: float,
    ) -> None:
        """Set the attributes of a trained autoencoder and say if it fell short."""
        if learned.outcome is Outcome.DIVERGED:
            raise DivergenceError(
                f"training by {self.solver} diverged after "
                f"{count(len(learned.losses), 'epoch')}; lower learning_rate_init"
            )
        self._describe(factor, m, s, warn=True)
        self.is_exact_ = True
        n = factor.n_samples
        self.encoder_, self.decoder_ = learned.encoder, learned.decoder
        basis = np.linalg.qr(learned.decoder.T)[0]
        _, found, turn = np.linalg.svd(factor.rows @ basis, full_matrices=False)
        self._take((turn @ basis.T)[:m], found[:m])
        left = factor.rows - (factor.rows @ self.components_.T) @ self.components_
        self.reconstruction_error_ = 0.5 * float(np.vdot(left, left)) / n
        self.optimum_ = optimum / n
        rest = factor.rows - factor.rows @ learned.encoder @ learned.decoder
        excess = 0.5 * float(np.vdot(rest, rest)) - optimum
        self.gap_ = excess / reference if reference > 0 else 0.0
        self.loss_curve_ = [loss / n for loss in learned.losses]
        self.n_iter_ = learned.n_epochs
        self.n_polish_ = len(learned.losses) - learned.n_epochs
        self._warn_of(learned)

    def _warn_of(self, learned: Learned) -> None:
        if learned.outcome is Outcome.INTERRUPTED:
            warnings.warn("Training interrupted by user.", UserWarning, stacklevel=4)
        elif not self.gap_ <= PROMISED:
            warnings.warn(
                f"training by {self.solver} ended after {count(len(learned.losses), 'epoch')} "
                f"with a relative gap of {self.gap_:.1e} to the Eckart-Young optimum. Raise "
                f"max_iter, change learning_rate_init, keep whiten=True, or scale the columns.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _describe(self, factor: Factor, m: int, s: np.ndarray, warn: bool) -> None:
        n, d = factor.n_samples, len(factor.mean)
        self._factor, self.mean_, self.n_samples_ = factor, factor.mean, n
        self.spectrum_, self.n_components_, self.rank_limit_ = s, m, min(n, d)
        self.rank_ = int(np.sum(s > max(n, d) * EPS * s[0]))
        if warn and self.n_components is not None and self.rank_ < m:
            warnings.warn(
                f"n_components={m}, but the {'centred ' if self.center else ''}data have rank "
                f"{self.rank_}: components beyond it carry nothing and are arbitrary.",
                UserWarning,
                stacklevel=4,
            )

    def _take(self, vt: np.ndarray, s: np.ndarray) -> None:
        """Set the components, with the signs that scikit-learn's PCA gives them."""
        self.components_ = svd_flip(None, vt.copy(), u_based_decision=False)[1]
        self.singular_values_ = s.copy()
        self.explained_variance_ = s**2 / max(self.n_samples_ - 1, 1)
        total = self._factor.total
        self.explained_variance_ratio_ = s**2 / total if total > 0 else np.zeros_like(s)
