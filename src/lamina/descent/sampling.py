"""Which terms each step of a stochastic descent sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from lamina import spec
from lamina.plan import checks


@dataclass(frozen=True)
class Sampling:
    """Terms for each step: all N (batch), one (stochastic) or B (mini-batch) (note 002 §5.3).

    Parameters
    ----------
    batch_size : int in [1, inf), default=1
        B; from N on, each step sees all terms.
    order : {"shuffle", "random", "cyclic"}, default="shuffle"
        "shuffle": each epoch in a new random order. "random": B terms drawn anew for each step,
        none twice in a step (note 004: choose a sample). "cyclic": in order, epoch after epoch.
    random_state : int, RandomState instance or None, default=None

    Examples
    --------
    >>> from lamina.descent import Sampling
    >>> rows = Sampling(2, order="cyclic").batches(5)
    >>> [next(rows).tolist() for _ in range(4)]
    [[0, 1], [2, 3], [4], [0, 1]]
    """

    batch_size: int = 1
    order: str = "shuffle"
    random_state: Any = None

    def __post_init__(self) -> None:
        checks.integer("batch_size", self.batch_size, "[1, inf)")
        checks.choice("order", self.order, ["shuffle", "random", "cyclic"])

    def steps_per_epoch(self, n_terms: int) -> int:
        """Return 1 for batch, N for stochastic, N/B rounded up for mini-batch descent."""
        return spec.schedules.steps_per_epoch(n_terms, self.batch_size)

    def batches(self, n_terms: int) -> Iterator[np.ndarray]:
        """Yield the indices of each step's terms, without end."""
        random = check_random_state(self.random_state)
        size = min(self.batch_size, n_terms)
        while True:
            if self.order == "random":
                yield random.choice(n_terms, size, replace=False)
                continue
            order = np.arange(n_terms) if self.order == "cyclic" else random.permutation(n_terms)
            for start in range(0, n_terms, size):
                yield order[start : start + size]
