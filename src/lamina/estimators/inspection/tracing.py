"""Step by step, of a network or of a fitted estimator: what it does to X and y comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier

from lamina.diagnosis.trace import GoingOn, Step, Trace
from lamina.engines import Data
from lamina.estimators import layers, translate
from lamina.estimators.base import BaseMLP
from lamina.estimators.data import inputs, preprocessing
from lamina.estimators.inspection.single import check_fitted
from lamina.plan import Clock, Network, Regularization, checks, over_epoch
from lamina.training import reactive

BEFORE, AFTER = "What the estimator does first", "What it answers"
REGULARIZED = ("dropout", "input_dropout", "input_noise", "l1", "l2")
BOUNDED = ("max_norm", "clip_value", "clip_norm")


def trace(
    network: Any,
    x: Any,
    y: Any,
    parameters: Any = None,
    *,
    sample_weight: Any = None,
    factors: Any = None,
    alpha: float | None = None,
) -> Trace:
    """Follow samples through forward and backward propagation, value by value.

    Each value comes with the equation that made it and the note that has it (note 002 §4.3,
    algorithms 5 and 6; note 003 §4.6; note 004): every z, h, φ′, δ, ∂ℓ/∂h and gradient, the loss of
    each sample, the prediction, and the bound of note 004 on each layer's gradient with its
    factors. The numbers are those of `lamina.spec.network`.

    Parameters
    ----------
    network : Network, MLPClassifier or MLPRegressor
        A network with `parameters`, or a fitted estimator.
    x : array-like of shape (n_features,) or (n_samples, n_features)
    y : array-like
        Of a network, targets of shape (n_outputs,), (n_samples,) or (n_samples, n_outputs) as the
        loss wants them; of an estimator what its `fit` takes: labels, or numbers in their own
        units. A single label or number goes with a single x.
    parameters : list of tuples of arrays (W, b), optional
        Of a network, for instance ``network.initialize(0)``; not of an estimator, which has its
        own. All float32, or else float64.
    sample_weight : array-like of shape (n_samples,), optional
    factors : array-like of shape (n_samples,), optional
        Of a network, what multiplies the samples' losses and does not count in the mean, as class
        weights do. An estimator knows its own.
    alpha : float in [0, inf), optional
        L2 penalty, ``½ alpha Σ ‖W‖² / S``. By default that of the estimator; 0 of a network.

    Returns
    -------
    Trace
        ``trace["z_1"]``, ``trace.layers[0].z``, ``.h``, ``.delta``, ``.gradient`` and so on;
        `Trace.steps`,
        `Trace.arrays`, `Trace.text`, `Trace.html`, `Trace.sample`, `Trace.update`.

    Raises
    ------
    ArgumentError
        If an argument is of another kind, shape or range, or has a number that is not finite.
    ValueError
        If an estimator cannot take x or y.
    NotFittedError
        If the estimator is not fitted.

    Notes
    -----
    What training adds to a step is left out: dropout, noise, clipping and the penalties of a
    `Regularization`; so is the temperature of `MLPClassifier.calibrate`. Of a regressor's squared
    error with several outputs ℓ is their sum, as in a training step; `sample_losses` and
    ``loss_`` have their mean.

    Examples
    --------
    >>> import lamina
    >>> network = lamina.Network.mlp(2, [2], 1, activation="logistic", output="logistic")
    >>> t = lamina.trace(network, [1.0, 2.0], 1, network.initialize(0))
    >>> t.layers[0].h.shape, t.layers[1].gradient.W.shape
    ((1, 2), (2, 1))
    >>> print(next(step.equation for step in t.steps if step.name == "δ_1"))
    δ_1 = ∂ℓ/∂h_1 ⊙ φ′_1
    >>> print(t.update(lamina.Momentum(), rate=0.1)["W_1"].move.shape)
    (2, 2)
    """
    if isinstance(network, BaseMLP):
        return _of_estimator(network, x, y, parameters, sample_weight, factors, alpha)
    if not isinstance(network, Network):
        check_fitted(network, "network", "a Network, or a fitted MLPClassifier or MLPRegressor")
    own = 0.0 if alpha is None else alpha
    return Trace.of(network, parameters, x, y, sample_weight, factors, own)


def _of_estimator(
    estimator: Any,
    x: Any,
    y: Any,
    parameters: Any,
    sample_weight: Any,
    factors: Any,
    alpha: float | None,
) -> Trace:
    check_fitted(estimator, "network")
    for name, given in (("parameters", parameters), ("factors", factors)):
        if given is not None:
            raise checks.fail(name, "None for an estimator, which has its own", given)
    if y is None:
        raise checks.fail("y", "labels or numbers as fit takes them", None)
    x, y = _rows(x, y)
    X, Y = estimator._validate(x, y, first=False, incremental=True, classes=None)
    weights = inputs.check_weights(
        None if sample_weight is None else np.atleast_1d(sample_weight), X
    )
    h_0, targets = preprocessing.apply(estimator, X), preprocessing.apply_y(estimator, Y)
    data = estimator._weighed_alike(Data(h_0, targets, weights))
    features, classes = _features(estimator), _classes(estimator, targets)
    before = _before(estimator, X, _dense(h_0), y, targets, features, classes)
    penalty = estimator.alpha if alpha is None else alpha
    own = _dense(h_0), targets, weights, data.factors, penalty
    names = features if len(features) == estimator.network_.n_inputs else ()
    found = Trace.of(
        estimator.network_,
        layers.of(estimator),
        *own,
        before=tuple(before),
        inputs=names,
        outputs=classes,
        going_on=_going_on(estimator),
    )
    return replace(found, after=tuple(_after(estimator, found.prediction)))


def _features(estimator: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in getattr(estimator, "feature_names_in_", ()))


def _classes(estimator: Any, targets: np.ndarray) -> tuple[str, ...]:
    """Return a name for each output of a classifier that has several."""
    if not is_classifier(estimator) or targets.shape[1] == 1:
        return ()
    return tuple(str(label) for label in estimator.classes_)


def _going_on(estimator: Any) -> GoingOn:
    """Return the rule and where the next epoch would start."""
    state, start = estimator._state, float(estimator.learning_rate_init)
    training = state.training
    if translate.is_lbfgs(estimator) or training is None:
        why = "L-BFGS has none" if translate.is_lbfgs(estimator) else "this training has none"
        return GoingOn(start=start, why=f"{why} to go on with, pass one")
    clock = Clock(state.step, state.epoch, state.sample, 1, reactive.bases(state.places))
    rate, why = None, ""
    try:
        # its own schedule, and not the one of the last fit, whose length is that of the fit
        own = over_epoch(translate.schedule_of(estimator), state.rate, clock)
        rate = float(np.ravel(own)[0])
    except checks.ArgumentError:
        name = type(training.learning_rate).__name__
        why = f"{name} has come to its end with the fit, and partial_fit cannot go on with it"
    left_out = _left_out(training.regularization)
    rule, slots = training.decayed_rule, state.slots
    return GoingOn(rule, rate, slots, clock, start, left_out, why)


def _left_out(own: Regularization) -> tuple[str, ...]:
    """Return what of a regularisation changes a step, but for weight decay, which a rule has."""
    found = [name for name in REGULARIZED if np.any(np.asarray(getattr(own, name)) != 0)]
    return (*found, *(name for name in BOUNDED if np.isfinite(getattr(own, name))))


def _rows(x: Any, y: Any) -> tuple[Any, Any]:
    """Return samples, and a single one with the axis that estimators want."""
    if hasattr(x, "to_frame") and hasattr(x, "index"):  # a row of a data frame, with its names
        return x.to_frame().T, _single(y)
    if hasattr(x, "to_frame"):  # a series of polars
        x = x.to_numpy()
    if scipy.sparse.issparse(x) or np.ndim(x) != 1:
        return x, np.atleast_1d(y) if np.ndim(y) == 0 else y
    return [x], _single(y)


def _single(y: Any) -> Any:
    """Return a label, a number or a row of them as the target of one sample."""
    if scipy.sparse.issparse(y) or np.ndim(y) > 1:
        return y
    own = np.atleast_1d(y)
    return own if len(own) == 1 else own[np.newaxis]


def _dense(x: Any) -> np.ndarray:
    return x.toarray() if scipy.sparse.issparse(x) else x


def _before(
    estimator: Any,
    X: Any,
    h_0: np.ndarray,
    y: Any,
    targets: np.ndarray,
    features: tuple[str, ...],
    classes: tuple[str, ...],
) -> list[Step]:
    """Return what X and y become before the network sees them."""
    found, own = [], vars(estimator)
    if "imputer_" in own or "x_scaler_" in own:
        given = Step("X", "X", "X is given", "given", _dense(X), BEFORE, samples=0)
        found.append(replace(given, columns=features))
        text = "X filled" if "imputer_" in own else "X"
        if "x_scaler_" in own:
            text = f"({text} − mean)" if own["x_scaler_"].with_mean else text
            text += " / scale"
        words, more = "", estimator.network_.n_inputs > estimator.n_features_in_
        if "imputer_" in own:
            words = "missing numbers filled by their column's mean"
        if more:
            text += ", then 1 where a number is missing, else 0"
            words += "; such a column for each that had gaps in training"
        names = features if not more else ()
        made = Step("x", "x", f"x = {text}", "standardize, missing", h_0, BEFORE, words, samples=0)
        found.append(replace(made, columns=names))
    if is_classifier(estimator):
        found.append(_labels(estimator, y, targets, classes))
    elif "y_scaler_" in own:
        numbers = np.asarray(y, dtype=np.float64).reshape(len(targets), -1)
        found.append(Step("Y", "Y", "Y is given", "given", numbers, BEFORE, samples=0))
        text = "y = (Y − mean) / scale" if own["y_scaler_"].with_mean else "y = Y / scale"
        found.append(Step("y", "targets", text, "standardize", targets, BEFORE, samples=0))
    return found


def _labels(estimator: Any, y: Any, targets: np.ndarray, classes: tuple[str, ...]) -> Step:
    text = "y: 1 in the column of the sample's class"
    if not classes:
        first, last = (str(label) for label in np.ravel(estimator.classes_)[[0, -1]])
        text = f"y = 1 for {last}, 0 for {first}"
    elif estimator._label_binarizer.y_type_.startswith("multilabel"):
        text = "y: 1 in the column of each label of the sample"
    rows: tuple[str, ...] = ()
    if not scipy.sparse.issparse(y) and np.ndim(y) == 1 and len(targets) > 1:
        rows = tuple(str(own) for own in y)
    return Step("y", "targets", text, "given", targets, BEFORE, "", rows, classes, 0)


def _after(estimator: Any, prediction: np.ndarray) -> list[Step]:
    """Return the answer in the user's words."""
    own = preprocessing.undo_y(estimator, prediction)
    answer = _dense(estimator._decode(own))
    text, words = "answer = ŷ", ""
    if is_classifier(estimator):
        text = "answer = the class of the largest ŷ"
        if estimator._label_binarizer.y_type_.startswith("multilabel"):
            text = "answer = the labels whose ŷ > ½"
        elif own.shape[1] == 1:
            text = "answer = the second class if ŷ > ½, else the first"
        temperature = getattr(estimator, "temperature_", 1.0)
        if temperature != 1:
            words = f"predict_proba is another: calibrate divides z_L by {temperature:.4g} first"
    elif "y_scaler_" in vars(estimator):
        text += " scale" + (" + mean" if vars(estimator)["y_scaler_"].with_mean else "")
    else:
        return []
    return [Step("answer", "answer", text, "predict", answer, AFTER, words, samples=0)]
