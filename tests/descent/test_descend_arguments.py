"""What descend takes, refuses and leaves alone."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import lamina
from lamina.descent import (
    Backtracking,
    ExactLineSearch,
    GradientNorm,
    StepRule,
    ValueChange,
    descend,
)
from lamina.plan.rules import RULES


def bowl(x):
    return x[0] ** 2 + 10 * x[1] ** 2


def bowl_gradient(x):
    return np.array([2 * x[0], 20 * x[1]])


class Steep:
    gradient = [2.0]  # noqa: RUF012 -- an object of the caller's

    def __call__(self, x):
        return bowl(x)


class Odd(StepRule):
    def length(self, line):
        return np.nan


@pytest.mark.parametrize(
    "start",
    [
        [5, 1],
        (5.0, 1.0),
        np.array([5, 1], dtype=np.int8),
        np.array([5, 1], dtype=np.float32),
        np.array([[5.0, 9.0], [1.0, 9.0]])[:, 0],
        pd.Series([5.0, 1.0], index=["a", "b"]),
    ],
    ids=lambda start: type(start).__name__,
)
def test_every_kind_of_start_takes_the_same_path(start):
    before = np.array(start)
    path = descend(bowl, start, gradient=bowl_gradient, max_steps=5, step=0.05)
    expected = descend(bowl, np.array([5.0, 1.0]), gradient=bowl_gradient, max_steps=5, step=0.05)
    np.testing.assert_array_equal(path.points, expected.points)
    np.testing.assert_array_equal(before, start)
    assert path.points.dtype == np.float64


def test_neither_side_can_write_into_the_other():
    start = np.array([5.0, 1.0])

    def rude(x):
        value = bowl(x)
        x[:] = 99.0
        return value

    held = np.empty(2)

    def lazy(x):
        held[:] = bowl_gradient(x)
        return held

    path = descend(rude, start, gradient=lazy, step=0.01, max_steps=20)
    polite = descend(bowl, start, gradient=bowl_gradient, step=0.01, max_steps=20)
    np.testing.assert_array_equal(path.points, polite.points)
    np.testing.assert_array_equal(path.gradients, polite.gradients)
    assert start.tolist() == [5.0, 1.0]
    start[0] = 7.0
    assert path.points[0, 0] == 5.0
    with pytest.raises(ValueError, match="read-only"):
        path.points[0, 0] = 1.0
    for name in ("point", "gradient"):
        with pytest.raises(ValueError, match="read-only"):
            descend(bowl, start, stop=lambda s, name=name: s.step and getattr(s, name).fill(0))


def test_a_path_is_a_frame_and_survives_pickling():
    path = descend(bowl, [5.0, 1.0], gradient=bowl_gradient, step=0.01, max_steps=3)
    frame = path.as_frame()
    assert list(frame) == ["x_1", "x_2", "value", "gradient_norm", "step_length", "slope"]
    assert frame["value"].tolist() == path.values.tolist()
    assert frame["step_length"].tolist()[:3] == [0.01] * 3
    again = pickle.loads(pickle.dumps(path))
    np.testing.assert_array_equal(again.points, path.points)
    assert repr(again) == repr(path)
    for other in (again, copy.deepcopy(path)):
        assert not any(
            value.flags.writeable for value in vars(other).values() if isinstance(value, np.ndarray)
        )
    assert repr(path).splitlines()[0].startswith("Path of 3 steps from (5, 1) to (")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"f": 3}, "f must be a function, got 3"),
        ({"f": lambda x: x}, r"f must be a function that returns one real number, got \(2,\)"),
        ({"f": lambda x: "low"}, "f must be a function that returns one real number"),
        ({"f": lambda x: 1j}, "f must be a function that returns one real number"),
        ({"f": lambda x: True}, "f must be a function that returns one real number"),
        ({"f": lambda x: None}, "f must be a function that returns one real number"),
        ({"start": []}, r"start must be of shape \(d,\), d >= 1, got \(0,\)"),
        ({"start": 1.0}, r"start must be of shape \(d,\), d >= 1, got \(\)"),
        ({"start": [[1.0, 2.0]]}, r"start must be of shape \(d,\)"),
        ({"start": ["a", "b"]}, "start must be an array of numbers"),
        ({"start": [True, False]}, "start must be an array of numbers"),
        ({"start": [1j, 0]}, "start must be an array of numbers"),
        ({"start": [1.0, np.nan]}, "start must be finite, got 'nan at index 1'"),
        ({"start": [-np.inf, 0]}, "start must be finite, got '-inf at index 0'"),
        ({"start": [[1.0], [1.0, 2.0]]}, "start must be an array of numbers"),
        ({"f": lambda x: np.inf}, "start must be a point where f and its gradient are finite"),
        ({"gradient": 1}, "gradient must be a function"),
        ({"gradient": lambda x: x[:1]}, r"gradient\(x\) must be of shape \(2,\), got \(1,\)"),
        ({"gradient": lambda x: ["a", "b"]}, r"gradient\(x\) must be an array of numbers"),
        ({"gradient": lambda x: x * np.nan}, "entry 0 of the gradient is nan"),
        ({"direction": 1}, "direction must be a function"),
        ({"direction": lambda x, g: [1.0]}, r"direction\(x, gradient\) must be of shape \(2,\)"),
        ({"direction": lambda x, g: g * np.nan}, r"direction\(x, gradient\) must be finite"),
        ({"step": 0}, r"step must be a number in \(0, inf\), got 0"),
        ({"step": -0.1}, r"step must be a number in \(0, inf\)"),
        ({"step": np.nan}, r"step must be a number in \(0, inf\)"),
        ({"step": True}, r"step must be a number in \(0, inf\)"),
        ({"step": "fast"}, r"step must be a number in \(0, inf\)"),
        ({"step": lamina.RobbinsMonro()}, "step must be a schedule with initial"),
        ({"step": lamina.Adaptive(initial=0.1)}, "step must be a schedule that waits for no"),
        (
            {"step": lamina.OneCycle(initial=0.1)},
            "step must be a schedule with a length of its own",
        ),
        (
            {"rule": lamina.Momentum(lamina.WarmUp(initial=0.1, then=lamina.Adaptive()))},
            "every schedule in rule must be a schedule that waits for no plateau",
        ),
        ({"step": lambda k: -1.0}, r"step\(0\) must be a number in \[0, inf\), got -1.0"),
        ({"step": lambda k: None}, r"step\(0\) must be a number"),
        ({"step": Odd()}, r"step.length\(line\) must be a number in \[0, inf\), got nan"),
        ({"rule": "Adam"}, "rule must be one of 'gradient_descent', 'momentum'"),
        ({"rule": lamina.Adam}, r"rule must be a Rule of lamina, such as Adam\(\)"),
        (
            {"step": "exact"},
            r"a function of the step, ExactLineSearch\(\) or Backtracking\(\), got",
        ),
        ({"step": ExactLineSearch}, r"not the class: ExactLineSearch\(\), got"),
        ({"step": Backtracking}, r"not the class: Backtracking\(\), got"),
        ({"step": lamina.RobbinsMonro}, r"not the class: RobbinsMonro\(\), got"),
        ({"f": Steep()}, r"f.gradient must be a function, got \[2.0\] \(list\)"),
        ({"rule": lamina.Adam(), "step": Backtracking()}, "step must be a number or a schedule"),
        ({"rule": lamina.Adam(), "direction": lambda x, g: -g}, "direction must be None with a"),
        ({"sampling": 3}, "sampling must be a Sampling"),
        ({"stop": 3}, "stop must be a function or a list of functions"),
        ({"stop": [None]}, "stop must be a function or a list of functions"),
        ({"tolerance": -1}, r"tolerance must be a number in \[0, inf\)"),
        ({"max_steps": 1.5}, r"max_steps must be an integer in \[0, inf\)"),
        ({"max_steps": -1}, r"max_steps must be an integer in \[0, inf\)"),
    ],
)
def test_bad_arguments_are_named(change, words):
    arguments = {"f": bowl, "start": [1.0, 1.0], **change}
    with pytest.raises(lamina.ArgumentError, match=words):
        descend(arguments.pop("f"), arguments.pop("start"), **arguments)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ExactLineSearch(3), r"bracket must be two numbers \(low, high\) or None"),
        (lambda: ExactLineSearch([1, 2, 3]), r"bracket must be two numbers \(low, high\) or None"),
        (lambda: ExactLineSearch("ab"), r"bracket must be two numbers \(low, high\) or None"),
        (lambda: ExactLineSearch((1, 1)), "bracket must be two numbers with low < high"),
        (lambda: ExactLineSearch((-1, 1)), r"bracket\[0\] must be a number in \[0, inf\)"),
        (lambda: ExactLineSearch((0, np.inf)), r"bracket\[1\] must be a number in \(0, inf\)"),
        (lambda: Backtracking(start=0), r"start must be a number in \(0, inf\)"),
        (lambda: Backtracking(shrink=1), r"shrink must be a number in \(0, 1\)"),
        (lambda: Backtracking(c=0), r"c must be a number in \(0, 1\)"),
        (lambda: GradientNorm(-1), r"tolerance must be a number in \[0, inf\)"),
        (lambda: ValueChange(np.nan), r"tolerance must be a number in \[0, inf\)"),
    ],
)
def test_bad_options_are_named(make, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        make()


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_goes_by_the_name_that_estimators_have_for_it(name):
    paths = [
        descend(bowl, [1.0, 1.0], gradient=bowl_gradient, rule=rule, step=0.01, max_steps=20)
        for rule in (name, RULES[name]())
    ]
    np.testing.assert_array_equal(paths[0].points, paths[1].points)
    assert paths[0].n_steps == 20


def test_a_start_at_the_minimum_without_tolerance_says_why_it_has_not_converged():
    path = descend(bowl, [0.0, 0.0], gradient=bowl_gradient, tolerance=None)
    assert not path.converged
    assert path.reason == (
        "step 1: the gradient is 0, so there is no descent direction; "
        "tolerance=None does not count that as converged"
    )


@pytest.mark.parametrize("pair", [[0, 2], np.array([0, 2]), (0, 2), range(0, 4, 2)])
def test_every_pair_is_a_bracket(pair):
    assert ExactLineSearch(pair) == ExactLineSearch((0.0, 2.0))
    assert hash(ExactLineSearch(pair)) == hash(ExactLineSearch((0.0, 2.0)))


def test_options_are_values():
    assert Backtracking() == Backtracking(1.0, 0.5, 0.3)
    assert pickle.loads(pickle.dumps(ExactLineSearch((0, 2)))) == ExactLineSearch((0, 2))
    assert len({GradientNorm(), GradientNorm(1e-8), ValueChange()}) == 2
