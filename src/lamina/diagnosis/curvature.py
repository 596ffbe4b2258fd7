"""How a network's loss curves: along a direction, and where it curves most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from lamina import spec
from lamina.diagnosis import inputs
from lamina.diagnosis.surface.flat import flatten, unflatten
from lamina.engines.protocol import Data, Parameters
from lamina.plan import Network, checks

LARGEST_DENSE = 32  # parameters: below it the whole Hessian is as quick as Lanczos' method


@dataclass(frozen=True, eq=False)
class Curvature:
    """The second derivative of a loss along a direction, per squared length of it.

    Attributes
    ----------
    value : float
        ``d^T H d / d^T d``. For an eigenvector of the Hessian H its eigenvalue.
    slope : float
        The first derivative along d, per length: ``g^T d / ||d||``.
    direction : list of tuples of ndarrays
        d, in the parameters' shapes.

    Examples
    --------
    >>> from lamina.diagnosis import Curvature
    >>> curvature = Curvature(value=40.0, slope=-1.0)
    >>> curvature.limit
    0.05
    >>> print(curvature.reading(0.06))
    learning rate 0.06 x curvature 40 = 2.4, above 2: steps of gradient descent overshoot by more \
each time along this direction; below 0.05 they would not
    """

    value: float
    slope: float
    direction: Parameters = field(default_factory=list, repr=False)

    @property
    def limit(self) -> float:
        """The learning rate above which gradient descent moves away along d: 2 over the value.

        That is the limit of the quadratic that the loss is near by: each step multiplies the
        distance from its lowest point by ``1 - eta value``. Infinite where it does not curve up.
        """
        return 2 / self.value if self.value > 0 else np.inf

    def reading(self, learning_rate: float) -> str:
        """Return in words what steps of plain gradient descent do along the direction.

        Rules that scale the gradient, as Adam, have other limits.
        """
        checks.real("learning_rate", learning_rate, "(0, inf)")
        product = learning_rate * self.value
        says = f"learning rate {learning_rate:.4g} x curvature {self.value:.4g} = {product:.4g}, "
        if product < 0:
            return says + "below 0: the loss curves down, and steps along this direction grow"
        if product <= 1:
            return says + (
                "at most 1: steps of gradient descent do not overshoot along this direction"
            )
        if product <= 2:
            return says + (
                "between 1 and 2: steps of gradient descent overshoot along this direction, by "
                "less each time"
            )
        return says + (
            f"above 2: steps of gradient descent overshoot by more each time along this "
            f"direction; below {self.limit:.4g} they would not"
        )


def hessian_vector_product(
    network: Network, parameters: Any, direction: Any, data: Any, alpha: float = 0.0
) -> Parameters:
    """Return the Hessian of the mean loss times a vector, exactly (Pearlman, 1994).

    The objective is that of full-batch training: the mean data loss and the L2 penalty
    ``½ alpha sum ||W||^2`` over the sum of the weights. A kink, such as ReLU's at 0, is not seen.

    Parameters
    ----------
    network : Network
        For an estimator its ``network_``.
    parameters, direction : list of tuples of arrays
        A tuple ``(W, b)`` per layer. They are taken as float64.
    data : (X, y), (X, y, sample_weight) or (X, y, sample_weight, factors)
        X of shape (n_samples, n_inputs), dense or sparse; y as the loss wants it: 0/1 rows for
        classes. Factors multiply a sample's loss and do not count in the mean.
    alpha : float in [0, inf), default=0.0

    Returns
    -------
    list of tuples of ndarrays
        H v, in the parameters' shapes.

    Raises
    ------
    ArgumentError
        If shapes do not fit the network, or a number is not finite or out of range.

    Examples
    --------
    One linear unit and one sample, loss ``½ (w x + b - y)^2``: H is ``[[x^2, x], [x, 1]]``.

    >>> import numpy as np, lamina
    >>> from lamina.diagnosis.curvature import hessian_vector_product
    >>> network = lamina.Network.mlp(1, [], 1)
    >>> parameters, v = [([[0.0]], [0.0])], [([[1.0]], [0.0])]
    >>> hessian_vector_product(network, parameters, v, ([[3.0]], [[1.0]]))
    [(array([[9.]]), array([3.]))]
    """
    own, data = _checked(network, parameters, data, alpha)
    along = inputs.parameters(network, direction, "direction", np.float64)
    return _product(network, own, along, data, alpha)


def curvature_along(
    network: Network, parameters: Any, direction: Any, data: Any, alpha: float = 0.0
) -> Curvature:
    """Return ``d^T H d / d^T d`` for a direction d of the parameters.

    Parameters
    ----------
    network, parameters, data, alpha
        As for `hessian_vector_product`.
    direction : list of tuples of arrays, or None
        d; None: the gradient, the direction of a step of gradient descent.

    Returns
    -------
    Curvature

    Raises
    ------
    ArgumentError
        As `hessian_vector_product`, and if d is 0.

    Examples
    --------
    >>> import lamina
    >>> from lamina.diagnosis import curvature_along
    >>> network = lamina.Network.mlp(1, [], 1)
    >>> along = curvature_along(network, [([[0.0]], [0.0])], None, ([[3.0]], [[1.0]]))
    >>> round(along.value, 6), round(along.limit, 6)
    (10.0, 0.2)
    """
    own, data = _checked(network, parameters, data, alpha)
    gradient = _gradient(network, own, data, alpha)
    along = gradient
    if direction is not None:
        along = inputs.parameters(network, direction, "direction", np.float64)
    return _along(network, own, along, gradient, data, alpha)


def largest_curvature(
    network: Network, parameters: Any, data: Any, alpha: float = 0.0, *, random_state: Any = 0
) -> Curvature:
    """Return the largest curvature of all directions: the Hessian's largest eigenvalue.

    By Lanczos' method on Hessian-vector products. Gradient descent with a learning rate above
    ``.limit``, 2 over this value, cannot settle here.

    Parameters
    ----------
    network, parameters, data, alpha
        As for `hessian_vector_product`.
    random_state : int, RandomState instance or None, default=0
        Draws the vector to start from.

    Returns
    -------
    Curvature
        Its direction is the eigenvector, of length 1.

    Raises
    ------
    ArgumentError
        As `hessian_vector_product`, and if the method does not converge.

    Examples
    --------
    >>> import lamina
    >>> from lamina.diagnosis import largest_curvature
    >>> network = lamina.Network.mlp(1, [], 1)
    >>> round(largest_curvature(network, [([[0.0]], [0.0])], ([[3.0]], [[1.0]])).value, 6)
    10.0
    """
    own, data = _checked(network, parameters, data, alpha)
    random, size = inputs.random(random_state), network.n_parameters

    def times(vector: np.ndarray) -> np.ndarray:
        along = unflatten(vector.ravel(), network.shapes)
        return flatten(_product(network, own, along, data, alpha))

    if size <= LARGEST_DENSE:
        hessian = np.array([times(row) for row in np.eye(size)])
        vector = np.linalg.eigh((hessian + hessian.T) / 2)[1][:, -1]
    else:
        first, operator = random.normal(size=size), LinearOperator((size, size), times)
        try:
            vector = eigsh(operator, 1, which="LA", v0=first, tol=1e-6)[1][:, 0]
        except ArpackNoConvergence as error:
            raise checks.ArgumentError(
                f"parameters must be where the largest curvature can be found, but {error}"
            ) from None
    along = unflatten(vector, network.shapes)
    return _along(network, own, along, _gradient(network, own, data, alpha), data, alpha)


def _along(
    network: Network,
    own: Parameters,
    along: Parameters,
    gradient: Parameters,
    data: Data,
    alpha: float,
) -> Curvature:
    with np.errstate(over="ignore"):
        squared = spec.curvature.inner(along, along)
    if not 0 < squared < np.inf:
        raise checks.fail("direction", "of a finite length above 0", float(squared) ** 0.5)
    bend = spec.curvature.inner(along, _product(network, own, along, data, alpha)) / squared
    slope = spec.curvature.inner(gradient, along) / np.sqrt(squared)
    return Curvature(float(bend), float(slope), along)


def _product(
    network: Network, own: Parameters, along: Parameters, data: Data, alpha: float
) -> Parameters:
    x, y, weights, factors = data
    with np.errstate(over="ignore", invalid="ignore"):
        product = spec.curvature.hessian_vector_product(
            network, own, along, x, y, weights, alpha, factors
        )
    _refuse_infinite(product)
    return product


def _refuse_infinite(found: Parameters) -> None:
    if not all(np.isfinite(array).all() for layer in found for array in layer):
        raise checks.ArgumentError("parameters must be where the loss and its curvature are finite")


def _gradient(network: Network, own: Parameters, data: Data, alpha: float) -> Parameters:
    x, y, weights, factors = data
    with np.errstate(over="ignore", invalid="ignore"):
        passed = spec.network.forward(network, own, x)
        found = spec.network.backward(network, own, passed, y, weights, alpha, factors).gradients
    _refuse_infinite(found)
    return found


def _checked(network: Any, parameters: Any, data: Any, alpha: Any) -> tuple[Parameters, Data]:
    """Return parameters and samples in float64; ArgumentError for what does not fit."""
    checks.kind("network", network, Network, "a Network")
    checks.real("alpha", alpha, "[0, inf)")
    own = inputs.parameters(network, parameters, dtype=np.float64)
    if not isinstance(data, tuple) or not 2 <= len(data) <= 4:
        raise checks.fail("data", "(X, y), (X, y, sample_weight) or the same with factors", data)
    x, y, *others = data
    if scipy.sparse.issparse(x):
        x = x.tocsr().astype(np.float64)
        if x.shape[1] != network.n_inputs or not np.isfinite(x.data).all():
            raise checks.fail("X", f"finite, of {network.n_inputs} columns", x.shape)
    else:
        x = inputs.matrix("X", x, network.n_inputs)
    y = inputs.matrix("y", y, network.n_outputs)
    inputs.targets(network, y)
    if x.shape[0] != len(y):
        raise checks.fail("y", f"of {x.shape[0]} rows as X is", y.shape)
    names = ("sample_weight", "factors")
    weighed = [inputs.weights(name, w, len(y)) for name, w in zip(names, others, strict=False)]
    return own, Data(x, y, *weighed)
