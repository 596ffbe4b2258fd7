"""Records over several fits, after an early end, in checkpoints, files, copies and ensembles."""

import contextlib
import copy
import pickle
import warnings

import numpy as np
import pytest
from recorded import X, Y, assert_same_weights, classifier, same
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import lamina
from lamina import ArgumentError, MLPClassifier, MLPRegressor, Recorder, codec
from lamina.callbacks import Callback, Checkpoint

# --- a fit after another, and fits that end early


def test_partial_fit_is_an_epoch_of_one_record():
    given = {"shuffle": False, "solver": "sgd", "diagnose": Recorder(every=3, snapshots=5)}
    whole = classifier(max_iter=14, n_iter_no_change=99, **given).fit(X, Y)
    parts = classifier(**given)
    for _ in range(14):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    same(parts.record_, whole.record_)
    assert parts.record_.epochs.tolist() == [1, 4, 7, 10, 13]


def test_fits_on_top_of_each_other_are_one_record():
    whole = classifier(max_iter=9, shuffle=False, solver="sgd", momentum=0.0)
    parts = clone(whole).set_params(warm_start=True)
    whole.fit(X, Y)
    for n in (4, 2, 3):
        parts.set_params(max_iter=n).fit(X, Y)
    same(parts.record_, whole.record_)
    again = clone(parts).set_params(warm_start=False, max_iter=2)
    again.fit(X, Y)
    assert again.fit(X, Y).record_.epochs.tolist() == [1, 2]  # anew


def test_recording_that_goes_off_and_on():
    model = classifier(warm_start=True, max_iter=2)
    model.fit(X, Y)
    model.set_params(diagnose=False).fit(X, Y)
    assert model.record_.epochs.tolist() == [1, 2]
    model.set_params(diagnose=Recorder(units=False)).fit(X, Y)
    assert model.record_.epochs.tolist() == [1, 2, 5, 6]
    assert np.isnan(model.record_.unit("mean", 1)[2:]).all()
    assert [epoch for epoch, _ in model.record_.snapshots] == [0, 1, 2, 4, 5, 6]
    model.set_params(activation="tanh").fit(X, Y)
    assert model.record_.activations[0] == "tanh"
    with pytest.raises(ValueError, match="hidden_layer_sizes and the data must stay"):
        model.set_params(hidden_layer_sizes=(9,)).fit(X, Y)
    model.set_params(warm_start=False).fit(X, Y)
    assert model.record_.epochs.tolist() == [1, 2]


class End(Callback):
    """Ends training after some steps, or epochs of this fit."""

    def __init__(self, error=None, step=None, epoch=None):
        self.error, self.step, self.epoch = error, step, epoch
        self.every_batches = None if step is None else 1

    def end(self, run):
        if self.error is not None:
            raise self.error
        run.stop("Enough.")

    def on_batch_end(self, run):
        if run.step == self.step:
            self.end(run)

    def on_epoch_end(self, run):
        if run.epoch == self.epoch:
            self.end(run)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt(), RuntimeError("own")])
