"""Ensembles: each member is a fit on its own sample; together they predict."""

import _thread
import pickle
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.stats
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    load_wine,
    make_multilabel_classification,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import lamina
from lamina import EnsembleClassifier, EnsembleRegressor, MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
X = scale(X)
R, T = load_diabetes(return_X_y=True)
R, T = scale(R), scale(T)
NETWORK = MLPClassifier((8,), max_iter=6, batch_size=20)
REGRESSION = MLPRegressor(hidden_layer_sizes=(8,), max_iter=6, batch_size=50)


def classifier(**options):
    own = options.pop("network", NETWORK)
    return EnsembleClassifier(own, **{"n_members": 3, "random_state": 0, **options})


def regressor(**options):
    own = options.pop("network", REGRESSION)
    return EnsembleRegressor(own, **{"n_members": 3, "random_state": 0, **options})


def assert_same_weights(a, b):
    for x, y in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_array_equal(x, y, strict=True)


@pytest.mark.parametrize("sample", ["bootstrap", "all", 0.4])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"early_stopping": True},
        {"shuffle": False, "solver": "sgd"},
        {"regularization": lamina.Regularization(dropout=0.3)},
    ],
    ids=str,
)
def test_a_member_has_the_bits_of_a_fit_on_its_rows(sample, options):
    if sample == "bootstrap" and "early_stopping" in options:
        pytest.skip("copies of a row never part, which a plain fit does not know of")
    network = clone(NETWORK).set_params(**options)
    ensemble = classifier(network=network, sample=sample).fit(X, Y)
    for member, rows in zip(ensemble.members_, ensemble.samples_, strict=True):
        alone = clone(member).fit(X[rows], Y[rows])
        assert_same_weights(member, alone)
        assert member.loss_curve_ == alone.loss_curve_
    weights = [member.coefs_[0] for member in ensemble.members_]
    assert not np.array_equal(weights[0], weights[1])


def test_a_member_with_sample_weights_and_sparse_x_is_a_fit_on_its_rows():
    weights = np.random.RandomState(1).uniform(0.5, 2, len(R))
    sparse = scipy.sparse.csr_matrix(np.where(abs(R) < 0.5, 0, R))
    ensemble = regressor().fit(sparse, T, weights)
    for member, rows in zip(ensemble.members_, ensemble.samples_, strict=True):
        assert_same_weights(member, clone(member).fit(sparse[rows], T[rows], weights[rows]))


def test_lbfgs_sees_repeated_rows_once_and_minimises_the_same_loss():
    network = MLPRegressor(
        hidden_layer_sizes=(4,), activation="tanh", solver="lbfgs", max_iter=8, alpha=0.1
    )
    weights = np.random.RandomState(1).uniform(0.5, 2, len(R))
    for given in (None, weights):
        ensemble = regressor(network=network).fit(R, T, given)
        for member, rows in zip(ensemble.members_, ensemble.samples_, strict=True):
            own = None if given is None else given[rows]
            alone = clone(member).fit(R[rows], T[rows], own)
            np.testing.assert_allclose(member.coefs_[0], alone.coefs_[0], rtol=1e-6, atol=1e-9)


def test_samples_are_drawn_as_they_say():
    n = 4000
    x, y = np.random.RandomState(0).normal(size=(n, 1)), np.arange(n) % 2
    network = MLPClassifier((1,), max_iter=1, batch_size=n)
    by = {s: classifier(network=network, sample=s).fit(x, y).samples_ for s in (0.25, "all")}
    for rows in by[0.25]:
        assert len(rows) == len(set(rows)) == n / 4 and (np.diff(rows) > 0).all()
    assert all(np.array_equal(rows, np.arange(n)) for rows in by["all"])
    counts = [np.bincount(s, minlength=n) for s in classifier(network=network).fit(x, y).samples_]
    for own in counts:  # numbers of copies are those of a binomial distribution, close to Poisson's
        assert own.sum() == n
        seen = np.bincount(own, minlength=5)[:5]
        expected = n * scipy.stats.binom.pmf(np.arange(5), n, 1 / n)
        assert scipy.stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-4
    assert abs(np.corrcoef(counts)[np.triu_indices(3, 1)]).max() < 0.08


