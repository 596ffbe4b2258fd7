"""The descent loop against closed forms, SciPy, stored paths of other libraries and theorems."""

import json
from fractions import Fraction
from pathlib import Path as File

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

import lamina
from lamina.descent import (
    Backtracking,
    ExactLineSearch,
    GradientNorm,
    StepRule,
    ValueChange,
    descend,
)

GOLDENS = json.loads((File(__file__).parents[1] / "goldens" / "rules.json").read_text())
START = np.array([-1.2, 1.0])


def bowl(x):
    return x[0] ** 2 + 10 * x[1] ** 2


def bowl_gradient(x):
    return np.array([2 * x[0], 20 * x[1]])


def test_fixed_steps_on_a_quadratic_in_exact_fractions():
    """x_k = (1 - alpha lambda)^k x_0, with numbers that float64 holds exactly."""
    a = np.array([1.0, 2.0, 4.0])
    path = descend(
        lambda x: 0.5 * a * x @ x, [1, -3, 2], gradient=lambda x: a * x, step=0.375, max_steps=8
    )
    for i, x_0 in enumerate([1, -3, 2]):
        expected = [(1 - Fraction(3, 8) * int(a[i])) ** k * x_0 for k in range(9)]
        assert path.points[:, i].tolist() == expected
    assert path.n_steps == 8
    assert not path.converged
    assert path.reason == "max_steps = 8 steps were taken"


def test_what_a_path_holds_is_what_f_and_its_gradient_give():
    path = descend(rosen, START, gradient=rosen_der, step=Backtracking(), max_steps=50)
    assert path.points.shape == (51, 2)
    assert path.values.tolist() == [rosen(x) for x in path.points]
    np.testing.assert_array_equal(path.gradients, [rosen_der(x) for x in path.points])
    np.testing.assert_array_equal(path.directions, -path.gradients[:-1])
    moved = path.points[:-1] + path.step_lengths[:, None] * path.directions
    np.testing.assert_array_equal(moved, path.points[1:])
    assert path.slopes == pytest.approx(-(path.gradient_norms[:-1] ** 2), rel=1e-14)
    assert path.value == path.values[-1]
    np.testing.assert_array_equal(path.point, path.points[-1])


def test_evaluations_are_counted():
    calls = {"f": 0, "gradient": 0}

    def f(x):
        calls["f"] += 1
        return rosen(x)

    def gradient(x):
        calls["gradient"] += 1
        return rosen_der(x)

    for step in (1e-4, Backtracking(), ExactLineSearch()):
        calls.update(f=0, gradient=0)
        path = descend(f, START, gradient=gradient, step=step, max_steps=7)
        assert (path.n_values, path.n_gradients) == (calls["f"], calls["gradient"])
    calls.update(f=0)
    path = descend(f, START, step=1e-4, max_steps=7)
    assert path.n_values == calls["f"] == 8 * (1 + 4)
    assert path.n_gradients == 0


@pytest.mark.parametrize("step", [Backtracking(), ExactLineSearch(), 0.2], ids=str)
def test_descent_reaches_scipys_minimum(step):
    def f(x):
        return np.logaddexp(x[0] - 2 * x[1], 1 - x[0]) + 0.5 * (x - 1) @ (x - 1)

    path = descend(f, START, step=step, tolerance=1e-6)
    assert path.converged
    assert path.point == pytest.approx(minimize(f, START, tol=1e-8).x, abs=1e-6)


def test_a_gradient_by_differences_takes_the_same_path():
    given = descend(rosen, START, gradient=rosen_der, step=1e-3, max_steps=200)
    made = descend(rosen, START, step=1e-3, max_steps=200)
    assert made.points == pytest.approx(given.points, abs=1e-7)


def test_schedules_give_the_step_lengths():
    schedule = lamina.RobbinsMonro(initial=0.5, power=0.75)
    path = descend(bowl, [1.0, 0.0], gradient=bowl_gradient, step=schedule, max_steps=20)
    lengths = [0.5 / (k + 1) ** 0.75 for k in range(path.n_steps)]
    assert path.step_lengths == pytest.approx(lengths, rel=1e-15)
    products = np.cumprod([1 - 2 * alpha for alpha in lengths])
    assert path.points[1:, 0] == pytest.approx(products, rel=1e-12, abs=1e-300)


