"""How well a layer's units are: shares and means of what was measured of each unit."""

from __future__ import annotations

import numpy as np

from lamina.spec.measures import UNITS

HEALTH = ("dead", "saturated", "constant", "activation_mean", "activation_spread")
SIGMOIDAL = ("logistic", "tanh", "hard_tanh")  # flat on both sides: they saturate, others die
SATURATED = 0.9  # of the samples, for which a saturated unit is flat
CONSTANT = 1e-3  # a constant unit's standard deviation, as a share of its mean, is at most this


def health(units: np.ndarray, activation: str, rows: np.ndarray) -> np.ndarray:
    """Return `HEALTH` (n, 5) of a layer from its units' numbers (n, 4, d), NaN where these are.

    `rows` (n,) has the samples of each batch: one alone tells nothing of what is constant.
    """
    mean, deviation, flat = (
        np.asarray(units[:, UNITS.index(name)], np.float64)
        for name in ("mean", "deviation", "flat")
    )
    sigmoidal = activation in SIGMOIDAL
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.stack(
            [
                (flat == 1).mean(axis=1) * (not sigmoidal),
                (flat >= SATURATED).mean(axis=1) * sigmoidal,
                np.where(rows > 1, (deviation <= CONSTANT * abs(mean)).mean(axis=1), np.nan),
                mean.mean(axis=1),
                _root_mean_square(deviation),
            ],
            axis=1,
        )
    found[np.isnan(flat).any(axis=1)] = np.nan
    return found


def _root_mean_square(rows: np.ndarray) -> np.ndarray:
    """Return it of each row: also of numbers whose squares are out of range."""
    unit = rows.max(axis=1, initial=0.0)
    unit[~((unit > 0) & (unit < np.inf))] = 1
    return unit * np.sqrt(((rows / unit[:, np.newaxis]) ** 2).mean(axis=1))
