"""How the modes of a deep linear network grow: the exact solution, and a run held beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import quad, solve_ivp

from lamina.descent.inputs import vector
from lamina.linear.story import count
from lamina.plan import checks


def mode_solution(
    t: Any, strength: float, start: float, depth: int = 2, variance: float = 1.0
) -> np.ndarray:
    """Return the exact course a(t) of one mode under gradient flow (note 003 §2.4).

    From balanced, aligned layers the gradients from Sigma_xx and Sigma_xy fall apart into one
    equation per singular mode (Saxe, McClelland and Ganguli, 2014), for L layers

        da/dt = L |a|^(2 - 2/L) (s - lambda a),   a(0) = a_0.

    For one layer that is ``s/lambda + (a_0 - s/lambda) exp(-lambda t)``, for two a logistic curve,
    ``a = s e^(2st) / (lambda (e^(2st) - 1) + s / a_0)``; for more it is integrated numerically to
    a relative error of about 1e-11. With more than one layer a mode that starts below 0 gets no
    further than 0, a saddle point; for two, ``a = -s / ((lambda + s / |a_0|) e^(2st) - lambda)``.

    Parameters
    ----------
    t : array-like of shape (n_times,)
        Times, not negative. n steps of gradient descent at rate eta take the time ``n eta``.
    strength : float in [0, inf)
        s, the singular value of Sigma_xy.
    start : float in (-inf, inf)
        a_0; with more than one layer a mode that starts at 0 stays there.
    depth : int in [1, inf), default=2
        Number of layers L.
    variance : float in [0, inf), default=1.0
        lambda, of the input along the mode; 1 if it is whitened.

    Returns
    -------
    ndarray of shape (n_times,)

    Examples
    --------
    >>> from lamina.linear import mode_solution
    >>> mode_solution([0.0, 1.0, 2.0, 4.0], strength=2.0, start=0.01).round(4)
    array([0.01  , 0.4306, 1.8748, 2.    ])
    """
    t = vector("t", t)
    if t.min() < 0:
        raise checks.fail("t", "times that are not negative", float(t.min()))
    _check_mode(strength, start, depth, variance)
    if depth == 1:
        return _one_layer(t, strength, start, variance)
    if start == 0:
        return np.zeros_like(t)
    if depth > 2:
        sign = 1 if start > 0 else -1  # -a obeys the equation of a with -s for s
        return sign * _integrated(t, sign * strength, abs(start), depth, variance)
    decay = np.exp(-2 * strength * t)
    grown = -np.expm1(-2 * strength * t) / strength if strength > 0 else 2 * t
    if start < 0:
        return np.asarray(start * decay / (1 - variance * start * grown))
    return np.asarray(start / (decay + variance * start * grown))


def learning_time(
    strength: float, start: float, depth: int = 2, variance: float = 1.0, fraction: float = 0.5
) -> float:
    """Return the time at which a mode has reached a fraction of its final ``s / lambda``.

    The inverse of `mode_solution`: ``integral of da / (L a^(2 - 2/L) (s - lambda a))`` from a_0 on.
    With two layers and a small start it is about ``ln(s / a_0) / 2s``: half the strength takes
    twice the time, so a network learns its modes one after the other. 0 if the mode starts beyond,
    inf if it never gets there, as from 0 or below with more than one layer.

    Parameters
    ----------
    strength, start, depth, variance
        As for `mode_solution`.
    fraction : float in (0, 1), default=0.5

    Examples
    --------
    >>> from lamina.linear import learning_time
    >>> [round(learning_time(s, start=1e-4), 2) for s in (4.0, 2.0, 1.0)]
    [1.32, 2.48, 4.61]
    """
    _check_mode(strength, start, depth, variance)
    checks.real("fraction", fraction, "(0, 1)")
    if strength == 0 or variance == 0:
        return np.inf if strength > 0 or start <= 0 or variance == 0 else 0.0
    goal = fraction * strength / variance
    if start >= goal:
        return 0.0
    if depth == 1:
        end = strength / variance
        return float(np.log((end - start) / (end - goal)) / variance)
    if start <= 0:
        return np.inf

    def slowness(u: float) -> float:  # dt/du for a = e^u, which takes the steepness out
        a = np.exp(u)
        return float(1 / (depth * a ** (1 - 2 / depth) * (strength - variance * a)))

    return float(quad(slowness, np.log(start), np.log(goal), epsabs=0, epsrel=1e-10, limit=500)[0])


@dataclass(frozen=True, eq=False, repr=False)
class ModeDynamics:
    """The singular modes of a deep linear network during training, beside the exact solution.

    Made by `DeepLinear.descend` and `DeepLinear.flow`. Mode i of the network is ``u_i' W v_i``,
    with the singular vectors of Sigma_xy.

    Attributes
    ----------
    method : str
        How it was trained.
    depth : int
    times : ndarray of shape (n_times,)
        Step times learning rate.
    modes, exact : ndarray of shape (n_modes, n_times)
        The run, and `mode_solution` from the same start.
    strengths, variances : ndarray of shape (n_modes,)
        s and lambda: a mode ends at their ratio.
    loss, best_loss : ndarray of shape (n_times,), float
        The loss, and the least loss that the network's rank allows; both less ``½ tr Sigma_yy``
        where the moments do not know it.
    leak : ndarray of shape (n_times,)
        Norm of the part of W outside the modes, relative to the largest final mode.
    coupling, imbalance : float
        Of the input's variances, and of the layers at the start: what the exact solution takes to
        be 0, as it does ``leak[0]``.
    network : DeepLinear
        As training left it.
    loss_is_known : bool
        Whether the moments know tr Sigma_yy.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.linear import DeepLinear, Moments
    >>> moments = Moments(np.eye(2), np.diag([3.0, 1.0]), 10.0)
    >>> start = DeepLinear.balanced(moments, random_state=0)
    >>> [round(start.descend(moments, learning_rate=h, n_steps=int(6 / h)).deviation, 4)
    ...  for h in (0.02, 0.01)]
    [0.0447, 0.0224]
    >>> start.flow(moments).deviation < 1e-8
    True
    """

    method: str
    depth: int
    times: np.ndarray
    modes: np.ndarray
    exact: np.ndarray
    strengths: np.ndarray
    variances: np.ndarray
    loss: np.ndarray
    best_loss: float
    leak: np.ndarray
    coupling: float
    imbalance: float
    network: Any
    loss_is_known: bool = True

    @property
    def deviation(self) -> float:
        """Largest difference of run and exact solution, relative to the largest final mode."""
        return float(np.abs(self.modes - self.exact).max()) / self._unit

    @property
    def place_of_deviation(self) -> tuple[int, float]:
        """Mode (from 0) and time of the largest deviation."""
        gap = np.abs(self.modes - self.exact)
        mode, place = np.unravel_index(int(np.argmax(gap)), gap.shape)
        return int(mode), float(self.times[place])

    @property
    def half_times(self) -> np.ndarray:
        """When each mode of the run first passes half of its final value; inf if never."""
        goals = 0.5 * final_modes(self.strengths, self.variances)
        return np.array([self._passing(a, g) for a, g in zip(self.modes, goals, strict=True)])

    def _passing(self, course: np.ndarray, goal: float) -> float:
        """Return when a course first reaches the goal, between records by a straight line."""
        passed = np.flatnonzero(course >= goal)
        if goal <= 0 or len(passed) == 0:
            return np.inf
        k = slice(max(int(passed[0]) - 1, 0), int(passed[0]) + 1)
        return float(np.interp(goal, course[k], self.times[k]))

    @property
    def _unit(self) -> float:
        return float(final_modes(self.strengths, self.variances).max()) or 1.0

    def __str__(self) -> str:
        half = self.half_times
        lines = [
            f"{count(len(self.modes), 'mode')} of a linear network of "
            f"{count(self.depth, 'layer')}, {self.method}, until t = {self.times[-1]:.4g}",
            f"{'mode':>4} {'strength':>9} {'start':>10} {'end':>10} {'exact end':>10} "
            f"{'half at t =':>11} {'deviation':>10}",
        ]
        gaps = np.abs(self.modes - self.exact).max(axis=1) / self._unit
        for i in range(min(len(self.modes), 12)):
            lines.append(
                f"{i + 1:>4} {self.strengths[i]:>9.4g} {self.modes[i, 0]:>10.3g} "
                f"{self.modes[i, -1]:>10.4g} {self.exact[i, -1]:>10.4g} {half[i]:>11.4g} "
                f"{gaps[i]:>10.2e}"
            )
        lines += ["  ..."] if len(self.modes) > 12 else []
        return "\n".join([*lines, *self._words()])

    def _words(self) -> list[str]:
        mode, time = self.place_of_deviation
        verdict = (
            f"largest deviation from the exact solution: {self.deviation:.2e} of the largest "
            f"mode, in mode {mode + 1} at t = {time:.4g}"
        )
        constant = "" if self.loss_is_known else " up to a constant (tr Sigma_yy is not known)"
        loss = (
            f"loss{constant} {self.loss[0]:.4g} -> {self.loss[-1]:.4g}, "
            f"least possible {self.best_loss:.4g}"
        )
        below = int((self.modes[:, 0] < 0).sum()) if self.depth > 1 else 0
        stuck = (
            [f"{count(below, 'mode')} below 0 at the start: the exact solution ends at 0, a saddle"]
            if below
            else []
        )
        broken = [
            f"{what} ({value:.1e})"
            for what, value in (
                ("the layers are not balanced", self.imbalance),
                ("W starts outside the modes", float(self.leak[0])),
                ("the input couples the modes", self.coupling),
            )
            if value > 1e-8
        ]
        why = ["the exact solution assumes otherwise: " + ", ".join(broken)] if broken else []
        return [verdict, loss, *stuck, *why]

    def __repr__(self) -> str:
        return (
            f"ModeDynamics({count(len(self.modes), 'mode')}, {count(self.depth, 'layer')}, "
            f"{self.method}, deviation={self.deviation:.2e})"
        )


def final_modes(strengths: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return where the modes end, ``s / lambda``; 0 where the input has no variance."""
    seen = variances > len(variances) * np.finfo(float).eps * variances.max()
    return np.where(seen, strengths, 0.0) / np.where(seen, variances, 1.0)


