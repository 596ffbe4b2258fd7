"""Evaluation sets: what `fit` is given or holds out, what is measured on them, and who decides."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing

from lamina.engines import Data
from lamina.estimators import translate
from lamina.estimators.data import inputs, preprocessing
from lamina.estimators.measuring import scoring
from lamina.estimators.measuring.live import live
from lamina.plan import EarlyStopping, Training, checks
from lamina.training import Watch

HELD = "validation"
RESERVED = ("epoch", "loss", "learning_rate", "seconds")


class Given(NamedTuple):
    """An evaluation set as the user gave it."""

    name: str
    X: Any
    y: Any
    weights: Any = None


class Checked(NamedTuple):
    """An evaluation set, and its samples as the network takes them."""

    given: Given
    data: Data


@dataclass(frozen=True)
class Plan:
    """What is measured after each epoch, and what decides.

    Attributes
    ----------
    given : list of Given
    holds_out : bool
        Whether the fit holds out a set of its own, called "validation".
    scorers : dict of str to scorer
    scored : set of str
        Names of the sets whose own score is measured.
    monitor : str or None
    signs : dict of str to float
        All columns that are measured, and 1 where larger is better, else -1.
    unclear : set of str
        Columns whose sign must be asked for: a scorer's, named like an error.
    """

    given: list[Given]
    holds_out: bool
    scorers: dict[str, scoring.Scorer]
    scored: set[str]
    monitor: str | None
    signs: dict[str, float]
    unclear: set[str]

    def sign(self, name: str, mode: str, option: str = "mode") -> float:
        """Return 1 where larger is better, else -1; ArgumentError where nobody can know."""
        if mode == "auto" and name in self.unclear:
            expected = (
                f"'min' or 'max' for {name!r}: of a scorer larger is better, but this one is named "
                f"like an error"
            )
            raise checks.fail(option, expected, mode)
        return {"min": -1.0, "max": 1.0}.get(mode, self.signs[name])


def plain(estimator: Any) -> bool:
    """Return whether early stopping is scikit-learn's, by the score of one set."""
    return _by_score(estimator) and not translate.is_lbfgs(estimator)


def _by_score(estimator: Any) -> bool:
    early = estimator.early_stopping
    return bool(early) and not isinstance(early, EarlyStopping)


def plan(estimator: Any, eval_set: Any) -> Plan:
    """Return what is to be measured; ArgumentError unless it can be, before any work."""
    given, scorers = sets_of(eval_set), scoring.scorers(estimator.scoring)
    early, names = estimator.early_stopping, [own.name for own in given]
    monitor, holds_out = None, False
    if isinstance(early, EarlyStopping):
        monitor = early.monitor
        holds_out = monitor.startswith(f"{HELD}_") and HELD not in names
    elif plain(estimator) or (given and _by_score(estimator)):  # L-BFGS holds no samples out
        holds_out = not given
        monitor = f"{HELD if holds_out else names[0]}_score"
    names += [HELD] * holds_out
    columns = [(f"{name}_loss", -1.0) for name in names]
    columns += [(f"{name}_{scorer}", 1.0) for name in names for scorer in scorers]
    scored = {name for name in names if monitor == f"{name}_score"}
    columns += [(f"{name}_score", 1.0) for name in scored]
    signs = dict(columns)
    _check_names([name for name, _ in columns])
    possible = ["loss", *signs, *(f"{name}_score" for name in names)]
    if monitor is not None and monitor not in possible:
        raise _unknown(monitor, possible, given)
    doubtful = {own for own, scorer in scorers.items() if scoring.like_an_error(own, scorer)}
    unclear = {f"{name}_{own}" for name in names for own in doubtful}
    found = Plan(given, holds_out, scorers, scored, monitor, {"loss": -1.0, **signs}, unclear)
    if isinstance(early, EarlyStopping):
        found.sign(early.monitor, early.mode, "early_stopping.mode")
    return found


def warn_unmeasured(plan: Plan, incremental: bool) -> None:
    """Warn of scorers that have nothing to score."""
    if plan.scorers and not plan.given and not plan.holds_out and not incremental:
        warnings.warn(
            "scoring has no effect without an evaluation set: pass fit(..., eval_set=(X, y)), or "
            "set early_stopping=True to hold samples out",
            UserWarning,
            stacklevel=4,  # of fit
        )


