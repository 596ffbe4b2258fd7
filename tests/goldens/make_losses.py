"""PyTorch's losses, per sample, and their gradients by the pre-activation, by its autograd."""

from __future__ import annotations

import torch
from golden import save
from make_activations import FUNCTIONS
from torch.nn import functional

N, K = 4, 3


def pinball(h, y, level):
    """Return the quantile loss; PyTorch has none, only its autograd is used."""
    return torch.maximum(level * (y - h), (level - 1) * (y - h))


OF_PREDICTION = {
    "squared_error": ({}, lambda h, y: 0.5 * functional.mse_loss(h, y, reduction="none")),
    "absolute_error": ({}, lambda h, y: functional.l1_loss(h, y, reduction="none")),
    "huber": (
        {"width": 0.7},
        lambda h, y: functional.huber_loss(h, y, reduction="none", delta=0.7),
    ),
    "quantile": ({"level": 0.2}, lambda h, y: pinball(h, y, 0.2)),
}


def case(output, loss, options, z, y, per_sample):
    """Return one row of the golden file."""
    z = z.clone().requires_grad_(True)
    value = per_sample(z)
    delta = torch.autograd.grad(value.sum(), z)[0]
    return {
        "output": output,
        "loss": loss,
        "options": options,
        "z": z.tolist(),
        "y": y.tolist(),
        "value": value.tolist(),
        "delta": delta.tolist(),
    }


def main() -> None:
    """Write losses.json."""
    random = torch.Generator().manual_seed(7)

    def normal(scale: float) -> torch.Tensor:
        return scale * torch.randn(N, K, generator=random, dtype=torch.float64)

    cases = []
    for output, phi in FUNCTIONS.items():
        for loss, (options, of_h) in OF_PREDICTION.items():
            z, y = normal(1.5), normal(1.0)
            cases.append(
                case(
                    output, loss, options, z, y, lambda z, phi=phi, f=of_h, y=y: f(phi(z), y).sum(1)
                )
            )
    hot = functional.one_hot(torch.arange(N) % K, K).double()
    soft = torch.softmax(normal(1.0), 1)
    for y in (hot, soft):
        for scale in (1.0, 30.0):
            cases.append(
                case(
                    "softmax",
                    "cross_entropy",
                    {},
                    normal(scale),
                    y,
                    lambda z, y=y: functional.cross_entropy(z, y, reduction="none"),
                )
            )
    bits = (torch.rand(N, K, generator=random, dtype=torch.float64) < 0.5).double()
    for y in (bits, soft):
        for scale in (1.0, 30.0):
            cases.append(
                case(
                    "logistic",
                    "binary_cross_entropy",
                    {},
                    normal(scale),
                    y,
                    lambda z, y=y: functional.binary_cross_entropy_with_logits(
                        z, y, reduction="none"
                    ).sum(1),
                )
            )
    counts = torch.poisson(torch.full((N, K), 1.5, dtype=torch.float64), generator=random)
    # PyTorch leaves out y ln y - y, which does not depend on z: the test puts it back.
    cases.append(
        case(
            "exp",
            "poisson",
            {},
            normal(1.0),
            counts,
            lambda z: functional.poisson_nll_loss(z, counts, log_input=True, reduction="none").sum(
                1
            ),
        )
    )
    content = {f"{c['output']} {c['loss']} {i}": c for i, c in enumerate(cases)}
    save("losses", f"torch {torch.__version__}", content)


if __name__ == "__main__":
    main()
