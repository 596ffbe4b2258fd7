"""Class weights: sample weights for classes, weights in the loss for several labels."""

import numpy as np
import pytest
import sklearn.neural_network as peer
from scipy.special import expit, xlogy
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.preprocessing import scale
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

import lamina

RARE = np.r_[0:50, 50:70, 100:110]
X, Y = (part[RARE] for part in load_iris(return_X_y=True))
X = scale(X)
CANCER = scale(load_breast_cancer().data), load_breast_cancer().target
LABELS = make_multilabel_classification(120, 6, n_classes=3, random_state=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def classifier(class_weight=None, **parameters):
    parameters = {"max_iter": 15, "random_state": 0, "learning_rate_init": 0.01, **parameters}
    return lamina.MLPClassifier((8,), class_weight=class_weight, **parameters)


def assert_same_weights(one, other, **tolerance):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, **{"rtol": 1e-9, "atol": 1e-11, **tolerance})


def mean_one(class_weight, y, weights=None):
    """Return class weights whose mean over the samples is 1.

    Then all samples in one batch give the same with them as with sample weights, which count in
    the mean too.
    """
    own = compute_sample_weight(class_weight or None, y)
    labels = np.unique(y).tolist()
    given = {label: 1.0 for label in labels} | class_weight
    return {label: given[label] / np.average(own, weights=weights) for label in labels}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 7}, {2: 3}, {1: 0}, {}])
def test_class_weights_are_the_sample_weights_of_scikit_learn(class_weight, solver):
    class_weight = class_weight if class_weight == "balanced" else mean_one(class_weight, Y)
    ours = classifier(class_weight, solver=solver).fit(X, Y)
    weights = compute_sample_weight(class_weight or None, Y)
    theirs = peer.MLPClassifier(
        (8,), max_iter=15, random_state=0, learning_rate_init=0.01, solver=solver
    ).fit(X, Y, sample_weight=weights)
    assert_same_weights(ours, theirs, rtol=1e-6, atol=1e-7)


def test_two_classes_and_labels_that_are_text():
    own = mean_one({0: 4.0, 1: 0.25}, CANCER[1])
    weights, whole = compute_sample_weight(own, CANCER[1]), {"batch_size": len(CANCER[1])}
    by_class = classifier(own, **whole).fit(*CANCER)
    assert_same_weights(by_class, classifier(**whole).fit(*CANCER, sample_weight=weights))
    text = classifier({"versicolor": 5}).fit(X, NAMES[Y])
    assert_same_weights(text, classifier({1: 5}).fit(X, Y))
    flags = classifier({True: 3}).fit(X, Y == 1)
    assert_same_weights(flags, classifier({1: 3}).fit(X, (Y == 1).astype(int)))


def test_class_weights_multiply_sample_weights():
    random = np.random.RandomState(0).uniform(0.5, 2, len(Y))
    own = mean_one({0: 1.5, 2: 3.0}, Y, random)
    both = classifier(own).fit(X, Y, sample_weight=random)
    product = classifier().fit(X, Y, sample_weight=random * compute_sample_weight(own, Y))
    assert_same_weights(both, product)


def test_balanced_weights_count_a_weight_of_2_as_two_samples():
    times = np.random.RandomState(0).randint(0, 3, len(Y))
    weighted = classifier("balanced", solver="lbfgs").fit(X, Y, sample_weight=times)
    repeated = classifier("balanced", solver="lbfgs", random_state=0)
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(Y, times))
    # alpha is divided by the sum of weights, which is the same
    np.testing.assert_allclose(weighted.loss_curve_[:5], repeated.loss_curve_[:5], rtol=1e-9)


