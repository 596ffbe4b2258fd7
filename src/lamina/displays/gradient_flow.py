"""How gradients, and what they are made of, go through the layers in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.displays.figure import legend
from lamina.displays.recorded import (
    GREY,
    count_epochs,
    edges,
    measured,
    outer,
    panels,
    record_of,
)
from lamina.plan import checks
from lamina.training import Record
from lamina.training.recording.record import LAYERS

MOST_LINES = 6  # layers that can be told apart as lines; of more there is a map
FACTORS = ("gradient_norm", "slope", "backflow", "input_norm")
SHARES = ("dead", "saturated", "constant")
NAMED = "a name or several of record_.names, such as 'gradient_norm'"
ZERO, MISSING = "#000000", "#bbbbbb"  # in a map
PLAIN = (*SHARES, "activation_mean")  # on a linear axis
SYMBOLS = {
    "gradient_norm": r"gradient norm $\|\nabla W_l\|$",
    "bias_gradient_norm": r"bias gradient norm $\|\nabla b_l\|$",
    "slope": "slope ‖Diag φ′‖",
    "backflow": r"backflow $\|V_{l+1} \cdots V_L\,\delta_L\|$",
    "input_norm": r"input norm $\|h_{l-1}\|$",
    "bound": "bound of the gradient norm",
    "weight_norm": r"weight norm $\|W_l\|$",
    "update_norm": r"update norm $\|\Delta W_l\|$",
    "update_ratio": r"update ratio $\|\Delta W_l\| / \|W_l\|$",
    "effective_rate": r"effective rate $\|\Delta W_l\| / \|\nabla W_l\|$",
    "gradient_noise": "gradient noise",
    "signal_to_noise": "gradient signal to noise",
    "dead": "share of dead units",
    "saturated": "share of saturated units",
    "constant": "share of constant units",
    "activation_mean": "mean activation",
    "activation_spread": "spread of activations",
}


@dataclass(eq=False, repr=False)
class GradientFlowDisplay:
    """Numbers of a training by layer and epoch: gradient norms, and what they are made of.

    The norm of a layer's gradient is at most the mean of ``slope · backflow · input_norm`` (note
    004), so where it vanishes or explodes, one of these says why. A line per layer, or a map of
    epochs × layers if there are more than six.

    Made by `from_estimator` or `from_record`; after `plot` it has ``ax_`` (the first axes),
    ``axes_`` (a list, one for each quantity), ``figure_``, ``lines_`` (by quantity and layer) and
    ``maps_`` (by quantity).

    Attributes
    ----------
    record : Record
    what : tuple of str
        The quantities, a panel each.
    kind : {"lines", "map"}
    unit : str
        What the record counts: "epoch", or "iteration" of L-BFGS.
    """

    record: Record
    what: tuple[str, ...]
    kind: str
    unit: str = "epoch"

    @classmethod
    def from_estimator(
        cls, estimator: Any, what: str | Sequence[str] = "gradient_norm", *, kind: str = "auto"
    ) -> GradientFlowDisplay:
        """Take what a fit with ``diagnose=True`` recorded.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        what : str or sequence of str, default="gradient_norm"
            Names of ``record_.names``, such as "bound", "update_ratio", "effective_rate",
            "signal_to_noise" or "dead"; "factors" is the gradient norm and the three factors of
            its bound.
        kind : {"auto", "lines", "map"}, default="auto"
            A line per layer, or a map; "auto" goes by the number of layers.

        Returns
        -------
        GradientFlowDisplay

        Raises
        ------
        ArgumentError
            If `estimator` was fitted without ``diagnose``, or a name is not one of the record's.
        NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import GradientFlowDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier((8, 8), max_iter=20, random_state=0, diagnose=True)
        >>> display = GradientFlowDisplay.from_estimator(model.fit(X, y), "factors")
        >>> display.what, display.kind
        (('gradient_norm', 'slope', 'backflow', 'input_norm'), 'lines')
        """
        record, unit = record_of(estimator)
        return cls.from_record(record, what, kind=kind, unit=unit)

    @classmethod
    def from_record(
        cls,
        record: Record,
        what: str | Sequence[str] = "gradient_norm",
        *,
        kind: str = "auto",
        unit: str = "epoch",
    ) -> GradientFlowDisplay:
        """Take a record, such as ``model.record_``; parameters as for `from_estimator`."""
        measured(record)
        checks.choice("kind", kind, ["auto", "lines", "map"])
        names = (what,) if isinstance(what, str) else checks.entries("what", what, NAMED)
        if not names:
            raise checks.fail("what", NAMED, what)
        for name in names:
            checks.choice("what", name, [*LAYERS, "factors"])
        split = [FACTORS if name == "factors" else (name,) for name in names]
        own = tuple(dict.fromkeys(name for group in split for name in group))
        if kind == "auto":
            kind = "lines" if record.n_layers <= MOST_LINES else "map"
        return cls(record, own, kind, unit)

    def plot(self, ax: Any = None) -> GradientFlowDisplay:
        """Draw a panel for each quantity.

        Lines of layers that have the same numbers cover each other: the first ones are broader.
        Zeros of a logarithmic axis are small triangles at the bottom, or black; what is not finite
        is left out, or grey.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones. Given axes take one quantity.

        Returns
        -------
        GradientFlowDisplay
            Itself.
        """
        n = len(self.what)
        height = 3.4 if n == 1 else 2.5
        columns = 1 if n == 1 else 2
        self.figure_, self.axes_ = panels(n, ax, "quantity", height, columns=columns, sharex=True)
        if ax is None:
            self.figure_.set_size_inches(8 if n > 1 else 7, self.figure_.get_figheight())
        self.ax_ = self.axes_[0]
        self.lines_: dict[tuple[str, int], Any] = {}
        self.maps_: dict[str, Any] = {}
        for panel, name in zip(self.axes_, self.what, strict=True):
            panel.set_title(SYMBOLS[name], fontsize=11)
            (self._lines if self.kind == "lines" else self._map)(panel, name)
        for panel, lowest, _ in outer(self.axes_):
            count_epochs(panel, self.unit, lowest)
        if self.kind == "lines" and self.record.n_layers > 1:
            self._legend(ax is not None)
        elif self.kind == "map":
            self._explain(ax is not None)
        return self

    def _lines(self, ax: Any, name: str) -> None:
        values, epochs = self.record[name], self.record.epochs
        shown = np.where(np.isfinite(values), values, np.nan)
        log = _is_log(name, values)
        if log:
            shown[shown == 0] = np.nan
            ax.set_yscale("log")
            ax.set_ylim(*log_ends(shown, 3.0, margin=1.2))
            plain_ticks(ax.yaxis, ax.get_ylim())
        look: dict[str, Any] = {"marker": "o", "ms": 4} if len(epochs) == 1 else {}
        if len(epochs) > 1 and np.isnan(shown).any():  # a number between two gaps is no line
            look = {"marker": ".", "ms": 3}
        n = self.record.n_layers
        widths = np.linspace(1.5 + 0.5 * min(n - 1, 4), 1.5, n)
        for i, (colour, width) in enumerate(zip(colours(n), widths, strict=True)):
            (self.lines_[name, i + 1],) = ax.plot(
                epochs, shown[:, i], color=colour, lw=width, label=f"layer {i + 1}", **look
            )
            zeros = epochs[values[:, i] == 0] if log else []
            if len(zeros):
                place = np.full(len(zeros), 0.02)
                ax.plot(zeros, place, "v", color=colour, ms=4, transform=ax.get_xaxis_transform())
        if name in SHARES:
            ax.set_ylim(-0.03, 1.03)
        ax.grid(axis="y", color=GREY, alpha=0.25, lw=0.8)
        ax.spines[["top", "right"]].set_visible(False)

    def _map(self, ax: Any, name: str) -> None:
        from matplotlib import colormaps
        from matplotlib.colors import LogNorm, Normalize

        values = self.record[name].T
        log = _is_log(name, values)
        there = values[np.isfinite(values)]
        ends = (float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)
        if log:
            ends = log_ends(there, 10.0)  # what is nearly the same has nearly one colour
            zeros = values == 0
            values = np.where(zeros, ends[0] / 2, values)  # which a logarithm would leave out
        elif name in SHARES:
            ends = (0.0, 1.0)
        scale = colormaps["viridis"].with_extremes(bad=MISSING, under=ZERO)
        self.maps_[name] = ax.pcolormesh(
            edges(self.record.epochs),
            np.arange(self.record.n_layers + 1) + 0.5,
            np.ma.masked_invalid(values),
            norm=(LogNorm if log else Normalize)(*ends),
            cmap=scale,
            rasterized=True,
        )
        extend = "min" if log and zeros.any() else "neither"
        bar = ax.figure.colorbar(self.maps_[name], ax=ax, extend=extend)
        bar.outline.set_visible(False)
        if log:
            plain_ticks(bar.ax.yaxis, ends)
        ax.set_ylabel("layer")
        ax.yaxis.get_major_locator().set_params(integer=True)

    def _explain(self, given: bool) -> None:
        """Say what black and grey are where a map has them."""
        from matplotlib.patches import Patch

        own = [self.record[name] for name in self.what]
        zero = any(
            _is_log(name, v) and (v == 0).any() for name, v in zip(self.what, own, strict=True)
        )
        seen = {"zero": (ZERO, zero), "not finite": (MISSING, not np.isfinite(own).all())}
        handles = [
            Patch(facecolor=colour, edgecolor=GREY, lw=0.5, label=name)
            for name, (colour, there) in seen.items()
            if there
        ]
        if handles and given:
            legend(self.ax_, True, handles=handles)
        elif handles:
            self.figure_.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)

    def _legend(self, given: bool) -> None:
        n = self.record.n_layers
        handles = [self.lines_[self.what[0], i + 1] for i in range(n)]
        labels = [f"layer {i + 1}" for i in range(n)]
        labels[0], labels[-1] = f"{labels[0]}, the first", f"{labels[-1]}, the last"
        if given:
            legend(self.ax_, True, handles=handles, labels=labels)
        else:
            self.figure_.legend(
                handles, labels, loc="outside lower center", ncols=min(n, 6), frameon=False
            )


def colours(n: int) -> list[Any]:
    """Return a colour for each of n things in an order, from dark blue to yellow."""
    from matplotlib import colormaps, rcParams
    from matplotlib.colors import to_rgb

    dark = sum(to_rgb(rcParams["axes.facecolor"])) < 1  # where dark blue would not be seen
    first, last = (0.25, 1.0) if dark else (0.0, 0.88)
    return [colormaps["viridis"](x) for x in np.linspace(first, last, max(n, 1))]


def plain_ticks(axis: Any, ends: tuple[float, float]) -> None:
    """Give a logarithmic axis few ticks, with numbers as people write them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    span = ends[1] / ends[0]
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < 300 else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def log_ends(values: np.ndarray, least: float, margin: float = 1.0) -> tuple[float, float]:
    """Return the ends of a logarithmic axis, the higher at least `least` times the lower."""
    there = values[np.isfinite(values) & (values > 0)]
    low, high = float(there.min()) / margin, float(there.max()) * margin
    wider = max(1.0, np.sqrt(least * low / high))
    return low / wider, high * wider


def _is_log(name: str, values: np.ndarray) -> bool:
    """Return whether a quantity is drawn on a logarithmic axis."""
    return name not in PLAIN and bool((values[np.isfinite(values)] > 0).any())
