"""What a report says about a fitted estimator, in words and numbers."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.estimators import translate
from lamina.estimators.html import text
from lamina.estimators.measuring import scoring
from lamina.estimators.running.report import DIVERGED
from lamina.plan import EarlyStopping, checks

Rows = list[tuple[str, str]]


def unit(estimator: Any, n: int) -> str:
    """Return what the history counts, for a number of them."""
    word = "iteration" if translate.is_lbfgs(estimator) else "epoch"
    return word if n == 1 else f"{word}s"


def scorers(estimator: Any) -> tuple[str, ...]:
    """Return the names of the scores that the estimator asks for."""
    try:
        return tuple(scoring.scorers(estimator.scoring))
    except checks.ArgumentError:  # set to nonsense after the fit
        return ()


def summary(estimator: Any) -> str:
    """Return the fit in a line."""
    network, history = estimator.network_, estimator.history_
    n = history.n_epochs
    parts = [
        f"{text.count(estimator.n_features_in_, 'feature')} → {_answers(estimator)}",
        text.count(network.n_parameters, "parameter"),
        f"{n:,} {unit(estimator, n)}",
    ]
    seconds = _seconds(estimator)
    return " · ".join(parts if np.isnan(seconds) else [*parts, text.time(seconds)])


def ending(estimator: Any) -> str:
    """Return why training ended and where the weights are from."""
    reason = getattr(estimator, "stop_reason_", "")
    history = estimator.history_
    if history.best_epoch is None or history.n_epochs == 1:
        return reason
    word, by = unit(estimator, 1), history.monitor or "loss"
    best = f"Best {word}: {history.best_epoch:,}, by {by}"
    if _restores(estimator):
        best += "; the weights are those after it"
    return f"{reason} {best}.".strip()


def warnings(estimator: Any) -> list[str]:
    """Return what is wrong with the course of the training, a sentence each."""
    history, found = estimator.history_, []
    if getattr(estimator, "stop_reason_", "") == DIVERGED:
        found.append(
            "Training diverged: the weights are the last finite ones. Scale features and target, "
            "or lower learning_rate_init."
        )
    loss = history["loss"]
    wrong = np.flatnonzero(~np.isfinite(loss))
    word = unit(estimator, 1)
    if len(wrong):
        found.append(
            f"The loss is not finite in {len(wrong):,} of {len(loss):,} {word}s, first in {word} "
            f"{wrong[0] + 1:,}."
        )
    elif len(loss) > 1 and loss[-1] > loss[0]:
        found.append(
            f"The loss rose, from {text.number(float(loss[0]))} in the first {word} to "
            f"{text.number(float(loss[-1]))} in the last."
        )
    return found


def settings(estimator: Any) -> Rows:
    """Return the constructor's parameters that differ from their defaults."""
    defaults = inspect.signature(type(estimator).__init__).parameters
    own = estimator.get_params(deep=False)
    order = [name for name in defaults if name in own]
    return [(n, repr(own[n])) for n in order if not is_default(own[n], defaults[n].default)]


def data(estimator: Any) -> Rows:
    """Return what the network was fitted to, and how long that took."""
    network, history = estimator.network_, estimator.history_
    rows = [("features", _features(estimator))]
    if network.n_inputs != estimator.n_features_in_:
        rows.append(("inputs of the network", f"{network.n_inputs:,}"))
    rows.append(_outputs(estimator))
    rows.append(("loss", _loss(network.loss)))
    rows.append(("parameters", f"{network.n_parameters:,}, {estimator.coefs_[0].dtype}"))
    n, last = history.n_epochs, estimator.n_iter_
    more = "" if last == n else f", {last:,} of them in the last fit"
    rows.append((f"{unit(estimator, 1)}s", f"{n:,}{more}"))
    rows.append(("samples seen", f"{estimator.t_:,}"))
    rows.append(("time of the steps", text.time(_seconds(estimator))))
    if estimator._state.record is not None:
        rows.append(("record_", estimator._state.record.summary()))
    return rows


def numbers(estimator: Any) -> list[str]:
    """Return the names of the columns of the history that have a number."""
    history = estimator.history_
    return [
        name
        for name in history
        if name != "epoch" and (name == "loss" or not np.isnan(history[name]).all())
    ]


def _loss(loss: Any) -> str:
    """Return a loss without the floor that the estimators set for scikit-learn's sake."""
    return repr(replace(loss, floor=0.0) if hasattr(loss, "floor") else loss)


def _restores(estimator: Any) -> bool:
    history = estimator._state.history
    early = estimator._state.training and estimator._state.training.early_stopping
    kept = history.monitor is not None and history.best_parameters is not None
    return bool(kept and early and (not isinstance(early, EarlyStopping) or early.restore_best))


def is_default(value: Any, default: Any) -> bool:
    """Return whether a parameter is at its default, however its objects compare."""
    if value is default:
        return True
    try:
        return bool(value == default)
    except Exception:  # arrays, and objects that compare in their own way
        return repr(value) == repr(default)


def _seconds(estimator: Any) -> float:
    """Return what all steps took; NaN where nothing is known, as after `lamina.load`."""
    seconds = estimator.history_["seconds"]
    known = seconds[np.isfinite(seconds)]
    return float(known.sum()) if len(known) else np.nan


def _features(estimator: Any) -> str:
    names = getattr(estimator, "feature_names_in_", None)
    n = f"{estimator.n_features_in_:,}"
    return n if names is None else f"{n}: {text.listed(names)}"


def _several_labels(estimator: Any) -> bool:
    return estimator.network_.output == "logistic" and estimator.network_.n_outputs > 1


def _answers(estimator: Any) -> str:
    if not hasattr(estimator, "classes_"):
        return text.count(estimator.network_.n_outputs, "output")
    if _several_labels(estimator):
        return text.count(len(estimator.classes_), "label")
    return text.count(len(estimator.classes_), "class", "classes")


def _outputs(estimator: Any) -> tuple[str, str]:
    if not hasattr(estimator, "classes_"):
        return "outputs", f"{estimator.network_.n_outputs:,}"
    kind = "labels" if _several_labels(estimator) else "classes"
    return kind, f"{len(estimator.classes_):,}: {text.listed(estimator.classes_.tolist())}"
