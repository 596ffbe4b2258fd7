"""Gradient descent in its batch, mini-batch and stochastic forms: the reference training loop.

One function serves the three: a batch of all N samples, of B, or of one (note 002 §5.3; note 004).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lamina.spec import network as propagation
from lamina.spec.arrays import Array, namespace
from lamina.spec.measures import Measures, measure
from lamina.spec.network import Parameters
from lamina.spec.regularization import (
    Draws,
    Penalties,
    clip_factor,
    clip_value,
    l1_penalty,
    max_norm,
    noisy,
    penalised,
)
from lamina.spec.rules.weight_decay import decay

Slots = list[list[tuple[Array, ...]]]  # [layer][parameter][slot]


NO_PENALTIES, NO_DRAWS = Penalties(), Draws()


class Step(NamedTuple):
    """What one step gives: mean data loss, penalty, the new parameters and slots, measures.

    `measures` is None unless asked for, and where a batch has no weight.
    """

    loss: float
    penalty: float
    parameters: list[tuple[Array, ...]]
    slots: Slots
    measures: Measures | None = None


def zero_slots(rule: Any, parameters: Parameters) -> Slots:
    """Return the slots of `rule` at the start of training: zeros."""
    return [[tuple(p * 0 for _ in rule.SLOTS) for p in own] for own in parameters]


def step(
    network: Any,
    rule: Any,
    parameters: Parameters,
    slots: Slots,
    batch: tuple[Array, ...],
    scalars: Any,
    keep: float = 1.0,
    l2: float = 0.0,
    penalties: Penalties = NO_PENALTIES,
    draws: Draws = NO_DRAWS,
    measured: bool = False,
) -> Step:
    """Take one step on ``batch = (x, y, weights)``, or ``(x, y, weights, factors)``.

    `rule` is a module of `lamina.spec.rules`, `scalars` its scalars for this step, `keep` the
    factor of decoupled weight decay (weights only), `l2` scikit-learn's alpha; with `measured` it
    has its `lamina.spec.measures` too.
    """
    x, y, weights, *others = batch
    factors = others[0] if others else None
    total = y.shape[0] if weights is None else float(namespace(weights).sum(weights))
    if total == 0:  # nothing to learn from: a mean over no weight has no value
        return Step(0.0, 0.0, list(parameters), slots)
    point = look_ahead(rule, parameters, slots, scalars)
    x = noisy(x, draws)
    passed = propagation.forward(network, point, x, propagation.dropout_masks(network, draws, x))
    result = propagation.backward(network, point, passed, y, weights, l2, factors)
    per_sample = result.loss if weights is None else result.loss * weights
    per_sample = per_sample if factors is None else per_sample * factors
    shaped = _shaped(result.gradients, point, penalties)
    updated: list[tuple[Array, ...]] = []
    new_slots: Slots = []
    for own, own_slots, gradients in zip(parameters, slots, shaped, strict=True):
        moved = [
            rule.update(decay(w, keep) if w.ndim > 1 else w, g, *state, scalars)
            for w, g, state in zip(own, gradients, own_slots, strict=True)
        ]
        updated.append(tuple(_bounded(m[0], penalties) for m in moved))
        new_slots.append([m[1:] for m in moved])
    penalty = propagation.penalty(point, l2) / total
    penalty += propagation.penalty(point, penalties.l2) + l1_penalty(point, penalties.l1)
    data_loss = float(namespace(per_sample).sum(per_sample)) / total
    seen = None
    if measured:
        seen = measure(network, point, passed, result, total, parameters, updated, weights)
    return Step(data_loss, penalty, updated, new_slots, seen)


def _shaped(
    gradients: Parameters, point: Parameters, own: Penalties
) -> Sequence[tuple[Array, ...]]:
    """Return the gradients with those of the penalties, clipped."""
    if own == NO_PENALTIES:
        return gradients
    cut = [
        tuple(
            clip_value(penalised(g, w, own) if w.ndim > 1 else g, own.clip_value)
            for g, w in zip(layer, weights, strict=True)
        )
        for layer, weights in zip(gradients, point, strict=True)
    ]
    factor = clip_factor(cut, own.clip_norm)
    return [tuple(g * factor for g in layer) for layer in cut]


def _bounded(parameter: Array, own: Penalties) -> Array:
    return max_norm(parameter, own.max_norm) if parameter.ndim > 1 else parameter


def look_ahead(rule: Any, parameters: Parameters, slots: Slots, scalars: Any) -> Parameters:
    """Return the point at which `rule` wants its gradient: the parameters, for most rules."""
    if not hasattr(rule, "look_ahead"):
        return parameters
    return [
        tuple(rule.look_ahead(w, *state, scalars) for w, state in zip(own, states, strict=True))
        for own, states in zip(parameters, slots, strict=True)
    ]


def descend(
    network: Any,
    rule: Any,
    parameters: Parameters,
    batches: Iterable[tuple[Array, Array, Array | None]],
    scalars: Iterable[Any],
    l2: float = 0.0,
) -> tuple[list[tuple[Array, ...]], list[float]]:
    """Step through `batches`, the s-th with the s-th of `scalars`; return parameters and losses."""
    slots = zero_slots(rule, parameters)
    losses = []
    for batch, own in zip(batches, scalars, strict=True):
        taken = step(network, rule, parameters, slots, batch, own, l2=l2)
        parameters, slots = taken.parameters, taken.slots
        losses.append(taken.loss + taken.penalty)
    return list(parameters), losses