def _unknown(monitor: str, possible: list[str], given: list[Given]) -> checks.ArgumentError:
    held = [] if given else [f"{HELD}_loss", f"{HELD}_score"]
    names = ", ".join(repr(name) for name in dict.fromkeys(own for own in possible + held))
    more = "" if given else " of samples held out; other sets are what fit(..., eval_set=...) takes"
    return checks.fail("early_stopping.monitor", f"one of {names}{more}", monitor)


def _check_names(columns: list[str]) -> None:
    twice = [name for name in columns if columns.count(name) > 1 or name in RESERVED]
    if twice:
        raise checks.ArgumentError(
            f"eval_set and scoring must have names that give every column of history_ its own, got "
            f"{twice[0]!r} twice"
        )


def sets_of(eval_set: Any) -> list[Given]:
    """Return the evaluation sets by name: "eval", "eval_0" and so on, or the keys of a dict."""
    if eval_set is None:
        return []
    if isinstance(eval_set, Mapping):
        named = list(eval_set.items())
    elif isinstance(eval_set, list):
        named = [(f"eval_{i}", own) for i, own in enumerate(eval_set)]
    else:
        _refuse_several(eval_set)
        named = [("eval", eval_set)]
    for name, own in named:
        if not isinstance(name, str) or not name:
            raise checks.fail("every name in eval_set", "a text", name)
        if not isinstance(own, tuple) or len(own) not in (2, 3):
            expected = "(X, y), (X, y, sample_weight), a list of them or a dict of them by name"
            raise checks.fail("eval_set", expected, own)
    if not named:
        raise checks.fail("eval_set", "at least one set, or None", eval_set)
    return [Given(name, *own) for name, own in named]


def _refuse_several(eval_set: Any) -> None:
    """Raise for a tuple of sets, which would pass as one set of tuples."""
    if isinstance(eval_set, tuple) and eval_set and all(map(_like_a_set, eval_set)):
        raise checks.fail("eval_set", "a list of sets, or a dict of them by name", eval_set)


def _like_a_set(own: Any) -> bool:
    return isinstance(own, tuple) and len(own) in (2, 3) and len(getattr(own[0], "shape", ())) == 2


def checked(estimator: Any, given: list[Given]) -> list[Checked]:
    """Return the sets as the network takes them; ValueError names the set that it cannot take."""
    return [_checked(estimator, own) for own in given]


def _checked(estimator: Any, given: Given) -> Checked:
    try:
        X, y = estimator._validate(given.X, given.y, first=False, incremental=True, classes=None)
        weights = inputs.check_weights(given.weights, X)
        if weights is not None and not weights.any():
            raise ValueError("sample_weight must have an entry above 0")
        if y.shape[1] != estimator.network_.n_outputs:
            n_outputs = estimator.network_.n_outputs
            raise ValueError(f"y has {y.shape[1]} outputs, the network {n_outputs}")
        X, y = preprocessing.apply(estimator, X), preprocessing.apply_y(estimator, y)
    except ValueError as error:
        raise ValueError(f"eval_set {given.name!r}: {error}") from None
    return Checked(given, Data(X, y, weights))


def split(training: Training, y: np.ndarray, strata: Any, random: Any) -> list[np.ndarray]:
    """Return the rows to learn from and those held out, as scikit-learn draws them."""
    rows, held = train_test_split(
        np.arange(len(y)),
        random_state=random,
        test_size=training.validation_fraction,
        stratify=strata,
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of "
            "your dataset."
        )
    return [rows, held]


def held_out(given: tuple[Any, Any, Any], data: Data, held: np.ndarray) -> Checked:
    """Return the rows `held` of X, y and weights as `fit` was given them, and of `data`."""
    X, y, weights = (None if own is None else _safe_indexing(own, held) for own in given)
    return Checked(Given(HELD, X, y, weights), data.rows(held))


