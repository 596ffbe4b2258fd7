"""Pictures of descents: paths on a surface, and values and gradient norms step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent import Path
from lamina.descent.inputs import numeric
from lamina.descent.objective import Objective
from lamina.descent.racing.plane import framed
from lamina.descent.rates import gap
from lamina.displays.figure import COLOURS, axes, legend
from lamina.plan import checks

GREYS = "Greys_r"
LARGEST = 1e250  # matplotlib's margins overflow on logarithmic axes that end near 1e308


@dataclass(eq=False, repr=False)
class SurfaceDisplay:
    """A function of two variables, by its level sets or as a surface, with paths of descent on it.

    Made by `from_function`; after `plot` it has ``ax_``, ``figure_`` and ``paths_``, the lines.

    Attributes
    ----------
    x, y : ndarray of shape (resolution,)
        The grid.
    z : ndarray of shape (resolution, resolution)
        ``z[j, i]`` is the function at ``(x[i], y[j])``.
    paths : dict of str to ndarray of shape (n + 1, 3)
        By name, the points of each path and the function there.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    paths: dict[str, np.ndarray]

    @classmethod
    def from_function(
        cls, f: Any, box: Any = None, path: Any = None, *, resolution: int = 101
    ) -> SurfaceDisplay:
        """Evaluate f on a grid.

        Parameters
        ----------
        f : callable
            ``f(x)`` for x of shape (2,) returns one number.
        box : ((float, float), (float, float)), optional
            Lower and upper ends of both variables; by default what holds the paths, with a margin.
        path : Path, array-like of shape (n + 1, 2), or dict of str to these, optional
        resolution : int in [2, inf), default=101
            Grid points per variable.

        Returns
        -------
        SurfaceDisplay

        Raises
        ------
        ArgumentError
            If an argument is out of range, or there is neither a box nor a path.

        Examples
        --------
        >>> from lamina.descent import descend
        >>> from lamina.displays import SurfaceDisplay
        >>> def f(x):
        ...     return x[0] ** 2 + 3 * x[1] ** 2
        >>> display = SurfaceDisplay.from_function(f, ((-2, 2), (-1, 1)), descend(f, [2, 1]))
        >>> display.z.shape, round(float(display.z.max()), 6)
        ((101, 101), 7.0)
        """
        objective = Objective(f)
        checks.integer("resolution", resolution, "[2, inf)")
        named = path if isinstance(path, Mapping) else {} if path is None else {"path": path}
        points = {str(name): _points(name, own) for name, own in named.items()}
        if box is None and not points:
            raise checks.fail("box", "two intervals where there is no path", box)
        (x_low, x_high), (y_low, y_high) = (
            _box(box) if box is not None else framed(np.concatenate(list(points.values())))
        )
        x, y = np.linspace(x_low, x_high, resolution), np.linspace(y_low, y_high, resolution)
        z = np.array([[objective.value(np.array([a, b])) for a in x] for b in y])
        paths = {
            name: np.column_stack([own, [objective.value(point) for point in own]])
            for name, own in points.items()
        }
        return cls(x, y, z, paths)

    def plot(self, ax: Any = None, *, kind: str = "contour", n_levels: int = 24) -> SurfaceDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones; 3-D ones for a surface.
        kind : {"contour", "surface"}, default="contour"
        n_levels : int in [2, inf), default=24
            Level sets; they lie closer together near the lowest value.

        Returns
        -------
        SurfaceDisplay
            Itself.
        """
        checks.choice("kind", kind, ["contour", "surface"])
        checks.integer("n_levels", n_levels, "[2, inf)")
        solid = kind == "surface"
        if solid and ax is not None and not hasattr(ax, "plot_surface"):
            raise checks.fail("ax", "3-D axes for a surface", ax)
        options = {"subplot_kw": {"projection": "3d"}, "figsize": (7, 6)} if solid else {}
        self.figure_, self.ax_ = axes(ax, **options)
        self.paths_: list[Any] = []
        (self._surface if solid else self._contour)(n_levels)
        self.ax_.set_xlabel("$x_1$")
        self.ax_.set_ylabel("$x_2$")
        what = "surface" if solid else "level sets"
        self.ax_.set_title(f"Descent on the {what} of f" if self.paths else what.capitalize())
        if self.paths:
            legend(self.ax_, ax is not None)
        return self

    def _contour(self, n_levels: int) -> None:
        levels = self._levels(n_levels)
        filled = self.ax_.contourf(self.x, self.y, self.z, levels, cmap=GREYS, alpha=0.35)
        self.ax_.contour(self.x, self.y, self.z, levels, colors="0.35", linewidths=0.6)
        self.figure_.colorbar(filled, ax=self.ax_, label="$f(x)$")
        for colour, (name, path) in zip(colours(self.paths), self.paths.items(), strict=True):
            marker = "o" if len(path) <= 60 else ""
            (line,) = self.ax_.plot(
                path[:, 0],
                path[:, 1],
                color=colour,
                marker=marker,
                ms=3,
                lw=1.4,
                label=_label(name, path),
            )
            self.ax_.plot(*path[0, :2], "s", color=colour, ms=7, mec="white")
            self.ax_.plot(*path[-1, :2], "*", color=colour, ms=13, mec="white")
            self.paths_.append(line)
        self.ax_.set_xlim(self.x[0], self.x[-1])
        self.ax_.set_ylim(self.y[0], self.y[-1])

    def _surface(self, n_levels: int) -> None:
        x, y = np.meshgrid(self.x, self.y)
        self.ax_.plot_surface(x, y, self.z, cmap=GREYS, alpha=0.5, lw=0, rcount=60, ccount=60)
        self.ax_.contour(x, y, self.z, self._levels(n_levels), colors="0.4", linewidths=0.5)
        self.ax_.set_zlabel("$f(x)$")
        for colour, (name, path) in zip(colours(self.paths), self.paths.items(), strict=True):
            (line,) = self.ax_.plot(
                *path.T, color=colour, lw=2, label=_label(name, path), zorder=10
            )
            self.ax_.plot(*path[:1].T, "s", color=colour, ms=6, zorder=11)
            self.ax_.plot(*path[-1:].T, "*", color=colour, ms=12, zorder=11)
            self.paths_.append(line)

    def _levels(self, n: int) -> np.ndarray:
        finite = self.z[np.isfinite(self.z)]
        if not finite.size:
            raise checks.fail("f", "finite somewhere in the box", "no finite value")
        low, high = finite.min(), finite.max()
        if low == high:
            low, high = low - 0.5, high + 0.5
        return low + (high - low) * np.linspace(0, 1, n) ** 2


@dataclass(eq=False, repr=False)
class DescentDisplay:
    """Gap of the value and norm of the gradient against the step, of one path or several.

    Made by `from_path`; after `plot` it has ``ax_``, ``figure_`` and ``lines_``.

    Attributes
    ----------
    paths : dict of str to Path
    optimum : float
        The value from which the gaps are taken.
    """

    paths: dict[str, Path]
    optimum: float

    @classmethod
    def from_path(cls, path: Any, optimum: float | None = None) -> DescentDisplay:
        """Take a path.

        Parameters
        ----------
        path : Path or dict of str to Path
        optimum : float, optional
            f*; by default the lowest value on the paths.

        Returns
        -------
        DescentDisplay

        Raises
        ------
        ArgumentError
            If there is no path, or a value lies below the optimum.

        Examples
        --------
        >>> from lamina.descent import descend
        >>> from lamina.displays import DescentDisplay
        >>> DescentDisplay.from_path(descend(lambda x: x @ x + 1, [2.0]), optimum=1.0).optimum
        1.0
        """
        paths = dict(path) if isinstance(path, Mapping) else {"path": path}
        if not paths:
            raise checks.fail("path", "a Path or a dict of them", path)
        for own in paths.values():
            checks.kind("path", own, Path, "a Path or a dict of them")
        lowest = min(float(own.values.min()) for own in paths.values())
        if optimum is None:
            optimum = lowest
        checks.real("optimum", optimum, "(-inf, inf)")
        for own in paths.values():
            gap(own.values, optimum)
        return cls({str(name): own for name, own in paths.items()}, float(optimum))

    def plot(self, ax: Any = None) -> DescentDisplay:
        """Draw it on a logarithmic axis; gaps of 0 and sizes beyond 1e±250 are left out.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        DescentDisplay
            Itself.
        """
        self.figure_, self.ax_ = axes(ax)
        self.lines_: list[Any] = []
        for colour, (name, path) in zip(colours(self.paths), self.paths.items(), strict=True):
            prefix = f"{name}: " if len(self.paths) > 1 else ""
            curves = {
                "$f(x_k) - f^*$": (gap(path.values, self.optimum), "-"),
                r"$\|\nabla f(x_k)\|$": (path.gradient_norms, "--"),
            }
            for label, (values, style) in curves.items():
                inside = (values > 1 / LARGEST) & (values < LARGEST)
                self.lines_ += self.ax_.plot(
                    np.where(inside, values, np.nan),
                    style,
                    color=colour,
                    marker="o" if len(values) <= 10 else "",
                    ms=4,
                    label=prefix + label,
                )
        self.ax_.set_yscale("log")
        self.ax_.set_xlabel("step $k$")
        self.ax_.set_ylabel("gap, gradient norm")
        self.ax_.set_title("Descent step by step")
        legend(self.ax_, ax is not None)
        return self


def _label(name: str, path: np.ndarray) -> str:
    return f"{name} ({len(path) - 1} steps)"


def colours(paths: Any) -> list[str]:
    """Return a colour for each of `paths`."""
    return [COLOURS[i % len(COLOURS)] for i in range(len(paths))]


def _points(name: Any, path: Any) -> np.ndarray:
    points = numeric("path", path.points if isinstance(path, Path) else path)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise checks.fail("path", "of shape (n + 1, 2)", points.shape)
    if not np.isfinite(points).all():
        row = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise checks.fail("path", "finite", f"{points[row]} at row {row}")
    return points


def _box(box: Any) -> np.ndarray:
    ends = numeric("box", box)
    if ends.shape != (2, 2):
        raise checks.fail("box", "two intervals ((low, high), (low, high))", box)
    if not np.isfinite(ends).all() or not (ends[:, 0] < ends[:, 1]).all():
        raise checks.fail("box", "two finite intervals with low < high", box)
    return ends
