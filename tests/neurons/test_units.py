"""Units: values by hand, gradients by differences, level sets by brute force and by inversion."""

import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy.optimize import approx_fprime
from scipy.special import lambertw

from lamina import ArgumentError
from lamina.neurons import Hyperplane, Unit
from lamina.neurons.units.unit import FUNCTIONS
from lamina.spec.activations import ACTIVATIONS

SETTINGS = settings(deadline=None, max_examples=25, derandomize=True, database=None)
SMOOTH = sorted(ACTIVATIONS)
NUMBERS = st.floats(-3, 3).map(lambda v: round(v, 3))
PLANE = st.tuples(NUMBERS, NUMBERS)
LINE = np.linspace(-30, 30, 200_001)


@pytest.mark.parametrize(
    ("unit", "kind", "value"),
    [
        (Unit([2, -1, 3]), "linear", 2 - 2 + 9),
        (Unit([2, -1, 3], -4), "affine", 5),
        (Unit([2, -1, 3], -9, "logistic"), "ridge", 0.5),
        (Unit([2, -1, 3], -8, "relu"), "ridge", 1),
        (Unit([2, -1, 3], -9, "threshold"), "threshold", 1),
        (Unit([2, -1, 3], -9.5, "threshold"), "threshold", 0),
        (Unit([2, -1, 3], -9, "sign"), "sign", 1),
        (Unit([2, -1, 3], -9.5, "sign"), "sign", -1),
    ],
)
def test_values_by_hand_at_1_2_3(unit, kind, value):
    assert unit.kind == kind
    assert unit([1, 2, 3]) == value
    assert unit(np.array([[1, 2, 3]] * 4)).tolist() == [value] * 4


def test_threshold_fires_at_equality_and_sign_is_its_equivalent():
    """Note 003 §4.2: H(0) = 1, and the sign unit maps to -1 and 1 what H maps to 0 and 1."""
    x = np.array([[0.0], [-0.0], [5e-324], [-5e-324]])
    fires = Unit([1.0], activation="threshold")(x)
    assert fires.tolist() == [1, 1, 1, 0]
    assert Unit([1.0], activation="sign")(x).tolist() == (2 * fires - 1).tolist()


@given(w=PLANE, x=PLANE, y=PLANE, a=NUMBERS, b=NUMBERS)
@SETTINGS
def test_a_linear_unit_obeys_superposition_and_an_affine_one_does_not(w, x, y, a, b):
    linear, x, y = Unit(w), np.array(x), np.array(y)
    assert linear(a * x + b * y) == pytest.approx(a * linear(x) + b * linear(y), abs=1e-12)
    assert Unit(w, 1.0)(0 * x) == 1.0


@pytest.mark.parametrize("activation", SMOOTH)
@given(w=PLANE, b=NUMBERS, x=PLANE)
@SETTINGS
def test_gradients_are_differences(activation, w, b, x):
    unit = Unit(w, b, activation)
    z = unit.pre_activation(x)
    assume(all(abs(z - kink) > 1e-5 for kink in (-1, 0, 1)))
    by_x = approx_fprime(np.array(x), unit, 1e-7)
    by_w = approx_fprime(np.array(w), lambda own: Unit(own, b, activation)(x), 1e-7)
    scale = 1e-5 * max(1, abs(unit(x)), np.abs(by_x).max(), np.abs(by_w).max()) * 3
    assert unit.gradient(x) == pytest.approx(by_x, abs=scale)
    assert unit.weight_gradient(x) == pytest.approx(by_w, abs=scale)
    assert unit.gradient_norm(x) == pytest.approx(np.linalg.norm(unit.gradient(x)), rel=1e-12)


@pytest.mark.parametrize("activation", sorted(FUNCTIONS))
@given(w=PLANE, b=NUMBERS, x=PLANE, far=NUMBERS)
@SETTINGS
def test_constant_along_what_is_orthogonal_to_w(activation, w, b, x, far):
    """Note 003 §4.1: and the gradient is orthogonal to it, if there is one."""
    unit, along = Unit(w, b, activation), np.array([-w[1], w[0]])
    assume(abs(unit.pre_activation(x)) > 1e-9)
    assert unit(x + far * along) == pytest.approx(unit(x), rel=1e-9, abs=1e-9)
    assert unit.gradient(x) @ along == pytest.approx(0, abs=1e-9 * max(1, unit.gradient_norm(x)))


