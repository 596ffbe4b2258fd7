"""`lamina.trace` of an estimator: what fit does to X and y, and the next step it would take."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import lamina
from lamina.spec.losses import mean_loss

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic"),
    pytest.mark.filterwarnings("ignore::lamina.ScaleWarning"),
]

X, SPECIES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
D, PROGRESS = load_diabetes(return_X_y=True)
OPTIONS = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}


def holes(x):
    return np.where(np.random.RandomState(0).random_sample(x.shape) < 0.1, np.nan, x)


@pytest.fixture(params=["plain", "standardize", "missing", "weights"])
def classifier(request):
    own = dict(OPTIONS)
    x = X
    if request.param == "standardize":
        own["standardize"] = True
    if request.param == "missing":
        own, x = own | {"standardize": True, "missing": "learn"}, holes(X)
    if request.param == "weights":
        own["class_weight"] = {"setosa": 3.0, "versicolor": 0.5}
    return lamina.MLPClassifier(**own).fit(x, NAMES), x


def test_the_prediction_and_the_answer_are_the_estimators(classifier):
    model, x = classifier
    trace = lamina.trace(model, x[::10], NAMES[::10])
    np.testing.assert_allclose(trace.prediction, model.predict_proba(x[::10]), rtol=1e-12)
    assert trace.after[0].value.tolist() == model.predict(x[::10]).tolist()
    assert trace.network == model.network_
    np.testing.assert_array_equal(trace.layers[0].W, model.coefs_[0])


def test_a_step_of_partial_fit_is_the_update_that_the_trace_shows():
    """Of every rule that an estimator names, with its penalty, class weights and slots."""
    for solver in ("adam", "sgd", "nesterov", "adamw", "adadelta", lamina.NAdam()):
        model = lamina.MLPRegressor(
            **OPTIONS, solver=solver, alpha=0.5, batch_size=100, standardize=True, shuffle=False
        )
        model.partial_fit(D[:100], PROGRESS[:100]).partial_fit(D[100:200], PROGRESS[100:200])
        update = lamina.trace(model, D[200:300], PROGRESS[200:300]).update()
        assert update.step == 3 and update.rate == 0.001
        model.partial_fit(D[200:300], PROGRESS[200:300])
        for (w, b), *own in zip(
            update.new_parameters, model.coefs_, model.intercepts_, strict=True
        ):
            np.testing.assert_allclose(w, own[0], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(b, own[1], rtol=1e-9, atol=1e-12)


def test_class_weights_and_sample_weights_count_as_in_fit():
    own = {**OPTIONS, "class_weight": {"setosa": 3.0, "versicolor": 0.5}, "shuffle": False}
    model = lamina.MLPClassifier(**own, batch_size=60, alpha=0.1)
    weights, rows = np.linspace(0, 2, 60), slice(30, 90)
    model.partial_fit(X[rows], NAMES[rows], weights, classes=np.unique(NAMES))
    trace = lamina.trace(model, X[rows], NAMES[rows], sample_weight=weights)
    assert trace.factors.tolist() == [3.0] * 20 + [0.5] * 40
    update = trace.update()
    model.partial_fit(X[rows], NAMES[rows], weights)
    np.testing.assert_allclose(update.new_parameters[0][0], model.coefs_[0], rtol=1e-9, atol=1e-12)
    mean = mean_loss(trace.loss, trace.weights, trace.factors)
    assert model.loss_ == pytest.approx(trace.objective) and mean < trace.objective


def test_a_regressors_target_is_in_its_own_units():
    model = lamina.MLPRegressor(**OPTIONS, standardize=True).fit(D, PROGRESS)
    trace = lamina.trace(model, D[:4], PROGRESS[:4])
    scaled = (PROGRESS[:4] - PROGRESS.mean()) / PROGRESS.std()
    np.testing.assert_allclose(trace.y[:, 0], scaled, rtol=1e-12)
    np.testing.assert_allclose(trace.x, (D[:4] - D.mean(axis=0)) / D.std(axis=0), rtol=1e-9)
    np.testing.assert_allclose(trace.after[0].value, model.predict(D[:4]))
    names = [step.name for step in trace.before]
    assert names == ["X", "x", "Y", "y"]
    np.testing.assert_array_equal(trace.before[2].value[:, 0], PROGRESS[:4])


@pytest.mark.parametrize("loss", ["poisson", lamina.Quantiles((0.2, 0.8)), "huber"])
def test_other_losses_of_a_regressor(loss):
    model = lamina.MLPRegressor(loss, **OPTIONS, standardize=True).fit(D, PROGRESS)
    trace = lamina.trace(model, D[:5], PROGRESS[:5])
    predicted = model.predict(D[:5])
    np.testing.assert_allclose(trace.after[0].value, predicted, rtol=1e-12)
    assert trace.loss.shape == (5,) and "note 004" in str(trace)


def test_a_single_row_with_its_label():
    model = lamina.MLPClassifier(**OPTIONS).fit(X, NAMES)
    trace = lamina.trace(model, X[7], "setosa")
    assert trace.n_samples == 1 and trace.y.tolist() == [[1, 0, 0]]
    for y in (["setosa"], np.array(["setosa"])):
        assert lamina.trace(model, X[7], y).loss == trace.loss
    regressor = lamina.MLPRegressor(**OPTIONS).fit(D, np.c_[PROGRESS, D[:, 0]] / 100)
    several = lamina.trace(regressor, D[0], [1.5, 0.1])
    assert several.y.tolist() == [[1.5, 0.1]]


def test_two_classes_and_labels_of_their_own():
    two = lamina.MLPClassifier(**OPTIONS).fit(X[:100], NAMES[:100])
    trace = lamina.trace(two, X[[0, 99]], NAMES[[0, 99]])
    assert trace.y.tolist() == [[0], [1]]
    assert "y = 1 for versicolor, 0 for setosa" in trace.text()
    labels = np.c_[X[:, 0] > 6, X[:, 1] > 3].astype(int)
    many = lamina.MLPClassifier(**OPTIONS).fit(X, labels)
    trace = lamina.trace(many, X[:3], labels[:3])
    assert trace.y.tolist() == labels[:3].tolist()
    assert trace.after[0].value.tolist() == many.predict(X[:3]).tolist()


def test_a_data_frame_its_row_and_a_sparse_matrix():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = lamina.MLPClassifier(**OPTIONS).fit(frame, NAMES)
    whole = lamina.trace(model, frame, NAMES)
    row = lamina.trace(model, frame.iloc[3], NAMES[3])
    assert row.loss[0] == pytest.approx(whole.loss[3], rel=1e-12)
    plain = lamina.MLPClassifier(**OPTIONS).fit(X, NAMES)
    sparse = lamina.trace(plain, scipy.sparse.csr_matrix(X), NAMES)
    assert sparse.objective == pytest.approx(lamina.trace(plain, X, NAMES).objective)


def test_the_penalty_is_the_estimators_unless_another_is_given():
    model = lamina.MLPRegressor(**OPTIONS, alpha=2.0).fit(D, PROGRESS / 100)
    own, none = (lamina.trace(model, D, PROGRESS / 100, alpha=alpha) for alpha in (None, 0.0))
    assert (own.alpha, none.alpha) == (2.0, 0.0)
    w = model.coefs_[0] * 2.0 / len(D)
    np.testing.assert_allclose(own.layers[0].gradient.W - none.layers[0].gradient.W, w)


def test_a_saved_model_is_traced_as_the_first(tmp_path):
    model = lamina.MLPClassifier(**OPTIONS, standardize=True).fit(X, NAMES)
    model.save(tmp_path / "model.safetensors")
    loaded = lamina.load(tmp_path / "model.safetensors")
    a, b = (lamina.trace(own, X[:5], NAMES[:5]) for own in (model, loaded))
    assert str(a) == str(b) and str(a.update()) == str(b.update())


def test_float32_is_followed_in_float32():
    single = X.astype(np.float32)
    model = lamina.MLPClassifier(**OPTIONS).fit(single, NAMES)
    trace = lamina.trace(model, single[:2], NAMES[:2])
    assert trace.layers[0].z.dtype == np.float32


def test_lbfgs_has_no_step_to_go_on_with():
    model = lamina.MLPClassifier(**(OPTIONS | {"solver": "lbfgs"})).fit(X, NAMES)
    trace = lamina.trace(model, X[:2], NAMES[:2])
    with pytest.raises(lamina.ArgumentError, match="rule must be a Rule"):
        trace.update()
    assert trace.update(lamina.Adam()).step == 1


def test_of_the_next_step_what_is_given_counts():
    model = lamina.MLPClassifier(**OPTIONS).fit(X, NAMES)
    trace = lamina.trace(model, X[:2], NAMES[:2])
    update = trace.update(rate=0.5, step=9)
    assert (update.rate, update.step) == (0.5, 9) and update["W_1"].history.any()
    assert trace.update(alpha=3.0).step == trace.update().step == 4
    assert trace.update(lamina.Adam()).step == 1


def test_bad_input_is_named():
    model = lamina.MLPClassifier(**OPTIONS)
    with pytest.raises(NotFittedError):
        lamina.trace(model, X[:1], NAMES[:1])
    model.fit(X, NAMES)
    with pytest.raises(ValueError, match="`y` has classes not in"):
        lamina.trace(model, X[:1], ["rose"])
    with pytest.raises(ValueError, match="row 0, column 1"):
        lamina.trace(model, [[1, np.nan, 1, 1]], ["setosa"])
    with pytest.raises(ValueError, match="4 features"):
        lamina.trace(model, X[:1, :3], ["setosa"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        lamina.trace(model, X[:2], ["setosa"])
    with pytest.raises(ValueError, match="sample_weight must be >= 0"):
        lamina.trace(model, X[:2], NAMES[:2], sample_weight=[1, -1])
    with pytest.raises(lamina.ArgumentError, match="y must be labels or numbers"):
        lamina.trace(model, X[:1], None)
    for name in ("parameters", "factors"):
        with pytest.raises(lamina.ArgumentError, match=f"{name} must be None for an estimator"):
            lamina.trace(model, X[:1], NAMES[:1], **{name: [1]})
    with pytest.raises(lamina.ArgumentError, match="network must be a Network, or a fitted"):
        lamina.trace(LogisticRegression(), X[:1], NAMES[:1])
