"""Prints engine/generic/coefficients.hpp: the polynomials of the elementary functions.

Near-minimax fits by mpmath at 60 digits. Run: python engine/tools/fit_polynomials.py > ...
"""

from __future__ import annotations

import mpmath as mp

mp.mp.dps = 60
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.001")
ERFC_CENTRE, ERFC_START = mp.mpf(4), mp.mpf("0.5")
ERFC_END = {"float": mp.mpf("10.1"), "double": mp.mpf("27.3")}


def exp_tail(r):
    """Return (exp(r) - 1 - r) / r^2."""
    if abs(r) < mp.mpf("1e-12"):
        return mp.mpf(1) / 2 + r / 6 + r * r / 24
    return (mp.exp(r) - 1 - r) / r**2


def log_tail(z):
    """Return 2 (atanh(s) / s - 1) / z with z = s^2."""
    if z < mp.mpf("1e-12"):
        return mp.mpf(2) / 3 + 2 * z / 5
    s = mp.sqrt(z)
    return 2 * (mp.atanh(s) / s - 1) / z


def erf_ratio(z):
    """Return erf(x) / x with z = x^2."""
    x = mp.sqrt(z)
    return mp.erf(x) / x if x > mp.mpf("1e-20") else 2 / mp.sqrt(mp.pi)


def variable(x):
    """Return t = (x - 4) / (x + 4), which takes [0, inf) to [-1, 1)."""
    return (x - ERFC_CENTRE) / (x + ERFC_CENTRE)


def scaled_erfc(t):
    """Return (1 + 2 x) exp(x^2) erfc(x) for the x of t."""
    x = ERFC_CENTRE * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def line(name, ctype, f, interval, degree):
    """Return the C++ definition of a fit, lowest power first, and its error."""
    coefficients, error = mp.chebyfit(f, interval, degree + 1, error=True)
    digits = 10 if ctype == "float" else 18
    suffix = "f" if ctype == "float" else ""
    values = ", ".join(mp.nstr(c, digits) + suffix for c in reversed(coefficients))
    comment = f"// fitted to {mp.nstr(error, 2)}"
    return f"{comment}\ninline constexpr {ctype} {name}_{ctype}[] = {{{values}}};"


def main() -> None:
    """Print the header."""
    print("// Written by engine/tools/fit_polynomials.py.\n#pragma once\n")
    print("namespace lamina {\nnamespace {\n")
    for ctype, degrees in [("float", (4, 3, 4, 9)), ("double", (9, 6, 9, 21))]:
        end = variable(ERFC_END[ctype])
        fits = [
            ("exp_tail", exp_tail, [-HALF_LN2, HALF_LN2]),
            ("log_tail", log_tail, [0, mp.mpf("0.02945")]),
            ("erf_ratio", erf_ratio, [0, ERFC_START**2]),
            ("scaled_erfc", scaled_erfc, [variable(ERFC_START), end]),
        ]
        for (name, f, interval), degree in zip(fits, degrees, strict=True):
            print(line(name, ctype, f, interval, degree))
        print()
    print("}  // namespace\n}  // namespace lamina")


if __name__ == "__main__":
    main()
