"""Values of PyTorch's learning-rate schedulers and optax's schedules, step by step."""

from __future__ import annotations

import math

import jax
import optax
import torch
from golden import save
from torch.optim import lr_scheduler as sch

STEPS = 40


def by_torch(make, rate=0.8, steps=STEPS):
    """Return the learning rates that a scheduler sets at the steps 0, 1, ..."""
    w = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=rate)
    scheduler, values = make(optimizer), []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


def by_torch_one_cycle(rise, shape, steps=STEPS):
    """Return learning rates and momenta of PyTorch's one cycle, momentum cycled against it."""
    w = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.5)
    scheduler = sch.OneCycleLR(
        optimizer,
        max_lr=0.8,
        total_steps=steps,
        pct_start=rise,
        anneal_strategy=shape,
        div_factor=25,
        final_div_factor=400,
        base_momentum=0.85,
        max_momentum=0.95,
    )
    rates, momenta = [], []
    for t in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if t < steps - 1:  # past its last step it is an error
            scheduler.step()
    return rates, momenta


def by_torch_plateau(errors, rate=0.8, **options):
    """Return the learning rates after each of the epochs with `errors`."""
    w = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=rate)
    scheduler = sch.ReduceLROnPlateau(optimizer, threshold_mode="abs", eps=0, **options)
    values = []
    for error in errors:
        scheduler.step(error)
        values.append(optimizer.param_groups[0]["lr"])
    return values


def plateau_errors():
    """Return errors that fall, shake, and fall no further."""
    return [1 / (1 + 0.3 * min(t, 30)) + ((7919 * t) % 101 - 50) / 2000 for t in range(80)]


def by_optax(schedule, steps=STEPS):
    """Return the values of an optax schedule at the steps 0, 1, ..."""
    return [float(schedule(t)) for t in range(steps)]


def main() -> None:
    """Write schedules.json."""
    jax.config.update("jax_enable_x64", True)
    errors = plateau_errors()
    cosine, momentum = by_torch_one_cycle(0.3, "cos")
    content = {
        "torch StepLR": by_torch(lambda o: sch.StepLR(o, step_size=5, gamma=0.5)),
        "torch ExponentialLR": by_torch(lambda o: sch.ExponentialLR(o, gamma=math.exp(-0.07))),
        "torch CosineAnnealingLR": by_torch(
            lambda o: sch.CosineAnnealingLR(o, T_max=12, eta_min=0.1), steps=13
        ),
        "torch CosineAnnealingWarmRestarts": by_torch(
            lambda o: sch.CosineAnnealingWarmRestarts(o, T_0=12, eta_min=0.1)
        ),
        "torch CyclicLR": by_torch(
            lambda o: sch.CyclicLR(
                o, base_lr=0.1, max_lr=0.8, step_size_up=7, mode="triangular", cycle_momentum=False
            )
        ),
        "torch LinearLR": by_torch(
            lambda o: sch.LinearLR(o, start_factor=0.25, end_factor=1.0, total_iters=10)
        ),
        "torch LambdaLR 1/(1+kt)": by_torch(lambda o: sch.LambdaLR(o, lambda t: 1 / (1 + 0.3 * t))),
        "torch SequentialLR": by_torch(
            lambda o: sch.SequentialLR(
                o,
                [
                    sch.LinearLR(o, start_factor=0.25, total_iters=10),
                    sch.ExponentialLR(o, gamma=math.exp(-0.07)),
                ],
                milestones=[10],
            )
        ),
        "torch OneCycleLR cos": cosine,
        "torch OneCycleLR cos momentum": momentum,
        "torch OneCycleLR linear": by_torch_one_cycle(0.4, "linear")[0],
        "torch OneCycleLR cos of 33": by_torch_one_cycle(0.25, "cos", 33)[0],
        "errors of the plateaus": errors,
        "torch ReduceLROnPlateau": by_torch_plateau(errors, factor=0.5, patience=5, threshold=1e-4),
        "torch ReduceLROnPlateau cooldown": by_torch_plateau(
            errors, factor=0.3, patience=2, threshold=0.01, cooldown=4, min_lr=0.002
        ),
        "torch ReduceLROnPlateau patience 0": by_torch_plateau(
            errors, factor=0.9, patience=0, threshold=0
        ),
        "optax constant_schedule": by_optax(optax.constant_schedule(0.8)),
        "optax exponential_decay staircase": by_optax(
            optax.exponential_decay(0.8, transition_steps=5, decay_rate=0.5, staircase=True)
        ),
        "optax exponential_decay": by_optax(
            optax.exponential_decay(0.8, transition_steps=1, decay_rate=math.exp(-0.07))
        ),
        "optax cosine_decay_schedule": by_optax(
            optax.cosine_decay_schedule(0.8, decay_steps=12, alpha=0.1 / 0.8), 13
        ),
        "optax cosine_decay_schedule and on": by_optax(
            optax.cosine_decay_schedule(0.8, decay_steps=12, alpha=0.1 / 0.8)
        ),
        "optax linear_schedule": by_optax(optax.linear_schedule(0.2, 0.8, transition_steps=10)),
        "optax warmup_cosine_decay_schedule": by_optax(
            optax.warmup_cosine_decay_schedule(
                0.0, 0.8, warmup_steps=6, decay_steps=6 + 12, end_value=0.1
            ),
            19,
        ),
    }
    made_by = f"torch {torch.__version__}, optax {optax.__version__}"
    save("schedules", made_by, content)


if __name__ == "__main__":
    main()
