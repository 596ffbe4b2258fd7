"""How much of a batch's gradient is signal, and how much depends on which samples it met."""

from __future__ import annotations

import numpy as np

WINDOW = 10  # measured epochs over which signal and noise are averaged
_NONE = 1e-12  # of the samples' squares: what rounding leaves of a variance that is 0


def noise(
    batch: np.ndarray, sample: np.ndarray, rows: np.ndarray, effective: np.ndarray
) -> np.ndarray:
    """Return the root of the variance of a batch's mean gradient, NaN for batches of one sample.

    `batch` is the gradient's norm and `sample` the root of the samples' mean square (n, n_layers),
    both with the samples' weights s_i. These are as random as the samples: with c = 1 / `effective`
    = sum s_i² / (sum s_i)², an estimate without bias is (sample² / rows - c batch²) / (1 - c), if
    weights and gradients have nothing to do with each other.
    """
    c, n = 1 / effective[:, np.newaxis], rows[:, np.newaxis].astype(np.float64)
    with np.errstate(all="ignore"):
        shorter = np.where(sample > 0, batch / sample, 0.0)  # squares of both may overflow
        own = 1 / n - c * shorter**2
        own[own < _NONE / n] = 0
        return np.where(c < 1 - 1e-9, sample * np.sqrt(own / (1 - c)), np.nan)


def signal_to_noise(batch: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return |G|² / (tr Σ / n) (McCandlish et al., 2018), over the last `WINDOW` rows of each.

    The batch's own squared length is that of G and of the noise. Single ones say little of the
    difference, and the mean of their ratios is biased: so this is a ratio of means.
    """
    with np.errstate(all="ignore"):
        there = np.isfinite(batch) & np.isfinite(noise)
        batch, noise = (_last(np.where(there, own, np.nan)) for own in (batch, noise))
        unit = np.fmax.reduce(np.fmax(batch, noise), axis=-1)[..., np.newaxis]
        whole, loud = (np.nansum((own / unit) ** 2, axis=-1) for own in (batch, noise))
        return np.where(there, np.maximum(whole - loud, 0) / loud, np.nan)


def _last(rows: np.ndarray) -> np.ndarray:
    """Return each row with those before it, (n, n_layers, WINDOW), NaN where there are none."""
    padded = np.concatenate([np.full((WINDOW - 1, rows.shape[1]), np.nan), rows])
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)
