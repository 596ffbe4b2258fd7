"""The matrix-derivative identities of note 003, each held against numerical differentiation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from lamina.plan import checks

SIZES = {"d": 4, "m": 3, "k": 2, "n": 6}  # all different, so that a transpose cannot hide
STEP = 1e-30  # of the complex step: nothing is subtracted, so it may be as small as it likes

Matrices = dict[str, np.ndarray]


@dataclass(frozen=True)
class MatrixIdentity:
    """One identity: the gradient of a number by a matrix or vector, in that one's shape.

    Attributes
    ----------
    function, derivative : str
        As text. Samples are columns here, as in the note.
    by : str
        The variable: a key of `shapes`.
    source : str
        "note 003 §2.4" and, where the note slips, what it prints instead.
    shapes : dict of str to str
        The sizes of every matrix and vector, for instance ``{"A": "mn"}``.
    value : callable
        Of a dict of arrays; returns the number.
    gradient : callable
        Of a dict of arrays; returns the derivative.
    """

    function: str
    derivative: str
    by: str
    source: str
    shapes: dict[str, str]
    value: Callable[[Matrices], Any]
    gradient: Callable[[Matrices], np.ndarray]

    def draw(self, random_state: Any = None) -> Matrices:
        """Return random arrays of the shapes; "S" stands for a symmetric square of size n."""
        random = check_random_state(random_state)
        drawn = {}
        for name, letters in self.shapes.items():
            square = random.standard_normal((SIZES["n"], SIZES["n"]))
            shape = [SIZES[letter] for letter in letters.replace("S", "nn")]
            symmetric = letters == "S"
            drawn[name] = square + square.T if symmetric else random.standard_normal(shape)
        return drawn

    def numerical(self, given: Matrices) -> np.ndarray:
        """Return the derivative by complex steps, ``Im f(X + ih E_ij) / h``, exact to rounding."""
        slopes = np.empty(given[self.by].shape)
        for place in np.ndindex(slopes.shape):
            moved = given[self.by].astype(complex)
            moved[place] += 1j * STEP
            slopes[place] = np.imag(self.value({**given, self.by: moved})) / STEP
        return slopes

    def error(self, given: Matrices) -> float:
        """Return ``||derivative - numerical|| / ||numerical||``; inf if the shapes differ."""
        stated, found = np.asarray(self.gradient(given)), self.numerical(given)
        if stated.shape != found.shape:
            return np.inf
        return float(np.linalg.norm(stated - found) / np.linalg.norm(found))

    def check(self, random_state: Any = None, n_draws: int = 5) -> float:
        """Return the largest error over some random draws."""
        checks.integer("n_draws", n_draws, "[1, inf)")
        random = check_random_state(random_state)
        return max(self.error(self.draw(random)) for _ in range(n_draws))


@dataclass(frozen=True)
class IdentityTable:
    """Matrix identities with the largest relative error of each on random matrices.

    Attributes
    ----------
    identities : tuple of MatrixIdentity
    errors : tuple of float
    n_draws : int
    tolerance : float
    """

    identities: tuple[MatrixIdentity, ...]
    errors: tuple[float, ...]
    n_draws: int
    tolerance: float = 1e-12

    @property
    def ok(self) -> bool:
        """Whether every identity holds to the tolerance."""
        return max(self.errors) <= self.tolerance

    def check(self, random_state: Any = None, n_draws: int = 5) -> IdentityTable:
        """Return the table with the errors on other random matrices."""
        checks.integer("n_draws", n_draws, "[1, inf)")
        random = check_random_state(random_state)
        errors = tuple(identity.check(random, n_draws) for identity in self.identities)
        return IdentityTable(self.identities, errors, n_draws, self.tolerance)

    def __iter__(self) -> Iterator[MatrixIdentity]:
        return iter(self.identities)

    def __len__(self) -> int:
        return len(self.identities)

    def __str__(self) -> str:
        rows = [("function", "by", "derivative", "error", "source")]
        for one, error in zip(self.identities, self.errors, strict=True):
            rows.append((one.function, one.by, one.derivative, f"{error:.1e}", one.source))
        widths = [max(len(row[j]) for row in rows) for j in range(4)]
        lines = []
        for *cells, source in rows:
            padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
            lines.append("  ".join([*padded, source]))
        verdict = "all hold" if self.ok else "NOT ALL HOLD"
        lines.append(
            f"{verdict}: largest relative error {max(self.errors):.1e} against complex steps on "
            f"{self.n_draws} random draws each (tolerance {self.tolerance:g})"
        )
        return "\n".join(lines)


def matrix_identities(random_state: Any = 0, n_draws: int = 5) -> IdentityTable:
    """Return the matrix-derivative identities of note 003 §2.3-2.4, checked on random matrices.

    Where the note prints a derivative in the wrong shape or order, the identity is the right one
    and its source says what stands in the note.

    Parameters
    ----------
    random_state : int, RandomState instance or None, default=0
    n_draws : int in [1, inf), default=5

    Returns
    -------
    IdentityTable
        Printing it gives the table; ``.check(random_state)`` draws anew.

    Examples
    --------
    >>> from lamina.linear import matrix_identities
    >>> table = matrix_identities()
    >>> table.ok, len(table)
    (True, 17)
    >>> first = table.identities[0]
    >>> first.function, first.by, first.derivative
    ('||X||_F^2', 'X', '2 X')
    """
    zeros = (np.nan,) * len(IDENTITIES)
    return IdentityTable(IDENTITIES, zeros, 1).check(random_state, n_draws)


def _squares(v: np.ndarray) -> Any:
    return (v * v).sum()  # not conjugated, so that a complex step goes through


def _loss(p: Matrices) -> Any:
    return 0.5 * _squares(p["Y"] - p["B"] @ p["A"] @ p["X"])


def _rest(p: Matrices) -> np.ndarray:
    """Return ``Sigma_xy - B A Sigma_xx`` with the note's sums."""
    return np.asarray(p["Y"] @ p["X"].T - p["B"] @ p["A"] @ p["X"] @ p["X"].T)


