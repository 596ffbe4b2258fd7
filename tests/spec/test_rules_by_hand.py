"""Update rules by hand: exact fractions, closed forms for constant gradients, and identities.

The fractions were worked with pencil and paper from the equations of note 002 (§5, §6).
"""

from fractions import Fraction

import numpy as np
import pytest

from lamina.spec.rules import (
    adadelta,
    adagrad,
    adam,
    adamax,
    gradient_descent,
    maxprop,
    momentum,
    nadam,
    nesterov,
    rmsprop,
    weight_decay,
)

G = np.array([3.0, -0.02, 500.0])  # a gradient that stays the same
N_STEPS = 40


def run(kind, scalars, gradient, w, n_steps):
    """Return the states (w, *slots) after each step; ``gradient(t, point)``, t from 1."""
    states = [(w, *(w * 0 for _ in kind.SLOTS))]
    for t in range(1, n_steps + 1):
        s = scalars(t)
        w, *slots = states[-1]
        point = kind.look_ahead(w, *slots, s) if hasattr(kind, "look_ahead") else w
        states.append(kind.update(w, gradient(t, point), *slots, s))
    return states[1:]


def steps(kind, scalars, n_steps=N_STEPS):
    """Return w_{t-1} - w_t for the constant gradient G."""
    path = [np.zeros(3), *(s[0] for s in run(kind, scalars, lambda t, w: G, np.zeros(3), n_steps))]
    return -np.diff(path, axis=0)


def one(number):
    return np.array([float(number)])


def test_nesterov_on_half_a_square_in_exact_fractions():
    """grad = w, eta = 1/4, beta = 1/2, w_0 = 1; points 1, 5/8, 21/64, 69/512.

    u: 1; 1/2 + 5/8; 9/16 + 21/64; 57/128 + 69/512. Dyadic, so float64 has them exactly.
    """
    states = run(nesterov, lambda t: nesterov.scalars(t, 0.25, 0.5), lambda t, p: p, one(1), 4)
    assert [s[1][0] for s in states] == [1, Fraction(9, 8), Fraction(57, 64), Fraction(297, 512)]
    assert [s[0][0] for s in states] == [
        Fraction(3, 4),
        Fraction(15, 32),
        Fraction(63, 256),
        Fraction(207, 2048),
    ]


def test_the_look_ahead_point_is_eta_beta_u_ahead():
    """Note 002 §5.2 writes w - beta u; the step that the old direction makes is eta beta u."""
    s = nesterov.scalars(1, 0.25, 0.5)
    assert nesterov.look_ahead(one(1), one(8), s) == 1 - 0.25 * 0.5 * 8


def test_maxprop_on_half_a_square_in_exact_fractions():
    """grad = w, eta = 2, beta = 9/10, epsilon = 1/2, w_0 = 2: the old maximum wins from step 2.

    v: 2; max(9/5, 2/5); max(81/50, 6/115); max(729/500, 18/6095). w: 2 - 4/(5/2) = 2/5, then
    2/5 - (4/5)/(23/10) = 6/115, and so on.
    """
    states = run(maxprop, lambda t: maxprop.scalars(t, 2.0, 0.9, 0.5), lambda t, w: w, one(2), 4)
    v = [2, Fraction(9, 5), Fraction(81, 50), Fraction(729, 500)]
    w = [Fraction(2, 5), Fraction(6, 115), Fraction(18, 6095), Fraction(-378, 5967005)]
    assert [s[1][0] for s in states] == pytest.approx([float(x) for x in v], rel=1e-15)
    assert [s[0][0] for s in states] == pytest.approx([float(x) for x in w], rel=1e-12)


def test_maxprop_keeps_still_where_the_gradient_is_zero():
    states = run(
        maxprop, lambda t: maxprop.scalars(t, 0.1, 0.5, 1e-8), lambda t, w: w * 0, one(3), 3
    )
    assert [s[0][0] for s in states] == [3, 3, 3]


def test_adamax_with_the_epsilon_of_the_note_in_exact_fractions():
    """g = 2, 0, -1; eta = 1/2, beta_1 = 1/2, beta_2 = 3/4, epsilon = 1/2, w_0 = 1.

    m-hat: 2, 2/3, -2/7; v: 2, 3/2, 9/8. w: 1 - 1/(5/2) = 3/5; 3/5 - 1/6; 13/30 + 8/91.
    """
    states = run(
        adamax,
        lambda t: adamax.scalars(t, 0.5, 0.5, 0.75, 0.5),
        lambda t, w: one([2, 0, -1][t - 1]),
        one(1),
        3,
    )
    assert [s[2][0] for s in states] == [2, Fraction(3, 2), Fraction(9, 8)]
    expected = [float(Fraction(3, 5)), float(Fraction(13, 30)), float(Fraction(1423, 2730))]
    assert [s[0][0] for s in states] == pytest.approx(expected, rel=1e-15)


def test_momentum_is_the_sum_of_all_past_gradients_with_falling_weights():
    """u_t = sum_tau beta^(t - tau) grad_tau (note 002 §5.1)."""
    g = np.random.RandomState(0).normal(size=(N_STEPS, 1))
    states = run(
        momentum,
        lambda t: momentum.scalars_outside(t, 0.1, 0.8),
        lambda t, w: g[t - 1],
        one(0),
        N_STEPS,
    )
    sums = [np.polyval(g[: t + 1, 0], 0.8) for t in range(N_STEPS)]
    assert [s[1][0] for s in states] == pytest.approx(sums, rel=1e-13)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
