"""Learning rates on a grid: what closed forms and scikit-learn say, whatever the cores."""

import copy
import os
import pickle
import signal
import sys
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.neural_network
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.preprocessing import scale

import lamina
from lamina.estimators.running.callback import Callback
from lamina.tuning import ramp_test, search_learning_rate
from lamina.tuning.split import Samples, split

IRIS, SPECIES = load_iris(return_X_y=True)
IRIS = scale(IRIS)
X = np.random.RandomState(0).normal(size=(60, 3)) * [3.0, 1.0, 0.3]
Y = X @ [1.0, -2.0, 3.0] + np.random.RandomState(1).normal(size=60)
LINEAR = lamina.MLPRegressor(
    hidden_layer_sizes=(), activation="identity", solver="gradient_descent", alpha=0, batch_size=60
)
SMALL = lamina.MLPClassifier(8, random_state=0)


def quick(model=SMALL, X=IRIS, y=SPECIES, **options):
    options = {"low": 1e-3, "high": 1.0, "n": 4, "n_fine": 1, "epochs": 3} | options
    return search_learning_rate(model, X, y, **options)


def seed_of(random_state):
    """Return the seed of the only candidate when nothing is held out."""
    return int(np.random.RandomState(random_state).randint(2**31 - 1, size=1)[0])


def test_gradient_descent_on_least_squares_has_the_losses_of_its_matrix_powers():
    n_steps = 400
    search = quick(LINEAR, X, Y, low=1e-3, high=10, n=9, epochs=n_steps, validation_fraction=0,
                   random_state=3)  # fmt: skip
    design = np.column_stack([X, np.ones(60)])
    hessian = design.T @ design / 60
    best = np.linalg.lstsq(design, Y, rcond=None)[0]
    ((weights, bias),) = lamina.Network.mlp(3, [], 1, activation="identity").initialize(seed_of(3))
    off = np.append(weights.ravel(), bias) - best
    least = 0.5 * np.mean((design @ best - Y) ** 2)
    values, vectors = np.linalg.eigh(hessian)
    steady = 2 / values[-1]
    for rate, loss in zip(search.rates, search.losses, strict=True):
        if rate < steady:
            left = (1 - rate * values) ** n_steps * (vectors.T @ off)
            assert loss == pytest.approx(least + 0.5 * (values * left**2).sum(), rel=1e-9)
        if rate > 4 * steady:  # the error grows sevenfold at least each step
            assert np.isinf(loss)
    assert search.suggestion < steady < search.rates[-1]
    assert search.judge == "training"
    first = search.rates[search.diverged][0]
    assert search.reason.endswith(f"{first:.3g} and above diverge")


