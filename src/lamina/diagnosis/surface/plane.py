"""Planes through the space of a network's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.diagnosis import inputs
from lamina.diagnosis.surface.flat import flatten, unflatten
from lamina.engines.protocol import Parameters
from lamina.plan import Network, checks

LETTERS = "Wba"  # weights, biases, learned slopes
FLAT = 1e-10  # a second direction shorter than this share of the first is rounding


@dataclass(frozen=True, eq=False)
class Plane:
    """The points ``origin + a d_1 + b d_2``, each of them all parameters of a network.

    Made by `of_parameters`, `random`, `through` and `principal`.

    Attributes
    ----------
    kind : {"parameters", "random", "checkpoints", "path"}
    names : (str, str)
        What a and b are.
    origin : ndarray of shape (n_parameters,)
        In float64, as the directions.
    directions : ndarray of shape (2, n_parameters)
    shapes : list of list of tuples
        Of the network's parameters.
    dtype : dtype
        Of the parameters, in which the loss is evaluated.
    point : ndarray of shape (2,)
        The coordinates of what it was made from: the parameters, the first of three checkpoints,
        or the last point of a path.
    explained : ndarray of shape (2,) or None
        For "path" the share of each direction in the squared distances of the path's points from
        its last one.

    Examples
    --------
    >>> import lamina
    >>> from lamina.diagnosis import Plane
    >>> network = lamina.Network.mlp(2, [3], 1)
    >>> parameters = network.initialize(0)
    >>> plane = Plane.of_parameters(network, parameters, ("W_1", 0, 2), ("b_2", 0))
    >>> plane.names, plane.at(0.5, -1.0)[0][0][0, 2]
    (('W_1[0, 2]', 'b_2[0]'), np.float64(0.5))
    """

    kind: str
    names: tuple[str, str]
    origin: np.ndarray
    directions: np.ndarray
    shapes: Any
    dtype: Any
    point: np.ndarray
    explained: np.ndarray | None = None

    @classmethod
    def of_parameters(cls, network: Network, parameters: Any, first: Any, second: Any) -> Plane:
        """Return the plane of two parameters, whose values are a and b; the others stay.

        Parameters
        ----------
        network : Network
        parameters : list of tuples of ndarrays
        first, second : tuple
            A parameter by array and place, as ``("W_1", 0, 2)``: W_l and b_l are weights and
            biases of layer l, counted from 1, and a_l its learned slopes.

        Returns
        -------
        Plane

        Raises
        ------
        ArgumentError
            If there is no such parameter, or the two are one.
        """
        origin, dtype = _flat(network, parameters), parameters[0][0].dtype
        places = [_place("parameters", own, network) for own in (first, second)]
        if places[0] == places[1]:
            raise checks.fail("parameters", "two different ones", (first, second))
        point, origin[places] = origin[places], 0.0
        directions = np.zeros((2, len(origin)))
        directions[[0, 1], places] = 1.0
        names = _name(first), _name(second)
        return cls("parameters", names, origin, directions, network.shapes, dtype, point)

    @classmethod
    def random(cls, network: Network, parameters: Any, random_state: Any = 0) -> Plane:
        """Return a plane through `parameters` along two random, filter-normalised directions.

        Each unit's incoming weights are drawn from a normal distribution and scaled to the length
        of the unit's own; biases and learned slopes stay (Li et al., 2018, "Visualizing the Loss
        Landscape of Neural Nets", section 4, whose filters are a dense layer's columns of W). So
        ``a = 1`` changes each unit as much as it is large, and planes of networks whose weights are
        of other sizes can be compared.

        Parameters
        ----------
        network : Network
        parameters : list of tuples of ndarrays
        random_state : int, RandomState instance or None, default=0

        Returns
        -------
        Plane

        Raises
        ------
        ArgumentError
            If the two directions are one, as where there is a single weight other than 0.
        """
        origin, dtype = _flat(network, parameters), parameters[0][0].dtype
        drawn = inputs.random(random_state)
        own = [flatten(filter_normalised(parameters, drawn)) for _ in range(2)]
        _refuse_line("parameters", "with two weights other than 0", np.array(own), parameters)
        names = "random direction 1", "random direction 2"
        return cls("random", names, origin, np.array(own), network.shapes, dtype, np.zeros(2))

    @classmethod
    def through(cls, network: Network, checkpoints: Any) -> Plane:
        """Return the plane through three points, the first of which is its origin.

        The directions are of length 1 and at right angles, the first one towards the second point,
        so that a and b are distances (Garipov et al., 2018, appendix).

        Parameters
        ----------
        network : Network
        checkpoints : list of three lists of tuples of ndarrays

        Returns
        -------
        Plane

        Raises
        ------
        ArgumentError
            If they are not three, or lie on a line.
        """
        if len(checkpoints) != 3:
            raise checks.fail("checkpoints", "three", f"{len(checkpoints)} of them")
        origin, *others = (_flat(network, own) for own in checkpoints)
        sides = np.array([own - origin for own in others])
        _refuse_line("checkpoints", "three points that are not on a line", sides, checkpoints)
        first = sides[0] / np.linalg.norm(sides[0])
        second = sides[1] - (sides[1] @ first) * first
        second -= (second @ first) * first  # what rounding left
        directions = np.array([first, second / np.linalg.norm(second)])
        names = "towards checkpoint 2", "across, towards checkpoint 3"
        dtype = checkpoints[0][0][0].dtype
        return cls("checkpoints", names, origin, directions, network.shapes, dtype, np.zeros(2))

    @classmethod
    def principal(cls, network: Network, path: Any) -> Plane:
        """Return the principal plane of a path through the space of parameters.

        Of all planes through the last point it has the least squared distance from the others: its
        directions are the first two right singular vectors of their differences from the last
        point (Li et al., 2018, section 7), of length 1 and at right angles. a runs from the start,
        which is on its negative side, towards the end.

        Parameters
        ----------
        network : Network
        path : list of lists of tuples of ndarrays
            At least three points that are not on a line.

        Returns
        -------
        Plane

        Raises
        ------
        ArgumentError
            If there are too few points, or they lie on a line.
        """
        if len(path) < 3:
            raise checks.fail("checkpoints", "at least three points", f"{len(path)} of them")
        points = np.array([_flat(network, own) for own in path])
        differences = points[:-1] - points[-1]
        directions, explained = principal_axes(differences)
        if not explained[1] > FLAT**2 * explained[0]:
            raise checks.fail(
                "checkpoints", "at least three points that are not on a line", f"{len(path)} on one"
            )
        coordinates = differences @ directions.T
        signs = [
            -_sign(coordinates[0, 0]),
            _sign(coordinates[np.abs(coordinates[:, 1]).argmax(), 1]),
        ]
        return cls(
            "path",
            ("principal direction 1", "principal direction 2"),
            points[-1],
            directions * np.array(signs)[:, np.newaxis],
            network.shapes,
            path[-1][0][0].dtype,
            np.zeros(2),
            explained,
        )

    def at(self, a: float, b: float) -> Parameters:
        """Return the parameters at (a, b); far away they may be infinite."""
        with np.errstate(over="ignore", invalid="ignore"):
            vector = self.origin + a * self.directions[0] + b * self.directions[1]
            return unflatten(vector, self.shapes, self.dtype)

    def project(self, parameters: Any) -> tuple[np.ndarray, float]:
        """Return the coordinates (2,) of the plane's nearest point, and the distance from it."""
        coordinates, across = self.split(flatten(parameters) - self.origin)
        return coordinates, float(np.linalg.norm(across))

    def split(self, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a step (n_parameters,) along the directions (2,), and what is across them."""
        along = np.linalg.solve(self.directions @ self.directions.T, self.directions @ step)
        return along, step - along @ self.directions


def principal_axes(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two directions that leave least of steps (n, d), n >= 2, beside them.

    They are of length 1 and at right angles, the largest entry of each above 0; and the share of
    each in the steps' squares, 0 where nothing moves.
    """
    _, lengths, found = np.linalg.svd(steps, full_matrices=False)
    axes = found[:2]
    largest = axes[[0, 1], np.abs(axes).argmax(axis=1)]
    squares = lengths**2 / max(float(np.sum(lengths**2)), np.finfo(float).tiny)
    return axes * np.sign(largest)[:, np.newaxis], squares[:2]


def filter_normalised(parameters: Any, random: np.random.RandomState) -> Parameters:
    """Return a random direction, each unit's weights of the length of the unit's own; biases 0."""
    direction = []
    for weights, *others in parameters:
        drawn = random.normal(size=weights.shape)
        own = np.linalg.norm(weights.astype(np.float64), axis=0)
        drawn *= own / np.linalg.norm(drawn, axis=0)
        direction.append((drawn, *(np.zeros(other.shape) for other in others)))
    return direction


def _flat(network: Network, parameters: Any) -> np.ndarray:
    return flatten(inputs.parameters(network, parameters))


def _place(name: str, own: Any, network: Network) -> int:
    """Return where in the vector of all parameters the named one stands."""
    expected = "two parameters by array and place, as ('W_1', 0, 2) or ('b_2', 0)"
    if not isinstance(own, tuple | list) or len(own) < 2 or not isinstance(own[0], str):
        raise checks.fail(name, expected, own)
    arrays = {
        f"{letter}_{layer}": shape
        for layer, shapes in enumerate(network.shapes, 1)
        for letter, shape in zip(LETTERS[: len(shapes)], shapes, strict=True)
    }
    array, place = own[0], tuple(own[1:])
    checks.choice(f"the array of {name}", array, arrays)
    shape = arrays[array]
    if len(place) != len(shape):
        raise checks.fail(name, f"{len(shape)} whole numbers as the place in {array}", own)
    for index, size in zip(place, shape, strict=True):
        checks.integer(f"the place in {array}, which is of shape {shape},", index, f"[0, {size})")
    names = list(arrays)
    before = sum(int(np.prod(arrays[other])) for other in names[: names.index(array)])
    return before + int(np.ravel_multi_index([int(index) for index in place], shape))


def _name(own: Any) -> str:
    return f"{own[0]}[{', '.join(str(int(index)) for index in own[1:])}]"


def _refuse_line(name: str, expected: str, directions: np.ndarray, given: Any) -> None:
    """Raise unless two directions span a plane."""
    lengths = np.linalg.norm(directions, axis=1)
    if lengths.all():
        spread = np.linalg.svd(directions / lengths[:, np.newaxis], compute_uv=False)
        if spread[1] > FLAT:
            return
    raise checks.fail(name, expected, "points or directions on a line")


def _sign(number: float) -> float:
    return -1.0 if number < 0 else 1.0