def test_balanced_weights_and_sample_weights_are_those_of_logistic_regression():
    x, random = X[:, :2], np.random.RandomState(0)
    y, times = random.uniform(size=len(x)) < expit(x[:, 0] - 2), random.randint(0, 3, len(x))
    theirs = LogisticRegression(class_weight="balanced", C=1 / 0.5, tol=1e-10).fit(x, y, times)
    ours = lamina.MLPClassifier(
        (), class_weight="balanced", solver="lbfgs", alpha=0.5, max_iter=2000, tol=1e-9
    ).fit(x, y, sample_weight=times)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=3e-4)


def test_weights_raise_the_recall_of_a_rare_class():
    random = np.random.RandomState(0)
    y = (random.uniform(size=2000) < 0.04).astype(int)
    x = random.normal(size=(2000, 3)) + y[:, np.newaxis]
    plain, balanced = (classifier(w, max_iter=60).fit(x, y) for w in (None, "balanced"))
    assert recall_score(y, balanced.predict(x)) > recall_score(y, plain.predict(x)) + 0.4
    assert balanced_accuracy_score(y, balanced.predict(x)) > 0.75


@pytest.mark.parametrize("batch_size", [1, 8, 200])
def test_they_mean_the_same_for_every_batch_size(batch_size):
    random = np.random.RandomState(0)
    y = (random.uniform(size=1000) < 0.05).astype(int)
    x = random.normal(size=(1000, 3)) + 1.5 * y[:, np.newaxis]
    options = {"batch_size": batch_size, "learning_rate_init": 1e-4 * batch_size**0.7}
    plain, balanced = (classifier(w, max_iter=30, **options).fit(x, y) for w in (None, "balanced"))
    assert recall_score(y, balanced.predict(x)) > max(0.8, recall_score(y, plain.predict(x)) + 0.2)


def test_a_step_on_one_sample_is_as_long_as_its_class_weighs():
    options = {"solver": "gradient_descent", "batch_size": 1, "max_iter": 1, "alpha": 0}
    moved = []
    for own in (None, {0: 1, 1: 1, 2: 3}):
        model = classifier(own, **options)
        model.partial_fit(X[:1], [0], classes=[0, 1, 2])
        before = [w.copy() for w in model.coefs_]
        model.partial_fit(X[-1:], [2])
        moved.append([a - b for a, b in zip(model.coefs_, before, strict=True)])
    for plain, weighted in zip(*moved, strict=True):
        np.testing.assert_allclose(weighted, 3 * plain, rtol=1e-9, atol=1e-15)


def test_validation_scores_do_not_know_of_class_weights():
    own = {"class_weight": {0: 1e-3, 1: 1e3}, "early_stopping": True, "max_iter": 4}
    model = classifier(**own).fit(*CANCER)
    held = round(0.1 * len(CANCER[1]))
    shares = np.array(model.validation_scores_) * held
    np.testing.assert_allclose(shares, shares.round(), atol=1e-9)


def test_partial_fit_takes_a_dict_and_refuses_balanced():
    own = mean_one({1: 4}, Y)
    weights = compute_sample_weight(own, Y)
    one = classifier(own).partial_fit(X, Y, classes=[0, 1, 2])
    other = classifier().partial_fit(X, Y, weights, classes=[0, 1, 2])
    assert_same_weights(one, other)
    model = classifier("balanced")
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        model.fit(X, Y).partial_fit(X, Y)
    later = classifier({2: 5}).partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    assert later.partial_fit(X, Y).n_iter_ == 1


def test_the_weights_in_use_are_shown():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=Y)
    model = classifier("balanced").fit(X, Y)
    np.testing.assert_allclose(model.class_weight_, expected)
    model.set_params(class_weight={1: 4}).fit(X, Y)
    np.testing.assert_array_equal(model.class_weight_, [1, 4, 1])
    assert not hasattr(model.set_params(class_weight=None).fit(X, Y), "class_weight_")