@pytest.mark.parametrize("kind", ["several", "binary", "numbers"])
def test_the_loss_is_that_of_scikit_learns_model_for_the_samples_held_out(kind):
    y = {"several": SPECIES, "binary": SPECIES // 2, "numbers": IRIS[:, 3]}[kind]
    X = IRIS[:, :3]
    name = "MLPRegressor" if kind == "numbers" else "MLPClassifier"
    own = {"hidden_layer_sizes": 8, "solver": "sgd", "batch_size": 20}
    search = quick(getattr(lamina, name)(**own), X, y, epochs=4, high=0.1, random_state=5)
    random = np.random.RandomState(5)
    train, held = split(Samples(X, y), 0.2, kind != "numbers", random)
    seed = random.randint(2**31 - 1, size=1)[0]
    for rate, loss in zip(search.rates, search.losses, strict=True):
        if rate > 0.1:  # the grid grew to where numbers overflow
            continue
        theirs = getattr(sklearn.neural_network, name)(
            **own, max_iter=4, learning_rate_init=rate, random_state=seed
        ).fit(train.X, train.y)
        if kind == "numbers":
            expected = mean_squared_error(held.y, theirs.predict(held.X)) / 2
        else:
            expected = log_loss(held.y, theirs.predict_proba(held.X))
        assert loss == pytest.approx(expected, rel=1e-6)
    assert search.judge == "validation"


def test_the_result_depends_on_no_number_of_jobs_and_the_estimator_stays_as_it_was():
    model = lamina.MLPClassifier(8, random_state=0, early_stopping=True, warm_start=True)
    before = repr(model.get_params())
    one, many, all_of_them = (quick(model, n_repeats=2, n_jobs=jobs) for jobs in (1, 3, -1))
    for other in (many, all_of_them):
        assert np.array_equal(one.losses_by_seed, other.losses_by_seed)
    assert repr(model.get_params()) == before
    assert not hasattr(model, "coefs_")
    assert np.array_equal(one.losses, one.losses_by_seed.mean(axis=1))
    assert one.losses_by_seed.shape == (len(one.rates), 2)
    assert (one.losses_by_seed[:, 0] != one.losses_by_seed[:, 1]).all()


def test_the_grid_of_note_002_has_every_half_decade_once():
    search = search_learning_rate(SMALL, IRIS, SPECIES, epochs=1, n_fine=0)
    coarse = search.rates[search.stages == "coarse"]
    expected = [1e-5, 3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3, 0.01, 0.0316, 0.1, 0.316, 1.0]
    assert coarse.tolist() == expected


def test_the_finer_grid_lies_between_the_neighbours_of_the_best():
    search = quick(low=1e-4, high=1.0, n=5, n_fine=3, epochs=20)
    coarse, fine = (search.rates[search.stages == stage] for stage in ("coarse", "fine"))
    best = int(np.argmin(search.losses[search.stages == "coarse"]))
    assert 0 < best < 4
    assert len(fine) == 6
    around = search.rates[(search.rates >= coarse[best - 1]) & (search.rates <= coarse[best + 1])]
    steps = np.diff(np.log10(around))
    np.testing.assert_allclose(steps, 0.25, atol=0.003)  # a decade in four, to three digits
    assert search.suggestion == search.rates[np.argmin(search.losses)]


@pytest.mark.parametrize(("low", "high"), [(1e-5, 1e-3), (30.0, 900.0)])
def test_the_grid_grows_where_the_best_is_at_its_end(low, high):
    search = quick(low=low, high=high, n=3, epochs=20)
    assert (search.stages == "extended").any()
    assert 1e-3 < search.suggestion < 1
    assert not search.cautions
    assert search.rates[0] < search.suggestion < search.rates[-1]


def test_a_dense_grid_grows_by_few_rates():
    search = quick(low=30.0, high=31.0, n=5, epochs=20)
    assert 0 < (search.stages == "extended").sum() <= 12
    assert search.loss < search.start and search.suggestion < 30


def test_it_grows_no_further_than_a_thousandfold_and_says_so():
    with pytest.warns(UserWarning, match=r"largest learning rate tried, 1e-07: .* may lie above"):
        search = quick(low=1e-12, high=1e-10, n=3)
    assert search.suggestion == search.rates[-1] == 1e-7
    assert "within 5%" in search.reason


@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")
def test_when_every_rate_diverges_that_is_the_result():
    with pytest.warns(
        UserWarning, match="every learning rate from 1e-06 to 1 diverges: set standardize"
    ):
        search = quick(LINEAR, X * 1e9, Y * 1e200)
    assert search.diverged.all()
    assert np.isnan(search.suggestion) and np.isnan(search.near).all()
    assert search.reason.startswith("none: every rate")
    assert "diverges" in search.summary()


def test_a_rule_without_a_rate_is_told():
    with pytest.warns(UserWarning, match="nothing depends on it"):
        search = quick(lamina.MLPClassifier(8, solver="adadelta", random_state=0))
    assert len(search.rates) == 4  # and nothing finer was tried


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop", lamina.Nesterov()])
@pytest.mark.parametrize("learning_rate", ["adaptive", lamina.InverseTime(k=0.01)])
def test_every_rule_with_every_schedule(solver, learning_rate):
    model = lamina.MLPClassifier(
        8, solver=solver, learning_rate=learning_rate, random_state=0, batch_size=10
    )
    search = quick(model, epochs=10)
    fitted = model.set_params(learning_rate_init=search.suggestion, max_iter=20).fit(IRIS, SPECIES)
    assert fitted.score(IRIS, SPECIES) > 0.8


def test_the_form_of_the_data_does_not_matter():
    plain = quick()
    frame = pd.DataFrame(IRIS, columns=list("abcd"))
    names = np.array(["one", "two", "three"])[SPECIES]
    assert np.array_equal(quick(X=frame, y=pd.Series(SPECIES)).losses, plain.losses)
    np.testing.assert_allclose(quick(X=scipy.sparse.csc_array(IRIS)).losses, plain.losses)
    np.testing.assert_allclose(quick(X=IRIS.astype(np.float32)).losses, plain.losses, rtol=1e-3)
    assert len(quick(y=names).rates) >= 4
    several = np.column_stack([SPECIES == 0, SPECIES == 1]).astype(int)
    assert np.isfinite(quick(y=several).losses).all()
    assert np.isfinite(quick(lamina.MLPRegressor(hidden_layer_sizes=8), y=IRIS[:, :2]).losses).any()


def test_nothing_is_said_about_candidates_that_did_not_converge():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick()
        quick(lamina.MLPRegressor(hidden_layer_sizes=8), X, Y)


class Loud(Callback):
    def on_train_begin(self, run):
        raise AssertionError("a candidate is none of its business")


@pytest.mark.parametrize("find", [quick, ramp_test])
def test_the_estimators_other_options_go_along(find):
    X = IRIS * 1e3 + 1e5
    X[::7, 1] = np.nan
    model = lamina.MLPClassifier(
        8, standardize=True, missing="learn", class_weight="balanced", callbacks=[Loud()],
        scoring="accuracy", early_stopping=True, batch_size=15, random_state=0,
        regularization=lamina.Regularization(dropout=0.1),
    )  # fmt: skip
    options = {"X": X, "y": SPECIES} if find is ramp_test else {"X": X}
    found = find(model, **options)
    assert 1e-3 < found.suggestion < 1


def test_a_scale_that_does_not_go_is_told_once():
    with pytest.warns(UserWarning) as caught:  # and one that says that it did not learn
        quick(X=IRIS * 1e3)
    caught = [own for own in caught if own.category is lamina.ScaleWarning]
    assert len(caught) == 1
    assert caught[0].filename == __file__ or "test_learning_rate" in caught[0].filename


def test_weights_of_0_and_1_leave_samples_out():
    keep = np.arange(60) % 3 != 0
    whole = quick(LINEAR, X, Y, sample_weight=keep.astype(float), validation_fraction=0,
                  random_state=0)  # fmt: skip
    part = quick(LINEAR, X[keep], Y[keep], validation_fraction=0, random_state=0)
    np.testing.assert_allclose(whole.losses, part.losses, rtol=1e-10)


def test_weights_count_in_the_judgement():
    heavy = np.where(SPECIES == 2, 10.0, 1.0)
    search = quick(sample_weight=heavy, random_state=5)
    random = np.random.RandomState(5)
    train, held = split(Samples(IRIS, SPECIES, heavy), 0.2, True, random)
    model = lamina.MLPClassifier(
        8, max_iter=3, learning_rate_init=search.suggestion,
        random_state=random.randint(2**31 - 1, size=1)[0],
    ).fit(train.X, train.y, train.weights)  # fmt: skip
    expected = log_loss(held.y, model.predict_proba(held.X), sample_weight=held.weights)
    assert search.losses.min() == pytest.approx(expected, rel=1e-9)


def test_auto_takes_500_steps_or_5_epochs_but_no_more_than_max_iter():
    options = {"low": 1e-3, "high": 0.1, "n": 3, "n_fine": 0}
    model = lamina.MLPRegressor(hidden_layer_sizes=2, batch_size=6, random_state=0)
    assert search_learning_rate(model, X, Y, **options).epochs == 63  # 8 steps of 48 samples each
    assert search_learning_rate(model.set_params(max_iter=7), X, Y, **options).epochs == 7
    many = np.tile(X, (25, 1)), np.tile(Y, 25)
    model.set_params(max_iter=200, batch_size=2)
    assert search_learning_rate(model, *many, **options).epochs == 5


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_samples_are_enough(n):
    search = quick(lamina.MLPRegressor(hidden_layer_sizes=2, random_state=0), X[:n], Y[:n])
    assert np.isfinite(search.suggestion)
    labels = np.arange(n) % 2
    if n > 2:
        with pytest.warns(UserWarning, match="is not among the samples held out"):
            assert np.isfinite(quick(X=X[:n], y=labels).suggestion)


def test_too_few_samples_are_named_unless_none_is_held_out():
    with pytest.raises(lamina.ArgumentError, match="got 2 samples of 2 classes; set validation"):
        quick(X=X[:2], y=[0, 1])
    assert np.isfinite(quick(X=X[:2], y=[0, 1], validation_fraction=0).suggestion)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"low": 0}, r"low must be a number in \[1e-20, 1e20\], got 0"),
        ({"high": np.nan}, "high must be a number"),
        ({"low": 1.0, "high": 0.1}, r"high must be above low \(1\), got 0.1"),
        ({"n": 2}, r"n must be an integer in \[3, inf\), got 2"),
        ({"n_fine": -1}, "n_fine must be an integer"),
        ({"epochs": 0}, r"epochs must be an integer in \[1, inf\) or 'auto', got 0"),
        ({"epochs": "few"}, "epochs must be an integer"),
        ({"n_repeats": 0}, "n_repeats must be an integer"),
        ({"validation_fraction": 1}, r"validation_fraction must be a number in \[0, 1\), got 1"),
        ({"n_jobs": 0}, r"n_jobs must be an integer in \[1, inf\), -1 or None, got 0"),
        ({"n_jobs": True}, "n_jobs must be"),
        ({"model": lamina.MLPClassifier(solver="lbfgs")}, "solver must be one that has a learning"),
        ({"model": sklearn.neural_network.MLPClassifier()}, "estimator must be an MLPClassifier"),
        ({"model": lamina.MLPClassifier(alpha=-1)}, "alpha must be a number"),
        (
            {"model": lamina.MLPClassifier(learning_rate=lamina.Constant(initial=0.1))},
            "learning_rate must be a schedule without an initial of its own",
        ),
        (
            {"model": lamina.MLPClassifier(
                learning_rate=lamina.WarmUp(then=lamina.Exponential(initial=0.1)))},
            "learning_rate must be a schedule without an initial",
        ),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(options, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        quick(**options)


def test_bad_data_are_named_as_fit_does():
    bad = pd.DataFrame(IRIS, columns=list("abcd"))
    bad.loc[7, "c"] = np.nan
    with pytest.raises(ValueError, match=r"Input X contains NaN.*row 7, column 2 \('c'\)"):
        quick(X=bad)
    with pytest.raises(ValueError, match="sample_weight must be >= 0"):
        quick(sample_weight=-np.ones(150))


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.5, 0.9])
def test_the_split_takes_the_same_share_of_each_class_and_knows_them_all(labels, fraction):
    y = np.repeat([0, 1, 2, 3], [1, 2, 30, 67])
    X = np.arange(100.0)[:, np.newaxis]
    weights = (np.arange(100) % 5 != 0).astype(float)
    train, held = split(Samples(X, y, weights), fraction, labels, np.random.RandomState(0))
    assert sorted([*train.X.ravel(), *held.X.ravel()]) == list(range(100))
    assert (held.weights > 0).all()
    assert np.array_equal(held.y, y[held.X.ravel().astype(int)])
    if labels:
        assert set(train.y) == {0, 1, 2, 3}
        share = len(held) / len(held.y)
        counts = np.bincount(held.y, minlength=4)
        eligible = len(held) / sum(weights > 0)
        assert abs(counts[3] - eligible * weights[y == 3].sum()) < 2 * share + 1


