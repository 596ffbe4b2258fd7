"""What each layer makes of samples, as pictures in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing

from lamina.diagnosis.separability import Separability
from lamina.displays.classes import MARKERS, MOST_CLASSES, class_colours, class_legend
from lamina.displays.recorded import panels
from lamina.estimators import layers
from lamina.estimators.inspection.representations import drawn, prepared, scored, through
from lamina.plan import checks
from lamina.training.recording.record import CONSTANT


@dataclass(eq=False, repr=False)
class RepresentationsDisplay:
    """Samples as each layer sees them: their first two principal components, coloured by class.

    Every layer changes the coordinates (note 003 §1); how far the classes are apart after each
    stands in the titles, by `lamina.separability`. What has two coordinates is drawn as it is;
    what has one is drawn beside the class, or the target. Each panel has a scale of its own, so
    that a layer whose output hardly varies looks as wide as any other: the title has its spread,
    and says "nearly one point" where that is a thousandth of its size or less.

    Made by `from_estimator`; after `plot` it has ``ax_`` (the first axes), ``axes_`` (a list, one
    for each representation), ``figure_`` and ``points_`` (a list of lists of artists, one for each
    class, or one).

    Attributes
    ----------
    representations : list of ndarray of shape (n_drawn, d_l)
        h_0 to the prediction: `lamina.representations` of the samples that are drawn.
    y : ndarray of shape (n_drawn,)
        Their labels, or numbers.
    separability : Separability
    classes : bool
        Whether y are labels.
    """

    representations: list[Any]
    y: np.ndarray
    separability: Separability
    classes: bool

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, max_samples: int = 1000, random_state: int = 0
    ) -> RepresentationsDisplay:
        """Pass samples through a fitted network.

        Parameters
        ----------
        estimator, X, max_samples, random_state
            As for `lamina.separability`.
        y : array-like of shape (n_samples,)
            For a classifier any labels, of at most 70 classes; for a regressor numbers. Of several
            labels or outputs one column.

        Returns
        -------
        RepresentationsDisplay

        Raises
        ------
        ArgumentError, NotFittedError, ValueError
            As for `lamina.separability`.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import RepresentationsDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier((8, 4), max_iter=50, random_state=0).fit(X, y)
        >>> display = RepresentationsDisplay.from_estimator(model, X, y)
        >>> display.separability.names
        ['input', 'layer 1', 'layer 2', 'prediction']
        """
        x = prepared(estimator, X)
        labels, n = np.asarray(y), x.shape[0]
        if labels.shape != (n,):
            raise checks.fail(
                "y",
                f"of shape ({n},), one entry per row of X (of several outputs one column)",
                labels.shape,
            )
        own, classes = drawn(n, max_samples, random_state), is_classifier(estimator)
        labels = labels[own]
        made = through(estimator, x[own], layers.of(estimator))
        scores = scored(estimator, made, _safe_indexing(X, own), labels, random_state)
        if classes and len(np.unique(labels)) > MOST_CLASSES:
            raise checks.fail("y", f"of at most {MOST_CLASSES} classes", len(np.unique(labels)))
        return cls(made, labels, scores, classes)

    def plot(self, ax: Any = None) -> RepresentationsDisplay:
        """Draw a panel for each representation.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, optional
            One for each representation; by default new ones.

        Returns
        -------
        RepresentationsDisplay
            Itself.
        """
        n = len(self.representations)
        if ax is None:
            self.figure_, self.axes_ = panels(n, None, "layer", 2.9 if n < 10 else 2.4)
        else:
            self.axes_ = list(checks.entries("ax", ax, f"{n} matplotlib Axes, one per panel"))
            if len(self.axes_) != n:
                raise checks.fail("ax", f"{n} matplotlib Axes, one per panel", len(self.axes_))
            self.axes_ = [panels(1, own, "layer", 1)[1][0] for own in self.axes_]
            self.figure_ = self.axes_[0].figure
        self.ax_, self.points_ = self.axes_[0], []
        for i, (panel, h) in enumerate(zip(self.axes_, self.representations, strict=True)):
            self.points_.append(self._panel(panel, h))
            panel.set_title(self._title(i), fontsize=10)
        self._legend(ax is None)
        return self

    def _title(self, i: int) -> str:
        table = self.separability
        units = f"{table.sizes[i]:,} unit{'s' * (table.sizes[i] != 1)}"
        if self.classes:
            score = f"linear {table['linear'][i]:.1%}, between {table['between'][i]:.2f}"
        else:
            score = f"linear R² {table['r2'][i]:.3f}"
        if i == len(table.names) - 1 and np.isfinite(table.own):
            own = f"{table.own:.1%}" if self.classes else f"R² {table.own:.3f}"
            units = f"network {own}"
        wide = f"spread {table['spread'][i]:.2g}"
        wide += ", nearly one point" if _is_point(self.representations[i]) else ""
        return f"{table.names[i]}, {units}\n{score}\n{wide}"

    def _panel(self, ax: Any, h: Any) -> list[Any]:
        places, names = self._flat(h)
        ax.set_xlabel(names[0], fontsize=8, labelpad=2)
        ax.set_ylabel(names[1], fontsize=8, labelpad=2)
        ax.set(xticks=[], yticks=[])
        size = 14 if len(places) <= 300 else 8
        look = {"s": size, "alpha": 0.75, "lw": 0, "rasterized": len(places) > 300}
        if not self.classes:
            return [ax.scatter(*places.T, c=self.y.astype(float), cmap="viridis", **look)]
        made, labels = [], np.unique(self.y)
        colours = class_colours(len(labels))
        for i, label in enumerate(labels):
            own = {"color": colours[i], "marker": MARKERS[i // 10]}
            made.append(ax.scatter(*places[self.y == label].T, **own, **look))
        return made

    def _flat(self, h: Any) -> tuple[np.ndarray, tuple[str, str]]:
        """Return h in two coordinates, and what these are."""
        if h.shape[1] == 1:
            beside = self.y.astype(float) if not self.classes else self._rows()
            return np.column_stack([h[:, 0], beside]), ("h", "class" if self.classes else "y")
        if h.shape[1] == 2:
            dense = h.toarray() if scipy.sparse.issparse(h) else h
            return dense, ("h₁", "h₂")
        return _principal(h)

    def _rows(self) -> np.ndarray:
        """Return a place for each sample in the row of its class, so that few hide another."""
        codes = np.unique(self.y, return_inverse=True)[1]
        return codes + np.random.RandomState(0).uniform(-0.35, 0.35, len(codes))

    def _legend(self, own: bool) -> None:
        if not self.classes:
            self.legend_ = self.figure_.colorbar(
                self.points_[0][0], ax=self.axes_, label="y", aspect=30
            )
            self.legend_.solids.set_alpha(1)
            self.legend_.outline.set_visible(False)
            return
        labels = np.unique(self.y).tolist()
        self.legend_ = class_legend(self.figure_, self.ax_, own, self.points_[0], labels)
        for handle in self.legend_.legend_handles:
            handle.set(sizes=[28], alpha=1)


def _is_point(h: Any) -> bool:
    """Return whether samples hardly differ, as a constant unit's outputs do not."""
    if scipy.sparse.issparse(h) or not np.isfinite(h).all():
        return False
    deviation, size = h.std(axis=0), abs(h.mean(axis=0))
    return bool((deviation <= CONSTANT * np.maximum(size, np.finfo(h.dtype).tiny)).all())


def _principal(h: Any) -> tuple[np.ndarray, tuple[str, str]]:
    """Return the first two principal components, and their shares of the variance."""
    from sklearn.decomposition import PCA

    sparse = scipy.sparse.issparse(h)
    rows = h.astype(np.float64)
    if not sparse and not np.ptp(rows, axis=0).any():  # of dead units: there is no direction
        return np.zeros((len(rows), 2)), ("PC 1: 0%", "PC 2: 0%")
    model = PCA(2, svd_solver="arpack" if sparse else "full", random_state=0)
    places = model.fit_transform(rows)
    shares = model.explained_variance_ratio_
    return places, (f"PC 1: {shares[0]:.0%}", f"PC 2: {shares[1]:.0%}")
