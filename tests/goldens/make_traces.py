"""Per-sample gradients and every derivative of whole networks by PyTorch: autograd alone.

Beside what `make_networks.py` has: the derivatives of each sample's loss by h_0, h_1, ..., those of
its loss by every parameter, and learned slopes (torch.nn.functional.prelu).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from golden import save
from torch.nn import functional

N = 3
CASES = {
    "logistic, squared error": ([2, 3, 2], ["logistic"], "logistic", "squared_error"),
    "tanh, softplus, softmax": ([3, 3, 2, 3], ["tanh", "softplus"], "softmax", "cross_entropy"),
    "prelu, identity": ([2, 4, 1], ["prelu"], "identity", "squared_error"),
}
PHI = {"logistic": torch.sigmoid, "tanh": torch.tanh, "softplus": functional.softplus}


def numbers(random, *shape):
    """Return normal draws with few decimals, so that the file is short."""
    return torch.round(torch.randn(*shape, generator=random, dtype=torch.float64), decimals=2)


def loss_of(name, z, h, y):
    """Return the loss of one sample."""
    if name == "cross_entropy":
        return functional.cross_entropy(z, y)
    return 0.5 * functional.mse_loss(h, y, reduction="sum")


def sample(parameters, names, output, loss, x, y):
    """Return one sample's loss, and the derivatives of it by every h and every parameter."""
    h = x.clone().requires_grad_()
    hs = [h]
    for own, name in zip(parameters[:-1], names, strict=True):
        z = h @ own[0] + own[1]
        h = functional.prelu(z, own[2]) if name == "prelu" else PHI[name](z)
        h.retain_grad()
        hs.append(h)
    z = h @ parameters[-1][0] + parameters[-1][1]
    outputs = {"softmax": lambda z: torch.softmax(z, 1), "identity": lambda z: z, **PHI}
    prediction = outputs[output](z)
    prediction.retain_grad()
    value = loss_of(loss, z, prediction, y)
    value.backward()
    gradients = [[p.grad.clone().tolist() for p in own] for own in parameters]
    for own in parameters:
        for p in own:
            p.grad = None
    d_prediction = None if prediction.grad is None else prediction.grad[0].tolist()
    return {
        "loss": value.item(),
        "d_h": [own.grad[0].tolist() for own in hs],
        "d_prediction": d_prediction,
        "gradients": gradients,
    }


def case(sizes, names, output, loss, seed):
    """Return one network and what autograd says of each of its samples."""
    random = torch.Generator().manual_seed(seed)
    parameters = []
    for (d_in, d_out), name in zip(pairwise(sizes), [*names, ""], strict=True):
        own = [numbers(random, d_in, d_out), numbers(random, d_out)]
        own += [numbers(random, d_out).abs()] if name == "prelu" else []
        parameters.append([p.requires_grad_() for p in own])
    x, y = numbers(random, N, sizes[0]), numbers(random, N, sizes[-1])
    if loss == "cross_entropy":
        y = functional.one_hot(y.argmax(1), sizes[-1]).double()
    rows = [slice(i, i + 1) for i in range(N)]
    return {
        "sizes": sizes,
        "activations": names,
        "output": output,
        "loss_name": loss,
        "parameters": [[p.tolist() for p in own] for own in parameters],
        "x": x.tolist(),
        "y": y.tolist(),
        "samples": [sample(parameters, names, output, loss, x[row], y[row]) for row in rows],
    }


def main() -> None:
    """Write traces.json."""
    content = {name: case(*own, seed) for seed, (name, own) in enumerate(CASES.items())}
    save("traces", f"torch {torch.__version__}", content)


if __name__ == "__main__":
    main()
