"""What a race found: a runner per rule and schedule, and their table."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent.inputs import numeric
from lamina.plan import Rule, Schedule, checks


@dataclass(frozen=True, eq=False, repr=False)
class Runner:
    """One rule's run. Its arrays are read-only.

    Attributes
    ----------
    name : str
    rule : Rule
    schedule : Schedule or None
        None: a constant learning rate.
    rate : float
        The learning rate that the run starts from; NaN for a rule that has none.
    tried : dict of float to float
        Of a rate that was searched for, the final loss by each rate tried; infinite where the run
        diverged.
    points : ndarray of shape (n + 1, d)
        The start first: variables, or all parameters of a network in a row. With ``paths=False``
        of shape (0, d).
    steps : ndarray of int of shape (n + 1,)
        Steps of the rule taken at each point: for a network a point is the end of an epoch.
    losses : ndarray of shape (n + 1,)
        The function at each point; of a network the mean loss of all samples, without penalties,
        dropout and noise.
    seconds : ndarray of shape (n + 1,)
        Time until each point: for every step (epoch) the least of the repeats. Noisy.
    epoch_losses : ndarray of shape (n,) or None
        Of a network what ``history_["loss"]`` is: the mean over the epoch's batches, with the
        penalty, each as it was met.
    reason : str
        Why the run ended early or counts as diverged; empty otherwise.
    """

    name: str
    rule: Rule
    schedule: Schedule | None
    rate: float
    tried: dict[float, float]
    points: np.ndarray
    steps: np.ndarray
    losses: np.ndarray
    seconds: np.ndarray
    epoch_losses: np.ndarray | None
    reason: str

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()  # a pickle forgets what may not be written

    def __post_init__(self) -> None:
        for name in ("points", "steps", "losses", "seconds"):
            getattr(self, name).setflags(write=False)

    @property
    def loss(self) -> float:
        """The loss at the end."""
        return float(self.losses[-1])

    @property
    def diverged(self) -> bool:
        """Whether numbers stopped being finite, or the loss ends above the start's."""
        return bool(self.reason)

    def steps_to(self, level: float) -> int | None:
        """Return the steps from which on the loss stays at most `level`, None without any.

        To cross a level and come back is not to reach it.
        """
        place = self._reached(level)
        return None if place is None else int(self.steps[place])

    def seconds_to(self, level: float) -> float | None:
        """Return the seconds from which on the loss stays at most `level`, None without any."""
        place = self._reached(level)
        return None if place is None else float(self.seconds[place])

    def _reached(self, level: float) -> int | None:
        checks.real("level", level, "(-inf, inf)")
        above = np.flatnonzero(~(self.losses <= level))
        place = int(above[-1]) + 1 if len(above) else 0
        return place if place < len(self.losses) else None

    def key(self, levels: tuple[float, ...]) -> tuple[bool, float, float]:
        """Return what runners are ranked by: steps to the lowest level, then the final loss."""
        steps = self.steps_to(levels[-1]) if levels else None
        if self.diverged:
            return True, np.inf, np.inf
        return False, np.inf if steps is None else steps, self.loss

    def __repr__(self) -> str:
        rate = "" if np.isnan(self.rate) else f" at {self.rate:g}"
        ended = f"diverged: {self.reason}" if self.diverged else f"loss {self.loss:.4g}"
        return f"{self.name}{rate}: {self.steps[-1]} steps, {ended}"


