"""The singular values of the weights during training."""

from __future__ import annotations

import numpy as np

from lamina.plan import checks
from lamina.training import Record


def spectra(record: Record) -> list[np.ndarray]:
    """Return the singular values of each layer's weights in each snapshot of a record.

    The largest is the spectral norm: the most by which the layer can stretch its input. Where few
    are far above the others, the layer has learnt a map of low rank.

    Parameters
    ----------
    record : Record
        ``model.record_`` of a fit with ``diagnose=True``.

    Returns
    -------
    list of ndarray of shape (n_snapshots, min(d_{l-1}, d_l)), float64
        One per layer, largest first; the epochs are those of ``record.snapshots``. NaN where
        weights are not finite.

    Raises
    ------
    ArgumentError
        If it is no record, or has no snapshots: ``Recorder(snapshots=0)``.

    Examples
    --------
    >>> import lamina
    >>> from lamina.diagnosis import spectra
    >>> model = lamina.MLPClassifier(3, max_iter=20, random_state=0, diagnose=True)
    >>> own = spectra(model.fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]).record_)
    >>> [values.shape for values in own]
    [(11, 2), (11, 1)]
    """
    snapshots = check_snapshots(record)
    return [
        np.stack([_singular_values(parameters[i][0]) for _, parameters in snapshots])
        for i in range(record.n_layers)
    ]


def check_snapshots(record: Record) -> list:
    """Return the snapshots of what must be a record with some."""
    checks.kind("record", record, Record, "a Record, such as model.record_")
    if not record.snapshots:
        raise checks.ArgumentError("record has no copies of the weights: Recorder(snapshots=16)")
    return record.snapshots


def _singular_values(weights: np.ndarray) -> np.ndarray:
    if not np.isfinite(weights).all():
        return np.full(min(weights.shape), np.nan)
    return np.linalg.svd(weights.astype(np.float64), compute_uv=False)
