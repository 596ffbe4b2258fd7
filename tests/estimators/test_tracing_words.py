"""What a trace of an estimator says of preprocessing, weights and the next step is so."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.neural_network import MLPClassifier as Peer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lamina

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic"),
    pytest.mark.filterwarnings("ignore:lbfgs failed"),
    pytest.mark.filterwarnings("ignore::lamina.ScaleWarning"),
]

X, SPECIES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
D, PROGRESS = load_diabetes(return_X_y=True)
OPTIONS = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
GAPS = np.where(np.random.RandomState(0).random_sample(X.shape) < 0.1, np.nan, X)


@pytest.fixture(scope="module")
def model():
    return lamina.MLPClassifier(**OPTIONS).fit(X, NAMES)


def equation(trace, name):
    return next(step.equation for step in trace.steps if step.name == name)


def test_with_weights_derivatives_are_of_the_weighed_loss_and_called_so(model):
    weights = np.array([2.0, 0.5, 0.0])
    trace = lamina.trace(model, X[::60], NAMES[::60], sample_weight=weights)
    names = {step.name for step in trace.steps}
    assert {"∂(sℓ)/∂h_1", "∂(sℓ)/∂h_0"} <= names and not names & {"∂ℓ/∂h_1", "∂ℓ/∂h_0"}
    assert "δ_1 = ∂(sℓ)/∂h_1 ⊙ φ′_1" in trace.text() and "(∂(sℓ)/∂z_1" in trace.text()
    for i, s in enumerate(weights):
        np.testing.assert_allclose(trace.d_x[i], s * trace.sample(i).d_x[0], atol=1e-15)
    plain = lamina.trace(model, X[::60], NAMES[::60])
    assert "∂ℓ/∂h_1" in {step.name for step in plain.steps}
    both = lamina.MLPClassifier(**OPTIONS, class_weight="balanced").fit(X, NAMES)
    assert "∂(cℓ)/∂h_1" in lamina.trace(both, X[:2], NAMES[:2]).text()


@pytest.mark.parametrize("loss", ["poisson", "gamma", "squared_error"])
def test_a_standardized_target_comes_back_as_it_went(loss):
    own = lamina.MLPRegressor(loss, **OPTIONS, standardize=True).fit(D, PROGRESS)
    trace = lamina.trace(own, D[:3], PROGRESS[:3])
    mean = loss == "squared_error"
    assert equation(trace, "y") == ("y = (Y − mean) / scale" if mean else "y = Y / scale")
    assert equation(trace, "answer") == "answer = ŷ scale" + " + mean" * mean
    scale = own.y_scaler_.scale_[0]
    shown = trace.prediction[:, 0] * scale + mean * own.y_scaler_.mean_[0]
    np.testing.assert_allclose(trace.after[0].value, shown)
    assert "Poisson" not in equation(trace, "h_1")


@pytest.mark.parametrize("standardize", [False, True])
def test_missing_numbers_are_told_with_and_without_scales(standardize):
    own = lamina.MLPClassifier(**OPTIONS, missing="learn", standardize=standardize)
    text = equation(lamina.trace(own.fit(GAPS, NAMES), GAPS[:2], NAMES[:2]), "x")
    first = "(X filled − mean) / scale" if standardize else "X filled"
    assert text == f"x = {first}, then 1 where a number is missing, else 0"


def test_names_of_classes_and_features_stand_over_their_numbers(model):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["sl", "sw", "pl", "pw"])
    own = lamina.MLPClassifier(**OPTIONS).fit(frame, NAMES)
    trace = lamina.trace(own, frame[:2], NAMES[:2])
    names = {step.name: step.columns for step in trace.steps}
    assert names["h_0"] == names["∂ℓ/∂h_0"] == ("sl", "sw", "pl", "pw")
    for name in ("z_2", "ŷ", "y", "δ_2"):
        assert names[name] == ("setosa", "versicolor", "virginica")
    assert not names["z_1"] and trace.sample(0).outputs == trace.outputs


def test_the_answer_stands_after_the_prediction(model):
    order = [step.name for step in lamina.trace(model, X[:1], NAMES[:1]).steps]
    assert order[order.index("ŷ") + 1 : order.index("ŷ") + 4] == ["answer", "y", "ℓ"]
    assert order.count("y") == 1
    assert "answer = the class of the largest ŷ: [" in lamina.trace(model, X[:1], NAMES[:1]).text()


def test_after_calibration_it_says_that_probabilities_are_others():
    own = lamina.MLPClassifier(**OPTIONS).fit(X, NAMES)
    assert "calibrate" not in lamina.trace(own, X[:1], NAMES[:1]).text()
    own.calibrate(X, NAMES)
    page = lamina.trace(own, X[:1], NAMES[:1]).text(width=200)
    assert f"calibrate divides z_L by {own.temperature_:.4g} first" in page


def test_one_sample_in_whatever_form(model):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    own = lamina.MLPClassifier(**OPTIONS).fit(frame, NAMES)
    expected = lamina.trace(own, frame[:1], NAMES[:1]).loss
    for y in ("setosa", ["setosa"], pandas.Series(["setosa"])):
        np.testing.assert_allclose(lamina.trace(own, frame.iloc[0], y).loss, expected)
    two = lamina.MLPRegressor(**OPTIONS).fit(D, np.c_[PROGRESS, D[:, 0]] / 100)
    losses = [lamina.trace(two, D[0], y).loss[0] for y in ([1.0, 2.0], [[1.0, 2.0]], (1.0, 2.0))]
    assert losses[0] == losses[1] == losses[2]
    assert lamina.trace(two, D[0], pandas.Series([1.0, 2.0])).loss[0] == losses[0]


def test_a_series_of_polars_is_a_row():
    polars = pytest.importorskip("polars")
    own = lamina.MLPClassifier(**OPTIONS).fit(X, NAMES)
    row = lamina.trace(own, polars.Series(X[0].tolist()), "setosa")
    assert row.loss == lamina.trace(own, X[0], "setosa").loss


def test_the_trace_of_a_sample_keeps_what_the_estimator_does():
    own = lamina.MLPClassifier(**OPTIONS, standardize=True).fit(X, NAMES)
    trace = lamina.trace(own, X[::50], NAMES[::50])
    one = trace.sample(1)
    assert one.update().step == trace.update().step == 4
    np.testing.assert_array_equal(one.before[0].value, X[50:51])
    assert one.after[0].value.tolist() == own.predict(X[50:51]).tolist()
    gradient = own.coefs_[0] - own.coefs_[0] + one.layers[0].gradient.W
    np.testing.assert_array_equal(one.update()["W_1"].gradient, gradient)


@pytest.mark.parametrize("schedule", [lamina.OneCycle(), lamina.Cosine()])
def test_a_schedule_that_ended_with_the_fit_asks_for_a_rate(schedule):
    own = lamina.MLPClassifier(**OPTIONS, learning_rate=schedule).fit(X, NAMES)
    trace = lamina.trace(own, X[:2], NAMES[:2])
    words = r"rate must be given, as in update\(rate=0.001\): \w+ has come to its end with the fit"
    with pytest.raises(lamina.ArgumentError, match=words):
        trace.update()
    with pytest.raises(lamina.ArgumentError):  # as training itself
        own.partial_fit(X, NAMES)
    assert trace.update(rate=0.01)["W_1"].history.any()


def test_what_training_adds_to_a_step_is_named():
    own = lamina.Regularization(dropout=0.5, clip_norm=1.0, l2=0.1, weight_decay=0.1)
    options = OPTIONS | {"regularization": own}
    trace = lamina.trace(lamina.MLPClassifier(**options).fit(X, NAMES), X[:2], NAMES[:2])
    update = trace.update()
    assert update.left_out == ("dropout", "l2", "clip_norm") and update.keep < 1
    for page in (update.text(width=200), update.html()):
        assert "left out, which training adds to its steps: dropout, l2, clip_norm" in page
    assert not trace.update(lamina.SGD()).left_out


def test_lbfgs_says_that_it_has_no_rule():
    own = lamina.MLPClassifier(**(OPTIONS | {"solver": "lbfgs"})).fit(X, NAMES)
    words = r"rule must be a Rule, such as Adam\(\): L-BFGS has none to go on with, pass one"
    with pytest.raises(lamina.ArgumentError, match=words):
        lamina.trace(own, X[:1], NAMES[:1]).update()


def test_another_rule_starts_at_the_estimators_learning_rate():
    own = lamina.MLPClassifier(**OPTIONS, learning_rate_init=0.1).fit(X, NAMES)
    trace = lamina.trace(own, X[:1], NAMES[:1])
    assert trace.update(lamina.SGD()).rate == 0.1
    assert trace.update(lamina.SGD(), rate=0.2).rate == 0.2


def test_what_holds_a_network_says_where_it_is(model):
    pipe = make_pipeline(StandardScaler(), lamina.MLPClassifier(**OPTIONS)).fit(X, NAMES)
    peer = Peer(max_iter=1)
    many = lamina.EnsembleClassifier(lamina.MLPClassifier(**OPTIONS), n_members=2)
    cases = [(pipe, r"pipe\[-1\]"), (peer, r"fit lamina\.MLPClassifier"), (many, "members_")]
    for given, words in cases:
        for run in (lamina.trace, lamina.loss_surface, lamina.curvature):
            with pytest.raises(lamina.ArgumentError, match=words):
                run(given, X, NAMES)
