"""The singular values of the weights in the course of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.diagnosis import spectra
from lamina.diagnosis.spectra import check_snapshots
from lamina.displays.gradient_flow import colours, log_ends, plain_ticks
from lamina.displays.recorded import GREY, ink, layers_of, outer, panels, record_of
from lamina.training import Record


@dataclass(eq=False, repr=False)
class WeightSpectraDisplay:
    """The singular values of each layer's weights, largest first, from start to end of training.

    Made by `from_estimator` or `from_record`, from the record's snapshots; after `plot` it has
    ``ax_`` (the first axes), ``axes_`` (a list, one per layer), ``figure_``, ``lines_`` (by layer,
    one line per snapshot) and ``bar_`` (the colour bar of the epochs, or None).

    Attributes
    ----------
    epochs : list of int
        Of the snapshots; 0 is the start.
    layers : list of int
    values : dict of int to ndarray of shape (n_snapshots, min(d_{l-1}, d_l))
        By layer: `lamina.diagnosis.spectra`.
    unit : str
        What the record counts: "epoch", or "iteration" of L-BFGS.
    """

    epochs: list[int]
    layers: list[int]
    values: dict[int, np.ndarray]
    unit: str = "epoch"

    @classmethod
    def from_estimator(
        cls, estimator: Any, layers: int | Sequence[int] | None = None
    ) -> WeightSpectraDisplay:
        """Take what a fit with ``diagnose=True`` recorded.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        layers : int or sequence of int, optional
            Counted from 1; by default all.

        Returns
        -------
        WeightSpectraDisplay

        Raises
        ------
        ArgumentError
            If `estimator` was fitted without ``diagnose``, the record has no snapshots, or a layer
            is not one of the network.
        NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import WeightSpectraDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier((8,), max_iter=20, random_state=0, diagnose=True)
        >>> display = WeightSpectraDisplay.from_estimator(model.fit(X, y))
        >>> display.values[1].shape
        (11, 4)
        """
        record, unit = record_of(estimator)
        return cls.from_record(record, layers, unit=unit)

    @classmethod
    def from_record(
        cls, record: Record, layers: int | Sequence[int] | None = None, *, unit: str = "epoch"
    ) -> WeightSpectraDisplay:
        """Take a record, such as ``model.record_``; parameters as for `from_estimator`."""
        snapshots = check_snapshots(record)
        own, values = layers_of(record, layers), spectra(record)
        epochs = [epoch for epoch, _ in snapshots]
        return cls(epochs, own, {layer: values[layer - 1] for layer in own}, unit)

    def plot(self, ax: Any = None) -> WeightSpectraDisplay:
        """Draw a panel per layer with a line per snapshot: dashed at the start, later ones lighter.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones. Given axes take one layer.

        Returns
        -------
        WeightSpectraDisplay
            Itself.
        """
        n = len(self.layers)
        self.figure_, self.axes_ = panels(n, ax, "layer", 2.8 if n < 4 else 2.2)
        self.ax_ = self.axes_[0]
        self.bar_: Any = None
        self.lines_: dict[int, list[Any]] = {}
        looks = colours(len(self.epochs))
        for layer, (panel, lowest, left) in zip(self.layers, outer(self.axes_), strict=True):
            self.lines_[layer] = [
                self._line(panel, values, looks[i], start=i == 0)
                for i, values in enumerate(self.values[layer])
            ]
            self._dress(panel, layer, lowest, left)
        if len(self.epochs) > 1:
            self._bar()
        return self

    def _line(self, ax: Any, values: np.ndarray, colour: Any, start: bool) -> Any:
        look = {"color": ink(), "ls": (0, (4, 2))} if start else {"color": colour}
        there = np.where(values > 0, values, np.nan)
        few = {"marker": "o", "ms": 3} if len(values) < 20 else {}
        own = {"zorder": 3 if start else 2, "lw": 1.4 if start else 1.1}
        return ax.plot(np.arange(1, len(values) + 1), there, **look, **few, **own)[0]

    def _dress(self, ax: Any, layer: int, lowest: bool, left: bool) -> None:
        from matplotlib.ticker import MaxNLocator

        if (self.values[layer] > 0).any():
            ax.set_yscale("log")
            ax.set_ylim(*log_ends(self.values[layer], 3.0, margin=1.2))
            plain_ticks(ax.yaxis, ax.get_ylim())
        ax.set_title(f"layer {layer}", fontsize=10)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
        ax.grid(axis="y", color=GREY, alpha=0.25, lw=0.8)
        ax.spines[["top", "right"]].set_visible(False)
        if left:
            ax.set_ylabel("singular value")
        if lowest:
            ax.set_xlabel("rank")

    def _bar(self) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import BoundaryNorm, ListedColormap

        n = len(self.epochs)
        scale = ListedColormap([ink(), *colours(n)[1:]])
        shades = ScalarMappable(BoundaryNorm(np.arange(n + 1) - 0.5, n), scale)
        self.bar_ = self.figure_.colorbar(shades, ax=self.axes_, label=self.unit, aspect=30)
        shown = sorted({int(i) for i in np.linspace(0, n - 1, min(n, 6)).round()})
        self.bar_.set_ticks(shown, labels=[f"{self.epochs[i]:,}" for i in shown])
        self.bar_.ax.minorticks_off()
        self.bar_.outline.set_visible(False)
