"""Pictures of races: the paths on the loss, and the loss by step and by time."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from lamina.descent import Race, Runner
from lamina.descent.racing.plane import Plane, around
from lamina.displays import race_animation
from lamina.displays.descent import LARGEST, colours
from lamina.displays.figure import COLOURS
from lamina.plan import checks

PANELS = ("paths", "steps", "seconds")
PANELLED = f"{', '.join(map(repr, PANELS))} or a sequence of these"
STYLES = ("-", "--", ":", "-.")
N_LEVELS = 14
DEEPEST = 1e-10  # of the first gap: what is below that ends at the edge
LABELLED = 4  # level sets from one with a number to the next


@dataclass(frozen=True, eq=False)
class Grid:
    """The loss on a part of a plane: ``z[j, i]`` at ``(x[i], y[j])``."""

    plane: Plane
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


@dataclass(eq=False, repr=False)
class RaceDisplay:
    """A race: paths on the loss's level sets, loss against step, loss against time.

    A dot is where a runner ends, a cross where one ends that diverged, at the edge where it left
    the panel for good.

    Made by `from_race`; after `plot` it has ``figure_``, ``axes_``, an array of its panels' axes,
    ``ax_``, the first of them, and ``lines_``, for each panel by its name the lines of the runners.

    Attributes
    ----------
    race : Race
    grid : Grid or None
        None where there is no picture of paths: on fewer than two variables, or without points.
    """

    race: Race
    grid: Grid | None
    _heads: dict[str, list[Any]] = field(default_factory=dict, repr=False)
    _minima: list[Any] = field(default_factory=list, repr=False)

    @classmethod
    def from_race(cls, race: Race, *, resolution: int | None = None) -> RaceDisplay:
        """Evaluate the loss on the plane of the paths.

        That is the plane of both variables, or for a network, and for more than two variables, the
        principal plane of all paths together: the one beside which they leave least.

        Parameters
        ----------
        race : Race
        resolution : int in [2, inf), optional
            Grid points along each axis; by default 101, of a network 41.

        Returns
        -------
        RaceDisplay

        Raises
        ------
        ArgumentError
            If an argument is out of range.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import RaceDisplay
        >>> race = lamina.race("beale", ["adam", "momentum"], learning_rate=0.01, n_steps=50)
        >>> RaceDisplay.from_race(race, resolution=31).grid.z.shape
        (31, 31)
        """
        checks.kind("race", race, Race, "a Race, as lamina.race returns")
        if resolution is None:
            resolution = 41 if race.unit == "epoch" else 101
        checks.integer("resolution", resolution, "[2, inf)")
        size, kept = race.runners[0].points.shape[1], len(race.runners[0].points)
        moved = sum(len(runner.points) for runner in race) > len(race)
        if size < 2 or not kept or not (moved or size == 2):
            return cls(race, None)
        plane = Plane.of_race(race)
        x, y = (np.linspace(low, high, int(resolution)) for low, high in around(race, plane))
        points = plane.lift(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
        return cls(race, Grid(plane, x, y, race.losses(points).reshape(len(y), len(x))))

    def plot(self, ax: Any = None, *, panels: Any = None) -> RaceDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of them, optional
            As many as `panels`; by default those of a new figure.
        panels : {"paths", "steps", "seconds"} or sequence of them, optional
            By default all three, without "paths" where there is no picture of them.

        Returns
        -------
        RaceDisplay
            Itself.

        Raises
        ------
        ArgumentError
            If an argument is out of range, or there is no picture of paths that is asked for.
        """
        names = self._panels(panels)
        self.figure_, self.axes_ = _axes(ax, len(names))
        self.ax_ = self.axes_[0]
        self.lines_: dict[str, list[Any]] = {}
        self._heads, self._minima = {}, []
        for name, own in zip(names, self.axes_, strict=True):
            (self._paths if name == "paths" else self._losses)(own, name)
        if ax is None:
            handles = self.lines_[names[0]]
            columns = min(len(handles), 4)
            self.figure_.legend(
                handles=handles,
                loc="outside lower center",
                ncols=columns,
                frameon=False,
                fontsize=9,
            )
        else:
            self.axes_[-1].legend(handles=self.lines_[names[-1]], fontsize=8)
        return self

    def animate(
        self,
        path: str | PathLike[str] | None = None,
        *,
        panels: Any = None,
        n_frames: int = 60,
        fps: float = 12.0,
        dpi: float = 80.0,
    ) -> Any:
        """Draw it as it happens, step by step.

        Parameters
        ----------
        path : str or path-like, optional
            A file to write, ``.gif`` or ``.mp4``; an MP4 needs the program ffmpeg.
        panels : {"paths", "steps", "seconds"} or sequence of them, optional
            As for `plot`.
        n_frames : int in [2, 10000], default=60
            The early steps, in which most happens, have more frames than the late ones.
        fps : float in [0.1, 100], default=12
            Frames per second.
        dpi : float in [10, 1000], default=80
            Dots per inch: 80 gives a picture 880 wide.

        Returns
        -------
        pathlib.Path or matplotlib.animation.FuncAnimation
            The file; without `path` an animation for a notebook: ``HTML(animation.to_jshtml())``.

        Raises
        ------
        ArgumentError
            If an argument is out of range, or for an MP4 there is no ffmpeg.
        OSError
            If the file cannot be written.
        """
        file = None if path is None else race_animation.checked(path)
        checks.integer("n_frames", n_frames, "[2, 10000]")
        checks.real("fps", fps, "[0.1, 100]")
        checks.real("dpi", dpi, "[10, 1000]")
        own = RaceDisplay(self.race, self.grid).plot(panels=panels)  # a picture there may be stays
        longest = max(len(runner.losses) for runner in self.race) - 1
        ends = np.round(longest * np.linspace(0, 1, n_frames) ** 1.6).astype(int)
        frames = list(dict.fromkeys(ends.tolist()))
        return race_animation.made(own.figure_, own._until, frames, file, float(fps), float(dpi))

    def _panels(self, panels: Any) -> list[str]:
        if panels is None:
            return [name for name in PANELS if name != "paths" or self.grid is not None]
        names = (
            [panels]
            if isinstance(panels, str)
            else list(checks.entries("panels", panels, PANELLED))
        )
        for name in names:
            checks.choice("every panel of panels", name, PANELS)
        if not names or len(set(names)) < len(names):
            raise checks.fail("panels", "one panel at least, each once", panels)
        if "paths" in names and self.grid is None:
            expected = "without 'paths' for a race on one variable, or whose paths were not kept"
            raise checks.fail("panels", expected, panels)
        return names

    def _paths(self, ax: Any, name: str) -> None:
        """Draw the level sets and the paths on them."""
        grid = self.grid
        assert grid is not None
        levels = self._levels(grid.z)
        if len(levels) > 1:
            shades = [str(shade) for shade in np.linspace(0.78, 0.97, len(levels) - 1)]
            ax.contourf(grid.x, grid.y, grid.z, levels, colors=shades, extend="neither")
            look = {"colors": "0.6", "linewidths": 0.5, "linestyles": "-"}
            sets = ax.contour(grid.x, grid.y, grid.z, levels, **look)
            ax.clabel(sets, sets.levels[2::LABELLED], fontsize=7, fmt=_height, colors="0.35")
        low, high = np.array([grid.x[[0, -1]], grid.y[[0, -1]]]).T
        paths = [
            _inside(grid.plane.project(runner.points), 3 * low - 2 * high, 3 * high - 2 * low)
            for runner in self.race
        ]
        self._curves(ax, name, [(path[:, 0], path[:, 1]) for path in paths], low, high)
        ax.plot(*paths[0][0], "s", color="black", ms=6, mec="white", zorder=4)
        for point in self._optima():
            self._minima += ax.plot(*point, "+", color="black", ms=9, mew=1.5, zorder=7)
        ax.set_xlim(low[0], high[0])
        ax.set_ylim(low[1], high[1])
        shares = grid.plane.shares
        labels = ["$x_1$", "$x_2$"]
        if shares is not None:
            labels = [
                f"principal direction {i} ({100 * share:.0f}% of the spread)"
                for i, share in enumerate(shares, 1)
            ]
        called = "network" if self.race.unit == "epoch" else self.race.name
        ax.set(xlabel=labels[0], ylabel=labels[1], title=f"Paths: {called}")

    def _losses(self, ax: Any, name: str) -> None:
        """Draw the gap to the lowest value, or a network's loss, step by step or by time."""
        gaps = [self._gaps(runner) for runner in self.race]
        first, known = float(gaps[0][0]), bool(np.isfinite(self.race.lowest))
        logarithmic = first > 0 and (known or all((own > 0).all() for own in gaps))
        unit, factor = ("", 1.0) if name == "steps" else _unit(self.race)
        where = [runner.steps if name == "steps" else runner.seconds for runner in self.race]
        curves = [
            (factor * x, np.clip(y, 1 / LARGEST, LARGEST) if logarithmic else y)
            for x, y in zip(where, gaps, strict=True)
        ]
        seen = np.concatenate([y for _, y in curves])
        seen = seen[np.isfinite(seen)]
        low, high = -np.inf, np.inf
        if logarithmic and len(seen):
            low = max(float(seen.min()), DEEPEST * first)
            high = max(3 * first, 10 * low)
            ax.set_yscale("log")
            ax.set_ylim(low / 2, high)
            for level in self.race.levels:
                if level > self._base():
                    ax.axhline(level - self._base(), color="0.85", lw=0.8, zorder=0)
        self._curves(ax, name, curves, np.array([-np.inf, low / 2]), np.array([np.inf, high]))
        ax.set_xlabel("step" if name == "steps" else f"time in {unit}")
        if name == "steps" or "steps" not in self.lines_:  # beside it the label would come twice
            ax.set_ylabel("loss above the lowest" if known else "loss of all samples")
        ax.set_title("Loss by step" if name == "steps" else "Loss by time")

    def _curves(
        self, ax: Any, name: str, curves: list[tuple[Any, Any]], low: np.ndarray, high: np.ndarray
    ) -> None:
        """Draw a line for each runner, and a mark at its end, within the panel from low to high."""
        self.lines_[name], self._heads[name] = [], []
        shades = colours(self.race)
        for i, (runner, (x, y)) in enumerate(zip(self.race, curves, strict=True)):
            style = STYLES[i // len(COLOURS) % len(STYLES)]
            (line,) = ax.plot(x, y, style, color=shades[i], lw=1.5, label=_label(runner))
            ends, marker = _ends(np.column_stack([x, y]), low, high), "oX"[runner.diverged]
            look = {"color": shades[i], "ms": 6 + runner.diverged, "mec": "white"}
            (head,) = ax.plot(*ends[-1], marker, **look, zorder=5, clip_on=False)
            self.lines_[name].append(line)
            self._heads[name].append((head, np.column_stack([x, y]), ends))

    def _until(self, end: int) -> list[Any]:
        """Show each runner as it is after `end` of its steps or epochs.

        Returns what changed, the lines first, so that each dot lies on all of them, and what is to
        lie on the dots.
        """
        lines, heads = [], []
        for name, own in self._heads.items():
            for line, (head, path, ends) in zip(self.lines_[name], own, strict=True):
                line.set_data(*path[: end + 1].T)
                head.set_data(*ends[: end + 1][-1:].T)
                lines.append(line)
                heads.append(head)
        return lines + heads + self._minima

    def _base(self) -> float:
        return self.race.lowest if np.isfinite(self.race.lowest) else 0.0

    def _gaps(self, runner: Runner) -> np.ndarray:
        return runner.losses - self._base()

    def _levels(self, z: np.ndarray) -> np.ndarray:
        """Return heights whose gaps grow by a factor from one to the next; none where z is flat."""
        finite = z[np.isfinite(z)]
        if not len(finite) or finite.min() == finite.max():
            return np.empty(0)
        base = self._base() if finite.min() > self._base() else finite.min()
        gaps = np.sort(finite - base)
        least = max(float(gaps[len(gaps) // 200]), 1e-4 * gaps[-1])
        shape = np.geomspace(least, gaps[-1], N_LEVELS)
        return np.unique(base + np.concatenate([[min(0.0, finite.min() - base)], shape]))

    def _optima(self) -> np.ndarray:
        grid, optima = self.grid, self.race.optima
        if grid is None or optima is None or grid.plane.shares is not None:
            return np.empty((0, 2))
        return grid.plane.project(optima)


def _axes(ax: Any, n: int) -> tuple[Any, np.ndarray]:
    """Return the figure and n axes: those given, or new ones."""
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is None:
        figure, made = plt.subplots(
            1, n, figsize=(1.4 + 3.2 * n, 3.9), layout="constrained", squeeze=False
        )
        return figure, made[0]
    own = [ax] if isinstance(ax, Axes) else ax
    listed = np.ravel(np.asarray(own, dtype=object))
    if len(listed) != n or not all(isinstance(one, Axes) for one in listed):
        raise checks.fail("ax", f"{n} matplotlib Axes, one for each panel, or None", ax)
    return listed[0].figure, listed


def _height(loss: float) -> str:
    return f"{loss:.0f}" if abs(loss) >= 100 else f"{loss:.2g}"


def _label(runner: Runner) -> str:
    rate = "" if np.isnan(runner.rate) else f" ({runner.rate:g})"
    return f"{runner.name}{rate}{', diverged' if runner.diverged else ''}"


def _inside(path: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return a path that ends where it first is far outside, at the edge of what is far."""
    far = np.flatnonzero(~((path > low) & (path < high)).all(axis=1))
    kept = path if not len(far) else path[: far[0] + 1]
    return np.clip(kept, low, high)


def _ends(path: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where to mark the end of a path (n, 2) after each of its points.

    That is within the panel, and from where the path has left it for good the place at the edge.
    """
    ends = np.clip(path, low, high)
    inside = np.flatnonzero(((path >= low) & (path <= high)).all(axis=1))
    gone = int(inside[-1]) + 1 if len(inside) else 0
    if gone < len(path):
        before, after = path[max(gone - 1, 0)], path[gone]
        with np.errstate(all="ignore"):
            way = (ends[gone] - before) / (after - before)
        share = np.nanmin(np.where(np.isfinite(way), way, np.nan), initial=1.0)
        ends[gone:] = np.clip(before + max(share, 0.0) * (after - before), low, high)
    return ends


def _unit(race: Race) -> tuple[str, float]:
    """Return the unit of time that suits a race, and how many there are in a second."""
    longest = max(float(runner.seconds[-1]) for runner in race)
    return ("seconds", 1.0) if longest >= 1 else ("milliseconds", 1e3)
