"""Backpropagation held against central differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina import spec
from lamina.diagnosis import inputs
from lamina.plan import Network, checks


class Block(NamedTuple):
    """The check of one parameter array.

    Attributes
    ----------
    name : str
        "W_1", "b_1", ... as in the notes.
    error : float
        Largest relative difference in the block.
    place : tuple of int
        Entry with that difference.
    backpropagated, difference : float
        Its two derivatives.
    n_checked : int
        Entries that were checked.
    """

    name: str
    error: float
    place: tuple[int, ...]
    backpropagated: float
    difference: float
    n_checked: int


@dataclass(frozen=True)
class GradientCheck:
    """What `check_gradients` found.

    Attributes
    ----------
    blocks : list of Block
    tolerance : float
    """

    blocks: list[Block]
    tolerance: float

    @property
    def worst(self) -> Block:
        """The block with the largest error."""
        return max(self.blocks, key=lambda block: block.error)

    @property
    def ok(self) -> bool:
        """Whether every error is at most the tolerance."""
        return bool(self.worst.error <= self.tolerance)

    def __str__(self) -> str:
        lines = [f"{'block':<6} {'checked':>8} {'worst relative error':>22}  at"]
        for b in self.blocks:
            lines.append(f"{b.name:<6} {b.n_checked:>8} {b.error:>22.2e}  {list(b.place)}")
        w = self.worst
        verdict = "gradients agree" if self.ok else "GRADIENTS DISAGREE"
        lines.append(
            f"{verdict}: worst is {w.name}{list(w.place)}, backpropagation "
            f"{w.backpropagated:.6e}, difference {w.difference:.6e} (tolerance {self.tolerance:g})"
        )
        return "\n".join(lines)


def check_gradients(
    network: Network,
    X: Any,
    y: Any,
    parameters: Any = None,
    *,
    sample_weight: Any = None,
    alpha: float = 0.0,
    tolerance: float = 1e-5,
    max_entries: int = 200,
    random_state: Any = 0,
) -> GradientCheck:
    """Hold backpropagation against central differences, for any network (note 004).

    Each checked entry θ of each parameter array gets ``(L(θ + h) - L(θ - h)) / 2h`` with
    ``h = 6e-6 max(1, |θ|)``, in float64. The relative error of an entry is the difference of the
    two derivatives over ``max(|a|, |b|, 1e-4 s)``, s the block's largest derivative, so that
    entries near 0 are not judged by rounding alone, and what rounding does to the difference,
    ``8 eps |L| / h``, is not counted. At a kink (ReLU at 0) the two differ rightly.

    Parameters
    ----------
    network : Network
        For an estimator its ``network_``.
    X : array-like of shape (n_samples, n_inputs)
    y : array-like of shape (n_samples, n_outputs) or (n_samples,)
        Targets as the loss wants them: 0/1 rows for classes, not labels.
    parameters : list of tuples of arrays, optional
        By default ``network.initialize(random_state)``.
    sample_weight : array-like of shape (n_samples,), optional
    alpha : float in [0, inf), default=0
        L2 penalty, as in the estimators.
    tolerance : float in (0, inf), default=1e-5
    max_entries : int in [1, inf), default=200
        Entries checked in each array, drawn at random if it has more.
    random_state : int, RandomState instance or None, default=0

    Returns
    -------
    GradientCheck
        With the worst entry named; printing it gives a table.

    Raises
    ------
    ArgumentError
        If shapes do not fit the network or an argument is out of range.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> network = lamina.Network.mlp(3, [4], 2, activation="tanh", output="softmax")
    >>> X, y = np.ones((5, 3)), np.eye(2)[[0, 1, 0, 1, 1]]
    >>> check = lamina.check_gradients(network, X, y)
    >>> check.ok, [block.name for block in check.blocks]
    (True, ['W_1', 'b_1', 'W_2', 'b_2'])
    """
    checks.kind("network", network, Network, "a Network")
    checks.real("alpha", alpha, "[0, inf)")
    checks.real("tolerance", tolerance, "(0, inf)")
    checks.integer("max_entries", max_entries, "[1, inf)")
    X = inputs.matrix("X", X, network.n_inputs)
    y = inputs.matrix("y", y, network.n_outputs)
    inputs.targets(network, y)
    if len(X) != len(y):
        raise checks.fail("y", f"of {len(X)} rows as X is", y.shape)
    weights = inputs.weights("sample_weight", sample_weight, len(X))
    random = (
        np.random.RandomState(random_state) if not hasattr(random_state, "choice") else random_state
    )
    given = network.initialize(random) if parameters is None else parameters
    own = inputs.parameters(network, given, dtype=np.float64)

    passed = spec.network.forward(network, own, X)
    result = spec.network.backward(network, own, passed, y, weights, alpha)

    def loss() -> float:
        z = spec.network.forward(network, own, X).layers[-1].h
        head = spec.losses.head(network.output, network.loss_name)
        data = spec.losses.mean_loss(head.value(z, y, **network.loss_options), weights)
        total = len(X) if weights is None else weights.sum()
        return float(data) + spec.network.penalty(own, alpha) / total

    blocks = []
    for layer, (arrays, gradients) in enumerate(zip(own, result.gradients, strict=True), 1):
        for letter, array, gradient in zip("Wba"[: len(arrays)], arrays, gradients, strict=True):
            entries = _entries(array.size, max_entries, random)
            blocks.append(_block(f"{letter}_{layer}", array, gradient, entries, loss))
    return GradientCheck(blocks, tolerance)


def _block(name: str, array: np.ndarray, gradient: np.ndarray, entries: Any, loss: Any) -> Block:
    """Check `entries` of one array, moving each in place and putting it back."""
    flat, slopes = array.reshape(-1), np.asarray(gradient).reshape(-1)
    differences, noise = np.empty(len(entries)), np.empty(len(entries))
    for i, entry in enumerate(entries):
        value = flat[entry]
        h = 6e-6 * max(1.0, abs(value))
        flat[entry] = value + h
        above = loss()
        flat[entry] = value - h
        below = loss()
        flat[entry] = value
        differences[i] = (above - below) / (2 * h)
        noise[i] = 8 * np.finfo(float).eps * max(abs(above), abs(below)) / h
    found = slopes[entries]
    scale = max(np.abs(found).max(), np.abs(differences).max(), np.finfo(float).tiny)
    sizes = np.maximum(np.maximum(np.abs(found), np.abs(differences)), 1e-4 * scale)
    errors = np.maximum(np.abs(found - differences) - noise, 0) / sizes
    errors[~np.isfinite(errors)] = np.inf
    worst = int(np.argmax(errors))
    place = tuple(int(i) for i in np.unravel_index(entries[worst], array.shape))
    return Block(
        name,
        float(errors[worst]),
        place,
        float(found[worst]),
        float(differences[worst]),
        len(entries),
    )


def _entries(size: int, most: int, random: Any) -> np.ndarray:
    return np.arange(size) if size <= most else np.sort(random.choice(size, most, replace=False))
