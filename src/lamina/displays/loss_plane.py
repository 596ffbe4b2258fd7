"""Pictures of a network's loss over a plane through its parameters, with the path of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina.diagnosis.surface import LossPlane, PlanePath
from lamina.diagnosis.surface.losses import TITLES
from lamina.displays.figure import COLOURS, axes, legend
from lamina.estimators.inspection.surface import loss_surface
from lamina.plan import checks

PATH = COLOURS[0]
COLOURMAP = "cividis"  # alike for every kind of colour vision, and falling in grey too
WIDE = 10.0  # times the lowest level: levels are equal factors apart from there on
APART = 0.09  # of the picture's diagonal: between epochs that are written
ABOVE = 1e250  # matplotlib's arithmetic overflows near 1e308


@dataclass(eq=False, repr=False)
class LossPlaneDisplay:
    """The loss of a network over a plane through its parameters, with the path of its training.

    Made by `from_estimator` or `from_surface`; after `plot` it has ``ax_``, ``figure_`` and
    ``path_``, the line of the path, or None. Not to be mixed up with `LossSurfaceDisplay`, which
    is of two weights of a single sigmoid neuron.

    Attributes
    ----------
    surface : lamina.diagnosis.LossPlane
    """

    surface: LossPlane

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, sample_weight: Any = None, **options: Any
    ) -> LossPlaneDisplay:
        """Evaluate the loss of a fitted estimator on a grid.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        X, y, sample_weight
            The samples to take the loss of.
        **options
            Those of `lamina.loss_surface`: ``plane="path"``, ``points=51``, ...

        Returns
        -------
        LossPlaneDisplay

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import LossPlaneDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier(8, solver="lbfgs", alpha=0.1, random_state=0).fit(X, y)
        >>> display = LossPlaneDisplay.from_estimator(model, X, y, points=11, radius=0.5)
        >>> float(display.surface.a[0]), float(display.surface.a[-1])
        (-0.5, 0.5)
        """
        return cls(loss_surface(estimator, X, y, sample_weight, **options))

    @classmethod
    def from_surface(cls, surface: LossPlane) -> LossPlaneDisplay:
        """Take what `lamina.loss_surface` gave.

        Parameters
        ----------
        surface : lamina.diagnosis.LossPlane

        Returns
        -------
        LossPlaneDisplay

        Raises
        ------
        ArgumentError
            If it is of another kind.
        """
        checks.kind("surface", surface, LossPlane, "what lamina.loss_surface returns")
        return cls(surface)

    def plot(
        self, ax: Any = None, *, kind: str = "contour", n_levels: int = 20
    ) -> LossPlaneDisplay:
        """Draw it.

        Colours and levels are equal factors apart where the highest loss is ten times the lowest,
        or more, and the lowest is above 0. What is not finite is left white.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones; 3-D ones for a surface.
        kind : {"contour", "surface"}, default="contour"
        n_levels : int in [2, inf), default=20

        Returns
        -------
        LossPlaneDisplay
            Itself.

        Raises
        ------
        ArgumentError
            If the loss is finite nowhere on the grid, or `ax` is not of the kind.
        """
        checks.choice("kind", kind, ["contour", "surface"])
        checks.integer("n_levels", n_levels, "[2, inf)")
        solid = kind == "surface"
        if solid and ax is not None and not hasattr(ax, "plot_surface"):
            raise checks.fail("ax", "3-D axes for a surface", ax)
        scale = _Scale(self.surface.losses, n_levels)
        options = {"subplot_kw": {"projection": "3d"}} if solid else {}
        self.figure_, self.ax_ = axes(ax, figsize=(7, 6) if solid else (7, 5.2), **options)
        self.path_: Any = None
        (self._solid if solid else self._flat)(scale)
        names = _names(self.surface)
        self.ax_.set(xlabel=names[0], ylabel=names[1], title=TITLES[self.surface.plane.kind])
        legend(self.ax_, ax is not None)
        return self

    def _flat(self, scale: _Scale) -> None:
        surface, ax, path = self.surface, self.ax_, self.surface.path
        grid = surface.a, surface.b, scale.height
        filled = ax.contourf(*grid, scale.levels, cmap=COLOURMAP)
        ax.contour(*grid, scale.levels, colors="white", linewidths=0.4, alpha=0.5)
        bar = self.figure_.colorbar(filled, ax=ax, label="loss")
        bar.set_ticks(scale.ticks, labels=scale.words)
        bar.minorticks_off()
        ax.set(xlim=surface.a[[0, -1]], ylim=surface.b[[0, -1]])
        if path is not None and not _is_three(surface):
            kind = {"lw": 1.6, "marker": "o", "ms": 4, "mec": "white", "mew": 0.5}
            self._line(path.coordinates.T, path, **kind)
            for i, beside in _spread(path.coordinates, surface):
                self._write(path.coordinates[i], f"{path.epochs[i]:g}", beside)
        for i, mark in enumerate(_marks(surface), 1):
            ax.plot(*mark.place, **mark.look)
            if _is_three(surface):
                self._write(mark.place, str(i), np.array([0.7, 0.7]))

    def _solid(self, scale: _Scale) -> None:
        surface, ax, path = self.surface, self.ax_, self.surface.path
        a, b = np.meshgrid(surface.a, surface.b)
        ax.computed_zorder = False  # the path is to be seen all along
        look = {"cmap": COLOURMAP, "lw": 0, "rcount": 60, "ccount": 60}
        ax.plot_surface(a, b, scale.height, antialiased=False, **look)
        ax.set_zticks(scale.ticks, labels=scale.words)
        ax.set_zlabel("loss", labelpad=12)
        ax.locator_params(axis="x", nbins=6)
        ax.locator_params(axis="y", nbins=6)
        if path is not None and not _is_three(surface):
            line = (*path.coordinates.T, scale.of(path.losses))
            self._line(line, path, lw=2, zorder=10)
        for mark in _marks(surface):
            ax.plot(*mark.place, scale.of(np.array(mark.loss)), **mark.look, zorder=11)

    def _line(self, line: Any, path: PlanePath, **look: Any) -> None:
        label = f"path ({path.outside:.1%} of it outside)"
        (self.path_,) = self.ax_.plot(*line, color=PATH, label=label, **look)

    def _write(self, place: np.ndarray, text: str, beside: np.ndarray) -> None:
        """Write a text beside a place, on the side that a vector of length 1 points to."""
        from matplotlib.patheffects import withStroke

        self.ax_.annotate(
            text,
            place,
            11 * beside,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=9,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            annotation_clip=True,
        )


class _Scale:
    """Heights, levels and ticks: logarithms where the losses are wide apart."""

    def __init__(self, losses: np.ndarray, n_levels: int) -> None:
        there = np.isfinite(losses) & (np.abs(losses) < ABOVE)
        if not there.any():
            raise checks.fail("the loss", "finite somewhere on the grid", "no finite value")
        low, high = float(losses[there].min()), float(losses[there].max())
        if not high - low > 1e-12 * abs(high):
            low, high = low - 0.5, high + 0.5
        self._wide = low > 0 and high >= WIDE * low
        values = _round_numbers(low, high, self._wide)
        self.words = [f"{value:.4g}" for value in values]
        self.ticks = self.of(values)
        self.height = np.ma.masked_invalid(self.of(np.where(there, losses, np.nan)))
        first, last = self.of(np.array([low, high]))
        self.levels = np.linspace(first, last, n_levels + 1)
        self.levels[-1] += 1e-9 * np.ptp(self.levels)  # the highest point is not to be left white

    def of(self, losses: np.ndarray) -> np.ndarray:
        """Return the heights of losses; NaN for what has none."""
        with np.errstate(all="ignore"):
            return np.log10(losses) if self._wide else losses


def _round_numbers(low: float, high: float, wide: bool) -> np.ndarray:
    """Return round numbers between two losses: for ticks."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    decades = np.log10(high / low) if wide else 0.0
    subs = [1.0, 2.0, 5.0] if decades < 4 else [1.0]
    subs = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0] if decades < 1.3 else subs
    locator: Any = LogLocator(subs=subs, numticks=12) if wide else MaxNLocator(8)
    values = np.asarray(locator.tick_values(low, high))
    return values[(values >= low) & (values <= high)]


