"""Pictures of a McCulloch-Pitts neuron and of two classes in the plane, separated or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.displays.figure import COLOURS, axes, legend
from lamina.displays.perceptron import CLASSES
from lamina.neurons.mcculloch_pitts.neuron import McCullochPittsNeuron
from lamina.neurons.separability.separation import Separation
from lamina.plan import checks

ORANGE, BLUE, GREY = *COLOURS[:2], "#666666"
KINDS = {"+": ("excitatory", BLUE), "-": ("inhibitory", ORANGE), ".": ("not connected", GREY)}


@dataclass(eq=False, repr=False)
class NeuronDisplay:
    """Diagram of a McCulloch-Pitts neuron in the notes' manner (note 002 §2.1).

    An arrow is an excitatory input; a line that ends in a circle is an inhibitory one. Made by
    `from_neuron`; after `plot` it has ``ax_``, ``figure_`` and ``inputs_``, the lines.

    Attributes
    ----------
    neuron : McCullochPittsNeuron
    names : tuple of str
        Of the inputs.
    """

    neuron: McCullochPittsNeuron
    names: tuple[str, ...]

    @classmethod
    def from_neuron(cls, neuron: McCullochPittsNeuron, *, names: Any = None) -> NeuronDisplay:
        """Take the neuron to draw.

        Parameters
        ----------
        neuron : McCullochPittsNeuron
        names : sequence of str, optional
            One per input; by default x1, x2, ...

        Returns
        -------
        NeuronDisplay

        Raises
        ------
        ArgumentError
            If `neuron` is none or the number of names is another.

        Examples
        --------
        >>> from lamina.displays import NeuronDisplay
        >>> from lamina.neurons import McCullochPittsNeuron
        >>> NeuronDisplay.from_neuron(McCullochPittsNeuron.gate("and")).names
        ('$x_{1}$', '$x_{2}$')
        """
        checks.kind("neuron", neuron, McCullochPittsNeuron, "a McCullochPittsNeuron")
        n = neuron.n_inputs
        given = [f"$x_{{{i}}}$" for i in range(1, n + 1)] if names is None else list(names)
        if len(given) != n or not all(isinstance(name, str) for name in given):
            raise checks.fail("names", f"{n} strings", names)
        return cls(neuron, tuple(given))

    def plot(self, ax: Any = None, *, title: str | None = None) -> NeuronDisplay:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        title : str, optional
            By default the numbers of inputs and the threshold.

        Returns
        -------
        self
        """
        n = self.neuron.n_inputs
        self.figure_, self.ax_ = axes(ax, figsize=(4.5, 1.6 + 0.55 * n))
        self.inputs_, shown = [], set()
        heights = (n - 1) / 2 - np.arange(n)
        for name, role, y in zip(self.names, self.neuron.wiring, heights, strict=True):
            self.ax_.text(-0.12, y, name, ha="right", va="center", fontsize=12)
            self.inputs_.append(self._input(role, y, role not in shown))
            shown.add(role)
        self._body()
        self.ax_.set(xlim=(-0.6, 4.2), ylim=(-n / 2 - 0.7, n / 2 + 0.3), aspect="equal")
        self.ax_.axis("off")
        self.ax_.legend(loc="lower center", ncols=3, frameon=False, fontsize=9)
        self.ax_.set_title(self._title() if title is None else title, fontsize=11)
        return self

    def _input(self, role: str, y: float, first: bool) -> Any:
        label, colour = KINDS[role]
        end = np.array([2.0, 0.0]) - _towards((0, y), (2, 0)) * (0.58 if role != "+" else 0.5)
        end = end if role != "." else np.array([0.5, y])
        style = ":" if role == "." else "-"
        (line,) = self.ax_.plot(
            [0, end[0]], [y, end[1]], style, color=colour, lw=1.8, label=label if first else None
        )
        if role == "-":
            self.ax_.plot(*end, "o", mfc="white", mec=colour, mew=1.8, ms=9, zorder=3)
        if role == "+":
            options = {"arrowstyle": "-|>", "color": colour, "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
            start = end - _towards((0, y), (2, 0)) * 0.2
            self.ax_.annotate("", xy=end, xytext=start, arrowprops=options, zorder=3)
        return line

    def _body(self) -> None:
        from matplotlib.patches import Circle

        self.ax_.add_patch(Circle((2, 0), 0.5, fc="white", ec="black", lw=1.8, zorder=2))
        self.ax_.text(2, 0, f"θ = {self.neuron.threshold}", ha="center", va="center", zorder=4)
        arrow = {"arrowstyle": "-|>", "color": "black", "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
        self.ax_.annotate("", xy=(3.5, 0), xytext=(2.5, 0), arrowprops=arrow)
        self.ax_.text(3.6, 0, "$y$", va="center", fontsize=12)

    def _title(self) -> str:
        own = self.neuron
        rule = [f"at least {own.threshold} excitatory on"] if own.threshold else []
        rule += ["no inhibitory on"] if own.n_inhibitory else []
        when = "if " + ", ".join(rule) if rule else "always"
        when = "never" if own.threshold > own.n_excitatory else when
        return f"McCulloch–Pitts neuron: $y = 1$\n{when}"


def _towards(start: Any, end: Any) -> np.ndarray:
    """Return the unit vector from one point to another."""
    way = np.subtract(end, start).astype(float)
    return way / np.linalg.norm(way)


@dataclass(eq=False, repr=False)
class SeparationDisplay:
    """Two classes in the plane: the line of maximum margin, or the point common to both hulls.

    Made by `from_separation`; after `plot` it has ``ax_``, ``figure_``, ``points_`` (a scatter per
    class), ``line_`` (the separating line or None) and ``common_`` (the common point or None).

    Attributes
    ----------
    separation : Separation
        Of points with two features.
    """

    separation: Separation

    @classmethod
    def from_separation(cls, separation: Separation) -> SeparationDisplay:
        """Take the separation to draw.

        Parameters
        ----------
        separation : Separation
            Of points with two features, and with a bias if it says "not separable".

        Returns
        -------
        SeparationDisplay

        Raises
        ------
        ArgumentError
            If it is not of this kind.

        Examples
        --------
        >>> from lamina.displays import SeparationDisplay
        >>> from lamina.neurons import rows, separate
        >>> SeparationDisplay.from_separation(separate(rows(2), [0, 0, 0, 1])).separation.separable
        True
        """
        checks.kind("separation", separation, Separation, "a Separation")
        if separation.points.shape[1] != 2:
            raise checks.fail("separation", "of points with 2 features", separation.points.shape)
        return cls(separation)

    def plot(self, ax: Any = None, *, title: str | None = None) -> SeparationDisplay:
        """Draw points, hulls, and what was found.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        title : str, optional
            By default the answer with its numbers.

        Returns
        -------
        self
        """
        own = self.separation
        self.figure_, self.ax_ = axes(ax, figsize=(7.5, 5))
        self.points_ = [self._class(side) for side in sorted({*own.positive.tolist()})]
        self.line_ = self.common_ = None
        self.ax_.margins(0.15)
        self.ax_.set_aspect("equal", adjustable="datalim")
        self.ax_.set(xlabel="$x_1$", ylabel="$x_2$")
        if own.separable and len(own.support):
            self._plane()
        elif not own.separable:
            self._meeting()
        legend(self.ax_, ax is not None, loc="upper left", bbox_to_anchor=(1.01, 1), ncols=1)
        self.ax_.set_title(self._title() if title is None else title, fontsize=11)
        return self

    def _class(self, side: bool) -> Any:
        own = self.separation
        points = own.points[own.positive == side]
        label = own.classes[-1] if side else own.classes[0]
        style = CLASSES[side]  # as PerceptronDisplay has them
        self.ax_.fill(*_hull(points).T, color=style["color"], alpha=0.15, lw=1.5)
        return self.ax_.scatter(*points.T, s=36, label=f"class {label}", **style)

    def _plane(self) -> None:
        own = self.separation
        assert own.weights is not None and own.bias is not None
        along = np.array([-own.weights[1], own.weights[0]])
        foot = -own.bias * own.weights
        self.line_ = self.ax_.axline(foot, foot + along, color="black", label="largest margin")
        for side in (-1, 1):
            start = foot + side * own.margin * own.weights
            name = "at the distance γ" if side == 1 else None
            self.ax_.axline(start, start + along, color="black", ls="--", lw=0.9, label=name)
        self._ring("support points")

    def _meeting(self) -> None:
        own = self.separation
        assert own.common_point is not None
        self._ring("points of the certificate")
        corners, name = own.points[own.support], "common point"
        if not own.fit_bias:
            corners, name = self._turned(), "origin"
            self.ax_.plot(*corners.T, "x", color=GREY, ms=7, label="the same, signs by class")
        for corner in corners:
            self.ax_.plot(*np.stack([corner, own.common_point]).T, color=GREY, lw=0.9)
        self.common_ = self.ax_.plot(
            *own.common_point, "*", color="black", ms=14, zorder=4, label=name
        )[0]

    def _turned(self) -> np.ndarray:
        """Return the points of the certificate, those of the negative class with signs flipped."""
        own = self.separation
        signs = np.where(own.positive[own.support], 1.0, -1.0)
        return own.points[own.support] * signs[:, None]

    def _ring(self, label: str) -> None:
        rings = self.separation.points[self.separation.support]
        self.ax_.scatter(*rings.T, s=130, fc="none", ec="black", lw=1.2, zorder=3, label=label)

    def _title(self) -> str:
        own = self.separation
        if not own.separable:
            return (
                "Not separable: the hulls have a point in common"
                if own.fit_bias
                else "Not separable by a line through the origin"
            )
        if not len(own.support):
            return "One class only: separable by any line beside it"
        return f"Separable with margin γ = {own.margin:.4g}, the largest of any line"


def _hull(points: np.ndarray) -> np.ndarray:
    """Return the corners of the convex hull in order; of points on a line the two ends."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        return points[ConvexHull(points).vertices]
    except (QhullError, ValueError):  # a point or a line
        order = np.lexsort(points.T[::-1])
        return points[order[[0, -1]]]