def test_rows_of_weight_0_are_in_no_drawn_sample():
    weights = np.where(np.arange(150) % 3 == 0, 0.0, 1.0)
    for sample in ("bootstrap", 0.5):
        for rows in classifier(sample=sample).fit(X, Y, weights).samples_:
            assert (rows % 3 != 0).all()


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
def test_neither_threads_nor_the_number_of_members_change_a_member(n_jobs):
    one = classifier(n_jobs=1).fit(X, Y)
    more = classifier(n_jobs=n_jobs, n_members=5).fit(X, Y)
    for a, b in zip(one.members_, more.members_[:3], strict=True):
        assert_same_weights(a, b)
        assert a.random_state == b.random_state
    assert len({member.random_state for member in more.members_}) == 5


def test_probabilities_are_the_mean_and_labels_those_of_the_largest():
    ensemble = classifier().fit(X, Y)
    p = np.mean([m.predict_proba(X) for m in ensemble.members_], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), p, rtol=1e-12)
    np.testing.assert_array_equal(ensemble.predict(X), p.argmax(axis=1))
    np.testing.assert_allclose(ensemble.predict_log_proba(X), np.log(p), rtol=1e-9)
    std = np.std([m.predict_proba(X) for m in ensemble.members_], axis=0)
    np.testing.assert_allclose(ensemble.spread(X), std, rtol=1e-9)


def test_uncertainty_is_that_of_scipys_entropies(monkeypatch):
    monkeypatch.setattr(lamina.ensembles.base, "ROWS", 40)  # more than one stretch
    ensemble = classifier().fit(X, Y)
    each = np.array([m.predict_proba(X) for m in ensemble.members_])
    found = ensemble.uncertainty(X)
    total = scipy.stats.entropy(each.mean(axis=0), axis=1)
    expected = scipy.stats.entropy(each, axis=2).mean(axis=0)
    np.testing.assert_allclose(found.total, total, rtol=1e-9)
    np.testing.assert_allclose(found.expected, expected, rtol=1e-9)
    np.testing.assert_allclose(found.disagreement, total - expected, atol=1e-12)
    assert (found.disagreement >= 0).all() and found.disagreement.max() > 1e-3


