"""What a search over learning rates found, and what it suggests in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.tuning.frame import frame

SURE = 2.0  # standard errors by which a loss must be better than a constant's to be better
SMALL = 0.1  # share of a constant's loss that is worth a doubt
NEAR = 0.05  # losses that much above the lowest count as good as it


@dataclass(frozen=True, eq=False, repr=False)
class LearningRateSearch:
    """Losses by learning rate after a few epochs. Its arrays are read-only.

    Made by `search_learning_rate`.

    Attributes
    ----------
    rates : ndarray of shape (n,)
        Rates tried, smallest first, rounded to three digits.
    losses : ndarray of shape (n,)
        Mean over the seeds; inf where training diverges under one of them.
    losses_by_seed : ndarray of shape (n, n_repeats)
    stages : ndarray of str of shape (n,)
        "coarse", "extended" (beyond the ends that were asked for) or "fine".
    start : float
        The loss before training.
    epochs : int
        For which each candidate was trained.
    judge : {"validation", "training"}
        The samples whose loss it is.
    gain, gain_error : float
        By how much the loss at the suggestion is below that of the best constant that training
        finds, and the standard error of that over ten parts of the samples held out; NaN with
        fewer than 20 of them.
    notes : tuple of str
        What is doubtful about the samples held out.
    """

    rates: np.ndarray
    losses: np.ndarray
    losses_by_seed: np.ndarray
    stages: np.ndarray
    start: float
    epochs: int
    judge: str
    gain: float = np.nan
    gain_error: float = np.nan
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("rates", "losses", "losses_by_seed", "stages"):
            getattr(self, name).setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # pickles and copies do not keep that arrays are read-only

    @classmethod
    def of(
        cls,
        losses: dict[float, list[float]],
        stages: dict[float, str],
        start: float,
        epochs: int,
        judge: str,
    ) -> LearningRateSearch:
        """Return the result of what was tried, by rate."""
        rates = sorted(losses)
        by_seed = np.array([losses[rate] for rate in rates])
        named = np.array([stages[rate] for rate in rates])
        return cls(np.array(rates), by_seed.mean(axis=1), by_seed, named, start, epochs, judge)

    @property
    def diverged(self) -> np.ndarray:
        """Whether training diverges, shape (n,)."""
        return np.isinf(self.losses)

    @property
    def suggestion(self) -> float:
        """The rate of the lowest loss; NaN if every rate diverges."""
        best = best_of(self.losses)
        return np.nan if best is None else float(self.rates[best])

    @property
    def loss(self) -> float:
        """The lowest loss."""
        return float(self.losses.min())

    @property
    def near(self) -> tuple[float, float]:
        """The ends of the rates around the suggestion whose loss is within 5% of the lowest."""
        best = best_of(self.losses)
        if best is None:
            return np.nan, np.nan
        far = np.flatnonzero(self.losses > self.loss + NEAR * abs(self.loss))
        below, above = far[far < best], far[far > best]
        first = below[-1] + 1 if len(below) else 0
        last = above[0] - 1 if len(above) else len(self.rates) - 1
        return float(self.rates[first]), float(self.rates[last])

    @property
    def reason(self) -> str:
        """Why this suggestion, with the numbers."""
        if best_of(self.losses) is None:
            return f"none: every rate from {_g(self.rates[0])} to {_g(self.rates[-1])} diverges"
        seeds = self.losses_by_seed.shape[1]
        mean = f" (mean of {seeds} runs)" if seeds > 1 else ""
        words = [
            f"{_g(self.suggestion)}: the lowest {self.judge} loss, {_g(self.loss)}{mean}, after "
            f"{self.epochs} epoch{'s' * (self.epochs != 1)}",
            self._near_in_words(),
        ]
        return "; ".join([*words, *self._diverged_in_words()])

    def _near_in_words(self) -> str:
        first, last = self.near
        if first == last:
            return "no rate beside it comes within 5% of that"
        return f"from {_g(first)} to {_g(last)} it is within 5% of that"

    def _diverged_in_words(self) -> list[str]:
        where = np.flatnonzero(self.diverged)
        if not len(where):
            return []
        if len(where) == len(self.rates) - where[0]:
            return [f"{_g(self.rates[where[0]])} and above diverge"]
        least = _g(self.rates[where[0]])
        return [f"{len(where)} of {len(self.rates)} rates diverge, the least {least}"]

    @property
    def cautions(self) -> tuple[str, ...]:
        """What makes the suggestion doubtful, in words; empty if nothing does."""
        return (*self._about_rates(), *self.notes)

    def _about_rates(self) -> tuple[str, ...]:
        best = best_of(self.losses)
        if best is None:
            return (
                f"every learning rate from {_g(self.rates[0])} to {_g(self.rates[-1])} diverges: "
                f"set standardize=True, or scale the features and the target yourself",
            )
        if len(self.rates) > 1 and (self.losses == self.loss).all():
            return ("every learning rate gives the same loss: nothing depends on it",)
        if self.loss >= self.start:
            return (
                f"no learning rate does better than the untrained network, whose {self.judge} loss "
                f"is {_g(self.start)}",
            )
        if best in (0, len(self.rates) - 1):
            end, beyond = ("smallest", "below") if best == 0 else ("largest", "above")
            return (
                f"the lowest loss is that of the {end} learning rate tried, "
                f"{_g(self.suggestion)}: the best may lie {beyond} it",
            )
        if self.gain <= min(SURE * self.gain_error, SMALL * (self.loss + self.gain)):
            return (
                f"at {_g(self.suggestion)} the loss is hardly better than that of a constant "
                f"prediction (by {_g(self.gain)}, with a standard error of {_g(self.gain_error)}): "
                f"the features may say nothing about y, nor the losses about the rates",
            )
        return ()

    def summary(self) -> str:
        """Return a table of what was tried, with the suggestion and its reason."""
        lines = [f"{'learning rate':>13}  {self.judge + ' loss':>15}  stage"]
        best = best_of(self.losses)
        for i, (rate, loss, stage) in enumerate(
            zip(self.rates, self.losses, self.stages, strict=True)
        ):
            shown = "diverges" if np.isinf(loss) else f"{loss:.4g}"
            lines.append(f"{_g(rate):>13}  {shown:>15}  {stage}{'  <- lowest' * (i == best)}")
        return "\n".join([*lines, self.reason, *self.cautions])

    def as_frame(self) -> Any:
        """Return a pandas DataFrame with one row per rate; ImportError without pandas."""
        seeds = {f"loss_{i}": column for i, column in enumerate(self.losses_by_seed.T)}
        return frame(
            learning_rate=self.rates,
            loss=self.losses,
            **(seeds if len(seeds) > 1 else {}),
            diverged=self.diverged,
            stage=self.stages,
        )

    def __repr__(self) -> str:
        return f"LearningRateSearch of {len(self.rates)} rates\nsuggestion {self.reason}"


def best_of(losses: np.ndarray) -> int | None:
    """Return the place of the lowest loss, the middle one of equal ones; None if all are inf."""
    lowest = np.min(losses)
    if np.isinf(lowest):
        return None
    equal = np.flatnonzero(losses == lowest)
    return int(equal[len(equal) // 2])


def _g(value: float) -> str:
    return f"{value:.3g}"