class Evaluation:
    """Measures loss and scores of the sets: a function of a trainer."""

    def __init__(self, estimator: Any, plan: Plan, sets: list[Checked], loss_scale: float) -> None:
        self.estimator, self.plan, self.sets, self.loss_scale = estimator, plan, sets, loss_scale
        self._view = live(estimator)
        self._for_loss = [estimator._weighed_alike(own.data) for own in sets]
        self._weighted = {own: scoring.takes_weights(own) for own in plan.scorers.values()}
        scored = [own for own in sets if own.given.name in plan.scored]
        self._own = {own.given.name: _decoded(estimator, own.data.y) for own in scored}
        self._trial = False

    def __call__(self, trainer: Any) -> dict[str, float]:
        """Return the numbers by column."""
        numbers: dict[str, float] = {}
        for checked_set, data in zip(self.sets, self._for_loss, strict=True):
            with np.errstate(all="ignore"):
                loss = trainer.losses(data)
            numbers[f"{checked_set.given.name}_loss"] = self.loss_scale * loss
            numbers |= self._scores(trainer, checked_set)
        return numbers

    def try_out(self, trainer: Any) -> None:
        """Measure before any work; ValueError if what decides comes out as NaN."""
        self._trial = True
        self(trainer)
        self._trial = False

    def _scores(self, trainer: Any, checked_set: Checked) -> dict[str, float]:
        given, data = checked_set
        scored = given.name in self.plan.scored
        names = [*self.plan.scorers, *["score"] * scored]
        if not names:
            return {}
        with np.errstate(all="ignore"):
            prediction = preprocessing.undo_y(self.estimator, trainer.predict(data.x))
        if not np.isfinite(prediction).all():  # which scikit-learn's scorers refuse
            return {f"{given.name}_{name}": np.nan for name in names}
        found = {}
        if scored:
            predicted = self.estimator._decode(prediction)
            found["score"] = self.estimator._metric(self._own[given.name], predicted, data.weights)
        if self.plan.scorers:
            self._view.show(trainer, given.X, prediction)
            found |= {name: self._score(name, given) for name in self.plan.scorers}
        numbers = {f"{given.name}_{name}": float(value) for name, value in found.items()}
        if self._trial and np.isnan(numbers.get(str(self.plan.monitor), 0.0)):
            raise ValueError(
                f"{self.plan.monitor} is NaN, so that early_stopping cannot go by it: eval_set "
                f"{given.name!r} may have too few samples for the score, or only one class"
            )
        return numbers

    def _score(self, name: str, given: Given) -> float:
        scorer = self.plan.scorers[name]
        more = {}
        if given.weights is not None and self._weighted[scorer]:
            more = {"sample_weight": given.weights}
        with _named(name, given.name):
            value = scorer(self._view, given.X, given.y, **more)
        if not np.isscalar(value) or not np.isreal(value):
            raise checks.fail(f"the score {name!r}", "a number", value)
        return float(value)  # type: ignore[arg-type]


@contextmanager
def _named(scorer: str, of: str) -> Iterator[None]:
    """Say which scorer failed on which set."""
    where = f"scoring {scorer!r} of eval_set {of!r}"
    try:
        yield
    except Exception as error:
        if type(error) is ValueError:
            raise ValueError(f"{where}: {error}") from error
        error.add_note(f"This was {where}.")
        raise


def _decoded(estimator: Any, y: np.ndarray) -> Any:
    return estimator._decode(preprocessing.undo_y(estimator, y))


def watch(
    training: Training, plan: Plan, evaluate: Evaluation | None, resumed: bool = False
) -> Watch:
    """Return what the training loop measures and goes by."""
    early, own = training.early_stopping, isinstance(training.early_stopping, EarlyStopping)
    trial = evaluate is not None and (
        bool(plan.scorers) or (bool(plan.given) and bool(plan.scored))
    )
    patience, tol = training.n_iter_no_change, training.tol
    if plan.monitor is None:
        return Watch(evaluate, patience=patience, tol=tol, rehearse=trial)
    if not isinstance(early, EarlyStopping):
        early = EarlyStopping(plan.monitor)
    return Watch(
        evaluate,
        plan.monitor,
        plan.sign(plan.monitor, early.mode),
        patience if early.patience is None else early.patience,
        tol if early.tol is None else early.tol,
        early.restore_best,
        early.start_from_epoch,
        trial,
        strict=own,
        anew=(own or bool(plan.given)) and not resumed,
    )
