"""What members share, made once, and the training of one of them."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from lamina.engines import Data, default_engine
from lamina.ensembles.parallel import Stop
from lamina.estimators import translate
from lamina.estimators.base import BaseMLP
from lamina.estimators.measuring import validation
from lamina.estimators.running.callback import Told
from lamina.estimators.running.report import Report
from lamina.plan import Training, checks
from lamina.training import Outcome, State, fit, fit_lbfgs
from lamina.training.lbfgs import Result


@dataclass(frozen=True)
class Shared:
    """Data and options of all members: checked, converted, encoded and standardized once.

    Attributes
    ----------
    template : BaseMLP
        Knows the features, the classes, the scales and the network.
    training : Training
    data : Data
        Before class weights, which are not for samples held out; as `weighed` after them.
    weighed : Data
    given : tuple
        X, y and weights as they came.
    plan, sets
        What is measured after each epoch.
    incremental : bool
        Whether this is one epoch of `partial_fit`.
    """

    template: BaseMLP
    training: Training
    data: Data
    weighed: Data
    given: tuple[Any, Any, Any]
    plan: validation.Plan
    sets: list[validation.Checked]
    incremental: bool


@dataclass
class Trained:
    """A member after its training, and how that ended."""

    number: int
    member: BaseMLP
    outcome: Outcome | None = None
    error: BaseException | None = None
    learnt: bool = False
    cut: bool = False

    @property
    def failed(self) -> bool:
        """Whether weights or losses were not finite."""
        return self.outcome is not None and self.outcome.failed

    @property
    def finished(self) -> bool:
        """Whether training came to an end of its own."""
        return self.error is None and not self.cut and not self.failed


def prepare(
    template: BaseMLP,
    X: Any,
    y: Any,
    sample_weight: Any,
    incremental: bool,
    classes: Any = None,
    eval_set: Any = None,
) -> Shared:
    """Check everything, before any work, and return what the members share."""
    Told(template.callbacks, translate.is_lbfgs(template))
    plan = validation.plan(template, eval_set)
    training, data, _ = template._prepare(X, y, sample_weight, incremental, classes)
    sets = validation.checked(template, plan.given)
    weighed = template._weighed(data)
    return Shared(template, training, data, weighed, (X, y, sample_weight), plan, sets, incremental)


def new(shared: Shared, seed: int) -> BaseMLP:
    """Return a member that has learnt nothing yet."""
    member = copy.copy(shared.template)
    member.set_params(random_state=seed, callbacks=copy.deepcopy(member.callbacks))
    # Members see arrays that the ensemble has checked, names included.
    member.__dict__.pop("feature_names_in_", None)
    return member


def train(
    shared: Shared, number: int, member: BaseMLP, rows: np.ndarray, threads: Any, stop: Event
) -> Trained:
    """Train a member on its sample; an error comes back in the result, and stops the others."""
    lbfgs = translate.is_lbfgs(member)
    stopper = Stop(stop, by_steps=not lbfgs)
    told = Told([*(member.callbacks or ()), stopper], lbfgs)
    report = Report(member, shared.training, shared.plan, told, shared.incremental)
    report.verbose, report.save = False, _no_checkpoint
    trained, started = Trained(number, member), time.perf_counter()
    try:
        end = _run(shared, member, rows, threads, report)
    except BaseException as error:
        stop.set()
        trained.error, trained.learnt = error, report.learnt
        if report.learnt:
            member._settle(report.n_epochs, report.reason(error))
        told.fail(error, report.reason(error))
        return trained
    trained.outcome = end.outcome if isinstance(end, Result) else end
    trained.learnt, trained.cut = report.learnt, stopper.cut
    reason = report.reason(end)
    member._settle(report.n_epochs, reason)
    if member.verbose:
        seconds = time.perf_counter() - started
        print(
            f"Member {number}: {member.n_iter_} epochs, loss = {member.loss_:.8f}, "
            f"{seconds:.1f} s. {reason}"
        )
    try:
        told.end(reason)
    except BaseException as error:
        stop.set()
        trained.error = error
    report.release()
    return trained


def _run(
    shared: Shared, member: Any, rows: np.ndarray, threads: Any, report: Report
) -> Outcome | Result:
    random: Any = np.random.RandomState(member.random_state)
    engine, training, network = default_engine(threads), shared.training, member.network_
    if "coefs_" in member.__dict__:
        member._state = member._going_on()
    else:
        member._state = State(network.initialize(random, shared.data.x.dtype))
    sets = shared.sets
    if shared.plan.holds_out:
        rows, held = _hold_out(shared, member, rows, random)
        sets = [*sets, validation.held_out(shared.given, shared.data, held)]
    scale = training.loss_scale
    evaluate = validation.Evaluation(member, shared.plan, sets, scale) if sets else None
    watch = validation.watch(training, shared.plan, evaluate)
    state, data = member._state, shared.weighed
    own: dict[str, Any] = {"watch": watch, "listener": report}
    if translate.is_lbfgs(member):
        data = _distinct(data, rows)
        return fit_lbfgs(engine, network, training, state, data, member.max_fun, **own)
    return fit(engine, network, training, state, data, random, **own, rows=rows)


def _hold_out(
    shared: Shared, member: BaseMLP, rows: np.ndarray, random: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and those held out; copies of a row never part."""
    rows, counts = np.unique(rows, return_counts=True)
    y = shared.data.y[rows]
    learn, held = validation.split(shared.training, y, member._strata(y), random)
    return np.repeat(rows[learn], counts[learn]), rows[held]


def _distinct(data: Data, rows: np.ndarray) -> Data:
    """Return each row of a sample once, weighing as often as it is there.

    Of all samples at once that is the same loss, at less work than with repeats.
    """
    if len(rows) == len(data.y) and np.array_equal(rows, np.arange(len(rows))):
        return data
    rows, counts = np.unique(rows, return_counts=True)
    own = data.rows(rows)
    if counts.max() == 1:
        return own
    weights = counts.astype(own.y.dtype)
    return own._replace(weights=weights if own.weights is None else weights * own.weights)


def _no_checkpoint(course: Any) -> bytes:
    raise checks.ArgumentError(
        "callbacks of an ensemble's members cannot make checkpoints: save the ensemble instead"
    )