def test_mean_and_spread_of_numbers_in_the_users_units():
    network = clone(REGRESSION).set_params(standardize=True)
    targets = np.c_[1000 * T + 5, T]
    ensemble = regressor(network=network).fit(R, targets)
    each = np.array([m.predict(R) for m in ensemble.members_])
    mean, spread = ensemble.predict(R, return_std=True)
    np.testing.assert_allclose(mean, each.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(spread, each.std(axis=0), rtol=1e-9)
    np.testing.assert_array_equal(spread, ensemble.spread(R))
    assert regressor().fit(R, T).predict(R[:3], return_std=True)[1].shape == (3,)
    assert ensemble.score(R, targets) == r2_score(targets, mean)


def test_scales_are_those_of_all_rows_and_made_once():
    network = clone(NETWORK).set_params(standardize=True)
    raw = load_wine().data
    ensemble = classifier(network=network).fit(raw, load_wine().target)
    reference = StandardScaler().fit(raw)
    for member in ensemble.members_:
        assert member.x_scaler_ is ensemble.members_[0].x_scaler_
        np.testing.assert_allclose(member.x_scaler_.mean_, reference.mean_)


def test_a_class_that_no_sample_has_is_known_to_all():
    labels = np.array(["common", "other", "rare"])[np.r_[np.arange(149) % 2, 2]]
    ensemble = classifier(n_members=8).fit(X, labels)
    missing = [149 not in rows for rows in ensemble.samples_]
    assert any(missing) and not all(missing)
    for member in ensemble.members_:
        assert member.classes_.tolist() == ["common", "other", "rare"]
        assert member.predict_proba(X).shape == (150, 3)
    assert ensemble.classes_.tolist() == ["common", "other", "rare"]
    assert set(ensemble.predict(X)) <= set(labels)


def test_two_classes_one_class_and_several_labels():
    x, y = load_breast_cancer(return_X_y=True)
    two = classifier().fit(scale(x), y)
    assert two.score(scale(x), y) == accuracy_score(y, two.predict(scale(x))) > 0.5
    np.testing.assert_allclose(two.predict_proba(scale(x)).sum(axis=1), 1)
    one = classifier(oob_score=True, n_members=9).fit(X, np.full(150, "a"))
    assert one.predict(X).tolist() == ["a"] * 150 and one.oob_score_ == 1
    x, y = make_multilabel_classification(100, n_features=6, n_classes=4, random_state=0)
    several = classifier(oob_score=True, n_members=9).fit(scale(x), y)
    p = several.predict_proba(scale(x))
    assert p.shape == y.shape and several.uncertainty(scale(x)).disagreement.shape == y.shape
    np.testing.assert_array_equal(several.predict(scale(x)), p > 0.5)
    entropies = np.array([[scipy.stats.entropy([q, 1 - q]) for q in row] for row in p])
    np.testing.assert_allclose(several.uncertainty(scale(x)).total, entropies, rtol=1e-9)


def test_out_of_the_bag_each_row_is_predicted_by_members_that_did_not_see_it():
    network = clone(NETWORK).set_params(max_iter=60, standardize=True)
    ensemble = classifier(network=network, n_members=12, oob_score=True).fit(X, Y)
    each = [m.predict_proba(X) for m in ensemble.members_]
    for row in range(0, 150, 7):
        own = [p[row] for p, s in zip(each, ensemble.samples_, strict=True) if row not in s]
        if own:
            mean = np.mean(own, axis=0)
            np.testing.assert_allclose(ensemble.oob_decision_function_[row], mean, rtol=1e-9)
    there = np.isfinite(ensemble.oob_decision_function_[:, 0])
    found = ensemble.oob_decision_function_[there].argmax(axis=1)
    assert ensemble.oob_score_ == np.mean(found == Y[there]) > 0.85


def test_out_of_the_bag_score_of_numbers_is_no_better_than_that_of_new_ones():
    network = clone(REGRESSION).set_params(max_iter=300, standardize=True, alpha=0)
    noise = np.random.RandomState(0).normal(size=len(R))
    ensemble = regressor(network=network, n_members=8, oob_score=True).fit(R, noise)
    assert ensemble.score(R, noise) > 0.1 > 0 > ensemble.oob_score_
    assert ensemble.oob_prediction_.shape == (len(R),)
    assert "oob_score_" not in vars(ensemble.set_params(oob_score=False).fit(R, noise))


def test_early_stopping_never_learns_from_a_copy_of_what_it_holds_out(monkeypatch):
    seen = []
    real = lamina.ensembles.member.fit

    def spy(*arguments, rows, watch, **more):
        seen.append((rows, watch.evaluate.sets[-1].data.x))
        return real(*arguments, rows=rows, watch=watch, **more)

    monkeypatch.setattr(lamina.ensembles.member, "fit", spy)
    network = clone(NETWORK).set_params(early_stopping=True, validation_fraction=0.3)
    x = np.random.RandomState(0).normal(size=X.shape)
    ensemble = classifier(network=network).fit(x, Y)
    assert len(seen) == 3
    for rows, held in seen:
        learnt = {tuple(row) for row in x[rows]}
        assert len(learnt) < len(rows) and not learnt & {tuple(row) for row in held}
    assert all(m.best_validation_score_ is not None for m in ensemble.members_)


def test_evaluation_sets_are_in_each_members_history():
    network = clone(NETWORK).set_params(scoring="neg_log_loss")
    ensemble = classifier(network=network).fit(X, Y, eval_set=(X[::3], Y[::3]))
    for member in ensemble.members_:
        assert member.history_.n_epochs == 6
        expected = -np.log(member.predict_proba(X[::3])[np.arange(50), Y[::3]]).mean()
        np.testing.assert_allclose(member.history_["eval_neg_log_loss"][-1], -expected)


def test_quantiles_stay_in_order():
    levels = (0.1, 0.5, 0.9)
    network = MLPRegressor(lamina.Quantiles(levels), (10,), max_iter=20, standardize=True)
    ensemble = regressor(network=network, oob_score=True, n_members=6).fit(R, T)
    assert (np.diff(ensemble.predict(R), axis=1) >= 0).all()
    assert ensemble.predict(R).shape == (len(R), 3) == ensemble.spread(R).shape
    assert ensemble.oob_score_ < ensemble.score(R, T)


def test_missing_numbers_and_names_of_features():
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame.iloc[3, 1] = np.nan
    ensemble = classifier(network=clone(NETWORK).set_params(missing="learn")).fit(frame, Y)
    assert ensemble.feature_names_in_.tolist() == list("abcd")
    assert np.isfinite(ensemble.predict_proba(frame)).all()
    with pytest.raises(ValueError, match="feature names should match"):
        ensemble.predict(frame[list("dcba")])
    with pytest.raises(ValueError, match=r"NaN: the first is at row 3, column 1 \('b'\)"):
        classifier().fit(frame, Y)


def test_partial_fit_goes_on_and_ends_where_a_loop_over_members_would():
    ensemble, calls = classifier(), [slice(0, 150, 2), slice(1, 150, 2)]
    for rows in calls:
        ensemble.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    samples = ensemble.samples_  # those of the last call
    first = classifier().partial_fit(X[calls[0]], Y[calls[0]], classes=[0, 1, 2])
    for number, member in enumerate(ensemble.members_):
        alone = clone(member)
        for rows, own in zip(calls, (first.samples_, samples), strict=True):
            drawn = np.arange(150)[rows][own[number]]
            alone.partial_fit(X[drawn], Y[drawn], classes=[0, 1, 2])
        assert_same_weights(member, alone)
    assert not np.array_equal(first.samples_[0], samples[0])
    assert ensemble.partial_fit(X[:10], Y[:10]).members_[0].t_ == 160
    assert not hasattr(classifier(network=MLPClassifier(solver="lbfgs")), "partial_fit")


def test_partial_fit_wants_the_classes_and_no_balance():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        classifier().partial_fit(X, Y)
    balanced = classifier(network=clone(NETWORK).set_params(class_weight="balanced"))
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        balanced.partial_fit(X, Y, classes=[0, 1, 2])


def test_class_weights_are_those_of_all_rows():
    y = (Y == 0).astype(int)
    network = clone(NETWORK).set_params(class_weight="balanced")
    for member in classifier(network=network).fit(X, y).members_:
        np.testing.assert_allclose(member.class_weight_, [0.75, 1.5])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_members": 0}, r"n_members must be an integer in \[1, inf\), got 0"),
        ({"n_members": 2.5}, "n_members must be an integer"),
        (
            {"sample": "bag"},
            r"sample must be 'bootstrap', 'all' or a number in \(0, 1\], got 'bag'",
        ),
        ({"sample": 0}, "sample must be 'bootstrap'"),
        ({"sample": 1.5}, "sample must be 'bootstrap'"),
        ({"sample": True}, "sample must be 'bootstrap'"),
        ({"oob_score": "yes"}, "oob_score must be True or False"),
        ({"oob_score": True, "sample": "all"}, "oob_score must be False for sample='all'"),
        ({"n_jobs": 0}, r"n_jobs must be an integer in \[1, inf\), -1 or None, got 0"),
        ({"network": MLPRegressor()}, "estimator must be an MLPClassifier or None, got MLPReg"),
        ({"network": MLPClassifier(alpha=-1)}, "alpha must be a number"),
        ({"network": "mlp"}, "estimator must be an MLPClassifier or None, got 'mlp'"),
        ({"random_state": "x"}, "cannot be used to seed"),
    ],
)
def test_bad_arguments_raise_before_any_work_and_leave_the_model_as_it_was(options, words):
    ensemble = classifier().fit(X, Y)
    before = ensemble.predict_proba(X)
    options = {("estimator" if k == "network" else k): v for k, v in options.items()}
    with pytest.raises(ValueError, match=words):
        ensemble.set_params(**options).fit(X, Y)
    np.testing.assert_array_equal(ensemble.predict_proba(X), before)


