"""Dates as numbers: the parts of the calendar that repeat, and the time that runs."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARTS", "date_parts"]

PARTS = ("seconds", "year", "month", "day", "weekday", "hour", "minute")


def date_parts(dates: NDArray[np.datetime64], parts: Sequence[str]) -> NDArray[np.float64]:
    """Return the ``parts`` of datetime64[us] dates as (n_rows, n_parts), NaN where missing."""
    days, months = dates.astype("datetime64[D]"), dates.astype("datetime64[M]")
    second = np.timedelta64(1, "s")
    of = {
        "seconds": (dates - np.datetime64(0, "us")) / second,
        "year": _counted(dates.astype("datetime64[Y]")) + 1970.0,
        "month": np.mod(_counted(months), 12.0) + 1.0,
        "day": (days - months.astype("datetime64[D]")) / np.timedelta64(1, "D") + 1.0,
        # 1970-01-01 was a Thursday; Monday is 0.
        "weekday": np.mod(_counted(days) + 3.0, 7.0),
        "hour": np.floor((dates - days) / np.timedelta64(1, "h")),
        "minute": np.mod(np.floor((dates - days) / np.timedelta64(1, "m")), 60.0),
    }
    return np.stack([of[part] for part in parts], axis=1)


def _counted(dates: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return how many units of their own the dates are from 1970, NaN where missing."""
    numbers = np.where(np.isnat(dates), np.nan, dates.astype(np.int64))
    return cast("NDArray[np.float64]", numbers)
