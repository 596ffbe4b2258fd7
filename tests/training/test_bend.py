"""The curvature along a measured step, against differences of the engine's own gradients."""

import numpy as np
import pytest

import lamina
from lamina import MLPClassifier, MLPRegressor, Recorder
from lamina.engines import Data, ReferenceEngine
from lamina.training.recording.bend import along_step

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(30, 4))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
pytestmark = pytest.mark.filterwarnings("ignore:.*not converge.*")

EVERY = Recorder(curvature=True, snapshots=20)


def bend_of(network, before, after, data, alpha):
    """Return d' H d / d' d by a central difference of the gradient along d."""
    objective = ReferenceEngine().objective(network, data, alpha)
    step = [[b - a for a, b in zip(*own, strict=True)] for own in zip(before, after, strict=True)]
    length = sum((d**2).sum() for own in step for d in own)
    small, slopes = 1e-5 / np.sqrt(length), []
    for side in (small, -small):
        place = [
            tuple(p + side * d for p, d in zip(*own, strict=True))
            for own in zip(before, step, strict=True)
        ]
        gradients = objective(place)[2]
        pairs = zip(gradients, step, strict=True)
        slopes.append(sum((g * d).sum() for own in pairs for g, d in zip(*own, strict=True)))
    return (slopes[0] - slopes[1]) / (2 * small) / length


def model_of(kind=MLPRegressor, **options):
    own = {"activation": "tanh", "alpha": 3.0, "max_iter": 4, "random_state": 0}
    return kind(hidden_layer_sizes=(5,), **{**own, "diagnose": EVERY, **options})


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_it_is_that_of_the_objective_between_two_snapshots(solver):
    model = model_of(solver=solver, batch_size=30).fit(X, Y)
    record, data = model.record_, Data(X, Y[:, None])
    places = [parameters for _, parameters in record.snapshots]
    for k, own in enumerate(record.curvatures):
        expected = bend_of(model.network_, places[k], places[k + 1], data, 3.0)
        assert own == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_it_is_that_of_the_last_full_batch_and_leaves_the_model_as_it_is():
    own = {"batch_size": 12, "shuffle": False}  # two of twelve, then one of six
    model = model_of(**own).fit(X, Y)
    plain = model_of(**own, diagnose=False).fit(X, Y)
    for one, other in zip(model.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    assert model.loss_curve_ == plain.loss_curve_
    one, two = (
        model_of(batch_size=12, shuffle=False, max_iter=1).fit(X[:n], Y[:n]) for n in (12, 24)
    )
    before, after = (own.record_.snapshots[-1][1] for own in (one, two))
    expected = bend_of(model.network_, before, after, Data(X[12:24], Y[12:24, None]), 3.0)
    assert model.record_.curvatures[0] == pytest.approx(expected, rel=1e-5)
    assert len(set(model.record_.curvatures)) == 4


def test_it_is_that_of_its_chunk():
    chunks = [(X[:12], Y[:12]), (X[12:24], Y[12:24]), (X[24:], Y[24:])]
    own = {"batch_size": 12, "shuffle": False, "max_iter": 1}
    model = model_of(**own).fit_batches(chunks, shuffle_rows=12)
    first = model_of(**own).fit(X[:12], Y[:12])  # the first full batch is the last of its group
    assert model.record_.curvatures[0] == first.record_.curvatures[0]


def test_weights_and_factors_count():
    network = lamina.Network.mlp(4, [5], 1, activation="tanh")
    start, random = network.initialize(0), np.random.RandomState(1)
    end = [tuple(p + random.normal(size=p.shape) for p in own) for own in start]
    data = Data(X, Y[:, None], random.uniform(0, 2, 30), random.uniform(0, 3, 30))
    expected = bend_of(network, start, end, data, 0.7)
    assert along_step(network, start, end, data, 0.7) == pytest.approx(expected, rel=1e-6)


def test_there_is_none_without_a_step_or_weight_or_with_what_is_not_finite():
    network = lamina.Network.mlp(4, [5], 1)
    start, data = network.initialize(0), Data(X, Y[:, None])
    end = [tuple(p + 0.1 for p in own) for own in start]
    assert np.isnan(along_step(network, start, start, data, 0.0))
    weightless = data._replace(weights=np.zeros(30))
    assert np.isnan(along_step(network, start, end, weightless, 0.0))
    end[0][0][0, 0] = np.inf
    assert np.isnan(along_step(network, start, end, data, 0.0))


def test_off_there_is_none():
    model = model_of(MLPClassifier, max_iter=2, diagnose=True).fit(X, Y > 0)
    assert np.isnan(model.record_.curvatures).all() and len(model.record_.curvatures) == 2
