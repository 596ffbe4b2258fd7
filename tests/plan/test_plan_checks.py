"""Range checks by property: what is inside passes, all else is an ArgumentError in words."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lamina
from lamina.plan import ArgumentError, checks

ENDS = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
NOT_NUMBERS = [True, False, np.True_, None, "1", b"1", 1j, [1], (1,), {}, object, Decimal(1)]
NOT_WHOLE = [1.0, np.float64(1), Fraction(3, 1), *NOT_NUMBERS]


@st.composite
def intervals(draw):
    """Return (low, high, left, right) with low < high; left and right are brackets."""
    low, high = sorted([draw(ENDS), draw(ENDS)])
    left, right = draw(st.sampled_from("[(")), draw(st.sampled_from("])"))
    return float(low), float(high) + 1.0, left, right


def shown(low, high, left, right):
    return f"{left}{low!r}, {high!r}{right}"


@given(intervals(), st.floats(0.01, 0.99))
def test_a_number_inside_passes(interval, share):
    low, high, *_ = interval
    value = low + share * (high - low)
    assert checks.real("x", value, shown(*interval)) is None
    assert checks.real("x", np.float64(value), shown(*interval)) is None


@given(intervals(), st.floats(allow_nan=False))
def test_a_number_outside_is_an_error(interval, value):
    low, high, *_ = interval
    if low <= value <= high:
        value = low - 1 - abs(value)
    with pytest.raises(ArgumentError, match=r"^x must be a number in "):
        checks.real("x", value, shown(*interval))


@given(intervals())
def test_an_end_passes_where_its_bracket_is_square(interval):
    low, high, left, right = interval
    for end, bracket in ((low, left), (high, right)):
        if bracket in "[]":
            assert checks.real("x", end, shown(*interval)) is None
        else:
            with pytest.raises(ArgumentError):
                checks.real("x", end, shown(*interval))


@given(st.integers(-100, 100), st.integers(-100, 100))
def test_whole_numbers_of_any_kind(low, value):
    interval = f"[{low}, inf)"
    for kind in (int, np.int8, np.int64):
        if value >= low:
            assert checks.integer("n", kind(value), interval) is None
        else:
            with pytest.raises(ArgumentError, match=r"^n must be an integer in "):
                checks.integer("n", kind(value), interval)


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_is_no_number_is_an_error(value):
    with pytest.raises(ArgumentError, match=r"^x must be a number in "):
        checks.real("x", value, "[-inf, inf]")


@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
def test_what_is_not_whole_is_an_error(value):
    with pytest.raises(ArgumentError, match=r"^n must be an integer in "):
        checks.integer("n", value, "[-inf, inf]")


@pytest.mark.parametrize("nan", [float("nan"), np.float32("nan"), np.float64("nan")], ids=repr)
@pytest.mark.parametrize("interval", ["[-inf, inf]", "[0, 1)", "(0, inf)"])
def test_nan_is_in_no_interval(nan, interval):
    with pytest.raises(ArgumentError, match=r"got .*nan"):
        checks.real("x", nan, interval)


def test_infinity_is_in_an_interval_that_includes_it():
    assert checks.real("x", float("inf"), "[0, inf]") is None
    with pytest.raises(ArgumentError):
        checks.real("x", float("inf"), "[0, inf)")


@pytest.mark.parametrize("check", [checks.real, checks.integer])
def test_a_whole_number_beyond_all_floats_is_an_argument_error(check):
    with pytest.raises(ArgumentError):
        check("n", 10**400, "[1, inf)")


@pytest.mark.parametrize("value", [Fraction(1, 3), np.float32(0.5), np.int64(0), 1])
def test_numbers_of_other_kinds_pass(value):
    assert checks.real("x", value, "[0, 1]") is None


@given(st.sampled_from(["a", "b"]))
def test_a_choice_passes(value):
    assert checks.choice("which", value, {"a": 1, "b": 2}) is None


@pytest.mark.parametrize("value", ["c", "A", "", None, 1, ["a"], b"a"], ids=repr)
def test_another_choice_names_the_choices(value):
    with pytest.raises(ArgumentError, match=r"^which must be one of 'a', 'b', got "):
        checks.choice("which", value, ["a", "b"])


@pytest.mark.parametrize("value", [True, False, np.True_, np.False_], ids=repr)
def test_a_flag_passes(value):
    assert checks.flag("on", value) is None


@pytest.mark.parametrize("value", [0, 1, None, "True", 1.0, [], np.array(True)], ids=repr)
def test_what_is_no_flag_is_an_error(value):
    with pytest.raises(ArgumentError, match=r"^on must be True or False, got "):
        checks.flag("on", value)


def test_the_error_says_name_interval_value_and_type():
    with pytest.raises(ArgumentError) as caught:
        checks.real("rate", "fast", "(0, inf)")
    assert str(caught.value) == "rate must be a number in (0, inf), got 'fast' (str)"


def test_the_error_is_a_value_error_and_a_type_error():
    """As scikit-learn's InvalidParameterError: code that catches either goes on working."""
    assert issubclass(ArgumentError, ValueError)
    assert issubclass(ArgumentError, TypeError)


def test_a_long_value_is_cut_in_the_error():
    error = checks.fail("x", "short", "y" * 1000)
    assert str(error).endswith("... (str)")
    assert len(str(error)) < 120


ACTIVATIONS = ["identity", "logistic", "relu", "silu", "leaky_relu"]


@pytest.mark.parametrize(
    ("value", "options", "meant"),
    [
        ("swish", ACTIVATIONS, "silu"),
        ("Swish", ACTIVATIONS, "silu"),
        ("sigmoid", ACTIVATIONS, "logistic"),
        ("linear", ACTIVATIONS, "identity"),
        ("ReLU", ACTIVATIONS, "relu"),
        ("LeakyReLU", ACTIVATIONS, "leaky_relu"),
        ("leaky-relu", ACTIVATIONS, "leaky_relu"),
        ("mse", ["squared_error", "absolute_error"], "squared_error"),
        ("mae", ["squared_error", "absolute_error"], "absolute_error"),
        ("cross_entropy", ["log_loss", "focal"], "log_loss"),
        ("log_loss", ["cross_entropy", "focal"], "cross_entropy"),
        ("bce", ["log_loss", "focal"], "log_loss"),
        ("bce", ["binary_cross_entropy"], "binary_cross_entropy"),
    ],
)
def test_a_choice_that_is_meant_is_named(value, options, meant):
    with pytest.raises(ArgumentError, match=rf"\(str\); did you mean '{meant}'\?$"):
        checks.choice("which", value, options)


@pytest.mark.parametrize("value", ["swish", "mse", "xyz", 3, None, ["relu"]], ids=repr)
def test_nothing_is_guessed_where_nothing_is_like_it(value):
    with pytest.raises(ArgumentError, match=r"\(\w+\)$"):
        checks.choice("which", value, ["one", "two"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lamina.Focal, r"; write Focal\(\), an object$"),
        (lamina.AdamW, r"; write AdamW\(\), an object$"),
        (lamina.CustomLoss, r"; write CustomLoss\(value, gradient\), an object$"),
        (lamina.plan.Loss, r"\(type\)$"),
        (lamina.plan.Rule, r"\(ABCMeta\)$"),
        (dict, r"\(type\)$"),
        (lamina.Focal(), r"\(Focal\)$"),
    ],
)
def test_of_a_class_in_place_of_its_object_the_error_says_what_to_write(value, words):
    with pytest.raises(ArgumentError, match=words):
        raise checks.fail("x", "a loss", value)
