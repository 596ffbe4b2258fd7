"""Where a callback shows something: a notebook, a terminal or a plain text file."""

from __future__ import annotations

import sys
from typing import Any


def notebook() -> Any:
    """Return IPython's display module where this runs in a notebook, else None."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    import IPython.display

    return IPython.display


def numbers(latest: dict[str, float]) -> str:
    """Return an epoch's losses and scores in a line."""
    plain = {"epoch", "learning_rate", "seconds"}
    return ", ".join(f"{name} {value:.4g}" for name, value in latest.items() if name not in plain)