def test_an_unfitted_ensemble_says_so():
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    with pytest.raises(NotFittedError):
        regressor().spread(R)


def test_nested_parameters_clones_and_searches():
    ensemble = classifier().set_params(estimator__alpha=0.5, n_members=2)
    assert clone(ensemble).get_params()["estimator__alpha"] == 0.5
    assert NETWORK.alpha != 0.5 or ensemble.estimator is NETWORK
    ensemble.set_params(estimator__alpha=1e-4)
    pipe = make_pipeline(StandardScaler(), classifier(n_members=2))
    grid = {"ensembleclassifier__estimator__alpha": [0.1, 1.0]}
    found = GridSearchCV(pipe, grid, cv=2).fit(X, Y)
    assert found.best_estimator_[-1].members_[0].alpha in (0.1, 1.0)
    plain = EnsembleClassifier(n_members=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert plain.fit(X[:20], Y[:20]).members_[0].hidden_layer_sizes == (100,)


@pytest.mark.parametrize(
    ("make", "x", "y"),
    [
        (lambda: classifier(oob_score=True), X, Y),
        (lambda: classifier(network=clone(NETWORK).set_params(standardize=True)), X, Y == 0),
        (lambda: classifier(), pd.DataFrame(X, columns=list("abcd")), np.array(list("xyz"))[Y]),
        (lambda: regressor(network=clone(REGRESSION).set_params(standardize=True)), R, T),
        (lambda: regressor(random_state=np.random.RandomState(3)), R.astype(np.float32), T),
    ],
)
def test_files_and_pickles_give_the_same_bits(make, x, y, tmp_path):
    ensemble = make().fit(x, y)
    ensemble.save(tmp_path / "ensemble.lamina")
    for other in (lamina.load(tmp_path / "ensemble.lamina"), pickle.loads(pickle.dumps(ensemble))):
        assert type(other) is type(ensemble)
        assert vars(other).keys() == vars(ensemble).keys()
        np.testing.assert_array_equal(other.predict(x), ensemble.predict(x), strict=True)
        np.testing.assert_array_equal(other.spread(x), ensemble.spread(x), strict=True)
        for a, b in zip(other.members_, ensemble.members_, strict=True):
            assert_same_weights(a, b)
        for a, b in zip(other.samples_, ensemble.samples_, strict=True):
            np.testing.assert_array_equal(a, b)
        assert other.estimator.get_params() == ensemble.estimator.get_params()
    loaded = lamina.load(tmp_path / "ensemble.lamina")
    assert loaded.to_bytes() == ensemble.to_bytes()
    classes = {"classes": np.unique(y)} if isinstance(ensemble, EnsembleClassifier) else {}
    for other in (loaded, ensemble):
        other.partial_fit(x, y, **classes)
    np.testing.assert_array_equal(loaded.spread(x), ensemble.spread(x))


def test_an_unfitted_ensemble_and_one_without_an_estimator_are_saved(tmp_path):
    for ensemble in (EnsembleRegressor(n_members=7), classifier(sample=0.5)):
        ensemble.save(tmp_path / "own")
        assert repr(lamina.load(tmp_path / "own")) == repr(ensemble)


@pytest.mark.parametrize(
    "damage",
    [
        lambda own: own.pop("_population"),
        lambda own: own.update(members_=[]),
        lambda own: own.update(members_=[1]),
        lambda own: own.update(n_features_in_=9),
        lambda own: own.update(surprise=1),
        lambda own: own["members_"][1].pop("coefs_"),
        lambda own: own["members_"][1].update(alpha_=1),
    ],
)
def test_a_file_that_is_no_ensemble_is_refused(damage):
    kind, own = lamina.codec.loads(classifier().fit(X, Y).to_bytes(), "it")
    damage(own)
    with pytest.raises(lamina.FileError):
        lamina.files.loads(lamina.codec.dumps(kind, own))


class Explodes(lamina.callbacks.Callback):
    """Raises in the members of some seeds."""

    def __init__(self, seeds, error):
        self.seeds, self.error = seeds, error

    def on_epoch_end(self, run):
        if run.estimator.random_state in self.seeds:
            raise self.error


def seeds_of(n):
    return np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=n).tolist()


