"""Forward and backward passes of whole networks by PyTorch: modules, functional losses, autograd.

The objective is the one that scikit-learn states: the mean of the per-sample losses weighted by
the sample weights, plus half of l2 times the squared weights over the sum of the sample weights.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from golden import save
from make_activations import FUNCTIONS
from torch.nn import functional

N = 5
LOSSES = {
    "squared_error": lambda z, h, y: 0.5 * functional.mse_loss(h, y, reduction="none").sum(1),
    "huber": lambda z, h, y: functional.huber_loss(h, y, reduction="none", delta=1.0).sum(1),
    "cross_entropy": lambda z, h, y: functional.cross_entropy(z, y, reduction="none"),
    "binary_cross_entropy": lambda z, h, y: functional.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ).sum(1),
    "poisson": lambda z, h, y: functional.poisson_nll_loss(
        z, y, log_input=True, reduction="none"
    ).sum(1),
    "gamma": lambda z, h, y: (torch.log(h / y) + y / h - 1).sum(1),
    "focal": lambda z, h, y: -(y * (1 - h) ** 2 * torch.log(h)).sum(1),
    "binary_focal": lambda z, h, y: (
        -(y * (1 - h) ** 2 * torch.log(h) + (1 - y) * h**2 * torch.log(1 - h)).sum(1)
    ),
    "quantiles": lambda z, h, y: torch.maximum(LEVELS * (y - h), (LEVELS - 1) * (y - h)).sum(1),
}
LEVELS = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
ARCHITECTURES = [
    ([3, 4, 2], ["logistic"], "identity", "squared_error"),
    ([4, 5, 4, 3], ["tanh", "relu"], "softmax", "cross_entropy"),
    ([3, 4, 3, 2], ["gelu", "silu"], "logistic", "binary_cross_entropy"),
    ([2, 3, 2], ["softplus"], "exp", "poisson"),
    ([5, 1], [], "identity", "huber"),
    (
        [3, 3, 3, 3, 3, 3, 2],
        ["elu", "selu", "mish", "leaky_relu", "hard_tanh"],
        "tanh",
        "squared_error",
    ),
    ([3, 4, 2], ["mish"], "exp", "gamma"),
    ([3, 4, 3], ["relu"], "softmax", "focal"),
    ([3, 4, 2], ["tanh"], "logistic", "binary_focal"),
    ([3, 4, 3], ["silu"], "ascending", "quantiles"),
]


def targets(loss, k, random):
    """Return targets that fit a loss."""
    drawn = torch.randn(N, k, generator=random, dtype=torch.float64)
    if loss in ("cross_entropy", "focal"):
        return functional.one_hot(drawn.argmax(1), k).double()
    if loss in ("binary_cross_entropy", "binary_focal"):
        return (drawn > 0).double()
    if loss == "quantiles":  # of one target
        return drawn[:, :1].expand(N, k)
    if loss == "gamma":
        return torch.exp(drawn)
    return drawn.abs().round() if loss == "poisson" else drawn


def output_of(output, h):
    """Return the prediction."""
    if output == "ascending":
        return torch.cat([h[:, :1], FUNCTIONS["softplus"](h[:, 1:])], 1).cumsum(1)
    return torch.softmax(h, 1) if output == "softmax" else FUNCTIONS[output](h)


def case(sizes, names, output, loss, weighted, seed):
    """Return one network with all that a pass gives."""
    random = torch.Generator().manual_seed(seed)
    layers = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes)]
    with torch.no_grad():
        for layer in layers:
            for parameter in layer.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.7)
    x = torch.randn(N, sizes[0], generator=random, dtype=torch.float64)
    y = targets(loss, sizes[-1], random)
    s = torch.rand(N, generator=random, dtype=torch.float64) + 0.1 if weighted else torch.ones(N)
    l2 = 0.3 if weighted else 0.0
    h, zs, hs = x, [], []
    for layer, name in zip(layers, [*names, "identity"], strict=True):
        zs.append(layer(h))
        zs[-1].retain_grad()
        h = FUNCTIONS[name](zs[-1])
        hs.append(h)
    prediction = output_of(output, h)
    per_sample = LOSSES[loss](zs[-1], prediction, y)
    penalty = 0.5 * l2 * sum((layer.weight**2).sum() for layer in layers)
    objective = ((s * per_sample).sum() + penalty) / s.sum()
    objective.backward()
    return {
        "sizes": sizes,
        "activations": names,
        "output": output,
        "loss_name": loss,
        "x": x.tolist(),
        "y": y.tolist(),
        "weights": s.tolist() if weighted else None,
        "l2": l2,
        "W": [layer.weight.T.tolist() for layer in layers],
        "b": [layer.bias.tolist() for layer in layers],
        "z": [z.tolist() for z in zs],
        "h": [h.tolist() for h in hs],
        "prediction": prediction.tolist(),
        "per_sample": per_sample.tolist(),
        "objective": objective.item(),
        "delta": [(z.grad * s.sum()).tolist() for z in zs],
        "grad_W": [layer.weight.grad.T.tolist() for layer in layers],
        "grad_b": [layer.bias.grad.tolist() for layer in layers],
    }


def main() -> None:
    """Write networks.json."""
    content = {}
    for seed, (sizes, names, output, loss) in enumerate(ARCHITECTURES):
        for weighted in (False, True):
            name = "-".join([*names, output, loss]) + (" weighted, l2" if weighted else "")
            content[name] = case(sizes, names, output, loss, weighted, seed)
    save("networks", f"torch {torch.__version__}", content)


if __name__ == "__main__":
    main()
