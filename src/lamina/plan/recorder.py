"""What to record of a training."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from lamina.plan import checks

MEMORY = 2**28  # bytes that snapshots take where their number is left open


@dataclass(frozen=True, repr=False)
class Recorder:
    """What a fit with ``diagnose=Recorder(...)`` records in ``record_``; True is the default one.

    In each epoch one step, that of the last full batch that has weight, is measured within the
    engine (`lamina.spec.measures`), and now and then all weights are copied. The model is the
    same, bit for bit, with and without.

    Parameters
    ----------
    every : int in [1, inf), default=1
        Epochs from one that is measured to the next, counted over all fits; the first one is, and
        so is one that diverges.
    units : bool, default=True
        Whether to keep the numbers of each unit: 32 bytes for each in each measured epoch.
    snapshots : int in [2, inf), 0 or None, default=None
        Largest number of copies of all weights and biases: at the start, at the end, and evenly
        between. Each time there are too many every other one goes. None is 16, or fewer, but 2 at
        least, where these would take more than 256 MB. 0 adds none.
    curvature : bool, default=False
        Whether to compute the curvature of a measured batch's loss along its step: two to three
        steps' time by the reference engine, which is slow.

    Raises
    ------
    ArgumentError
        If a parameter is out of its range.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.MLPRegressor(hidden_layer_sizes=3, random_state=0, diagnose=True)
    >>> record = model.set_params(max_iter=40).fit([[0.0], [1.0]], [0.0, 1.0]).record_
    >>> record["gradient_norm"].shape, record["dead"][-1]
    ((40, 2), array([0., 0.]))
    >>> [epoch for epoch, parameters in record.snapshots]
    [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40]
    """

    every: int = 1
    units: bool = True
    snapshots: int | None = None
    curvature: bool = False

    def __post_init__(self) -> None:
        checks.integer("every", self.every, "[1, inf)")
        checks.flag("units", self.units)
        own = self.snapshots
        if own is not None:
            whole = isinstance(own, Integral) and not isinstance(own, bool)
            if not whole or own < 0 or own == 1:
                raise checks.fail("snapshots", "an integer in [2, inf), 0 or None", own)
        checks.flag("curvature", self.curvature)

    def most(self, n_bytes: int) -> int:
        """Return the largest number of snapshots of parameters of so many bytes."""
        if self.snapshots is not None:
            return self.snapshots
        return max(2, min(16, MEMORY // max(n_bytes, 1)))

    __repr__ = checks.short_repr
