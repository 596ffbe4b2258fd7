"""The race: every runner from the same start, at a fair learning rate, and timed in turns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.descent.inputs import numeric
from lamina.descent.problems import Problem
from lamina.descent.racing import rates
from lamina.descent.racing.entries import Entry, entries
from lamina.descent.racing.grounds import Laps, SurfaceGround
from lamina.descent.racing.network import NetworkGround, seed_of
from lamina.descent.racing.result import Race, Runner
from lamina.descent.surfaces import SURFACES, surface
from lamina.estimators.base import BaseMLP
from lamina.plan import Network, Rule, checks

N_STEPS, N_EPOCHS = 200, 30
REACHED = 0.5, 0.1, 0.01  # of what is won, where no lowest value is known
Ground = SurfaceGround | NetworkGround


def race(
    problem: Any,
    rules: Any,
    schedules: Any = None,
    *,
    X: Any = None,
    y: Any = None,
    learning_rate: Any = "best",
    start: Any = None,
    n_steps: int | None = None,
    epochs: int | None = None,
    levels: Any = None,
    training: Any = None,
    random_state: Any = None,
    repeats: int = 3,
    paths: bool = True,
) -> Race:
    """Race update rules side by side on a test surface, or on a network's own loss.

    All runners start from the same point; on a network they have the same first weights and meet
    the same batches in the same order. No runner knows of the others: its numbers are the same
    whoever else races, but for the times.

    Parameters
    ----------
    problem : str, Problem, MLPClassifier, MLPRegressor or Network
        The name of a test surface ("bowl", "ravine", "saddle", "rosenbrock" or "beale": see
        `lamina.descent.surfaces`), a `lamina.descent.Problem`, or a network with `X` and `y`. An
        estimator, fitted or not, is cloned and starts from new weights.
    rules : str, Rule, sequence of them, or dict of str to them
        Names as of an estimator's `solver`, such as "adam", or objects. The keys of a dict are the
        runners' names.
    schedules : Schedule, sequence of Schedule or None, or dict, optional
        Each rule runs under each of them; None is a constant rate. A schedule of open length, such
        as ``Cosine()``, takes that of the race; one with an ``initial`` keeps it. Without any the
        rate is constant, or follows the estimator's own schedule. AdaDelta, which has no learning
        rate, runs once.
    X, y : array-like, optional
        The samples, for a network: of an estimator as its `fit` takes them; of a `Network` arrays
        (n_samples, n_inputs) and (n_samples, n_outputs), 0/1 rows for classes.
    learning_rate : float in (0, inf), "best", or dict, default="best"
        One for all, or for each rule by its name. "best": searched for, for each runner by itself,
        on a grid from 1e-4 to 1 with two rates per decade, which grows up to 1e-8 or 1e4 where the
        best lies at its end, then three more rates to each side of the best: on a network once, on
        a surface three times, ever closer. What ranks runners ranks rates too; on a network that
        is the final loss. Rules differ by orders of magnitude in the rate that suits them, so that
        one rate for all is rarely fair.
    start : array-like of shape (d,), optional
        For a surface; by default the problem's own.
    n_steps : int in [1, inf), default=200
        For a surface.
    epochs : int in [1, inf), default=30
        For a network: passes over the samples.
    levels : sequence of float, optional
        Losses to come down to; the lowest ranks the runners. By default 1e-2, 1e-4 and 1e-6 of the
        first gap to a problem's lowest value. Of a network, whose lowest loss nobody knows, a
        half, a tenth and a hundredth of the way up from the best loss of any runner to the first.
    training : Training, optional
        For a `Network`: batches, penalties and the like. An estimator has its own.
    random_state : int, RandomState instance or None, default=None
        For a network: weights and batches, the same for all; None: the estimator's. One seed
        says little: ranks turn with it.
    repeats : int in [1, inf), default=3
        Runs of each, in turns. Of each step's times the least counts; they are noisy all the same,
        and on a surface they are mostly Python's own.
    paths : bool, default=True
        Whether to keep the points, which of large networks are many numbers.

    Returns
    -------
    Race
        `lamina.displays.RaceDisplay` draws it.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of no use with this problem, before any work.

    Notes
    -----
    A runner counts as diverged where its numbers stop being finite, or its loss ends above the
    start's. On a surface a step's time has the value and the gradient of f in it; on a network
    only the training's steps.

    Examples
    --------
    >>> import lamina
    >>> race = lamina.race("ravine", ["gradient_descent", "momentum"], learning_rate=0.02)
    >>> print(race.table(times=False))
       runner            rate  to 0.447  to 0.00447  to 4.47e-05       loss
    1  momentum          0.02        44          88          129  9.863e-09
    2  gradient_descent  0.02        82         196            -   0.003686

    On a network, of an estimator:

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = lamina.MLPClassifier(8, batch_size=30, random_state=0, standardize=True)
    >>> race = lamina.race(model, ["adam", "sgd"], X=X, y=y, learning_rate=0.01, epochs=20)
    >>> all(runner.loss < 0.5 * runner.losses[0] for runner in race)
    True
    """
    checks.integer("repeats", repeats, "[1, inf)")
    checks.flag("paths", paths)
    network = {"X": X, "y": y, "epochs": epochs, "training": training, "random_state": random_state}
    ground = _ground(problem, {"start": start, "n_steps": n_steps}, network)
    runners = entries(rules, schedules, learning_rate, ground.schedule)
    known = [(entry, ground.rule(entry.rule)) for entry in runners]
    for entry, rule in known:
        ground.check(rule, entry.schedule)
    given = _levels(ground.marks if levels is None else levels)
    with np.errstate(all="ignore"):  # what is not finite ends a run and is named
        made = [_at_its_rate(ground, *own, given, paths) for own in known]
        for _ in range(repeats - 1):
            made = [_again(ground, runner) for runner in made]
    if levels is None and ground.marks is None:
        given = _reached(made)
    return Race(
        ground.name,
        tuple(made),
        given,
        ground.unit,
        ground.lowest,
        int(repeats),
        ground.seed,
        ground,
    )


def _ground(problem: Any, own: dict[str, Any], network: dict[str, Any]) -> Ground:
    """Return what to race on; ArgumentError for arguments that have no part in it."""
    if isinstance(problem, (BaseMLP, Network)):
        _refuse(own, "None for a network")
        return _on_network(problem, **network)
    if isinstance(problem, str):
        problem = surface(problem)
    expected = (
        f"one of {', '.join(map(repr, SURFACES))}, a Problem of lamina.descent, an MLPClassifier, "
        "an MLPRegressor or a Network (of a Pipeline transform X first and pass its last step)"
    )
    checks.kind("problem", problem, Problem, expected)
    _refuse(network, "None where the problem is no network")
    n_steps = N_STEPS if own["n_steps"] is None else own["n_steps"]
    checks.integer("n_steps", n_steps, "[1, inf)")
    return SurfaceGround(problem, own["start"], int(n_steps))


def _on_network(
    problem: Any, X: Any, y: Any, epochs: Any, training: Any, random_state: Any
) -> NetworkGround:
    epochs = N_EPOCHS if epochs is None else epochs
    checks.integer("epochs", epochs, "[1, inf)")
    for name, value in (("X", X), ("y", y)):
        if value is None:
            raise checks.fail(name, "given for a network", value)
    seed = seed_of(random_state, problem)
    if isinstance(problem, Network):
        return NetworkGround.of_network(problem, X, y, seed, int(epochs), training)
    _refuse({"training": training}, "None for an estimator, whose parameters say it")
    return NetworkGround.of_estimator(problem, X, y, seed, int(epochs))


def _refuse(given: dict[str, Any], expected: str) -> None:
    for name, value in given.items():
        if value is not None:
            raise checks.fail(name, expected, value)


def _levels(levels: Any) -> tuple[float, ...]:
    given = () if levels is None else levels if np.ndim(levels) else [levels]
    array = numeric("levels", given)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise checks.fail("levels", "finite losses, shape (n,)", levels)
    return tuple(sorted(set(array.tolist()), reverse=True))


def _reached(runners: list[Runner]) -> tuple[float, ...]:
    """Return levels between the first loss and the best; none where nobody came down."""
    first = float(runners[0].losses[0])
    best = min((float(own.losses.min()) for own in runners if not own.diverged), default=first)
    return tuple(best + share * (first - best) for share in REACHED) if best < first else ()


def _at_its_rate(
    ground: Ground, entry: Entry, rule: Rule, levels: tuple[float, ...], paths: bool
) -> Runner:
    """Run at the entry's rate, or at the best one."""

    def score(rate: float) -> rates.Score:
        return _runner(entry, rule, rate, {}, run(rate)).key(levels)[1:]

    def run(rate: float) -> Laps:
        return ground.run(rule, entry.schedule, rate)

    tried = rates.search(score, ground.rounds) if entry.rate is None else {}
    rate = rates.best(tried) if entry.rate is None else entry.rate
    laps = run(1.0 if np.isnan(rate) else rate)
    if not paths:
        laps = laps._replace(points=np.empty((0, laps.points.shape[1]), laps.points.dtype))
    return _runner(entry, rule, rate, {at: loss for at, (_, loss) in tried.items()}, laps)


def _again(ground: Ground, runner: Runner) -> Runner:
    """Run once more: of each step's times the least counts."""
    rate = 1.0 if np.isnan(runner.rate) else runner.rate
    other = ground.run(runner.rule, runner.schedule, rate).seconds
    steps = np.minimum(np.diff(runner.seconds), np.diff(other))
    return replace(runner, seconds=np.concatenate([[0.0], np.cumsum(steps)]))


def _runner(entry: Entry, rule: Rule, rate: float, tried: dict[float, float], laps: Laps) -> Runner:
    start, end = laps.losses[0], laps.losses[-1]
    if not laps.reason and not end <= start:
        laps = laps._replace(reason=f"the loss went from {start:.4g} to {end:.4g}")
    return Runner(entry.name, rule, entry.schedule, rate, tried, **laps._asdict())
