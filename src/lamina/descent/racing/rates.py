"""The best learning rate of each runner: a grid on a log scale, then finer ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Score = tuple[float, float]

LOW, HIGH = 1e-4, 1.0  # of the first grid, which has two rates per decade
LEAST, MOST = 1e-8, 1e4  # how far it may grow
N_FINE = 3  # rates between the best and each of its neighbours
DIGITS = 4  # of a rate, so that what is printed is what was run


def search(score: Callable[[float], Score], rounds: int) -> dict[float, Score]:
    """Return the scores of the rates tried, by rate; `best` has the lowest.

    Two rates per decade from 1e-4 to 1, further while the best lies at an end and is alone there or
    all are as good as one another, then `rounds` times three rates between the best and each
    neighbour: it is known to a factor of about 1.3 after one round, of 1.02 after three.
    """
    tried: dict[float, Score] = {}

    def add(rates: np.ndarray) -> None:
        for rate in {_rounded(rate) for rate in rates} - set(tried):
            tried[rate] = score(rate)

    add(np.geomspace(LOW, HIGH, 9))
    while True:
        top, (low, second, *_), high = best(tried), sorted(tried), max(tried)
        alone = tried[low] < tried[second] or tried[low][1] == np.inf  # or all of them diverge
        if top == low and alone and low > 1.001 * LEAST:
            add(low / 10 ** np.array([0.5, 1.0]))
        elif tried[top] == tried[high] and high < 0.999 * MOST:  # or all are too small to count
            add(high * 10 ** np.array([0.5, 1.0]))
        else:
            break
    for _ in range(rounds):
        rates = sorted(tried)
        place = rates.index(best(tried))
        for other in rates[max(place - 1, 0) : place + 2]:
            if other != rates[place]:
                add(np.geomspace(rates[place], other, N_FINE + 2)[1:-1])
    return dict(sorted(tried.items()))


def best(tried: dict[float, Score]) -> float:
    """Return the rate of the lowest score, of equals the smallest."""
    return min(sorted(tried), key=lambda rate: tried[rate])


def _rounded(rate: float) -> float:
    return float(f"{rate:.{DIGITS}g}")