def test_the_logistic_unit_is_steepest_on_its_boundary():
    """σ'(z) = σ(z) σ(-z) is 1/4 at 0 and less elsewhere: ‖∇f‖ <= ‖w‖ / 4."""
    unit = Unit([3, 4], -10, "logistic")
    assert unit.gradient_norm([2, 1]) == 5 / 4
    others = np.random.RandomState(0).normal(size=(100, 2))
    assert (unit.gradient_norm(others) < 5 / 4).all()


def test_no_slope_on_the_jump_and_none_off_it():
    unit = Unit([1.0, 1.0], -1.0, "threshold")
    assert np.isnan(unit.gradient([0.5, 0.5])).all()
    assert unit.gradient([0.5, 0.6]).tolist() == [0, 0]


def test_one_row_and_many_agree_in_shape():
    unit, X = Unit([1.0, -2.0, 0.5], 0.3, "tanh"), np.arange(12.0).reshape(4, 3)
    assert unit(X).shape == unit.slope(X).shape == unit.gradient_norm(X).shape == (4,)
    assert unit.gradient(X).shape == unit.weight_gradient(X).shape == (4, 3)
    assert unit.gradient(X[2]) == pytest.approx(unit.gradient(X)[2], rel=1e-15)
    assert isinstance(unit(X[0]), float)
    assert unit(X[:0]).shape == (0,)


# Level sets


@pytest.mark.parametrize("activation", SMOOTH)
@given(w=PLANE, b=NUMBERS, x=PLANE, far=NUMBERS)
@SETTINGS
def test_a_point_lies_on_the_level_set_of_its_value(activation, w, b, x, far):
    """And every point of the set's hyperplanes has that value."""
    unit = Unit(w, b, activation)
    assume(unit.norm > 0.1 and abs(unit.slope(x)) > 1e-3)
    found = unit.level_set(unit(x))
    assert found.distance(x) == pytest.approx(0, abs=1e-9)
    for normal, offset in found.hyperplanes:
        point = offset * np.array(normal) + far * np.array([-normal[1], normal[0]])
        assert unit(point) == pytest.approx(unit(x), rel=1e-10, abs=1e-10)
        assert np.hypot(*normal) == pytest.approx(1, rel=1e-15)
        assert normal == pytest.approx(np.array(w) / np.hypot(*w), rel=1e-14)


@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("value", [-2.5, -1.2, -0.4, -0.2, -0.1, -0.01, 0.003, 0.3, 0.9, 1.7, 4.2])
def test_no_solution_is_missed_and_none_is_invented(activation, value):
    """Brute force: where φ crosses the value between neighbours of a fine grid."""
    above = ACTIVATIONS[activation].value(LINE) > value
    places = LINE[1:][above[1:] != above[:-1]]
    found = [h.offset for h in Unit([1.0], 0.0, activation).level_set(value).hyperplanes]
    found = [z for z in found if -30 < z < 30]
    assert found == pytest.approx(places.tolist(), abs=4e-4)


@pytest.mark.parametrize("value", [-0.25, -0.1, -1e-5, -1e-200, 1e-9, 0.5, 30.0])
def test_silu_is_inverted_by_lamberts_function(value):
    """z / (1 + e^-z) = v means (z - v) e^(z - v) = v e^-v: z = v + W(v e^-v), on two branches."""
    branches = [-1, 0] if value < 0 else [0]
    # Far below 0 the argument of W is tiny, and so is the smaller solution's distance from v.
    expected = [value + lambertw(value * np.exp(-value), k).real for k in branches]
    found = [h.offset for h in Unit([1.0], 0.0, "silu").level_set(value).hyperplanes]
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("activation", "phi", "guesses"),
    [
        ("gelu", lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2, [-2.5, -0.02]),
        ("mish", lambda z: z * mp.tanh(mp.log(1 + mp.exp(z))), [-6, -0.02]),
    ],
)
def test_both_sides_of_a_dip_agree_with_mpmath(activation, phi, guesses):
    with mp.workdps(40):
        value = mpf("-0.0125")
        expected = [float(mp.findroot(lambda z: phi(z) - value, guess)) for guess in guesses]
    found = Unit([1.0], 0.0, activation).level_set(-0.0125)
    assert found.kind == "two hyperplanes"
    assert [h.offset for h in found.hyperplanes] == pytest.approx(expected, rel=1e-13)


