"""Covering designs: few cases in which every pair of values of two factors meets."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

CANDIDATES = 30


def pairwise_cases(factors: dict[str, list[Any]], seed: int = 0) -> list[dict[str, Any]]:
    """Return cases, one value per factor each, such that every pair of values occurs in one.

    Greedy: each case starts from a pair that is still open and takes, of some random
    completions, the one that meets the most others.
    """
    random = np.random.RandomState(seed)
    names = list(factors)
    open_pairs = {
        (i, a, j, b)
        for i, j in combinations(range(len(names)), 2)
        for a in range(len(factors[names[i]]))
        for b in range(len(factors[names[j]]))
    }
    sizes = np.array([len(factors[name]) for name in names])
    cases = []
    while open_pairs:
        i, a, j, b = min(open_pairs)
        best, best_met = None, set()
        for _ in range(CANDIDATES):
            choice = (random.random_sample(len(names)) * sizes).astype(int)
            choice[i], choice[j] = a, b
            picked = choice.tolist()
            pairs = {(p, picked[p], q, picked[q]) for p, q in combinations(range(len(names)), 2)}
            met = pairs & open_pairs
            if len(met) > len(best_met):
                best, best_met = picked, met
        open_pairs -= best_met
        cases.append({n: factors[n][k] for n, k in zip(names, best, strict=True)})
    return cases