@pytest.mark.parametrize(("step", "measured"), [(9, 2), (10, 2), (11, 3), (12, 3)])
def test_an_epoch_that_is_cut_short(error, step, measured):
    """Of four batches the third is measured; the second of the third epoch is step 10."""
    model = classifier(callbacks=[End(error, step)], warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(error, RuntimeError):
            with pytest.raises(RuntimeError, match="own"):
                model.fit(X, Y)
        else:
            model.fit(X, Y)
    record = model.record_
    whole = step == 12
    ended = 3 if whole and error is None else 2
    assert model.history_.n_epochs == ended
    assert record.epochs.tolist() == list(range(1, measured + 1))
    assert [epoch for epoch, _ in record.snapshots] == [0, 1, 2, 3]
    assert_same_weights(
        record.snapshots[-1][1], list(zip(model.coefs_, model.intercepts_, strict=True))
    )
    model.set_params(callbacks=None, max_iter=2).fit(X, Y)
    assert model.record_.epochs.tolist() == list(range(1, ended + 3))
    assert [epoch for epoch, _ in model.record_.snapshots] == list(range(ended + 3))


@pytest.mark.parametrize("error", [None, KeyboardInterrupt(), RuntimeError("own")])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_that_ends_after_an_epoch(solver, error):
    model = classifier(callbacks=[End(error, epoch=3)], solver=solver, max_iter=20)
    with warnings.catch_warnings(), contextlib.suppress(RuntimeError):
        warnings.simplefilter("ignore")
        model.fit(X, Y)
    assert model.record_.epochs.tolist() == [1, 2, 3]
    assert [epoch for epoch, _ in model.record_.snapshots] == [0, 1, 2, 3]


def test_a_fit_that_learns_nothing_leaves_the_earlier_record():
    model = classifier(max_iter=3).fit(X, Y)
    before = model.record_
    with pytest.raises(ArgumentError):
        model.set_params(diagnose="all").fit(X, Y)
    assert model.record_ is before


def test_divergence_leaves_what_was_measured():
    model = MLPRegressor(solver="sgd", learning_rate_init=1e3, momentum=0.0, batch_size=40,
                         max_iter=30, random_state=0, diagnose=True)  # fmt: skip
    with pytest.raises(lamina.DivergenceError), np.errstate(all="ignore"):
        model.fit(X, Y * 1.0)
    record = model.record_
    n = model.history_.n_epochs
    assert n <= record.n_measured + 1 and set(record.epochs) <= set(range(1, n + 2))
    epoch, parameters = record.snapshots[-1]
    assert epoch == n
    assert_same_weights(parameters, list(zip(model.coefs_, model.intercepts_, strict=True)))
    assert record.epochs[-1] == n + 1  # by the last step before it broke
    assert np.isfinite(record["weight_norm"]).all() and record["update_ratio"][0].max() > 10
    # where the first step is too much, there is that step and the start
    model.set_params(learning_rate_init=1e200)
    with pytest.raises(lamina.DivergenceError), np.errstate(all="ignore"):
        model.fit(X, Y * 1.0)
    assert model.record_.epochs.tolist() == [1]
    assert [e for e, _ in model.record_.snapshots] == [0]
    assert (model.record_["update_ratio"] > 1e190).all()
    assert np.isfinite(model.record_["gradient_norm"]).all()


def test_early_stopping_restores_weights_that_are_not_the_last_snapshot():
    model = classifier(
        early_stopping=True, max_iter=60, n_iter_no_change=3, learning_rate_init=0.05
    ).fit(X, Y)
    best, record = model.history_.best_epoch, model.record_
    assert best < model.n_iter_ == record.snapshots[-1][0]
    assert (record.rows == 40).all() and record.n_measured == model.n_iter_
    kept = dict(record.snapshots)
    assert not np.array_equal(record.snapshots[-1][1][0][0], model.coefs_[0])
    if best in kept:
        np.testing.assert_array_equal(kept[best][0][0], model.coefs_[0])


# --- checkpoints


class Every(Callback):
    """Collects a checkpoint at the beginning and after each epoch."""

    def on_train_begin(self, run):
        self.taken = [run.checkpoint()]

    def on_epoch_end(self, run):
        self.taken.append(run.checkpoint())


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    "diagnose", [True, Recorder(every=5, snapshots=3), Recorder(units=False, snapshots=0)]
)
def test_the_record_after_a_resume_is_that_of_the_whole_run(diagnose, warm, tmp_path):
    given = {"diagnose": diagnose, "warm_start": warm, "early_stopping": True}
    whole = classifier(max_iter=3, **given, n_iter_no_change=99)
    if warm:
        whole.fit(X, Y)
    every = Every()
    whole.set_params(max_iter=20, callbacks=[every]).fit(X, Y)
    for epoch in (0, 1, 7, 19, 20):
        (tmp_path / "checkpoint").write_bytes(every.taken[epoch])
        resumed = lamina.resume(tmp_path / "checkpoint", X, Y)
        same(resumed.record_, whole.record_)
        assert resumed.to_bytes() == whole.to_bytes()


