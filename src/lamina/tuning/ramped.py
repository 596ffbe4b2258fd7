"""What a ramp test found, and what it suggests in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.tuning.frame import frame

BLOWN_UP = 4.0  # times the lowest loss: there the test ends
HARDLY = 0.9  # a loss above that share of the first has hardly fallen
WINDOW = 0.1  # share of the ramp over which the fall is measured


@dataclass(frozen=True, eq=False, repr=False)
class RampTest:
    """Losses of a run whose learning rate grew with every step. Its arrays are read-only.

    Made by `ramp_test`.

    Attributes
    ----------
    rates : ndarray of shape (n,)
        The rate of each step that was taken.
    losses : ndarray of shape (n,)
        The loss of each step's batch before the step, penalty included.
    smoothed : ndarray of shape (n,)
        Their exponential moving average, without its bias towards 0.
    n_steps : int
        Steps of the whole ramp.
    stop : str
        Why it ended.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    n_steps: int
    stop: str

    def __post_init__(self) -> None:
        for name in ("rates", "losses", "smoothed"):
            getattr(self, name).setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # pickles and copies do not keep that arrays are read-only

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is lowest; NaN if no step was taken."""
        return np.nan if not len(self.rates) else float(self.rates[np.argmin(self.smoothed)])

    @property
    def steepest(self) -> float:
        """The rate at which the smoothed loss falls most, before it is lowest; NaN if nowhere.

        Measured over a tenth of the ramp, and not in its first tenth, where the average is of a
        few batches only.
        """
        width = max(round(WINDOW * self.n_steps), 2)
        if not len(self.rates):
            return np.nan
        tried = self.smoothed[width : np.argmin(self.smoothed) + 1]
        falls = tried[:-width] - tried[width:]
        if not len(falls) or falls.max() <= 0:
            return np.nan
        return float(self.rates[width + int(np.argmax(falls)) + width // 2])

    @property
    def suggestion(self) -> float:
        """The geometric mean of `steepest` and a tenth of `lowest`, to two digits; NaN if none."""
        return float(f"{np.sqrt(self.steepest * self.lowest / 10):.2g}")

    @property
    def reason(self) -> str:
        """Why this suggestion, with the numbers."""
        if np.isnan(self.suggestion):
            return f"none: the loss falls nowhere; {self.stop}"
        return (
            f"{self.suggestion:g}: between {self.steepest:.2g}, where the loss falls most, and "
            f"{self.lowest / 10:.2g}, a tenth of the rate {self.lowest:.2g} at which it is lowest "
            f"({self.smoothed.min():.3g}); {self.stop}"
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What makes the suggestion doubtful, in words; empty if nothing does."""
        ended = len(self.losses) == self.n_steps
        if not len(self.losses) or self.smoothed.min() > HARDLY * self.smoothed[0]:
            advice = "raise `high`" if ended else "lower `low`, or set standardize=True"
            return (f"the loss hardly falls on the ramp: {advice}",)
        after = self.n_steps - 1 - np.argmin(self.smoothed)  # steps of the ramp beyond the lowest
        if after < WINDOW * self.n_steps / 2:
            return ("the loss still falls at the largest rate: raise `high`",)
        return ()

    def summary(self) -> str:
        """Return steps, suggestion and reason."""
        head = f"{len(self.losses)} of {self.n_steps} steps"
        if len(self.rates):
            head += f", learning rate {self.rates[0]:.3g} to {self.rates[-1]:.3g}"
        return "\n".join([head, f"suggestion {self.reason}", *self.cautions])

    def as_frame(self) -> Any:
        """Return a pandas DataFrame with one row per step; ImportError without pandas."""
        return frame(learning_rate=self.rates, loss=self.losses, smoothed=self.smoothed)

    def __repr__(self) -> str:
        return f"RampTest: {self.summary()}"


class Average:
    """An exponential moving average that starts without bias towards 0."""

    def __init__(self, memory: float) -> None:
        self.memory, self.sum, self.t = memory, 0.0, 0

    def add(self, value: float) -> float:
        """Return the average with one value more."""
        self.t += 1
        self.sum = self.memory * self.sum + (1 - self.memory) * value
        return self.sum / (1 - self.memory**self.t)
