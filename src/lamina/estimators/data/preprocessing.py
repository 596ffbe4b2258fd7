"""What stands before and after the network: missing numbers, scales of X and y.

A fit makes up to three attributes: ``imputer_``, then ``x_scaler_``, and ``y_scaler_``. They belong
to the weights, so `partial_fit` and a warm start go on with those of the first fit. The network
sees and is trained on transformed numbers; what the estimator returns is in the user's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import ClassifierMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from lamina import scalers
from lamina.engines.protocol import Forward, Predictor
from lamina.estimators import losses
from lamina.estimators.data import inputs, statistics
from lamina.plan import Network, checks

ATTRIBUTES = ("imputer_", "x_scaler_", "y_scaler_")
MISSING = ("error", "learn")


def standardized(estimator: Any) -> str:
    """Return what `standardize` asks for: "", "X", "y" or "Xy"; ArgumentError for another."""
    value, possible = estimator.standardize, "Xy"
    if isinstance(estimator, ClassifierMixin):
        possible = "X"
    if type(value).__name__ in {"bool", "bool_"}:
        return possible if value else ""
    if isinstance(value, str) and len(value) == 1 and value in possible:
        return value
    names = ["True", "False", *(repr(name) for name in possible)]
    raise checks.fail("standardize", f"{', '.join(names[:-1])} or {names[-1]}", value)


def check(estimator: Any, first: bool) -> None:
    """Check `standardize` and `missing`, which must stay as they were while weights are kept."""
    wanted = standardized(estimator)
    checks.choice("missing", estimator.missing, MISSING)
    if first:
        return
    names = {"X": "x_scaler_", "y": "y_scaler_"}
    asked = {"standardize": {names[part] for part in wanted}}
    asked["missing"] = {"imputer_"} if estimator.missing == "learn" else set()
    for parameter, own in asked.items():
        there = {name for name in ATTRIBUTES if hasattr(estimator, name)}
        there &= {"imputer_"} if parameter == "missing" else set(names.values())
        if own != there:
            raise ValueError(
                f"{parameter} must stay as it was in the first fit to go on training, got "
                f"{getattr(estimator, parameter)!r}: the weights belong to what it did to the "
                f"data. Set warm_start=False and call fit to start anew."
            )


def check_output(estimator: Any, network: Network) -> None:
    """Raise unless y's scales, if there are any, go with the network's output function."""
    before, now = estimator.network_.output, network.output
    if hasattr(estimator, "y_scaler_") and _target_scaler(before) != _target_scaler(now):
        raise ValueError(
            f"loss must be one whose output function is {before!r} to go on training with "
            f"standardize={estimator.standardize!r}, got {estimator.loss!r}, whose output is "
            f"{now!r}: y was standardized for the other one. Set warm_start=False and call fit to "
            f"start anew."
        )


def fit_x(estimator: Any, x: Any, weights: np.ndarray | None) -> Any:
    """Fit what X needs by `standardize` and `missing`, and return the network's inputs."""
    forget(estimator)
    sparse = scipy.sparse.issparse(x)
    filled = x
    if estimator.missing == "learn":
        estimator.imputer_ = _imputer(x, weights)
        filled = _fill(x, estimator.imputer_.statistics_)
    if "X" in standardized(estimator):
        estimator.x_scaler_ = statistics.scaler(filled, weights, centre=not sparse)
    return apply(estimator, x)


def fit_y(
    estimator: Any, y: np.ndarray, weights: np.ndarray | None, network: Network, first: bool
) -> np.ndarray:
    """Fit in a first fit what y needs by `standardize`, and return the network's targets."""
    if first and "y" in standardized(estimator):
        estimator.y_scaler_ = _target_scaler(network.output)(y, weights)
    return apply_y(estimator, y)


def forget(estimator: Any) -> None:
    """Remove what an earlier fit made."""
    for name in ATTRIBUTES:
        estimator.__dict__.pop(name, None)


def plain(estimator: Any) -> bool:
    """Return whether X and the network's answers stay as they are."""
    return not any(name in estimator.__dict__ for name in ATTRIBUTES)


def apply(estimator: Any, x: Any) -> Any:
    """Return the network's inputs for a checked X; ValueError if one of them is not finite."""
    if not any(name in estimator.__dict__ for name in ("imputer_", "x_scaler_")):
        return x
    with np.errstate(over="ignore", invalid="ignore"):
        made = Before(estimator, x.dtype)(x)
    inputs.name_non_finite(made, "X, once standardized,")
    return made


def apply_y(estimator: Any, y: np.ndarray) -> np.ndarray:
    """Return the network's targets for y (n_samples, n_outputs) in the user's units."""
    scaler = getattr(estimator, "y_scaler_", None)
    if scaler is None:
        return y
    with np.errstate(over="ignore", invalid="ignore"):
        made = (y - scaler.mean_.astype(y.dtype)) / scaler.scale_.astype(y.dtype)
    inputs.name_non_finite(made, "y, once standardized,")
    if not scaler.with_mean:  # divided by its mean, a tiny number may be 0 now
        losses.check_target(losses.of_regressor(estimator.loss)[1], made, ", once standardized")
    return made


