"""A temperature fitted to held-out samples makes probabilities honest and leaves labels alone."""

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss

import lamina

X, Y = load_digits(return_X_y=True)
X = X / 16
FIT, HELD, TEST = slice(0, 500), slice(500, 1100), slice(1100, None)
CANCER = load_breast_cancer(return_X_y=True)
LABELS = make_multilabel_classification(600, 10, n_classes=4, random_state=0)


def sure(**parameters):
    """Return a classifier that trains until it is far too sure of itself."""
    return lamina.MLPClassifier(
        (40,), solver="lbfgs", alpha=0, tol=1e-7, max_iter=1000, random_state=0, **parameters
    )


@pytest.fixture(scope="module")
def digits():
    return sure().fit(X[FIT], Y[FIT])


@pytest.fixture
def model(digits):
    return pickle.loads(pickle.dumps(digits))


def mean_log_loss(p, y):
    """Return the mean cross-entropy summed over labels, for a matrix of 0 and 1."""
    return -(y * np.log(p) + (1 - y) * np.log1p(-p)).sum(axis=1).mean()


def test_the_log_loss_of_new_samples_falls_and_no_label_changes(model):
    before, labels = log_loss(Y[TEST], model.predict_proba(X[TEST])), model.predict(X)
    assert model.calibrate(X[HELD], Y[HELD]) is model
    assert model.temperature_ > 2
    assert log_loss(Y[TEST], model.predict_proba(X[TEST])) < 0.6 * before
    np.testing.assert_array_equal(model.predict(X), labels)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:Since FrozenEstimator does not appear to accept")
@pytest.mark.parametrize("weighted", [False, True])
def test_the_temperature_is_that_of_scikit_learn(weighted):
    weights = np.random.RandomState(0).uniform(0, 2, 600) if weighted else None
    model = lamina.MLPClassifier((40,), max_iter=60, learning_rate_init=0.01, random_state=0)
    model.fit(X[FIT], Y[FIT])
    theirs = CalibratedClassifierCV(FrozenEstimator(model), method="temperature", ensemble=False)
    theirs.fit(X[HELD], Y[HELD], sample_weight=weights)
    beta = theirs.calibrated_classifiers_[0].calibrators[0].beta_
    model.calibrate(X[HELD], Y[HELD], weights)
    # It knows probabilities only, and adds the machine epsilon before it takes their logarithm.
    assert model.temperature_ == pytest.approx(1 / beta, rel=1e-3)
    assert model.temperature_ > 1.1


@pytest.mark.parametrize("kind", ["softmax", "two classes", "several labels"])
def test_no_temperature_has_a_smaller_loss(kind, model):
    if kind == "softmax":
        x, y, held = X[HELD], np.eye(10)[Y[HELD]], Y[HELD]
    elif kind == "two classes":
        model = sure(standardize=True).fit(CANCER[0][:200], CANCER[1][:200])
        x, held = CANCER[0][200:], CANCER[1][200:]
        y = held[:, np.newaxis]
    else:
        model = sure(standardize=True).fit(LABELS[0][:300], LABELS[1][:300])
        x, y = LABELS[0][300:], LABELS[1][300:]
        held = y

    def loss(temperature):
        model.temperature_ = float(temperature)
        p = model.predict_proba(x)
        if kind == "softmax":
            return log_loss(held, p)
        return mean_log_loss(
            np.clip(p[:, 1:] if kind == "two classes" else p, 1e-300, 1 - 1e-16), y
        )

    best = model.calibrate(x, held).temperature_
    found = minimize_scalar(lambda log_t: loss(np.exp(log_t)), (np.log(best) - 1, np.log(best) + 1))
    assert np.log(best) == pytest.approx(found.x, abs=1e-5)
    assert best != 1