def test_look_ahead_and_rewritten_nesterov_are_one_at_a_constant_rate(beta):
    """The rewritten step's w is the look-ahead point of the other: p_t = w_t - eta beta u_{t-1}."""

    def gradient(t, w):
        return np.sinh(w) + np.array([1.0, -0.5, 0.1 * (t % 3)])

    start, rate = np.array([1.0, -2.0, 0.5]), 0.05
    ahead = run(nesterov, lambda t: nesterov.scalars(t, rate, beta), gradient, start, N_STEPS)
    rewritten = run(
        momentum, lambda t: momentum.scalars_outside(t, rate, beta, True), gradient, start, N_STEPS
    )
    for t in range(N_STEPS):
        w, u = ahead[t]
        point = w - rate * beta * u
        assert rewritten[t][0] == pytest.approx(point, rel=1e-12, abs=1e-14)
        assert rewritten[t][1] == pytest.approx(u, rel=1e-12, abs=1e-13)


def test_gradient_descent_takes_the_rate_times_the_gradient():
    assert steps(gradient_descent, lambda t: gradient_descent.scalars(t, 0.25), 3) == pytest.approx(
        np.tile(0.25 * G, (3, 1)), rel=1e-15
    )


def test_adam_moves_by_the_rate_when_the_gradient_stays():
    """Bias correction makes m-hat = g and v-hat = g^2 at every step: eta g / (|g| + epsilon)."""
    taken = steps(adam, lambda t: adam.scalars(t, 0.1, 0.9, 0.999, 0.25))
    assert taken == pytest.approx(np.tile(0.1 * G / (np.abs(G) + 0.25), (N_STEPS, 1)), rel=1e-11)


def test_adamax_moves_by_the_rate_when_the_gradient_stays():
    taken = steps(adamax, lambda t: adamax.scalars(t, 0.1, 0.9, 0.999, 0.25))
    assert taken == pytest.approx(np.tile(0.1 * G / (np.abs(G) + 0.25), (N_STEPS, 1)), rel=1e-11)


def test_maxprop_moves_by_the_rate_when_the_gradient_stays():
    taken = steps(maxprop, lambda t: maxprop.scalars(t, 0.1, 0.9, 0.25))
    assert taken == pytest.approx(np.tile(0.1 * G / (np.abs(G) + 0.25), (N_STEPS, 1)), rel=1e-13)


@pytest.mark.parametrize("inside", [True, False])
def test_adagrad_steps_fall_as_one_over_root_t(inside):
    taken = steps(adagrad, lambda t: adagrad.scalars(t, 0.1, 1e-2, inside))
    squares = np.arange(1, N_STEPS + 1)[:, None] * G**2
    root = np.sqrt(squares + 1e-2) if inside else np.sqrt(squares) + 1e-2
    assert taken == pytest.approx(0.1 * G / root, rel=1e-12)


@pytest.mark.parametrize("inside", [True, False])
def test_rmsprop_starts_with_large_steps_and_settles_at_the_rate(inside):
    """v_t = (1 - beta^t) g^2, not corrected: the first step is eta / sqrt(1 - beta)."""
    taken = steps(rmsprop, lambda t: rmsprop.scalars(t, 0.1, 0.75, 1e-16, inside), 200)
    assert taken[0] == pytest.approx(0.2 * np.sign(G), rel=1e-9)
    assert taken[-1] == pytest.approx(0.1 * np.sign(G), rel=1e-9)


def test_adadeltas_first_step_is_known():
    """u = 0: d = sqrt(epsilon) / sqrt((1 - beta) g^2 + epsilon) g; beta = 3/4, g = 2, eps = 1/16:

    (1/4) / sqrt(17/16) * 2 = 2 / sqrt(17).
    """
    states = run(
        adadelta, lambda t: adadelta.scalars(t, 9.9, 0.75, 1 / 16), lambda t, w: one(2), one(0), 1
    )
    assert -states[0][0][0] == pytest.approx(2 / 17**0.5, rel=1e-15)
    assert states[0][2][0] == pytest.approx(1 / 17, rel=1e-15)  # u = (1 - beta) d^2


def test_nadams_first_step_is_known():
    """m = (1 - b) g, m-bar = b (1 - b) g / (1 - b^2) + g = g (1 + b / (1 + b)): 4/3 g at 1/2."""
    taken = steps(nadam, lambda t: nadam.scalars(t, 0.3, 0.5, 0.999, 1e-300), 1)
    assert taken[0] == pytest.approx(0.4 * np.sign(G), rel=1e-12)


def test_weight_decay_factor():
    assert weight_decay.keep(0.5, 0.25) == 0.875
    assert weight_decay.keep(np.array([0.0, 0.5, 1.0]), 0.25).tolist() == [1.0, 0.875, 0.75]
    assert weight_decay.decay(one(8), 0.875) == 7


@pytest.mark.parametrize(
    "kind", [adadelta, adagrad, adam, adamax, maxprop, momentum, nadam, nesterov, rmsprop]
)
def test_scalars_have_a_name_for_each_entry_and_slots_a_name_for_each_state(kind):
    assert all(name.islower() for name in (*kind.SLOTS, *kind.Scalars._fields))
    assert len(set(kind.SLOTS)) == len(kind.SLOTS) >= 1
