"""Evaluation sets, scorers, early stopping on any number, best weights and the history."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import get_scorer, log_loss, make_scorer, mean_squared_error, recall_score
from sklearn.model_selection import cross_validate, train_test_split
from sklearn.preprocessing import scale

import lamina
from lamina import EarlyStopping
from lamina.engines.native import NativeTrainer

IRIS, CANCER, DIABETES = (
    train_test_split(scale(x), y if len(set(y)) < 5 else scale(y), random_state=0)
    for x, y in (load(return_X_y=True) for load in (load_iris, load_breast_cancer, load_diabetes))
)


def classifier(n=6, **options):
    own = {"max_iter": n, "random_state": 0, "learning_rate_init": 0.02}
    return lamina.MLPClassifier((8,), **{**own, **options})


def regressor(n=6, **options):
    own = {"max_iter": n, "random_state": 0, "learning_rate_init": 0.02}
    return lamina.MLPRegressor(hidden_layer_sizes=(8,), **{**own, **options})


def bits(model):
    return [*model.coefs_, *model.intercepts_, *map(np.array, [model.loss_curve_])]


def assert_same_bits(a, b):
    for own, other in zip(bits(a), bits(b), strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_and_scores_are_scikit_learns_of_the_model_after_each_epoch(
    solver, weighted, engine, monkeypatch
):
    monkeypatch.setenv("LAMINA_ENGINE", engine)
    x, x_test, y, y_test = IRIS
    weights = np.linspace(0.1, 2, len(y_test)) if weighted else None
    own = (x_test, y_test, weights) if weighted else (x_test, y_test)
    names = ["accuracy", "neg_log_loss", "roc_auc_ovr", "f1_macro"]
    model = classifier(scoring=names, solver=solver).fit(x, y, eval_set=own)
    assert_same_bits(model, classifier(solver=solver).fit(x, y))
    for epoch in range(1, 7):
        then = classifier(epoch, solver=solver).fit(x, y)
        expected = log_loss(y_test, then.predict_proba(x_test), sample_weight=weights)
        assert model.history_["eval_loss"][epoch - 1] == pytest.approx(expected, rel=1e-12)
        for name in names:
            more = {"sample_weight": weights} if weighted else {}
            expected = get_scorer(name)(then, x_test, y_test, **more)
            assert model.history_[f"eval_{name}"][epoch - 1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"solver": "lbfgs"}])
def test_the_regressors_losses_and_scores(options):
    x, x_test, y, y_test = DIABETES
    both, both_test = np.c_[y, -2 * y], np.c_[y_test, -2 * y_test]
    names = ["r2", "neg_mean_absolute_error"]
    model = regressor(scoring=names, **options).fit(x, both, eval_set=(x_test, both_test))
    for epoch in (1, 4, 6):
        then = regressor(epoch, **options).fit(x, both)
        for name in names:
            expected = get_scorer(name)(then, x_test, both_test)
            assert model.history_[f"eval_{name}"][epoch - 1] == pytest.approx(expected, rel=1e-12)
        if "standardize" not in options:
            expected = mean_squared_error(both_test, then.predict(x_test)) / 2
            assert model.history_["eval_loss"][epoch - 1] == pytest.approx(expected, rel=1e-12)
    if "standardize" in options:  # in units of the network: after a fit to y itself, (1 - R²)/2
        model = regressor(scoring="r2", **options).fit(x, y, eval_set=(x, y))
        expected = (1 - model.history_["eval_r2"]) / 2
        np.testing.assert_allclose(model.history_["eval_loss"], expected, rtol=1e-12)


def test_the_names_of_sets():
    x, x_test, y, y_test = IRIS

    def columns(eval_set, **options):
        history = classifier(1, **options).fit(x, y, eval_set=eval_set).history_
        return [
            name for name in history if name not in ("epoch", "loss", "learning_rate", "seconds")
        ]

    one = (x_test, y_test)
    assert columns(None) == []
    assert columns(one) == ["eval_loss"]
    assert columns([one]) == ["eval_0_loss"]
    assert columns([one, (x, y)]) == ["eval_0_loss", "eval_1_loss"]
    assert columns({"train": (x, y)}, scoring="accuracy") == ["train_loss", "train_accuracy"]
    assert columns(None, early_stopping=True) == ["validation_loss", "validation_score"]
    assert columns(one, early_stopping=True) == ["eval_loss", "eval_score"]


@pytest.mark.parametrize("kind", ["sparse", "frame", "float32", "text"])
def test_every_kind_of_data(kind):
    x, x_test, y, y_test = IRIS
    change = {
        "sparse": lambda x, y: (scipy.sparse.csc_array(np.maximum(x, 0)), y),
        "frame": lambda x, y: (pd.DataFrame(x, columns=list("abcd")), pd.Series(y)),
        "float32": lambda x, y: (x.astype(np.float32), y),
        "text": lambda x, y: (x, np.array(["x", "y", "z"], dtype=object)[y]),
    }[kind]
    x, y = change(x, y)
    own = change(x_test, y_test)
    for early in (EarlyStopping("validation_loss"), EarlyStopping("eval_accuracy")):
        model = classifier(3, scoring="accuracy", early_stopping=early).fit(x, y, eval_set=own)
        assert model.history_["eval_accuracy"].max() == model.score(*own) or "val" in early.monitor


@pytest.mark.parametrize("fail_at", ["X", "names", "n_features", "classes", "length", "outputs"])
def test_evaluation_sets_are_checked_as_x_is_in_predict(fail_at):
    x, x_test, y, y_test = IRIS
    frame = pd.DataFrame(x, columns=list("abcd"))
    bad = x_test.copy()
    bad[3, 2] = np.nan
    own, words = {
        "X": ((bad, y_test), "eval_set 'late': Input X contains NaN: the first is at row 3, col"),
        "names": ((frame[list("abdc")], y), "eval_set 'late': The feature names should match"),
        "n_features": ((x_test[:, :3], y_test), "eval_set 'late': X has 3 features, but"),
        "classes": ((x_test, y_test + 1), "eval_set 'late': `y` has classes not in.*has.*1 2 3"),
        "length": ((x_test, y_test[:-1]), "eval_set 'late'.*inconsistent numbers of samples"),
        "outputs": ((x_test, y_test, -np.ones(len(y_test))), "'late': sample_weight must be >= 0"),
    }[fail_at]
    model = classifier()
    with pytest.raises(ValueError, match=words):
        first = frame if fail_at == "names" else x
        model.fit(first, y, eval_set={"first": (first, y), "late": own})
    assert not hasattr(model, "classes_")
    if fail_at == "outputs":
        with pytest.raises(ValueError, match="eval_set 'eval': y has 2 outputs, the network 1"):
            regressor().fit(x, y, eval_set=(x_test, np.c_[y_test, y_test]))


@pytest.mark.parametrize(
    "eval_set", ["no", (1,), [1, 2], [], {}, {1: (1, 2)}, ([1], [2], [3], [4])]
)
def test_what_is_no_evaluation_set_is_refused_before_any_work(eval_set):
    with pytest.raises(lamina.ArgumentError, match="eval_set must be"):
        classifier().fit("no data", None, eval_set=eval_set)


@pytest.mark.parametrize(
    ("scoring", "words"),
    [
        ("acuracy", "did you mean 'accuracy'"),
        (3, "scoring must be a scorer's name, a function"),
        ([], "scoring must be"),
        (["accuracy", "accuracy"], "every name in scoring must be another than"),
        ({"loss": "accuracy"}, "every name in scoring must be another than"),
        ({"a": 3}, "scoring must be"),
        ({1: "accuracy"}, "every name in scoring must be a text"),
    ],
)
def test_what_is_no_scorer_is_refused_before_any_work(scoring, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        classifier(scoring=scoring).fit("no data", None)


def test_names_that_would_share_a_column_are_refused():
    own = (IRIS[1], IRIS[3])
    model = classifier(scoring={"b_c": "accuracy", "c": "accuracy"})
    with pytest.raises(lamina.ArgumentError, match="got 'a_b_c' twice"):
        model.fit(IRIS[0], IRIS[2], eval_set={"a": own, "a_b": own})


def test_an_unknown_monitor_is_refused_and_the_possible_ones_are_listed():
    x, x_test, y, y_test = IRIS
    model = classifier(early_stopping=EarlyStopping("eval_f1"), scoring="accuracy")
    with pytest.raises(lamina.ArgumentError, match="one of 'loss', 'eval_loss', 'eval_accuracy'"):
        model.fit("no data", None, eval_set=(x_test, y_test))
    with pytest.raises(
        lamina.ArgumentError, match=r"'validation_loss'.*eval_set=.*got 'eval_loss'"
    ):
        classifier(early_stopping=EarlyStopping()).fit("no data", None)
    for bad in ({"patience": 0}, {"mode": "up"}, {"monitor": 3}, {"tol": -1}, {"restore_best": 2}):
        with pytest.raises(lamina.ArgumentError, match=f"{next(iter(bad))} must be"):
            EarlyStopping(**bad)
    with pytest.raises(
        lamina.ArgumentError, match="early_stopping must be True, False or an Early"
    ):
        classifier(early_stopping="eval_loss").fit(x, y)


def test_a_scorer_that_cannot_score_says_so_before_training():
    x, x_test, y, y_test = IRIS
    model = classifier(scoring="roc_auc")  # which three classes do not have
    with pytest.raises(ValueError, match="multi_class must be in"):
        model.fit(x, y, eval_set=(x_test, y_test))
    assert not hasattr(model, "coefs_")
    model = classifier(scoring=lambda estimator, X, y: {"a": 1.0})
    with pytest.raises(lamina.ArgumentError, match=r"must be a number, got \{'a': 1.0\}"):
        model.fit(x, y, eval_set=(x_test, y_test))


def test_scorers_of_ones_own_see_an_estimator_with_the_present_weights():
    x, x_test, y, y_test = IRIS
    seen = []

    def own(estimator, X, y):
        assert isinstance(estimator, lamina.MLPClassifier)
        np.testing.assert_array_equal(estimator.classes_, [0, 1, 2])
        then = classifier(len(seen)).fit(x_all, y_all) if seen else None
        if then is not None:
            np.testing.assert_array_equal(estimator.predict_proba(x), then.predict_proba(x))
            np.testing.assert_array_equal(estimator.predict_proba(X), then.predict_proba(X))
            np.testing.assert_array_equal(estimator.coefs_[1], then.coefs_[1])
        seen.append(estimator.score(X, y))
        assert not hasattr(estimator, "nothing_of_that_name")
        return seen[-1]

    x_all, y_all = x, y
    scoring = {"own": own, "recall": make_scorer(recall_score, average="macro")}
    model = classifier(scoring=scoring).fit(x, y, eval_set=(x_test, y_test))
    np.testing.assert_array_equal(model.history_["eval_own"], seen[1:])  # the first was the trial
    assert model.history_["eval_own"][-1] == model.score(x_test, y_test)


def test_a_scorer_may_clone_what_it_is_given_and_see_learned_slopes():
    x, x_test, y, y_test = IRIS

    def own(estimator, X, y):
        assert len(estimator.slopes_) == 2 and estimator.slopes_[0].shape == (8,)
        other = clone(estimator).set_params(scoring=None, max_iter=1).fit(X, y)
        return other.score(X, y)

    model = classifier(2, activation="prelu", scoring=own).fit(x, y, eval_set=(x_test, y_test))
    assert model.history_["eval_own"].std() == 0


def test_class_weights_count_in_the_losses_and_not_in_the_scores():
    x, x_test, y, y_test = IRIS
    weight = {0: 3.0, 1: 1.0, 2: 0.1}
    model = classifier(class_weight=weight, scoring="accuracy").fit(x, y, eval_set=(x_test, y_test))
    weights = np.vectorize(weight.get)(y_test)
    each = -np.log(model.predict_proba(x_test)[np.arange(len(y_test)), y_test])
    assert model.history_["eval_loss"][-1] == pytest.approx(np.mean(weights * each), rel=1e-12)
    assert model.history_["eval_accuracy"][-1] == model.score(x_test, y_test)


def test_one_forward_pass_for_all_scorers_of_a_set(monkeypatch):
    x, x_test, y, y_test = IRIS
    calls, real = [], NativeTrainer.predict
    monkeypatch.setattr(NativeTrainer, "predict", lambda *a: calls.append(1) or real(*a))
    monkeypatch.setattr(
        NativeTrainer, "read", lambda self, r=NativeTrainer.read: reads.append(1) or r(self)
    )
    reads = []
    scoring = ["accuracy", "f1_macro", "roc_auc_ovr", "neg_log_loss"]
    model = classifier(scoring=scoring).fit(x, y, eval_set=[(x_test, y_test), (x, y)])
    assert len(calls) == 2 * (model.n_iter_ + 1)  # and the trial
    assert len(reads) == 1  # at the end


def worst_at_the_end(estimator, X, y):
    """Score that is best after the third epoch, and again after the fifth."""
    worst_at_the_end.calls += 1
    return [0, 1, 2, 9, 3, 9, 1, 1, 1, 1][worst_at_the_end.calls - 1]  # the first call is the trial


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("max_iter", [3, 5, 6, 8])
def test_the_best_weights_are_those_of_the_first_best_epoch_also_at_the_last(max_iter, solver):
    x, x_test, y, y_test = IRIS
    worst_at_the_end.calls = 0
    model = classifier(
        max_iter,
        scoring=worst_at_the_end,
        early_stopping=EarlyStopping("eval_worst_at_the_end"),
        solver=solver,
    ).fit(x, y, eval_set=(x_test, y_test))
    best = classifier(3, solver=solver).fit(x, y)
    assert model.n_iter_ == max_iter and model.history_.best_epoch == 3
    for own, other in zip(model.coefs_, best.coefs_, strict=True):
        np.testing.assert_array_equal(own, other)
    assert model.best_validation_score_ == 9 and model.validation_scores_[2] == 9


def test_the_last_weights_stay_where_the_best_are_not_wanted():
    x, x_test, y, y_test = IRIS
    worst_at_the_end.calls = 0
    early = EarlyStopping("eval_worst_at_the_end", restore_best=False, patience=2)
    model = classifier(9, scoring=worst_at_the_end, early_stopping=early)
    model.fit(x, y, eval_set=(x_test, y_test))
    assert model.n_iter_ == 6 and model.history_.best_epoch == 3
    assert_same_bits(model, classifier(6).fit(x, y))


def test_mode_start_from_epoch_and_tol():
    x, x_test, y, y_test = IRIS

    def run(n=9, **options):
        worst_at_the_end.calls = 0
        early = EarlyStopping("eval_worst_at_the_end", **options)
        model = classifier(n, scoring=worst_at_the_end, early_stopping=early)
        return model.fit(x, y, eval_set=(x_test, y_test))

    assert run(mode="min").history_.best_epoch == 1
    assert run(mode="min").validation_scores_ is None
    assert run(start_from_epoch=3).history_.best_epoch == 5
    assert run(start_from_epoch=99).history_.best_epoch is None
    assert_same_bits(run(start_from_epoch=99), classifier(9).fit(x, y))
    assert run(tol=100, patience=2).n_iter_ == 4


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_early_stopping_on_the_loss_of_a_set_really_stops(solver):
    x, x_test, y, y_test = DIABETES
    early = EarlyStopping(patience=5)
    model = regressor(400, early_stopping=early, solver=solver, alpha=0, tol=1e-6)
    model.fit(x, y, eval_set=(x_test, y_test))
    losses = model.history_["eval_loss"]
    assert 5 < model.n_iter_ < 400 and model.history_.best_epoch == np.argmin(losses) + 1
    assert mean_squared_error(y_test, model.predict(x_test)) / 2 == pytest.approx(losses.min())
    assert "eval_loss did not improve" in model.stop_reason_ or solver == "lbfgs"


def test_early_stopping_true_uses_the_first_evaluation_set_by_its_score():
    x, x_test, y, y_test = CANCER
    own = {"late": (x_test, y_test), "train": (x, y)}
    model = classifier(60, early_stopping=True, n_iter_no_change=4).fit(x, y, eval_set=own)
    assert list(model.history_["late_score"]) == model.validation_scores_
    assert model.score(x_test, y_test) == model.best_validation_score_
    assert model.best_loss_ is None and "validation_score" not in model.history_
    then = classifier(model.history_.best_epoch).fit(x, y)  # learns from all of x
    np.testing.assert_array_equal(then.coefs_[0], model.coefs_[0])


def test_early_stopping_true_holds_out_as_ever_and_history_tells_of_it():
    x, _, y, _ = CANCER
    model = classifier(20, early_stopping=True, scoring=["roc_auc"]).fit(x, y)
    assert_same_bits(model, classifier(20, early_stopping=True).fit(x, y))
    assert list(model.history_["validation_score"]) == model.validation_scores_
    assert {"validation_loss", "validation_roc_auc"} <= set(model.history_)
    other = classifier(20, early_stopping=EarlyStopping("validation_score")).fit(x, y)
    assert_same_bits(model, other)


def test_a_prediction_that_is_not_finite_scores_nan():
    random = np.random.RandomState(0)
    x, y = random.normal(size=(60, 3)), random.normal(size=60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = regressor(3, scoring="r2", activation="exp")
        model.fit(x, y, eval_set={"far": (x * 1e5, y), "near": (x, y)})
    assert np.isnan(model.history_["far_r2"]).all()
    assert np.isfinite(model.history_["near_r2"]).all()


def test_missing_numbers_in_evaluation_sets():
    x, x_test, y, y_test = IRIS
    holes = np.where(np.random.RandomState(0).uniform(size=x.shape) < 0.1, np.nan, x)
    late = np.where(np.random.RandomState(1).uniform(size=x_test.shape) < 0.1, np.nan, x_test)
    model = classifier(missing="learn", standardize=True, scoring="accuracy")
    model.fit(holes, y, eval_set=(late, y_test))
    assert model.history_["eval_accuracy"][-1] == model.score(late, y_test)


def test_scoring_in_cross_validation_and_without_sets_changes_nothing():
    x, _, y, _ = IRIS
    model = classifier(scoring=["accuracy"], early_stopping=True)
    scores = cross_validate(model, x, y, cv=2, n_jobs=2)["test_score"]
    assert (scores > 0.3).all()
    with pytest.warns(UserWarning, match="scoring has no effect"):
        scored = classifier(scoring="accuracy").fit(x, y)
    assert_same_bits(scored, classifier().fit(x, y))


def test_verbose_prints_the_numbers(capsys):
    x, x_test, y, y_test = IRIS
    early = EarlyStopping("eval_accuracy", tol=9, patience=1)
    classifier(9, verbose=True, scoring="accuracy", early_stopping=early).fit(
        x, y, eval_set=(x_test, y_test)
    )
    out = capsys.readouterr().out
    assert "eval_loss: 1." in out and "eval_accuracy: 0." in out
    assert "eval_accuracy did not improve more than tol=9.000000 for 2 consecutive epochs" in out


def test_the_history_is_a_table():
    x, x_test, y, y_test = IRIS
    model = classifier(30).fit(x, y, eval_set=(x_test, y_test))
    history = model.history_
    assert list(history) == ["epoch", "loss", "learning_rate", "seconds", "eval_loss"]
    np.testing.assert_array_equal(history["loss"], model.loss_curve_)
    assert (history["learning_rate"] == 0.02).all() and (history["seconds"] > 0).all()
    frame = history.as_frame()
    assert frame.index.name == "epoch" and list(frame.index[:2]) == [1, 2]
    np.testing.assert_array_equal(frame["eval_loss"], history["eval_loss"])
    lines = repr(history).splitlines()
    assert lines[0] == "30 epochs, the best is 30" and len(lines) == 13 and "…" in lines[7]
    assert len({len(line) for line in lines[1:]}) == 1
    with pytest.raises(KeyError, match="'eval_f1' is not one of epoch, loss"):
        history["eval_f1"]
    assert history.best_epoch == 30 and len(history) == 5
    model.fit(x, y)
    assert list(history) != list(model.history_)  # the old one does not change


def test_as_frame_says_what_it_needs(monkeypatch):
    model = classifier(1).fit(IRIS[0], IRIS[2])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="as_frame needs pandas"):
        model.history_.as_frame()


def test_there_is_no_history_before_a_fit():
    with pytest.raises(AttributeError, match="no history_ before it is fitted"):
        _ = classifier().history_


def test_the_history_goes_on_over_warm_starts_partial_fits_and_files(tmp_path):
    x, x_test, y, y_test = IRIS
    model = classifier(3, warm_start=True, solver="adam").fit(x, y)
    model.fit(x, y, eval_set=(x_test, y_test))
    model.partial_fit(x, y)
    model.save(tmp_path / "model")
    model = lamina.load(tmp_path / "model")
    model.set_params(solver="lbfgs").fit(x, y, eval_set=(x_test, y_test))
    history = model.history_
    assert history.n_epochs == 10
    there = np.array([0, 0, 0, 1, 1, 1, 0, 1, 1, 1], bool)
    np.testing.assert_array_equal(~np.isnan(history["eval_loss"]), there)
    np.testing.assert_array_equal(np.isnan(history["learning_rate"]), np.arange(10) >= 7)
    np.testing.assert_array_equal(np.isnan(history["seconds"]), np.arange(10) < 7)


def test_the_same_training_gives_the_same_file():
    x, x_test, y, y_test = IRIS
    model = classifier(scoring="accuracy")
    first = model.fit(x, y, eval_set=(x_test, y_test)).to_bytes()
    assert model.fit(x, y, eval_set=(x_test, y_test)).to_bytes() == first
    again = lamina.files.loads(first)
    assert again.to_bytes() == first
    np.testing.assert_array_equal(again.history_["eval_accuracy"], model.history_["eval_accuracy"])


def test_another_monitor_in_a_warm_start_forgets_the_old_best():
    x, x_test, y, y_test = IRIS
    own = (x_test, y_test)
    model = classifier(5, warm_start=True, early_stopping=EarlyStopping("eval_loss"))
    model.fit(x, y, eval_set=own)
    model.set_params(early_stopping=EarlyStopping("eval_accuracy"), scoring="accuracy")
    model.fit(x, y, eval_set=own)
    assert model.history_.best_epoch > 5
    assert model.score(*own) == np.nanmax(model.history_["eval_accuracy"])


def test_functions_as_scorers_are_left_out_of_files(tmp_path):
    worst_at_the_end.calls = 0
    model = classifier(scoring=worst_at_the_end, early_stopping=EarlyStopping("loss"))
    model.fit(IRIS[0], IRIS[2], eval_set=(IRIS[1], IRIS[3]))
    model.save(tmp_path / "model")
    assert lamina.load(tmp_path / "model").scoring is None
    assert lamina.load(tmp_path / "model").early_stopping == EarlyStopping("loss")
    model.set_params(scoring={"a": "accuracy"}).save(tmp_path / "model")
    assert lamina.load(tmp_path / "model").scoring == {"a": "accuracy"}
