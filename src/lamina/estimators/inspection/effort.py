"""How closely samples are looked at: quickly within a fit, closely where they are handed over."""

from __future__ import annotations

from typing import NamedTuple


class Effort(NamedTuple):
    """Numbers that the time goes with.

    Attributes
    ----------
    facts : int
        Rows for means, deviations and scales.
    judged : int
        Rows that the network is judged by.
    neighbours : int
        Samples whose nearest neighbours are looked for.
    trees : bool
        Whether random trees are among the simple models.
    """

    facts: int
    judged: int
    neighbours: int
    trees: bool


QUICK = Effort(facts=1000, judged=1000, neighbours=100, trees=False)
CLOSE = Effort(facts=10_000, judged=4000, neighbours=600, trees=True)