@dataclass(frozen=True, eq=False, repr=False)
class Race:
    """Rules side by side. A sequence of its runners in the order in which they were given.

    Made by `lamina.race`. ``race["adam"]`` is a runner by its name, ``race[0]`` the first. It can
    be copied and pickled, with the samples of a network in it, as far as a problem's functions can.

    Attributes
    ----------
    name : str
        Of the surface or the network.
    runners : tuple of Runner
    levels : tuple of float
        Losses to reach, the highest first.
    unit : {"step", "epoch"}
        What a runner's points are the ends of.
    lowest : float
        The lowest value of the function; NaN for a network.
    repeats : int
        Runs of each, of which the times are the least.
    seed : int or None
        Of a network's first weights and batches.
    """

    name: str
    runners: tuple[Runner, ...]
    levels: tuple[float, ...]
    unit: str
    lowest: float
    repeats: int
    seed: int | None
    _ground: Any

    def __len__(self) -> int:
        return len(self.runners)

    def __iter__(self) -> Iterator[Runner]:
        return iter(self.runners)

    def __getitem__(self, name: str | int) -> Runner:
        if isinstance(name, int):
            return self.runners[name]
        names = [runner.name for runner in self.runners]
        checks.choice("name", name, names)
        return self.runners[names.index(name)]

    @property
    def ranked(self) -> tuple[Runner, ...]:
        """The runners, the best first.

        Those that reach the lowest of `levels` by the steps that it takes them; then by the final
        loss; those that diverged last. Without levels by the final loss alone. The higher levels
        do not count; `rows` have the same place for those that are as good.
        """
        return tuple(sorted(self.runners, key=lambda own: (own.key(self.levels), own.name)))

    @property
    def window(self) -> Any:
        """What to show of a test surface, ``((low, high), (low, high))``; else None."""
        return self._ground.window

    @property
    def optima(self) -> Any:
        """Where a problem's value is lowest, shape (n, d); None for a network."""
        return self._ground.optima

    def losses(self, points: Any) -> np.ndarray:
        """Return the loss that was raced on at each row of `points`, shape (n, d)."""
        rows = numeric("points", points)
        size = self.runners[0].points.shape[1]
        if rows.ndim != 2 or rows.shape[1] != size:
            raise checks.fail("points", f"of shape (n, {size})", rows.shape)
        return self._ground.losses(rows)

    def table(self, *, times: bool = True) -> str:
        """Return the ranked runners as a table in plain text.

        Parameters
        ----------
        times : bool, default=True
            Whether to have the seconds, which are another number in every run.
        """
        checks.flag("times", times)
        lines = self._cells(bool(times))
        widths = [max(len(line[j]) for line in lines) for j in range(len(lines[0]))]
        aligned = (
            [line[0].rjust(widths[0]), line[1].ljust(widths[1])]
            + [cell.rjust(width) for cell, width in zip(line[2:], widths[2:], strict=True)]
            for line in lines
        )
        return "\n".join("  ".join(line).rstrip() for line in aligned)

    def rows(self, *, times: bool = True) -> list[dict[str, Any]]:
        """Return the ranked runners as dicts: what the table has, for a data frame or JSON.

        Parameters
        ----------
        times : bool, default=True
            Whether to have the seconds.
        """
        checks.flag("times", times)
        made, keys = [], [own.key(self.levels) for own in self.ranked]
        for own, key in zip(self.ranked, keys, strict=True):
            row = {"place": 1 + keys.index(key), "name": own.name, "rate": own.rate}
            row["steps_to"] = [own.steps_to(level) for level in self.levels]
            row |= {"loss": own.loss, "diverged": own.diverged}
            made.append(row | {"seconds": float(own.seconds[-1])} if times else row)
        return made

    def _cells(self, times: bool) -> list[list[str]]:
        """Return the cells of the head and of each runner."""
        head = ["", "runner", "rate", *(f"to {level}" for level in _apart(self.levels)), "loss"]
        lines = [[*head, "seconds"] if times else head]
        for row in self.rows(times=times):
            cells = [str(row["place"]), row["name"]]
            cells.append("-" if np.isnan(row["rate"]) else f"{row['rate']:g}")
            cells += ["-" if steps is None else str(steps) for steps in row["steps_to"]]
            cells.append("diverged" if row["diverged"] else f"{row['loss']:.4g}")
            lines.append([*cells, f"{row['seconds']:.3g}"] if times else cells)
        return lines

    @property
    def head(self) -> str:
        """What raced on what, in a line."""
        n = max(int(own.steps[-1]) for own in self.runners)
        runners = f"{len(self)} runner{'s' * (len(self) != 1)}"
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"Race of {runners} on {self.name}, {n} step{'s' * (n != 1)}{seed}"

    def __repr__(self) -> str:
        return f"{self.head}\n{self.table()}"

    def _repr_html_(self) -> str:
        head, *rows = [[html.escape(cell) for cell in line] for line in self._cells(True)]
        names = "".join(f"<th>{cell}</th>" for cell in head)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in rows)
        return (
            f"<table><caption>{html.escape(self.head)}</caption><thead><tr>{names}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def _apart(levels: tuple[float, ...]) -> list[str]:
    """Return numbers in as many digits as tell them apart, three at least."""
    shown: list[str] = []
    for digits in range(3, 18):
        shown = [f"{level:.{digits}g}" for level in levels]
        if len(set(shown)) == len(shown):
            break
    return shown
