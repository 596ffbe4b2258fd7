"""Races on surfaces: paths of other libraries, fair rates, ranks, and what may not race."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina.descent import Problem, Race, descend, problems, surfaces
from lamina.plan import ArgumentError
from lamina.plan.rules import RULES

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "races.json").read_text())
TORCH = {
    "gradient_descent": "gradient_descent",
    "momentum": "momentum",
    "adagrad": lamina.AdaGrad(epsilon_inside=False),
    "rmsprop": lamina.RMSProp(epsilon_inside=False),
    "adam": "adam",
    "adamw": lamina.AdamW(strength=0.01),
}
EASY = {"learning_rate": 0.01, "n_steps": 30, "repeats": 1}


@pytest.fixture(scope="module")
def ravine():
    return lamina.race("ravine", ["gradient_descent", "momentum", "adam"], n_steps=100, repeats=1)


@pytest.mark.parametrize("name", ["ravine", "saddle", "rosenbrock", "beale"])
def test_paths_are_those_of_pytorch(name):
    race = lamina.race(
        name,
        TORCH,
        n_steps=20,
        learning_rate={rule: GOLDENS["rates"][rule] for rule in TORCH},
        repeats=1,
    )
    for rule in TORCH:
        golden = GOLDENS[f"{name} {rule}"]
        assert race[rule].points == pytest.approx(np.array(golden["points"]), rel=1e-9, abs=1e-9)
        assert race[rule].losses == pytest.approx(golden["values"], rel=1e-8, abs=1e-9)


def test_a_schedule_of_open_length_takes_that_of_the_race_as_pytorchs_does():
    race = lamina.race(
        "beale", "adam", {"cosine": lamina.Cosine()}, n_steps=20, learning_rate=0.1, repeats=1
    )
    golden = GOLDENS["beale cosine"]["points"]
    assert race["adam, cosine"].points == pytest.approx(np.array(golden), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_runs_as_descend_does(rule):
    own = surfaces.rosenbrock()
    runner = lamina.race("rosenbrock", rule, **EASY)[rule]
    path = descend(own, own.start, rule=rule, step=0.01, tolerance=None, max_steps=30)
    np.testing.assert_array_equal(runner.points, path.points)
    np.testing.assert_array_equal(runner.losses, path.values)
    assert runner.steps.tolist() == list(range(len(path.values)))


def test_whoever_else_races_changes_nothing(ravine):
    other = lamina.race("ravine", ["adam", "nesterov", "momentum"], n_steps=100, repeats=2)
    alone = lamina.race("ravine", "adam", n_steps=100, repeats=1)
    for race, names in ((other, ["adam", "momentum"]), (alone, ["adam"])):
        for name in names:
            assert race[name].rate == ravine[name].rate
            assert race[name].tried == ravine[name].tried
            np.testing.assert_array_equal(race[name].losses, ravine[name].losses)
            np.testing.assert_array_equal(race[name].points, ravine[name].points)


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_no_rate_tried_does_better_than_the_best(ravine, name):
    own, finish = ravine[name], ravine.levels[-1]

    def key(runner):
        steps = runner.steps_to(finish)
        return (math.inf if steps is None else steps, runner.loss)

    for rate, loss in own.tried.items():
        other = lamina.race("ravine", name, learning_rate=rate, n_steps=100, repeats=1)[name]
        assert loss == (math.inf if other.diverged else other.loss)
        assert other.diverged or key(other) >= key(own)
    rates = sorted(own.tried)
    place = rates.index(own.rate)
    assert 0 < place < len(rates) - 1
    assert rates[place + 1] / rates[place - 1] < 2  # three rates to each side of the coarse best


def test_the_best_constant_rate_of_gradient_descent_on_a_quadratic_is_theorys():
    """2 / (L + mu) makes the slowest of both directions fastest (note 004)."""
    problem = problems.quadratic(30.0)
    found = lamina.race(problem, "gradient_descent", n_steps=60, repeats=1)["gradient_descent"]
    assert found.rate == pytest.approx(2 / 31, rel=0.15)


def test_the_search_goes_beyond_its_first_grid():
    def scaled(factor):
        return Problem(
            "scaled",
            lambda x: 0.5 * factor * x @ x,
            lambda x: factor * x,
            np.ones(2),
            np.zeros(2),
        )

    for factor, rate in ((1e6, 1e-6), (1e-3, 1e3)):
        own = lamina.race(scaled(factor), "gradient_descent", n_steps=5, repeats=1)
        assert own["gradient_descent"].rate == pytest.approx(rate, rel=0.01)


def test_levels_are_reached_where_the_loss_stays_below(ravine):
    assert ravine.levels == tuple(sorted(ravine.levels, reverse=True))
    first = ravine["adam"].losses[0] - ravine.lowest
    assert ravine.levels == pytest.approx([ravine.lowest + s * first for s in (1e-2, 1e-4, 1e-6)])
    for runner in ravine:
        for level in (*ravine.levels, 1e9):
            steps = runner.steps_to(level)
            if steps is None:
                assert runner.loss > level and runner.seconds_to(level) is None
                continue
            assert (runner.losses[steps:] <= level).all()
            assert steps == 0 or runner.losses[steps - 1] > level
            assert runner.seconds_to(level) == runner.seconds[steps]


def test_a_bounce_above_a_level_is_not_to_have_reached_it():
    own = lamina.race("ravine", "momentum", learning_rate=0.02, n_steps=60, repeats=1)["momentum"]
    rises = np.flatnonzero(np.diff(own.losses) > 0)
    level = float(own.losses[rises[0]]) * 1.0001
    assert own.steps_to(level) > rises[0]


def test_ranks_are_by_the_lowest_level_then_by_the_loss_and_those_who_diverged_are_last():
    rates = {"momentum": 0.4, "gradient_descent": 0.04, "adagrad": 1.0, "nesterov": 0.0056}
    race = lamina.race("beale", [*rates, "rmsprop"], learning_rate=rates | {"rmsprop": 0.02})
    assert [runner.name for runner in race] == [*rates, "rmsprop"]
    names = [runner.name for runner in race.ranked]
    assert names == ["nesterov", "adagrad", "gradient_descent", "rmsprop", "momentum"]
    first, second, third, fourth, _ = race.ranked
    finish = race.levels[-1]
    assert first.steps_to(finish) < second.steps_to(finish) and first.loss > second.loss
    assert third.steps_to(finish) is fourth.steps_to(finish) is None and third.loss < fourth.loss
    assert race["momentum"].diverged and race["momentum"].reason
    assert not first.diverged and first.reason == ""


def test_who_ends_above_the_start_has_diverged():
    own = lamina.race("bowl", "gradient_descent", learning_rate=0.7, n_steps=20, repeats=1)
    runner = own["gradient_descent"]
    assert np.isfinite(runner.losses).all() and len(runner.losses) == 21
    assert runner.diverged and runner.reason.startswith("the loss went from 19.69 to ")


def test_a_runner_whose_numbers_explode_ends_there_and_says_where():
    race = lamina.race("rosenbrock", "gradient_descent", learning_rate=0.1, n_steps=50, repeats=2)
    own = race["gradient_descent"]
    assert own.diverged and re.search("after step [0-9]+ at", own.reason)
    assert np.isfinite(own.losses).all() and len(own.losses) < 51
    assert len(own.points) == len(own.steps) == len(own.losses) == len(own.seconds)
    assert "diverged" in race.table() and "diverged" in repr(own)


def test_times_rise_and_are_of_every_point(ravine):
    for runner in ravine:
        assert runner.seconds[0] == 0 and (np.diff(runner.seconds) > 0).all()
        assert runner.seconds.shape == runner.losses.shape


def test_the_table_has_a_line_for_each_runner_and_columns_that_align(ravine):
    lines = ravine.table(times=False).splitlines()
    assert len(lines) == 1 + len(ravine)
    assert [line.split()[1] for line in lines[1:]] == [own.name for own in ravine.ranked]
    ends = {len(line) for line in lines}
    assert len(ends) == 1
    assert lines[0].split()[0] == "runner" and lines[0].split()[-1] == "loss"
    assert ravine.table().splitlines()[0].endswith("seconds")
    best = ravine.ranked[0]
    assert lines[1].split()[-2] == str(best.steps_to(ravine.levels[-1]))
    assert repr(ravine).splitlines()[0] == "Race of 3 runners on ravine, 100 steps"


def test_the_table_of_a_notebook_escapes_names():
    race = lamina.race("bowl", {"<b>": "adam"}, **EASY)
    shown = race._repr_html_()
    assert "&lt;b&gt;" in shown and "<b>" not in shown
    assert shown.count("<tr>") == 2


def test_levels_close_to_one_another_are_told_apart():
    head = lamina.race("saddle", "adam", **EASY).table().splitlines()[0]
    shown = re.findall(r"to (-[0-9.]+)", head)
    assert len(shown) == len(set(shown)) == 3


def test_each_rule_runs_under_each_schedule():
    schedules = {"constant": None, "falling": lamina.Exponential(k=0.01)}
    race = lamina.race("bowl", ["adam", lamina.Momentum(0.5)], schedules, **EASY)
    assert [runner.name for runner in race] == [
        "adam, constant",
        "adam, falling",
        "Momentum(momentum=0.5), constant",
        "Momentum(momentum=0.5), falling",
    ]
    assert race["adam, constant"].schedule is None
    assert race["adam, falling"].loss != race["adam, constant"].loss
    listed = lamina.race("bowl", "adam", [lamina.StepDecay(every=7), None], **EASY)
    assert [runner.name for runner in listed] == ["adam, StepDecay(every=7)", "adam, constant"]


def test_a_schedule_with_an_initial_of_its_own_keeps_it():
    race = lamina.race("bowl", "adam", lamina.StepDecay(initial=0.25, every=5), n_steps=9)
    own = race.runners[0]
    assert own.rate == 0.25 and own.tried == {}


def test_a_rule_without_a_learning_rate_is_not_searched_for():
    own = lamina.race("bowl", "adadelta", n_steps=9)["adadelta"]
    assert math.isnan(own.rate) and own.tried == {} and "nan" not in repr(own)


def test_any_problem_of_any_dimension_and_another_start():
    problem = problems.quadratic(dimension=5)
    race = lamina.race(problem, "adam", start=np.full(5, 2.0), **EASY)
    assert race["adam"].points.shape == (31, 5)
    assert race["adam"].points[0].tolist() == [2.0] * 5
    assert race.losses(race["adam"].points) == pytest.approx(race["adam"].losses)
    kept = lamina.race(problem, "adam", paths=False, **EASY)["adam"]
    assert kept.points.shape == (0, 5) and len(kept.losses) == 31


def test_from_the_optimum_nobody_moves():
    race = lamina.race("bowl", ["momentum"], start=surfaces.bowl().optimum, **EASY)
    assert race["momentum"].loss == 0 and not race["momentum"].diverged
    assert race["momentum"].steps_to(race.levels[0]) == 0
    searched = lamina.race("bowl", "momentum", start=[0.7, -0.4], n_steps=3, repeats=1)
    assert min(searched["momentum"].tried) == 1e-4  # all are as good: nothing better lies below
    assert max(searched["momentum"].tried) == 1e4  # nor above


def test_levels_of_ones_own():
    race = lamina.race("bowl", "adam", levels=[0.5, 2.0], **EASY)
    assert race.levels == (2.0, 0.5)
    assert lamina.race("bowl", "adam", levels=1, **EASY).levels == (1.0,)
    assert lamina.race("bowl", "adam", levels=[], **EASY).levels == ()


def test_arrays_are_read_only_and_runners_are_found_by_name(ravine):
    for name in ("points", "steps", "losses", "seconds"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(ravine["adam"], name)[0] = 0
    assert len(ravine) == 3 and isinstance(ravine, Race)
    with pytest.raises(ArgumentError, match="did you mean 'adam'"):
        ravine["adan"]
    with pytest.raises(ArgumentError, match=r"points must be of shape \(n, 2\)"):
        ravine.losses([1.0, 2.0])
    with pytest.raises(ArgumentError, match="level must be a number"):
        ravine["adam"].steps_to("low")
    with pytest.raises(ArgumentError, match="times must be True or False"):
        ravine.table(times="no")


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("himmelblau", "adam"), {}, "surface must be one of 'bowl', "),
        ((lambda x: x @ x, "adam"), {}, "problem must be one of 'bowl', .* a Problem"),
        ((None, "adam"), {}, "problem must be"),
        (("bowl", []), {}, "rules must be .* at least one"),
        (("bowl", {}), {}, "rules must be .* at least one"),
        (("bowl", None), {}, "rules must be a rule, a sequence"),
        (("bowl", 3), {}, "rules must be a rule, a sequence"),
        (("bowl", "adan"), {}, "every rule of rules must be one of .*did you mean 'adam'"),
        (("bowl", ["lbfgs"]), {}, "every rule of rules must be one of"),
        (("bowl", [lamina.Adam]), {}, r"every rule of rules must be a Rule .*write Adam\(\)"),
        (("bowl", ["adam", "adam"]), {}, "rules must be different from one another"),
        (("bowl", {1: "adam"}), {}, "every name in rules must be a text"),
        (("bowl", {"": "adam"}), {}, "every name in rules must be a text"),
        (("bowl", "adam", "cosine"), {}, "every schedule of schedules must be a Schedule"),
        (("bowl", "adam", [0.1]), {}, "every schedule of schedules must be a Schedule"),
        (("bowl", "adam", []), {}, "schedules must be .* at least one"),
        (("bowl", "adam", 3), {}, "schedules must be None, a Schedule"),
        (("bowl", "adam", lamina.Adaptive()), {}, "waits for no plateau"),
        (("bowl", "adam", lamina.WarmUp(then=lamina.Adaptive())), {}, "waits for no plateau"),
        (("bowl", "adam", lamina.Constant(initial=0.0)), {}, "one with initial above 0"),
        (("bowl", "adam"), {"learning_rate": "fast"}, r"learning_rate must be .* or 'best'"),
        (("bowl", "adam"), {"learning_rate": 0}, r"learning_rate must be a number in \(0, inf\)"),
        (("bowl", "adam"), {"learning_rate": -1.0}, "learning_rate must be a number"),
        (("bowl", "adam"), {"learning_rate": math.nan}, "learning_rate must be a number"),
        (("bowl", "adam"), {"learning_rate": None}, "learning_rate must be a number"),
        (("bowl", "adam"), {"learning_rate": {"sgd": 1}}, "a dict of a rate for each of"),
        (("bowl", "adam"), {"learning_rate": {}}, "a dict of a rate for each of"),
        (("bowl", "adam"), {"learning_rate": {"adam": "x"}}, r"learning_rate\['adam'\] must be"),
        (("bowl", "adam"), {"n_steps": 0}, r"n_steps must be an integer in \[1, inf\)"),
        (("bowl", "adam"), {"n_steps": 2.5}, "n_steps must be an integer"),
        (("bowl", "adam"), {"repeats": 0}, "repeats must be an integer"),
        (("bowl", "adam"), {"paths": 1}, "paths must be True or False"),
        (("bowl", "adam"), {"start": [1.0]}, r"start must be of shape \(2,\)"),
        (("bowl", "adam"), {"start": [math.inf, 1.0]}, "start must be finite"),
        (("bowl", "adam"), {"start": "here"}, "start must be an array of numbers"),
        (("bowl", "adam"), {"levels": "low"}, "levels must be an array of numbers"),
        (("bowl", "adam"), {"levels": [[1.0]]}, "levels must be finite losses"),
        (("bowl", "adam"), {"levels": [math.nan]}, "levels must be finite losses"),
        (("bowl", "adam"), {"epochs": 3}, "epochs must be None where the problem is no network"),
        (("bowl", "adam"), {"X": [[1.0]]}, "X must be None where the problem is no network"),
        (("bowl", "adam"), {"random_state": 0}, "random_state must be None where"),
        (("bowl", "adam"), {"training": lamina.Training()}, "training must be None where"),
    ],
)
def test_what_cannot_race_is_named_before_any_work(arguments, options, words, monkeypatch):
    monkeypatch.setattr("lamina.descent.racing.grounds.descend", None)
    with pytest.raises(ArgumentError, match=words):
        lamina.race(*arguments, **options)


def test_a_momentum_that_waits_for_a_plateau_is_named():
    with pytest.raises(ArgumentError, match="waits for no plateau"):
        lamina.race("bowl", lamina.Momentum(lamina.Adaptive(initial=0.5)))