def test_results_are_read_only_and_can_be_pickled_and_told():
    search = quick(n_repeats=2)
    for other in (search, pickle.loads(pickle.dumps(search)), copy.deepcopy(search)):
        with pytest.raises(ValueError, match="read-only"):
            other.losses[0] = 0
    frame = search.as_frame()
    assert list(frame.columns) == ["learning_rate", "loss", "loss_0", "loss_1", "diverged", "stage"]
    assert frame.loss.min() == search.loss
    assert f"suggestion {search.suggestion:.3g}: the lowest" in repr(search)
    assert "(mean of 2 runs), after 3 epochs" in search.reason
    assert search.summary().count("\n") >= len(search.rates)
    low, high = search.near
    assert low <= search.suggestion <= high
    inside = (search.rates >= low) & (search.rates <= high)
    assert (search.losses[inside] <= 1.05 * search.loss).all()


def test_a_frame_without_pandas_is_refused_in_words(monkeypatch):
    search = quick()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        search.as_frame()


@pytest.mark.skipif(os.name != "posix", reason="sends itself a signal")
def test_control_c_ends_it_soon():
    # Whoever started the tests in the background may have had the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = time.monotonic()
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        try:
            quick(n_jobs=2, epochs=10**6)
        finally:
            timer.cancel()
            signal.signal(signal.SIGINT, before)
    assert time.monotonic() - start < 20
    assert not [t for t in threading.enumerate() if t.name.startswith("lamina-tuning")]


