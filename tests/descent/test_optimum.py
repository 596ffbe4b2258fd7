"""Local optima by gradient and Hessian, on functions whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

import lamina
from lamina.descent import check_optimum, descend

KNOWN = [
    (lambda x: x @ x, [0.0, 0.0], "minimum"),
    (lambda x: -(x @ x) + 5, [0.0, 0.0], "maximum"),
    (lambda x: x[0] ** 2 - x[1] ** 2, [0.0, 0.0], "saddle"),
    (lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2 + x[0] * x[1], [0.0, 0.0], "saddle"),
    (lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, [0.0, 0.0], "undecided"),
    (lambda x: x[0] ** 4 + x[1] ** 4, [0.0, 0.0], "undecided"),
    (lambda x: x[0] ** 2, [0.0, 7.0], "undecided"),
    (lambda x: x[0] ** 2 - x[1] ** 2 + 0 * x[2], [0.0, 0.0, 4.0], "saddle"),
    (lambda x: 3.0, [1.0, 2.0], "undecided"),
    (lambda x: x[0] + x[1] ** 2, [0.0, 0.0], "no optimum"),
    (lambda x: np.cos(x[0]) * np.cos(x[1]), [0.0, np.pi], "minimum"),
    (lambda x: np.cos(x[0]) * np.cos(x[1]), [np.pi / 2, np.pi / 2], "saddle"),
    (rosen, [1.0, 1.0, 1.0], "minimum"),
    (rosen, [0.0, 0.0, 0.0], "no optimum"),
]


@pytest.mark.parametrize(("f", "point", "kind"), KNOWN)
def test_kind_by_differences_of_values(f, point, kind):
    assert check_optimum(f, point).kind == kind


@pytest.mark.parametrize(("point", "kind"), [([1.0, 1.0], "minimum"), ([1.1, 1.0], "no optimum")])
def test_kind_with_scipys_gradient_and_hessian(point, kind):
    found = check_optimum(rosen, point, rosen_der, rosen_hess)
    assert found.kind == kind
    np.testing.assert_array_equal(found.hessian, rosen_hess(np.array(point)))
    np.testing.assert_array_equal(found.gradient, rosen_der(np.array(point)))
    halved = check_optimum(rosen, point, rosen_der)
    assert halved.kind == kind
    assert halved.hessian == pytest.approx(found.hessian, rel=1e-7)
    assert check_optimum(rosen, point).eigenvalues == pytest.approx(found.eigenvalues, rel=1e-2)


@given(
    st.lists(st.sampled_from([-3.0, -1.0, 1.0, 2.0]), min_size=1, max_size=5), st.integers(0, 99)
)
def test_kind_is_that_of_the_inertia_of_the_hessian(eigenvalues, seed):
    """Sylvester: x^T S^T D S x has the signs of D, whatever the regular S."""
    random = np.random.RandomState(seed)
    d = len(eigenvalues)
    s = np.eye(d) + 0.2 * random.uniform(-1, 1, (d, d)) / d
    a = s.T @ np.diag(eigenvalues) @ s
    center = random.normal(size=d)
    found = check_optimum(lambda x: 0.5 * (x - center) @ a @ (x - center) + 2.0, center)
    signs = set(np.sign(eigenvalues))
    assert found.kind == {1: "minimum", -1: "maximum", 0: "saddle"}[int(sum(signs))]
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(a), abs=1e-5)


def test_the_end_of_a_descent_is_a_minimum():
    def f(x):
        return np.logaddexp(0, x[0]) - x[0] / 3 + (x[1] - x[0]) ** 2

    path = descend(f, [1.0, -1.0], step=0.3, tolerance=1e-8)
    assert check_optimum(f, path.point).kind == "minimum"
    assert path.point == pytest.approx(minimize(f, [0, 0], tol=1e-10).x, abs=1e-5)
    assert check_optimum(f, path.points[1]).kind == "no optimum"


def test_a_small_function_is_decided_by_its_given_derivatives():
    """1e-12 x^2 looks flat to differences, and says so."""

    def f(x):
        return 1e-12 * x @ x

    seen = check_optimum(f, [0.0])
    assert seen.kind == "undecided"
    assert "an eigenvalue is not told from 0" in repr(seen)
    assert check_optimum(f, [0.0], lambda x: 2e-12 * x, lambda x: [[2e-12]]).kind == "minimum"
    blind = check_optimum(f, [1.0], hessian=lambda x: [[2e-12]])
    assert blind.kind == "undecided"
    assert "the gradient is not told from 0" in repr(blind)


@pytest.mark.parametrize("offset", [0.0, 1e7, 1e8, -1e12])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize(
    ("signs", "kind"), [((1, 1), "minimum"), ((-1, -1), "maximum"), ((1, -1), "saddle")]
)
def test_neither_an_offset_nor_a_scale_changes_the_answer(offset, scale, signs, kind):
    a = scale * np.array(signs)

    def f(x):
        return offset + a @ (x * x) / 2

    for options in ({}, {"hessian": lambda x: np.diag(a)}):
        options["gradient"] = lambda x: a * x
        assert check_optimum(f, [0.0, 0.0], **options).kind == kind
        for away in ([1.0, 1.0], [10.0, 0.0], [1e-3, 0.0]):
            assert check_optimum(f, away, **options).kind == "no optimum"


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e7, 1e8])
def test_differences_never_call_a_far_point_stationary(offset):
    for scale in (1.0, 1e3, 1e-9, 1e-12):
        found = check_optimum(lambda x, s=scale: offset + s * x @ x, [1.0, 1.0])
        assert found.kind in (["no optimum"] if scale >= 1 else ["no optimum", "undecided"])
    assert check_optimum(lambda x: 1e-9 * x @ x, [1.0, 1.0]).kind == "no optimum"


def test_what_rounding_hides_is_not_told():
    found = check_optimum(lambda x: 1e8 + x[0] ** 2, [0.0])
    assert found.kind == "undecided"
    assert "an eigenvalue is not told from 0" in repr(found)
    assert found.eigenvalue_tolerance > abs(found.eigenvalues[0] - 2)


def test_the_newton_step_is_the_way_to_the_optimum_of_a_quadratic():
    a, center = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, -2.0])
    point = center + np.array([3e-4, 4e-4])

    def f(x):
        return (x - center) @ a @ (x - center) / 2

    found = check_optimum(f, point, lambda x: a @ (x - center))
    assert found.newton_step == pytest.approx(5e-4, rel=1e-6)
    assert found.kind == "no optimum"
    assert check_optimum(f, point, tolerance=1e-3).kind == "minimum"


def test_what_it_says():
    found = check_optimum(lambda x: x[0] ** 2 - 3 * x[1] ** 2, [0.0, 0.0])
    lines = repr(found).splitlines()
    assert lines[0] == "saddle at (0, 0), value 0"
    assert "eigenvalues of the Hessian from -6 to 2" in lines[1]
    assert lines[2] == "eigenvalues of both signs: f rises one way and falls another"
    assert found.gradient_norm == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"f": 1}, "f must be a function"),
        ({"f": lambda x: np.inf}, "point must be a point where f is finite"),
        ({"f": lambda x: x}, "f must be a function that returns one real number"),
        ({"point": []}, r"point must be of shape \(d,\)"),
        ({"point": [np.nan, 0]}, "point must be finite"),
        ({"gradient": lambda x: [1.0]}, r"gradient\(x\) must be of shape \(2,\)"),
        ({"gradient": lambda x: x + np.nan}, "the gradient at the point must be finite"),
        ({"hessian": 1}, "hessian must be a function"),
        ({"hessian": lambda x: np.eye(3)}, r"hessian\(x\) must be of shape \(2, 2\)"),
        ({"hessian": lambda x: [[1, 2], [3, 4]]}, r"hessian\(x\) must be symmetric"),
        ({"hessian": lambda x: np.full((2, 2), np.inf)}, r"hessian\(x\) must be finite"),
        ({"tolerance": 0}, r"tolerance must be a number in \(0, inf\)"),
    ],
)
def test_bad_arguments_are_named(change, words):
    arguments = {"f": lambda x: x @ x, "point": [0.0, 0.0], **change}
    with pytest.raises(lamina.ArgumentError, match=words):
        check_optimum(**arguments)