def diverging(monkeypatch, which):
    """Let the members of those numbers end as after divergence."""
    seeds, real = seeds_of(3), lamina.ensembles.member.fit

    def fit(*arguments, listener, **more):
        end = real(*arguments, listener=listener, **more)
        bad = listener.estimator.random_state in [seeds[i] for i in which]
        return lamina.training.Outcome.DIVERGED if bad else end

    monkeypatch.setattr(lamina.ensembles.member, "fit", fit)


def test_a_member_that_diverges_is_named_and_left_out(monkeypatch):
    diverging(monkeypatch, [1])
    with pytest.warns(UserWarning, match="Left out: member 1 of 3 produced non-finite") as caught:
        ensemble = classifier().fit(X, Y)
    assert any(w.filename == __file__ for w in caught)
    assert list(ensemble.failed_) == [1] and "no longer finite" in ensemble.failed_[1]
    assert [m.random_state for m in ensemble.members_] == [seeds_of(3)[i] for i in (0, 2)]
    assert len(ensemble.samples_) == 2 and np.isfinite(ensemble.predict_proba(X)).all()


def test_if_all_diverge_it_raises_and_keeps_finite_weights():
    network = MLPRegressor(
        hidden_layer_sizes=(5,), activation="identity", solver="sgd", learning_rate_init=1e300
    )
    ensemble = regressor(network=network)
    with pytest.raises(lamina.DivergenceError, match="All that trained diverged: members 0, 1, 2"):
        ensemble.fit(R, T)
    assert list(ensemble.failed_) == [0, 1, 2] and np.isfinite(ensemble.predict(R)).all()