def undo_y(estimator: Any, prediction: np.ndarray) -> np.ndarray:
    """Return predictions in the user's units for the network's (n_samples, n_outputs)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return After(estimator, prediction.dtype)(prediction)


def around(estimator: Any, run: Predictor) -> Predictor:
    """Return `run`, which takes the network's inputs, as a function of X in its dtype."""
    if plain(estimator):
        return run
    dtype, n_features = estimator.coefs_[0].dtype, estimator.n_features_in_
    before, after = Before(estimator, dtype), After(estimator, dtype)

    def predict(x: Any) -> np.ndarray:
        x = x.astype(dtype, copy=False)
        if x.ndim != 2 or x.shape[1] != n_features:
            raise ValueError(f"x must have shape (n_samples, {n_features}), got {x.shape}")
        with np.errstate(over="ignore", invalid="ignore"):
            return after(run(before(x)))

    return predict


def around_quick(estimator: Any, run: Forward) -> Forward:
    """Return `run` as `around` does; None where X takes a closer look."""
    if plain(estimator):
        return run
    dtype, n_features = estimator.coefs_[0].dtype, estimator.n_features_in_
    before, after = Before(estimator, dtype), After(estimator, dtype)

    def forward(
        x: Any, coefs: Any, intercepts: Any, n_threads: int | None = None
    ) -> np.ndarray | None:
        if x.dtype != dtype or x.ndim != 2 or x.shape[1] != n_features:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            prediction = run(before(x), coefs, intercepts, n_threads)
            return None if prediction is None else after(prediction)

    return forward


class Before:
    """The way from X to the network's inputs, in one dtype.

    Missing numbers become ``fill``, each of the columns ``indicators`` gets a 0/1 column behind the
    features, and the features become ``(x - mean) / scale``. Indicators are not scaled: they stay
    0 where a number is there.
    """

    def __init__(self, estimator: Any, dtype: Any) -> None:
        imputer = getattr(estimator, "imputer_", None)
        scaler = getattr(estimator, "x_scaler_", None)
        self.dtype, self.fill, self.mean, self.scale = np.dtype(dtype), None, None, None
        if imputer is not None:
            self.fill = imputer.statistics_.astype(dtype)
            self.indicators = imputer.indicator_.features_
        if scaler is not None:
            self.scale = scaler.scale_.astype(dtype)
            self.mean = scaler.mean_.astype(dtype) if scaler.with_mean else None

    def __call__(self, x: Any) -> Any:
        """Return the inputs (n_samples, n_inputs), C-ordered or CSR."""
        if scipy.sparse.issparse(x):
            if self.mean is None and self.fill is None:
                return self._scaled(x)
            x = x.toarray()
        if self.fill is None:
            return self._scaled(x)
        missing = np.isnan(x)
        x = self._scaled(np.where(missing, self.fill, x))
        if not len(self.indicators):
            return x
        return np.hstack([x, missing[:, self.indicators]], dtype=self.dtype)

    def _scaled(self, x: Any) -> Any:
        if self.scale is None:
            return x
        if scipy.sparse.issparse(x):
            x = x.tocsr(copy=True)
            x.data /= self.scale[x.indices]
            return x
        if self.mean is None:
            return x / self.scale
        x = x - self.mean
        x /= self.scale
        return x


class After:
    """The way from the network's predictions to the user's units, in one dtype."""

    def __init__(self, estimator: Any, dtype: Any) -> None:
        scaler = getattr(estimator, "y_scaler_", None)
        self.scale = None if scaler is None else scaler.scale_.astype(dtype)
        self.mean = None if scaler is None else scaler.mean_.astype(dtype)

    def __call__(self, prediction: np.ndarray) -> np.ndarray:
        """Return the predictions (n_samples, n_outputs)."""
        return prediction if self.scale is None else prediction * self.scale + self.mean


def n_inputs(estimator: Any) -> int:
    """Return the inputs that the network must have for `n_features_in_` features."""
    imputer = getattr(estimator, "imputer_", None)
    indicators = 0 if imputer is None else len(imputer.indicator_.features_)
    return estimator.n_features_in_ + indicators


def check_restored(estimator: Any) -> None:
    """Raise ValueError unless attributes that were read go with the rest of the estimator."""
    n_features, n_outputs = estimator.n_features_in_, estimator.network_.n_outputs
    kinds = {"imputer_": SimpleImputer, "x_scaler_": StandardScaler, "y_scaler_": StandardScaler}
    for name, kind in kinds.items():
        own = getattr(estimator, name, None)
        if own is None:
            continue
        size = n_outputs if name == "y_scaler_" else n_features
        if not isinstance(own, kind) or own.n_features_in_ != size:
            raise ValueError(f"{name} does not go with the network")
    temperature = getattr(estimator, "temperature_", 1.0)
    if not isinstance(temperature, float) or not 0 < temperature < np.inf:
        raise ValueError("temperature_ must be a finite number above 0")


def _target_scaler(output: str) -> Callable[..., StandardScaler]:
    of = {"exp": statistics.mean_scaler, "ascending": statistics.common_scaler}
    return of.get(output, statistics.scaler)


def _imputer(x: Any, weights: np.ndarray | None) -> SimpleImputer:
    """Return the imputer of the weighted means; rows of weight 0 count as absent."""
    if scipy.sparse.issparse(x):
        raise ValueError(
            "missing='learn' needs a dense X, got a sparse matrix: what is not stored in it is 0, "
            "not missing. Pass X.toarray(), or set missing='error'."
        )
    missing = np.isnan(x if weights is None else x[weights > 0])
    features = np.flatnonzero(missing.any(axis=0))
    return scalers.imputer(statistics.means(x, weights), features, x.dtype.name)


def _fill(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(x), values.astype(x.dtype), x)
