"""A function, the network that approximates it, what it is made of, and the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.displays.figure import COLOURS, axes, legend
from lamina.neurons import Approximation
from lamina.neurons.approximation.target import at
from lamina.plan import checks

RED, BLUE, SKY, GREY = COLOURS[0], COLOURS[1], COLOURS[5], "#666666"
BESIDE = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "ncols": 1}


@dataclass(eq=False, repr=False)
class ApproximationDisplay:
    """An `Approximation` beside its function, and the error with the tolerance.

    For one variable two panels: above the function, the network and the towers that a staircase is
    made of, one per cell; below the error. For two variables three panels: the function, the
    network, and the error, its largest value encircled.

    After `plot` it has ``ax_`` (an array of axes), ``figure_``, and for one variable ``function_``,
    ``network_``, ``error_`` (lines) and ``towers_`` (bars, or None for smooth units); for two
    ``images_``.

    Attributes
    ----------
    approximation : Approximation
    """

    approximation: Approximation

    @classmethod
    def from_approximation(cls, approximation: Approximation) -> ApproximationDisplay:
        """Take the approximation to draw.

        Parameters
        ----------
        approximation : Approximation

        Returns
        -------
        ApproximationDisplay

        Raises
        ------
        ArgumentError
            If it is none.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina.displays import ApproximationDisplay
        >>> from lamina.neurons import approximate
        >>> found = approximate(np.sin, (0, 2 * np.pi), 0.2)
        >>> ApproximationDisplay.from_approximation(found).n_panels
        2
        """
        checks.kind("approximation", approximation, Approximation, "an Approximation")
        return cls(approximation)

    @property
    def n_panels(self) -> int:
        """Number of axes that `plot` draws into."""
        return len(self.approximation.box) + 1

    def plot(self, ax: Any = None) -> ApproximationDisplay:
        """Draw into two or three axes, or into new ones.

        Parameters
        ----------
        ax : sequence of 2 (one variable) or 3 (two variables) matplotlib Axes, optional

        Returns
        -------
        self
        """
        line = len(self.approximation.box) == 1
        if ax is None:
            grid = {"nrows": 2, "sharex": True, "figsize": (7.5, 6), "height_ratios": [2, 1]}
            self.figure_, self.ax_ = axes(**grid if line else {"ncols": 3, "figsize": (13, 4.2)})
        else:
            if np.size(ax) != self.n_panels:
                raise checks.fail("ax", f"a sequence of {self.n_panels} axes", ax)
            self.ax_ = np.ravel(ax)
            self.figure_ = self.ax_[0].figure
        if line:
            self._plot_line(ax is not None)
        else:
            self._plot_plane()
        return self

    def _title(self) -> str:
        own = self.approximation
        units = f"{own.n_units:,} logistic unit{'s' * (own.n_units > 1)}"
        return f"{units}: error {own.error:.3g} {at(own.where)} (asked: at most {own.tolerance:g})"

    def _plot_line(self, given: bool) -> None:
        own = self.approximation
        top, below = self.ax_
        # Points where the steps are, so that none of them is drawn aslant.
        x = np.unique(np.concatenate([own.points[:, 0], *self._beside_steps()]))
        g = own(x)
        self.towers_ = self._towers() if own.method == "steps" else None
        (self.function_,) = top.plot(
            own.points[:, 0], own.values, color="black", lw=2.2, label="$f$"
        )
        (self.network_,) = top.plot(x, g, color=RED, lw=1.3, label="network $g$")
        if own.method == "smooth":
            self._units()
        top.set_ylabel("value")
        top.set_title(self._title(), fontsize=11)
        legend(top, given, **BESIDE)
        error = own.predict(own.points) - own.values
        (self.error_,) = below.plot(own.points[:, 0], error, color=BLUE, lw=1, label="$g - f$")
        for sign in (-1, 1):
            label = "± tolerance" if sign > 0 else None
            below.axhline(sign * own.tolerance, color=GREY, ls="--", lw=1.2, label=label)
        worst = error[(own.points == own.where).all(axis=1)]
        below.plot(own.where, worst, "o", color=RED, ms=6, label="largest")
        below.set(xlabel="x", ylabel="error")
        legend(below, given, **BESIDE)

    def _beside_steps(self) -> list[np.ndarray]:
        slopes, biases = self._sloped()
        return [np.clip((z - biases) / slopes, *self.approximation.box[0]) for z in (-8, -2, 2, 8)]

    def _sloped(self) -> tuple[np.ndarray, np.ndarray]:
        """Return weights and biases of the units that are not constant."""
        layer = self.approximation.layer
        sloped = layer.weights[0] > 0
        return layer.weights[0][sloped], layer.biases[sloped]

    def _towers(self) -> Any:
        """Draw a bar per cell of the staircase, from 0 to its level."""
        own = self.approximation
        low, high = own.box[0]
        slopes, biases = self._sloped()
        heights = own.layer.output_weights[: len(slopes)]  # a constant function has none
        levels = own.layer.output_bias + np.cumsum(np.append(0, heights))
        ends = np.concatenate([[low], -biases / slopes, [high]])
        return self.ax_[0].bar(
            ends[:-1],
            levels,
            np.diff(ends),
            align="edge",
            color=SKY,
            alpha=0.45,
            ec="white",
            lw=0.5 if len(levels) < 200 else 0,
            label="towers",
        )

    def _units(self) -> None:
        """Mark where the middle of each unit in the box is."""
        own = self.approximation
        middles = -own.layer.biases / own.layer.weights[0]
        low, high = own.box[0]
        inside = middles[(middles >= low) & (middles <= high)]
        self.ax_[0].plot(inside, own(inside), "o", color=RED, ms=4, label="middle of a unit")

    def _plot_plane(self) -> None:
        own = self.approximation
        n = round(len(own.points) ** 0.5)
        predicted = own.predict(own.points)
        span = {"vmin": min(own.values.min(), predicted.min())}
        span["vmax"] = max(own.values.max(), predicted.max())
        sides = {"vmin": -own.tolerance, "vmax": own.tolerance, "cmap": "RdBu_r"}
        error = predicted - own.values
        groups = len(own.layer.directions)
        titles = ["function $f$", f"network $g$: {own.n_units:,} units", "error $g - f$"]
        self.images_ = []
        panels = [(own.values, span), (predicted, span), (error, sides)]
        for ax, (values, options), title in zip(self.ax_, panels, titles, strict=True):
            axis = own.points.T.reshape(2, n, n)
            image = ax.pcolormesh(*axis, values.reshape(n, n), shading="gouraud", **options)
            self.images_.append(image)
            ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title, box_aspect=1)
            self.figure_.colorbar(image, ax=ax, shrink=0.75)
        self.ax_[2].plot(*own.where, "o", mfc="none", mec="black", ms=9)
        self.ax_[1].set_title(
            f"{titles[1]}\n{own.n_units // groups} in each of {groups} directions"
        )
        self.ax_[2].set_title(
            f"{titles[2]}\n{own.error:.3g} at the circle; asked: {own.tolerance:g}"
        )
