"""The protocol of callbacks: what they hear and see, how they stop a fit, and what is left."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import lamina
from lamina.callbacks import Callback, CSVLog, LearningRateRecorder, StopOnTarget, TimeBudget

X, Y = load_iris(return_X_y=True)
X = scale(X)
WHEN = ["on_train_begin", "on_batch_end", "on_epoch_end", "on_train_end"]


class MineError(Exception):
    pass


class Diary(Callback):
    """Writes down all that it hears."""

    def __init__(self, every_batches=None):
        self.every_batches = every_batches

    def on_train_begin(self, run):
        self.heard = [("begin", run.epoch, run.step)]

    def on_batch_end(self, run):
        self.heard.append(("batch", run.epoch, run.step, run.batch))

    def on_epoch_end(self, run):
        self.heard.append(("epoch", run.epoch, run.step))

    def on_train_end(self, run):
        self.heard.append(("end", run.stop_reason))


class Fails(Callback):
    """Fails at its n-th call of one kind."""

    def __init__(self, when, n=1):
        self.when, self.n, self.every_batches = when, n, 1
        setattr(self, when, self.fail)

    def fail(self, run):
        self.n -= 1
        if self.n == 0:
            raise MineError("mine")


def classifier(*callbacks, **options):
    own = {"max_iter": 4, "batch_size": 50, "random_state": 0, "callbacks": list(callbacks)}
    return lamina.MLPClassifier((6,), **{**own, **options})


def assert_same_weights(a, b):
    for own, other in zip([*a.coefs_, *a.intercepts_], [*b.coefs_, *b.intercepts_], strict=True):
        np.testing.assert_array_equal(own, other)


def test_the_order_of_what_is_heard():
    diary = Diary(every_batches=2)
    classifier(diary, max_iter=3).fit(X, Y)
    assert diary.heard == [
        ("begin", 0, 0),
        ("batch", 0, 2, 2),
        ("epoch", 1, 3),
        ("batch", 1, 4, 1),
        ("batch", 1, 6, 3),
        ("epoch", 2, 6),
        ("batch", 2, 8, 2),
        ("epoch", 3, 9),
        ("end", "max_iter = 3 epochs ended."),
    ]


@pytest.mark.parametrize("every", [[1], [2], [3, 4], [1000]])
@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_fit_cut_into_stretches_has_the_same_bits(every, engine, dropout, monkeypatch):
    monkeypatch.setenv("LAMINA_ENGINE", engine)
    options = {"batch_size": 7, "regularization": lamina.Regularization(dropout=dropout)}
    options["learning_rate"] = lamina.Triangular(half=9, low=1e-4)
    whole = classifier(**options).fit(X, Y)
    cut = classifier(*map(Diary, every), **options).fit(X, Y)
    assert cut.set_params(callbacks=[]).to_bytes() == whole.to_bytes()


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_what_a_run_shows(solver):
    class Looks(Callback):
        def on_epoch_end(self, run):
            assert run.max_epochs == 4 and run.estimator is model and not run.incremental
            assert run.loss == run.latest["loss"] == run.history["loss"][-1]
            assert run.latest["epoch"] == run.epoch == run.history.n_epochs
            assert run.names == ("loss", "eval_loss", "eval_accuracy")
            now = run.model()
            assert now.score(X, Y) == run.latest["eval_accuracy"] and now.n_iter_ == run.epoch
            np.testing.assert_array_equal(run.parameters()[0][0], now.coefs_[0])
            run.parameters()[0][0][:] = np.nan  # a copy
            if solver == "adam":
                assert run.step == 3 * run.epoch and run.batch == run.n_batches == 3
                assert run.learning_rate == 0.001 and len(run.learning_rates) == 3
            seen.append(run.epoch)

    seen = []
    model = classifier(Looks(), scoring="accuracy", solver=solver)
    model.fit(X, Y, eval_set=(X, Y))
    assert seen == [1, 2, 3, 4]
    assert_same_weights(model, classifier(solver=solver).fit(X, Y))


@pytest.mark.parametrize("when", WHEN)
def test_an_error_of_a_callback_is_the_fits_and_leaves_an_unlearnt_estimator_unfitted(when):
    model = classifier(diary := Diary(), Fails(when))
    with pytest.raises(MineError, match="mine"):
        model.fit(X, Y)
    if when == "on_train_begin":
        assert not hasattr(model, "coefs_") and not hasattr(model, "classes_")
        assert not hasattr(model, "history_")
    else:
        model.predict(X)
        assert model.n_iter_ == {"on_batch_end": 0, "on_epoch_end": 1, "on_train_end": 4}[when]
    reason = (
        "max_iter = 4 epochs ended." if when == "on_train_end" else "MineError ended training: mine"
    )
    assert diary.heard[-1] == ("end", reason)
    assert getattr(model, "stop_reason_", reason) == reason


@pytest.mark.parametrize("when", WHEN)
def test_an_error_of_a_callback_keeps_an_earlier_model_where_nothing_was_learnt(when):
    model = classifier().fit(X, Y)
    before = copy.deepcopy(model)
    model.set_params(callbacks=[Fails(when, 2 if when == "on_batch_end" else 1)], random_state=1)
    with pytest.raises(MineError):
        model.fit(X[:120], Y[:120])
    if when == "on_train_begin":
        assert_same_weights(model, before)
        np.testing.assert_array_equal(model.predict(X), before.predict(X))
    else:
        assert not (model.coefs_[0] == before.coefs_[0]).all()


def test_an_error_within_a_batch_keeps_the_steps_taken():
    model = classifier(Fails("on_batch_end", 5))
    with pytest.raises(MineError):
        model.fit(X, Y)
    assert model._state.step == 5 and model.n_iter_ == 1 and len(model.loss_curve_) == 1
    stopped = classifier(StopAt(5)).fit(X, Y)
    assert_same_weights(model, stopped)


class StopAt(Callback):
    every_batches = 1

    def __init__(self, step):
        self.step = step

    def on_batch_end(self, run):
        if run.step == self.step:
            run.stop("There.")


@pytest.mark.parametrize("step", [1, 3, 4])
def test_a_stop_within_an_epoch(step):
    model = classifier(StopAt(step)).fit(X, Y)
    assert model.stop_reason_ == "There." and model._state.step == step
    assert model.n_iter_ == step // 3 == len(model.loss_curve_)


def test_a_stop_before_the_first_epoch():
    class Never(Callback):
        def on_train_begin(self, run):
            run.stop("Never begun.")

    for solver in ("adam", "lbfgs"):
        model = classifier(Never(), solver=solver).fit(X, Y)
        assert model.stop_reason_ == "Never begun." and model.n_iter_ == 0
        assert model.predict(X).shape == Y.shape


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_stop_gives_no_warning_and_its_reason(solver):
    class Three(Callback):
        def on_epoch_end(self, run):
            if run.epoch == 3:
                run.stop("Three are enough.")
                run.stop("The first reason counts.")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = classifier(Three(), solver=solver).fit(X, Y)
    assert model.n_iter_ == 3 and model.stop_reason_ == "Three are enough."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert_same_weights(model, classifier(solver=solver, max_iter=3).fit(X, Y))


def test_an_interrupt_within_a_callback_is_an_interrupt():
    class Pressed(Callback):
        every_batches = 1

        def on_batch_end(self, run):
            if run.step == 4:
                raise KeyboardInterrupt

    model = classifier(Pressed())
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, Y)
    assert model.n_iter_ == 1 and model._state.step == 4
    assert model.stop_reason_ == "The user interrupted training."


def test_batches_and_lbfgs_do_not_go_together():
    with pytest.raises(lamina.ArgumentError, match=r"every_batches.*None for solver='lbfgs'"):
        classifier(Diary(3), solver="lbfgs").fit(X, Y)


@pytest.mark.parametrize("callbacks", ["log", Diary(), [Diary], [None], {"a": Diary()}])
def test_what_are_no_callbacks_is_refused_before_any_work(callbacks):
    model = lamina.MLPClassifier(callbacks=callbacks)
    with pytest.raises(lamina.ArgumentError, match="callbacks must be a"):
        model.fit("no data at all", None)


@pytest.mark.parametrize("every", [0, -1, 2.5, True])
def test_every_batches_is_checked(every):
    with pytest.raises(lamina.ArgumentError, match="every_batches"):
        classifier(Diary(every)).fit(X, Y)


def test_why_training_ended_is_said_for_every_way_it_can():
    def reason(**options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return classifier(**options).fit(X, Y).stop_reason_

    assert reason() == "max_iter = 4 epochs ended."
    words = "Training loss did not improve by 9 for more than 2 epochs."
    assert reason(tol=9.0, n_iter_no_change=2, max_iter=99) == words
    words = "Validation score did not improve by 1 for more than 1 epochs."
    own = {"early_stopping": True, "tol": 1.0, "n_iter_no_change": 1, "max_iter": 99}
    assert reason(**own) == words
    stopping = lamina.EarlyStopping("validation_loss", patience=3, tol=5)
    words = "validation_loss did not improve by 5 for more than 3 epochs."
    assert reason(early_stopping=stopping, max_iter=99) == words
    assert reason(solver="lbfgs").startswith("L-BFGS: STOP: TOTAL NO. OF ITERATIONS")
    assert reason(solver="lbfgs", max_iter=999).startswith("L-BFGS: CONVERGENCE")
    model = classifier().partial_fit(X, Y, classes=[0, 1, 2])
    assert model.stop_reason_ == "The epoch of partial_fit ended."
    model = classifier(activation="identity", solver="sgd", learning_rate_init=1e200)
    with pytest.raises(lamina.DivergenceError):
        model.fit(X, Y)
    assert model.stop_reason_.startswith("The weights were no longer finite")


def test_clone_get_params_pickle_and_save_with_callbacks(tmp_path):
    model = classifier(LearningRateRecorder(), TimeBudget(100), CSVLog(tmp_path / "log.csv"))
    model.fit(X, Y)
    assert "TimeBudget(seconds=100)" in repr(model)
    other = clone(model)
    assert other.get_params()["callbacks"][0] is not model.callbacks[0]
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.callbacks[0].rates_, model.callbacks[0].rates_)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    model.save(tmp_path / "model")
    assert lamina.load(tmp_path / "model").callbacks is None
    assert model.callbacks  # the model keeps its own


def test_one_instance_serves_one_fit_after_another():
    recorder, target = LearningRateRecorder(), StopOnTarget("loss", 0.9)
    model = classifier(recorder, target, max_iter=50)
    first = copy.deepcopy(model.fit(X, Y))
    model.fit(X, Y)
    assert first.n_iter_ == model.n_iter_ < 50
    assert len(recorder.rates_) == 3 * model.n_iter_
    assert_same_weights(first, model)


def test_in_a_parallel_grid_search():
    model = classifier(TimeBudget(100), LearningRateRecorder())
    search = GridSearchCV(model, {"alpha": [0.1, 0.01]}, cv=2, n_jobs=2).fit(X, Y)
    best = search.best_estimator_
    assert len(best.callbacks[1].rates_) == 4 * 3
    assert not hasattr(model.callbacks[1], "rates_")


def test_partial_fit_tells_callbacks_of_its_epoch():
    diary = Diary(every_batches=3)
    model = classifier(diary)
    for i in range(3):
        model.partial_fit(X, Y, classes=[0, 1, 2])
        step = 3 * (i + 1)
        assert diary.heard == [
            ("begin", 0, step - 3),
            ("batch", 0, step, 3),
            ("epoch", 1, step),
            ("end", "The epoch of partial_fit ended."),
        ]
    assert model.history_.n_epochs == 3


def test_a_checkpoint_within_an_epoch_is_refused():
    class Too(Callback):
        every_batches = 1

        def on_batch_end(self, run):
            run.checkpoint()

    with pytest.raises(lamina.ArgumentError, match="of an epoch's end: make it in on_epoch_end"):
        classifier(Too()).fit(X, Y)


def test_after_an_error_with_early_stopping_the_best_epoch_stands():
    own = {"early_stopping": lamina.EarlyStopping("loss", mode="max"), "max_iter": 9}
    model = classifier(Fails("on_epoch_end", 4), **own)
    with pytest.raises(MineError):
        model.fit(X, Y)
    assert model.n_iter_ == 4 and model.history_.best_epoch == 1
    assert_same_weights(model, classifier(max_iter=1).fit(X, Y))
