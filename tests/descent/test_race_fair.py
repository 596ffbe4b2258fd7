"""Races are fair: nobody wins by luck, rates are near the best, and a race can be kept."""

import copy
import pickle
import tracemalloc
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import lamina
from lamina.descent import Problem, problems, surfaces
from lamina.descent.racing import network
from lamina.plan import ArgumentError

X, Y = load_iris(return_X_y=True)
X = scale(X)
MODEL = lamina.MLPClassifier(4, batch_size=50, random_state=0)
ON = {"X": X, "y": Y, "repeats": 1}


def best(name, rule, n_steps=200):
    return lamina.race(name, {"own": rule}, n_steps=n_steps, repeats=1).runners[0]


@pytest.mark.parametrize("name", ["bowl", "ravine"])
def test_decay_towards_zero_is_no_way_to_the_minimum(name):
    rules = {"adamw": "adamw", "adam": "adam", "lazy": lamina.WeightDecay(lamina.AdaDelta(), 0.01)}
    race = lamina.race(name, rules, n_steps=140, repeats=1)
    level = race.levels[-1]
    assert race["adam"].steps_to(level) <= (race["adamw"].steps_to(level) or np.inf)
    assert race.ranked[-1].name == "lazy" and race["lazy"].loss > 1e-3
    assert (np.abs(surfaces.surface(name).optimum) > 0.1).all()


def steps_near(name, rule, rate, n_steps):
    """Return the steps to the lowest level at 60 rates near one."""
    found = []
    for own in rate * np.linspace(0.8, 1.25, 60):
        race = lamina.race(name, rule, n_steps=n_steps, learning_rate=own, repeats=1)
        runner = race.runners[0]
        found.append(None if runner.diverged else runner.steps_to(race.levels[-1]))
    return [steps for steps in found if steps is not None]


@pytest.mark.parametrize(
    ("name", "rule", "n_steps"),
    [
        ("ravine", "gradient_descent", 200),
        ("ravine", "nesterov", 150),
        ("bowl", "nesterov", 60),
        ("beale", "nesterov", 120),
    ],
)
def test_no_rate_near_the_best_is_quicker_by_more_than_a_few_per_cent(name, rule, n_steps):
    race = lamina.race(name, rule, n_steps=n_steps, repeats=1)
    own = race.runners[0]
    steps = own.steps_to(race.levels[-1])
    assert min(steps_near(name, rule, own.rate, n_steps)) >= 0.95 * steps - 1


def test_the_best_of_adagrad_in_the_bent_valley_is_found():
    assert best("rosenbrock", "adagrad").loss < 1e-4


def test_where_every_rate_is_as_good_larger_ones_are_tried():
    own = lamina.race("bowl", "adam", start=[1e8, 1e8], n_steps=3, repeats=1)["adam"]
    assert max(own.tried) > 10  # small steps are lost in rounding
    still = lamina.race("bowl", "adam", start=[1e154, 1e153], n_steps=3, repeats=1)["adam"]
    assert max(still.tried) == 1e4 and len(set(still.tried.values())) == 1


def test_without_paths_no_points_are_held():
    problem = problems.quadratic(dimension=2000)
    one_path = 201 * 2000 * 8
    tracemalloc.start()
    own = {"learning_rate": 0.01, "n_steps": 200, "repeats": 4}
    race = lamina.race(problem, ["adam", "gradient_descent"], paths=False, **own)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert race["adam"].points.shape == (0, 2000)
    assert held < 0.5 * one_path and peak < 9 * one_path  # a run by itself: 6


@pytest.mark.parametrize("how", [copy.deepcopy, lambda race: pickle.loads(pickle.dumps(race))])
@pytest.mark.parametrize(
    ("problem", "options"),
    [
        ("saddle", {"n_steps": 9}),
        (MODEL, {"X": X, "y": Y, "epochs": 2}),
        (
            lamina.Network.mlp(4, [3], 3, output="softmax"),
            {"X": X, "y": np.eye(3)[Y], "epochs": 2, "random_state": 0},
        ),
    ],
)
def test_a_copy_of_a_race_is_that_race(problem, options, how):
    race = lamina.race(problem, ["adam", "momentum"], learning_rate=0.01, repeats=1, **options)
    own = how(race)
    assert own.table() == race.table() and own.window == race.window
    points = race["adam"].points
    np.testing.assert_array_equal(own.losses(points), race.losses(points))
    assert own["adam"].rule == race["adam"].rule
    with pytest.raises(ValueError, match="read-only"):
        own["adam"].losses[0] = 0


def test_losses_of_a_network_are_the_same_on_any_number_of_threads(monkeypatch):
    found, seen = [], []

    def told(threads, loss, task, points, n):
        threads.append(n)
        return loss(task, points, n)

    monkeypatch.setattr(network, "in_threads", partial(told, seen, network.in_threads))
    for n_threads in (1, 4):
        model = clone(MODEL).set_params(n_threads=n_threads)
        race = lamina.race(model, "adam", learning_rate=0.01, epochs=9, **ON)
        found.append(race.losses(race["adam"].points))
    np.testing.assert_array_equal(*found)
    assert set(seen) == {1, 4}


