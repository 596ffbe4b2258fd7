"""Whether samples can be of the same data as others."""

from __future__ import annotations

import numpy as np

# What most columns of other data have: a mean so many deviations away, or a deviation so many times
# as large or small. Parts of the same data come near neither.
SHIFTED, WIDER = 1.0, 3.0
MOST = 0.5  # of the columns
LEAST = 10  # samples: of fewer nothing can be said


def unlike(then: np.ndarray, now: np.ndarray) -> int | None:
    """Return the column that differs most, of means and deviations (2, n) that mostly do."""
    (mean, deviation), (own, spread) = then[:2], now[:2]
    both = np.flatnonzero((deviation > 0) & (spread > 0))
    if not len(both):
        return None
    shift = abs(own - mean)[both] / np.maximum(deviation, spread)[both] / SHIFTED
    wider = abs(np.log(spread[both] / deviation[both])) / np.log(WIDER)
    apart = np.maximum(shift, wider)
    return int(both[apart.argmax()]) if (apart > 1).mean() > MOST else None
