"""From an estimator, with or without samples, to the subject of a report."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing, check_array, check_consistent_length, column_or_1d

from lamina.estimators.data import scales
from lamina.estimators.html import text
from lamina.estimators.inspection.representations import fitted
from lamina.estimators.inspection.sample_losses import prepared
from lamina.plan import Quantiles, checks
from lamina.report.scoring import not_finite, score
from lamina.report.subject import Answers, Kind, Subject


def describe(estimator: Any, X: Any = None, y: Any = None) -> Subject:
    """Return the subject of a report.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    X, y : array-like, optional
        Samples to look at and to score on; `y` needs `X`.

    Raises
    ------
    ArgumentError
        If `estimator` is of another kind, or there is a `y` without `X`.
    NotFittedError
        If it is not fitted.
    ValueError
        If the samples are not as the estimator takes them.
    """
    fitted(estimator)
    if X is None and y is not None:
        raise checks.fail("X", "given where y is", X)
    kind = kind_of(estimator)
    names, given = names_of(estimator, kind), text.count(estimator.n_features_in_, "feature")
    answers = None if y is None else answers_of(estimator, kind, names, X, y)
    if X is not None and y is None:
        estimator.predict(X)  # raises where X is not as it should be
    if answers is not None and kind == "classes" and (answers.truth < 0).any():
        known = np.flatnonzero(answers.truth >= 0)  # no loss is known of the others
        X, y = _safe_indexing(X, known), _safe_indexing(np.asarray(y), known)
    return Subject(
        estimator=estimator,
        kind=kind,
        title=f"{type(estimator).__name__}: {goal(kind, names)} from {given}",
        given=given,
        goal=goal(kind, names),
        names=names,
        X=X,
        y=y,
        answers=answers,
    )


def kind_of(estimator: Any) -> Kind:
    """Return what is predicted."""
    if hasattr(estimator, "classes_"):
        several = estimator.network_.output == "logistic" and estimator.network_.n_outputs > 1
        return "labels" if several else "classes"
    return "quantiles" if isinstance(estimator.network_.loss, Quantiles) else "numbers"


def names_of(estimator: Any, kind: Kind) -> tuple[str, ...]:
    """Return the names of classes, labels, quantiles or outputs."""
    if kind in ("classes", "labels"):
        return tuple(str(name) for name in estimator.classes_.tolist())
    if kind == "quantiles":
        return tuple(f"quantile {level}" for level in estimator.network_.loss.levels)
    n = estimator.network_.n_outputs
    return ("output",) if n == 1 else tuple(f"output {i + 1}" for i in range(n))


def goal(kind: Kind, names: tuple[str, ...]) -> str:
    """Return what the network predicts, in a few words."""
    if kind == "classes":
        return text.count(len(names), "class", "classes")
    what = {"labels": "label", "quantiles": "quantile", "numbers": "number"}[kind]
    return text.count(len(names), what)


def answers_of(estimator: Any, kind: Kind, names: tuple[str, ...], X: Any, y: Any) -> Answers:
    """Return predictions and scores for X and y."""
    classes = kind in ("classes", "labels")
    predicted = np.asarray(estimator.predict_proba(X) if classes else estimator.predict(X), float)
    truth, notes = _truth(estimator, kind, y)
    check_consistent_length(predicted, truth)
    if kind in ("labels", "numbers") and truth.shape != predicted.shape:
        expected = f"of shape {predicted.shape}, as the predictions are"
        raise ValueError(f"y must be {expected}, got shape {truth.shape}")
    where = f"the {text.count(len(truth), 'sample')} given to this report"
    levels = estimator.network_.loss.levels if kind == "quantiles" else ()
    scores = score(kind, truth, predicted, levels)
    learnt = "" if notes else learnt_from(estimator, X, y)
    return Answers(where, truth, predicted, scores, (*notes, *not_finite(predicted)), learnt)


def learnt_from(estimator: Any, X: Any, y: Any) -> str:
    """Say that samples are those of the fit, where a fit with ``diagnose`` has noted facts of its.

    As many samples, with the same smallest and largest number in each column, are the same.
    """
    known = estimator._state.seen.facts
    if known is None:
        return ""
    data = prepared(estimator, X, y)
    own = (*scales.ends(data.x), *scales.ends(data.y))
    noted = (*known.inputs[2:], *known.targets[2:])
    same = all(np.array_equal(a, b) for a, b in zip(own, noted, strict=True))
    if len(data.y) != known.n_samples or not same:
        return ""
    return "The network learnt from these very samples: new ones it knows less well."


def _truth(estimator: Any, kind: Kind, y: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return y as places of the classes, 0 and 1, or numbers; and what to say of it."""
    if kind == "classes":
        return _places(estimator.classes_.tolist(), y)
    truth = cast(NDArray[Any], check_array(y, ensure_2d=False, dtype=np.float64, input_name="y"))
    if kind == "labels" and not np.isin(truth, (0, 1)).all():
        raise ValueError("y must have a column of 0 and 1 for each label, got other numbers")
    if truth.ndim == 2 and truth.shape[1] == 1 and kind != "labels":
        truth = truth.ravel()
    return truth, ()


def _places(classes: list[Any], y: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    given = column_or_1d(y).tolist()
    known = {label: place for place, label in enumerate(classes)}
    truth = np.array([known.get(label, -1) for label in given], int)
    n = int((truth < 0).sum())
    if not n:
        return truth, ()
    first = given[int(np.argmax(truth < 0))]
    if n == len(truth):
        raise ValueError(
            f"y must have labels of the model's classes, {text.listed(classes)}, got {first!r}"
        )
    have = "has" if n == 1 else "have"
    note = (
        f"{text.count(n, 'sample')} {have} a class that the model does not know, such as "
        f"{first!r}: counted as wrong, and left out of the log loss and the pictures."
    )
    return truth, (note,)