def test_a_networks_levels_lie_between_the_first_loss_and_the_best_that_is_reached():
    XR = np.linspace(-1, 1, 60).reshape(-1, 1)
    y = XR.ravel() ** 2 + np.random.RandomState(0).normal(size=60)  # with a floor of about 1/2
    model = lamina.MLPRegressor(hidden_layer_sizes=4, random_state=0, batch_size=20)
    own = {"X": XR, "y": y, "learning_rate": 0.02, "epochs": 10, "repeats": 1}
    race = lamina.race(model, ["adam", "momentum", "gradient_descent"], **own)
    first, least = race.runners[0].losses[0], min(runner.losses.min() for runner in race)
    assert race.levels == pytest.approx(
        [least + share * (first - least) for share in (0.5, 0.1, 0.01)]
    )
    assert all(any(own.losses.min() <= level for own in race) for level in race.levels)


def test_where_nobody_comes_down_there_is_no_level():
    own = {"X": X, "y": Y, "learning_rate": 1e150, "epochs": 2, "repeats": 1}
    assert lamina.race(MODEL, "gradient_descent", **own).levels == ()


def test_an_estimators_own_schedule_counts_where_no_other_is_given():
    cosine = lamina.Cosine(unit="epoch")
    own = lamina.MLPClassifier(4, random_state=0, batch_size=50, learning_rate=cosine)
    options = {"learning_rate": 0.02, "epochs": 3, **ON}
    race = lamina.race(own, "adam", **options)
    under = lamina.race(MODEL, "adam", {"cosine": cosine}, **options)
    np.testing.assert_array_equal(race["adam"].losses, under.runners[0].losses)
    assert race["adam"].schedule == cosine
    constant = lamina.race(own, "adam", {"constant": None}, **options).runners[0]
    assert constant.loss != race["adam"].loss
    named = lamina.MLPClassifier(4, solver="sgd", learning_rate="invscaling", random_state=0)
    assert lamina.race(named, "adam", **options)["adam"].schedule == lamina.InverseScaling()
    with pytest.raises(ArgumentError, match="waits for no plateau"):
        lamina.race(named.set_params(learning_rate="adaptive"), "adam", **options)


def test_a_race_on_a_network_names_its_seed():
    race = lamina.race(MODEL, "adam", random_state=7, learning_rate=0.02, epochs=2, **ON)
    assert race.seed == 7 and repr(race).splitlines()[0].endswith("6 steps, seed 7")
    assert lamina.race("bowl", "adam", learning_rate=0.1, n_steps=2).seed is None


def test_a_rule_without_a_rate_runs_once_under_all_schedules():
    under = {"constant": None, "cosine": lamina.Cosine()}
    race = lamina.race("bowl", ["adadelta", "adam"], under, learning_rate=0.1, n_steps=5)
    assert [own.name for own in race] == ["adadelta", "adam, constant", "adam, cosine"]
    assert race["adadelta"].schedule is None


def test_runners_as_good_as_one_another_share_a_place():
    rules = {"b": "adam", "a": lamina.Adam(), "c": "gradient_descent"}
    race = lamina.race("ravine", rules, learning_rate=0.005, n_steps=20, repeats=1)
    lines = [line.split()[:2] for line in race.table().splitlines()[1:]]
    assert lines == [["1", "c"], ["2", "a"], ["2", "b"]]
    assert [row["place"] for row in race.rows()] == [1, 2, 2]


def test_rows_have_what_the_table_has():
    race = lamina.race("ravine", ["adam", "momentum"], n_steps=20, learning_rate=0.01, repeats=1)
    for row, own in zip(race.rows(), race.ranked, strict=True):
        assert (row["name"], row["rate"], row["loss"]) == (own.name, own.rate, own.loss)
        assert row["steps_to"] == [own.steps_to(level) for level in race.levels]
        assert row["seconds"] == own.seconds[-1] and row["diverged"] is False
    assert "seconds" not in race.rows(times=False)[0]
    assert race[0] is race["adam"] and race[-1] is race["momentum"]


def test_a_start_below_the_optimum_is_named():
    problem = Problem("wrong", lambda x: x @ x, lambda x: 2 * x, np.zeros(2), np.ones(2))
    with pytest.raises(ArgumentError, match=r"start must be .* not below .* lowest value"):
        lamina.race(problem, "adam")


@pytest.mark.parametrize("name", ["two\nlines", "a\tb", ""])
def test_names_are_one_line(name):
    with pytest.raises(ArgumentError, match="every name in rules must be a text of one line"):
        lamina.race("bowl", {name: "adam"})


def test_a_pipeline_is_told_what_to_do():
    with pytest.raises(ArgumentError, match=r"transform X first"):
        lamina.race(make_pipeline(StandardScaler(), MODEL), "adam", **ON)
