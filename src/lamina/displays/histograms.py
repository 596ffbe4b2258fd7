"""How weights, and what the units make of samples, are spread in the course of a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lamina.diagnosis.spectra import check_snapshots
from lamina.displays.gradient_flow import colours
from lamina.displays.recorded import layers_of, outer, panels, record_of
from lamina.estimators.inspection.representations import drawn, prepared, through
from lamina.plan import checks
from lamina.training import Record

FEWEST, MOST = 6, 40  # bins, where none are asked for
OVERLAP = 1.4  # of a ridge with those above it: the height of the highest bin, in rows


@dataclass(eq=False, repr=False)
class _Ridges:
    """Histograms by layer and snapshot, drawn one above the other, the earliest at the top.

    Attributes
    ----------
    epochs : list of int
        Of the snapshots; 0 is the start.
    layers : list of int
    edges : dict of int to ndarray of shape (bins + 1,)
        Borders of the bins by layer, the same in all epochs.
    counts : dict of int to ndarray of int, shape (n_snapshots, bins)
        How many numbers are in each bin, by layer; what is not finite is in none.
    names : dict of int to str
        What the panel of each layer is called.
    unit : str
        What the record counts: "epoch", or "iteration" of L-BFGS.
    """

    epochs: list[int]
    layers: list[int]
    edges: dict[int, np.ndarray]
    counts: dict[int, np.ndarray]
    names: dict[int, str]
    unit: str

    @classmethod
    def _of(
        cls,
        record: Record,
        numbers: dict[int, list[np.ndarray]],
        bins: int | None,
        names: dict[int, str],
        unit: str,
    ) -> Self:
        if bins is not None:
            checks.integer("bins", bins, "[2, 1000]")
        found = {layer: _histograms(own, bins) for layer, own in numbers.items()}
        return cls(
            [epoch for epoch, _ in record.snapshots],
            list(numbers),
            {layer: edges for layer, (edges, _) in found.items()},
            {layer: counts for layer, (_, counts) in found.items()},
            names,
            unit,
        )

    def plot(self, ax: Any = None) -> Self:
        """Draw a panel per layer: a ridge for each snapshot, the start at the top.

        The height of a ridge goes with the square root of the share in each bin, so that a bin of
        few is still seen beside one of many.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones. Given axes take one layer.
        """
        n = len(self.layers)
        self.figure_, self.axes_ = panels(n, ax, "layer", 3.4 if n < 7 else 2.6)
        self.ax_ = self.axes_[0]
        self.ridges_: dict[int, list[Any]] = {}
        for layer, (panel, lowest, left) in zip(self.layers, outer(self.axes_), strict=True):
            self.ridges_[layer] = self._ridge(panel, layer)
            panel.set_title(self.names[layer], fontsize=10)
            if lowest:
                panel.set_xlabel(self._label)
            if left:
                panel.set_ylabel(self.unit)
            else:  # the same numbers, which would run into those of the panel beside
                panel.tick_params(labelleft=False)
        return self

    _label = ""

    def _ridge(self, ax: Any, layer: int) -> list[Any]:
        edges, counts = self.edges[layer], self.counts[layer]
        totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        heights = np.sqrt(counts / totals)
        heights *= OVERLAP / max(heights.max(), 1e-12)
        rows, made = len(self.epochs), []
        for i, colour in enumerate(colours(rows)):
            base = rows - 1 - i
            made.append(
                ax.stairs(
                    base + heights[i],
                    edges,
                    baseline=base,
                    fill=True,
                    facecolor=colour,
                    edgecolor="white",
                    lw=0.6,
                    zorder=2 + i,
                )
            )
            if not counts[i].any():  # of a training that diverged
                ax.text(
                    0.5,
                    base + 0.1,
                    "not finite",
                    transform=ax.get_yaxis_transform(),
                    ha="center",
                    va="bottom",
                    fontsize=8,
                )
        shown = _few(rows)
        ax.set_yticks([rows - 1 - i for i in shown], [f"{self.epochs[i]:,}" for i in shown])
        ax.set(ylim=(-0.05, rows - 1 + OVERLAP + 0.1), xlim=(edges[0], edges[-1]))
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.xaxis.get_major_locator().set_params(nbins=5)
        return made


class WeightHistogramsDisplay(_Ridges):
    """How the weights of each layer are spread, from the start to the end of training.

    Made by `from_estimator` or `from_record`, from the record's snapshots; after `plot` it has
    ``ax_`` (the first axes), ``axes_`` (a list, one per layer), ``figure_`` and ``ridges_`` (by
    layer, a list of artists, one per snapshot). What it counts is in ``epochs``, ``layers``,
    ``edges`` and ``counts``.
    """

    _label = "weight"

    @classmethod
    def from_estimator(
        cls, estimator: Any, layers: int | Sequence[int] | None = None, *, bins: int | None = None
    ) -> WeightHistogramsDisplay:
        """Take what a fit with ``diagnose=True`` recorded.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        layers : int or sequence of int, optional
            Counted from 1; by default all.
        bins : int in [2, 1000], optional
            By default 2 ∛n for a layer of n weights, Rice's rule, and at most 40.

        Returns
        -------
        WeightHistogramsDisplay

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
        >>> from lamina.displays import WeightHistogramsDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier((8,), max_iter=20, random_state=0, diagnose=True)
        >>> display = WeightHistogramsDisplay.from_estimator(model.fit(X, y))
        >>> display.epochs[:3], display.counts[1].sum(axis=1)[:3]
        ([0, 2, 4], array([32, 32, 32]))
        """
        record, unit = record_of(estimator)
        return cls.from_record(record, layers, bins=bins, unit=unit)

    @classmethod
    def from_record(
        cls,
        record: Record,
        layers: int | Sequence[int] | None = None,
        *,
        bins: int | None = None,
        unit: str = "epoch",
    ) -> WeightHistogramsDisplay:
        """Take a record, such as ``model.record_``; parameters as for `from_estimator`."""
        snapshots = check_snapshots(record)
        own = layers_of(record, layers)
        numbers = {layer: [p[layer - 1][0] for _, p in snapshots] for layer in own}
        shapes = {layer: snapshots[0][1][layer - 1][0].shape for layer in own}
        names = {layer: f"layer {layer}: {m} × {n} weights" for layer, (m, n) in shapes.items()}
        return cls._of(record, numbers, bins, names, unit)


class ActivationHistogramsDisplay(_Ridges):
    """How the activations of each layer are spread over samples, from start to end of training.

    The samples go through the network as it was at each snapshot of the record. Made by
    `from_estimator`; attributes as those of `WeightHistogramsDisplay`.
    """

    _label = "activation"

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        layers: int | Sequence[int] | None = None,
        *,
        bins: int | None = None,
        max_samples: int = 1000,
        random_state: int = 0,
    ) -> ActivationHistogramsDisplay:
        """Pass samples through the snapshots of a fit with ``diagnose=True``.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        layers : int or sequence of int, optional
            Counted from 1; by default the hidden ones. The last is the prediction, in the units
            of training.
        bins : int in [2, 1000], optional
            As for `WeightHistogramsDisplay`.
        max_samples : int in [4, inf), default=1000
            Of more samples, so many are drawn.
        random_state : int in [0, 4294967295], default=0
            Draws them.

        Returns
        -------
        ActivationHistogramsDisplay

        Raises
        ------
        ArgumentError
            As for `WeightHistogramsDisplay.from_estimator`.
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not as `predict` takes it.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import ActivationHistogramsDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier((8,), max_iter=20, random_state=0, diagnose=True)
        >>> display = ActivationHistogramsDisplay.from_estimator(model.fit(X, y), X)
        >>> display.counts[1].sum(axis=1)[0] == 150 * 8
        np.True_
        """
        record, unit = record_of(estimator)
        snapshots, own = check_snapshots(record), layers_of(record, layers, hidden=True)
        x = prepared(estimator, X)
        x = x[drawn(x.shape[0], max_samples, random_state)]
        passed = [through(estimator, x, parameters) for _, parameters in snapshots]
        numbers = {layer: [h[layer] for h in passed] for layer in own}
        names = {layer: _activation(estimator, record, layer) for layer in own}
        return cls._of(record, numbers, bins, names, unit)


def _activation(estimator: Any, record: Record, layer: int) -> str:
    if layer == record.n_layers:
        return f"prediction: {estimator.network_.output}"
    return f"layer {layer}: {record.activations[layer - 1]}"


def _histograms(arrays: list[np.ndarray], bins: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the borders of bins from the least to the largest of all, and the counts of each."""
    if bins is None:
        bins = int(np.clip(np.ceil(2 * arrays[0].size ** (1 / 3)), FEWEST, MOST))
    finite = [own[np.isfinite(own)].astype(np.float64) for own in arrays]
    both = np.concatenate(finite)
    edges = np.histogram_bin_edges(both if len(both) else [0.0], bins)
    return edges, np.stack([np.histogram(own, edges)[0] for own in finite])


def _few(n: int) -> list[int]:
    """Return at most six of n places, the first and the last among them."""
    return sorted({int(i) for i in np.linspace(0, n - 1, min(n, 6)).round()})
