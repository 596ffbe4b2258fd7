"""Training a deep linear network on its moments while its singular modes are watched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

from lamina.linear.modes import ModeDynamics, final_modes, learning_time, mode_solution
from lamina.linear.moments import Modes, Moments
from lamina.linear.story import count
from lamina.plan import checks

SLOWEST = 1e-3  # modes below this share of the strongest are not waited for
MOST_STEPS = 1_000_000

Weights = list[np.ndarray]


class Setting(NamedTuple):
    """What is trained on what."""

    network: Any
    moments: Moments
    modes: Modes

    @property
    def curvature(self) -> float:
        """Largest curvature of the loss along a mode at the optimum, ``L lambda a^(2 - 2/L)``."""
        power = 2 - 2 / self.network.depth
        ends = final_modes(self.modes.strengths, self.modes.variances)
        largest = (self.network.depth * self.modes.variances * ends**power).max()
        return float(largest) or 1.0

    @property
    def starts(self) -> np.ndarray:
        """The modes of the network before training, those within rounding of 0 at 0."""
        modes = self.read(self.network.collapse())
        return np.where(np.abs(modes) <= 1e-12 * np.abs(modes).max(), 0.0, modes)

    def read(self, weights: np.ndarray) -> np.ndarray:
        """Return the modes ``u_i' W v_i`` of W."""
        return np.einsum("di,dk,ki->i", self.modes.inputs, weights, self.modes.outputs)

    def leak(self, weights: np.ndarray) -> float:
        """Return the norm of what W has outside the modes."""
        kept = (self.modes.inputs * self.read(weights)) @ self.modes.outputs.T
        return float(np.linalg.norm(weights - kept))

    def horizon(self) -> float:
        """Return the time in which every mode of weight is learnt to 99% by the exact solution."""
        least = SLOWEST * self.modes.strengths.max()
        rows = zip(self.modes.strengths, self.starts, self.modes.variances, strict=True)
        depth = self.network.depth
        times = [
            learning_time(s, a if depth == 1 else abs(a), depth, v, 0.99)
            for s, a, v in rows
            if s > least
        ]
        finite = [time for time in times if 0 < time < np.inf]
        return max(finite, default=10 / self.curvature)


def descend(
    network: Any, moments: Moments, rate: float | None, n_steps: int | None, n_records: int
) -> ModeDynamics:
    """Take full-batch gradient steps; see `DeepLinear.descend`."""
    setting = Setting(network, moments, moments.modes())
    rate = 0.02 / setting.curvature if rate is None else rate
    checks.real("learning_rate", rate, "(0, inf)")
    n_steps = _steps(setting.horizon(), rate) if n_steps is None else n_steps
    checks.integer("n_steps", n_steps, "[1, inf)")
    checks.integer("n_records", n_records, "[2, inf)")
    marks = np.unique(np.linspace(0, n_steps, min(n_records, n_steps + 1)).astype(int))
    trail = [list(network.weights)]
    with np.errstate(over="ignore", invalid="ignore"):
        for n in np.diff(marks):
            trail.append(_walk(setting, trail[-1], rate, int(n)))
    method = f"gradient descent with learning rate {rate:.3g}, {count(n_steps, 'step')}"
    return _dynamics(setting, marks * rate, trail, method)


def flow(network: Any, moments: Moments, time: float | None, n_records: int) -> ModeDynamics:
    """Integrate the gradient flow; see `DeepLinear.flow`."""
    setting = Setting(network, moments, moments.modes())
    time = setting.horizon() if time is None else time
    checks.real("time", time, "(0, inf)")
    checks.integer("n_records", n_records, "[2, inf)")

    shapes = [w.shape for w in network.weights]
    cuts = list(accumulate(w.size for w in network.weights))[:-1]

    def unpack(flat: np.ndarray) -> list[np.ndarray]:
        return [p.reshape(shape) for p, shape in zip(np.split(flat, cuts), shapes, strict=True)]

    def pack(arrays: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([array.reshape(-1) for array in arrays])

    times = np.linspace(0, time, n_records)
    found = solve_ivp(
        lambda _, flat: -pack(moments.gradients(unpack(flat))),
        (0.0, float(time)),
        pack(network.weights),
        method="DOP853",
        t_eval=times,
        rtol=1e-11,
        atol=1e-14,
        max_step=1 / setting.curvature,  # at rest the error control alone lets it rattle
    )
    return _dynamics(setting, times, [unpack(flat) for flat in found.y.T], "gradient flow")


def _walk(setting: Setting, weights: Weights, rate: float, n_steps: int) -> Weights:
    """Return the weights after n steps; ArgumentError if they are no longer finite."""
    for _ in range(n_steps):
        slopes = setting.moments.gradients(weights)
        weights = [w - rate * g for w, g in zip(weights, slopes, strict=True)]
    if not all(np.isfinite(w).all() for w in weights):
        stable = 2 / setting.curvature
        expected = f"smaller: training diverges; near the optimum it is stable below {stable:.3g}"
        raise checks.fail("learning_rate", expected, rate)
    return weights


def _steps(horizon: float, rate: float) -> int:
    n_steps = int(np.ceil(horizon / rate))
    if n_steps > MOST_STEPS:
        expected = f"given: learning every mode at rate {rate:.3g} would take {n_steps:,} steps"
        raise checks.fail("n_steps", expected, None)
    return max(n_steps, 1)


def _dynamics(
    setting: Setting, times: np.ndarray, trail: list[Weights], method: str
) -> ModeDynamics:
    """Read everything off the weights at the recorded times."""
    modes, network = setting.modes, setting.network
    products = [reduce(np.matmul, weights) for weights in trail]
    ends = final_modes(modes.strengths, modes.variances)
    unit = float(ends.max()) or 1.0
    return ModeDynamics(
        method=method,
        depth=network.depth,
        times=np.asarray(times, dtype=np.float64),
        modes=np.stack([setting.read(w) for w in products], axis=1),
        exact=_exact(setting, times),
        strengths=modes.strengths,
        variances=modes.variances,
        loss=np.array([setting.moments.loss(w) for w in products]),
        best_loss=setting.moments.best_loss(network.rank_limit),
        leak=np.array([setting.leak(w) for w in products]) / unit,
        coupling=modes.coupling,
        imbalance=network.imbalance,
        network=type(network)(trail[-1]),
        loss_is_known=setting.moments.yy is not None,
    )


def _exact(setting: Setting, times: np.ndarray) -> np.ndarray:
    """Return `mode_solution` of every mode."""
    modes, depth = setting.modes, setting.network.depth
    rows = []
    for s, a, v in zip(modes.strengths, setting.starts, modes.variances, strict=True):
        rows.append(mode_solution(times, float(s), float(a), depth, max(float(v), 0.0)))
    return np.array(rows)
