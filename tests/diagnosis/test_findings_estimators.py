"""`lamina.diagnose` on estimators of every kind, and the facts that it goes by."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, r2_score, recall_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

import lamina
from lamina.estimators.inspection.diagnosing import evidence
from lamina.estimators.inspection.effort import QUICK
from lamina.estimators.inspection.facts import _sample
from lamina.estimators.inspection.reference import _linear, _standard
from lamina.estimators.inspection.telling import _at_most, telling

X, Y = load_wine(return_X_y=True)
Z = (X - X.mean(axis=0)) / X.std(axis=0)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lamina.ScaleWarning)
        yield


def classifier(**settings: Any) -> lamina.MLPClassifier:
    own = {"hidden_layer_sizes": (20,), "max_iter": 20, "random_state": 0, "n_threads": 1}
    return lamina.MLPClassifier(**own | settings)


def test_without_a_record_the_samples_tell_as_much_of_the_data() -> None:
    plain = lamina.diagnose(classifier().fit(X, Y), X, Y)
    recorded = lamina.diagnose(classifier(diagnose=True).fit(X, Y))
    assert "unscaled features" in plain.names
    assert plain[0] == recorded[0]
    assert "unscaled features" not in lamina.diagnose(classifier().fit(X, Y)).names
    assert "unscaled features" not in lamina.diagnose(classifier().fit(Z, Y), Z, Y).names


def test_what_takes_time_waits_until_the_samples_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """No random trees within a fit, nor a temperature for the samples that it learnt from."""

    def slow(*arguments: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr("lamina.estimators.inspection.reference._trees", slow)
    model = classifier(diagnose=True, verbose=True).fit(Z, Y)
    known = evidence(model)
    assert known.train is not None and np.isnan(known.train.temperature)
    assert known.reference > 0.7
    with pytest.raises(TimeoutError):
        lamina.diagnose(model, Z, Y)
    assert str(lamina.diagnose(model, eval_set=(Z, Y)))
    parts = classifier(diagnose=True).partial_fit(Z, Y, classes=[0, 1, 2])
    assert evidence(parts).standings == {} and evidence(parts).facts is not None


def test_of_many_rows_a_sample_is_looked_at_and_the_same_one_always() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(5000, 4)).astype(np.float32)
    x[:, 1], x[:, 2] = 3.0, 3.0
    left_out = np.setdiff1d(np.arange(5000), _sample(5000, QUICK.facts))
    x[left_out[7], 2] = 4.0  # nearly constant
    y = (x[:, 0] > 0).astype(int)
    own = [evidence(classifier(max_iter=1, diagnose=True).fit(x, y)).facts for _ in range(2)]
    for name, value in vars(own[0]).items():
        np.testing.assert_array_equal(value, vars(own[1])[name])
    assert own[0].columns[2:, 1].tolist() == [3.0, 3.0]
    assert own[0].columns[2:, 2].tolist() == [3.0, 4.0]
    assert own[0].class_counts.tolist() == np.bincount(y).tolist()
    sparse = scipy.sparse.csr_matrix(x)
    also = evidence(classifier(max_iter=1, diagnose=True).fit(sparse, y)).facts
    np.testing.assert_allclose(also.columns, own[0].columns, rtol=1e-5, atol=1e-6)


def test_the_simple_models_accuracy_is_that_of_its_predictions() -> None:
    known = evidence(classifier(diagnose=True).fit(Z, Y)).facts
    order = np.random.default_rng(0).permutation(len(Y))
    x, ones = _standard(Z[order]), np.eye(3)[Y[order]]
    if known.reference == "a linear fit":
        right = _linear(x, ones, np.ones(len(Y))).argmax(axis=1) == Y[order]
        assert known.reference_accuracy == pytest.approx(right.mean())
    assert known.reference_accuracy > 0.9
    numbers = lamina.MLPRegressor(max_iter=2, random_state=0, diagnose=True).fit(Z, X[:, 0])
    assert np.isnan(evidence(numbers).facts.reference_accuracy)


def test_a_good_training_has_nothing_serious() -> None:
    model = classifier(max_iter=300, learning_rate_init=0.01, diagnose=True)
    model.fit(Z[::2], Y[::2], eval_set=(Z[1::2], Y[1::2]))
    assert lamina.diagnose(model).serious.names == ()


def test_it_is_the_same_after_a_file_and_a_pickle() -> None:
    model = classifier(diagnose=True).fit(X, Y)
    own = lamina.diagnose(model)
    assert lamina.diagnose(lamina.files.loads(model.to_bytes())).names == own.names
    assert list(lamina.diagnose(pickle.loads(pickle.dumps(model)))) == list(own)
    assert str(lamina.diagnose(model)) == str(own)


def test_a_file_keeps_the_facts_of_a_divergence() -> None:
    model = lamina.MLPRegressor(solver="sgd", learning_rate_init=1e6, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(lamina.DivergenceError, match=r"for row \d+ of X"):
            model.set_params(diagnose=True).fit(X, X[:, 0])
    found = lamina.diagnose(model)
    assert found.names[0] == "divergence"
    assert "column" in found[0].seen
    assert lamina.diagnose(lamina.files.loads(model.to_bytes()))[0] == found[0]


@pytest.mark.parametrize("name", ["age", "0"])
def test_columns_are_called_by_their_names(name: str) -> None:
    import pandas

    frame = pandas.DataFrame(X, columns=[name, *"bcdefghijklm"])
    frame[name] = 1e6 + np.arange(len(X))
    assert lamina.diagnose(classifier(diagnose=True).fit(frame, Y))[0].seen.startswith(f"'{name}'")


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "lbfgs"},
        {"early_stopping": True},
        {"standardize": True},
        {"class_weight": "balanced"},
        {"loss": "focal"},
        {"activation": "prelu"},
        {"hidden_layer_sizes": ()},
        {"diagnose": lamina.Recorder(every=3, units=False, snapshots=0)},
        {"regularization": lamina.Regularization(dropout=(0.2,))},
    ],
    ids=str,
)
def test_classifiers_of_all_kinds(settings: dict[str, Any]) -> None:
    model = classifier(diagnose=True).set_params(**settings).fit(X, Y)
    for found in (
        lamina.diagnose(model),
        lamina.diagnose(model, X, Y),
        lamina.diagnose(model, eval_set={"new": (X[::3], Y[::3])}),
    ):
        assert str(found)
        assert found._repr_html_()


OUTPUTS: list[tuple[dict[str, Any], Any]] = [
    ({}, np.random.default_rng(0).normal(size=(178, 2))),
    ({"loss": "poisson"}, np.random.default_rng(0).integers(0, 4, 178).astype(float)),
    ({"loss": lamina.Quantiles((0.1, 0.9))}, X[:, 0]),
    ({"loss": "absolute_error", "standardize": True}, X[:, 0]),
    ({}, np.ones(178)),
]


@pytest.mark.parametrize("settings, y", OUTPUTS, ids=["two", "counts", "quantiles", "abs", "same"])
def test_regressors_of_all_kinds(settings: dict[str, Any], y: np.ndarray) -> None:
    model = lamina.MLPRegressor(**settings, max_iter=5, random_state=0, diagnose=True).fit(Z, y)
    assert str(lamina.diagnose(model)) and str(lamina.diagnose(model, Z, y))


def test_other_samples_and_labels() -> None:
    several = np.random.default_rng(0).integers(0, 2, (178, 3))
    assert str(lamina.diagnose(classifier(diagnose=True).fit(Z, several)))
    sparse = scipy.sparse.csr_matrix(Z)
    assert str(lamina.diagnose(classifier(diagnose=True).fit(sparse, Y), sparse, Y))
    gaps = np.where(np.random.default_rng(0).random(Z.shape) < 0.1, np.nan, Z)
    model = classifier(diagnose=True, missing="learn", standardize=True).fit(gaps, Y)
    assert str(lamina.diagnose(model, gaps, Y))
    for n in (1, 2):  # nothing to say of so few
        assert not lamina.diagnose(classifier(diagnose=True).fit(Z[:n], Y[:n])).serious


def test_ways_to_train() -> None:
    chunks = [(Z[:90], Y[:90]), (Z[90:], Y[90:])]
    model = classifier(diagnose=True).fit_batches(chunks)
    assert "only the history" in str(lamina.diagnose(model))
    model = classifier(diagnose=True)
    for _ in range(3):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    assert "unscaled features" in lamina.diagnose(model).names
    assert "max_iter too small" not in lamina.diagnose(model).names
    model = classifier(diagnose=True, warm_start=True).fit(X, Y).fit(Z, Y)
    assert "unscaled features" not in lamina.diagnose(model).names


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((3,), "estimator must be an MLPClassifier or an MLPRegressor, got 3"),
        ((lamina.EnsembleClassifier(),), "of an ensemble pass a member"),
        ((classifier().fit(Z, Y), Z), "y must be given where the other one of X and y is"),
        ((classifier().fit(Z, Y), None, Y), "X must be given where"),
        ((classifier().fit(Z, Y), Z[:, :3], Y), "X has 3 features"),
        ((classifier().fit(Z, Y), Z, Y + 5), "classes not in"),
        ((classifier().fit(Z, Y), np.where(Z > 2, np.nan, Z), Y), "Input X contains NaN"),
        ((classifier().fit(Z, Y), Z[:0], Y[:0]), "0 sample"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lamina.diagnose(*arguments)
    with pytest.raises(NotFittedError):
        lamina.diagnose(classifier())
    with pytest.raises(ValueError, match="eval_set must be"):
        lamina.diagnose(classifier().fit(Z, Y), eval_set=3)


def test_verbose_says_what_is_wrong_below_scikit_learns_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    classifier(max_iter=2, verbose=True, diagnose=True).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Iteration 1, loss = ")
    assert lines[2].startswith("warning: unscaled features (layer 1): Column 12 has mean ")
    classifier(max_iter=2, diagnose=True).fit(X, Y)
    classifier(max_iter=2, verbose=True).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "only the history" in lines[2] and "diagnose=True" in lines[2]
    for recorded in (False, True):
        model = classifier(verbose=True, diagnose=recorded)
        model.partial_fit(X, Y, classes=[0, 1, 2])
        assert len(capsys.readouterr().out.splitlines()) == 1


def test_lines_of_a_verbose_fit_keep_the_cause(capsys: pytest.CaptureFixture[str]) -> None:
    slow = classifier(max_iter=30, learning_rate_init=1e-5, n_iter_no_change=99, diagnose=True)
    found = lamina.diagnose(slow.set_params(verbose=True).fit(Z, Y))
    text = capsys.readouterr().out
    caused = [own for own in found.serious if own.because]
    assert all(f"Probably because of: {own.because}." in text for own in caused)
    assert found.short.count("Probably because of") == sum(bool(own.because) for own in found) > 0
    assert all("  " not in line for line in found.short.splitlines())


def test_standings_are_scikit_learns_scores() -> None:
    model = classifier(diagnose=True).fit(Z[::2], Y[::2], eval_set=(Z[1::2], Y[1::2]))
    p, truth = model.predict_proba(Z[1::2]), Y[1::2]
    own = evidence(model).standings["eval"]
    assert own.loss == pytest.approx(log_loss(truth, p))
    assert own.accuracy == pytest.approx((p.argmax(axis=1) == truth).mean())
    assert own.confidence == pytest.approx(p.max(axis=1).mean())
    np.testing.assert_allclose(own.recalls, recall_score(truth, p.argmax(axis=1), average=None))
    ones = np.eye(3)[truth]
    assert own.r2 == pytest.approx(r2_score(ones, p, multioutput="variance_weighted"))
    numbers = lamina.MLPRegressor(max_iter=5, random_state=0, diagnose=True).fit(Z, Z[:, :2])
    own = evidence(numbers).standings["train"]
    assert own.r2 == pytest.approx(r2_score(Z[:, :2], numbers.predict(Z)))
    assert np.isnan(own.accuracy)


def test_the_facts_of_columns_are_those_of_x_as_it_was_given() -> None:
    known = evidence(classifier(diagnose=True, standardize=True).fit(X, Y)).facts
    assert known is not None
    for own, function in zip(known.columns, (np.mean, np.std, np.min, np.max), strict=True):
        np.testing.assert_allclose(own, function(X, axis=0))
    np.testing.assert_allclose(known.inputs[:2], [[0] * 13, [1] * 13], atol=1e-12)
    assert known.class_counts.tolist() == [59, 71, 48]
    share = known.class_counts / len(Y)
    assert known.constant_loss == pytest.approx(-(share * np.log(share)).sum())


def test_the_linear_reference_is_that_of_leaving_each_sample_out() -> None:
    x, y = load_diabetes(return_X_y=True)
    x, y = _standard(x[:60]), y[:60, np.newaxis]
    ours = _linear(x, y, np.ones(60))
    theirs = cross_val_predict(Ridge(1.0), x, y[:, 0], cv=LeaveOneOut())
    np.testing.assert_allclose(ours[:, 0], theirs, rtol=1e-6)


def test_a_simple_model_is_as_good_for_samples_in_any_order() -> None:
    """Those of iris come sorted by class, so that one half knows nothing of the other."""
    x, y = load_iris(return_X_y=True)
    known = evidence(classifier().fit(x, y), x, y)
    assert known.reference > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_no_tree_tells_more_than_the_bound_that_spares_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    codes = random.integers(0, 3, 200)
    noise = random.choice([0.1, 0.5, 2.0])
    column = (codes + noise * random.normal(size=200)).round(random.integers(0, 3))  # with ties
    tree = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0)
    right = tree.fit(column[:, None], codes).score(column[:, None], codes)
    guess = np.bincount(codes).max() / 200
    assert _at_most(column, codes, 6, guess) >= (right - guess) / (1 - guess)


def test_only_a_column_with_the_answer_tells_it_all() -> None:
    x, y = load_iris(return_X_y=True)
    random = np.random.default_rng(0)
    answer = np.exp(5 * y + 0.1 * random.normal(size=150))
    told = telling(np.c_[x, answer], np.eye(3)[y])
    assert told[4] == 1
    assert np.nanmax(told[:4]) < 0.98
    numbers = x[:, :1]
    told = telling(np.c_[x[:, 1:], np.exp(-numbers)], numbers)
    assert told[3] == pytest.approx(1)
    assert np.nanmax(told[:3]) < 0.95
    sparse = scipy.sparse.csr_matrix(np.c_[x, answer])
    np.testing.assert_allclose(
        telling(sparse, np.eye(3)[y]), telling(np.c_[x, answer], np.eye(3)[y])
    )
    assert np.isnan(telling(x[:5], np.eye(3)[y[:5]])).all()


def test_calibration_takes_over_confidence_away() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 5))
    y = (x[:, 0] + random.normal(size=600) > 0).astype(int)
    others = x[200:], y[200:]
    model = classifier(max_iter=300, learning_rate_init=0.01, diagnose=True)
    model.fit(x[:200], y[:200], eval_set=others)
    assert "over-confidence" in lamina.diagnose(model).names
    model.calibrate(*others)
    assert "over-confidence" not in lamina.diagnose(model).names
    assert "over-confidence" not in lamina.diagnose(model, eval_set=others).names
    known = evidence(model, eval_set=others).standings["eval"]
    assert known.temperature == pytest.approx(1)
    assert known.confidence == pytest.approx(model.predict_proba(x[200:]).max(axis=1).mean())
    model.temperature_ /= 4
    assert "over-confidence" in lamina.diagnose(model, eval_set=others).names


@pytest.mark.parametrize("settings", [{}, {"standardize": True}, {"early_stopping": True}], ids=str)
def test_one_wrong_number_of_the_target_is_found_in_the_users_rows(settings: Any) -> None:
    x, y = load_diabetes(return_X_y=True)
    y[55] = 1e6
    for seed in range(3):  # that early stopping did not hold it out
        model = lamina.MLPRegressor(max_iter=3, random_state=seed, diagnose=True, **settings)
        facts = evidence(model.fit(x, y)).facts
        if facts.odd_target is not None:
            break
    assert facts.odd_target.row == 55
    assert facts.odd_target.value == pytest.approx(1e6)
    assert facts.odd_target.middle == pytest.approx(np.median(y), rel=0.05)
    usual = np.quantile(abs(y - np.median(y)), 0.98)
    assert facts.odd_target.usual == pytest.approx(usual, rel=0.05)
    given = lamina.diagnose(model, x, y)
    assert given[0].name == "extreme value" and "row 55" in given[0].seen
    assert lamina.diagnose(lamina.files.loads(model.to_bytes()))[0].name == "extreme value"


@pytest.mark.parametrize("sparse", [False, True])
def test_one_wrong_number_of_a_column_is_found(sparse: bool) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(3000, 4))
    x[:, 3] = random.random(3000) < 0.01  # a rare 1 is none
    y = (x[:, 0] > 0).astype(int)
    model = classifier(max_iter=2, diagnose=True)
    given = scipy.sparse.csr_matrix if sparse else np.array
    assert evidence(model.fit(given(x), y)).facts.odd_input is None
    left_out = np.setdiff1d(np.arange(3000), _sample(3000, QUICK.facts))
    for row in (left_out[3], _sample(3000, QUICK.facts)[3]):
        wrong = x.copy()
        wrong[row, 1] = -9999
        odd = evidence(model.fit(given(wrong), y)).facts.odd_input
        assert (odd.row, odd.column, odd.value) == (row, 1, -9999)
        assert "unscaled features" not in lamina.diagnose(model).names


@pytest.mark.parametrize("tails", ["lognormal", "exponential", "poisson", "standard_t"])
def test_heavy_tails_are_no_wrong_numbers(tails: str) -> None:
    random = np.random.default_rng(1)
    given = {"lognormal": (0, 1.5), "standard_t": (3,)}.get(tails, (0.05,))
    x = getattr(random, tails)(*given, size=(5000, 5))
    model = classifier(max_iter=1, diagnose=True).fit(x, x[:, 0] > np.median(x[:, 0]) + 1e-9)
    assert evidence(model).facts.odd_input is None


def test_samples_that_it_was_not_fitted_to_are_refused() -> None:
    model = classifier(diagnose=True).fit(Z[::2], Y[::2])
    with pytest.raises(ValueError, match="fitted to, got others: column 0 has mean 13 "):
        lamina.diagnose(model, X, Y)
    for rows in (slice(None), slice(1, None, 2), slice(0, 60), slice(0, 1)):
        lamina.diagnose(model, Z[rows], Y[rows])
    standardized = classifier(diagnose=True, standardize=True).fit(X, Y)
    assert lamina.diagnose(standardized, X, Y)
    with pytest.raises(ValueError, match="got others"):
        lamina.diagnose(standardized, Z, Y)


def test_one_row_tells_nothing_of_units() -> None:
    model = classifier(max_iter=200).fit(Z, Y)
    model.intercepts_[0][:] = -100.0
    assert "dead units" in lamina.diagnose(model, Z, Y).names
    assert "dead units" not in lamina.diagnose(model, Z[:1], Y[:1]).names


def test_the_order_of_rows_is_looked_at_where_they_are_not_shuffled() -> None:
    order = np.random.default_rng(0).permutation(len(Y))
    own = {"max_iter": 1, "diagnose": True}
    for model, rows, least, most in (
        (classifier(shuffle=False, **own), slice(None), 0.9, 1.0),
        (classifier(shuffle=False, **own), order, -0.3, 0.3),
    ):
        assert least < evidence(model.fit(Z[rows], Y[rows])).facts.ordered <= most
    assert np.isnan(evidence(classifier(**own).fit(Z, Y)).facts.ordered)
    numbers = lamina.MLPRegressor(shuffle=False, random_state=0, **own)
    rows = np.argsort(Z[:, 0])
    assert evidence(numbers.fit(Z[rows], Z[rows, 0])).facts.ordered > 0.9


def test_an_evaluation_set_of_other_scales_is_no_overfitting() -> None:
    model = classifier(max_iter=100, diagnose=True)
    model.fit(Z[::2], Y[::2], eval_set=(X[1::2], Y[1::2]))
    found = lamina.diagnose(model)
    assert found[0].name == "unscaled features" and "in eval, and" in found[0].seen
    assert all(own.because == "unscaled features" for own in found[1:])
    alike = classifier(max_iter=100, diagnose=True)
    alike.fit(Z[::2], Y[::2], eval_set=(Z[1::2], Y[1::2]))
    assert "unscaled features" not in lamina.diagnose(alike).names
    assert "unscaled features" in lamina.diagnose(alike, eval_set=(X[1::2], Y[1::2])).names