def test_a_finished_run_that_is_lengthened(tmp_path):
    path = tmp_path / "checkpoint"
    given = {"n_iter_no_change": 99, "diagnose": Recorder(snapshots=3)}
    classifier(max_iter=5, callbacks=[Checkpoint(path)], **given).fit(X, Y)
    longer = lamina.resume(path, X, Y, max_iter=11)
    same(longer.record_, classifier(max_iter=11, **given).fit(X, Y).record_)


@pytest.mark.parametrize("step", [9, 10, 11])
def test_a_run_that_is_cut_within_an_epoch_and_resumed(step, tmp_path):
    path = tmp_path / "checkpoint"
    whole = classifier().fit(X, Y)
    callbacks = [End(KeyboardInterrupt(), step), Checkpoint(path, every_epochs=1)]
    with pytest.warns(UserWarning, match="interrupted"):
        classifier(callbacks=callbacks).fit(X, Y)
    _, saved = codec.loads(path.read_bytes(), "it")
    assert saved["mark"].state.record.epochs.tolist() == [1, 2]  # not of the third, as all else
    resumed = lamina.resume(path, X, Y)
    same(resumed.record_, whole.record_)
    assert resumed.to_bytes() == whole.to_bytes()


# --- what has a record


def test_callbacks_see_it_grow():
    heard = []

    class Ear(Callback):
        every_batches = 3

        def on_train_begin(self, run):
            heard.append(run.record.n_measured)

        def on_batch_end(self, run):
            heard.append((run.step, run.record.n_measured))

        def on_epoch_end(self, run):
            assert run.record.epochs.tolist() == list(range(1, run.epoch + 1))
            assert [e for e, _ in run.record.snapshots] == list(range(run.epoch + 1))
            same(run.model().record_, run.record)

        def on_train_end(self, run):
            heard.append(run.record.n_measured)
            self.run = run

    model = classifier(callbacks=[Ear()], max_iter=2).fit(X, Y)
    assert heard == [0, (3, 1), (6, 1), 2]
    run = model.callbacks[0].run
    assert run.record is model.record_
    same(copy.deepcopy(run).record, model.record_)

    class Deaf(Callback):
        def on_epoch_end(self, run):
            assert run.record is None
            assert not hasattr(run.model(), "record_")

    classifier(callbacks=[Deaf()], max_iter=1, diagnose=False).fit(X, Y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("diagnose", [True, Recorder(units=False), Recorder(snapshots=0)])
def test_files_and_copies_have_it(solver, dtype, diagnose):
    model = classifier(solver=solver, diagnose=diagnose).fit(X.astype(dtype), Y)
    data = model.to_bytes()
    for other in (
        lamina.files.loads(data),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ):
        same(other.record_, model.record_)
        assert other.diagnose == diagnose and other.to_bytes() == data
        assert type(other.record_.snapshots) is list
    twice = classifier(solver=solver, diagnose=diagnose).fit(X.astype(dtype), Y)
    assert twice.to_bytes() == data


def test_going_on_from_a_file_is_going_on():
    given = {"max_iter": 4, "warm_start": True, "shuffle": False}
    model = classifier(**given).fit(X, Y)
    other = lamina.files.loads(model.to_bytes())
    same(other.fit(X, Y).record_, model.fit(X, Y).record_)
    assert other.record_.epochs.tolist() == list(range(1, 9))


def test_a_file_is_larger_by_about_its_snapshots():
    own, plain = (classifier(diagnose=d, max_iter=40).fit(X, Y) for d in (Recorder(), False))
    n = own.network_.n_parameters * 8 * len(own.record_.snapshots)
    table = 40 * ((9 + 5) * 8 * 2 + 4 * 8) + 40 * 32 * (7 + 3)
    more = len(own.to_bytes()) - len(plain.to_bytes())
    assert n + table < more < n + table + 10_000


def test_without_it_there_is_none():
    model = MLPClassifier(max_iter=1)
    assert not hasattr(model, "record_")
    with pytest.raises(AttributeError, match="no record_ before it is fitted"):
        _ = model.record_
    with pytest.raises(AttributeError, match="no record_ without diagnose=True"):
        _ = model.fit(X, Y).record_
    assert not hasattr(clone(classifier().fit(X, Y)), "record_")


@pytest.mark.parametrize("diagnose", [None, 1, "all", Recorder, {"every": 2}, 0.0])
def test_what_is_no_recorder_is_refused_before_any_work(diagnose):
    for model in (classifier(diagnose=diagnose), MLPRegressor(diagnose=diagnose)):
        with pytest.raises(ArgumentError, match="diagnose must be True, False or a Recorder, got"):
            model.fit([["no", "number"]], [0])
        with pytest.raises(ArgumentError, match="diagnose must be True, False or a Recorder, got"):
            model.partial_fit(X, Y)
    assert classifier(diagnose=np.True_).fit(X, Y).record_.epochs.size == 6


def test_its_options_are_parameters():
    model = MLPClassifier(diagnose=Recorder(every=2))
    assert model.get_params()["diagnose__every"] == 2
    assert model.set_params(diagnose__snapshots=4).diagnose == Recorder(every=2, snapshots=4)
    for plain in (False, True, np.False_):
        assert MLPClassifier(diagnose=plain).set_params(diagnose__every=5).diagnose == Recorder(5)
    for wrong in (None, "all"):
        with pytest.raises(ValueError, match="diagnose must be an object with options to set"):
            MLPClassifier(diagnose=wrong).set_params(diagnose__every=5)
    with pytest.raises(ValueError, match="regularization must be an object with options"):
        MLPClassifier(regularization=True).set_params(regularization__l1=5)
    with pytest.raises(ValueError, match="Invalid parameter 'often'"):
        model.set_params(diagnose__often=5)
    assert repr(clone(model)) == "MLPClassifier(diagnose=Recorder(every=2, snapshots=4))"
    search = GridSearchCV(classifier(max_iter=2), {"diagnose__every": [1, 2]}, cv=2).fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 1


def test_ensembles_have_a_record_in_each_member():
    member = classifier(max_iter=4, diagnose=Recorder(every=2))
    ensemble = lamina.EnsembleClassifier(member, n_members=3, random_state=0, n_jobs=2)
    plain = clone(ensemble).set_params(estimator__diagnose=False).fit(X, Y)
    ensemble.fit(X, Y)
    np.testing.assert_array_equal(ensemble.predict_proba(X), plain.predict_proba(X))
    for own in ensemble.members_:
        assert own.record_.epochs.tolist() == [1, 3]
        assert_same_weights(
            own.record_.snapshots[-1][1], list(zip(own.coefs_, own.intercepts_, strict=True))
        )
    first, second = (own.record_["gradient_norm"] for own in ensemble.members_[:2])
    assert not np.array_equal(first, second)
    again = lamina.files.loads(ensemble.to_bytes())
    same(again.members_[2].record_, ensemble.members_[2].record_)
    ensemble.partial_fit(X, Y)
    assert ensemble.members_[0].record_.epochs.tolist() == [1, 3, 5]


def test_a_notebook_mentions_it():
    page = classifier().fit(X, Y)._repr_html_()
    assert "6 measured epochs, 7 snapshots" in page
    assert "measured epochs" not in classifier(diagnose=False).fit(X, Y)._repr_html_()
