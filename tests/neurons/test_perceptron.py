"""The perceptron as an estimator: scikit-learn's rules, what it says, what it refuses."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina
from lamina.neurons import Perceptron, UndecidedError, separate
from lamina.neurons.perceptron import estimator as module

GATES = [[0, 0], [0, 1], [1, 0], [1, 1]]
AND, XOR = [0, 0, 0, 1], [0, 1, 1, 0]


@parametrize_with_checks(
    [
        Perceptron(),
        Perceptron(order="random", algorithm="original"),
        Perceptron(normalize=True, trace=True),
        Perceptron(pocket=True, max_iter=20),
    ]
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("weights", "threshold", "outputs"),
    [
        ([1, 1], 2, AND),
        ([1, 1], 1, [0, 1, 1, 1]),
        ([-1, -1], 0, [1, 0, 0, 0]),
        ([1, -1], 1, [0, 0, 1, 0]),
        ([0, 0], 0, [1, 1, 1, 1]),
    ],
)
def test_a_perceptron_of_given_weights_fires_from_its_threshold_on(weights, threshold, outputs):
    gate = Perceptron.from_weights(weights, threshold)
    assert gate.predict(GATES).tolist() == outputs
    assert gate.threshold_ == threshold and gate.intercept_[0] == -threshold
    assert f"threshold {threshold}" in gate.summary()
    with pytest.raises(AttributeError, match="bound_ needs the data of the last fit"):
        _ = gate.bound_


def test_data_that_are_not_separable_end_with_a_certificate():
    with pytest.warns(ConvergenceWarning, match="not linearly separable") as caught:
        model = Perceptron(trace=True).fit(GATES, XOR)
    assert caught[0].filename == __file__
    assert not model.converged_ and model.n_iter_ == 10 and model.bound_ == np.inf
    found = model.separation_
    assert not found.separable and found.verify()
    np.testing.assert_array_equal(found.common_point, [0.5, 0.5])
    assert not model.trace_.holds and np.isnan(model.trace_.angle).all()
    assert "there is no bound" in str(model.trace_)
    assert "points are still wrong" in model.summary() and "pocket=True" in model.summary()


def test_too_few_passes_for_separable_data_are_told_from_data_that_are_not():
    X = [[1.0, 0.0], [1.0, 1e-3]]
    with pytest.warns(ConvergenceWarning, match=r"separable with margin 0.0005.*raise max_iter"):
        model = Perceptron(max_iter=50).fit(X, [0, 1])
    assert not model.converged_ and model.separation_.separable and model.n_iter_ == 50
    assert model.bound_ > model.n_corrections_


def test_a_bound_beyond_the_largest_float_is_infinite():
    with pytest.warns(ConvergenceWarning, match=r"separable with margin 5e-171"):
        model = Perceptron(max_iter=20).fit([[1e-170], [2e-170]], [0, 1])
    assert model.separation_.separable and model.bound_ == np.inf


def test_where_separability_cannot_be_proven_the_weights_stay(monkeypatch):
    def undecided(*args, **options):
        raise UndecidedError("too many")

    monkeypatch.setattr(module, "decide", undecided)
    with pytest.warns(ConvergenceWarning, match=r"not decided.*: call separate\(X, y\)\."):
        model = Perceptron(max_iter=15).fit(GATES, XOR)
    assert model.n_iter_ == 15 and not hasattr(model, "separation_")
    assert model.coef_.shape == (1, 2)


def test_separability_is_asked_for_once_learning_has_cost_as_much(monkeypatch):
    asked, real = [], module.decide
    monkeypatch.setattr(module, "decide", lambda *a, **o: asked.append(a) or real(*a, **o))
    model = Perceptron().fit(GATES, AND)
    assert model.converged_ and not asked
    X = np.random.RandomState(0).normal(size=(4000, 10))
    y = X[:, 0] > 0
    y[0] = not y[0]
    with pytest.warns(ConvergenceWarning):
        model = Perceptron().fit(X, y)
    assert len(asked) == 1 and model.n_iter_ > 10
    assert 8 * model.n_corrections_ >= X.size


def test_a_pocket_gives_no_warning_and_fewer_errors_where_there_is_no_line(recwarn):
    X, y = load_iris(return_X_y=True)
    X, y = X[50:], y[50:]
    model = Perceptron(pocket=True, order="random", random_state=0, max_iter=300).fit(X, y)
    assert not recwarn and not model.separation_.separable
    assert model.n_errors_ == np.count_nonzero(model.predict(X) != y) <= 3
    assert f"wrong for {model.n_errors_} points" in model.summary()


def test_a_pocket_that_holds_errors_on_separable_data_warns():
    with pytest.warns(ConvergenceWarning, match=r"separable with margin 0.353.*raise max_iter"):
        model = Perceptron(pocket=True, max_iter=2).fit(GATES, AND)
    assert model.n_errors_ == np.count_nonzero(model.predict(GATES) != AND) == 1


def test_a_pocket_counts_by_the_rule_of_predict():
    X, y = np.zeros((5, 1)), [1, 1, 1, 1, 0]
    model = Perceptron(pocket=True, fit_intercept=False, max_iter=5).fit(X, y)
    assert model.n_errors_ == 1 and model.score(X, y) == 0.8


def test_random_picks_come_from_random_state_only():
    X = np.random.RandomState(0).normal(size=(60, 2))
    y = X @ [1, 2] > 0.1
    models = [Perceptron(order="random", random_state=s, trace=True).fit(X, y) for s in (0, 0, 1)]
    picks = [model.trace_.sample.tolist() for model in models]
    assert picks[0] == picks[1] != picks[2]
    assert all(model.converged_ for model in models)


@pytest.mark.parametrize("order", ["cyclic", "random"])
def test_passes_of_partial_fit_are_those_of_fit(order):
    X = np.random.RandomState(0).normal(size=(80, 3))
    y = np.where(X @ [1, 2, 3] > 0.1, "b", "a")
    whole = Perceptron(order=order, random_state=0).fit(X, y)
    parts = Perceptron(order=order, random_state=0)
    for _ in range(whole.n_iter_):
        parts.partial_fit(X, y, classes=["a", "b"])
    np.testing.assert_array_equal(parts.coef_, whole.coef_)
    np.testing.assert_array_equal(parts.intercept_, whole.intercept_)
    assert parts.n_corrections_ == whole.n_corrections_ and parts.n_iter_ == whole.n_iter_
    assert parts.converged_
    parts.partial_fit(X[:1], y[:1])
    assert parts.n_iter_ == whole.n_iter_ + 1 and not hasattr(parts, "bound_")


def test_an_interrupt_keeps_the_weights_of_the_passes_made(monkeypatch):
    real, passes = module.Course.go_through, []

    def go_through(self, order=None):
        real(self, order)
        passes.append(self.weights.copy())
        if len(passes) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(module.Course, "go_through", go_through)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = Perceptron().fit(GATES, AND)
    assert model.n_iter_ == 3 and not model.converged_
    np.testing.assert_array_equal([*model.intercept_, *model.coef_[0]], passes[2])


def test_inputs_are_neither_changed_nor_kept():
    X = np.array(GATES, dtype=float)
    before = X.copy()
    start = np.array([[3.0, -4.0]])
    model = Perceptron().fit(X, AND, coef_init=start)
    bound = Perceptron().fit(X, AND, coef_init=start).bound_
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(start, [[3, -4]])
    X[:], start[:] = 99, 99
    assert model.bound_ == bound


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X.astype(np.int8),
        lambda X: X.astype(bool),
        lambda X: X.astype(np.float32),
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, columns=["a", "b"]),
        lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),  # read-only
    ],
)
def test_the_form_of_x_does_not_matter(form):
    X = np.array(GATES, dtype=float)
    model, other = Perceptron().fit(X, AND), Perceptron().fit(form(X), AND)
    np.testing.assert_array_equal(other.coef_, model.coef_)
    np.testing.assert_array_equal(
        other.decision_function(form(X)), model.decision_function(X), strict=True
    )


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["a", np.nan, "b", "a"], "Input y contains NaN.*row 1"),
        (pd.Series([1, None, 0, 1], dtype="Int64"), "Input y contains NaN.*row 1"),
        ([0, None, 0, 0], "y must be labels that can be sorted, got"),
        (["a", 1, "a", 1], "y must be labels that can be sorted, got"),
        (np.array(["a", 1, "a", 1], dtype=object), "y must be labels that can be sorted, got"),
    ],
)
def test_labels_that_are_missing_or_mixed_are_named_as_by_separate(y, words):
    for act in (Perceptron().fit, separate):
        with pytest.raises(ValueError, match=words):
            act(GATES, y)


@pytest.mark.parametrize("labels", [(False, True), ("no", "yes"), (-1, 1), (3.0, 7.0)])
def test_labels_may_be_of_any_kind(labels):
    y = [labels[i] for i in AND]
    model = Perceptron().fit(GATES, y)
    assert model.predict(GATES).tolist() == y and model.classes_.tolist() == list(labels)
    np.testing.assert_array_equal(model.coef_, [[3, 2]])


def test_more_classes_go_through_one_against_the_rest():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"got 3.*OneVsRestClassifier"):
        Perceptron().fit(X, y)
    model = OneVsRestClassifier(
        Perceptron(pocket=True, order="random", max_iter=100, random_state=0)
    ).fit(X, y)
    assert len(model.estimators_) == 3 and model.score(X, y) > 0.8


def test_a_pickle_has_the_bound_but_not_the_data():
    model = Perceptron().fit(GATES, AND)
    fresh = pickle.loads(pickle.dumps(model))
    assert fresh.predict(GATES).tolist() == AND
    with pytest.raises(AttributeError, match="not in a pickle"):
        _ = fresh.bound_
    assert "bound" not in fresh.summary() and "18 corrections" in fresh.summary()
    assert pickle.loads(pickle.dumps(model)).n_corrections_ <= model.bound_
    assert pickle.loads(pickle.dumps(model)).bound_ == model.bound_ == pytest.approx(51)


def test_large_data_are_kept_for_the_bound_only_on_request(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 7)
    with pytest.raises(AttributeError, match="fit with trace=True"):
        _ = Perceptron().fit(GATES, AND).bound_
    assert Perceptron(trace=True).fit(GATES, AND).bound_ == pytest.approx(51)


def test_a_trace_is_a_table():
    trace = Perceptron(trace=True).fit(GATES, AND).trace_
    frame = trace.as_frame()
    assert frame.shape == (len(trace), 10) and frame.index.tolist() == list(range(1, 19))
    assert frame.columns.tolist() == [
        "epoch", "sample", "angle", "squared_norm", "alignment", "lower", "upper",
        "w_0", "w_1", "w_2",
    ]  # fmt: skip
    assert frame.iloc[-1][["w_0", "w_1", "w_2"]].tolist() == [-4, 3, 2]
    assert (frame["lower"] <= frame["alignment"] + 1e-12).all()
    assert (frame["squared_norm"] <= frame["upper"] ** 2 + 1e-12).all()
    through_origin = Perceptron(trace=True, fit_intercept=False).fit([[1, 0], [0, 1]], [1, 0])
    assert through_origin.trace_.as_frame().columns[-2:].tolist() == ["w_1", "w_2"]
    assert through_origin.intercept_.tolist() == [0]


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        ("algorithm", "adaline", "algorithm must be one of 'modified', 'original', got 'adaline'"),
        ("algorithm", 2, "algorithm must be one of"),
        ("order", "shuffled", "order must be one of 'cyclic', 'random'"),
        ("normalize", 1, "normalize must be True or False"),
        ("fit_intercept", None, "fit_intercept must be True or False"),
        ("pocket", "yes", "pocket must be True or False"),
        ("trace", 0, "trace must be True or False"),
        ("max_iter", 0, r"max_iter must be an integer in \[1, inf\), got 0"),
        ("max_iter", 2.5, "max_iter must be an integer"),
        ("max_iter", True, "max_iter must be an integer"),
    ],
)
def test_parameters_out_of_range_are_named(parameter, value, words):
    model = Perceptron(**{parameter: value})
    with pytest.raises(lamina.ArgumentError, match=words):
        model.fit(GATES, AND)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([], [], "Expected 2D array"),
        ([[]], [1], r"0 feature\(s\)"),
        ([[1.0]], [1], "got one class only: 1"),
        (GATES, [1, 1, 1, 1], "got one class only: 1"),
        (GATES, [0, 1, 2, 0], "Only binary classification is supported.*got 3"),
        (GATES, [0.5, 1.5, 0.5, 1.5], "Unknown label type: continuous"),
        (GATES, [0, 1, 1], "inconsistent numbers of samples"),
        (GATES, [0, 1, np.nan, 1], "Input y contains NaN"),
        ([[0, 1], [0, np.nan], [1, 1], [0, 0]], AND, "X contains NaN.*row 1, column 1"),
        ([[0, 1], [0, 1], [-np.inf, 1], [0, 0]], AND, "X contains infinity.*row 2, column 0"),
        ([["a", "b"]] * 4, AND, "arrays of bytes/strings|could not convert"),
        ([[1j, 0]] * 4, AND, "Complex data not supported"),
        ([[1e200, 0], [1e200, 1], [0, 0], [1, 1]], AND, r"X must be scaled.*1e\+200"),
    ],
)
def test_bad_data_are_named(X, y, words):
    model = Perceptron()
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert not hasattr(model, "coef_")


def test_more_bad_input_is_named():
    with pytest.raises(TypeError, match="Sparse data was passed"):
        Perceptron().fit(scipy.sparse.csr_matrix(GATES), AND)
    with pytest.raises(lamina.ArgumentError, match="row 0 is not"):
        Perceptron(normalize=True, fit_intercept=False).fit(GATES, AND)
    with pytest.raises(lamina.ArgumentError, match=r"coef_init must be of shape \(2,\), got"):
        Perceptron().fit(GATES, AND, coef_init=[1, 2, 3])
    with pytest.raises(lamina.ArgumentError, match="coef_init must be real numbers"):
        Perceptron().fit(GATES, AND, coef_init=["1", "2"])
    with pytest.raises(lamina.ArgumentError, match="coef_init must be finite numbers, got"):
        Perceptron().fit(GATES, AND, coef_init=[1, np.nan])
    with pytest.raises(lamina.ArgumentError, match="intercept_init must be 0 with fit_intercept"):
        Perceptron(fit_intercept=False).fit(GATES, AND, intercept_init=1)
    with pytest.raises(NotFittedError):
        _ = Perceptron().bound_
    with pytest.raises(ValueError, match="classes"):
        Perceptron().partial_fit(GATES, AND)
    with pytest.raises(lamina.ArgumentError, match=r"y must be of the classes \[0, 1\], got"):
        Perceptron().partial_fit(GATES, [0, 2, 0, 1], classes=[0, 1])
    for name in ("pocket", "trace"):
        with pytest.raises(AttributeError, match="partial_fit"):
            Perceptron(**{name: True}).partial_fit(GATES, AND, classes=[0, 1])
    with pytest.raises(lamina.ArgumentError, match="weights must be real numbers"):
        Perceptron.from_weights([True, False])
    with pytest.raises(lamina.ArgumentError, match="weights must be finite numbers, got"):
        Perceptron.from_weights([1, np.inf])
    with pytest.raises(lamina.ArgumentError, match="classes must be two different labels"):
        Perceptron.from_weights([1], classes=(1, 1))
    with pytest.raises(lamina.ArgumentError, match="threshold must be a number"):
        Perceptron.from_weights([1], threshold=np.inf)
    with pytest.raises(lamina.ArgumentError, match="threshold must be 0 with fit_intercept"):
        Perceptron.from_weights([1], threshold=1, fit_intercept=False)


def test_points_on_the_line_are_right_for_the_positive_class_of_the_original_algorithm_only():
    X, y = [[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0]], [1, 0, 1, 1]
    original = Perceptron(algorithm="original", fit_intercept=False).fit(X, y)
    assert original.converged_ and original.predict(X).tolist() == y
    assert original.decision_function(X).tolist() == [1, -1, 0, 0]
    with pytest.warns(ConvergenceWarning, match="not linearly separable"):
        modified = Perceptron(fit_intercept=False).fit(X, y)
    assert not modified.converged_ and modified.separation_.verify()