def test_an_error_in_a_member_ends_the_fit_and_names_it():
    own = Explodes(seeds_of(3)[1:2], RuntimeError("enough"))
    ensemble = classifier(network=clone(NETWORK).set_params(callbacks=[own]), n_jobs=1)
    with pytest.raises(RuntimeError, match="enough") as caught:
        ensemble.fit(X, Y)
    assert caught.value.__notes__ == ["in member 1 of 3 of the ensemble"]
    assert [m.random_state for m in ensemble.members_] == seeds_of(3)[:1]  # the one that finished
    assert len(ensemble.predict(X)) == 150


def test_a_checkpoint_of_a_member_is_refused(tmp_path):
    own = lamina.callbacks.Checkpoint(tmp_path / "checkpoint")
    with pytest.raises(lamina.ArgumentError, match="save the ensemble instead"):
        classifier(network=clone(NETWORK).set_params(callbacks=[own])).fit(X, Y)


class Knows(lamina.callbacks.Callback):
    """Tells when the member of a seed has ended an epoch."""

    reached = threading.Event()
    seed = None

    def __deepcopy__(self, memo):
        return self

    def on_epoch_end(self, run):
        if run.estimator.random_state == self.seed:
            self.reached.set()


def interrupted(ensemble, seed, *arguments, method="fit"):
    """Fit, with Ctrl-C once the member of that seed has ended an epoch."""
    Knows.seed, Knows.reached = seed, threading.Event()

    def press():
        Knows.reached.wait(30)
        time.sleep(0.3)
        _thread.interrupt_main()

    thread = threading.Thread(target=press)
    thread.start()
    try:
        with pytest.warns(UserWarning, match="Training interrupted by user") as caught:
            getattr(ensemble, method)(*arguments)
    except KeyboardInterrupt:  # which would end all tests
        pytest.fail("fit has let it pass")
    finally:
        thread.join()
    return str(caught[0].message)


