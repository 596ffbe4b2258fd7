"""One fit: from checked data to a training loop that measures, saves and may go on."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lamina.engines import Data, default_engine
from lamina.estimators import translate
from lamina.estimators.inspection import seen
from lamina.estimators.measuring import validation
from lamina.estimators.running import checkpoint
from lamina.estimators.running.report import Report
from lamina.plan import Training
from lamina.training import Course, Outcome, fit, fit_lbfgs
from lamina.training.lbfgs import Result


class Task(NamedTuple):
    """What a fit was asked for.

    Attributes
    ----------
    given : X, y and weights as the user gave them
    sets : list of Checked
    before : dict of str to object
        The estimator's attributes before the fit.
    saved : Saved or None
        The checkpoint to go on from.
    """

    given: tuple[Any, Any, Any]
    sets: list[validation.Checked]
    before: dict[str, Any]
    saved: checkpoint.Saved | None


def train(
    estimator: Any, task: Task, training: Training, data: Data, random: Any, report: Report
) -> Outcome | Result:
    """Train ``estimator._state`` and return why it ended."""
    plan, sets, saved = report.plan, task.sets, task.saved

    @cache  # of all the data: only for those who want it
    def digests() -> dict[str, str]:
        own = [(checked.given.name, checked.data) for checked in task.sets]
        return checkpoint.digests(whole, own, getattr(estimator, "classes_", None))

    whole, rows, mark = data, None, None
    if saved is not None:
        saved.check(digests())
        random, rows, mark = _go_back(estimator, saved), saved.rows, saved.mark
    if plan.holds_out:
        if rows is None:
            rows = validation.split(training, data.y, estimator._strata(data.y), random)
        sets = [*sets, validation.held_out(task.given, data, rows[1])]
        data = data.rows(rows[0])

    report.warn_clipped(len(data.y))

    def save(course: Course) -> bytes:
        checkpoint.check_class(estimator)
        functions = checkpoint.functions(estimator.scoring)
        kept = estimator._kept(task.before)
        own = checkpoint.Saved(kept, course.mark(), rows, digests(), functions)
        return checkpoint.dumps(type(estimator).__name__, own)

    report.save, report.resumed = save, saved is not None
    engine, data = default_engine(estimator.n_threads), estimator._weighed(data)
    evaluate = validation.Evaluation(estimator, plan, sets, training.loss_scale) if sets else None
    watch = validation.watch(training, plan, evaluate, resumed=saved is not None)
    network, state = estimator.network_, estimator._state
    seen.begin(estimator, training, data, report.incremental)
    end: Outcome | Result
    if translate.is_lbfgs(estimator):
        most = estimator.max_fun
        end = fit_lbfgs(engine, network, training, state, data, most, report, watch=watch)
    else:
        end = fit(engine, network, training, state, data, random, watch, report, mark)
    own = None if rows is None else rows[0]
    seen.end(estimator, training, end, data, sets, own, report.incremental)
    return end


def _go_back(estimator: Any, saved: checkpoint.Saved) -> np.random.RandomState:
    """Take over the state of a checkpoint; return its source of random draws."""
    estimator._state, random = saved.mark.state, saved.mark.random
    if isinstance(estimator.random_state, np.random.RandomState):
        estimator.random_state.set_state(random.get_state())
        return estimator.random_state
    return random
