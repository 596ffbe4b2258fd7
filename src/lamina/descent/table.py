"""The rates that theory states beside those that runs have, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.utils import check_random_state

from lamina.descent import problems, stated
from lamina.descent.stated import StatedRate
from lamina.plan import checks


@dataclass(frozen=True, eq=False, repr=False)
class RateTable:
    """Stated rates beside measured ones; printing it gives the table.

    "95% of runs" is the confidence interval of a measured rate, from runs drawn apart; "95% of fit"
    is the band of the line fitted to a single run, which says how straight that is.

    Attributes
    ----------
    rows : list of StatedRate
    """

    rows: list[StatedRate]

    @property
    def holds(self) -> bool:
        """Whether every bound holds at every step."""
        return all(row.holds for row in self.rows)

    def __repr__(self) -> str:
        lines = [
            f"{'method':<22} {'problem':<20} {'stated':>9} {'measured':>9} {'95% of':>6} {'':>18} "
            f"{'bound':>6} {'gap/bound':>9}  source"
        ]
        for row in self.rows:
            low, high = row.rate.interval
            lines.append(
                f"{row.method:<22} {row.problem.name:<20} {row.law(row.stated):>9} "
                f"{row.law(row.rate.value):>9} {'runs' if row.rate.n_runs > 1 else 'fit':>6} "
                f"{f'[{low:.4f}, {high:.4f}]':>18} "
                f"{'holds' if row.holds else 'BROKEN':>6} {row.tightness:>9.2g}  {row.source}"
            )
        return "\n".join(lines)


def convergence_rates(n_steps: int = 1000, n_runs: int = 20, *, random_state: Any = 0) -> RateTable:
    """Measure the rates of note 004 on problems that come near the worst case.

    Gradient descent: O(1/sqrt(k)) under minor assumptions, O(1/k) on smooth convex functions,
    O(1/k^2) possible with momentum, linear on smooth and strongly convex ones, by fixed steps and
    by exact line search. Stochastic descent: O(1/k). Each run is held, step by step, against the
    bound that the rate abbreviates.

    Parameters
    ----------
    n_steps : int in [30, inf), default=1000
        Steps of each run; those that converge linearly take at most 100.
    n_runs : int in [1, inf), default=20
        Runs of stochastic descent whose mean is taken; from 2 on they give an interval.
    random_state : int, RandomState instance or None, default=0

    Returns
    -------
    RateTable

    Examples
    --------
    >>> from lamina.descent import convergence_rates
    >>> table = convergence_rates(n_steps=200)
    >>> for row in table.rows[1:4]:
    ...     print(row.method, row.law(row.stated), row.law(row.rate.value))
    gradient steps k^-1.000 k^-0.992
    Nesterov's momentum k^-2.000 k^-1.900
    gradient steps 0.6694^k 0.6694^k
    >>> table.holds
    True
    """
    checks.integer("n_steps", n_steps, "[30, inf)")
    checks.integer("n_runs", n_runs, "[1, inf)")
    random = check_random_state(random_state)
    short = min(n_steps, 100)
    rows = [
        stated.subgradient(problems.absolute_sum(), n_steps),
        stated.smooth(problems.flat_quadratic(), n_steps),
        stated.accelerated(problems.flat_quadratic(), n_steps),
        stated.strong(problems.quadratic(), short),
        stated.searched(problems.quadratic(), short),
        stated.strong(problems.logistic(), short),
        stated.stochastic(problems.scattered(), n_steps, n_runs, random),
    ]
    return RateTable(rows)
