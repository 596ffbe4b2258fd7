"""What a network answers over two of its features: scikit-learn's picture, for any number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier

from lamina.displays.classes import MARKERS, MOST_CLASSES, class_colours, class_legend, short
from lamina.displays.figure import axes, legend
from lamina.estimators.inspection.representations import fitted
from lamina.plan import checks

MARGIN = 0.08  # of the range of the points, around them
MOST_POINTS = 2000
LEVELS = 20  # of numbers
NAME = 40  # letters of a feature's name beside its axis


@dataclass(eq=False, repr=False)
class BoundaryDisplay:
    """What a network answers over a plane of two features, the others staying where they are.

    scikit-learn's ``DecisionBoundaryDisplay``, which takes two features, with what it needs for
    more. Two classes have the probability of the second, more have each its own colour, the
    stronger the surer. Numbers have one scale of colours for what is predicted and for the points,
    which stand out where the prediction is wrong.

    Made by `from_estimator`; after `plot` it has ``ax_``, ``figure_``, ``boundary_``, which is
    scikit-learn's display, and ``points_`` (a list of artists).

    Attributes
    ----------
    answer : callable
        From points (n, 2) to numbers (n,), or to probabilities (n, n_classes).
    points : ndarray of shape (n_samples, 2)
    y : ndarray of shape (n_samples,), or None
    names : tuple of two str
        What the two features are called.
    classes : ndarray, or None
        Labels in the order of the probabilities.
    held : str
        What is said of the other features.
    """

    answer: Callable[[np.ndarray], np.ndarray]
    points: np.ndarray
    y: np.ndarray | None
    names: tuple[str, str]
    classes: np.ndarray | None
    held: str = ""

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        features: tuple[Any, Any] | None = None,
        at: Mapping[Any, float] | None = None,
    ) -> BoundaryDisplay:
        """Take two features of a fitted estimator.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            Of one output.
        X : array-like or data frame of shape (n_samples, n_features)
            Samples: they say how far the picture goes, and where the other features stay.
        y : array-like of shape (n_samples,), optional
            Their labels or numbers, for their colours. Labels that are none of the estimator's
            classes are grey.
        features : pair of int or str, optional
            The two features, counted from 0 or by name; only needed where there are more than two.
        at : mapping of int or str to float, optional
            Where other features stay; those not named stay at their medians in X.

        Returns
        -------
        BoundaryDisplay

        Raises
        ------
        ArgumentError
            If the estimator has several outputs, one feature, or not those that are named, or no
            entry of y is one of its classes, or a number.
        NotFittedError
            If it is not fitted.
        ValueError
            If X is not as `predict` takes it.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import BoundaryDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier(8, max_iter=50, random_state=0).fit(X, y)
        >>> display = BoundaryDisplay.from_estimator(model, X, y, features=(2, 3), at={0: 6.0})
        >>> display.held
        'feature 0 at 6, feature 1 at 3'
        """
        rows, known = _rows(fitted(estimator), X)
        pair = _chosen(features, known)
        base = np.nanmedian(rows, axis=0)
        for name, value in (_mapping(at)).items():
            place = _place("every key of at", name, known)
            if place in pair:
                raise checks.fail("at", "of features that are not in the picture", name)
            checks.real(f"at[{name!r}]", value, "(-inf, inf)")
            base[place] = value
        classes = estimator.classes_ if is_classifier(estimator) else None

        held = [f"{short(known[i])} at {base[i]:.3g}" for i in range(len(base)) if i not in pair]
        said = (
            ", ".join(held)
            if len(held) <= 3
            else f"{len(held)} other features at "
            + ("their medians" if not at else "chosen values and medians")
        )
        names = (known[pair[0]], known[pair[1]])
        labels = _labels(y, len(rows), classes)
        return cls(_Answer(estimator, base, pair), rows[:, pair], labels, names, classes, said)

    def plot(self, ax: Any = None, *, grid_resolution: int = 100) -> BoundaryDisplay:
        """Draw the answers, and the points upon them.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones.
        grid_resolution : int in [2, 2000], default=100
            Points of the grid in each direction.

        Returns
        -------
        BoundaryDisplay
            Itself.
        """
        from sklearn.inspection import DecisionBoundaryDisplay

        checks.integer("grid_resolution", grid_resolution, "[2, 2000]")
        grid = np.meshgrid(*(self._range(i, grid_resolution) for i in (0, 1)))
        said = self.answer(np.column_stack([own.ravel() for own in grid]))
        n_classes = 0 if self.classes is None else len(self.classes)
        several = n_classes > 2
        if self.classes is not None and not several:
            said = said[:, -1]
        wrong = int((~np.isfinite(said)).sum())
        shape = (*grid[0].shape, -1) if several else grid[0].shape
        self._given = ax is not None
        self.figure_, self.ax_ = axes(ax, figsize=(6.4, 4.8))
        self.boundary_ = DecisionBoundaryDisplay(
            xx0=grid[0],
            xx1=grid[1],
            n_classes=n_classes if several else 2,
            response=said.reshape(shape),
            multiclass_colors=class_colours(n_classes) if several else None,
            xlabel=short(self.names[0], NAME),
            ylabel=short(self.names[1], NAME),
        )
        self.boundary_.plot(ax=self.ax_, **self._look(said, several))
        for label in (self.ax_.xaxis.label, self.ax_.yaxis.label):
            label.set_parse_math(False)
        self._dress(several)
        lines = [self.held] if self.held else []
        if wrong:
            lines.append(f"{wrong / said.size:.0%} of the predictions are not finite")
        self.ax_.set_title("\n".join(lines), fontsize=9, parse_math=False)
        return self

    def _range(self, i: int, n: int) -> np.ndarray:
        own = self.points[:, i][np.isfinite(self.points[:, i])]
        low, high = float(own.min()), float(own.max())
        room = MARGIN * (high - low) or 1.0
        return np.linspace(low - room, high + room, n)

    def _look(self, said: np.ndarray, several: bool) -> dict[str, Any]:
        if several:
            return {
                "plot_method": "pcolormesh",
                "alpha": 0.5,
                "vmin": 0,
                "vmax": 1,
                "rasterized": True,
            }
        if self.classes is None:
            return {"cmap": "viridis", "levels": self._levels(said)}
        from matplotlib.colors import LinearSegmentedColormap

        first, second = class_colours(2)
        ends = LinearSegmentedColormap.from_list("two classes", [first, "white", second])
        return {"cmap": ends, "alpha": 0.5, "levels": np.linspace(0, 1, 11)}

    def _levels(self, said: np.ndarray) -> np.ndarray:
        """Return the steps of one scale for the predictions and for the points."""
        from matplotlib.ticker import MaxNLocator

        own = said if self.y is None else np.append(said, self.y.astype(float))
        own = own[np.isfinite(own)]
        low, high = (float(own.min()), float(own.max())) if len(own) else (0.0, 1.0)
        if not high > low:
            low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
        return np.asarray(MaxNLocator(LEVELS).tick_values(low, high))

    def _dress(self, several: bool) -> None:
        """Draw the points, the boundary of two classes, and what the colours mean."""
        self.points_: list[Any] = []
        if self.classes is not None and not several:
            own = self.boundary_
            self.ax_.contour(own.xx0, own.xx1, own.response, [0.5], colors="black", linewidths=1)
        if not several:
            what = (
                "prediction"
                if self.classes is None
                else f"probability of {short(self.classes[-1])}"
            )
            bar = self.figure_.colorbar(self.boundary_.surface_, ax=self.ax_)
            bar.set_label(what, parse_math=False)
            bar.outline.set_visible(False)
        rows = np.arange(len(self.points))
        if len(rows) > MOST_POINTS:
            rows = np.random.RandomState(0).choice(rows, MOST_POINTS, replace=False)
        look = {"s": 18 if len(rows) <= 300 else 9, "edgecolors": "black", "linewidths": 0.4}
        points, y = self.points[rows], None if self.y is None else self.y[rows]
        if y is None:
            self.points_ = [self.ax_.scatter(*points.T, color="white", **look)]
        elif self.classes is None:
            shades = self.boundary_.surface_
            same = {"cmap": shades.get_cmap(), "norm": shades.norm}
            look |= {"s": 26, "edgecolors": "white", "linewidths": 0.5}
            self.points_ = [self.ax_.scatter(*points.T, c=y.astype(float), **same, **look)]
            legend(self.ax_, self._given, handles=self.points_, labels=["true value"])
        else:
            self._classes(points, y, look)

    def _classes(self, points: np.ndarray, y: np.ndarray, look: dict[str, Any]) -> None:
        assert self.classes is not None
        colours, names = class_colours(len(self.classes)), []
        other = ~np.isin(y, self.classes)
        for i, label in enumerate(self.classes[:MOST_CLASSES]):
            own = points[y == label]
            if len(own):
                kind = {"color": colours[i], "marker": MARKERS[i // 10]}
                self.points_.append(self.ax_.scatter(*own.T, **kind, **look))
                names.append(label)
        if other.any():
            self.points_.append(self.ax_.scatter(*points[other].T, color="#bbbbbb", **look))
            names.append("not a class of the network")
        if self.points_:
            class_legend(self.figure_, self.ax_, not self._given, self.points_, names)


def _rows(estimator: Any, X: Any) -> tuple[np.ndarray, list[str]]:
    """Return X as numbers and the names of its features, once `predict` has found no fault."""
    if scipy.sparse.issparse(X):
        raise checks.fail("X", "dense (X.toarray() makes it so)", X)
    if estimator.network_.n_outputs > 1 and (
        not is_classifier(estimator) or estimator.network_.output == "logistic"
    ):
        raise checks.fail("estimator", "of one output", estimator.network_.n_outputs)
    if is_classifier(estimator) and len(estimator.classes_) < 2:
        raise checks.fail("estimator", "of two classes or more", estimator.classes_.tolist())
    estimator.predict(X)
    rows = np.asarray(X, np.float64)
    given = getattr(estimator, "feature_names_in_", None)
    names = [f"feature {i}" for i in range(rows.shape[1])] if given is None else list(given)
    if len(names) < 2:
        raise checks.fail("X", "of two features or more", rows.shape)
    return rows, names


def _chosen(features: Any, known: list[str]) -> tuple[int, int]:
    if features is None:
        if len(known) != 2:
            raise checks.fail("features", f"two of the {len(known)} features", features)
        return 0, 1
    pair = checks.entries("features", features, "a pair of features")
    if len(pair) != 2:
        raise checks.fail("features", "a pair of features", features)
    first, second = (_place("every entry of features", own, known) for own in pair)
    if first == second:
        raise checks.fail("features", "two different features", features)
    return first, second


def _place(what: str, feature: Any, known: list[str]) -> int:
    if isinstance(feature, str):
        checks.choice(what, feature, known)
        return known.index(feature)
    checks.integer(what, feature, f"[0, {len(known) - 1}]")
    return int(feature)


def _mapping(at: Any) -> Mapping[Any, float]:
    if at is not None and not isinstance(at, Mapping):
        raise checks.fail("at", "a mapping of features to numbers, such as {3: 0.5}", at)
    return at or {}


def _labels(y: Any, n: int, classes: np.ndarray | None) -> np.ndarray | None:
    """Return y as labels of which some are the classes, or as numbers where there are none."""
    if y is None:
        return None
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise checks.fail("y", f"of shape ({n},), one entry per row of X", labels.shape)
    if classes is None:
        try:
            return labels.astype(np.float64)
        except (TypeError, ValueError):
            raise checks.fail("y", "numbers, as the estimator predicts", y) from None
    known = set(classes.tolist())
    if not any(label in known for label in labels.tolist()):
        said = ", ".join(repr(own) for own in classes.tolist()[:5])
        raise checks.fail("y", f"labels of the estimator's classes, such as {said}", labels[0])
    return labels


@dataclass(frozen=True, eq=False)
class _Answer:
    """The estimator as a function of two features, the others as in `base`."""

    estimator: Any
    base: np.ndarray
    pair: tuple[int, int]

    def __call__(self, points: np.ndarray) -> np.ndarray:
        rows = np.tile(self.base, (len(points), 1))
        rows[:, self.pair] = points
        own = self.estimator.predictor()(rows.astype(self.estimator.coefs_[0].dtype))
        if not is_classifier(self.estimator):
            return own[:, 0]
        return own if own.shape[1] > 1 else np.hstack([1 - own, own])
