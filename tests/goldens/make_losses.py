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


def options_of_cross_entropies(normal, hot, soft, bits):
    """Return label smoothing and weights of each output's two classes."""
    rows = []
    for y, smoothing in ((hot, 0.1), (soft, 0.35)):
        options = {"smoothing": smoothing}

        def smoothed(z, y=y, smoothing=smoothing):
            return functional.cross_entropy(z, y, reduction="none", label_smoothing=smoothing)

        rows.append(case("softmax", "cross_entropy", options, normal(3.0), y, smoothed))
        # PyTorch weighs the outputs, and y = 1 of each once more: a = weight pos_weight.
    a, b = torch.tensor([2.0, 0.5, 0.0]).double(), torch.tensor([1.5, 0.75, 0.5]).double()
    for y, smoothing, scale in ((bits, 0.0, 1.0), (soft, 0.0, 30.0), (bits, 0.2, 2.0)):
        drawn = (1 - smoothing) * y + smoothing / 2

        def weighted(z, y=drawn):
            per_output = functional.binary_cross_entropy_with_logits(
                z, y, weight=b, pos_weight=a / b, reduction="none"
            )
            return per_output.sum(1)

        options = {"smoothing": smoothing, "positive": a.tolist(), "negative": b.tolist()}
        rows.append(case("logistic", "binary_cross_entropy", options, normal(scale), y, weighted))
    return rows


def focal_losses(normal, hot, bits):
    """Return Lin et al.'s ``(1 - p_t)^gamma CE``, p_t the probability of what is true."""
    rows = []
    for gamma in (0.0, 0.5, 2.0, 5.0):
        options = {"gamma": gamma}

        def focal(z, gamma=gamma):
            entropy = functional.cross_entropy(z, hot, reduction="none")
            return (1 - torch.exp(-entropy)) ** gamma * entropy

        def binary(z, gamma=gamma):
            entropy = functional.binary_cross_entropy_with_logits(z, bits, reduction="none")
            p = torch.sigmoid(z)
            p_true = p * bits + (1 - p) * (1 - bits)
            return (entropy * (1 - p_true) ** gamma).sum(1)

        rows.append(case("softmax", "focal", options, normal(2.0), hot, focal))
        rows.append(case("logistic", "binary_focal", options, normal(2.0), bits, binary))
    return rows


def gamma_deviance(normal):
    """Return minus the log-density of PyTorch's gamma distribution of shape 1 and mean exp(z).

    It leaves out ln y + 1, which does not depend on z: the test puts it back.
    """
    y = torch.exp(normal(1.0))

    def minus_log_density(z):
        one = torch.ones_like(z)
        return -torch.distributions.Gamma(one, torch.exp(-z)).log_prob(y).sum(1)

    return case("exp", "gamma", {}, normal(1.0), y, minus_log_density)


def several_quantiles(normal):
    """Return pinball losses of a running sum of softplus."""
    levels = [0.1, 0.5, 0.8]
    for scale in (1.0, 20.0):
        y = normal(3.0)[:, :1].expand(N, K)

        def summed(z, y=y):
            steps = functional.softplus(z[:, 1:], threshold=1e9)
            h = torch.cat([z[:, :1], steps], 1).cumsum(1)
            return pinball(h, y, torch.tensor(levels, dtype=torch.float64)).sum(1)

        yield case("ascending", "quantiles", {"levels": levels}, normal(scale), y, summed)


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
    cases += options_of_cross_entropies(normal, hot, soft, bits)
    cases += focal_losses(normal, hot, bits)
    cases += [gamma_deviance(normal), *several_quantiles(normal)]
    content = {f"{c['output']} {c['loss']} {i}": c for i, c in enumerate(cases)}
    save("losses", f"torch {torch.__version__}", content)


if __name__ == "__main__":
    main()
