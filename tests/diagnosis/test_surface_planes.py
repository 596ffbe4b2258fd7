"""Planes through the space of parameters: what they go through, and what lies on them."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

import lamina
from lamina.diagnosis import Plane
from lamina.diagnosis.surface import MeanLoss, filter_normalised, over_plane
from lamina.diagnosis.surface.flat import flatten, unflatten
from lamina.engines import Data, ReferenceEngine

NETWORK = lamina.Network.mlp(3, [5, 4], 2, activation=["prelu", "tanh"], output="softmax")
FIRST, SECOND, THIRD = (NETWORK.initialize(seed) for seed in range(3))


def walk(n=12, seed=0, dtype=np.float64):
    """Return a path of `n` points that turns in many directions."""
    random, at, path = np.random.RandomState(seed), flatten(FIRST), []
    for i in range(n):
        path.append(unflatten(at, NETWORK.shapes, dtype))
        at = at + random.normal(size=at.shape) * np.linspace(3, 0.1, at.size) / (1 + i)
    return path


def test_a_vector_and_back():
    vector = flatten(FIRST)
    assert vector.shape == (NETWORK.n_parameters,)
    back = unflatten(vector, NETWORK.shapes, np.float32)
    for own, other in zip(FIRST, back, strict=True):
        for one, two in zip(own, other, strict=True):
            np.testing.assert_array_equal(one.astype(np.float32), two)


def test_units_of_a_random_direction_are_as_long_as_their_own():
    for weights, *others in zip(
        *(
            sum(layers, ())
            for layers in [FIRST, filter_normalised(FIRST, np.random.RandomState(0))]
        ),
        strict=True,
    ):
        own, drawn = weights, others[0]
        if own.ndim > 1:
            np.testing.assert_allclose(
                np.linalg.norm(drawn, axis=0), np.linalg.norm(own, axis=0), rtol=1e-14
            )
            assert not np.allclose(drawn, own)
        else:
            assert not drawn.any()


def test_a_random_plane_of_a_scaled_network_is_the_scaled_plane():
    """What is normalised: a network of ten times the weights has a plane of ten times the size."""
    scaled = [(10 * own[0], *own[1:]) for own in FIRST]
    one, ten = (Plane.random(NETWORK, own, 3).directions for own in (FIRST, scaled))
    np.testing.assert_allclose(ten, 10 * one, rtol=1e-13)
    assert not np.array_equal(one, Plane.random(NETWORK, FIRST, 4).directions)
    np.testing.assert_array_equal(one, Plane.random(NETWORK, FIRST, 3).directions)


def test_a_unit_without_weights_stays():
    silent = [(own[0] * (np.arange(own[0].shape[1]) > 0), *own[1:]) for own in FIRST]
    direction = filter_normalised(silent, np.random.RandomState(0))
    assert all(not own[0][:, 0].any() and own[0][:, 1].any() for own in direction)


def test_two_parameters_have_the_values_of_the_coordinates():
    plane = Plane.of_parameters(NETWORK, FIRST, ("W_2", 3, 1), ("a_1", 4))
    assert plane.names == ("W_2[3, 1]", "a_1[4]")
    np.testing.assert_array_equal(plane.point, [FIRST[1][0][3, 1], FIRST[0][2][4]])
    there = plane.at(*plane.point)
    np.testing.assert_array_equal(flatten(there), flatten(FIRST))
    moved = plane.at(7.0, -2.0)
    assert (moved[1][0][3, 1], moved[0][2][4]) == (7.0, -2.0)
    assert np.sum(flatten(moved) != flatten(FIRST)) == 2
    coordinates, distance = plane.project(moved)
    np.testing.assert_allclose(coordinates, [7.0, -2.0])
    assert distance == pytest.approx(0, abs=1e-12)


def test_three_checkpoints_lie_on_their_plane_at_their_distances():
    plane = Plane.through(NETWORK, [FIRST, SECOND, THIRD])
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)
    places = []
    for own in (FIRST, SECOND, THIRD):
        coordinates, distance = plane.project(own)
        places.append(coordinates)
        assert distance < 1e-13
        np.testing.assert_allclose(flatten(plane.at(*coordinates)), flatten(own), atol=1e-13)
    np.testing.assert_allclose(places[0], 0, atol=1e-14)
    assert places[1][1] == pytest.approx(0, abs=1e-13)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        vectors = [flatten((FIRST, SECOND, THIRD)[k]) for k in (i, j)]
        distance = np.linalg.norm(vectors[0] - vectors[1])
        assert np.linalg.norm(places[i] - places[j]) == pytest.approx(distance, rel=1e-13)


def test_the_principal_plane_is_that_of_scikit_learn():
    """Differences and their mirror images have mean 0, so that PCA does not move their centre."""
    path = walk()
    plane = Plane.principal(NETWORK, path)
    points = np.array([flatten(own) for own in path])
    differences = points - points[-1]
    pca = PCA(2, svd_solver="full").fit(np.vstack([differences, -differences]))
    np.testing.assert_allclose(plane.explained, pca.explained_variance_ratio_, rtol=1e-12)
    np.testing.assert_allclose(np.abs(np.sum(plane.directions * pca.components_, axis=1)), 1)
    np.testing.assert_array_equal(plane.origin, points[-1])
    assert plane.project(path[0])[0][0] < 0


def test_the_share_outside_is_what_the_principal_directions_leave():
    path = walk()
    plane = Plane.principal(NETWORK, path)
    seen = over_plane(plane, lambda own: 0.0, np.zeros(1), np.zeros(1), list(enumerate(path)))
    assert seen.path.outside == pytest.approx(1 - plane.explained.sum(), rel=1e-12)
    for place, distance, own in zip(seen.path.coordinates, seen.path.distances, path, strict=True):
        nearest = plane.origin + place @ plane.directions
        assert distance == pytest.approx(np.linalg.norm(flatten(own) - nearest), rel=1e-10)
        np.testing.assert_allclose(plane.directions @ (flatten(own) - nearest), 0, atol=1e-12)
    other = Plane.random(NETWORK, FIRST, 0)
    seen = over_plane(other, lambda own: 0.0, np.zeros(1), np.zeros(1), list(enumerate(path)))
    assert plane.explained.sum() > 0.5 > 1 - seen.path.outside


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_on_the_grid_are_the_specs_in_the_parameters_dtype(dtype):
    random = np.random.RandomState(0)
    x, y = random.normal(size=(20, 3)), np.eye(2)[random.randint(0, 2, 20)]
    data = Data(x, y, random.uniform(0, 2, 20), random.uniform(0, 2, 20)).astype(dtype)
    path = walk(dtype=dtype)
    plane = Plane.principal(NETWORK, path)
    asked = []

    def own(parameters):
        asked.append(parameters[0][0].dtype)
        return loss(parameters)

    loss = MeanLoss(ReferenceEngine().losses(NETWORK, data), data, 0.5, lambda own: 3.0)
    a, b = np.linspace(-1, 1, 4), np.linspace(0, 2, 3)
    seen = over_plane(plane, own, a, b, n_threads=2)
    assert seen.losses.shape == (3, 4) and set(asked) == {np.dtype(dtype)}
    for j, i in ((0, 0), (2, 1), (1, 3)):
        parameters = plane.at(a[i], b[j])
        each = lamina.spec.network.backward(
            NETWORK, parameters, lamina.spec.network.forward(NETWORK, parameters, data.x), data.y
        ).loss
        mean = np.average(data.factors * each, weights=data.weights)
        assert seen.losses[j, i] == pytest.approx(0.5 * mean + 3.0, rel=1e-6)
    assert seen.loss == own(path[-1])


def test_what_a_loss_raises_comes_out_and_ends_the_work():
    asked = []

    def broken(parameters):
        asked.append(0)
        raise ZeroDivisionError("my own")

    plane = Plane.random(NETWORK, FIRST)
    with pytest.raises(ZeroDivisionError, match="my own"):
        over_plane(plane, broken, np.zeros(50), np.zeros(50), n_threads=2)
    assert len(asked) < 60


WRONG = {
    "two points": lambda: Plane.through(NETWORK, [FIRST, SECOND]),
    "one point twice": lambda: Plane.through(NETWORK, [FIRST, SECOND, SECOND]),
    "the same point": lambda: Plane.through(NETWORK, [FIRST, FIRST, FIRST]),
    "a short path": lambda: Plane.principal(NETWORK, [FIRST, SECOND]),
    "a path on a line": lambda: Plane.principal(NETWORK, [FIRST, FIRST, SECOND, SECOND]),
    "no path": lambda: Plane.principal(NETWORK, [FIRST] * 4),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_points_that_span_no_plane_are_refused(make):
    with pytest.raises(lamina.ArgumentError, match="checkpoints must be"):
        make()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("W_1", "by array and place"),
        (("W_9", 0, 0), "array of parameters must be one of 'W_1'"),
        (("W_1", 0), "2 whole numbers as the place in W_1"),
        (("W_1", 0, 5), r"of shape \(3, 5\), must be an integer in \[0, 5\)"),
        (("W_1", -1, 0), r"must be an integer in \[0, 3\), got -1"),
        (("b_1", 0.5), "must be an integer"),
        (("a_2", 0), "must be one of"),
        (("W_1", 0, 0), "two different ones"),
    ],
)
def test_no_such_parameter(place, message):
    with pytest.raises(lamina.ArgumentError, match=message):
        Plane.of_parameters(NETWORK, FIRST, ("W_1", 0, 0), place)


def test_parameters_that_are_none():
    with pytest.raises(lamina.ArgumentError, match="arrays of shapes"):
        Plane.random(NETWORK, FIRST[:1])
    broken = [tuple(p * np.nan for p in own) for own in FIRST]
    with pytest.raises(lamina.ArgumentError, match="parameters must be finite"):
        Plane.random(NETWORK, broken)
    zero = [tuple(p * 0 for p in own) for own in FIRST]
    with pytest.raises(lamina.ArgumentError, match="two weights other than 0"):
        Plane.random(NETWORK, zero)
    with pytest.raises(lamina.ArgumentError, match="random_state must be an integer"):
        Plane.random(NETWORK, FIRST, "a")
