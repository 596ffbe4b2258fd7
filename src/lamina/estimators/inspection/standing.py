"""How a network does on some samples, in plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import spec
from lamina.engines import Data, default_engine
from lamina.engines.protocol import Parameters
from lamina.estimators import calibration
from lamina.estimators.inspection import facts, reference
from lamina.estimators.inspection.effort import Effort
from lamina.plan import Network
from lamina.training import Standing


def standing(
    estimator: Any, data: Data, parameters: Parameters, effort: Effort, learnt: bool = False
) -> Standing:
    """Return how the estimator's network, with these parameters, does on samples.

    Of those that it has `learnt` from no temperature is looked for: it would say nothing. Loss and
    R² are of what the fit led to, confidence and temperature of what `predict_proba` gives, which
    `calibrate` may have changed.
    """
    rows = np.linspace(0, len(data.y) - 1, min(len(data.y), effort.judged)).astype(int)
    part = data.rows(rows) if len(rows) < len(data.y) else data
    network, engine = estimator.network_, default_engine(estimator.n_threads)
    weights, y = reference.importance(part), part.y.astype(np.float64)
    with np.errstate(all="ignore"):
        losses = engine.losses(network, part)(parameters)
        p = engine.predictor(network, parameters)(part.x).astype(np.float64)
        z, told, calibrated = None, p, getattr(estimator, "temperature_", 1.0)
        if not learnt or calibrated != 1.0:
            z = engine.predictor(calibration.without_output(network), parameters)(part.x)
        if z is not None and calibrated != 1.0:
            z = z.astype(np.float64) / calibrated
            told = calibration.tempered(z, network.output, 1.0)
        mean = reference.mean_is_learnt(network)
        scale = estimator._loss_scale(y.shape[1])
        return Standing(
            n_samples=len(data.y),
            loss=float(scale * np.average(losses, weights=weights)),
            r2=reference.r2(y, p, weights) if mean else np.nan,
            inputs=np.empty((2, 0)) if learnt else np.array(facts.spread(part.x)),
            **_of_classes(estimator, network, y, told, None if learnt else z),
        )


def _of_classes(
    estimator: Any, network: Network, y: np.ndarray, p: np.ndarray, z: np.ndarray | None
) -> dict[str, Any]:
    """Return accuracy, confidence and recalls; nothing for numbers and several labels."""
    if not hasattr(estimator, "classes_") or len(estimator.classes_) < 2:
        return {}
    if network.output == "logistic" and y.shape[1] > 1:
        return {}
    own = {} if z is None else _temperature(network, z, y)
    if y.shape[1] == 1:
        y, p = np.hstack([1 - y, y]), np.hstack([1 - p, p])
    truth, answer = y.argmax(axis=1), p.argmax(axis=1)
    right = truth == answer
    counts = np.bincount(truth, minlength=p.shape[1])
    found = np.bincount(truth[right], minlength=p.shape[1])
    surest = p.max(axis=1) / np.maximum(p.sum(axis=1), 1e-300)
    surest = surest[~np.isnan(surest)]
    return {
        "accuracy": float(right.mean()),
        "confidence": float(surest.mean()) if len(surest) else np.nan,
        **own,
        "class_counts": counts,
        "recalls": np.where(counts > 0, found / np.maximum(counts, 1), np.nan),
    }


def _temperature(network: Network, z: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Return the best temperature and what it gains; nothing where there is none."""
    if network.output not in ("softmax", "logistic") or not np.isfinite(z).all():
        return {}
    try:
        found = calibration.fit(z, y, None, network.output)
    except ValueError:  # all right, or worse than nothing
        return {}
    before, after = (_cross_entropy(z / t, y, network.output) for t in (1.0, found))
    return {"temperature": found, "gain": before - after}


def _cross_entropy(z: np.ndarray, y: np.ndarray, output: str) -> float:
    kind = {"softmax": "cross_entropy", "logistic": "binary_cross_entropy"}[output]
    return float(np.mean(spec.losses.head(output, kind).value(z.astype(np.float64), y)))