def test_validation_losses_know_of_class_weights_as_the_training_loss_does():
    own = {0: 0.2, 1: 5.0, 2: 3.0}
    model = classifier(own, max_iter=1).fit(X, Y, eval_set=(X, Y))
    weighted = classifier(own, max_iter=1).fit(X, Y, eval_set=(X, Y, compute_sample_weight(own, Y)))
    p = model.predict_proba(X)[np.arange(len(Y)), Y]
    expected = np.mean(-np.log(p) * compute_sample_weight(own, Y))
    assert model.history_["eval_loss"][-1] == pytest.approx(expected, rel=1e-9)
    assert weighted.history_["eval_loss"][-1] != pytest.approx(expected, rel=1e-3)


def loss_of(model, x, y, positive, negative):
    """Return the mean weighted loss over all labels and the penalty, by SciPy."""
    W, b = model.coefs_[0], model.intercepts_[0]
    p = expit(x @ W + b)
    terms = positive * xlogy(y, p) + negative * xlogy(1 - y, 1 - p)
    return -terms.sum(axis=1).mean() + 0.5 * model.alpha * (W**2).sum() / len(y)


BY_LABEL = [{0: 1.0, 1: 5.0}, {0: 3.0}, {}]


@pytest.mark.parametrize(
    "class_weight",
    [BY_LABEL, {0: {0: 1, 1: 5}, 1: {0: 3}}, [{1: 5.0}, {0: 3.0}, None]],
    ids=["list", "dict", "None"],
)
def test_several_labels_have_weights_of_their_own_in_the_loss(class_weight):
    x, y = scale(LABELS[0]), LABELS[1]
    model = lamina.MLPClassifier(
        (), class_weight=class_weight, solver="lbfgs", alpha=0.5, max_iter=500, tol=1e-8
    ).fit(x, y)
    positive, negative = np.array([5.0, 1, 1]), np.array([1.0, 3, 1])
    assert model.network_.loss.positive == (5, 1, 1)
    assert model.network_.loss.negative == (1, 3, 1)
    assert model.loss_ == pytest.approx(loss_of(model, x, y, positive, negative), rel=1e-9)
    for j in range(3):  # with one layer each label is a logistic regression by itself
        sides = {0: negative[j], 1: positive[j]}
        alone = LogisticRegression(class_weight=sides, C=1 / 0.5, tol=1e-10, max_iter=1000)
        theirs = alone.fit(x, y[:, j]).predict_proba(x)[:, 1]
        np.testing.assert_allclose(model.predict_proba(x)[:, j], theirs, atol=3e-4)


def test_balanced_labels_are_balanced_each_by_itself():
    x, y = LABELS
    model = classifier("balanced").fit(x, y)
    for j in range(3):
        expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=y[:, j])
        loss = model.network_.loss
        np.testing.assert_allclose([loss.negative[j], loss.positive[j]], expected, rtol=1e-12)
    y = y.copy()
    y[:, 1] = 0  # a label that no sample has
    loss = classifier("balanced").fit(x, y).network_.loss
    assert (loss.positive[1], loss.negative[1]) == (1, 1)


def test_a_saved_model_keeps_its_class_weights(tmp_path):
    for own, data in ((BY_LABEL, LABELS), ({2: 3.0}, (X, Y)), ("balanced", (X, Y))):
        model = classifier(own).fit(*data)
        model.save(tmp_path / "model")
        other = lamina.load(tmp_path / "model")
        assert other.class_weight == own
        assert other.network_ == model.network_


