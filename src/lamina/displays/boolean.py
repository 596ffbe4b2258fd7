"""The network of perceptrons of a Boolean function as a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.displays.figure import COLOURS, axes, legend
from lamina.neurons import BooleanNetwork, rows
from lamina.plan import checks

NEGATIVE, POSITIVE = COLOURS[:2]
FIRING = "#F0E442"  # Okabe and Ito's yellow: a fill, too light for lines
SHOWN = 16
"""Most hidden perceptrons that are drawn: those that fire at x before others, then the first."""


@dataclass(eq=False, repr=False)
class BooleanNetworkDisplay:
    """A `BooleanNetwork` as figure 5 of note 002 §2.5 draws it, from the inputs up.

    Blue edges have a positive weight, red dashed ones a negative one; an edge of weight 0 is left
    out. Beside each perceptron stands its bias b; below a hidden perceptron of the notes'
    construction also the row that it fires at. For an input x, perceptrons that fire are filled,
    and edges that carry nothing to the output are faint. Of more than 16 hidden perceptrons those
    that fire at x and the first others are drawn.

    After `plot` it has ``ax_``, ``figure_``, ``units_`` (one scatter per layer) and ``edges_`` (a
    dict from ``(layer, from, to)`` to the line).

    Attributes
    ----------
    network : BooleanNetwork
    x : ndarray of shape (n_inputs,) or None
        An input of 0 and 1.
    """

    network: BooleanNetwork
    x: np.ndarray | None = None

    @classmethod
    def from_network(cls, network: BooleanNetwork, x: Any = None) -> BooleanNetworkDisplay:
        """Take the network to draw.

        Parameters
        ----------
        network : BooleanNetwork
            Of any size.
        x : array-like of shape (n_inputs,), optional
            An input of 0 and 1 whose way through the network is shown.

        Returns
        -------
        BooleanNetworkDisplay

        Raises
        ------
        ArgumentError
            If `network` is none, or `x` is no input of it.

        Examples
        --------
        >>> from lamina.displays import BooleanNetworkDisplay
        >>> from lamina.neurons import BooleanNetwork, rows
        >>> display = BooleanNetworkDisplay.from_network(BooleanNetwork("x1 xor x2"), [0, 1])
        >>> display.network.hidden(display.x)
        array([0, 1, 0, 0])
        """
        checks.kind("network", network, BooleanNetwork, "a BooleanNetwork")
        if x is not None:
            network(x)  # checks it
            x = np.array(x)
            if x.ndim != 1:
                raise checks.fail("shape of x", f"({network.n_inputs},)", x.shape)
        return cls(network, x)

    def plot(self, ax: Any = None, *, title: str | None = None) -> BooleanNetworkDisplay:
        """Draw the graph.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        title : str, optional
            By default what the network computes, and with how many perceptrons.

        Returns
        -------
        self
        """
        self._shown = self._most_telling()
        n, m = self.network.n_inputs, len(self._shown)
        width = max(5.0, 0.66 * (max(n, m) + 2 * (m < self.network.n_hidden)))
        self.figure_, self.ax_ = axes(ax, figsize=(width, 4.6))
        places = [_spread(n, max(n, m)), _spread(m, max(n, m)), np.zeros(1)]
        self.edges_: dict[tuple[int, int, int], Any] = {}
        self._edges(0, places, self.network.hidden_weights[:, self._shown])
        self._edges(1, places, self.network.output_weights[self._shown, None])
        self.units_ = [self._units(layer, places[layer]) for layer in range(3)]
        for layer, name in enumerate(["inputs", "hidden", "output"]):
            self.ax_.text(-0.02, layer, name, transform=self._rows(), ha="right", va="center")
        reach = max(np.abs(np.concatenate(places)).max(), 1) + 0.6
        left_out = self.network.n_hidden - m
        self.ax_.set(xlim=(-reach, reach + 1.5 * bool(left_out)), ylim=(-0.45, 2.45))
        self.ax_.axis("off")
        if left_out:
            self.ax_.text(reach, 1, f"… {left_out:,} more", ha="left", va="center")
        elif not m:
            text = f"none: the function is {int(self.network.table[0])} everywhere"
            self.ax_.text(0, 1, text, ha="center", va="center")
        self._legend(ax is not None)
        self.ax_.set_title(self._title() if title is None else title, fontsize=10)
        return self

    def _rows(self) -> Any:
        return self.ax_.get_yaxis_transform()

    def _edges(self, layer: int, places: list[np.ndarray], weights: np.ndarray) -> None:
        sent = self._sent(layer)
        numbers = self._numbers(layer), self._numbers(layer + 1)
        for i, j in np.argwhere(weights):
            positive = weights[i, j] > 0
            (self.edges_[layer, int(numbers[0][i]), int(numbers[1][j])],) = self.ax_.plot(
                [places[layer][i], places[layer + 1][j]],
                [layer, layer + 1],
                "-" if positive else "--",
                color=POSITIVE if positive else NEGATIVE,
                alpha=0.9 if sent[i] and (layer == 1 or self._sent(1)[j]) else 0.15,
                lw=1.6,
                zorder=1,
            )

    def _most_telling(self) -> np.ndarray:
        """Return the numbers of the hidden perceptrons to draw."""
        m = self.network.n_hidden
        fires = np.zeros(m) if self.x is None else self.network.hidden(self.x)
        return np.sort(np.argsort(-fires, kind="stable")[:SHOWN])

    def _numbers(self, layer: int) -> np.ndarray:
        """Return the numbers of a layer's units that are drawn."""
        return (np.arange(self.network.n_inputs), self._shown, np.zeros(1, dtype=int))[layer]

    def _sent(self, layer: int) -> np.ndarray:
        """Return which units of a layer tell something to the next one; all if there is no x."""
        if layer == 1 and self.x is not None:
            return self._fires(1).astype(bool)
        return np.ones(len(self._numbers(layer)), dtype=bool)

    def _units(self, layer: int, places: np.ndarray) -> Any:
        letter = "xhy"[layer]
        names = [f"${letter}_{{{i + 1}}}$" for i in self._numbers(layer)] if layer < 2 else ["$y$"]
        fills = [FIRING if fires else "white" for fires in self._fires(layer)]
        marks = self.ax_.scatter(
            places, np.full(len(places), layer), s=520, c=fills, ec="black", lw=1.4, zorder=2
        )
        for place, name in zip(places, names, strict=True):
            self.ax_.text(place, layer, name, ha="center", va="center", zorder=3, fontsize=10)
        if layer:
            self._biases_beside(layer, places)
        return marks

    def _biases_beside(self, layer: int, places: np.ndarray) -> None:
        """Write biases below hidden perceptrons, with the rows they fire at, and above the output.

        So they are not in the way of edges.
        """
        numbers = self._numbers(layer)
        biases = self.network.hidden_biases[numbers] if layer == 1 else [self.network.output_bias]
        texts = [f"b = {int(bias)}" for bias in biases]
        if layer == 1 and self.network.lower_bound is None:
            own = rows(self.network.n_inputs)[numbers].tolist()
            texts = ["".join(map(str, row)) + "\n" + b for row, b in zip(own, texts, strict=True)]
        side = {"va": "top", "xytext": (0, -15)} if layer == 1 else {"va": "bottom"}
        side = {"xytext": (0, 15), "textcoords": "offset points", "ha": "center", **side}
        box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.8}
        for place, text in zip(places, texts, strict=True):
            self.ax_.annotate(text, (place, layer), fontsize=8, bbox=box, zorder=3, **side)

    def _fires(self, layer: int) -> np.ndarray:
        if self.x is None:
            return np.zeros(len(self._numbers(layer)))
        hidden = self.network.hidden(self.x)[self._shown]
        return (self.x, hidden, np.array([self.network(self.x)]))[layer]

    def _legend(self, given: bool) -> None:
        from matplotlib.lines import Line2D

        kinds = [Line2D([], [], color=POSITIVE, lw=1.6, label="weight > 0")]
        kinds += [Line2D([], [], color=NEGATIVE, ls="--", lw=1.6, label="weight < 0")]
        if self.x is not None:
            circle: dict[str, Any] = {"marker": "o", "ls": "", "mec": "black", "ms": 10}
            kinds += [Line2D([], [], mfc=FIRING, label="1, or fires", **circle)]
        legend(self.ax_, given, handles=kinds, bbox_to_anchor=(0.5, 0.0), ncols=3)

    def _title(self) -> str:
        m = self.network.n_hidden
        from_rows = "one per row" if self.network.lower_bound is None else "one per product"
        text = self.network.expression
        text = text if len(text) <= 60 else f"a function of {self.network.n_inputs} variables"
        title = f"{text}\n{m} hidden perceptron{'s' * (m != 1)}, {from_rows}"
        if self.x is None:
            return title
        shown = "".join(str(int(value)) for value in self.x)
        return f"{title}\nat x = {shown} the output is {self.network(self.x)}"


def _spread(n: int, widest: int) -> np.ndarray:
    """Return n places, evenly and centred, a little wider apart in narrow layers."""
    step = 1.0 if n == widest else min(2.5, max(1.0, 0.6 * widest / max(n, 1)))
    return (np.arange(n) - (n - 1) / 2) * step
