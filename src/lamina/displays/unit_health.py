"""Which units of a network are alive, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.diagnosis import STATES, unit_states
from lamina.displays.figure import COLOURS
from lamina.displays.recorded import (
    count_epochs,
    edges,
    layers_of,
    measured,
    name_of,
    outer,
    panels,
    record_of,
)
from lamina.plan import checks
from lamina.training import Record

MOST_ROWS = 64  # units that a map can show one by one; of more there are counts
LOOKS = {
    "live": "#DDEBF3",
    "nearly dead": COLOURS[4],
    "dead": "#333333",  # not black, which is no colour on a dark ground
    "saturated": COLOURS[0],
    "constant": COLOURS[3],
    "unknown": "#999999",
}


@dataclass(eq=False, repr=False)
class UnitHealthDisplay:
    """The state of each unit in each measured epoch: live, (nearly) dead, saturated, constant.

    What these mean: `lamina.diagnosis.unit_states`. A panel per layer, with a row per unit, the
    healthy ones below; of layers of more than 64 units the counts of each state, stacked.

    Made by `from_estimator` or `from_record`; after `plot` it has ``ax_`` (the first axes),
    ``axes_`` (a list, one per layer), ``figure_``, ``maps_`` or ``areas_`` (by layer) and
    ``legend_``.

    Attributes
    ----------
    record : Record
    layers : list of int
    states : dict of int to ndarray of int8, shape (n_measured, d_l)
        By layer, as places in `lamina.diagnosis.STATES`.
    kind : {"auto", "map", "counts"}
    unit : str
        What the record counts: "epoch", or "iteration" of L-BFGS.
    """

    record: Record
    layers: list[int]
    states: dict[int, np.ndarray]
    kind: str = "auto"
    unit: str = "epoch"

    @classmethod
    def from_estimator(
        cls, estimator: Any, layers: int | Sequence[int] | None = None, *, kind: str = "auto"
    ) -> UnitHealthDisplay:
        """Take what a fit with ``diagnose=True`` recorded.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        layers : int or sequence of int, optional
            Counted from 1; by default the hidden ones.
        kind : {"auto", "map", "counts"}, default="auto"
            A row per unit, or the number of units in each state.

        Returns
        -------
        UnitHealthDisplay

        Raises
        ------
        ArgumentError
            If `estimator` was fitted without ``diagnose``, a layer is not one of the network, or
            the record has no numbers of units.
        NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import UnitHealthDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier((8,), "tanh", max_iter=20, random_state=0, diagnose=True)
        >>> UnitHealthDisplay.from_estimator(model.fit(X, y)).counts(1)
        {'live': 7, 'saturated': 1}
        """
        record, unit = record_of(estimator)
        return cls.from_record(record, layers, kind=kind, unit=unit)

    @classmethod
    def from_record(
        cls,
        record: Record,
        layers: int | Sequence[int] | None = None,
        *,
        kind: str = "auto",
        unit: str = "epoch",
    ) -> UnitHealthDisplay:
        """Take a record, such as ``model.record_``; parameters as for `from_estimator`."""
        measured(record)
        checks.choice("kind", kind, ["auto", "map", "counts"])
        own = layers_of(record, layers, hidden=True)
        return cls(record, own, {layer: unit_states(record, layer) for layer in own}, kind, unit)

    def counts(self, layer: int, place: int = -1) -> dict[str, int]:
        """Return how many units of a layer are in each state, in the last measured epoch.

        `place` is another one, counted from 0. States that no unit is in are left out.
        """
        checks.integer("layer", layer, f"[1, {self.record.n_layers}]")
        if layer not in self.states:
            said = ", ".join(map(str, self.layers))
            raise checks.fail("layer", f"one of those that were chosen, {said}", layer)
        n = self.record.n_measured
        checks.integer("place", place, f"[{-n}, {n - 1}]")
        counts = np.bincount(self.states[layer][place], minlength=len(STATES))
        return {name: int(n) for name, n in zip(STATES, counts, strict=True) if n}

    def plot(self, ax: Any = None) -> UnitHealthDisplay:
        """Draw a panel per layer.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones. Given axes take one layer.

        Returns
        -------
        UnitHealthDisplay
            Itself.
        """
        n = len(self.layers)
        columns = 1 if n < 4 else None
        height = 2.0 if n < 10 else 1.7
        self.figure_, self.axes_ = panels(n, ax, "layer", height, columns=columns, sharex=True)
        if ax is None and columns == 1:
            self.figure_.set_size_inches(7, n * (3.2 if n == 1 else 2.1) + 0.9)
        self.ax_ = self.axes_[0]
        self.maps_: dict[int, Any] = {}
        self.areas_: dict[int, Any] = {}
        for layer, (panel, lowest, left) in zip(self.layers, outer(self.axes_), strict=True):
            counts = self.kind == "counts" or self.states[layer].shape[1] > MOST_ROWS
            (self._counts if counts and self.kind != "map" else self._map)(panel, layer)
            self._dress(panel, layer, lowest, left)
        self._legend(ax is not None)
        return self

    def _map(self, ax: Any, layer: int) -> None:
        from matplotlib.colors import ListedColormap

        states = self.states[layer]
        self.maps_[layer] = ax.pcolormesh(
            edges(self.record.epochs),
            np.arange(states.shape[1] + 1),
            states[:, order(states)].T,
            cmap=ListedColormap([LOOKS[name] for name in STATES]),
            vmin=-0.5,
            vmax=len(STATES) - 0.5,
            rasterized=True,
        )

    def _counts(self, ax: Any, layer: int) -> None:
        states, at = self.states[layer], edges(self.record.epochs)
        counts = np.stack([(states == i).sum(axis=1) for i in range(len(STATES))])
        steps = np.concatenate([counts, counts[:, -1:]], axis=1)
        looks = [LOOKS[name] for name in STATES]
        self.areas_[layer] = ax.stackplot(at, steps, colors=looks, step="post", lw=0)
        ax.set(xlim=(at[0], at[-1]), ylim=(0, states.shape[1]))

    def _dress(self, ax: Any, layer: int, lowest: bool, left: bool) -> None:
        from matplotlib.ticker import MaxNLocator

        bad = {name: n for name, n in self.counts(layer).items() if name != "live"}
        said = ", ".join(f"{n:,} {name}" for name, n in bad.items()) or "all live"
        few = len(self.layers) < 4
        name = name_of(self.record, layer)
        ax.set_title(
            f"{name} units; at the end {said}" if few else f"{name}\n{said}",
            fontsize=10 if few else 9,
        )
        ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
        ax.spines[["top", "right"]].set_visible(False)
        if left:
            ax.set_ylabel("units, by state")
        count_epochs(ax, self.unit, lowest)

    def _legend(self, given: bool) -> None:
        from matplotlib.patches import Patch

        seen = {int(i) for own in self.states.values() for i in np.unique(own)} | {0}
        handles = [
            Patch(facecolor=LOOKS[name], edgecolor="#888888", lw=0.5, label=name)
            for i, name in enumerate(STATES)
            if i in seen
        ]
        if given:
            self.legend_ = self.ax_.legend(handles=handles, fontsize=8, loc="best")
        else:
            place = {"loc": "outside lower center", "ncols": len(handles), "frameon": False}
            self.legend_ = self.figure_.legend(handles=handles, **place)


def order(states: np.ndarray) -> np.ndarray:
    """Return the units of (n_measured, d) by state at the end, then by how long they were well."""
    return np.lexsort([-(states == 0).mean(axis=0), states[-1]])
