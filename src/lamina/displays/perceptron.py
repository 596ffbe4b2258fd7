"""Pictures of perceptron learning: its lines in the plane, and its corrections beside the bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lamina.displays.figure import COLOURS, axes, legend
from lamina.neurons import Perceptron, Trace
from lamina.plan import checks

NEGATIVE, POSITIVE, LINE = COLOURS[0], COLOURS[1], "black"
CLASSES: tuple[dict[str, Any], ...] = (
    {"color": NEGATIVE, "marker": "o", "zorder": 3},
    {"color": POSITIVE, "marker": "s", "zorder": 3},
)
BOUND: dict[str, Any] = {"linestyle": (0, (5, 3)), "linewidth": 1.2}
RUN: dict[str, Any] = {"linewidth": 2}
ABSENT = {
    False: "not separable, so there is no w* and no bound",
    None: "whether there is a w* is not decided",
}
MOST_LINES = 60  # drawn of a history


@dataclass(eq=False, repr=False)
class PerceptronDisplay:
    """Points of two classes, the perceptron's line, and the lines before each correction.

    Points are ringed where they made a correction; the wider the ring, the more of them. After
    `plot` it has ``ax_``, ``figure_``, ``points_`` (one artist per class), ``rings_``,
    ``history_`` (lines, earliest first), ``line_`` and ``separator_`` (or None).

    Attributes
    ----------
    X : ndarray of shape (n_samples, 2)
    positive : ndarray of bool of shape (n_samples,)
    n_wrong : int
        Points on the wrong side of the final line.
    weights : ndarray of shape (3,)
        Of the final line ``w_0 + w_1 x_1 + w_2 x_2 = 0``.
    classes, names : sequence of 2
        Labels of the classes, and names of the inputs.
    trace : Trace or None
    """

    X: np.ndarray
    positive: np.ndarray
    n_wrong: int
    weights: np.ndarray
    classes: Any
    names: Any
    trace: Trace | None

    @classmethod
    def from_estimator(cls, estimator: Perceptron, X: Any, y: Any) -> PerceptronDisplay:
        """Return the picture of a fitted perceptron of two inputs, on its training data.

        Parameters
        ----------
        estimator : Perceptron
            Fitted; with ``trace=True`` there is a history to draw.
        X : array-like of shape (n_samples, 2)
        y : array-like of shape (n_samples,)

        Returns
        -------
        PerceptronDisplay

        Raises
        ------
        ArgumentError
            If the estimator is no Perceptron of two inputs or y does not go with X.
        ValueError
            If X is not as `Perceptron.predict` wants it.

        Examples
        --------
        >>> from lamina.displays import PerceptronDisplay
        >>> from lamina.neurons import Perceptron
        >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
        >>> display = PerceptronDisplay.from_estimator(Perceptron(trace=True).fit(X, y), X, y)
        >>> len(display.trace), display.weights
        (18, array([-4.,  3.,  2.]))
        """
        checks.kind("estimator", estimator, Perceptron, "a Perceptron")
        check_is_fitted(estimator)
        if estimator.n_features_in_ != 2:
            raise checks.fail("estimator", "of two inputs", estimator.n_features_in_)
        predicted = estimator.predict(X)
        names = getattr(estimator, "feature_names_in_", ["$x_1$", "$x_2$"])
        X, labels = np.array(X, dtype=np.float64), np.asarray(y)
        if labels.shape != (len(X),):
            raise checks.fail("y", f"of shape ({len(X)},), one label per row of X", labels.shape)
        weights = np.append(estimator.intercept_, estimator.coef_)
        trace = getattr(estimator, "trace_", None)
        if trace is not None and len(trace) and trace.sample.max() >= len(X):
            raise checks.fail("X", "the data of the last fit", X.shape)
        positive, n_wrong = labels == estimator.classes_[1], int(np.sum(predicted != labels))
        return cls(X, positive, n_wrong, weights, estimator.classes_, names, trace)

    def plot(self, ax: Any = None) -> PerceptronDisplay:
        """Draw into `ax`, or into new axes.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = axes(ax, figsize=(7.5, 5.2))
        self._frame()
        self._draw_history()
        self.points_ = [
            self.ax_.scatter(*self.X[rows].T, label=f"class {name}", **style)
            for rows, name, style in zip(
                (~self.positive, self.positive), self.classes, CLASSES, strict=True
            )
        ]
        self.line_ = self._line(self.weights, color=LINE, linewidth=2, zorder=4, label="final line")
        self.separator_ = None
        if self.trace is not None and self.trace.bound.separator is not None:
            separator = _with_bias(self.trace.bound.separator, self.trace.bias)
            style = {"color": LINE, "linestyle": (0, (5, 4)), "linewidth": 1.2, "zorder": 4}
            self.separator_ = self._line(separator, **style, label="w*")
        self.ax_.set(xlabel=self.names[0], ylabel=self.names[1], title=self._title())
        legend(self.ax_, ax is not None, ncols=5)
        return self

    def _frame(self) -> None:
        low, high = self.X.min(axis=0), self.X.max(axis=0)
        pad = 0.12 * np.where(high > low, high - low, 1.0)
        self.ax_.set_xlim(low[0] - pad[0], high[0] + pad[0])
        self.ax_.set_ylim(low[1] - pad[1], high[1] + pad[1])

    def _draw_history(self) -> None:
        """Draw earlier lines, the later the darker, and rings around points that corrected."""
        self.history_: list[Any] = []
        self.rings_ = None
        if self.trace is None or not len(self.trace):
            return
        import matplotlib as mpl

        k = len(self.trace)
        shade = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, k), "viridis_r")
        for i in np.unique(np.linspace(1, k, min(k, MOST_LINES)).astype(int))[:-1]:
            weights = _with_bias(self.trace.weights[i], self.trace.bias)
            line = self._line(weights, color=shade.to_rgba(i), linewidth=1, alpha=0.7, zorder=1)
            self.history_ += [] if line is None else [line]
        self.figure_.colorbar(shade, ax=self.ax_, label="corrections made")
        rows, counts = np.unique(self.trace.sample, return_counts=True)
        sizes = 90 + 400 * counts / counts.max()
        self.rings_ = self.ax_.scatter(
            *self.X[rows].T, s=sizes, facecolors="none", edgecolors="0.3", zorder=2,
            label="made corrections",
        )  # fmt: skip

    def _line(self, weights: np.ndarray, **style: Any) -> Any:
        """Draw where ``w·x = 0``; None if that is nowhere or everywhere."""
        normal = weights[1:] / (np.linalg.norm(weights[1:]) or 1.0)
        if not normal.any():
            return None
        point = -weights[0] / np.linalg.norm(weights[1:]) * normal
        return self.ax_.axline(point, point + np.array([-normal[1], normal[0]]), **style)

    def _title(self) -> str:
        wrong = f"{self.n_wrong} of {len(self.X)} points wrong"
        end = wrong if self.n_wrong else "all points right"
        made = "" if self.trace is None else f" after {len(self.trace)} corrections"
        return f"Perceptron{made}: {end}"


