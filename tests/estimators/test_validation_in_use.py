"""What users do with evaluation sets and scores: other data, errors as scores, sets that fail."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, make_scorer, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import lamina
from lamina import EarlyStopping
from lamina.callbacks import Callback, LivePlot, StopOnTarget

IRIS, CANCER, DIABETES = (
    train_test_split(scale(x), y if len(set(y)) < 5 else scale(y), random_state=0)
    for x, y in (load(return_X_y=True) for load in (load_iris, load_breast_cancer, load_diabetes))
)
SOLVERS = pytest.mark.parametrize("solver", ["adam", "lbfgs"])


def classifier(n=6, **options):
    own = {"max_iter": n, "random_state": 0, "learning_rate_init": 0.02}
    return lamina.MLPClassifier((8,), **{**own, **options})


def regressor(n=6, **options):
    own = {"max_iter": n, "random_state": 0, "learning_rate_init": 0.02}
    return lamina.MLPRegressor(hidden_layer_sizes=(8,), **{**own, **options})


def rmse(estimator, X, y):
    return float(np.sqrt(np.mean((estimator.predict(X) - y) ** 2)))


# The best of one fit and of the next


@SOLVERS
@pytest.mark.parametrize("early", [EarlyStopping("eval_loss", patience=3), True], ids=str)
def test_the_best_of_other_data_is_forgotten(early, solver):
    """The first set is easy; by the second, harder one nothing would ever be better."""
    x, x_test, y, y_test = IRIS
    wrong = np.random.RandomState(0).permutation(y_test)
    own = {"early_stopping": early, "warm_start": True, "solver": solver, "n_iter_no_change": 3}
    model = classifier(30, **own).fit(x, y, eval_set=(x, y))
    first = copy.deepcopy(model)
    model.fit(x, y, eval_set=(x_test, wrong))
    n = model.history_.n_epochs - model.n_iter_
    assert model.history_.best_epoch > n
    name = "eval_loss" if early is not True else "eval_score"
    scores = model.history_[name][n:] * (-1 if name == "eval_loss" else 1)
    assert model.history_.best_epoch == n + 1 + np.argmax(scores)
    assert not np.array_equal(first.coefs_[0], model.coefs_[0])


def test_held_out_samples_keep_the_best_over_warm_starts_as_in_scikit_learn():
    x, _, y, _ = CANCER
    model = classifier(5, early_stopping=True, warm_start=True).fit(x, y)
    best = model.best_validation_score_
    model.set_params(learning_rate_init=1e-9, random_state=3).fit(x, y)
    assert model.best_validation_score_ >= best


@SOLVERS
def test_the_best_loss_is_the_smallest_with_an_object_too(solver):
    x, x_test, y, y_test = IRIS
    model = classifier(early_stopping=EarlyStopping(), solver=solver)
    model.fit(x, y, eval_set=(x_test, y_test))
    assert model.best_loss_ == min(model.loss_curve_)


@SOLVERS
@pytest.mark.parametrize("tol", [0, 1e-9])
def test_a_constant_score_is_no_improvement(tol, solver):
    x, x_test, y, y_test = IRIS
    own = {"scoring": lambda estimator, X, y: 1.0, "solver": solver}
    early = EarlyStopping("eval_<lambda>", tol=tol, patience=4)
    model = classifier(30, early_stopping=early, **own).fit(x, y, eval_set=(x_test, y_test))
    assert model.n_iter_ == 6  # the first improves, then five do not


# Errors as scores


@pytest.mark.parametrize(
    "scoring",
    [
        rmse,
        [rmse],
        {"rmse": lambda estimator, X, y: -1.0},
        {"my_error": rmse},
        {"far": rmse},
        make_scorer(mean_squared_error),
    ],
    ids=["function", "list", "by name", "name of its own", "by its function", "make_scorer"],
)
def test_an_error_as_a_score_has_no_direction_of_its_own(scoring, tmp_path):
    x, x_test, y, y_test = DIABETES
    plain = regressor(scoring=scoring).fit(x, y, eval_set=(x_test, y_test))
    name = list(plain.history_)[-1]
    model = regressor(scoring=scoring, early_stopping=EarlyStopping(name))
    with pytest.raises(lamina.ArgumentError, match=rf"early_stopping.mode must be.*'{name}'"):
        model.fit("no data", None, eval_set=(x_test, y_test))
    model = regressor(scoring=scoring, callbacks=[StopOnTarget(name, 0.1)])
    with pytest.raises(lamina.ArgumentError, match=rf"mode must be 'min' or 'max' for '{name}'"):
        model.fit(x, y, eval_set=(x_test, y_test))
    assert not hasattr(model, "coefs_")
    early = EarlyStopping(name, mode="min")
    callbacks = [StopOnTarget(name, -2, mode="min"), LivePlot(tmp_path / "curves.png")]
    model = regressor(scoring=scoring, early_stopping=early, callbacks=callbacks)
    model.fit(x, y, eval_set=(x_test, y_test))
    assert model.history_.best_epoch == np.argmin(model.history_[name]) + 1


@pytest.mark.parametrize(
    "scoring",
    [
        "neg_mean_squared_error",
        {"mse": "neg_mean_squared_error"},
        make_scorer(mean_squared_error, greater_is_better=False),
        {"neg_error": lambda estimator, X, y: -1.0},
        {"gain": lambda estimator, X, y: 1.0},
    ],
    ids=["scikit-learn's", "renamed", "make_scorer", "negative", "of another name"],
)
def test_what_is_large_when_good_needs_no_mode(scoring):
    x, x_test, y, y_test = DIABETES
    plain = regressor(scoring=scoring).fit(x, y, eval_set=(x_test, y_test))
    name = list(plain.history_)[-1]
    model = regressor(scoring=scoring, early_stopping=EarlyStopping(name))
    model.fit(x, y, eval_set=(x_test, y_test))
    assert model.history_.best_epoch == np.argmax(model.history_[name]) + 1


def test_a_reactive_schedule_hears_the_same_direction():
    x, x_test, y, y_test = DIABETES
    values = iter([9, 5, 4, 3, 3, 2, 2, 2])  # the first is the rehearsal's

    def own_error(estimator, X, y):
        return next(values)

    early = EarlyStopping("eval_own_error", mode="min")
    schedule = lamina.HalveOnPlateau(patience=0, tol=0.5)
    model = regressor(7, scoring=own_error, early_stopping=early, learning_rate=schedule)
    rates = model.fit(x, y, eval_set=(x_test, y_test)).history_["learning_rate"] / 0.02
    np.testing.assert_array_equal(rates, [1, 1, 1, 1, 0.5, 0.5, 0.25])


# L-BFGS


@pytest.mark.parametrize("who", ["callback", "scorer"])
def test_a_stop_iteration_of_ones_own_is_an_error_like_any_other(who):
    x, x_test, y, y_test = IRIS
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 3:
            raise StopIteration("mine")
        return 1.0

    class Fails(Callback):
        on_epoch_end = fail

    own = {"callbacks": [Fails()]} if who == "callback" else {"scoring": {"own": fail}}
    model = classifier(20, solver="lbfgs", **own)
    with pytest.raises(StopIteration, match="mine"):
        model.fit(x, y, eval_set=(x_test, y_test))
    assert model.stop_reason_ == "StopIteration ended training: mine"
    assert np.isfinite(model.predict_proba(x)).all()


def test_early_stopping_true_goes_by_a_given_set_with_lbfgs_too():
    x, x_test, y, y_test = CANCER
    own = {"solver": "lbfgs", "early_stopping": True, "n_iter_no_change": 4}
    model = classifier(200, **own).fit(x, y, eval_set=(x_test, y_test))
    scores = model.history_["eval_score"]
    assert list(scores) == model.validation_scores_
    assert model.history_.best_epoch == np.argmax(scores) + 1
    assert model.score(x_test, y_test) == model.best_validation_score_ == scores.max()
    assert model.n_iter_ < classifier(200, solver="lbfgs").fit(x, y).n_iter_
    assert model.stop_reason_.startswith("eval_score did not improve by 0.0001 for more than 4")
    alone = classifier(200, **own).fit(x, y)  # as scikit-learn, which ignores it
    np.testing.assert_array_equal(
        alone.coefs_[0], classifier(200, solver="lbfgs").fit(x, y).coefs_[0]
    )


# What is checked before any work


def test_a_metric_in_place_of_a_scorer_is_refused_in_scikit_learns_words():
    with pytest.raises(ValueError, match=r"is a metric function rather than a scorer.*make_scorer"):
        classifier(scoring=accuracy_score).fit("no data", None)


def test_a_tuple_of_sets_is_refused():
    x, x_test, y, y_test = IRIS
    for own in (((x, y), (x_test, y_test)), ((x, y, y), (x_test, y_test), (x, y))):
        with pytest.raises(lamina.ArgumentError, match="eval_set must be a list of sets, or a di"):
            classifier().fit("no data", None, eval_set=own)
    tuples = (((0.0, 1.0, 2.0, 3.0), (1.0, 1.0, 1.0, 1.0)), (0, 1))  # one set of two samples
    classifier().fit(x, y, eval_set=tuples)


def test_a_scorer_that_fails_is_named_with_its_set():
    x, x_test, y, y_test = IRIS
    sets = {"late": (x_test, y_test)}
    with pytest.raises(ValueError, match="scoring 'roc_auc' of eval_set 'late': multi_class must"):
        classifier(scoring="roc_auc").fit(x, y, eval_set=sets)

    def own(estimator, X, y):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        classifier(scoring=own).fit(x, y, eval_set=sets)
    assert caught.value.__notes__ == ["This was scoring 'own' of eval_set 'late'."]


def test_a_monitor_that_is_nan_is_refused_before_any_work():
    x, x_test, y, y_test = CANCER
    one = x_test[y_test == 1], y_test[y_test == 1]
    model = classifier(scoring="roc_auc", early_stopping=EarlyStopping("eval_roc_auc"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's
        with pytest.raises(ValueError, match=r"eval_roc_auc is NaN.*'eval' may have too few"):
            model.fit(x, y, eval_set=one)
        assert not hasattr(model, "coefs_")
        model.set_params(early_stopping=False).fit(x, y, eval_set=one)  # where nothing goes by it
        x, x_test, y, y_test = DIABETES
        model = regressor(early_stopping=True)
        with pytest.raises(ValueError, match="eval_score is NaN"):
            model.fit(x, y, eval_set=(x_test[:1], y_test[:1]))


def test_scores_without_a_set_are_warned_of():
    x, _, y, _ = IRIS
    with pytest.warns(UserWarning, match="scoring has no effect without an evaluation set") as seen:
        classifier(scoring="accuracy").fit(x, y)
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier(scoring="accuracy", early_stopping=True).fit(x, y)
        classifier(scoring="accuracy").partial_fit(x, y, classes=[0, 1, 2])


def test_an_unknown_monitor_lists_each_name_once():
    model = classifier(early_stopping=EarlyStopping("validation_f1"))
    with pytest.raises(lamina.ArgumentError) as caught:
        model.fit("no data", None)
    words = str(caught.value)
    assert words.count("'validation_loss'") == words.count("'validation_score'") == 1


# Schedules that nothing would follow


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"solver": "lbfgs", "learning_rate": lamina.OneCycle()},
            "learning_rate must be a name for solver='lbfgs', which has no learning rate, got One",
        ),
        (
            {"solver": "adam", "momentum": lamina.MomentumRamp()},
            "momentum must be a number for solver='adam', which takes no momentum from here",
        ),
        (
            {"solver": lamina.Momentum(), "momentum": lamina.MomentumRamp()},
            r"momentum must be a number for solver=Momentum\(\)",
        ),
        ({"solver": "adamw", "momentum": lamina.MomentumRamp()}, "momentum must be a number"),
    ],
)
def test_a_schedule_that_nothing_would_follow_is_refused(options, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        classifier(**options).fit(IRIS[0], IRIS[2])


@pytest.mark.parametrize("solver", ["sgd", "momentum", "nesterov"])
def test_a_schedule_of_the_momentum_is_followed_where_there_is_one(solver):
    x, _, y, _ = IRIS
    own = {"solver": solver, "nesterovs_momentum": False}
    ramp = classifier(momentum=lamina.MomentumRamp(every=2), **own).fit(x, y)
    assert not np.array_equal(ramp.coefs_[0], classifier(momentum=0.9, **own).fit(x, y).coefs_[0])


# scikit-learn's checks


@pytest.mark.parametrize("kind", ["lamina", "scikit-learn"])
def test_batches_larger_than_all_samples_are_warned_of(kind):
    from sklearn.neural_network import MLPClassifier

    make = lamina.MLPClassifier if kind == "lamina" else MLPClassifier
    x, _, y, _ = IRIS
    words = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
    for fit in (make(batch_size=113).fit, make(batch_size=113).partial_fit):
        more = {"classes": [0, 1, 2]} if "partial" in fit.__name__ else {}
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            fit(x, y, **more)
        assert str(seen[0].message) == words
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        make(batch_size=112).fit(x, y)
        make(batch_size=113, solver="lbfgs").fit(x, y)


@pytest.mark.parametrize("verbose", [2.5, "yes", None])
def test_verbose_is_a_whole_number_or_a_flag(verbose):
    with pytest.raises(ValueError, match="verbose"):
        classifier(verbose=verbose).fit(IRIS[0], IRIS[2])


# A scorer's estimator


def test_a_scorer_may_pickle_and_copy_what_it_is_given():
    x, x_test, y, y_test = IRIS
    seen = []

    def own(estimator, X, y):
        for other in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
            assert type(other) is lamina.MLPClassifier
            np.testing.assert_array_equal(other.predict_proba(x), estimator.predict_proba(x))
            np.testing.assert_array_equal(other.coefs_[0], estimator.coefs_[0])
        assert other.n_iter_ == len(seen)
        seen.append(other)
        clone(estimator)
        return 1.0

    OWN.append(own)
    model = classifier(3, scoring=leave_out).fit(x, y, eval_set=(x_test, y_test))
    np.testing.assert_array_equal(seen[-1].predict_proba(x), model.predict_proba(x))


OWN = []


def leave_out(estimator, X, y):
    """Score by what a pickle cannot hold."""
    return OWN[-1](estimator, X, y)


# Callbacks that keep what they are told


class Keeps(Callback):
    def on_train_begin(self, run):
        self.run = run

    def on_train_end(self, run):
        self.weights = run.parameters()[0][0]


@SOLVERS
def test_a_callback_that_keeps_its_run_can_be_pickled_and_holds_no_samples(solver):
    x, x_test, y, y_test = IRIS
    keeps = Keeps()
    model = classifier(callbacks=[keeps], scoring="accuracy", solver=solver)
    model.fit(x, y, eval_set=(x_test, y_test))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    run = again.callbacks[0].run
    assert run.epoch == model.n_iter_ and run.latest["loss"] == model.loss_
    assert run.sign("eval_loss") == -1 and run.sign("eval_accuracy") == 1
    np.testing.assert_array_equal(run.parameters()[0][0], model.coefs_[0])
    np.testing.assert_array_equal(keeps.weights, model.coefs_[0])
    with pytest.raises(lamina.ArgumentError, match="a training that is over has no checkpoint"):
        run.checkpoint()
    assert x_test.tobytes() not in pickle.dumps(model)


# The history and partial_fit


def test_the_history_in_a_notebook_has_the_cells_of_its_text():
    x, x_test, y, y_test = IRIS
    model = classifier(30, scoring={"a<b": "accuracy"}).fit(x, y, eval_set=(x_test, y_test))
    page, lines = model.history_._repr_html_(), repr(model.history_).splitlines()
    assert f"<caption>{lines[0]}</caption>" in page and "<th>eval_a&lt;b</th>" in page
    rows = page.partition("<tbody>")[2].split("</tr>")[:-1]
    cells = [row.replace("<tr>", "").replace("<td>", "").split("</td>")[:-1] for row in rows]
    assert cells == [line.split() for line in lines[2:]]


def test_partial_fit_measures_too():
    x, x_test, y, y_test = IRIS
    model = classifier(scoring="accuracy")
    for n in range(1, 4):
        model.partial_fit(x, y, classes=[0, 1, 2], eval_set=(x_test, y_test))
        assert model.history_["eval_accuracy"][-1] == model.score(x_test, y_test)
        assert len(model.history_["eval_loss"]) == n
    x, x_test, y, y_test = DIABETES
    model = regressor().partial_fit(x, y, eval_set={"late": (x_test, y_test)})
    assert np.isfinite(model.history_["late_loss"]).all()


def test_partial_fit_says_which_early_stopping_it_does_not_support():
    model = classifier(early_stopping=EarlyStopping("loss"))
    with pytest.raises(ValueError, match=r"support early_stopping=EarlyStopping\(monitor='loss'\)"):
        model.partial_fit(IRIS[0], IRIS[2], classes=[0, 1, 2])