def test_a_network_of_known_temperature():
    """Labels drawn from softmax(z) leave 1; z three times as large leaves 3."""
    random = np.random.RandomState(0)
    x = random.normal(size=(200_000, 3))
    model = lamina.MLPClassifier((), max_iter=1, random_state=0).fit(x[:99], np.arange(99) % 4)
    model.coefs_[0][:] = random.normal(size=(3, 4))
    chance = np.cumsum(model.predict_proba(x), axis=1)
    y = (random.uniform(size=(len(x), 1)) > chance).sum(axis=1).clip(0, 3)
    assert model.calibrate(x, y).temperature_ == pytest.approx(1, rel=0.02)
    model.coefs_[0][:] *= 3
    model.intercepts_[0][:] *= 3
    assert model.calibrate(x, y).temperature_ == pytest.approx(3, rel=0.02)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_way_to_predict_is_calibrated_and_files_keep_it(dtype, tmp_path):
    x = CANCER[0].astype(dtype)
    model = sure(standardize=True).fit(x[:200], CANCER[1][:200]).calibrate(x[200:], CANCER[1][200:])
    expected = model.predict_proba(x)
    assert expected.dtype == dtype
    np.testing.assert_array_equal(model.predictor()(x), expected[:, 1:])
    np.testing.assert_allclose(np.exp(model.predict_log_proba(x)), expected, rtol=1e-5)
    model.save(tmp_path / "model")
    for other in (lamina.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert other.temperature_ == model.temperature_
        np.testing.assert_array_equal(other.predict_proba(x), expected)


def test_huge_z_do_not_underflow(model):
    """Probabilities of 0 leave nothing to calibrate by; z does."""
    usual = model.calibrate(X[HELD], Y[HELD]).temperature_
    expected = model.predict_proba(X)
    model.coefs_[-1][:] *= 1e6
    model.intercepts_[-1][:] *= 1e6
    del model.temperature_
    assert (model.predict_proba(X) == 0).any()
    assert model.calibrate(X[HELD], Y[HELD]).temperature_ == pytest.approx(1e6 * usual)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-6)


@pytest.mark.parametrize("again", ["fit", "warm start", "partial_fit"])
def test_training_removes_the_temperature(again, model):
    model.calibrate(X[HELD], Y[HELD])
    model.set_params(solver="adam", max_iter=1, warm_start=again == "warm start")
    act = model.partial_fit if again == "partial_fit" else model.fit
    with pytest.raises(ValueError, match="sample_weight"):
        act(X[FIT], Y[FIT], sample_weight=-np.ones(500))
    assert model.temperature_ > 0  # the refused call changed nothing
    act(X[FIT], Y[FIT])
    assert not hasattr(model, "temperature_")


def test_what_cannot_be_calibrated_says_why(model):
    with pytest.raises(NotFittedError):
        lamina.MLPClassifier().calibrate(X, Y)
    with pytest.raises(ValueError, match="500 that are all right"):
        model.calibrate(X[FIT], Y[FIT])
    wrong = (Y[HELD] + 5) % 10
    with pytest.raises(ValueError, match="worse than nothing at every temperature"):
        model.calibrate(X[HELD], wrong)
    with pytest.raises(ValueError, match="classes not in"):
        model.calibrate(X[HELD], Y[HELD] + 1)
    with pytest.raises(ValueError, match="X has 3 features"):
        model.calibrate(X[HELD, :3], Y[HELD])
    with pytest.raises(ValueError, match="sample_weight must be >= 0"):
        model.calibrate(X[HELD], Y[HELD], -np.ones(600))
    one = lamina.MLPClassifier(max_iter=1).fit(X[:9], np.zeros(9))
    with pytest.raises(ValueError, match="one class has no temperature"):
        one.calibrate(X[:9], np.zeros(9))
    assert not hasattr(model, "temperature_")


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, "warm", None])
def test_a_file_with_a_temperature_that_is_none_is_refused(value, model):
    model.temperature_ = value
    with pytest.raises(lamina.FileError):
        lamina.files.loads(lamina.files.dumps(model))
