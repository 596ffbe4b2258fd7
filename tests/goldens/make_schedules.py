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


def by_optax(schedule, steps=STEPS):
    """Return the values of an optax schedule at the steps 0, 1, ..."""
    return [float(schedule(t)) for t in range(steps)]


def main() -> None:
    """Write schedules.json."""
    jax.config.update("jax_enable_x64", True)
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
