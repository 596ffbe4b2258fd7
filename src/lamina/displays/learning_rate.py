"""Pictures of the search for a learning rate: the grid and the ramp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.displays.figure import COLOURS, axes, legend
from lamina.plan import checks
from lamina.tuning import LearningRateSearch, RampTest, ramp_test, search_learning_rate

ORANGE, BLUE, GREEN = COLOURS[:3]
GREY = "#888888"
WIDE = 5.0  # largest loss by smallest, from which on the losses have a logarithmic axis


@dataclass(eq=False, repr=False)
class LearningRateDisplay:
    """Loss by learning rate, with the suggestion: of a grid search or of a ramp test.

    Made by `from_search` or `from_estimator`; after `plot` it has ``ax_``, ``figure_``,
    ``losses_`` (the line of the losses), ``suggestion_`` (the upright line, or None) and of a grid
    ``diverged_`` (the crosses, or None).

    Attributes
    ----------
    search : LearningRateSearch or RampTest
    """

    search: LearningRateSearch | RampTest

    @classmethod
    def from_search(cls, search: LearningRateSearch | RampTest) -> LearningRateDisplay:
        """Return the display of what `search_learning_rate` or `ramp_test` found.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import LearningRateDisplay
        >>> from lamina.tuning import search_learning_rate
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier(10, random_state=0)
        >>> search = search_learning_rate(model, X, y, low=1e-3, high=0.1, n=3, epochs=5)
        >>> LearningRateDisplay.from_search(search).search is search
        True
        """
        expected = "a LearningRateSearch or a RampTest"
        if not isinstance(search, LearningRateSearch | RampTest):
            raise checks.fail("search", expected, search)
        return cls(search)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, method: str = "grid", **options: Any
    ) -> LearningRateDisplay:
        """Search for the learning rate of an estimator, and return the display of it.

        Parameters
        ----------
        estimator, X, y
            As for `lamina.tuning.search_learning_rate`.
        method : {"grid", "ramp"}, default="grid"
        **options
            Of `lamina.tuning.search_learning_rate` or of `lamina.tuning.ramp_test`.
        """
        checks.choice("method", method, ["grid", "ramp"])
        find: Any = search_learning_rate if method == "grid" else ramp_test
        return cls(find(estimator, X, y, **options))

    def plot(self, ax: Any = None) -> LearningRateDisplay:
        """Draw it.

        Of a grid: filled dots for the first grid, hollow ones for the finer grid, small ones for
        the seeds, crosses at the top for rates that diverge, a band where the loss is within 5% of
        the lowest. Of a ramp: the loss of each batch in grey, its average in blue.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones.

        Returns
        -------
        LearningRateDisplay
            Itself.
        """
        search = self.search
        self.figure_, self.ax_ = axes(ax, figsize=(7, 5))
        self.ax_.set_xscale("log")
        self.ax_.set_xlim(search.rates[0] / 1.3, search.rates[-1] * 1.3)
        self.ax_.set_xlabel("learning rate")
        if isinstance(search, RampTest):
            self._ramp(search)
        else:
            self._grid(search)
        self.suggestion_ = None
        if np.isfinite(search.suggestion):
            label = f"suggestion {search.suggestion:.3g}"
            self.suggestion_ = self.ax_.axvline(
                search.suggestion, color=ORANGE, lw=1.5, label=label, zorder=1
            )
        legend(self.ax_, ax is not None)
        return self

    def _grid(self, search: LearningRateSearch) -> None:
        told = ~search.diverged
        rates, losses, fine = search.rates[told], search.losses[told], search.stages == "fine"
        (self.losses_,) = self.ax_.plot(rates, losses, color=BLUE, lw=1)
        if search.losses_by_seed.shape[1] > 1:
            seeds = np.where(np.isfinite(search.losses_by_seed), search.losses_by_seed, np.nan)
            self.ax_.plot(search.rates, seeds, ".", color=BLUE, ms=3, alpha=0.4)
        for mask, face, name in ((~fine, BLUE, "first grid"), (fine, "white", "finer grid")):
            if (mask & told).any():
                place = search.rates[mask & told], search.losses[mask & told]
                self.ax_.plot(*place, "o", color=BLUE, markerfacecolor=face, ms=6, label=name)
        self._scale(losses)
        self.diverged_ = None
        if search.diverged.any():
            rates = search.rates[search.diverged]
            (self.diverged_,) = self.ax_.plot(
                rates,
                np.full(len(rates), 0.97),
                "x",
                color=GREY,
                ms=7,
                label="diverges",
                transform=self.ax_.get_xaxis_transform(),
            )
        if not len(losses):
            self.ax_.set_yticks([])
        elif search.near[0] < search.near[1]:
            self.ax_.axvspan(*search.near, color=ORANGE, alpha=0.15, lw=0, label="within 5%")
        epochs = f"{search.epochs} epoch{'s' * (search.epochs != 1)}"
        self.ax_.set_ylabel(f"{search.judge} loss after {epochs}")
        self.ax_.set_title("Loss by learning rate")

    def _ramp(self, ramp: RampTest) -> None:
        self.ax_.plot(ramp.rates, ramp.losses, color=GREY, lw=0.7, alpha=0.7, label="batches")
        (self.losses_,) = self.ax_.plot(
            ramp.rates, ramp.smoothed, color=BLUE, lw=2, label="their moving average"
        )
        marks = (("steepest fall", ramp.steepest, "v"), ("lowest", ramp.lowest, "o"))
        for name, rate, marker in marks:
            if np.isfinite(rate):
                place = rate, float(np.interp(np.log(rate), np.log(ramp.rates), ramp.smoothed))
                self.ax_.plot(*place, marker, color=GREEN, ms=8, label=name, zorder=3, ls="none")
        self._scale(ramp.smoothed)
        seen = ramp.losses <= ramp.smoothed.max()  # single batches beyond would flatten the rest
        low, high = ramp.losses[seen].min(initial=ramp.smoothed.min()), ramp.smoothed.max()
        room = 0.05 * (high - low)
        self.ax_.set_ylim(low * 0.9 if self.ax_.get_yscale() == "log" else low - room, high + room)
        self.ax_.set_ylabel("loss of the batch before the step")
        self.ax_.set_title("Ramp test")

    def _scale(self, losses: np.ndarray) -> None:
        """Take a logarithmic axis where losses differ by their order of magnitude."""
        if len(losses) and losses.min() > 0 and losses.max() > WIDE * losses.min():
            self.ax_.set_yscale("log")
