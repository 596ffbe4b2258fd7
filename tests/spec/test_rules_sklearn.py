"""The two forms that scikit-learn has, against its own optimisers: SGD and Adam."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from lamina.spec.rules import adam, momentum

N_STEPS = 15
GRADIENTS = np.random.RandomState(2).normal(size=(N_STEPS, 5)) * [1.0, 0.01, 100.0, 1e-7, 1.0]
START = np.array([1.0, -1.0, 0.0, 0.5, 1e-3])
RATES = np.where(np.arange(N_STEPS) < 7, 0.1, 0.02)  # one drop, as "adaptive" makes it


def ours(kind, scalars):
    """Return the path of a module of the spec with ``scalars(t, rate)``."""
    w, slots, path = START, [START * 0 for _ in kind.SLOTS], []
    for t, g in enumerate(GRADIENTS):
        w, *slots = kind.update(w, g, *slots, scalars(t + 1, RATES[t]))
        path.append(w)
    return np.array(path)


def theirs(make, attribute):
    """Return the path of an optimiser whose `attribute` is set to each step's rate."""
    w = START.copy()
    optimizer, path = make([w]), []
    for rate, g in zip(RATES, GRADIENTS, strict=True):
        setattr(optimizer, attribute, rate)
        optimizer.update_params([w], [g])
        path.append(w.copy())
    return np.array(path)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 1.0])
def test_momentum_with_the_rate_inside_is_sklearns_sgd(beta, nesterov):
    def make(params):
        return SGDOptimizer(params, momentum=beta, nesterov=nesterov)

    def scalars(t, rate):
        return momentum.scalars_inside(t, rate, beta, nesterov)

    expected = theirs(make, "learning_rate")
    assert ours(momentum, scalars) == pytest.approx(expected, rel=1e-13, abs=1e-16)


@pytest.mark.parametrize("epsilon", [1e-8, 1e-3])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9), (0.0, 0.0)])
def test_adam_with_epsilon_beside_the_plain_root_is_sklearns(betas, epsilon):
    def make(params):
        return AdamOptimizer(params, 1.0, *betas, epsilon)

    def scalars(t, rate):
        return adam.scalars(t, rate, *betas, epsilon, corrected=False)

    expected = theirs(make, "learning_rate_init")
    assert ours(adam, scalars) == pytest.approx(expected, rel=1e-12, abs=1e-16)


def test_adams_two_forms_differ_by_the_factor_of_epsilon_alone():
    """epsilon beside the plain root is epsilon / sqrt(1 - beta_2^t) beside the corrected one."""

    def plain(t, rate):
        return adam.scalars(t, rate, 0.9, 0.999, 1e-3, corrected=False)

    def corrected(t, rate):
        return adam.scalars(t, rate, 0.9, 0.999, 1e-3 / np.sqrt(1 - 0.999**t), corrected=True)

    assert ours(adam, plain) == pytest.approx(ours(adam, corrected), rel=1e-10)


def test_rate_inside_and_outside_agree_at_a_constant_rate_only():
    def path(form, rates):
        w, u, result = START, START * 0, []
        for t, g in enumerate(GRADIENTS):
            w, u = momentum.update(w, g, u, form(t + 1, rates[t], 0.9))
            result.append(w)
        return np.array(result)

    same = np.full(N_STEPS, 0.1)
    inside, outside = momentum.scalars_inside, momentum.scalars_outside
    assert path(inside, same) == pytest.approx(path(outside, same), rel=1e-12, abs=1e-15)
    assert path(inside, RATES) != pytest.approx(path(outside, RATES), rel=1e-3)