def noise(n=400):
    random = np.random.RandomState(0)
    return random.normal(size=(n, 5)), random.randint(2, size=n), random.normal(size=n)


@pytest.mark.parametrize("make", [lamina.MLPClassifier, lamina.MLPRegressor])
def test_features_that_say_nothing_are_seen_through(make):
    X, labels, numbers = noise()
    y = labels if make is lamina.MLPClassifier else numbers
    with pytest.warns(UserWarning, match="hardly better than that of a constant prediction"):
        result = search_learning_rate(make(hidden_layer_sizes=(8,), random_state=0), X, y)
    assert result.gain <= 2 * result.gain_error


def test_the_gain_is_that_over_a_constant():
    """Of a target that is one feature the loss of the best constant is half its variance."""
    X, _, _ = noise(2000)
    model = lamina.MLPRegressor(hidden_layer_sizes=(8,), random_state=0)
    result = search_learning_rate(model, X, X[:, 0], epochs=20)
    assert result.gain + result.loss == pytest.approx(0.5, rel=0.1)
    assert 0 < result.gain_error < 0.1 and not result.cautions


def test_one_class_is_refused_and_a_class_that_nobody_judges_is_named():
    X, labels, _ = noise()
    with pytest.raises(lamina.ArgumentError, match=r"y must have two classes at least.*got 'a' on"):
        search_learning_rate(lamina.MLPClassifier(), X, np.full(len(X), "a"))
    labels = np.where(X[:, 0] > 0, 1, 0)
    labels[0] = 7
    with pytest.warns(UserWarning, match=r"class .*7.* is not among the samples held out"):
        search_learning_rate(lamina.MLPClassifier((8,), random_state=0), X, labels, epochs=10)
