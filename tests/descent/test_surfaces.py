"""Test surfaces: their gradients, minima and constants, held against SciPy."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from lamina.descent import Surface, check_optimum, descend, surfaces
from lamina.descent.problems import Problem
from lamina.plan import ArgumentError

NAMES = sorted(surfaces.SURFACES)
NEAR = st.tuples(*[st.floats(-2.5, 2.5)] * 2).map(np.array)


@pytest.fixture(scope="module")
def made():
    return {name: surfaces.surface(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@given(x=NEAR)
def test_gradients_are_those_of_scipys_differences(made, name, x):
    own = made[name]
    found = scipy.optimize.approx_fprime(x, own, 1e-7)
    assert own.gradient(x) == pytest.approx(found, rel=1e-4, abs=1e-3 * max(1, abs(own(x)) ** 0.5))
    assert own.gradient(x).shape == (2,)


@given(x=NEAR)
def test_rosenbrocks_function_is_scipys(made, x):
    own = made["rosenbrock"]
    assert own(x) == pytest.approx(scipy.optimize.rosen(x), rel=1e-12)
    assert own.gradient(x) == pytest.approx(scipy.optimize.rosen_der(x), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_every_optimum_is_where_scipy_finds_it(made, name):
    own = made[name]
    for optimum in own.optima:
        found = scipy.optimize.minimize(own, optimum + 0.02, jac=own.gradient, tol=1e-12)
        assert found.x == pytest.approx(optimum, abs=1e-6)
        assert own(optimum) == own.lowest <= found.fun + 1e-15
        assert check_optimum(own, optimum).kind == "minimum"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_the_window_is_lower(made, name):
    own = made[name]
    found = scipy.optimize.brute(own, own.window, Ns=41, full_output=True, finish=None)
    assert own.lowest <= found[1]
    for point in [own.start, *own.optima]:
        assert all(low < v < high for v, (low, high) in zip(point, own.window, strict=True))


def test_the_saddle_is_one_and_holds_descent_on_its_line(made):
    own = made["saddle"]
    assert check_optimum(own, [0.0, 0.0]).kind == "saddle"
    held = descend(own, [1.5, 0.0], step=0.5, tolerance=1e-12)
    assert held.converged and held.point == pytest.approx([0, 0], abs=1e-9)
    assert descend(own, own.start, step=0.5).point == pytest.approx([0, 1], abs=1e-6)


@pytest.mark.parametrize("name", ["bowl", "ravine"])
def test_curvatures_of_the_quadratics_are_their_constants(made, name):
    own = made[name]
    hessian = np.column_stack([own.gradient(own.optimum + e) for e in np.eye(2)])
    assert np.linalg.eigvalsh(hessian) == pytest.approx([own.strength, own.smoothness])


def test_only_the_convex_ones_say_how_convex(made):
    convex = [name for name in NAMES if not np.isnan(made[name].strength)]
    assert convex == ["bowl", "ravine"]


def test_names_and_what_is_no_name(made):
    assert surfaces.surface("quadratic bowl").name == surfaces.surface("Bowl").name == "bowl"
    assert isinstance(made["beale"], Surface) and isinstance(made["beale"], Problem)
    assert repr(made["beale"]) == "beale: from (1, 1) to f* = 0 at (3, 0.5) [Beale (1958)]"
    for wrong in ("himmelblau", "", None, 3, ["bowl"]):
        with pytest.raises(ArgumentError, match="surface must be one of 'bowl', 'ravine'"):
            surfaces.surface(wrong)
    with pytest.raises(ArgumentError, match="did you mean 'rosenbrock'"):
        surfaces.surface("rosenbrok")
