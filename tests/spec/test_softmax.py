"""Softmax, log-softmax and log-sum-exp: the facts of note 003 §4.4, and their last digits."""

import warnings

import mpmath
import numpy as np
import pytest
import scipy.special

from lamina.spec.activations import log_softmax, log_sum_exp, logistic, softmax

EPS = 2.0**-52
TINY = 2.0**-1074

mp = mpmath.MPContext()
mp.dps = 60

ROWS = [
    [0.3, -1.2, 2.0, 0.0],
    [0.0, 0.0, 0.0],
    [1e4, -1e4, 0.0],
    [1e4, 1e4, 1e4 - 1e-9],
    [-1e4, -1e4 + 0.5, -1e4 - 3.0],
    [0.0, -37.0, -40.0],  # one probability within 1e-16 of 1
    [50.0, 12.5],
    [1e-12, -1e-12],
    [-745.0, 0.0],
    [3.0],
]


def exact(function, row):
    """Return `function` of a row of mpmath numbers, rounded to float64."""
    return np.array(function([mp.mpf(z) for z in row]), dtype=float)


def mp_log_sum_exp(row):
    with mp.workdps(400):
        return mp.log(mp.fsum(mp.exp(z) for z in row))


def mp_softmax(row):
    total = mp.fsum(mp.exp(z) for z in row)
    return [mp.exp(z) / total for z in row]


def mp_log_softmax(row):
    """In the digits that ln(1 - 1e-8686) needs."""
    with mp.workdps(20_000 if max(row) - min(row) > 1e3 else 400):
        return [mp.log(p) for p in mp_softmax(row)]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_log_sum_exp_agrees_with_mpmath(row):
    expected = exact(mp_log_sum_exp, row)
    # Where the two terms of ln sum = max + ln(rest) cancel, the digits of the larger remain.
    bound = 2 * EPS * max(abs(expected), abs(max(row))) + TINY
    assert abs(log_sum_exp(np.array(row)) - expected) <= bound


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_softmax_agrees_with_mpmath_in_relative_error(row):
    expected = exact(mp_softmax, row)
    # z - max z is rounded once: eps / 2 of it. Differences here are exact but for one row.
    spread = max(row) - np.array(row) if 1e4 - 1e-9 in row else 0
    bound = (6 + spread) * EPS * expected + TINY
    assert (np.abs(softmax(np.array(row)) - expected) <= bound).all()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_log_softmax_agrees_with_mpmath_in_relative_error(row):
    """Also where a probability is 1 - 1e-16: ln p is then -1e-16, to all its digits."""
    expected = exact(mp_log_softmax, row)
    bound = 4 * EPS * np.abs(expected) + TINY
    assert (np.abs(log_softmax(np.array(row)) - expected) <= bound).all()


def test_a_probability_near_one_keeps_the_digits_of_its_complement():
    """ln p = -e^-40 (1 + ...): computed as ln softmax it would be 0."""
    z = np.array([40.0, 0.0])
    expected = float(-mp.log1p(mp.exp(-40)))
    assert log_softmax(z)[0] == pytest.approx(expected, rel=2 * EPS)
    assert np.log(softmax(z))[0] == 0.0
    assert log_sum_exp(np.array([0.0, -40.0])) == pytest.approx(-expected, rel=2 * EPS)


@pytest.mark.parametrize("shift", [-1e4, -1.0, 0.25, 1e4])
def test_adding_a_constant_to_a_row_changes_nothing(shift):
    z = np.array([[0.5, -1.25, 2.0], [0.0, 3.5, -4.0]])  # sums with shift are exact
    np.testing.assert_array_equal(softmax(z + shift), softmax(z))
    np.testing.assert_array_equal(log_softmax(z + shift), log_softmax(z))


def test_the_last_class_may_have_parameters_zero():
    """Subtracting theta_k from every theta_i gives theta_k = 0 and the same probabilities."""
    random = np.random.RandomState(0)
    x, theta = random.normal(size=(7, 3)), random.normal(size=(3, 4))
    reduced = theta - theta[:, 3:]
    assert (reduced[:, 3] == 0).all()
    assert softmax(x @ reduced) == pytest.approx(softmax(x @ theta), rel=1e-14)


def test_two_classes_are_the_logistic_unit_of_the_difference():
    z = np.random.RandomState(1).normal(size=(200, 2)) * 20
    p = softmax(z)
    assert p[:, 0] == pytest.approx(logistic(z[:, 0] - z[:, 1]), rel=1e-14)
    assert p[:, 1] == pytest.approx(logistic(z[:, 1] - z[:, 0]), rel=1e-14)


def test_rows_are_distributions():
    p = softmax(np.random.RandomState(2).normal(size=(50, 9)) * 100)
    assert (p >= 0).all()
    assert p.sum(axis=1) == pytest.approx(np.ones(50), rel=1e-15)


@pytest.mark.parametrize("name", ["log_sum_exp", "log_softmax", "softmax"])
def test_agrees_with_scipy_over_the_last_axis(name):
    z = np.random.RandomState(3).normal(size=(2, 5, 4)) * 3
    ours = {"log_sum_exp": log_sum_exp, "log_softmax": log_softmax, "softmax": softmax}[name]
    theirs = scipy.special.logsumexp if name == "log_sum_exp" else getattr(scipy.special, name)
    assert ours(z) == pytest.approx(theirs(z, axis=-1), rel=1e-14)


@pytest.mark.parametrize("function", [log_sum_exp, log_softmax, softmax])
def test_float32_stays_float32(function):
    z = np.array([[1e4, -1e4, 3.0]], dtype=np.float32)
    assert function(z).dtype == np.float32
    assert np.isfinite(function(z)).all()


def test_a_class_at_minus_infinity_has_probability_zero():
    z = np.array([1.0, -np.inf, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert softmax(z).tolist() == [0.5, 0.0, 0.5]
        assert log_softmax(z)[1] == -np.inf
        assert log_sum_exp(z) == pytest.approx(1 + np.log(2), rel=EPS)


@pytest.mark.parametrize("function", [log_softmax, softmax])
def test_nan_spreads_over_its_row_only(function):
    p = function(np.array([[0.0, np.nan], [0.0, 1.0]]))
    assert np.isnan(p[0]).all()
    assert np.isfinite(p[1]).all()


def test_log_sum_exp_of_infinities_is_scipy_s():
    inf = np.inf
    z = np.array([[-inf, -inf], [inf, 1.0], [-inf, 2.0], [inf, -inf]])
    np.testing.assert_array_equal(log_sum_exp(z), scipy.special.logsumexp(z, axis=1))
