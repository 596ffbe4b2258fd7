"""`lamina.diagnose`: from an estimator, with or without samples, to findings in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.diagnosis.findings import Evidence, Findings, Knobs, alike, find
from lamina.engines import Data, default_engine
from lamina.estimators import layers, translate
from lamina.estimators.inspection import facts, sample_losses, single, standing
from lamina.estimators.inspection.effort import CLOSE
from lamina.estimators.inspection.seen import TRAIN, placed
from lamina.estimators.measuring import validation
from lamina.plan import EarlyStopping, GradientDescent, Training, checks
from lamina.training import DataFacts, Record, Seen, Standing

MEASURED = 2048  # samples of a measured pass


def diagnose(estimator: Any, X: Any = None, y: Any = None, *, eval_set: Any = None) -> Findings:
    """Say what is wrong with a fitted network and its training, and what to change.

    Each finding names what was seen, with numbers, layer and epoch, what it means, and the change
    in code. Those that explain most come first. They go by what there is: the history of losses
    and scores always; what the fit recorded of each layer and of its samples with
    ``diagnose=True``; and with `X` and `y` by the network as it is, measured in one pass, and by a
    closer look at the samples than a fit has time for.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted, loaded from a file, or after a `DivergenceError`.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features), optional
        The samples that it was fitted to.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
        Their target; `X` and `y` go together.
    eval_set : (X, y), (X, y, sample_weight), list or dict of them, optional
        Other samples, as for `fit`: what shows overfitting and over-confidence, where the fit had
        no evaluation set and held nothing out.

    Returns
    -------
    Findings
        A sequence, empty if all is well.

    Raises
    ------
    ArgumentError
        If `estimator` is of another kind, or one of `X` and `y` is missing.
    NotFittedError
        Before `fit`.
    ValueError
        If the samples are not as the estimator takes them, or most columns of X are clearly others
        than those that the fit took note of.

    Notes
    -----
    How often each fault is named, and how often a training is accused that has none, is measured
    on labelled runs: see the guide. A simple model, the mean of the nearest neighbours or a linear
    fit, on samples that it has not seen tells how much a network should explain at least.

    Examples
    --------
    >>> import lamina
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = lamina.MLPClassifier(max_iter=30, learning_rate_init=1e-5, random_state=0)
    >>> found = lamina.diagnose(model.set_params(diagnose=True).fit(X, y))
    >>> found[0].name, found[0].change
    ('learning rate too low', 'Set learning_rate_init=0.001.')
    """
    return find(evidence(estimator, X, y, eval_set))


def evidence(estimator: Any, X: Any = None, y: Any = None, eval_set: Any = None) -> Evidence:
    """Return what `diagnose` goes by."""
    _check(estimator, X, y)
    known = gather(estimator)
    if X is not None:
        known = _with_samples(estimator, known, X, y)
    return known if eval_set is None else _with_sets(estimator, known, eval_set)


def _check(estimator: Any, X: Any, y: Any) -> None:
    single.check_fitted(estimator)
    for name, own, other in (("X", X, y), ("y", y, X)):
        if own is None and other is not None:
            raise checks.fail(name, "given where the other one of X and y is", own)


def gather(estimator: Any) -> Evidence:
    """Return what is known of a fitted estimator without any samples."""
    state = estimator._state
    seen: Seen = state.seen
    training = state.training or _training(estimator)
    history = dict(estimator.history_)
    return Evidence(
        network=estimator.network_,
        training=training,
        history=history,
        knobs=_knobs(estimator, training),
        outcome=seen.outcome,
        n_epochs=min(int(estimator.n_iter_), len(history["loss"])) or len(history["loss"]),
        monitor=state.history.monitor,
        record=state.record,
        culprit=seen.culprit,
        facts=seen.facts,
        standings=_standings(estimator, seen),
        features=_features(estimator),
        classes=tuple(str(own) for own in getattr(estimator, "classes_", ())),
        incremental=training.max_iter == 1,
    )


def _standings(estimator: Any, seen: Seen) -> dict[str, Standing]:
    """Return how the network did at the end of the fit; how sure it was only if it still is so."""
    if "temperature_" not in vars(estimator):
        return dict(seen.standings)
    other: dict[str, Any] = {"confidence": np.nan, "temperature": np.nan, "gain": np.nan}
    return {name: replace(own, **other) for name, own in seen.standings.items()}


def _training(estimator: Any) -> Training:
    try:
        return translate.training_of(estimator)
    except ValueError:  # set to nonsense after the fit
        return Training()


def _knobs(estimator: Any, training: Training) -> Knobs:
    early = training.early_stopping
    own = early if isinstance(early, EarlyStopping) else None
    lbfgs = translate.is_lbfgs(estimator)
    standardized = "".join(
        part for part, name in (("X", "x_scaler_"), ("y", "y_scaler_")) if hasattr(estimator, name)
    )
    return Knobs(
        solver=_solver(estimator, lbfgs),
        standardized=standardized,
        class_weight=getattr(estimator, "class_weight", None) is not None,
        stops_early=bool(early) and not lbfgs,
        patience=float(
            training.n_iter_no_change if own is None or own.patience is None else own.patience
        ),
        tol=float(training.tol if own is None or own.tol is None else own.tol),
    )


def _solver(estimator: Any, lbfgs: bool) -> str:
    if lbfgs:
        return "lbfgs"
    own = estimator.solver
    return own if isinstance(own, str) else type(own).__name__


def _features(estimator: Any) -> tuple[str, ...]:
    """Return names of the network's inputs, as sentences have them."""
    names = getattr(estimator, "feature_names_in_", None)
    n = estimator.n_features_in_
    own = [f"column {j}" for j in range(n)] if names is None else [f"{str(s)!r}" for s in names]
    imputer = getattr(estimator, "imputer_", None)
    if imputer is not None:
        own += [f"the indicator of {own[j]}" for j in imputer.indicator_.features_]
    return tuple(own)