def _code_error(p: Matrices) -> Any:
    return p["D"] @ p["C"] @ p["x"] - p["x"]


NOTE = "note 003 §2.4"
NETWORK = {"A": "md", "B": "km", "x": "d", "y": "k"}
DATA = {"A": "md", "B": "km", "X": "dn", "Y": "kn"}
CODER = {"C": "md", "D": "dm", "x": "d"}

IDENTITIES = (
    MatrixIdentity(
        "||X||_F^2", "2 X", "X", NOTE,
        {"X": "md"}, lambda p: _squares(p["X"]), lambda p: 2 * p["X"],
    ),
    MatrixIdentity(
        "tr(A X)", "A'", "X", NOTE,
        {"A": "md", "X": "dm"}, lambda p: np.trace(p["A"] @ p["X"]), lambda p: p["A"].T,
    ),
    MatrixIdentity(
        "tr(A X')", "A", "X", NOTE,
        {"A": "md", "X": "md"}, lambda p: np.trace(p["A"] @ p["X"].T), lambda p: p["A"],
    ),
    MatrixIdentity(
        "x' A x, A symmetric", "2 A x", "x", NOTE,
        {"A": "S", "x": "n"}, lambda p: p["x"] @ p["A"] @ p["x"], lambda p: 2 * p["A"] @ p["x"],
    ),
    MatrixIdentity(
        "x' A x", "(A + A') x", "x", NOTE,
        {"A": "dd", "x": "d"}, lambda p: p["x"] @ p["A"] @ p["x"],
        lambda p: (p["A"] + p["A"].T) @ p["x"],
    ),
    MatrixIdentity(
        "x' A x", "x x'", "A", NOTE,
        {"A": "dd", "x": "d"}, lambda p: p["x"] @ p["A"] @ p["x"],
        lambda p: np.outer(p["x"], p["x"]),
    ),
    MatrixIdentity(
        "x' A' A x", "2 A' A x", "x", NOTE,
        {"A": "md", "x": "d"}, lambda p: _squares(p["A"] @ p["x"]),
        lambda p: 2 * p["A"].T @ p["A"] @ p["x"],
    ),
    MatrixIdentity(
        "(y - A x)' (y - A x)", "-2 (y - A x) x'", "A", NOTE,
        {"A": "md", "x": "d", "y": "m"}, lambda p: _squares(p["y"] - p["A"] @ p["x"]),
        lambda p: -2 * np.outer(p["y"] - p["A"] @ p["x"], p["x"]),
    ),
    MatrixIdentity(
        "a' X b", "a b'", "X", NOTE,
        {"a": "m", "X": "md", "b": "d"}, lambda p: p["a"] @ p["X"] @ p["b"],
        lambda p: np.outer(p["a"], p["b"]),
    ),
    MatrixIdentity(
        "a' X' D X b", "D' X a b' + D X b a'", "X", NOTE,
        {"a": "d", "X": "md", "D": "mm", "b": "d"},
        lambda p: p["a"] @ p["X"].T @ p["D"] @ p["X"] @ p["b"],
        lambda p: np.outer(p["D"].T @ p["X"] @ p["a"], p["b"])
        + np.outer(p["D"] @ p["X"] @ p["b"], p["a"]),
    ),
    MatrixIdentity(
        "y' B A x", "B' y x'", "A", NOTE,
        NETWORK, lambda p: p["y"] @ p["B"] @ p["A"] @ p["x"],
        lambda p: np.outer(p["B"].T @ p["y"], p["x"]),
    ),
    MatrixIdentity(
        "x' A' B' y", "B' y x'", "A", f"{NOTE}, which prints x y' B",
        NETWORK, lambda p: p["x"] @ p["A"].T @ p["B"].T @ p["y"],
        lambda p: np.outer(p["B"].T @ p["y"], p["x"]),
    ),
    MatrixIdentity(
        "x' A' B' B A x", "2 B' B A x x'", "A", f"{NOTE}, which prints 2 B B' A x x'",
        {"A": "md", "B": "km", "x": "d"}, lambda p: _squares(p["B"] @ p["A"] @ p["x"]),
        lambda p: 2 * np.outer(p["B"].T @ p["B"] @ p["A"] @ p["x"], p["x"]),
    ),
    MatrixIdentity(
        "½ sum ||y - B A x||^2", "-B' (Sigma_xy - B A Sigma_xx)", "A", NOTE,
        DATA, _loss, lambda p: -p["B"].T @ _rest(p),
    ),
    MatrixIdentity(
        "½ sum ||y - B A x||^2", "-(Sigma_xy - B A Sigma_xx) A'", "B", NOTE,
        DATA, _loss, lambda p: -_rest(p) @ p["A"].T,
    ),
    MatrixIdentity(
        "½ ||x - D C x||^2", "D' (D C x - x) x'", "C", "note 003 §2.3",
        CODER, lambda p: 0.5 * _squares(_code_error(p)),
        lambda p: np.outer(p["D"].T @ _code_error(p), p["x"]),
    ),
    MatrixIdentity(
        "½ ||x - D C x||^2", "(D C x - x) x' C'", "D", "note 003 §2.3",
        CODER, lambda p: 0.5 * _squares(_code_error(p)),
        lambda p: np.outer(_code_error(p), p["C"] @ p["x"]),
    ),
)  # fmt: skip