def test_at_the_bottom_of_a_dip_two_hyperplanes_become_one():
    """silu'(z) = 0 at z = -1 - W(1/e), where silu is -W(1/e)."""
    least = -float(lambertw(np.exp(-1)).real)
    unit = Unit([1.0], 0.0, "silu")
    bottom = unit.level_set(least + 1e-15)
    assert [h.offset for h in bottom.hyperplanes] == pytest.approx([least - 1] * 2, abs=1e-6)
    assert unit.level_set(least - 1e-15).kind == "empty"


@pytest.mark.parametrize(
    ("activation", "value", "values"),
    [
        ("logistic", 0, "(0, 1)"),
        ("logistic", 1, "(0, 1)"),
        ("tanh", -1, "(-1, 1)"),
        ("relu", -1e-300, "[0, inf)"),
        ("elu", -1, "(-1, inf)"),
        ("selu", -1.7581, "(-1.7581, inf)"),
        ("softplus", 0, "(0, inf)"),
        ("exp", 0, "(0, inf)"),
        ("hard_tanh", 1.0000001, "[-1, 1]"),
        ("gelu", -0.17, "[-0.169971, inf)"),
        ("threshold", 0.5, "{0, 1}"),
        ("sign", 0, "{-1, 1}"),
    ],
)
def test_values_that_a_unit_never_has(activation, value, values):
    found = Unit([1.0, 2.0], 0.5, activation).level_set(value)
    assert (found.kind, found.hyperplanes) == ("empty", ())
    assert found.distance([[0, 0], [1, 5]]).tolist() == [np.inf, np.inf]
    assert str(found) == f"value {value:.6g} nowhere: the values are {values}"


@pytest.mark.parametrize(
    ("activation", "value", "offset", "sign"),
    [
        ("relu", 0, 2, "<="),
        ("hard_tanh", 1, 2.2, ">="),
        ("hard_tanh", -1, 1.8, "<="),
        ("threshold", 1, 2, ">="),
        ("threshold", 0, 2, "<"),
        ("sign", 1, 2, ">="),
        ("sign", -1, 2, "<"),
    ],
)
@given(x=st.tuples(st.floats(-9, 9), st.floats(-9, 9)))
@SETTINGS
def test_half_spaces_hold_exactly_the_points_of_the_value(activation, value, offset, sign, x):
    unit = Unit([3.0, 4.0], -10.0, activation)
    found = unit.level_set(value)
    assert found.kind == "half-space"
    assert str(found).endswith(f"the half-space 0.6 x1 + 0.8 x2 {sign} {offset}")
    assert found.hyperplanes == (Hyperplane((0.6, 0.8), pytest.approx(offset)),)
    distance = found.distance(x)
    assume(distance == 0 or distance > 1e-12)
    assume(abs(0.6 * x[0] + 0.8 * x[1] - offset) > 1e-12)
    assert (distance == 0) == (unit(x) == value)


def test_a_unit_of_weights_zero_has_one_value_everywhere():
    unit = Unit([0.0, 0.0], 0.3, "logistic")
    there, elsewhere = unit.level_set(unit([5, 5])), unit.level_set(0.5)
    assert (there.kind, elsewhere.kind) == ("whole space", "empty")
    assert (there.distance([1, 2]), elsewhere.distance([1, 2])) == (0, np.inf)
    assert str(there) == "value 0.574443 everywhere"
    assert str(unit).endswith("constant: all weights are 0")


def test_weights_of_any_size_keep_their_direction():
    for size in (1e-320, 1e-200, 1e200, 1e307):
        assert Unit([3 * size, 4 * size]).direction == pytest.approx([0.6, 0.8], rel=1e-3)


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        (Unit([1e-320]), 5.0),
        (Unit([1e-300], -1e10, "threshold"), 1),
        (Unit([1.0], 0, "leaky_relu"), -1e307),
    ],
)
def test_a_level_set_out_of_reach_of_floats_is_an_error(unit, value):
    with pytest.raises(OverflowError, match="farther from the origin"):
        unit.level_set(value)


