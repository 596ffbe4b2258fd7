"""Values and derivatives of PyTorch's activation functions, derivatives by its autograd."""

from __future__ import annotations

import math

import torch
from golden import save
from torch.nn import functional

FUNCTIONS = {
    "identity": lambda z: z * 1.0,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    # By default PyTorch cuts softplus to the identity above 20; not here.
    "softplus": lambda z: functional.softplus(z, threshold=1e9),
    "hard_tanh": functional.hardtanh,
    "exp": torch.exp,
}
MOST = 700.0  # exp overflows soon above
POINTS = [0.0, 1e-300, 1e-12, 1e-3, 0.1, 0.5, 0.9, 1.1, 2.0, 3.7, 10.0, 25.0, 60.0, 500.0, 1e4]


def of(function, points):
    """Return values and derivatives at `points`."""
    z = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    h = function(z)
    return h.tolist(), torch.autograd.grad(h.sum(), z)[0].tolist()


def main() -> None:
    """Write activations.json."""
    grid = sorted({sign * p for p in POINTS for sign in (1, -1)})
    finite, limits = {}, {}
    for name, function in FUNCTIONS.items():
        z = [p for p in grid if name != "exp" or p <= MOST]
        h, slope = of(function, z)
        finite[name] = {"z": z, "h": h, "derivative": slope}
        h, slope = of(function, [-math.inf, math.inf, math.nan])
        limits[name] = {"h": h, "derivative": slope}
    save(
        "activations", f"torch {torch.__version__}", {"finite": finite, "at -inf, inf, nan": limits}
    )


if __name__ == "__main__":
    main()
