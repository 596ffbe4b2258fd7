"""The mathematics: short pure functions, one per equation, slow, plain and right.

Every engine is held to these functions value by value. They are written against the array-API
namespace of their arguments, validate nothing and import nothing else of lamina.

Symbols: rows are samples; ``h_0 = x``; ``z_l = h_{l-1} W_l + b_l``; ``h_l = phi_l(z_l)``;
``W_l`` has shape (d_{l-1}, d_l); ``delta_l`` is the derivative of a sample's loss by ``z_l``;
``eta`` is the learning rate, ``t`` the step, counted from 1 in rules and from 0 in schedules.
"""

from lamina.spec import (
    activations,
    curvature,
    descent,
    draws,
    initializers,
    layers,
    losses,
    measures,
    network,
    regularization,
    rules,
    schedules,
    second_derivatives,
    training,
)

__all__ = [
    "activations",
    "curvature",
    "descent",
    "draws",
    "initializers",
    "layers",
    "losses",
    "measures",
    "network",
    "regularization",
    "rules",
    "schedules",
    "second_derivatives",
    "training",
]
