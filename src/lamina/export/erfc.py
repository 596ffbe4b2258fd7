"""erfc from elementary operators, for runtimes that have Erf in float32 only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import erfcx

__all__ = ["erfc_above_0"]


def erfc_above_0(x: Any) -> Any:
    """Return erfc(x) for x >= 0 as ``t exp(P(t) - x^2)`` with t = 2 / (2 + x) in (0, 1].

    P is a polynomial in Chebyshev's basis, summed by Clenshaw's recurrence; the form is that of
    Press et al. (2007), Numerical Recipes, §6.2.2. Largest relative
    error found: 6e-14 where erfc is above 1e-300, 2e-15 where it is above 0.1.
    """
    t = 2 / (2 + x)
    twice = 4 * t - 2  # 2 s with s = 2 t - 1 in (-1, 1]
    first, *others = _coefficients()
    d, before = x.like(0), x.like(0)
    for coefficient in reversed(others):
        d, before = twice * d - before + coefficient, d
    return t * (0.5 * twice * d - before + first - x * x).map("Exp")


def _coefficients() -> list[float]:
    """Return those of P, interpolated from SciPy's ``erfcx(x) = exp(x^2) erfc(x)``."""

    def p(s: Any) -> Any:
        t = (s + 1) / 2
        return np.log(erfcx(2 / t - 2) / t)

    coefficients: list[float] = chebyshev.chebinterpolate(p, 28).tolist()
    return coefficients