class StopsFirst(lamina.callbacks.Callback):
    """Ends the training of one seed after three epochs."""

    def __init__(self, seed):
        self.seed = seed

    def on_epoch_end(self, run):
        if run.estimator.random_state == self.seed and run.epoch == 3:
            run.stop("three epochs")


def endless(*callbacks):
    """Return a network that trains until it is stopped."""
    own = {"max_iter": 1000000, "tol": 0, "n_iter_no_change": np.inf, "batch_size": 50}
    return MLPClassifier((8,), **own, callbacks=list(callbacks))


def test_ctrl_c_keeps_the_members_that_had_finished():
    seeds = seeds_of(3)
    ensemble = classifier(network=endless(StopsFirst(seeds[0]), Knows()), n_jobs=1)
    words = interrupted(ensemble, seeds[1], X, Y)
    assert words.endswith("the 1 of 3 members that had finished are kept.")
    assert [m.random_state for m in ensemble.members_] == seeds[:1]
    assert ensemble.members_[0].stop_reason_ == "three epochs"


def test_ctrl_c_keeps_what_was_learnt_if_no_member_had_finished():
    ensemble = classifier(network=endless(Knows()), n_jobs=3)
    words = interrupted(ensemble, seeds_of(3)[2], X, Y)
    assert "members that had learnt something are kept" in words
    assert ensemble.members_[-1].stop_reason_ == "The user interrupted training."
    assert np.isfinite(ensemble.predict_proba(X)).all()


def test_ctrl_c_in_partial_fit_loses_no_member():
    ensemble = classifier(n_jobs=1).partial_fit(X, Y, classes=[0, 1, 2])
    before = [m.coefs_[0].copy() for m in ensemble.members_]
    many = np.tile(X, (20000, 1)), np.tile(Y, 20000)
    network = clone(NETWORK).set_params(callbacks=[Presses()])
    for member in ensemble.members_:
        member.set_params(callbacks=network.callbacks)
    with pytest.warns(UserWarning, match="some members have not seen all of these samples"):
        ensemble.partial_fit(*many)
    assert len(ensemble.members_) == 3
    assert not np.array_equal(ensemble.members_[0].coefs_[0], before[0])
    np.testing.assert_array_equal(ensemble.members_[2].coefs_[0], before[2])


class Presses(lamina.callbacks.Callback):
    """Presses Ctrl-C in the midst of an epoch."""

    every_batches = 200

    def on_batch_end(self, run):
        if run.step == 200:
            _thread.interrupt_main()
            time.sleep(0.2)


def test_each_member_says_a_line_if_it_is_to(capsys):
    classifier(network=clone(NETWORK).set_params(verbose=True), n_jobs=1).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"Member {i}: 6 epochs" for i in range(3)]


def test_one_warning_says_how_many_members_did_not_converge():
    with pytest.warns(ConvergenceWarning, match="yet in 3 of 3 members") as caught:
        classifier().fit(X, Y)
    assert len(caught) == 1 and caught[0].filename == __file__


def test_members_need_no_copies_of_the_data():
    import tracemalloc

    x = np.random.RandomState(0).normal(size=(20000, 50))
    network = MLPClassifier((4,), max_iter=2, batch_size=500)
    y = np.arange(len(x)) % 2
    tracemalloc.start()
    classifier(network=network, n_members=8, n_jobs=8).fit(x, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * x.nbytes  # of which a copy each would take eight


def test_no_standardized_copy_of_the_data_outlives_the_fit():
    import gc
    import tracemalloc

    x = np.random.RandomState(0).normal(size=(20000, 50))
    network = MLPClassifier((4,), max_iter=1, batch_size=500, standardize=True)
    gc.collect()
    gc.disable()  # what is in no cycle is freed without it
    tracemalloc.start()
    try:
        ensemble = classifier(network=network).fit(x, np.arange(len(x)) % 2)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert len(ensemble.members_) == 3 and kept < x.nbytes / 5