def _names(surface: LossPlane) -> tuple[str, str]:
    names, explained = surface.plane.names, surface.plane.explained
    if explained is None:
        return names
    first, second = (f"{n} ({e:.1%})" for n, e in zip(names, explained, strict=True))
    return first, second


class _Mark(NamedTuple):
    """A point of its own: where, its loss, and how it is drawn."""

    place: np.ndarray
    loss: float
    look: dict[str, Any]


def _is_three(surface: LossPlane) -> bool:
    """Return whether the points are three checkpoints, which need not lie on one path."""
    three = surface.path is not None and len(surface.path.epochs) == 3
    return three and surface.plane.kind == "checkpoints"


def _marks(surface: LossPlane) -> list[_Mark]:
    """Return the points to mark: start and end of a path, three checkpoints, or the weights."""
    path = surface.path
    if path is None:
        return [_mark(surface.plane.point, surface.loss, "*", "present weights")]
    if _is_three(surface):
        named = [(i, "os^"[i], f"checkpoint {i + 1}") for i in range(3)]
    else:
        last = "*" if surface.present is None else "o"  # the star is where the weights are now
        named = [(i, marker, f"epoch {path.epochs[i]:g}") for i, marker in ((0, "s"), (-1, last))]
    found = [_mark(path.coordinates[i], path.losses[i], marker, name) for i, marker, name in named]
    if surface.present is not None:
        coordinates, _, loss = surface.present
        found.append(_mark(coordinates, loss, "*", "present weights"))
    return found


def _mark(place: np.ndarray, loss: float, marker: str, name: str) -> _Mark:
    look = {"color": PATH, "marker": marker, "ms": 15 if marker == "*" else 9, "ls": ""}
    return _Mark(place, loss, look | {"mec": "white", "label": f"{name}: loss {loss:.3g}"})


def _spread(coordinates: np.ndarray, surface: LossPlane) -> list[tuple[int, np.ndarray]]:
    """Return which points between the first and the last are far enough apart to be named.

    Each with a vector of length 1 that points away from the path, to its left.
    """
    size = np.array([np.ptp(surface.a), np.ptp(surface.b)]) * np.sqrt(2)
    places, chosen = coordinates / size, [0, len(coordinates) - 1]
    named = []
    for i in range(1, len(places) - 1):
        if np.linalg.norm(places[chosen] - places[i], axis=1).min() <= APART:
            continue
        along = places[i + 1] - places[i - 1]
        length = np.linalg.norm(along)
        left = np.array([-along[1], along[0]]) / length if length else np.array([0.7, 0.7])
        chosen.append(i)
        named.append((i, left))
    return named
