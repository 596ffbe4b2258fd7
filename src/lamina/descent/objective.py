"""The function that is descended: its values and gradients, checked and counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import spec
from lamina.descent import inputs
from lamina.plan import checks


@dataclass(frozen=True)
class MeanOfTerms:
    """A function that is the mean of N terms, ``f(w) = 1/N sum_i f_i(w)``, such as a training loss.

    Called with w it returns the mean of all terms. `lamina.descent.descend` takes it like any
    function, and with a `Sampling` descends it on a few terms at a time (note 002 §5.3; note 004).
    Note 004 steps along the sum of a block's gradients; the mean here is that sum over the number
    of terms in the block, so that a step length means the same for every block.

    Parameters
    ----------
    terms : callable
        ``terms(w, rows)`` returns the values of the terms `rows`, shape (len(rows),).
    gradients : callable
        ``gradients(w, rows)`` returns their gradients, shape (len(rows), d).
    n_terms : int in [1, inf)
        N; `rows` holds indices from 0 to N - 1.

    Examples
    --------
    The mean squared distance from three points, smallest at their mean:

    >>> import numpy as np
    >>> from lamina.descent import MeanOfTerms
    >>> a = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 6.0]])
    >>> f = MeanOfTerms(lambda w, i: ((w - a[i]) ** 2).sum(axis=1) / 2, lambda w, i: w - a[i], 3)
    >>> f.gradient(a.mean(axis=0))
    array([0., 0.])
    """

    terms: Callable[[np.ndarray, np.ndarray], Any]
    gradients: Callable[[np.ndarray, np.ndarray], Any]
    n_terms: int

    def __post_init__(self) -> None:
        inputs.function("terms", self.terms)
        inputs.function("gradients", self.gradients)
        checks.integer("n_terms", self.n_terms, "[1, inf)")

    def __call__(self, w: np.ndarray) -> float:
        """Return the mean of all terms."""
        values = inputs.numeric("terms(w, rows)", self.terms(w, np.arange(self.n_terms)))
        if values.shape != (self.n_terms,):
            raise checks.fail("terms(w, rows)", f"of shape ({self.n_terms},)", values.shape)
        return float(values.mean())

    def gradient(self, w: np.ndarray, rows: Any = None) -> np.ndarray:
        """Return the mean gradient of the terms `rows`, by default all of them."""
        rows = np.arange(self.n_terms) if rows is None else np.asarray(rows)
        found = inputs.numeric("gradients(w, rows)", self.gradients(w, rows))
        if found.shape != (len(rows), len(w)):
            expected = f"of shape ({len(rows)}, {len(w)})"
            raise checks.fail("gradients(w, rows)", expected, found.shape)
        return found.mean(axis=0)


class Objective:
    """A function and its gradient, checked and counted.

    The gradient is the given one, or the function's own (its method ``gradient``), or made by
    central differences of 2d values. Functions get copies of the points, so that one that writes
    into its argument does no harm.
    """

    def __init__(self, f: Any, gradient: Any = None) -> None:
        inputs.function("f", f)
        own = getattr(f, "gradient", None)
        self.f, self.given = f, own if gradient is None else gradient
        if self.given is not None:
            inputs.function("f.gradient" if gradient is None else "gradient", self.given)
        self.n_values = self.n_gradients = 0

    def value(self, x: np.ndarray) -> float:
        """Return f(x), whether finite or not."""
        self.n_values += 1
        with np.errstate(all="ignore"):  # what is not finite is named by those who ask
            value = np.asarray(self.f(x.copy()))
        if value.shape != () or value.dtype.kind not in "iuf":
            expected = "a function that returns one real number"
            raise checks.fail("f", expected, value if value.shape == () else value.shape)
        return float(value)

    def gradient(self, x: np.ndarray, *arguments: Any) -> np.ndarray:
        """Return the gradient at x, whether finite or not."""
        with np.errstate(all="ignore"):
            if self.given is None:
                return spec.descent.difference_gradient(self.value, x)
            self.n_gradients += 1
            gradient = inputs.numeric("gradient(x)", self.given(x.copy(), *arguments))
        if gradient.shape != x.shape:
            raise checks.fail("gradient(x)", f"of shape {x.shape}", gradient.shape)
        return gradient
