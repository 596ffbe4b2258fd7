"""A data matrix shrunk to a triangular factor with the same second moments, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import svds

from lamina.plan import checks

BLOCK = 1024  # rows
SMALLEST = 1e-130  # squares of entries this much smaller would lose digits in float64


@dataclass(frozen=True, eq=False)
class Factor:
    """Rows R with ``R'R = sum (x - mean)(x - mean)'``, at most d of them, however long the data.

    Attributes
    ----------
    n_samples : int
    mean : ndarray of shape (d,)
        Zeros if the data are not to be centred.
    rows : ndarray of shape (k, d)
        R. The loss of a linear autoencoder, its gradients and its optimum depend on the data
        through R alone.
    total : float
        Sum of the squares, ``||R||_F^2``, kept beside a shortened R.
    center : bool
    shortened : bool
        Whether directions were left out, so that R'R is not all of it.
    """

    n_samples: int
    mean: np.ndarray
    rows: np.ndarray
    total: float
    center: bool
    shortened: bool = False

    @classmethod
    def empty(cls, n_features: int, center: bool) -> Factor:
        """Return the factor of no samples."""
        return cls(0, np.zeros(n_features), np.empty((0, n_features)), 0.0, center)

    @classmethod
    def of(cls, X: np.ndarray, center: bool) -> Factor:
        """Return the factor of X, taken block by block: no copy of X, and blocks fit the cache."""
        n, d = X.shape
        factor, block = cls.empty(d, center), max(BLOCK, 4 * d)
        for start in range(0, n, block):
            factor = factor.update(X[start : start + block])
        return factor

    def update(self, X: np.ndarray, most: int | None = None) -> Factor:
        """Return the factor of these samples and those before, exact to rounding.

        The scatters of the parts add up to the whole one's with ``n m / (n + m)`` times the
        square of the difference of the means (Chan, Golub and LeVeque, 1979), which is one more
        row; orthogonal triangularisation then brings R back to d rows without squaring anything.

        Parameters
        ----------
        X : ndarray of shape (m, d)
        most : int, optional
            Keep only so many leading singular directions, as Ross et al. (2008) do: less memory
            than d rows, and no longer exact.
        """
        n, m = self.n_samples, len(X)
        mean = X.mean(axis=0) if self.center else np.zeros(X.shape[1])
        rows = X - mean
        if self.center:  # what rounding left in the mean of large numbers
            left = rows.mean(axis=0)
            mean, rows = mean + left, rows - left
        stacked = [self.rows, rows]
        if self.center and n:
            stacked.append(np.sqrt(n / (n + m) * m) * (self.mean - mean)[None, :])
        added = sum(float(np.vdot(part, part)) for part in stacked[1:])
        rows, lost = _triangular(np.concatenate(stacked)), False
        if most is not None and len(rows) > most:
            rows, lost = _leading(rows, most)
        return Factor(
            n + m,
            self.mean + (mean - self.mean) * (m / (n + m)),
            rows,
            _checked(self.total + added, rows),
            self.center,
            self.shortened or lost,
        )

    def svd(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all singular values and right singular vectors (as rows) of R."""
        _, s, vt = np.linalg.svd(self.rows, full_matrices=False)
        return s, vt


def lanczos(
    X: np.ndarray, m: int, center: bool, random: np.random.RandomState
) -> tuple[Factor, np.ndarray, np.ndarray]:
    """Return the factor of m rows of X, its singular values and vectors, found by ARPACK."""
    if m >= min(X.shape):
        expected = f"below min(n_samples, n_features) = {min(X.shape)} with solver='lanczos'"
        raise checks.fail("n_components", expected, m)
    mean = X.mean(axis=0) if center else np.zeros(X.shape[1])
    rows = X - mean
    total = _checked(float(np.vdot(rows, rows)), rows)
    if total == 0:  # ARPACK knows no direction to start in
        return (
            Factor(len(X), mean, np.zeros((m, len(mean))), 0.0, center),
            np.zeros(m),
            np.eye(m, len(mean)),
        )
    _, s, vt = svds(rows, k=m, v0=random.uniform(-1, 1, min(X.shape)))
    order = np.argsort(-s)
    s, vt = s[order], vt[order]
    return Factor(len(X), mean, s[:, None] * vt, total, center, True), s, vt


def _triangular(rows: np.ndarray) -> np.ndarray:
    """Return at most d rows with the same second moments."""
    return np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > rows.shape[1] else rows


def _leading(rows: np.ndarray, most: int) -> tuple[np.ndarray, bool]:
    """Return the leading directions, and whether those left out had anything above rounding."""
    _, s, vt = np.linalg.svd(rows, full_matrices=False)
    noise = max(rows.shape) * np.finfo(float).eps * s[0]
    return s[:most, None] * vt[:most], bool(s[most] > noise)


def _checked(total: float, rows: np.ndarray) -> float:
    """Return the sum of squares; ValueError if float64 cannot hold the squares of the rows."""
    largest = float(np.abs(rows).max(initial=0.0))
    if not np.isfinite(total):
        raise ValueError(
            f"X is too large: the sum of its squares overflows float64; its largest entry is about "
            f"{largest:.1e}. Divide X by it first."
        )
    if 0 < largest < SMALLEST:
        raise ValueError(
            f"X is too small: its squares underflow float64; its largest entry is about "
            f"{largest:.1e}, where at least {SMALLEST:.0e} is needed. Divide X by it first."
        )
    return total
