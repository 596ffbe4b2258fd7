"""Trajectories of PyTorch's and optax's optimisers over given gradients and learning rates.

Six parameters, twelve steps. The learning rate changes at every step, so that a rate inside the
direction is told from one outside. The gradients change sign and size; one is 0 at first and one
is about 1e-8, so that the place of epsilon shows.
"""

from __future__ import annotations

import jax
import numpy as np
import optax
import torch
from golden import save

STEPS = 12
RATES = [0.05 / (1 + 0.2 * t) + 0.01 * (t % 3) for t in range(STEPS)]
START = [0.5, -1.25, 2.0, 0.0, -0.75, 1.0]


def gradients():
    """Return gradients of shape (STEPS, 6)."""
    g = np.random.RandomState(11).normal(size=(STEPS, 6)) * [1.0, 0.1, 10.0, 1.0, 1e-8, 1e-3]
    g[:4, 3] = 0.0
    return g


def by_torch(kind, **options):
    """Return the parameters after every step of a torch.optim optimiser."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = kind([w], lr=1.0, **options)
    path = []
    for rate, g in zip(RATES, gradients(), strict=True):
        optimizer.param_groups[0]["lr"] = 1.0 if kind is torch.optim.Adadelta else rate
        w.grad = torch.from_numpy(g.copy())
        optimizer.step()
        path.append(w.detach().tolist())
    return {"options": options, "path": path}


def by_optax(kind, rate_less=False, **options):
    """Return the parameters after every step of an optax optimiser."""
    rates = jax.numpy.asarray(RATES)
    optimizer = kind(1.0 if rate_less else lambda t: rates[t], **options)
    w = jax.numpy.asarray(START)
    state = optimizer.init(w)
    path = []
    for g in gradients():
        updates, state = optimizer.update(jax.numpy.asarray(g), state, w)
        w = optax.apply_updates(w, updates)
        path.append(np.asarray(w).tolist())
    return {"options": options, "path": path}


def main() -> None:
    """Write rules.json."""
    jax.config.update("jax_enable_x64", True)
    o = torch.optim
    cases = {
        "torch sgd": by_torch(o.SGD),
        "torch momentum": by_torch(o.SGD, momentum=0.9),
        "torch nesterov": by_torch(o.SGD, momentum=0.9, nesterov=True),
        "torch adagrad": by_torch(o.Adagrad, eps=1e-6),
        "torch rmsprop": by_torch(o.RMSprop, alpha=0.9, eps=1e-6),
        "torch adadelta": by_torch(o.Adadelta, rho=0.95, eps=1e-6),
        "torch adam": by_torch(o.Adam, betas=(0.8, 0.99), eps=1e-6),
        "torch adamw": by_torch(o.AdamW, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.3),
        "torch adamax": by_torch(o.Adamax, betas=(0.9, 0.99), eps=1e-300),
        "torch adamax eps": by_torch(o.Adamax, betas=(0.9, 0.99), eps=1e-8),
        "optax sgd": by_optax(optax.sgd),
        "optax momentum": by_optax(optax.sgd, momentum=0.9),
        "optax nesterov": by_optax(optax.sgd, momentum=0.9, nesterov=True),
        "optax adagrad": by_optax(optax.adagrad, initial_accumulator_value=0.0, eps=1e-6),
        "optax rmsprop": by_optax(optax.rmsprop, decay=0.9, eps=1e-6, eps_in_sqrt=True),
        "optax rmsprop beside": by_optax(optax.rmsprop, decay=0.9, eps=1e-6, eps_in_sqrt=False),
        "optax adadelta": by_optax(optax.adadelta, rate_less=True, rho=0.95, eps=1e-6),
        "optax adam": by_optax(optax.adam, b1=0.8, b2=0.99, eps=1e-6),
        "optax adamw": by_optax(optax.adamw, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.3),
        "optax adamax": by_optax(optax.adamax, b1=0.9, b2=0.99, eps=1e-300),
        "optax nadam": by_optax(optax.nadam, b1=0.8, b2=0.99, eps=1e-6),
    }
    content = {"rates": RATES, "start": START, "gradients": gradients().tolist(), **cases}
    save("rules", f"torch {torch.__version__}, optax {optax.__version__}", content)


if __name__ == "__main__":
    main()
