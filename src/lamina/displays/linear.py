"""Pictures of linear networks: the spectrum of an autoencoder and the course of the modes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lamina.displays.figure import COLOURS, axes, legend
from lamina.linear import LinearAutoencoder, ModeDynamics
from lamina.plan import checks

ORANGE, BLUE = COLOURS[:2]
GREY = "#666666"
STYLES = ("-", "--", "-.", ":")  # of the modes, one after the other as the colours are used up


class AutoencoderSpectrumDisplay:
    """The singular values of the data and the least error of every rank (note 003 §2.3).

    The error of rank m is half the mean of the squares of the singular values after the m-th, by
    Eckart and Young; a bottleneck of m units cannot have less. What the autoencoder reached is
    marked.

    Parameters
    ----------
    spectrum : ndarray of shape (k,)
        Singular values, largest first.
    errors : ndarray of shape (k + 1,)
        Least reconstruction error of the ranks 0 to k.
    rank : int
        Code size of the autoencoder.
    reached : float
        Its reconstruction error.
    how : str
        How it was found.
    exact : bool, default=True
        Whether `errors` and `reached` are exact; otherwise they are upper bounds.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes, Figure
    bars_, line_, mark_ : matplotlib artists
        Shares of the sum of squares, errors by rank, and what was reached.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from lamina.displays import AutoencoderSpectrumDisplay
    >>> from lamina.linear import LinearAutoencoder
    >>> model = LinearAutoencoder(2).fit(load_iris().data)
    >>> display = AutoencoderSpectrumDisplay.from_estimator(model)
    >>> display.errors.round(3)
    array([2.271, 0.171, 0.051, 0.012, 0.   ])
    """

    def __init__(
        self,
        spectrum: np.ndarray,
        errors: np.ndarray,
        rank: int,
        reached: float,
        how: str,
        exact: bool = True,
    ) -> None:
        self.spectrum, self.errors, self.exact = spectrum, errors, exact
        self.rank, self.reached, self.how = rank, reached, how

    @classmethod
    def from_estimator(cls, estimator: LinearAutoencoder) -> Self:
        """Return the display of a fitted `LinearAutoencoder`.

        Solved by "lanczos" it knows no more than its own components.
        """
        checks.kind("estimator", estimator, LinearAutoencoder, "a LinearAutoencoder")
        check_is_fitted(estimator)
        spectrum, n = estimator.spectrum_, estimator.n_samples_
        squares = np.append(spectrum**2, 0.0)
        beyond = np.cumsum(squares[::-1])[::-1]  # from the small end, where rounding would tell
        rest = 2 * n * estimator.optimum_ - float(beyond[estimator.n_components_])
        errors = 0.5 * (beyond + max(rest, 0.0)) / n
        how = "singular values" + ("" if estimator.is_exact_ else " of the rows kept")
        if hasattr(estimator, "gap_"):
            how = f"training, relative gap {estimator.gap_:.0e}"
        reached = estimator.reconstruction_error_
        return cls(spectrum, errors, estimator.n_components_, reached, how, estimator.is_exact_)

    def plot(self, ax: Any = None, *, max_rank: int | None = None) -> Self:
        """Draw the errors as a line and the shares of the singular values as bars.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones.
        max_rank : int in [1, inf), optional
            Largest rank shown; by default all. The code size beyond it is told, not drawn.
        """
        if max_rank is not None:
            checks.integer("max_rank", max_rank, "[1, inf)")
        shown = min(len(self.spectrum), max_rank or len(self.spectrum))
        self.figure_, self.ax_ = axes(ax)
        start = float(self.errors[0]) or 1.0
        bound = "" if self.exact else "upper bound of the "
        shares = -np.diff(self.errors)[:shown] / start
        self.bars_ = self.ax_.bar(
            np.arange(1, shown + 1), shares, color=BLUE, alpha=0.45, label="share of this direction"
        )
        (self.line_,) = self.ax_.plot(
            np.arange(shown + 1),
            self.errors[: shown + 1] / start,
            "o-",
            color=GREY,
            markersize=4 if shown <= 30 else 2.5,
            label=f"{bound}least error of this rank (Eckart–Young)",
        )
        (self.mark_,) = self.ax_.plot(
            [self.rank] if self.rank <= shown else [],
            [self.reached / start] if self.rank <= shown else [],
            "D",
            color=ORANGE,
            markersize=8,
            label=f"autoencoder, by {self.how}" if self.rank <= shown else None,
            zorder=3,
        )
        self.ax_.set(
            xlabel="rank: number of code units m",
            ylabel="share of the sum of squares",
            title=self._title(shown),
            xlim=(-0.6, shown + 0.6),
            ylim=(-0.02, 1.05),
        )
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        legend(self.ax_, ax is not None)
        return self

    def _title(self, shown: int) -> str:
        if not self.errors[0]:
            return "Constant data: there is nothing to lose"
        lost = self.reached / float(self.errors[0])
        units = f"{self.rank} code unit loses" if self.rank == 1 else f"{self.rank} code units lose"
        words = f"{units} {'' if self.exact else 'at most '}{lost:.2%} of the sum of squares"
        return words if self.rank <= shown else f"{words}\nranks up to {shown} shown"


class ModeDynamicsDisplay:
    """The singular modes of a deep linear network during training, on their exact solution.

    Parameters
    ----------
    dynamics : ModeDynamics
        From `DeepLinear.descend` or `DeepLinear.flow`.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes, Figure
    modes_, exact_ : list of matplotlib lines
        The run and the exact solution, one line per mode shown.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.displays import ModeDynamicsDisplay
    >>> from lamina.linear import DeepLinear, Moments
    >>> moments = Moments(np.eye(2), np.diag([3.0, 1.0]))
    >>> run = DeepLinear.balanced(moments, random_state=0).descend(moments)
    >>> ModeDynamicsDisplay.from_dynamics(run).dynamics is run
    True
    """

    def __init__(self, dynamics: ModeDynamics) -> None:
        self.dynamics = dynamics

    @classmethod
    def from_dynamics(cls, dynamics: ModeDynamics) -> Self:
        """Return the display of a run."""
        checks.kind("dynamics", dynamics, ModeDynamics, "a ModeDynamics")
        return cls(dynamics)

    def plot(self, ax: Any = None, *, max_modes: int = 6) -> Self:
        """Draw the modes as coloured lines and the exact solutions as dots on them.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones.
        max_modes : int in [1, inf), default=6
            Only the strongest are drawn.
        """
        checks.integer("max_modes", max_modes, "[1, inf)")
        run = self.dynamics
        self.figure_, self.ax_ = axes(ax)
        shown = min(len(run.modes), max_modes)
        self.modes_, self.exact_ = [], []
        every = max(len(run.times) // 25, 1)
        for i in range(shown):
            turn, place = divmod(i, len(COLOURS))
            look = {"color": COLOURS[place], "linestyle": STYLES[turn % len(STYLES)], "lw": 2}
            label = f"mode {i + 1}, s = {run.strengths[i]:.3g}"
            label += ", starts below 0" if run.modes[i, 0] < 0 else ""
            self.modes_ += self.ax_.plot(run.times, run.modes[i], label=label, **look)
            self.exact_ += self.ax_.plot(
                run.times[::every],
                run.exact[i, ::every],
                "o",
                markersize=4,
                markerfacecolor="white",
                markeredgecolor="black",
                label="exact solution" if i == shown - 1 else None,
            )
        which = "Modes" if shown == len(run.modes) else f"{shown} of {len(run.modes)} modes"
        self.ax_.set(
            xlabel="time t = steps × learning rate",
            ylabel="strength of the mode in the network",
            title=f"{which} of a {run.depth}-layer linear network\nlargest deviation from the "
            f"exact solution {run.deviation:.1e} of the largest mode",
        )
        self.ax_.title.set_fontsize("medium")
        legend(self.ax_, ax is not None)
        return self
