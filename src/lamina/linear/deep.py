"""Deep linear networks: their gradients from second moments, and the one matrix that they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, Self

import numpy as np
from scipy.stats import ortho_group
from sklearn.utils import check_random_state

from lamina.linear.affine import collapse
from lamina.linear.arrays import frozen, matrix
from lamina.linear.dynamics import descend, flow
from lamina.linear.modes import ModeDynamics
from lamina.linear.moments import Moments
from lamina.linear.story import count
from lamina.plan import Dense, Network, checks


class DeepLinear:
    """A network of linear layers without biases, ``f(x) = x W_1 W_2 ... W_L`` (note 003 §2.2, 2.4).

    It can express no more than the one matrix ``W = W_1 ... W_L``, whose rank is at most the
    smallest width, but it learns differently: its loss is not convex in the layers, and under
    gradient descent strong modes of the data are learnt first, one after the other.

    Parameters
    ----------
    weights : sequence of array-like of shape (d_{l-1}, d_l)
        W_1, ..., W_L; copied. Rows are samples, so the note's ``y = B A x`` is
        ``DeepLinear([A.T, B.T])``.

    Attributes
    ----------
    weights : tuple of ndarray
        Read-only.

    Raises
    ------
    ArgumentError
        If there is no layer, or one does not fit the layer before.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.linear import DeepLinear, Moments
    >>> net = DeepLinear([np.ones((3, 1)), np.ones((1, 2))])
    >>> net
    DeepLinear(3 -> 1 -> 2, rank at most 1)
    >>> net.collapse()
    array([[1., 1.],
           [1., 1.],
           [1., 1.]])
    >>> X, Y = np.eye(3), np.zeros((3, 2))
    >>> round(net.loss(Moments.of(X, Y)), 12)
    1.0
    >>> [gradient.shape for gradient in net.gradients(Moments.of(X, Y))]
    [(3, 1), (1, 2)]
    """

    def __init__(self, weights: Sequence[Any]) -> None:
        if isinstance(weights, (str, np.ndarray)) or not isinstance(weights, Sequence):
            raise checks.fail("weights", "a sequence of matrices, one per layer", weights)
        if not weights:
            raise checks.fail("weights", "a sequence of at least one matrix", weights)
        own: list[np.ndarray] = []
        for place, given in enumerate(weights, 1):
            width = own[-1].shape[1] if own else None
            own.append(frozen(matrix(f"weights of layer {place}", given, n_rows=width)))
        self.weights = tuple(own)

    @classmethod
    def random(cls, sizes: Sequence[int], scale: float = 0.1, random_state: Any = None) -> Self:
        """Return a network with entries of W_l drawn from N(0, scale^2 / d_{l-1}).

        Parameters
        ----------
        sizes : sequence of int
            ``d_0, d_1, ..., d_L``.
        scale : float in (0, inf), default=0.1
        random_state : int, RandomState instance or None
        """
        if isinstance(sizes, str) or not isinstance(sizes, Sequence) or len(sizes) < 2:
            raise checks.fail("sizes", "a sequence of at least two integers", sizes)
        for size in sizes:
            checks.integer("sizes", size, "[1, inf)")
        checks.real("scale", scale, "(0, inf)")
        random = check_random_state(random_state)
        return cls([random.standard_normal((a, b)) * scale / a**0.5 for a, b in pairwise(sizes)])

    @classmethod
    def balanced(
        cls,
        moments: Moments,
        depth: int = 2,
        *,
        scale: float = 1e-3,
        width: int | None = None,
        random_state: Any = None,
    ) -> Self:
        """Return the start from which the exact solution of the modes holds.

        Balanced: ``W_l' W_l = W_{l+1} W_{l+1}'`` for all l. Aligned: W has the singular vectors of
        Sigma_xy. Every mode starts at ``a_0 = scale``, each layer has its L-th root, and random
        rotations stand between the layers (Saxe, McClelland and Ganguli, 2014).

        Parameters
        ----------
        moments : Moments
        depth : int in [1, inf), default=2
            Number of layers L.
        scale : float in (0, inf), default=1e-3
        width : int in [1, inf), optional
            Of the hidden layers; by default as many as there are modes. Of a narrower network only
            the strongest modes start above 0, and the others stay at 0: the rank limit.
        random_state : int, RandomState instance or None
        """
        checks.kind("moments", moments, Moments, "a Moments")
        checks.integer("depth", depth, "[1, inf)")
        checks.real("scale", scale, "(0, inf)")
        modes = moments.modes()
        k = len(modes.strengths)
        width = k if width is None else width
        checks.integer("width", width, "[1, inf)")
        random = check_random_state(random_state)
        turns = [_orthogonal(random, width)[:, :k] for _ in range(depth - 1)]
        ends = [modes.inputs, *turns, modes.outputs]
        kept = min(k, width) if depth > 1 else k
        root = scale ** (1 / depth)
        return cls([root * a[:, :kept] @ b[:, :kept].T for a, b in pairwise(ends)])

    @classmethod
    def from_network(cls, network: Network, parameters: Sequence[Any]) -> Self:
        """Return the weights of a `Network` of linear layers whose biases are all 0."""
        collapse(network, parameters)  # refuses what is not linear
        for place, own in enumerate(parameters, 1):
            if np.any(own[1]):
                raise checks.fail(f"the bias of layer {place}", "0 (collapse has biases)", own[1])
        return cls([own[0] for own in parameters])

    def to_network(self) -> tuple[Network, list[tuple[np.ndarray, np.ndarray]]]:
        """Return the same function as a `Network` with its parameters, biases 0."""
        layers = [Dense(width) for width in self.sizes[1:]]
        parameters = [(w.copy(), np.zeros(w.shape[1])) for w in self.weights]
        return Network(self.n_inputs, layers), parameters

    @property
    def sizes(self) -> list[int]:
        """``[d_0, d_1, ..., d_L]``."""
        return [len(self.weights[0]), *(w.shape[1] for w in self.weights)]

    @property
    def depth(self) -> int:
        """Number of layers L."""
        return len(self.weights)

    @property
    def n_inputs(self) -> int:
        """Number of inputs d_0."""
        return self.sizes[0]

    @property
    def rank_limit(self) -> int:
        """The smallest width: no such network has a W of larger rank (note 003 §2.3)."""
        return min(self.sizes)

    @property
    def imbalance(self) -> float:
        """Largest ``||W_l' W_l - W_{l+1} W_{l+1}'||`` relative to ``||W_l||^2 + ||W_{l+1}||^2``.

        Gradient flow conserves each of these differences; the exact solution of the modes assumes
        that they are 0.
        """
        sizes = [float(np.vdot(w, w)) for w in self.weights]
        gaps = [float(np.linalg.norm(a.T @ a - b @ b.T)) for a, b in pairwise(self.weights)]
        relative = (g / (p + q) for g, (p, q) in zip(gaps, pairwise(sizes), strict=True) if p + q)
        return max(relative, default=0.0)

    def __call__(self, X: Any) -> np.ndarray:
        """Return ``X W_1 ... W_L`` for X of shape (n_samples, d_0), layer by layer."""
        return reduce(np.matmul, self.weights, matrix("X", X, n_columns=self.n_inputs))

    def collapse(self) -> np.ndarray:
        """Return ``W = W_1 ... W_L`` of shape (d_0, d_L): all that the network can compute."""
        return reduce(np.matmul, self.weights)

    def loss(self, moments: Moments) -> float:
        """Return ``½ mean ||y - x W||^2``, from the moments."""
        self._check(moments)
        return moments.loss(self.collapse())

    def gradients(self, moments: Moments) -> list[np.ndarray]:
        """Return the derivative of the loss by each W_l, in its shape (note 003 §2.4).

        ``-(W_1 ... W_{l-1})' (Sigma_xy - Sigma_xx W) (W_{l+1} ... W_L)'``; for two layers these are
        the note's two formulas, transposed, since its samples are columns.

        Parameters
        ----------
        moments : Moments
        """
        self._check(moments)
        return moments.gradients(self.weights)

    def descend(
        self,
        moments: Moments,
        *,
        learning_rate: float | None = None,
        n_steps: int | None = None,
        n_records: int = 200,
    ) -> ModeDynamics:
        """Train by full-batch gradient descent and record the modes; this network stays.

        Parameters
        ----------
        moments : Moments
        learning_rate : float in (0, inf), optional
            eta; by default 0.02 over the largest curvature at the optimum, where 2 is stable.
        n_steps : int in [1, inf), optional
            By default until every mode of weight is learnt to 99%, by the exact solution.
        n_records : int in [2, inf), default=200
            At most so many points in time are kept, evenly spread, the first and last included.

        Returns
        -------
        ModeDynamics
            With the trained network in ``network``.

        Raises
        ------
        ArgumentError
            If an argument is out of range, or training diverges: it names the stable rates.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina.linear import DeepLinear, Moments
        >>> moments = Moments(np.eye(2), np.diag([3.0, 1.0]))
        >>> run = DeepLinear.balanced(moments, random_state=0).descend(moments)
        >>> run.modes[:, -1].round(2)
        array([3.  , 0.99])
        """
        self._check(moments)
        return descend(self, moments, learning_rate, n_steps, n_records)

    def flow(
        self, moments: Moments, *, time: float | None = None, n_records: int = 200
    ) -> ModeDynamics:
        """Follow the gradient flow ``dW_l/dt = -dL/dW_l``, the limit of ever smaller steps.

        Solved by SciPy's DOP853 to a relative error of about 1e-9.

        Parameters
        ----------
        moments : Moments
        time : float in (0, inf), optional
            By default as for `descend`; n steps of rate eta take the time ``n eta``.
        n_records : int in [2, inf), default=200
        """
        self._check(moments)
        return flow(self, moments, time, n_records)

    def _check(self, moments: Any) -> None:
        checks.kind("moments", moments, Moments, "a Moments (Moments.of(X, Y))")
        shape = (self.n_inputs, self.sizes[-1])
        if moments.xy.shape != shape:
            inputs, outputs = count(shape[0], "input"), count(shape[1], "output")
            expected = f"those of {inputs} and {outputs}, as this network has"
            raise checks.fail("moments", expected, moments)

    def __repr__(self) -> str:
        chain = " -> ".join(str(size) for size in self.sizes)
        return f"DeepLinear({chain}, rank at most {self.rank_limit})"


def _orthogonal(random: np.random.RandomState, size: int) -> np.ndarray:
    """Return a random rotation or reflection, uniformly distributed."""
    if size == 1:
        return np.ones((1, 1))
    return np.asarray(ortho_group.rvs(size, random_state=random))
