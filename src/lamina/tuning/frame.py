"""Data frames, for those who have pandas."""

from __future__ import annotations

from typing import Any


def frame(**columns: Any) -> Any:
    """Return a pandas DataFrame of columns."""
    try:
        import pandas as pd
    except ImportError:
        raise ImportError(
            "as_frame needs pandas, which lamina does not install: pip install pandas"
        ) from None
    return pd.DataFrame(columns)
