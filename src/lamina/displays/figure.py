"""Where a picture goes, its colours and its legend. matplotlib comes in here."""

from __future__ import annotations

from typing import Any

from lamina.plan import checks

# Okabe and Ito's, apart for every kind of colour vision
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

_BELOW = {
    "loc": "upper center",
    "bbox_to_anchor": (0.5, -0.13),
    "ncols": 2,
    "frameon": False,
    "fontsize": 9,
}
_PLACE = {"loc", "bbox_to_anchor", "ncols", "frameon"}


def axes(ax: Any = None, **options: Any) -> tuple[Any, Any]:
    """Return ``(figure, ax)``: those of `ax`, or new ones made with `options`."""
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is None:
        options.setdefault("layout", "constrained")
        return plt.subplots(**options)
    checks.kind("ax", ax, Axes, "matplotlib Axes or None")
    return ax.figure, ax


def legend(ax: Any, given: bool, **options: Any) -> Any:
    """Return a legend outside own axes, by default below; within `given` ones, where there is room.

    Only a figure made here has a layout that leaves room outside. `options` are those of
    ``ax.legend``; of these `given` axes do not take the place.
    """
    if given:
        kept = {name: option for name, option in options.items() if name not in _PLACE}
        return ax.legend(**{"loc": "best", "frameon": True, "fontsize": 8, **kept})
    return ax.legend(**{**_BELOW, **options})
