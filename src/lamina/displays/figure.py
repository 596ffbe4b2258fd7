"""Where a picture goes: the axes that were given, or new ones. matplotlib comes in here."""

from __future__ import annotations

from typing import Any


def axes(ax: Any = None, **options: Any) -> tuple[Any, Any]:
    """Return ``(figure, ax)``: those of `ax`, or new ones made with `options`."""
    import matplotlib.pyplot as plt

    if ax is None:
        options.setdefault("layout", "constrained")
        return plt.subplots(**options)
    return ax.figure, ax