def _check_mode(strength: Any, start: Any, depth: Any, variance: Any) -> None:
    checks.real("strength", strength, "[0, inf)")
    checks.integer("depth", depth, "[1, inf)")
    checks.real("start", start, "(-inf, inf)")
    checks.real("variance", variance, "[0, inf)")


def _one_layer(t: np.ndarray, strength: float, start: float, variance: float) -> np.ndarray:
    grown = -np.expm1(-variance * t) / variance if variance > 0 else t
    return np.asarray(start * np.exp(-variance * t) + strength * grown)


def _integrated(
    t: np.ndarray, strength: float, start: float, depth: int, variance: float
) -> np.ndarray:
    """Integrate ``b' = b^(L-1) (s - lambda b^L)`` for the singular value b = a^(1/L) of a layer.

    s may be negative.
    """
    times, place = np.unique(t, return_inverse=True)
    b = start ** (1 / depth)
    if times[-1] == 0:
        return np.full(t.shape, float(start))
    end = max(strength, 0.0) / variance if variance > 0 else 0.0
    curvature = depth * variance * end ** (2 - 2 / depth)
    found = solve_ivp(
        lambda _, b: b ** (depth - 1) * (strength - variance * b**depth),
        (0.0, times[-1]),
        [b],
        method="DOP853",
        t_eval=times,
        rtol=1e-12,
        atol=1e-13 * b,
        max_step=1 / curvature if curvature > 0 else np.inf,  # keeps it still at rest
    )
    return np.asarray(found.y[0][place] ** depth)
