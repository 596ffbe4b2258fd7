"""Is a function linear? The superposition principle put to the test (note 003 §2.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from lamina import spec
from lamina.linear.story import count
from lamina.plan import Network, checks


class Counterexample(NamedTuple):
    """Where superposition fails most: ``combined = f(alpha x + beta y)``, but ``sum`` differs.

    ``sum = alpha f(x) + beta f(y)``.
    """

    alpha: float
    beta: float
    x: np.ndarray
    y: np.ndarray
    combined: np.ndarray
    sum: np.ndarray


@dataclass(frozen=True, eq=False)
class Superposition:
    """What `superposition` found.

    Attributes
    ----------
    kind : {"linear", "affine", "neither"}
    homogeneity, additivity : float
        Largest relative error of ``f(alpha x) = alpha f(x)`` and ``f(x + y) = f(x) + f(y)``.
    affine_error : float
        Largest relative error of ``f(x) = A x + f(0)``, A read off at the unit vectors.
    matrix : ndarray of shape (m, n) or None
        The unique A with ``f(x) = A x + f(0)``; None for "neither".
    offset : ndarray of shape (m,)
        f(0).
    tolerance : float
    counterexample : Counterexample or None
        None for "linear".
    n_trials : int
    """

    kind: str
    homogeneity: float
    additivity: float
    affine_error: float
    matrix: np.ndarray | None
    offset: np.ndarray
    tolerance: float
    counterexample: Counterexample | None
    n_trials: int

    @property
    def is_linear(self) -> bool:
        """Whether superposition held at every point tried."""
        return self.kind == "linear"

    @property
    def is_affine(self) -> bool:
        """Whether f less f(0) obeyed it; true for every linear f."""
        return self.kind != "neither"

    def __str__(self) -> str:
        words = {
            "linear": "linear: f(x) = A x",
            "affine": "affine, not linear: f(x) = A x + b with b = f(0) not 0",
            "neither": "neither linear nor affine",
        }
        shape = "" if self.matrix is None else f", A of shape {self.matrix.shape}"
        lines = [
            f"{words[self.kind]}{shape} "
            f"({count(self.n_trials, 'trial')}, tolerance {self.tolerance:.1e})",
            f"  f(alpha x) = alpha f(x)      largest relative error {self.homogeneity:.1e}",
            f"  f(x + y) = f(x) + f(y)       largest relative error {self.additivity:.1e}",
            f"  f(x) = A x + f(0)            largest relative error {self.affine_error:.1e}",
            f"  ||f(0)|| = {np.linalg.norm(self.offset):.4g}",
        ]
        if (c := self.counterexample) is not None:
            lines.append(
                f"  for alpha = {c.alpha:.4g}, beta = {c.beta:.4g}: f(alpha x + beta y) = "
                f"{_short(c.combined)}, alpha f(x) + beta f(y) = {_short(c.sum)}"
            )
        return "\n".join(lines)


def superposition(
    f: Any,
    n_inputs: int | None = None,
    *,
    parameters: Sequence[Any] | None = None,
    n_trials: int = 50,
    tolerance: float | None = None,
    random_state: Any = 0,
) -> Superposition:
    """Test whether f is linear, affine or neither (note 003 §2.2).

    f is linear iff ``f(alpha x + beta y) = alpha f(x) + beta f(y)`` for all x, y, alpha, beta, and
    iff ``f(x) = A x`` for one A, of shape (m, n); the note says (n, m), which is a slip. One
    failure proves that f is not; no number of successes proves that it is, but a function that
    passes at random points of sizes from 0.01 to 100 is linear there for all practical purposes.

    Parameters
    ----------
    f : callable or Network
        Takes rows (k, n) and returns (k, m) or (k,): an `AffineLayer`, a `DeepLinear`, a
        ``model.predict``, any function. A `Network` needs its `parameters`.
    n_inputs : int in [1, inf), optional
        n; by default ``f.n_inputs``.
    parameters : list of tuples of arrays, optional
        Of a `Network`.
    n_trials : int in [1, inf), default=50
    tolerance : float in (0, inf), optional
        Relative error that counts as rounding; by default the root of the epsilon of f's dtype.
    random_state : int, RandomState instance or None, default=0

    Returns
    -------
    Superposition
        Printing it tells the story.

    Raises
    ------
    ArgumentError
        If an argument is out of range or f does not return one finite row per row.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.linear import AffineLayer, superposition
    >>> superposition(AffineLayer([[1.0], [2.0]])).kind
    'linear'
    >>> superposition(AffineLayer([[1.0], [2.0]], bias=[3.0])).kind
    'affine'
    >>> print(superposition(np.abs, n_inputs=1))  # doctest: +ELLIPSIS
    neither linear nor affine (50 trials, tolerance 1.5e-08)
      f(alpha x) = alpha f(x)      largest relative error 1.0e+00
    ...
    """
    n = getattr(f, "n_inputs", None) if n_inputs is None else n_inputs
    checks.integer("n_inputs", n, "[1, inf)")
    checks.integer("n_trials", n_trials, "[1, inf)")
    if tolerance is not None:
        checks.real("tolerance", tolerance, "(0, inf)")
    call = _rows(_callable(f, parameters))
    random = check_random_state(random_state)
    sizes = 10.0 ** random.uniform(-2, 2, (2, n_trials, 1))
    x, y = random.standard_normal((2, n_trials, int(n))) * sizes  # type: ignore[arg-type]
    alpha, beta = random.standard_normal((2, n_trials, 1)) * 3
    return _verdict(call, x, y, alpha, beta, tolerance)


def _verdict(call: Any, x: Any, y: Any, alpha: Any, beta: Any, tolerance: Any) -> Superposition:
    """Evaluate f once at all points and compare."""
    n_trials, n = x.shape
    points = [np.zeros((1, n)), np.eye(n), x, y, alpha * x, x + y, alpha * x + beta * y]
    values = call(np.concatenate(points))
    cuts = np.cumsum([len(p) for p in points])[:-1]
    zero, unit, fx, fy, f_ax, f_sum, f_both = np.split(values.astype(np.float64), cuts)
    tol = float(np.sqrt(np.finfo(values.dtype).eps)) if tolerance is None else float(tolerance)
    columns = unit - zero
    superposed = alpha * fx + beta * fy
    homogeneity = _error(f_ax, alpha * fx)
    additivity = _error(f_sum, fx, fy)
    both = _error(f_both, alpha * fx, beta * fy)
    affine = max(
        _error(fx, x @ columns, zero).max(),
        _error(f_both, (alpha * x + beta * y) @ columns, zero).max(),
    )
    linear = max(homogeneity.max(), additivity.max(), both.max())
    kind = "linear" if max(linear, affine) <= tol else "affine" if affine <= tol else "neither"
    worst = int(np.argmax(both))
    example = Counterexample(
        float(alpha[worst, 0]), float(beta[worst, 0]), x[worst], y[worst], f_both[worst],
        superposed[worst],
    )  # fmt: skip
    return Superposition(
        kind,
        float(homogeneity.max()),
        float(additivity.max()),
        float(affine),
        None if kind == "neither" else columns.T.copy(),
        zero[0],
        tol,
        None if kind == "linear" else example,
        n_trials,
    )


def _error(left: np.ndarray, *terms: np.ndarray) -> np.ndarray:
    """Return ``||left - sum of terms|| / (||left|| + ||terms||)`` per row; 0 where all are 0."""
    sizes = sum(np.linalg.norm(t, axis=1) for t in (left, *terms))
    gap = np.linalg.norm(left - sum(terms), axis=1)
    return gap / np.where(sizes > 0, sizes, 1.0)


def _callable(f: Any, parameters: Any) -> Callable[[np.ndarray], Any]:
    if isinstance(f, Network):
        if parameters is None:
            raise checks.fail("parameters", "the (W, b) of each layer of the Network", parameters)
        return lambda rows: spec.network.predict(f, parameters, rows)
    if not callable(f):
        raise checks.fail("f", "a callable that takes rows, or a Network", f)
    return f


def _rows(call: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Return `call` with its results checked: one finite row of numbers per row."""

    def checked(points: np.ndarray) -> np.ndarray:
        values = np.asarray(call(points))
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or len(values) != len(points):
            raise checks.fail(
                "f", f"a function that returns one row for each of {len(points)}", values.shape
            )
        if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            raise checks.fail("f", "a function that returns finite numbers", values)
        return values if values.dtype.kind == "f" else values.astype(np.float64)

    return checked


def _short(values: np.ndarray) -> str:
    shown = ", ".join(f"{value:.4g}" for value in values[:4])
    return f"({shown}{', ...' if len(values) > 4 else ''})"
