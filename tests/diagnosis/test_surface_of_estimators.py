"""The loss of fitted estimators over planes: grids, paths, kinds of checkpoints, bad input."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

import lamina
from lamina.callbacks import Callback
from lamina.diagnosis.surface.flat import flatten

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
OPTIONS = {"points": 5, "n_threads": 1}


class Snapshots(Callback):
    """Keeps the parameters after each epoch."""

    def on_train_begin(self, run):
        self.taken = [(0, run.parameters())]

    def on_epoch_end(self, run):
        self.taken.append((run.epoch, run.parameters()))


def fitted(kind=lamina.MLPClassifier, y=NAMES, x=X, weights=None, **options):
    options = {"max_iter": 12, "random_state": 0, "standardize": True} | options
    model = kind(hidden_layer_sizes=(6,), callbacks=[Snapshots()], **options)
    return model.fit(x, y, weights)


@pytest.fixture(scope="module")
def model():
    return fitted()


@pytest.fixture(scope="module")
def path(model):
    return model.callbacks[0].taken


def with_weights(model, parameters):
    """Return a copy of a fitted estimator with other weights."""
    other = model._snapshot(parameters, 1)
    return other


def test_losses_on_the_grid_are_those_of_an_estimator_with_these_weights(model):
    surface = lamina.loss_surface(model, X, NAMES, **OPTIONS)
    np.testing.assert_array_equal(surface.a, [-1, -0.5, 0, 0.5, 1])
    for j, i in ((2, 2), (0, 4), (3, 1)):
        there = with_weights(model, surface.plane.at(surface.a[i], surface.b[j]))
        expected = log_loss(NAMES, there.predict_proba(X))
        assert surface.losses[j, i] == pytest.approx(expected, rel=1e-10)
    assert surface.loss == surface.losses[2, 2]
    a, b = surface.lowest
    assert surface.losses[surface.b == b, surface.a == a] == surface.losses.min()
    assert surface.loss == pytest.approx(model.sample_losses(X, NAMES).mean(), rel=1e-14)
    assert surface.path is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(dtype):
    own = fitted(x=X.astype(dtype))
    surfaces = [
        lamina.loss_surface(own, X, NAMES, points=9, n_threads=n, random_state=7)
        for n in (1, 2, 5, None)
    ]
    for other in surfaces[1:]:
        assert other.losses.tobytes() == surfaces[0].losses.tobytes()
        assert other.plane.directions.tobytes() == surfaces[0].plane.directions.tobytes()
    another = lamina.loss_surface(own, X, NAMES, points=9, random_state=8)
    assert not np.array_equal(another.losses, surfaces[0].losses)
    assert surfaces[0].plane.dtype == dtype


def test_the_path_is_that_of_the_training(model, path):
    surface = lamina.loss_surface(model, X, NAMES, plane="path", checkpoints=path, **OPTIONS)
    seen = surface.path
    np.testing.assert_array_equal(seen.epochs, range(13))
    np.testing.assert_allclose(seen.coordinates[-1], 0, atol=1e-13)
    expected = [log_loss(NAMES, with_weights(model, own).predict_proba(X)) for _, own in path]
    np.testing.assert_allclose(seen.losses, expected, rtol=1e-10)
    assert seen.coordinates[0, 0] < 0 and 0 < seen.outside < 0.5
    assert seen.outside == pytest.approx(1 - surface.plane.explained.sum())
    for axis, own in zip((surface.a, surface.b), seen.coordinates.T, strict=True):
        assert axis[0] < own.min() and own.max() < axis[-1]
    assert "13 points from a loss of" in str(surface)


def test_the_path_is_by_default_what_the_fit_recorded():
    own = fitted(diagnose=lamina.Recorder(snapshots=5))
    path = own.record_.snapshots
    epochs = [epoch for epoch, _ in path]
    assert epochs[0] == 0 and epochs[-1] == 12
    given = lamina.loss_surface(own, X, NAMES, plane="path", checkpoints=path, **OPTIONS)
    found = lamina.loss_surface(own, X, NAMES, plane="path", **OPTIONS)
    np.testing.assert_array_equal(found.losses, given.losses)
    np.testing.assert_array_equal(found.path.epochs, epochs)
    two = ("W_1", 0, 2), ("b_2", 1)
    both = lamina.loss_surface(own, X, NAMES, plane="parameters", parameters=two, **OPTIONS)
    expected = [(p[0][0][0, 2], p[1][1][1]) for _, p in path]
    np.testing.assert_allclose(both.path.coordinates, expected, atol=1e-14)
    assert lamina.loss_surface(own, X, NAMES, **OPTIONS).path is None


def test_three_estimators_lie_at_their_coordinates_with_their_losses():
    models = [fitted(random_state=seed) for seed in range(3)]
    options = {"plane": "checkpoints", "checkpoints": models} | OPTIONS
    surface = lamina.loss_surface(models[0], X, NAMES, **options)
    for i, own in enumerate(models):
        loss = own.sample_losses(X, NAMES).mean()
        assert surface.path.losses[i] == pytest.approx(loss, rel=1e-14)
        there = surface.plane.at(*surface.path.coordinates[i])
        np.testing.assert_allclose(
            flatten(there), flatten(zip(own.coefs_, own.intercepts_, strict=True))
        )
        at = lamina.loss_surface(models[0], X, NAMES, plane=surface.plane, points=3, radius=1e-9)
        assert at.losses.std() < 1e-6
    assert surface.path.outside == pytest.approx(0, abs=1e-20)
    np.testing.assert_array_equal(surface.path.epochs, [12, 12, 12])


def test_two_parameters_are_the_estimators_own(model):
    two = ("W_1", 3, 1), ("b_2", 2)
    surface = lamina.loss_surface(
        model, X, NAMES, plane="parameters", parameters=two, radius=0.5, **OPTIONS
    )
    value = model.coefs_[0][3, 1], model.intercepts_[1][2]
    assert (surface.a[2], surface.b[2]) == value
    assert surface.a[-1] - surface.a[0] == pytest.approx(1)
    own = with_weights(
        model, [(w.copy(), b.copy()) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
    )
    own.coefs_[0][3, 1], own.intercepts_[1][2] = surface.a[0], surface.b[3]
    assert surface.losses[3, 0] == pytest.approx(own.sample_losses(X, NAMES).mean(), rel=1e-13)


def test_what_weighs_in_the_loss_counts():
    weights = np.random.RandomState(0).uniform(0, 2, len(Y))
    own = fitted(weights=weights, class_weight={"setosa": 3.0})
    surface = lamina.loss_surface(own, X, NAMES, weights, **OPTIONS)
    factors = np.where(Y == 0, 3.0, 1.0)
    mean = np.average(factors * own.sample_losses(X, NAMES), weights=weights)
    assert surface.loss == pytest.approx(mean, rel=1e-13)


def test_with_the_penalty_it_is_the_loss_that_lbfgs_minimises():
    options = {"solver": "lbfgs", "alpha": 2.0, "max_iter": 500, "tol": 1e-9}
    own = fitted(**options)
    surface = lamina.loss_surface(own, X, NAMES, penalty=True, radius=0.01, **OPTIONS)
    assert surface.loss == pytest.approx(own.loss_, rel=1e-12)
    assert surface.losses.min() == surface.losses[2, 2]
    bare = lamina.loss_surface(own, X, NAMES, radius=0.01, **OPTIONS)
    assert bare.losses.min() < bare.losses[2, 2]


def test_the_penalty_of_a_batch_is_that_of_the_loss_curve():
    """One batch in which nothing changes: its loss is that of the weights as they are."""
    weights = np.random.RandomState(0).uniform(0, 2, len(Y))
    own = fitted(
        weights=weights,
        solver=lamina.GradientDescent(),
        learning_rate_init=1e-300,
        alpha=0.5,
        regularization=lamina.Regularization(l1=0.01, l2=0.02),
        max_iter=1,
        shuffle=False,
    )
    surface = lamina.loss_surface(own, X, NAMES, weights, penalty=True, **OPTIONS)
    assert surface.loss == pytest.approx(own.loss_, rel=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_regression_with_several_outputs(loss):
    x, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, -y]) / 100
    own = fitted(lamina.MLPRegressor, y, x, loss=loss)
    taken = own.callbacks[0].taken
    surface = lamina.loss_surface(own, x, y, plane="path", checkpoints=taken, **OPTIONS)
    assert surface.path.losses[-1] == pytest.approx(own.sample_losses(x, y).mean(), rel=1e-13)


def test_kinds_of_checkpoints_and_files(model, path, tmp_path):
    files = []
    for epoch, own in path[::4]:
        file = tmp_path / f"{epoch}.safetensors"
        model._snapshot(own, epoch).save(file)
        files.append(lamina.load(file))
    options = {"plane": "path"} | OPTIONS
    given = lamina.loss_surface(model, X, NAMES, checkpoints=path[::4], **options)
    loaded = lamina.loss_surface(model, X, NAMES, checkpoints=files, **options)
    plain = lamina.loss_surface(
        model, X, NAMES, checkpoints=[own for _, own in path[::4]], **options
    )
    np.testing.assert_array_equal(loaded.losses, given.losses)
    np.testing.assert_array_equal(plain.losses, given.losses)
    np.testing.assert_array_equal(loaded.path.epochs, [0, 4, 8, 12])
    np.testing.assert_array_equal(plain.path.epochs, [0, 1, 2, 3])


def test_learned_slopes_one_row_and_one_class(model):
    own = fitted(activation="prelu")
    assert lamina.loss_surface(own, X, NAMES, **OPTIONS).losses.shape == (5, 5)
    row = lamina.loss_surface(model, X[:1], NAMES[:1], **OPTIONS)
    assert row.loss == pytest.approx(model.sample_losses(X[:1], NAMES[:1])[0])
    single = lamina.loss_surface(model, X[:20], NAMES[:20], **OPTIONS)
    assert np.isfinite(single.losses).all()


def test_far_away_the_loss_may_overflow():
    x, y = load_diabetes(return_X_y=True)
    own = fitted(lamina.MLPRegressor, y, x, loss="poisson")
    surface = lamina.loss_surface(own, x, y, radius=1e200, **OPTIONS)
    assert not np.isfinite(surface.losses).all() and np.isfinite(surface.loss)
    assert "not finite at" in str(surface)


def test_after_early_stopping_the_present_weights_are_told_apart():
    own = fitted(
        early_stopping=True, max_iter=30, n_iter_no_change=10, learning_rate_init=0.3, diagnose=True
    )
    last = own.record_.snapshots[-1][1]
    assert not np.array_equal(last[0][0], own.coefs_[0])  # the best ones are back
    for plane, options in (
        ("path", {}),
        ("parameters", {"parameters": [["W_1", 0, 2], ["b_2", 1]]}),
    ):
        surface = lamina.loss_surface(own, X, NAMES, plane=plane, **options, **OPTIONS)
        present = surface.present
        assert present.loss == pytest.approx(own.sample_losses(X, NAMES).mean(), rel=1e-12)
        assert present.loss != surface.path.losses[-1]
        assert surface.a[0] < present.coordinates[0] < surface.a[-1]
        assert f"present weights: loss {present.loss:.4g} at (" in str(surface)
    weights = list(zip(own.coefs_, own.intercepts_, strict=True))
    at, distance = lamina.loss_surface(own, X, NAMES, plane="path", **OPTIONS).plane.project(
        weights
    )
    assert distance > 0 and at.any()


def test_where_the_path_ends_at_the_present_weights_they_are_no_other_point(model, path):
    given = {"plane": "path", "checkpoints": path} | OPTIONS
    assert lamina.loss_surface(model, X, NAMES, **given).present is None
    three = [model, *(fitted(random_state=seed) for seed in (1, 2))]
    given = {"plane": "checkpoints", "checkpoints": three} | OPTIONS
    assert lamina.loss_surface(model, X, NAMES, **given).present is None
    given["checkpoints"] = [fitted(random_state=3), *three[1:]]
    assert lamina.loss_surface(model, X, NAMES, **given).present is not None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fitted(activation="tanh"), r"checkpoints\[1\] must be of the estimator's layers"),
        (lambda: fitted(y=np.array(["x", "y", "z"])[Y]), "of the estimator's classes"),
        (lambda: fitted(x=X * 2), "of the estimator's scales"),
        (lambda: fitted(standardize=False), "of the estimator's scales"),
    ],
)
def test_a_checkpoint_of_another_kind_is_refused(model, make, words):
    others = [fitted(random_state=1), make(), fitted(random_state=2)]
    with pytest.raises(lamina.ArgumentError, match=words):
        lamina.loss_surface(model, X, NAMES, plane="path", checkpoints=others)


def test_a_checkpoint_that_is_not_finite_is_named(model, path):
    own = [parameters for _, parameters in path]
    own[2] = [tuple(p * np.nan for p in layer) for layer in own[2]]
    with pytest.raises(lamina.ArgumentError, match=r"W_1 in checkpoints\[2\] must be finite"):
        lamina.loss_surface(model, X, NAMES, plane="path", checkpoints=own)
    with pytest.raises(lamina.ArgumentError, match=r"read a file by lamina\.load"):
        lamina.loss_surface(model, X, NAMES, plane="path", checkpoints=["a.lam"] * 3)


def test_beyond_all_numbers_there_is_no_loss_and_no_warning(model):
    surface = lamina.loss_surface(model, X, NAMES, radius=1e308, **OPTIONS)
    assert not np.isfinite(surface.losses[0, 0])


WRONG = [
    ({"estimator": 3}, "estimator must be an MLPClassifier"),
    (
        {"plane": "plain"},
        "plane must be one of 'random', .*did you mean 'random'|plane must be one",
    ),
    ({"plane": "path"}, "checkpoints must be given for plane='path', or recorded"),
    ({"plane": "checkpoints"}, "checkpoints must be given for plane='checkpoints'"),
    ({"plane": "checkpoints", "checkpoints": []}, "at least one entry"),
    ({"plane": "checkpoints", "checkpoints": 3}, "checkpoints must be a list"),
    ({"plane": "path", "checkpoints": ["a.safetensors"]}, r"checkpoints\[0\] must be"),
    (
        {"plane": "path", "checkpoints": [[(np.zeros((4, 2)), np.zeros(2))]]},
        r"checkpoints\[0\] must be arrays of shapes",
    ),
    ({"plane": "parameters"}, "parameters must be two, by array and place"),
    ({"plane": "parameters", "parameters": [("W_1", 0, 0)]}, "parameters must be two"),
    ({"plane": "random", "parameters": [("W_1", 0, 0)]}, "None for plane='random'"),
    ({"points": 1}, r"points must be an integer in \[2, inf\)"),
    ({"points": 5.0}, "points must be an integer"),
    ({"radius": 0}, r"radius must be a number in \(0, inf\)"),
    ({"penalty": 1}, "penalty must be True or False"),
    ({"n_threads": 0}, "n_threads must be an integer"),
    ({"random_state": -1}, "random_state must be an integer"),
    ({"X": X[:, :2]}, "features"),
    ({"X": X[:0], "y": NAMES[:0]}, "0 sample"),
    ({"X": X * np.nan}, "contains NaN"),
    ({"y": Y}, "classes not in|unknown|mix"),
    ({"sample_weight": np.zeros(len(Y))}, "at least one non-zero"),
    ({"sample_weight": -np.ones(len(Y))}, "sample_weight must be >= 0"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_bad_input_is_named(model, change, message):
    given = {"estimator": model, "X": X, "y": NAMES, "points": 3} | change
    with pytest.raises(ValueError, match=message):
        lamina.loss_surface(**given)


def test_an_estimator_that_is_not_fitted(model, path):
    with pytest.raises(NotFittedError):
        lamina.loss_surface(lamina.MLPClassifier(), X, NAMES)
    with pytest.raises(NotFittedError):
        lamina.loss_surface(model, X, NAMES, plane="path", checkpoints=[lamina.MLPClassifier()] * 3)
    other = lamina.diagnosis.Plane.random(
        lamina.Network.mlp(4, [2], 3), lamina.Network.mlp(4, [2], 3).initialize(0)
    )
    with pytest.raises(lamina.ArgumentError, match="plane must be of the estimator's layers"):
        lamina.loss_surface(model, X, NAMES, plane=other)
