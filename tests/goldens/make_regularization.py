"""Clipping and bounded norms by PyTorch, and whole steps with everything on by its autograd."""

from __future__ import annotations

from itertools import pairwise

import torch
from golden import save
from torch.nn import functional

SIZES = [3, 5, 4, 2]
N, STEPS = 6, 3
L1, L2, ALPHA, DECAY = 0.02, 0.1, 0.3, 0.05
VALUE, NORM, LONGEST = 0.4, 0.9, 1.1
DROPPED = [0.25, 0.5, 0.125]  # of the inputs and of both hidden layers
RATE = 0.05
RULES = {
    "gradient_descent": lambda groups: torch.optim.SGD(groups, lr=RATE),
    "momentum": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.9),
    "adam": lambda groups: torch.optim.Adam(groups, lr=RATE),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=RATE),
}


def normal(random, *shape):
    """Return standard normal numbers."""
    return torch.randn(*shape, generator=random, dtype=torch.float64)


def clipped(random):
    """Return gradients, by value, by norm, and by a norm that they do not reach."""
    gradients = [normal(random, 4, 3), normal(random, 3), normal(random, 3, 2)]
    results = {"gradients": [g.tolist() for g in gradients]}
    for name, function, bound in (
        ("value", torch.nn.utils.clip_grad_value_, 0.7),
        ("norm", torch.nn.utils.clip_grad_norm_, 1.5),
        ("long norm", torch.nn.utils.clip_grad_norm_, 100.0),
    ):
        parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients]
        for parameter, g in zip(parameters, gradients, strict=True):
            parameter.grad = g.clone()
        function(parameters, bound)
        results[name] = {"bound": bound, "result": [p.grad.tolist() for p in parameters]}
    return results


def bounded(random):
    """Return a weight matrix (d_in, d_out) and its columns cut to a length."""
    w = normal(random, 6, 5) * torch.tensor([0.1, 1.0, 5.0, 0.0, 0.6], dtype=torch.float64)
    return {"w": w.tolist(), "bound": 1.3, "result": torch.renorm(w, 2, 1, 1.3).tolist()}


def forward(layers, x, masks):
    """Return the output of a network with a leaky ReLU of slope 0.2 and a tanh."""
    h = functional.leaky_relu(layers[0](x * masks[0]), 0.2)
    h = torch.tanh(layers[1](h * masks[1]))
    return layers[2](h * masks[2])


def steps(name, random, options):
    """Return all parameters after each of a few steps, and what each step started from."""
    layers = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(SIZES)]
    with torch.no_grad():
        for parameter in (p for layer in layers for p in layer.parameters()):
            parameter.copy_(normal(random, *parameter.shape) * 0.7)
    weights, biases = [layer.weight for layer in layers], [layer.bias for layer in layers]
    decay = DECAY if name == "adamw" else 0.0
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
    optimizer = RULES[name](groups)
    x, y = normal(random, N, SIZES[0]), normal(random, N, SIZES[-1])
    s = torch.rand(N, generator=random, dtype=torch.float64) + 0.1
    result = {"x": x.tolist(), "y": y.tolist(), "weights": s.tolist(), "decay": decay}
    result |= {"start": read(layers), "steps": [], "rate": RATE, "options": options}
    for _ in range(STEPS):
        masks = [
            (torch.rand(N, d, generator=random, dtype=torch.float64) >= p) / (1 - p)
            for d, p in zip(SIZES, DROPPED, strict=False)
        ]
        optimizer.zero_grad()
        per_sample = 0.5 * functional.mse_loss(forward(layers, x, masks), y, reduction="none").sum(
            1
        )
        loss = (s * per_sample).sum() / s.sum()
        squares = sum((w**2).sum() for w in weights)
        penalty = 0.5 * options["alpha"] * squares / s.sum() + 0.5 * options["l2"] * squares
        penalty = penalty + options["l1"] * sum(w.abs().sum() for w in weights)
        (loss + penalty).backward()
        everything = [*weights, *biases]
        torch.nn.utils.clip_grad_value_(everything, options["clip_value"])
        # By hand, since clip_grad_norm_ and renorm add 1e-6 and 1e-7 to the lengths.
        length = torch.nn.utils.get_total_norm([p.grad for p in everything])
        for p in everything:
            p.grad.mul_(min(1.0, options["clip_norm"] / length.item()))
        optimizer.step()
        with torch.no_grad():
            for w in weights:
                lengths = torch.linalg.vector_norm(w, dim=1, keepdim=True)
                w.mul_(torch.clamp(options["max_norm"] / lengths, max=1.0))
        result["steps"].append(
            {
                "masks": [m.tolist() for m in masks],
                "loss": loss.item(),
                "penalty": penalty.item(),
                "gradient_length": length.item(),
                "parameters": read(layers),
            }
        )
    return result


def read(layers):
    """Return W (d_in, d_out) and b of each layer."""
    return [[layer.weight.T.tolist(), layer.bias.tolist()] for layer in layers]


def main() -> None:
    """Write regularization.json."""
    random = torch.Generator().manual_seed(3)
    content = {"clipped": clipped(random), "bounded": bounded(random)}
    every = {"l1": L1, "l2": L2, "alpha": ALPHA}
    every |= {"clip_value": VALUE, "clip_norm": NORM, "max_norm": LONGEST}
    none = {"l1": 0.0, "l2": 0.0, "alpha": 0.0}
    none |= {"clip_value": 1e300, "clip_norm": 1e300, "max_norm": 1e300}
    for name in RULES:
        content[f"{name} with everything"] = steps(name, random, every)
    for option in ("l1", "l2", "clip_value", "clip_norm", "max_norm"):
        own = none | {option: every[option]}
        content[f"momentum with {option}"] = steps("momentum", random, own)
    save("regularization", f"torch {torch.__version__}", content)


if __name__ == "__main__":
    main()
