"""Update rules against PyTorch and optax (stored goldens) over 12 steps with changing rates.

The tolerance is 1e-12 of the parameters: 12 steps of a handful of roundings each, by libraries
that group the same products differently. Where a library puts epsilon elsewhere, that place is
chosen by the rule's own option, or, where there is none, epsilon is made too small to matter:

- AdaGrad, RMSProp: beside the root in PyTorch, inside it in optax; both are compared.
- AdaDelta: inside both roots everywhere.
- Adam, AdamW, NAdam: beside the corrected root everywhere but in scikit-learn.
- AdaMax: lamina and note 002 have ``v + epsilon``; PyTorch and optax put it beside |g| in the
  maximum: compared with epsilon = 1e-300, and once with 1e-8 in a tolerance that allows for it.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from lamina import (
    AdaDelta,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    GradientDescent,
    Momentum,
    NAdam,
    RMSProp,
)
from lamina.plan import Clock
from lamina.spec.rules import momentum
from lamina.spec.rules.weight_decay import decay

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "rules.json").read_text())
RATES = np.array(GOLDENS["rates"])
GRADIENTS = np.array(GOLDENS["gradients"])
N_STEPS = len(RATES)

RULES = {
    "torch sgd": GradientDescent(),
    "torch momentum": Momentum(0.9),
    "torch adagrad": AdaGrad(1e-6, epsilon_inside=False),
    "torch rmsprop": RMSProp(0.9, 1e-6, epsilon_inside=False),
    "torch adadelta": AdaDelta(0.95, 1e-6),
    "torch adam": Adam(0.8, 0.99, 1e-6),
    "torch adamw": AdamW(0.9, 0.999, 1e-8, 0.3),
    "torch adamax": AdaMax(0.9, 0.99, 1e-300),
    "optax sgd": GradientDescent(),
    "optax momentum": Momentum(0.9),
    "optax adagrad": AdaGrad(1e-6, epsilon_inside=True),
    "optax rmsprop": RMSProp(0.9, 1e-6, epsilon_inside=True),
    "optax rmsprop beside": RMSProp(0.9, 1e-6, epsilon_inside=False),
    "optax adadelta": AdaDelta(0.95, 1e-6),
    "optax adam": Adam(0.8, 0.99, 1e-6),
    "optax adamw": AdamW(0.9, 0.999, 1e-8, 0.3),
    "optax adamax": AdaMax(0.9, 0.99, 1e-300),
    "optax nadam": NAdam(0.8, 0.99, 1e-6),
}


def path_of(kind, rows, keep=None):
    """Return the parameters after each step of a module of the spec, given its scalars' rows."""
    w = np.array(GOLDENS["start"])
    slots = [w * 0 for _ in kind.SLOTS]
    path = []
    for t, (g, scalars) in enumerate(zip(GRADIENTS, rows, strict=True)):
        moved = kind.update(decay(w, 1.0 if keep is None else keep[t]), g, *slots, scalars)
        w, slots = moved[0], moved[1:]
        path.append(w)
    return np.array(path)


def path_of_rule(rule, rates=RATES):
    """Return the path of a rule of a plan, driven by its table as an engine is."""
    table = rule.table(rates, Clock(0, 0, 0, N_STEPS))
    rows = [rule.kind.Scalars(*row[1:]) for row in table.tolist()]
    return path_of(rule.kind, rows, table[:, 0])


@pytest.mark.parametrize("name", sorted(RULES))
def test_path_equals_the_librarys(name):
    expected = np.array(GOLDENS[name]["path"])
    assert path_of_rule(RULES[name]) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", ["torch nesterov", "optax nesterov"])
def test_rewritten_nesterov_step_equals_the_librarys(name):
    """The libraries' "nesterov" is the rewritten step, with the learning rate outside."""
    t = range(1, N_STEPS + 1)
    rows = [momentum.scalars_outside(s, RATES[s - 1], 0.9, nesterov=True) for s in t]
    expected = np.array(GOLDENS[name]["path"])
    assert path_of(momentum, rows) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_default_adamax_equals_torchs_where_gradients_are_large_against_epsilon():
    """v + epsilon against max(v, |g| + epsilon): a step differs by less than epsilon / |g|."""
    gradients = np.abs(GRADIENTS)
    columns = gradients.max(axis=0) > 1e-4
    expected = np.array(GOLDENS["torch adamax eps"]["path"])[:, columns]
    path = path_of_rule(AdaMax(0.9, 0.99))[:, columns]
    bound = 2 * RATES.sum() * 1e-8 / gradients[4:, columns].min(axis=0)
    assert (np.abs(path - expected) <= bound).all()
    assert (bound < 0.1).all()


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (AdaGrad(1e-6, epsilon_inside=True), "torch adagrad"),
        (AdaGrad(1e-6, epsilon_inside=False), "optax adagrad"),
        (RMSProp(0.9, 1e-6, epsilon_inside=True), "torch rmsprop"),
        (RMSProp(0.9, 1e-6, epsilon_inside=False), "optax rmsprop"),
        (Adam(0.8, 0.99, 1e-6, corrected=False), "torch adam"),
    ],
    ids=str,
)
def test_epsilon_in_the_other_place_is_seen(rule, name):
    """So the goldens above do tell the two places apart: by 1e-6 and more."""
    difference = path_of_rule(rule) - np.array(GOLDENS[name]["path"])
    assert np.abs(difference).max() > 1e-6


def test_adadelta_has_no_use_for_the_learning_rate():
    np.testing.assert_array_equal(
        path_of_rule(AdaDelta(), RATES), path_of_rule(AdaDelta(), RATES * 1000)
    )


def test_the_rates_and_gradients_change_at_every_step():
    assert len(set(RATES)) == N_STEPS == 12
    assert len({tuple(g) for g in GRADIENTS}) == N_STEPS


@pytest.mark.parametrize("name", sorted(RULES))
def test_float32_stays_float32(name):
    rule = RULES[name]
    w = np.array(GOLDENS["start"], dtype=np.float32)
    slots = [w * 0 for _ in rule.kind.SLOTS]
    scalars = rule.scalars(1, 0.1, Clock(0, 0, 0, 1))
    moved = rule.kind.update(w, GRADIENTS[5].astype(np.float32), *slots, scalars)
    assert [array.dtype for array in moved] == [np.float32] * (1 + len(rule.kind.SLOTS))