def test_a_step_is_an_epoch_for_schedules_that_count_epochs():
    schedule = lamina.StepDecay(initial=0.08, every=3)
    path = descend(bowl, [1.0, 1.0], gradient=bowl_gradient, step=schedule, max_steps=7)
    assert path.step_lengths.tolist() == [0.08] * 3 + [0.04] * 3 + [0.02]


def test_halving_on_a_rise_halves_until_the_steps_descend():
    """x^2: steps of 4 and 2 multiply x by -7 and -3, steps of 1 by -1, of 1/2 by 0."""
    schedule = lamina.HalveOnRise(initial=4.0)
    path = descend(lambda x: x @ x, [1.0], gradient=lambda x: 2 * x, step=schedule, max_steps=9)
    assert path.step_lengths.tolist() == [4.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert path.points[:4, 0].tolist() == [1.0, -7.0, 21.0, -21.0]


def test_a_rule_s_own_schedules_hear_of_the_values_too():
    rule = lamina.Momentum(lamina.HalveOnRise(initial=1.0))
    path = descend(
        lambda x: x @ x, [1.0], gradient=lambda x: 2 * x, rule=rule, step=0.25, max_steps=12
    )
    x, u, beta, betas = 1.0, 0.0, 1.0, []
    for k, seen in enumerate(path.points[:-1, 0]):
        assert seen == x
        if k and seen**2 > path.points[k - 1, 0] ** 2:
            beta /= 2
        u = beta * u + 2 * x
        x -= 0.25 * u
        betas.append(beta)
    assert 1.0 > betas[-1] > 0.0 and len(set(betas)) > 2


def test_any_function_of_the_step_will_do():
    path = descend(bowl, [1.0, 1.0], gradient=bowl_gradient, step=lambda k: 0.01 * (k + 1))
    assert path.step_lengths[:3].tolist() == [0.01, 0.02, 0.03]


def test_a_step_rule_of_ones_own():
    class Newtonian(StepRule):
        """-phi'(0) / phi''(0), the second by a difference of slopes."""

        def length(self, line):
            return -line.slope_at_start * 1e-3 / (line.slope(1e-3) - line.slope_at_start)

    path = descend(bowl, [5.0, 1.0], gradient=bowl_gradient, step=Newtonian())
    exact = descend(bowl, [5.0, 1.0], gradient=bowl_gradient, step=ExactLineSearch())
    assert path.step_lengths[:5] == pytest.approx(exact.step_lengths[:5], rel=1e-9)


def test_newtons_direction_takes_one_step_on_a_quadratic():
    path = descend(
        bowl,
        [5.0, -3.0],
        gradient=bowl_gradient,
        direction=lambda x, g: -g / np.array([2.0, 20.0]),
        step=1.0,
    )
    assert path.n_steps == 1
    assert path.slopes[0] == pytest.approx(-2 * bowl([5.0, -3.0]))
    assert path.point.tolist() == [0.0, 0.0]


LIBRARY_RULES = {
    "torch momentum": lamina.Momentum(0.9),
    "torch adagrad": lamina.AdaGrad(1e-6, epsilon_inside=False),
    "torch rmsprop": lamina.RMSProp(0.9, 1e-6, epsilon_inside=False),
    "torch adadelta": lamina.AdaDelta(0.95, 1e-6),
    "torch adam": lamina.Adam(0.8, 0.99, 1e-6),
    "torch adamw": lamina.AdamW(0.9, 0.999, 1e-8, 0.3),
    "optax adamax": lamina.AdaMax(0.9, 0.99, 1e-300),
    "optax nadam": lamina.NAdam(0.8, 0.99, 1e-6),
}


@pytest.mark.parametrize("name", sorted(LIBRARY_RULES))
def test_a_rules_path_is_the_librarys(name):
    """The library saw these gradients at these rates; here they come as those of f."""
    gradients = iter([*GOLDENS["gradients"], GOLDENS["gradients"][-1]])
    path = descend(
        lambda w: 0.0,
        GOLDENS["start"],
        gradient=lambda w: next(gradients),
        rule=LIBRARY_RULES[name],
        step=lambda k: GOLDENS["rates"][k],
        tolerance=None,
        max_steps=len(GOLDENS["rates"]),
    )
    assert path.points[1:] == pytest.approx(np.array(GOLDENS[name]["path"]), rel=1e-12, abs=1e-15)
    assert path.step_lengths.tolist() == GOLDENS["rates"]


def test_nesterovs_rule_looks_ahead():
    """½ x^2, eta 1/4, beta 1/2, x_0 = 1: worked with pencil and paper in test_rules_by_hand."""
    path = descend(
        lambda x: 0.5 * x @ x,
        [1.0],
        gradient=lambda x: x,
        rule=lamina.Nesterov(0.5),
        step=0.25,
        max_steps=4,
    )
    expected = [1, Fraction(3, 4), Fraction(15, 32), Fraction(63, 256), Fraction(207, 2048)]
    assert path.points[:, 0].tolist() == expected
    np.testing.assert_array_equal(path.gradients, path.points)
    np.testing.assert_array_equal(path.directions, np.diff(path.points, axis=0))


def test_momentum_goes_up_where_a_line_search_never_does():
    path = descend(bowl, [5.0, 1.0], gradient=bowl_gradient, rule=lamina.Momentum(0.95), step=0.01)
    assert path.converged
    assert (path.slopes > 0).any()
    assert (np.diff(path.values) > 0).any()


def test_it_stops_exactly_where_the_gradient_vanishes():
    path = descend(bowl, [8.0, 0.0], gradient=bowl_gradient, step=0.5, tolerance=0)
    assert path.converged
    assert path.n_steps == 1
    assert path.reason == "the gradient norm 0 is at most 0"


def test_a_start_at_the_optimum_takes_no_step():
    path = descend(bowl, [0, 0], gradient=bowl_gradient)
    assert (path.n_steps, path.converged) == (0, True)
    assert path.directions.shape == (0, 2)
    assert "0 steps" in repr(path)


def test_without_a_tolerance_a_zero_gradient_still_ends_it():
    path = descend(bowl, [8.0, 0.0], gradient=bowl_gradient, step=0.5, tolerance=None)
    assert path.reason.startswith("step 2: the gradient is 0, so there is no descent direction")


def test_stop_rules_and_what_they_say():
    options = {"gradient": bowl_gradient, "step": 0.01}
    change = descend(bowl, [5.0, 1.0], stop=ValueChange(1e-3), **options)
    assert change.converged
    assert abs(np.diff(change.values)[-1]) <= 1e-3 < abs(np.diff(change.values)[-2])
    assert "changed the value by" in change.reason
    norm = descend(bowl, [5.0, 1.0], stop=[GradientNorm(0.5), ValueChange(0)], **options)
    assert norm.gradient_norms[-1] <= 0.5 < norm.gradient_norms[-2]
    mine = descend(bowl, [5.0, 1.0], stop=lambda s: s.value < 3 and "low enough", **options)
    assert (mine.reason, mine.converged) == ("low enough", True)
    assert mine.value < 3 <= mine.values[-2]
    silent = descend(bowl, [5.0, 1.0], stop=lambda s: s.step == 4, **options)
    assert (silent.n_steps, silent.reason) == (4, "a stop rule of the caller said so")


def test_a_direction_that_does_not_descend_is_named():
    path = descend(bowl, [3.0, 0.0], gradient=bowl_gradient, direction=lambda x, g: g)
    assert not path.converged
    assert path.reason == (
        "step 1: (6, 0) is not a descent direction at (3, 0): <grad f, d> = 36, "
        "which is not below 0"
    )
    across = descend(bowl, [3.0, 0.0], gradient=bowl_gradient, direction=lambda x, g: [0.0, 1.0])
    assert "<grad f, d> = 0, which is not below 0" in across.reason


def test_a_descent_that_explodes_is_named_with_step_and_point():
    path = descend(bowl, [1.0, 1.0], gradient=bowl_gradient, step=1.0)
    assert not path.converged
    assert np.isfinite(path.values).all()
    assert path.reason.startswith(f"the value is inf after step {path.n_steps + 1} at (")
    path = descend(np.sum, [1.0, 4.0], gradient=lambda x: 1 / (x - 3), step=1.0, tolerance=None)
    assert path.reason.startswith("entry 1 of the gradient is inf after step 1 at (1.5, 3)")