@pytest.mark.parametrize(
    ("class_weight", "data", "words"),
    [
        ("even", (X, Y), "class_weight must be a dict, 'balanced' or None, got 'even'"),
        (3, (X, Y), "class_weight must be a dict, 'balanced' or None, got 3"),
        ([{0: 1}], (X, Y), "class_weight must be a dict, 'balanced' or None, got"),
        ({5: 1}, (X, Y), "class_weight must have only keys of 0, 1, 2, got 5"),
        ({"a": 1}, (X, NAMES[Y]), "only keys of 'setosa', 'versicolor', 'virginica', got 'a'"),
        ({0: -1}, (X, Y), r"class_weight, the weight of 0, must be a number in \[0, inf\), got -1"),
        ({0: np.inf}, (X, Y), "class_weight, the weight of 0, must be a number"),
        ({0: np.nan}, (X, Y), "class_weight, the weight of 0, must be a number"),
        ({0: "2"}, (X, Y), "class_weight, the weight of 0, must be a number"),
        ({0: 0, 1: 0, 2: 0}, (X, Y), "class_weight must leave a sample of a weight above 0"),
        ([{}, {}], LABELS, "class_weight must be a list of 3 dicts, one per label"),
        ({3: {1: 2}}, LABELS, "class_weight must have only keys of 0, 1, 2, got 3"),
        ([{2: 1}, {}, {}], LABELS, "class_weight of label 0 must have only keys of 0, 1, got 2"),
        ([{}, {1: -2}, {}], LABELS, "class_weight of label 1, the weight of 1, must be a number"),
        (
            {0: 1, 1: 10},
            LABELS,
            r"for several labels a list with a dict for each, as \[{0: 1, 1: 5}",
        ),
        ([1, {}, {}], LABELS, "or a dict of such dicts by the label's place, as {0: {0: 1, 1: 5}}"),
        ([{0: 1, 1: 2, 2: 3}, {}, {}], LABELS, "label 0 must have only keys of 0, 1, got 2"),
        ({0: 1, 1: 2, 4: 3}, (X, Y), "class_weight must have only keys of 0, 1, 2, got 4"),
        ("even", LABELS, "a dict, 'balanced' or None, or a list of dicts, got 'even'"),
    ],
)
def test_wrong_class_weights_are_named(class_weight, data, words):
    model = classifier(class_weight)
    with pytest.raises(ValueError, match=words):
        model.fit(*data)
    assert not hasattr(model, "coefs_")


def test_a_fold_may_lack_a_class_that_has_a_weight():
    """As scikit-learn: keys beyond y's classes matter only where a class of y has no weight."""
    two = Y != 2
    own, names = {0: 1.5, 1: 3.0, 2: 7.0}, {"setosa": 2, "versicolor": 3, "virginica": 4}
    model = classifier(own).fit(X[two], Y[two])
    expected = compute_class_weight(own, classes=np.arange(2), y=Y[two])
    np.testing.assert_array_equal(model.class_weight_, expected)
    np.testing.assert_array_equal(
        classifier(names).fit(X[two], NAMES[Y[two]]).class_weight_, [2, 3]
    )
    cut = GridSearchCV(
        classifier(own, max_iter=2), {"alpha": [0.1]}, cv=KFold(3), error_score="raise"
    )
    assert cut.fit(X[:80], Y[:80]).best_score_ >= 0
    for classes in (compute_class_weight, lambda w, classes, y: classifier(w).fit(X[two], y)):
        with pytest.raises(ValueError, match="class_weight"):
            classes({0: 1, 9: 2}, classes=np.arange(2), y=Y[two])


def test_two_sets_of_weights_for_the_same_labels_are_refused():
    loss = lamina.BinaryCrossEntropy(positive=(1, 2, 3), negative=(1, 1, 1))
    model = classifier(BY_LABEL, loss=loss)
    with pytest.raises(ValueError, match="must be None for several labels and a loss with weights"):
        model.fit(*LABELS)
    assert not hasattr(model, "coefs_")
    assert model.set_params(class_weight=None).fit(*LABELS).network_.loss.positive == (1, 2, 3)


def test_a_tiny_class_weight_is_as_good_as_none():
    for dtype in (np.float64, np.float32):
        tiny = classifier({0: 1e-320}).fit(X.astype(dtype), Y)
        assert_same_weights(tiny, classifier({0: 0}).fit(X.astype(dtype), Y), rtol=1e-5, atol=1e-6)
