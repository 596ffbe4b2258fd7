"""Pictures of rates of convergence, measured beside stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent import RateTable, StatedRate
from lamina.displays.descent import colours
from lamina.displays.figure import axes, legend
from lamina.plan import checks


@dataclass(eq=False, repr=False)
class RateDisplay:
    """Measured gaps, the lines fitted to them and the bounds that theory states.

    Made by `from_rates`; after `plot` it has ``ax_``, ``figure_`` and ``lines_``.

    Attributes
    ----------
    rows : list of StatedRate
        All of one kind.
    """

    rows: list[StatedRate]

    @classmethod
    def from_rates(cls, rates: Any, kind: str = "sublinear") -> RateDisplay:
        """Take the rows of one kind.

        Parameters
        ----------
        rates : RateTable, StatedRate or list of StatedRate
        kind : {"sublinear", "linear"}, default="sublinear"
            "sublinear": on two logarithmic axes, where ``k^p`` is a line; "linear": on one, where
            ``rho^k`` is one.

        Returns
        -------
        RateDisplay

        Raises
        ------
        ArgumentError
            If there is no row of that kind.

        Examples
        --------
        >>> from lamina.descent import convergence_rates
        >>> from lamina.displays import RateDisplay
        >>> len(RateDisplay.from_rates(convergence_rates(n_steps=100), "linear").rows)
        3
        """
        checks.choice("kind", kind, ["sublinear", "linear"])
        rows = rates.rows if isinstance(rates, RateTable) else rates
        rows = [rows] if isinstance(rows, StatedRate) else rows
        if not isinstance(rows, list | tuple) or not all(isinstance(r, StatedRate) for r in rows):
            raise checks.fail("rates", "a RateTable, a StatedRate or a list of them", rates)
        chosen = [row for row in rows if row.rate.kind == kind]
        if not chosen:
            raise checks.fail("rates", f"rows of which at least one has a {kind} rate", rates)
        return cls(chosen)

    def plot(self, ax: Any = None) -> RateDisplay:
        """Draw the gaps as full lines, the bounds dashed, the fits dotted in black.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        RateDisplay
            Itself.
        """
        self.figure_, self.ax_ = axes(ax, figsize=(7, 6))
        self.lines_: list[Any] = []
        gap = " " if ax is None else "\n"  # labels within axes have to be narrow
        for i, (colour, row) in enumerate(zip(colours(self.rows), self.rows, strict=True)):
            width = 1 + len(self.rows) - i  # so that lines that coincide are all seen
            k = np.arange(1, len(row.gaps))
            label = (
                f"{row.method}, {row.problem.name}:{gap}measured ${_law(row, row.rate.value)}$, "
                f"stated ${_law(row, row.stated)}$"
            )
            told = np.where(row.gaps[1:] > row.rounding, row.gaps[1:], np.nan)
            self.lines_ += self.ax_.plot(k, told, color=colour, lw=width, label=label)
            self.ax_.plot(k, row.bound[1:], "--", color=colour, lw=1)
            self.ax_.plot(*row.rate.line(), ":", color="black", lw=1.5)
        sublinear = self.rows[0].rate.kind == "sublinear"
        self.ax_.set_xscale("log" if sublinear else "linear")
        self.ax_.set_yscale("log")
        self.ax_.set_xlabel("step $k$")
        self.ax_.set_ylabel("$f(x_k) - f^*$")
        self.ax_.set_title("Rates of convergence: bounds dashed, fits dotted")
        legend(self.ax_, ax is not None, ncols=1)
        return self


def _law(row: StatedRate, value: float) -> str:
    base, exponent = row.law(value).split("^")
    return f"{base}^{{{exponent}}}"
