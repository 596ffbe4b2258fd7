"""A tower of sigmoids: the picture proof of universal approximation."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.neurons.approximation.logistic_layer import Parameters
from lamina.neurons.approximation.target import box_of
from lamina.plan import Network, checks


def tower(box: Any, steepness: float = 100.0) -> tuple[Network, Parameters]:
    """Return a network that is near 1 inside a box and near 0 outside it.

    The picture behind note 002 §3.4: enough narrow towers, each as high as f is there, make any
    continuous f. In one variable a tower is the difference of two steps,
    ``σ(s (x - low)) - σ(s (x - high))``, and one hidden layer is enough. In two variables four
    steps make a cross, 2 where both bars overlap, 1 on the rest of them; a second hidden unit
    ``σ(s (· - 3/2))`` keeps the middle alone. So towers take two hidden layers there;
    `approximate` needs one.

    Parameters
    ----------
    box : (low, high) or [(low, high), (low, high)]
    steepness : float in (0, inf), default=100
        Slope s of the steps, in widths of the box.

    Returns
    -------
    network : Network
        With 2 logistic units, or with 4 and 1 in two hidden layers.
    parameters : list of tuples of arrays
        ``(W, b)`` per layer.

    Examples
    --------
    >>> from lamina import spec
    >>> from lamina.neurons import tower
    >>> network, parameters = tower([(0, 1), (0, 1)])
    >>> network
    Network(2 -> 4 logistic -> 1 logistic -> 1 identity, SquaredError())
    >>> import numpy as np
    >>> x = np.array([[0.5, 0.5], [0.5, 2.0], [2.0, 2.0]])
    >>> spec.network.predict(network, parameters, x).round(3).ravel().tolist()
    [1.0, 0.0, 0.0]
    """
    ends = box_of(box)
    checks.real("steepness", steepness, "(0, inf)")
    d = len(ends)
    slopes = np.repeat(steepness / (ends[:, 1] - ends[:, 0]), 2)
    weights = np.repeat(np.eye(d), 2, axis=1) * slopes  # two steps for each variable
    signs = np.tile([1.0, -1.0], d)[:, None]
    layers: Parameters = [(weights, -slopes * ends.ravel())]
    if d == 1:
        layers += [(signs, np.zeros(1))]
    else:
        layers += [
            (steepness * signs, np.array([-1.5 * steepness])),
            (np.ones((1, 1)), np.zeros(1)),
        ]
    hidden = [own[0].shape[1] for own in layers[:-1]]
    return Network.mlp(d, hidden, 1, activation="logistic"), layers