@pytest.mark.parametrize("activation", ["identity", "relu", "silu", "gelu", "mish", "softplus"])
def test_levels_at_the_ends_of_the_floats(activation):
    for value in (5e-324, 1e-300, 1e300, 1.7e308):
        (found,) = Unit([1.0], 0, activation).level_set(value).hyperplanes
        assert Unit([1.0], 0, activation)([found.offset]) == pytest.approx(value, rel=1e-12)


# Objects


def test_units_are_values():
    unit = Unit(np.array([1, 2]), 3, "tanh")
    assert unit == Unit((1.0, 2.0), 3.0, "tanh") != Unit([1, 2], 3)
    assert {unit: 1}[pickle.loads(pickle.dumps(unit))] == 1
    assert repr(unit) == "Unit(weights=(1.0, 2.0), bias=3.0, activation='tanh')"
    with pytest.raises(AttributeError):
        unit.bias = 0.0
    assert pickle.loads(pickle.dumps(unit.level_set(0.5))) == unit.level_set(0.5)


def test_arrays_of_the_caller_are_left_alone():
    weights, x = np.array([1.0, 2.0]), np.array([[1.0, 1.0], [2.0, 2.0]])
    x.flags.writeable = False
    unit = Unit(weights)
    weights[0] = 99.0
    assert unit(x[:, ::-1]).tolist() == [3, 6]
    assert unit(np.asfortranarray(x)).tolist() == [3, 6]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "weights must be of shape"),
        (([[1, 2]],), "weights must be of shape"),
        (([1, np.nan],), "weights must be finite, got 'nan at index 1'"),
        ((["1", "2"],), "weights must be an array of numbers"),
        (([True, False],), "weights must be an array of numbers"),
        (([1, [2, 3]],), "weights must be an array of numbers"),
        (([1.7e308, 1.7e308],), "weights must be of finite length"),
        (([1, 2], np.inf), "bias must be a number in"),
        (([1, 2], True), "bias must be a number in"),
        (([1, 2], 0, "softmax"), "activation must be one of 'identity', "),
    ],
)
def test_what_does_not_make_a_unit_is_named(arguments, message):
    with pytest.raises(ArgumentError, match="^" + message.replace("[", r"\[")):
        Unit(*arguments)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1, 2, 3], r"x must be of shape \(2,\) or \(N, 2\), got \(3,\)"),
        (1.0, r"x must be of shape \(2,\) or \(N, 2\), got \(\)"),
        (np.zeros((2, 2, 2)), r"x must be of shape"),
        ([[1, 2], [3, np.inf]], r"x must be finite, got 'inf at \[1, 1\]'"),
        (["a", "b"], "x must be an array of numbers"),
        ([True, False], "x must be an array of numbers"),
        ([1 + 2j, 0], "x must be an array of numbers"),
        (None, "x must be an array of numbers"),
    ],
)
def test_points_that_are_none_are_named(x, message):
    unit = Unit([1.0, 2.0], 0.0, "tanh")
    for ask in (unit, unit.gradient, unit.weight_gradient, unit.level_set(0.5).distance):
        with pytest.raises(ArgumentError, match="^" + message):
            ask(x)


@pytest.mark.parametrize("value", [np.nan, np.inf, "0", None, True])
def test_a_level_is_a_number(value):
    with pytest.raises(ArgumentError, match=r"^value must be a number in \(-inf, inf\)"):
        Unit([1.0]).level_set(value)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        (Unit([1, -1]), "linear unit x1 - x2\n"),
        (Unit([0, 0.5], -1), "affine unit 0.5 x2 - 1\n"),
        (Unit([-2, 0, 1e-7], 0, "relu"), "ridge unit relu(-2 x1 + 1e-07 x3)\n"),
        (Unit([1.0] * 9, 2.5, "sign"), "sign unit sign(w·x + 2.5, w of 9 numbers)\n"),
        (Unit([0.0]), "linear unit 0\n"),
    ],
)
def test_the_formula_in_words(unit, words):
    assert str(unit).startswith(words)


def test_beyond_the_largest_float_it_is_infinite_without_a_warning():
    unit = Unit([1], 0, "exp")
    assert unit([1000.0]) == np.inf
    assert unit.gradient([1000.0]).tolist() == [np.inf]
