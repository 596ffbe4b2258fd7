"""Paths of PyTorch's optimisers on test surfaces, with gradients by its automatic differentiation.

Twenty steps each, from the surfaces' published starts.
"""

from __future__ import annotations

import math

import torch
from golden import save

STEPS = 20
STARTS = {
    "ravine": [-4.0, -1.0],
    "saddle": [1.4, 0.0013],
    "rosenbrock": [-1.2, 1.0],
    "beale": [1.0, 1.0],
}
RATES = {"gradient_descent": 1e-3, "momentum": 5e-4, "adagrad": 0.5, "rmsprop": 0.01}
RATES |= {"adam": 0.1, "adamw": 0.1, "cosine": 0.1}


def ravine(x):
    """Return the quadratic by its principal coordinates, at 30 degrees to the axes."""
    c, s = math.cos(math.pi / 6), math.sin(math.pi / 6)
    u, v = x[0] - 0.8, x[1] - 0.45
    along, across = c * u + s * v, c * v - s * u
    return 0.5 * along**2 + 25.0 * across**2


def saddle(x):
    """Return Nesterov's example 1.2.2."""
    return x[0] ** 2 / 2 + x[1] ** 4 / 4 - x[1] ** 2 / 2


def rosenbrock(x):
    """Return Rosenbrock's function."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def beale(x):
    """Return Beale's function, its three residuals multiplied out."""
    a, b = x
    first = 1.5 - a + a * b
    second = 2.25 - a + a * b * b
    third = 2.625 - a + a * b * b * b
    return first**2 + second**2 + third**2


def optimizer(rule, w):
    """Return PyTorch's optimiser of a rule."""
    kinds = {
        "gradient_descent": lambda lr: torch.optim.SGD([w], lr=lr),
        "momentum": lambda lr: torch.optim.SGD([w], lr=lr, momentum=0.9),
        "adagrad": lambda lr: torch.optim.Adagrad([w], lr=lr, eps=1e-8),
        "rmsprop": lambda lr: torch.optim.RMSprop([w], lr=lr, alpha=0.9, eps=1e-8),
        "adam": lambda lr: torch.optim.Adam([w], lr=lr),
        "adamw": lambda lr: torch.optim.AdamW([w], lr=lr, weight_decay=0.01),
        "cosine": lambda lr: torch.optim.Adam([w], lr=lr),
    }
    return kinds[rule](RATES[rule])


def path(surface, start, rule):
    """Return points and values of a run."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    moves = optimizer(rule, w)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(moves, T_max=STEPS)
    points, values = [w.tolist()], [float(surface(w))]
    for _ in range(STEPS):
        moves.zero_grad()
        surface(w).backward()
        moves.step()
        if rule == "cosine":
            schedule.step()
        points.append(w.tolist())
        values.append(float(surface(w)))
    return {"points": points, "values": values}


surfaces = {f.__name__: f for f in (ravine, saddle, rosenbrock, beale)}
runs = {
    f"{name} {rule}": path(f, STARTS[name], rule) for name, f in surfaces.items() for rule in RATES
}
save("races", f"make_races.py, torch {torch.__version__}", {"rates": RATES, **runs})