@dataclass(eq=False, repr=False)
class CorrectionsDisplay:
    """The convergence theorem along a run: the inequality, and the angle to the separator.

    Above, after each number k of corrections, ``k γ <= w·w* <= ||w|| <= sqrt(k) R``: the outer two
    meet at the bound R²/γ². Below, the angle between w and w*, which the same inequality holds
    below ``arccos(k γ / (sqrt(k) R))``. If the data are not separable there is no w*, and only
    ``||w|| <= sqrt(k) R`` is drawn, which holds for any data.

    After `plot` it has ``ax_`` (two axes), ``figure_``, ``lines_`` (the four of the inequality,
    from below; without w* the upper two) and ``angle_`` (or None).

    Attributes
    ----------
    trace : Trace
    """

    trace: Trace

    @classmethod
    def from_estimator(cls, estimator: Perceptron) -> CorrectionsDisplay:
        """Return the picture of a perceptron fitted with ``trace=True``.

        Parameters
        ----------
        estimator : Perceptron

        Returns
        -------
        CorrectionsDisplay

        Raises
        ------
        ArgumentError
            If the estimator has no trace.

        Examples
        --------
        >>> from lamina.displays import CorrectionsDisplay
        >>> from lamina.neurons import Perceptron
        >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
        >>> display = CorrectionsDisplay.from_estimator(Perceptron(trace=True).fit(X, y))
        >>> print(f"{len(display.trace)} <= {display.trace.bound.corrections:.6g}")
        18 <= 51
        """
        checks.kind("estimator", estimator, Perceptron, "a Perceptron")
        check_is_fitted(estimator)
        trace = getattr(estimator, "trace_", None)
        if trace is None:
            raise checks.fail("estimator", "fitted with trace=True", estimator)
        return cls(trace)

    def plot(self, ax: Any = None) -> CorrectionsDisplay:
        """Draw into two axes, or into new ones.

        Parameters
        ----------
        ax : sequence of 2 matplotlib Axes, optional

        Returns
        -------
        self
        """
        if ax is None:
            self.figure_, self.ax_ = axes(nrows=2, sharex=True, figsize=(7, 6.5))
        else:
            if np.size(ax) != 2:
                raise checks.fail("ax", "two axes", ax)
            self.ax_ = np.ravel(ax)
            self.figure_ = self.ax_[0].figure
        most = self.trace.bound.corrections
        end = most if np.isfinite(most) else len(self.trace)
        reach = np.geomspace(1, max(end, 2.0), 400)
        self._draw_inequality(self.ax_[0], reach)
        self._draw_angle(self.ax_[1], reach)
        for axis in self.ax_:
            axis.set_xscale("log")
            if len(self.trace):
                axis.axvline(len(self.trace), color="0.5", linewidth=1, label="end of run")
            if np.isfinite(most):
                axis.axvline(most, color="0.5", linewidth=1, linestyle=":", label="bound")
            place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "ncols": 1}
            legend(axis, ax is not None, **place)
        if (
            self.trace.bound.separable and not self.trace.weights[0].any()
        ):  # the outer curves are straight, of slopes 1 and 1/2
            self.ax_[0].set_yscale("log")
        return self

    def _draw_inequality(self, ax: Any, reach: np.ndarray) -> None:
        trace, bound = self.trace, self.trace.bound
        k, inner_product, norm = trace.step[1:], trace.alignment[1:], trace.squared_norm[1:] ** 0.5
        curves = [
            (reach, bound.lower(reach), POSITIVE, r"$w_0\cdot w^*+k\gamma$"),
            (k, inner_product, POSITIVE, r"$w\cdot w^*$"),
            (k, norm, NEGATIVE, r"$\Vert w\Vert$"),
            (reach, bound.upper(reach), NEGATIVE, r"$\sqrt{\Vert w_0\Vert^2+kR^2}$"),
        ]
        self.lines_ = [
            ax.plot(at, values, color=color, label=label, **(BOUND if at is reach else RUN))[0]
            for at, values, color, label in curves[0 if bound.separable else 2 :]
        ]
        ax.set(ylabel="size", title=f"{len(trace)} corrections{self._limit()}")

    def _limit(self) -> str:
        if self.trace.bound.separable:
            return f" of at most {self.trace.bound.corrections:.5g}"
        return ": " + ABSENT[self.trace.bound.separable]

    def _draw_angle(self, ax: Any, reach: np.ndarray) -> None:
        trace, bound = self.trace, self.trace.bound
        ax.set(xlabel="corrections k", ylabel="angle of w to w* (degrees)")
        self.angle_ = None
        if not bound.separable:
            ax.text(0.5, 0.5, ABSENT[bound.separable], ha="center", transform=ax.transAxes)
            ax.set_yticks([])
            return
        cosine = np.clip(bound.lower(reach) / bound.upper(reach), -1, 1)
        ax.plot(reach, np.degrees(np.arccos(cosine)), color=LINE, label="at most", **BOUND)
        (self.angle_,) = ax.plot(trace.step[1:], trace.angle[1:], color=LINE, label="angle", **RUN)
        ax.set_ylim(0, None)


def _with_bias(weights: np.ndarray, bias: bool) -> np.ndarray:
    return weights if bias else np.append(0.0, weights)
