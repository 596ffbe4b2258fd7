"""All that squared error over a data set tells a linear network: Sigma_xx and Sigma_xy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from lamina.linear.arrays import frozen, matrix
from lamina.linear.story import count
from lamina.plan import checks

SLACK = 1e-6  # what rounding may do to moments that data have


class Modes(NamedTuple):
    """The modes of ``Sigma_xy = U diag(strengths) V'``, strongest first.

    Attributes
    ----------
    inputs : ndarray of shape (d_0, n_modes)
        U: the input direction of each mode.
    strengths : ndarray of shape (n_modes,)
    outputs : ndarray of shape (d_L, n_modes)
        V: the output direction of each mode.
    variances : ndarray of shape (n_modes,)
        ``u' Sigma_xx u``: 1 for whitened input.
    coupling : float
        Largest off-diagonal entry of ``U' Sigma_xx U``, relative to its largest entry. At 0 the
        modes can be learnt apart from each other.
    """

    inputs: np.ndarray
    strengths: np.ndarray
    outputs: np.ndarray
    variances: np.ndarray
    coupling: float


class Moments:
    """Second moments of inputs and targets (note 003 §2.4).

    With ``Sigma_xx = X'X / n`` and ``Sigma_xy = X'Y / n`` the loss ``½ mean ||y - x W||^2`` of a
    linear map W and every gradient of it are known: data of any length shrink to these. The note
    sums where lamina takes the mean, so its gradients are n times these; and its Sigma_xy is the
    transpose of this one, since its samples are columns.

    Parameters
    ----------
    xx : array-like of shape (d_0, d_0)
        Sigma_xx: symmetric and without negative eigenvalues.
    xy : array-like of shape (d_0, d_L)
        Sigma_xy.
    yy : float in [0, inf), optional
        Trace of Sigma_yy: only the value of the loss depends on it. None: not known; then losses
        are told up to a constant, less ``½ tr Sigma_yy``, and can be negative.

    Raises
    ------
    ArgumentError
        If shapes do not fit, or no data have such moments: Sigma_xx must be positive semidefinite,
        Sigma_xy in its range, and yy at least ``tr(Sigma_xy' Sigma_xx^+ Sigma_xy)``.

    Examples
    --------
    >>> from lamina.linear import Moments
    >>> moments = Moments.of([[1.0, 0.0], [0.0, 1.0]], [[2.0], [0.0]])
    >>> moments.xx, moments.xy
    (array([[0.5, 0. ],
           [0. , 0.5]]), array([[1.],
           [0.]]))
    """

    def __init__(self, xx: Any, xy: Any, yy: float | None = None) -> None:
        self.xx = frozen(matrix("xx", xx))
        self.xy = frozen(matrix("xy", xy, n_rows=len(self.xx)))
        if yy is not None:
            checks.real("yy", yy, "[0, inf)")
        self.yy = None if yy is None else float(yy)
        size = np.abs(self.xx).max()
        if self.xx.shape[0] != self.xx.shape[1] or np.abs(self.xx - self.xx.T).max() > 1e-9 * size:
            raise checks.fail("xx", "a symmetric matrix", xx)
        if np.linalg.eigvalsh(self.xx)[0] < -1e-9 * size:
            raise checks.fail("xx", "without negative eigenvalues, as second moments are", xx)
        self._check_range()

    @classmethod
    def of(cls, X: Any, Y: Any) -> Moments:
        """Return the moments of data, as means over the samples; nothing is centred.

        Parameters
        ----------
        X : array-like of shape (n_samples, d_0)
        Y : array-like of shape (n_samples, d_L) or (n_samples,)
        """
        X = matrix("X", X)
        Y = matrix("Y", Y, n_rows=len(X), vectors=True)
        n = len(X)
        return cls(X.T @ X / n, X.T @ Y / n, float(np.vdot(Y, Y)) / n)

    def whitened(self) -> Moments:
        """Return the moments after the change of input coordinates that makes Sigma_xx = I.

        x becomes ``x Sigma_xx^(-1/2)``.

        Raises
        ------
        ArgumentError
            If Sigma_xx is singular: some direction has no variance to bring to 1.
        """
        root, rank = self._inverse_root()
        if rank < len(root):
            raise checks.fail("xx", f"of full rank {len(root)} to be whitened", f"rank {rank}")
        return Moments(np.eye(len(root)), root @ self.xy, self.yy)

    def _check_range(self) -> None:
        """Refuse a Sigma_xy or a tr Sigma_yy that no data with this Sigma_xx have."""
        values, vectors = self._spectrum()
        along = vectors.T @ self.xy
        size = float(np.linalg.norm(self.xy))
        if self.yy is not None:  # Cauchy and Schwarz: an honest ||Sigma_xy|| is at most this
            size = max(size, float(np.sqrt(np.linalg.norm(self.xx) * self.yy)))
        if np.linalg.norm(self.xy - vectors @ along) > SLACK * size:
            raise checks.fail("xy", "in the range of xx: 0 where the input is always 0", self.xy)
        sure = values > SLACK * values.max(initial=0.0)  # of smaller ones rounding has its share
        least = float(np.sum(along[sure] ** 2 / values[sure, None]))
        if self.yy is not None and self.yy < least * (1 - SLACK):
            expected = f"at least tr(xy' xx^+ xy) = {least:.6g}, what xx and xy explain"
            raise checks.fail("yy", expected, self.yy)

    def _spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the eigenvalues of Sigma_xx above rounding and their eigenvectors as columns."""
        values, vectors = np.linalg.eigh(self.xx)
        keep = values > len(values) * np.finfo(float).eps * values[-1]
        return values[keep], vectors[:, keep]

    def _inverse_root(self) -> tuple[np.ndarray, int]:
        """Return ``Sigma_xx^(-1/2)``, 0 where Sigma_xx is, and the rank of Sigma_xx."""
        values, vectors = self._spectrum()
        return (vectors / np.sqrt(values)) @ vectors.T, len(values)

    def modes(self) -> Modes:
        """Return the modes: the singular value decomposition of Sigma_xy."""
        u, s, vt = np.linalg.svd(self.xy, full_matrices=False)
        inner = u.T @ self.xx @ u
        apart = np.abs(inner - np.diag(np.diag(inner))).max()
        largest = np.abs(inner).max()
        return Modes(u, s, vt.T, np.diag(inner).copy(), float(apart / largest) if largest else 0.0)

    def loss(self, weights: np.ndarray) -> float:
        """Return ``½ mean ||y - x W||^2`` for W of shape (d_0, d_L), from the moments alone.

        Less ``½ tr Sigma_yy`` if that is not known.
        """
        rest = float(0.5 * np.vdot(weights, self.xx @ weights) - np.vdot(weights, self.xy))
        return rest if self.yy is None else max(0.5 * self.yy + rest, 0.0)

    def gradients(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the derivatives of the loss of ``W = W_1 ... W_L`` by each W_l, unchecked.

        See `DeepLinear.gradients`.
        """
        ends = np.eye(self.xy.shape[0]), np.eye(self.xy.shape[1])
        before = list(accumulate(weights, np.matmul, initial=ends[0]))
        after = list(accumulate((w.T for w in reversed(weights[1:])), np.matmul, initial=ends[1]))
        error = self.xx @ before[-1] - self.xy
        pairs = zip(before[:-1], reversed(after), strict=True)
        return [p.T @ error @ s for p, s in pairs]

    def best_loss(self, rank: int) -> float:
        """Return the least loss of any W of at most this rank (Eckart-Young, note 003 §2.3).

        In whitened coordinates the loss is ``½ (tr Sigma_yy - ||S||^2 + ||S - W||^2)`` with S the
        whitened Sigma_xy, so the best W is its truncated singular value decomposition.
        Less ``½ tr Sigma_yy`` if that is not known.
        """
        checks.integer("rank", rank, "[0, inf)")
        strengths = np.linalg.svd(self._inverse_root()[0] @ self.xy, compute_uv=False)
        explained = 0.5 * float(np.sum(strengths[: int(rank)] ** 2))
        return -explained if self.yy is None else max(0.5 * self.yy - explained, 0.0)

    def __repr__(self) -> str:
        inputs, targets = count(self.xx.shape[0], "input"), count(self.xy.shape[1], "target")
        return f"Moments({inputs}, {targets})"
