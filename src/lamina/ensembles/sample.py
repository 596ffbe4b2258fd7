"""Which rows each member learns from.

A sample is an array of row numbers, repeats included, and no copy of the data: the engine takes
the rows of a batch by number in any case.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.plan import checks

KINDS = ("bootstrap", "all")


def check(sample: Any) -> None:
    """Check a constructor's `sample`."""
    if isinstance(sample, str) and sample in KINDS:
        return
    try:
        checks.real("sample", sample, "(0, 1]")
    except checks.ArgumentError:
        raise checks.fail("sample", "'bootstrap', 'all' or a number in (0, 1]", sample) from None


def population(sample: Any, n_samples: int, weights: np.ndarray | None) -> np.ndarray:
    """Return the rows to draw from: those of weight 0 count as absent, unless all are taken."""
    if _takes_all(sample) or weights is None:
        return np.arange(n_samples)
    return np.flatnonzero(weights > 0)


def draw(sample: Any, rows: np.ndarray, seed: int, number: int) -> np.ndarray:
    """Return a member's sample of `rows`, in ascending order.

    It depends on the member's seed and on the number of the call alone: not on other members.
    The stream is not the one of weights and shuffles, which are those of a fit of its own.
    """
    if _takes_all(sample):
        return rows
    random, n = np.random.RandomState([seed, number]), len(rows)
    if sample == "bootstrap":
        places = random.randint(n, size=n)
    else:
        places = random.permutation(n)[: max(1, round(float(sample) * n))]
    places.sort()
    return rows[places]


def left_out(sample: np.ndarray, n_samples: int) -> np.ndarray:
    """Return the rows that are not in a sample: out of the bag."""
    absent = np.ones(n_samples, bool)
    absent[sample] = False
    return np.flatnonzero(absent)


def _takes_all(sample: Any) -> bool:
    return sample == "all" or (not isinstance(sample, str) and sample == 1)
