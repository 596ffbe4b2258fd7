"""Every range of every object of a plan, by property: inside passes, outside says what and why."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lamina
from lamina import ArgumentError

RULE, SCHEDULE = lamina.Adam(), lamina.Constant(initial=0.5)
FRACTION, POSITIVE, NOT_NEGATIVE = "[0, 1)", "(0, inf)", "[0, inf)"
PLACES = ["input_noise", "weight_decay", "l1", "l2"]
BOUNDS = ["max_norm", "clip_value", "clip_norm"]

# (class, the arguments it cannot do without, argument, interval)
REALS = [
    (lamina.Huber, {}, "width", POSITIVE),
    (lamina.Quantile, {}, "level", "(0, 1)"),
    (lamina.CrossEntropy, {}, "floor", "[0, 0.5)"),
    (lamina.BinaryCrossEntropy, {}, "floor", "[0, 0.5)"),
    (lamina.CrossEntropy, {}, "smoothing", FRACTION),
    (lamina.BinaryCrossEntropy, {}, "smoothing", FRACTION),
    (lamina.Focal, {}, "gamma", NOT_NEGATIVE),
    (lamina.BinaryFocal, {}, "gamma", NOT_NEGATIVE),
    (lamina.LeakyReLU, {}, "slope", "[0, 1]"),
    (lamina.Dense, {"units": 1}, "slope", "[0, 1]"),
    (lamina.Regularization, {}, "input_dropout", FRACTION),
    *((lamina.Regularization, {}, name, NOT_NEGATIVE) for name in PLACES),
    *((lamina.Regularization, {}, name, "(0, inf]") for name in BOUNDS),
    (lamina.Momentum, {}, "momentum", "[0, 1]"),
    (lamina.SGD, {}, "momentum", "[0, 1]"),
    (lamina.Nesterov, {}, "momentum", "[0, 1]"),
    (lamina.AdaGrad, {}, "epsilon", POSITIVE),
    (lamina.WeightDecay, {"rule": RULE}, "strength", NOT_NEGATIVE),
    (lamina.AdamW, {}, "strength", NOT_NEGATIVE),
    (lamina.StepDecay, {}, "factor", "(0, 1]"),
    (lamina.HalveOnRise, {}, "factor", "(0, 1)"),
    (lamina.HalveOnPlateau, {}, "factor", "(0, 1)"),
    (lamina.HalveOnPlateau, {}, "tol", NOT_NEGATIVE),
    (lamina.HalveOnPlateau, {}, "smallest", NOT_NEGATIVE),
    (lamina.Adaptive, {}, "divisor", "(1, inf)"),
    (lamina.Adaptive, {}, "smallest", POSITIVE),
    (lamina.Exponential, {}, "k", NOT_NEGATIVE),
    (lamina.InverseTime, {}, "k", NOT_NEGATIVE),
    (lamina.InverseScaling, {}, "power", NOT_NEGATIVE),
    (lamina.RobbinsMonro, {}, "power", "(0.5, 1]"),
    (lamina.Triangular, {}, "half", POSITIVE),
    (lamina.Triangular, {}, "low", NOT_NEGATIVE),
    (lamina.CosineRestarts, {}, "low", NOT_NEGATIVE),
    (lamina.Cosine, {}, "low", NOT_NEGATIVE),
    (lamina.OneCycle, {}, "rise", FRACTION),
    (lamina.OneCycle, {}, "start", NOT_NEGATIVE),
    (lamina.OneCycle, {}, "end", NOT_NEGATIVE),
    (lamina.WarmUp, {}, "start", "[0, 1]"),
    (lamina.MomentumRamp, {}, "initial", FRACTION),
    (lamina.Training, {}, "learning_rate_init", POSITIVE),
    (lamina.Training, {}, "alpha", NOT_NEGATIVE),
    (lamina.Training, {}, "tol", "[0, inf]"),
    (lamina.Training, {}, "validation_fraction", FRACTION),
    (lamina.Training, {"early_stopping": True}, "validation_fraction", "(0, 1)"),
    (lamina.Training, {}, "loss_scale", POSITIVE),
]
for _rule in (lamina.RMSProp, lamina.AdaDelta, lamina.MaxProp):
    REALS += [(_rule, {}, "beta", FRACTION), (_rule, {}, "epsilon", POSITIVE)]
for _rule in (lamina.Adam, lamina.AdaMax, lamina.NAdam, lamina.AdamW):
    REALS += [(_rule, {}, name, FRACTION) for name in ("beta_1", "beta_2")]
    REALS += [(_rule, {}, "epsilon", POSITIVE)]
SCHEDULES = [
    lamina.Constant,
    lamina.StepDecay,
    lamina.HalveOnRise,
    lamina.HalveOnPlateau,
    lamina.Adaptive,
    lamina.Exponential,
    lamina.InverseTime,
    lamina.InverseScaling,
    lamina.RobbinsMonro,
    lamina.Triangular,
    lamina.CosineRestarts,
    lamina.Cosine,
    lamina.OneCycle,
    lamina.WarmUp,
]
REALS += [(schedule, {}, "initial", NOT_NEGATIVE) for schedule in SCHEDULES]

INTEGERS = [
    (lamina.Dense, {}, "units"),
    (lamina.Network, {"layers": [lamina.Dense(1)]}, "n_inputs"),
    (lamina.StepDecay, {}, "every"),
    (lamina.CosineRestarts, {}, "period"),
    (lamina.WarmUp, {}, "steps"),
    (lamina.MomentumRamp, {}, "every"),
    (lamina.Training, {}, "batch_size"),
    (lamina.Training, {}, "max_iter"),
    (lamina.Training, {}, "n_iter_no_change"),
]

CHOICES = [
    (lamina.Dense, {"units": 1}, "activation"),
    (lamina.Dense, {"units": 1}, "initializer"),
    (lamina.Network, {"n_inputs": 1, "layers": [lamina.Dense(1)]}, "output"),
    (lamina.Network, {"n_inputs": 1, "layers": [lamina.Dense(1)]}, "loss"),
    (lamina.OneCycle, {}, "shape"),
    *((schedule, {}, "unit") for schedule in (*SCHEDULES, lamina.MomentumRamp)),
]

FLAGS = [
    (lamina.SGD, {}, "nesterovs_momentum"),
    (lamina.AdaGrad, {}, "epsilon_inside"),
    (lamina.RMSProp, {}, "epsilon_inside"),
    (lamina.Adam, {}, "corrected"),
    (lamina.Training, {}, "shuffle"),
    (lamina.Training, {}, "early_stopping"),
]

KINDS = [
    (lamina.WeightDecay, {}, "rule"),
    (lamina.Training, {}, "rule"),
    (lamina.Training, {}, "learning_rate"),
    (lamina.Training, {}, "regularization"),
    (lamina.WarmUp, {}, "then"),
]

WRONG = [True, None, "0.5", float("nan"), [0.5], 0.5j, np.array([0.5, 0.5]), lamina.Adam]


def name_of(case):
    return f"{case[0].__name__}.{case[2]}"


def ends(interval):
    low, high = (float(end) for end in interval[1:-1].split(","))
    return low, high, interval[0] == "[", interval[-1] == "]"


def said(error, name, expected):
    """Return whether the error names the argument first and then what was expected."""
    return str(error.value).startswith(f"{name} must be ") and expected in str(error.value)


@pytest.mark.parametrize("case", REALS, ids=name_of)
@given(share=st.floats(0, 1))
def test_a_number_inside_its_interval_is_kept(case, share):
    kind, needed, name, interval = case
    low, high, closed_low, closed_high = ends(interval)
    value = low + share * (min(high, low + 1e3) - low)
    if low < value < high or (closed_low and value == low) or (closed_high and value == high):
        made = kind(**needed, **{name: value})
        if kind is not lamina.AdamW or name == "strength":
            assert getattr(made, name) == value
        else:  # AdamW gives a WeightDecay, whose rule has Adam's options
            assert getattr(made.rule, name) == value


@pytest.mark.parametrize("case", REALS, ids=name_of)
@given(distance=st.floats(0, 1e300))
def test_a_number_outside_its_interval_is_an_error(case, distance):
    kind, needed, name, interval = case
    low, high, closed_low, closed_high = ends(interval)
    below, above = low - distance, high + distance
    for value, outside in (
        (below, below < low or not closed_low),
        (above, above > high or not closed_high),
    ):
        if outside:
            with pytest.raises(ArgumentError) as error:
                kind(**needed, **{name: value})
            assert said(error, name, interval)
            assert repr(value) in str(error.value)


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("case", REALS, ids=name_of)
def test_what_is_no_number_is_an_error(case, wrong):
    kind, needed, name, interval = case
    if wrong is None and name == "initial" and kind is not lamina.MomentumRamp:
        assert kind(initial=None).initial is None  # "that of the schedule's place"
    else:
        with pytest.raises(ArgumentError) as error:
            kind(**needed, **{name: wrong})
        assert said(error, name, interval)
        assert type(wrong).__name__ in str(error.value)


@pytest.mark.parametrize("case", INTEGERS, ids=name_of)
@given(value=st.integers(1, 10**9))
def test_a_count_of_one_or_more_is_kept(case, value):
    kind, needed, name = case
    assert getattr(kind(**needed, **{name: value}), name) == value
    assert getattr(kind(**needed, **{name: np.int64(value)}), name) == value


@pytest.mark.parametrize("case", INTEGERS, ids=name_of)
@given(value=st.integers(max_value=0) | st.floats(allow_infinity=False))
def test_another_count_is_an_error(case, value):
    kind, needed, name = case
    with pytest.raises(ArgumentError) as error:
        kind(**needed, **{name: value})
    assert said(error, name, "an integer in [1, inf)")


@pytest.mark.parametrize("wrong", [*WRONG, math.inf, -math.inf, 10**400], ids=repr)
@pytest.mark.parametrize("case", INTEGERS, ids=name_of)
def test_what_is_no_count_is_an_error(case, wrong):
    kind, needed, name = case
    if name == "n_iter_no_change" and isinstance(wrong, float) and wrong == math.inf:
        assert kind(**{name: wrong}).n_iter_no_change == math.inf  # never stop early
    else:
        with pytest.raises(ArgumentError) as error:
            kind(**needed, **{name: wrong})
        assert said(error, name, "[1, inf)")


@pytest.mark.parametrize("wrong", ["nonsense", "", "Tanh", True, 3, ["tanh"], 0.5j], ids=repr)
@pytest.mark.parametrize("case", CHOICES, ids=name_of)
def test_another_choice_is_an_error_that_lists_the_choices(case, wrong):
    kind, needed, name = case
    with pytest.raises(ArgumentError) as error:
        kind(**needed, **{name: wrong})
    assert said(error, name, "one of '")
    assert repr(wrong) in str(error.value)


@pytest.mark.parametrize("wrong", [0, 1, None, "True", np.array(True), float("nan")], ids=repr)
@pytest.mark.parametrize("case", FLAGS, ids=name_of)
def test_what_is_no_flag_is_an_error(case, wrong):
    kind, needed, name = case
    with pytest.raises(ArgumentError) as error:
        kind(**needed, **{name: wrong})
    assert said(error, name, "True, False or" if name == "early_stopping" else "True or False")


@pytest.mark.parametrize("case", FLAGS, ids=name_of)
@pytest.mark.parametrize("flag", [True, False, np.True_, np.False_], ids=repr)
def test_a_flag_is_kept(case, flag):
    kind, needed, name = case
    assert getattr(kind(**needed, **{name: flag}), name) == flag


@pytest.mark.parametrize("wrong", ["adam", None, 0.1, lamina.Adam, lamina.Dense(1)], ids=repr)
@pytest.mark.parametrize("case", KINDS, ids=name_of)
def test_an_object_of_another_kind_is_an_error(case, wrong):
    kind, needed, name = case
    with pytest.raises(ArgumentError) as error:
        kind(**needed, **{name: wrong})
    expected = {"rule": "a Rule", "regularization": "a Regularization"}
    assert said(error, name, expected.get(name, "a Schedule"))


def test_a_rule_and_a_schedule_are_not_mistaken_for_each_other():
    with pytest.raises(ArgumentError, match=r"^rule must be a Rule, got Constant"):
        lamina.Training(rule=SCHEDULE)
    with pytest.raises(ArgumentError, match=r"^learning_rate must be a Schedule, got Adam"):
        lamina.Training(learning_rate=RULE)


def test_weight_decay_of_weight_decay_is_an_error():
    with pytest.raises(ArgumentError, match=r"^rule must be a rule without weight decay"):
        lamina.WeightDecay(lamina.AdamW())


@pytest.mark.parametrize("kind", [lamina.Momentum, lamina.SGD, lamina.Nesterov])
def test_a_momentum_may_be_a_schedule_that_has_its_own_start(kind):
    assert kind(SCHEDULE).momentum == SCHEDULE
    for wrong in (lamina.Constant(), lamina.Constant(initial=1.5)):
        with pytest.raises(ArgumentError, match=r"^momentum must be a schedule with initial"):
            kind(wrong)


@pytest.mark.parametrize("word", ["Auto", "full", ""])
def test_a_batch_size_in_another_word_is_an_error(word):
    with pytest.raises(ArgumentError, match=r"^batch_size must be 'auto' or an integer in"):
        lamina.Training(batch_size=word)
    assert lamina.Training(batch_size="auto").batch_size == "auto"
