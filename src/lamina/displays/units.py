"""Pictures of units: values, level sets and gradients over two inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent.inputs import vector
from lamina.displays.figure import COLOURS, axes, legend
from lamina.neurons.arrays import finite
from lamina.neurons.units.level_sets import LevelSet
from lamina.neurons.units.unit import STEPS, Unit
from lamina.plan import checks

ARROWS = 7  # per side


@dataclass(eq=False, repr=False)
class UnitDisplay:
    """A unit of two inputs: its value as colour, level sets as lines, gradients as arrows.

    The level sets are orthogonal to w and the arrows along it; the arrows are as long as
    ``|φ'(z)| ‖w‖`` says, relative to the longest (note 003 §4.1). After `plot` it has ``ax_``,
    ``figure_``, ``lines_`` (of the level sets) and ``arrows_`` (None for a unit without slope).

    Attributes
    ----------
    unit : Unit
    box : ndarray of shape (2, 2)
        Lower and upper end of both inputs.
    level_sets : list of LevelSet
    values : ndarray of shape (resolution, resolution)
        ``values[j, i]`` is the unit at the i-th x1 and the j-th x2.
    """

    unit: Unit
    box: np.ndarray
    level_sets: list[LevelSet]
    values: np.ndarray

    @classmethod
    def from_unit(
        cls,
        unit: Unit,
        box: Any = ((-3.0, 3.0), (-3.0, 3.0)),
        *,
        levels: Any = None,
        resolution: int = 201,
    ) -> UnitDisplay:
        """Evaluate a unit over a box.

        Parameters
        ----------
        unit : Unit
            Of two inputs.
        box : ((float, float), (float, float)), default=((-3, 3), (-3, 3))
            Lower and upper end of both inputs.
        levels : array-like of shape (n,), optional
            The values whose level sets are drawn; by default both values of a threshold or sign
            unit, seven between the lowest and the highest in the box of any other.
        resolution : int in [2, inf), default=201
            Grid points per input.

        Returns
        -------
        UnitDisplay

        Raises
        ------
        ArgumentError
            If the unit has not two inputs or another argument is out of range.

        Examples
        --------
        >>> from lamina.displays import UnitDisplay
        >>> from lamina.neurons import Unit
        >>> display = UnitDisplay.from_unit(Unit([1, 2], 0, "tanh"), levels=[-0.5, 0, 0.5])
        >>> print(display.level_sets[1])
        value 0 on the hyperplane 0.4472 x1 + 0.8944 x2 = 0
        """
        checks.kind("unit", unit, Unit, "a Unit")
        if len(unit.weights) != 2:
            raise checks.fail("unit", "of two inputs", unit)
        checks.integer("resolution", resolution, "[2, inf)")
        ends = finite("box", box)
        if ends.shape != (2, 2) or not (ends[:, 0] < ends[:, 1]).all():
            raise checks.fail("box", "two intervals ((low, high), (low, high)), low < high", box)
        values = unit(_grid(ends, resolution)).reshape(resolution, resolution)
        if levels is None:
            levels = np.linspace(values.min(), values.max(), 9)[1:-1]
            levels = np.unique(values if unit.kind in STEPS else levels)
        level_sets = [unit.level_set(value) for value in vector("levels", levels).tolist()]
        return cls(unit, ends, level_sets, values)

    def plot(self, ax: Any = None, *, cmap: str = "cividis") -> UnitDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones.
        cmap : str, default="cividis"

        Returns
        -------
        UnitDisplay
            Itself.
        """
        self.figure_, self.ax_ = axes(ax)
        image = self.ax_.imshow(
            self.values, extent=self.box.ravel(), origin="lower", cmap=cmap, aspect="equal"
        )
        ticks = np.unique(self.values) if self.unit.kind in STEPS else None
        self.figure_.colorbar(image, ax=self.ax_, label="$f(x)$", ticks=ticks)
        self.lines_ = self._draw_level_sets()
        self.arrows_ = self._draw_gradients()
        self.ax_.set(xlim=self.box[0], ylim=self.box[1], xlabel="$x_1$", ylabel="$x_2$")
        self.ax_.set_title(str(self.unit).splitlines()[0])
        self._legend(ax is not None)
        return self

    def _legend(self, given: bool) -> None:
        """Say what lines and arrows are, the longest arrow with its length."""
        from matplotlib.lines import Line2D

        kinds = []
        if self.lines_:
            line = Line2D([], [], color="white", lw=1.2, label="level sets")
            kinds.append(line)
        if self.arrows_ is not None:
            longest = np.hypot(self.arrows_.U, self.arrows_.V).max()
            label = rf"gradient, the longest $\Vert\nabla f\Vert$ = {longest:.3g}"
            mark: dict[str, Any] = {
                "marker": r"$\rightarrow$",
                "ms": 14,
                "ls": "",
                "color": COLOURS[0],
            }
            kinds.append(Line2D([], [], label=label, **mark))
        if kinds:
            ground = {"facecolor": "#B0B0B0", "frameon": True}  # white lines are seen on it
            legend(self.ax_, given, handles=kinds, **ground)

    def _draw_level_sets(self) -> list[Any]:
        """Draw each hyperplane as a line, with its value where there is room for it."""
        centre, apart = self.box.mean(axis=1), 0.06 * np.hypot(*np.ptp(self.box, axis=1))
        lines, labelled = [], -np.inf
        pairs = {(h, s.value) for s in self.level_sets for h in s.hyperplanes}
        for (normal, offset), value in sorted(pairs, key=lambda pair: pair[0].offset):
            n = np.array(normal)
            foot = centre + (offset - n @ centre) * n  # of the perpendicular from the centre
            along = np.array([-n[1], n[0]])
            line = self.ax_.axline(tuple(foot), tuple(foot + along), color="white", lw=1.2)
            lines.append(line)
            inside = ((self.box[:, 0] < foot) & (foot < self.box[:, 1])).all()
            if inside and offset - labelled > apart and self.unit.kind not in STEPS:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
                self.ax_.text(*foot, f"{value:.4g}", ha="center", va="center", size=8, bbox=box)
                labelled = offset
        return lines

    def _draw_gradients(self) -> Any:
        if self.unit.kind in STEPS:
            return None
        size = np.ptp(self.box, axis=1) / ARROWS
        places = _grid(self.box + np.outer(size, [0.5, -0.5]), ARROWS)
        gradients = self.unit.gradient(places)
        longest = np.hypot(*gradients.T).max()
        if not longest:
            return None
        scale = longest / (0.8 * size.min())
        options = {"angles": "xy", "scale_units": "xy", "scale": scale, "pivot": "mid"}
        return self.ax_.quiver(*places.T, *gradients.T, color=COLOURS[0], width=0.005, **options)


def _grid(box: np.ndarray, n: int) -> np.ndarray:
    """Return n² points of the box, shape (n², 2), x1 running fastest."""
    x1, x2 = np.meshgrid(*[np.linspace(low, high, n) for low, high in box])
    return np.column_stack([x1.ravel(), x2.ravel()])