def _with_samples(estimator: Any, before: Evidence, X: Any, y: Any) -> Evidence:
    """Return the evidence with the facts of X and y, and the network measured on them."""
    data = sample_losses.prepared(estimator, X, y)
    parameters = layers.of(estimator)
    known: DataFacts = facts.facts(estimator, data, CLOSE)
    if not before.incremental:
        _check_same(known, before)
    learnt = standing.standing(estimator, data, parameters, CLOSE, learnt=True)
    own = {**before.standings, TRAIN: learnt}
    now = measured(estimator, data, parameters)
    return replace(before, facts=known, standings=own, now=now)


def _check_same(known: DataFacts, before: Evidence) -> None:
    """Raise ValueError for samples whose columns are mostly others than those of the fit."""
    then, n = before.facts, known.n_samples
    if then is None or min(n, then.n_samples) < alike.LEAST:
        return
    worst = alike.unlike(then.columns, known.columns)
    if worst is None:
        return
    (mean, deviation), (own, spread) = then.columns[:2], known.columns[:2]
    raise ValueError(
        f"X and y must be the samples that the estimator was fitted to, got others: "
        f"{before.name_of(worst)} has mean {own[worst]:.3g} and standard deviation "
        f"{spread[worst]:.3g}, in fit {mean[worst]:.3g} and {deviation[worst]:.3g}. Prepare X as "
        f"for fit; other samples are an eval_set"
    )


def measured(estimator: Any, data: Data, parameters: Any) -> Record | None:
    """Return a record of one row: the network as it is, on some of the samples."""
    rows = np.linspace(0, len(data.y) - 1, min(len(data.y), MEASURED)).astype(np.int64)
    network = estimator.network_
    own = default_engine(estimator.n_threads).trainer(
        network, GradientDescent(), parameters, None, data, 0.0
    )
    try:
        with np.errstate(all="ignore"):
            own.epoch(rows, len(rows), np.array([[1.0, 0.0]]), measured=True)
        seen = own.measures()
    finally:
        own.close()
    return None if seen is None else Record.empty(network).extended(1, seen)


def _with_sets(estimator: Any, before: Evidence, eval_set: Any) -> Evidence:
    """Return the evidence with how the network does on other samples."""
    sets = validation.checked(estimator, validation.sets_of(eval_set))
    own = dict(before.standings)
    for held in sets:
        data = estimator._weighed_alike(held.data)
        own[held.given.name] = standing.standing(estimator, data, layers.of(estimator), CLOSE)
    return replace(before, standings=own)


def at_end(estimator: Any) -> Findings:
    """Return the findings of a fit that has just ended, by what it left."""
    return find(gather(estimator)).serious


def keep(estimator: Any, eval_set: Any) -> None:
    """Keep how a fitted network does on other samples, for findings to come."""
    known = evidence(estimator, eval_set=eval_set).standings
    estimator._state.seen.standings = dict(known)


def call_rows(estimator: Any, rows: np.ndarray) -> None:
    """Call the rows of the fit's X by other numbers: entry i is that of row i."""
    seen: Seen = estimator._state.seen
    if seen.culprit is not None:
        seen.culprit = replace(seen.culprit, sample=int(rows[seen.culprit.sample]))
    seen.facts = placed(seen.facts, rows)
