"""Tables of rules: what an engine is told of an epoch's steps, however they are cut into epochs."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Exponential,
    GradientDescent,
    Momentum,
    MomentumRamp,
    NAdam,
    Nesterov,
    StepDecay,
    Triangular,
    WeightDecay,
)
from lamina.plan import Clock, over_epoch
from lamina.plan.rules import RULES
from lamina.spec import rules as spec_rules

EACH = {name: make() for name, make in RULES.items()} | {
    "ramped": Momentum(MomentumRamp(every=3)),
    "ramped sgd": SGD(MomentumRamp(every=3), nesterovs_momentum=False),
    "ramped nesterov": Nesterov(Triangular(initial=0.9, half=4)),
    "momentum by epochs": Momentum(StepDecay(initial=0.9)),
    "decayed": WeightDecay(NAdam(), 0.3),
    "decayed by a schedule": WeightDecay(NAdam(), Triangular(initial=0.3, half=4)),
    "adam of scikit-learn": Adam(corrected=False),
}
NAMES = sorted(EACH)
RATE = Exponential(initial=0.1, k=0.2)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_a_row_per_step_and_a_column_per_scalar(name):
    rule = EACH[name]
    table = rule.table(0.1, Clock(10, 2, 100, 5))
    assert table.shape == (5, 1 + len(rule.kind.Scalars._fields))
    assert table.dtype == np.float64
    assert np.isfinite(table).all()


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"momentum by epochs"}))
@given(cuts=st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_a_table_does_not_depend_on_how_steps_are_cut_into_epochs(name, cuts):
    """Bit for bit; a momentum in epochs is left out, which does depend on them."""
    rule, whole = EACH[name], Clock(0, 0, 0, sum(cuts))
    parts, done = [], 0
    for epoch, n_steps in enumerate(cuts):
        clock = Clock(done, epoch, 0, n_steps)
        parts.append(rule.table(over_epoch(RATE, None, clock), clock))
        done += n_steps
    expected = rule.table(over_epoch(RATE, None, whole), whole)
    np.testing.assert_array_equal(np.vstack(parts), expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_the_scalars_of_its_step_alone(name):
    """Also bit for bit: bias corrections by repeated squaring are the same for one and for many."""
    rule = EACH[name]
    clock = Clock(995, 4, 0, 8)
    rates = over_epoch(RATE, None, clock)
    table = rule.table(rates, clock)
    for i in range(8):
        alone = Clock(995 + i, 4, 0, 1)
        row = rule.scalars(996 + i, float(rates[i]), alone)
        expected = [np.ravel(value)[0] for value in (rule.keep(float(rates[i]), alone), *row)]
        assert table[i].tolist() == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_rate_of_one_number_fills_the_epoch(name):
    rule, clock = EACH[name], Clock(4, 1, 0, 6)
    np.testing.assert_array_equal(rule.table(0.2, clock), rule.table(np.full(6, 0.2), clock))


def test_the_momentum_ramp_is_in_the_table():
    """1/2, 3/4, 5/6 in blocks of 250 steps, cut at 0.8, across the border of an epoch."""
    rule = Momentum(MomentumRamp(initial=0.8))
    keep = [rule.table(0.1, Clock(at, 0, 0, 2))[:, 1] for at in (0, 249, 499, 749)]
    blocks = [
        [Fraction(1, 2)] * 2,
        [Fraction(1, 2), Fraction(3, 4)],
        [Fraction(3, 4), 0.8],
        [0.8] * 2,
    ]
    assert np.array(keep) == pytest.approx(np.array(blocks, dtype=float), rel=1e-15)


def test_the_ramp_stands_in_the_three_rules_with_momentum():
    """In SGD's and Nesterov's other columns too, wherever beta is."""
    clock, ramp = Clock(750, 0, 0, 1), MomentumRamp()  # 7/8
    assert Momentum(ramp).table(0.5, clock)[0].tolist() == [1, 0.875, 1, 0.5, 0]
    assert SGD(ramp).table(0.5, clock)[0].tolist() == [1, 0.875, 0.5, 0.875, 0.5]
    assert SGD(ramp, False).table(0.5, clock)[0].tolist() == [1, 0.875, 0.5, 1, 0]
    assert Nesterov(ramp).table(0.5, clock)[0].tolist() == [1, 0.875, 0.5, 0.4375]


def test_a_momentum_in_epochs_changes_between_epochs():
    rule = EACH["momentum by epochs"]
    assert (rule.table(0.1, Clock(40, 4, 0, 3))[:, 1] == 0.9).all()
    assert (rule.table(0.1, Clock(50, 5, 0, 3))[:, 1] == 0.45).all()


def test_the_first_column_is_the_factor_of_weight_decay():
    """1 - eta lambda, with the rate of each step; 1 without decay."""
    clock = Clock(0, 0, 0, 3)
    table = WeightDecay(GradientDescent(), 0.5).table(np.array([0.5, 0.25, 0.0]), clock)
    assert table.tolist() == [[0.75, 0.5], [0.875, 0.25], [1.0, 0.0]]
    assert GradientDescent().table(0.5, clock)[:, 0].tolist() == [1.0, 1.0, 1.0]


def test_weight_decay_leaves_the_scalars_of_its_rule():
    clock = Clock(5, 0, 0, 4)
    np.testing.assert_array_equal(
        AdamW(strength=0.3).table(0.1, clock)[:, 1:], Adam().table(0.1, clock)[:, 1:]
    )
    assert AdamW().kind is Adam().kind


def test_adamw_is_adam_in_weight_decay():
    assert AdamW(0.8, 0.9, 1e-6, 0.2) == WeightDecay(Adam(0.8, 0.9, 1e-6), 0.2)


def test_adams_first_row_undoes_the_bias():
    """t = 1: step = eta / (1 - beta_1) = 0.5 / 0.25 and root = 1 / sqrt(1 - beta_2) = 2."""
    row = Adam(0.75, 0.75, 1e-8).table(0.5, Clock(0, 0, 0, 1))[0]
    assert row.tolist() == [1, 0.75, 0.25, 0.75, 0.25, 2, 2, 1e-8]
    plain = Adam(0.75, 0.75, 1e-8, corrected=False).table(0.5, Clock(0, 0, 0, 1))[0]
    assert plain.tolist() == [1, 0.75, 0.25, 0.75, 0.25, 1, 1, 1e-8]


def test_late_steps_have_no_correction_left():
    row = Adam().table(0.5, Clock(10**6, 0, 0, 1))[0]
    assert row[5:7].tolist() == [0.5, 1.0]


def test_a_constant_momentum_schedule_is_the_number():
    clock = Clock(0, 0, 0, 3)
    np.testing.assert_array_equal(
        Momentum(Constant(initial=0.7)).table(0.1, clock), Momentum(0.7).table(0.1, clock)
    )


def test_every_rule_of_the_spec_is_in_the_table_of_names():
    """weight_decay and the look-ahead are no rules of their own in the spec's list."""
    kinds = {rule.kind.__name__.rsplit(".", 1)[1] for rule in EACH.values()}
    assert kinds | {"weight_decay"} == set(spec_rules.__all__)
