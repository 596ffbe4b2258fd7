"""`fit_batches` against `fit` on all rows, and what it says and leaves where it cannot go on."""

import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

import lamina
from lamina import MLPClassifier, MLPRegressor
from lamina.callbacks import Checkpoint, StopOnTarget

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(1203, 6))
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
Y = X[:, :2] @ [3.0, 1.0] + 0.1 * RANDOM.normal(size=len(X))
W = RANDOM.random(len(X))
CUTS = [0, 10, 10, 450, 451, 1100, 1203]  # of any size, one of them empty


def chunks(*arrays, cuts=CUTS):
    return [tuple(array[a:b] for array in arrays) for a, b in pairwise(cuts)]


def same(model, other):
    pairs = zip(model.coefs_ + model.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    assert all(np.array_equal(own, its) for own, its in pairs)
    assert model.loss_curve_ == other.loss_curve_
    assert (model.t_, model.n_iter_) == (other.t_, other.n_iter_)


OPTIONS = [
    {},
    {"batch_size": 64, "solver": "sgd", "learning_rate": "adaptive", "early_stopping": True},
    {"solver": "sgd", "learning_rate": lamina.OneCycle(), "alpha": 0.1},
    {"solver": lamina.NAdam(), "learning_rate": lamina.CosineRestarts(period=9)},
    {
        "regularization": lamina.Regularization(dropout=0.3, input_noise=0.1, max_norm=2.0),
        "class_weight": "balanced",
    },
    {"class_weight": {0: 1.0, 1: 4.0}},
]


@pytest.mark.parametrize("rows", [None, 300, 1])
@pytest.mark.parametrize("options", OPTIONS)
def test_without_shuffling_the_weights_are_those_of_fit(options, rows):
    eval_set = X[:100], LABELS[:100]
    given = {"max_iter": 6, "shuffle": False, "random_state": 0, **options}
    whole = MLPClassifier((9,), **given).fit(X, LABELS, W, eval_set=eval_set)
    parts = MLPClassifier((9,), **given)
    parts.fit_batches(chunks(X, LABELS, W), eval_set=eval_set, shuffle_rows=rows)
    same(whole, parts)
    np.testing.assert_array_equal(whole.history_["eval_loss"], parts.history_["eval_loss"])


def test_with_all_rows_in_the_buffer_the_shuffles_are_those_of_fit():
    given = {"hidden_layer_sizes": (9,), "max_iter": 5, "random_state": 0}
    same(MLPRegressor(**given).fit(X, Y), MLPRegressor(**given).fit_batches(chunks(X, Y)))
    several = np.column_stack([LABELS > 0, X[:, 3] > 0]).astype(int)
    model = MLPClassifier(**given, class_weight="balanced")
    other = MLPClassifier(**given, class_weight="balanced")
    same(model.fit(X, several), other.fit_batches(chunks(X, several)))


def test_float32_and_sparse():
    given = {"hidden_layer_sizes": (9,), "max_iter": 4, "random_state": 0, "shuffle": False}
    whole = MLPRegressor(**given).fit(X.astype(np.float32), Y)
    parts = MLPRegressor(**given).fit_batches(chunks(X.astype(np.float32), Y), shuffle_rows=300)
    assert parts.coefs_[0].dtype == np.float32
    same(whole, parts)
    thin = np.where(np.abs(X) > 1, X, 0)
    whole = MLPRegressor(**given).fit(scipy.sparse.csr_matrix(thin), Y)
    own = [(scipy.sparse.csr_matrix(x), y) for x, y in chunks(thin, Y)]
    same(whole, MLPRegressor(**given).fit_batches(own, shuffle_rows=300))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weights", [None, W])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_statistics_are_those_of_all_rows(kind, weights, seed):
    holes = 7 * X + 30
    holes[np.random.default_rng(seed).random(X.shape) < 0.1] = np.nan
    holes[:, 3], holes[:1100, 4] = 5.0, 7 * X[:1100, 4]  # one constant, one missing at the end
    y = LABELS if kind is MLPClassifier else 1e4 * Y + 3
    given = {"hidden_layer_sizes": (9,), "max_iter": 4, "random_state": 0, "shuffle": False}
    given |= {"standardize": True, "missing": "learn"}
    whole, parts = kind(**given).fit(holes, y, weights), kind(**given)
    own = chunks(holes, y) if weights is None else chunks(holes, y, weights)
    parts.fit_batches(own)
    for name in ("x_scaler_", "y_scaler_")[: 1 if kind is MLPClassifier else 2]:
        a, b = getattr(whole, name), getattr(parts, name)
        np.testing.assert_allclose(b.mean_, a.mean_, rtol=1e-12)
        np.testing.assert_allclose(b.scale_, a.scale_, rtol=1e-12)
        np.testing.assert_allclose(b.n_samples_seen_, a.n_samples_seen_)
    np.testing.assert_array_equal(
        parts.imputer_.indicator_.features_, whole.imputer_.indicator_.features_
    )
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], atol=1e-10)


@pytest.mark.parametrize("weights", [None, W])
def test_statistics_of_a_sparse_matrix(weights):
    thin = scipy.sparse.csr_matrix(np.where(np.abs(X) > 1, X * [1, 5, 50, 1, 1, 0], 0))
    given = {"hidden_layer_sizes": (9,), "max_iter": 2, "random_state": 0, "standardize": "X"}
    whole, parts = MLPRegressor(**given).fit(thin, Y, weights), MLPRegressor(**given)
    parts.fit_batches(chunks(thin, Y) if weights is None else chunks(thin, Y, weights))
    np.testing.assert_allclose(parts.x_scaler_.scale_, whole.x_scaler_.scale_, rtol=1e-12)
    assert not parts.x_scaler_.with_mean


@pytest.mark.parametrize("loss", ["poisson", lamina.Quantiles((0.1, 0.5, 0.9))])
def test_targets_of_other_outputs(loss):
    given = {"hidden_layer_sizes": (9,), "max_iter": 4, "random_state": 0, "shuffle": False}
    given |= {"loss": loss, "standardize": True}
    y = np.exp(Y / 3) * 50
    whole = MLPRegressor(**given).fit(X, y)
    parts = MLPRegressor(**given).fit_batches(chunks(X, y))
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-8)


def test_all_kinds_of_iterables():
    class Loader:
        def __iter__(self):
            return iter([list(pair) for pair in chunks(X, Y)])

    class Indexed:
        def __getitem__(self, i):
            return chunks(X, Y)[i]

    def generate():
        yield from chunks(X, Y)

    given = {"hidden_layer_sizes": (9,), "max_iter": 3, "random_state": 0}
    first = MLPRegressor(**given).fit_batches(chunks(X, Y))
    for own in (Loader(), Indexed(), generate, lambda: iter(chunks(X, Y))):
        same(first, MLPRegressor(**given).fit_batches(own))
    given["max_iter"] = 1
    first = MLPRegressor(**given).fit_batches(chunks(X, Y))
    same(first, MLPRegressor(**given).fit_batches(generate()))


def test_names_of_columns_are_held_against_each_chunk():
    pandas = pytest.importorskip("pandas")
    frames = [(pandas.DataFrame(x, columns=list("abcdef")), y) for x, y in chunks(X, Y)]
    model = MLPRegressor(max_iter=2).fit_batches(frames)
    assert list(model.feature_names_in_) == list("abcdef")
    frames[3] = frames[3][0][list("bacdef")], frames[3][1]
    with pytest.raises(ValueError, match=r"chunk 3 of batches: The feature names should match"):
        MLPRegressor(max_iter=2).fit_batches(frames)


def test_warm_start_goes_on():
    given = {"hidden_layer_sizes": (9,), "max_iter": 2, "shuffle": False, "warm_start": True}
    whole, parts = (MLPClassifier(random_state=0, **given) for _ in range(2))
    for _ in range(2):
        whole.fit(X, LABELS)
        parts.fit_batches(chunks(X, LABELS))
    same(whole, parts)
    assert len(parts.loss_curve_) == 4


def test_a_generator_serves_one_epoch():
    model = MLPClassifier(max_iter=1, standardize=True, random_state=0)
    with pytest.warns(UserWarning, match="standardize=True goes by the first chunk alone"):
        model.fit_batches(iter(chunks(X, LABELS)), classes=[0, 1, 2])
    np.testing.assert_allclose(model.x_scaler_.mean_, X[:10].mean(axis=0))
    assert model.t_ == len(X)
    for options, words in [
        ({}, "batches must be there for max_iter=200 epochs, got 'list_iterator'"),
        ({"max_iter": 1}, "classes must be given where batches can be iterated over only once"),
    ]:
        with pytest.raises(ValueError, match=words):
            MLPClassifier(**options).fit_batches(iter(chunks(X, LABELS)))
    own = MLPClassifier(max_iter=1, class_weight="balanced")
    with pytest.raises(ValueError, match="class_weight must be a dict or None"):
        own.fit_batches(iter(chunks(X, LABELS)), classes=[0, 1, 2])
    with pytest.raises(ValueError, match="has no known end"):
        MLPRegressor(max_iter=1, learning_rate=lamina.OneCycle()).fit_batches(iter(chunks(X, Y)))


def bad(number, change):
    """Return chunks of which one is changed."""
    own = chunks(X.copy(), Y.copy(), W.copy())
    own[number] = change(*own[number])
    return own


def with_nan(x, y, w):
    x[3, 2] = np.nan
    return x, y, w


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (bad(2, with_nan), r"chunk 2 of batches: Input X contains NaN: the first is at row 3, col"),
        (bad(4, lambda x, y, w: (x[:, :4], y, w)), "chunk 4 of batches: X has 4 features, but"),
        (bad(4, lambda x, y, w: (x, y[:5], w)), "chunk 4 of batches: .* inconsistent numbers"),
        (bad(4, lambda x, y, w: (x, np.c_[y, y], w)), "chunk 4 of batches: y has 2 outputs"),
        (bad(4, lambda x, y, w: (x, y, -w)), "chunk 4 of batches: sample_weight must be >= 0"),
        (bad(4, lambda x, y, w: (x, y)), "chunk 4 .* it has no sample_weight, and the first"),
        (bad(4, lambda x, y, w: x), r"chunk 4 of batches must be \(X, y\) or \(X, y, sample_w"),
        (bad(0, lambda x, y, w: (x, y, w, w)), r"chunk 0 of batches must be \(X, y\)"),
        ((X, Y), r"chunk 0 of batches must be \(X, y\)"),
        ([], "batches must give at least one chunk with rows, got none"),
        (None, "batches must be an iterable of chunks"),
        (lambda: 3, "batches must be a function that returns an iterable"),
    ],
)
def test_errors_name_the_chunk(own, words):
    model = MLPRegressor(max_iter=3, random_state=0)
    with pytest.raises(ValueError, match=words):
        model.fit_batches(own, shuffle_rows=100)


def test_unknown_classes_options_and_solvers():
    model = MLPClassifier(max_iter=2)
    with pytest.raises(ValueError, match=r"chunk 2 of batches: `y` has classes not in"):
        model.fit_batches(chunks(X[:1100], LABELS[:1100], cuts=CUTS[:-1]), classes=[0, 1])
    with pytest.raises(lamina.ArgumentError, match="shuffle_rows must be"):
        model.fit_batches(chunks(X, LABELS), shuffle_rows=0)
    with pytest.raises(ValueError, match=r"pass eval_set=\(X, y\) for early stopping"):
        MLPClassifier(early_stopping=True).fit_batches(chunks(X, LABELS))
    assert not hasattr(MLPClassifier(solver="lbfgs"), "fit_batches")
    assert not hasattr(model, "coefs_")


def test_an_iterable_that_fails_leaves_a_model():
    class BrokenError(Exception):
        pass

    count = 0

    def generate():
        nonlocal count
        count += 1
        for number, chunk in enumerate(chunks(X, Y)):
            if count == 4 and number == 4:
                raise BrokenError("the disk is gone")
            yield chunk

    model = MLPRegressor(hidden_layer_sizes=(9,), random_state=0, shuffle=False)
    with pytest.raises(BrokenError, match="the disk is gone"):
        model.fit_batches(generate, shuffle_rows=200)
    assert model.n_iter_ == 2 and "the disk is gone" in model.stop_reason_
    assert np.isfinite(model.predict(X)).all()
    # What was learnt of the third epoch before it failed is in the weights: two batches of 200.
    model.set_params(max_iter=2)
    two = MLPRegressor(hidden_layer_sizes=(9,), random_state=0, shuffle=False, max_iter=2)
    two.fit_batches(chunks(X, Y))
    assert not np.array_equal(two.coefs_[0], model.coefs_[0])
    two.partial_fit(X[:400], Y[:400])
    np.testing.assert_array_equal(two.coefs_[0], model.coefs_[0])


def test_an_iterable_that_runs_dry():
    passes = []

    def dry():
        passes.append(1)
        yield from chunks(X, Y) if len(passes) < 3 else []

    model = MLPRegressor(max_iter=3, random_state=0)
    with pytest.raises(ValueError, match="batches gave no rows in epoch"):
        model.fit_batches(dry)


def test_ctrl_c_in_the_iterable():
    seen = []

    def generate():
        seen.append(1)
        for number, chunk in enumerate(chunks(X, Y)):
            if len(seen) == 3 and number == 4:
                raise KeyboardInterrupt
            yield chunk

    model = MLPRegressor(random_state=0, max_iter=5)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit_batches(generate, shuffle_rows=200)
    assert model.n_iter_ == 1 and np.isfinite(model.predict(X)).all()


def test_callbacks_and_history():
    heard = []

    class Ear(lamina.callbacks.Callback):
        every_batches = 2

        def on_batch_end(self, run):
            heard.append((run.step, run.batch, len(run.learning_rates)))

        def on_epoch_end(self, run):
            heard.append((run.epoch, run.n_batches))

    given = {"hidden_layer_sizes": (9,), "random_state": 0, "shuffle": False, "max_iter": 2}
    MLPRegressor(callbacks=[Ear()], **given).fit(X, Y)
    whole, heard[:] = list(heard), []
    MLPRegressor(callbacks=[Ear()], **given).fit_batches(chunks(X, Y), shuffle_rows=300)
    assert heard == whole
    full = MLPRegressor(**given).fit(X, Y)
    stop = StopOnTarget("loss", full.loss_curve_[0])
    model = MLPRegressor(callbacks=[stop], **given).fit_batches(chunks(X, Y))
    assert model.n_iter_ == 1 and model.history_.n_epochs == 1


@pytest.mark.parametrize("rows", [1, 500])
def test_a_callback_stops_within_an_epoch(rows):
    class Stop(lamina.callbacks.Callback):
        every_batches = 3

        def on_batch_end(self, run):
            run.stop("Enough.")

    given = {"hidden_layer_sizes": (9,), "random_state": 0, "shuffle": False}
    whole = MLPRegressor(callbacks=[Stop()], **given).fit(X, Y)
    parts = MLPRegressor(callbacks=[Stop()], **given)
    parts.fit_batches(chunks(X, Y), shuffle_rows=rows)
    same(whole, parts)
    assert parts.stop_reason_ == "Enough." and parts.n_iter_ == 0


def test_a_checkpoint_is_refused(tmp_path):
    model = MLPRegressor(max_iter=2, callbacks=[Checkpoint(tmp_path / "c")])
    with pytest.raises(lamina.ArgumentError, match="fit_batches has no run to resume"):
        model.fit_batches(chunks(X, Y))


def test_memory_stays_flat():
    def peak(n_chunks):
        def generate():
            random = np.random.default_rng(1)
            for _ in range(n_chunks):
                x = random.normal(size=(5000, 50))
                yield x, x[:, 0]

        model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, standardize="X", random_state=0)
        tracemalloc.start()
        model.fit_batches(generate, shuffle_rows=5000)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(5), peak(40)  # 2 MB each
    assert many < few + 1e6 and many < 20e6


def test_a_part_of_the_loss_that_is_shuffled_in_the_buffer():
    given = {"hidden_layer_sizes": (16,), "max_iter": 30, "random_state": 0}
    parts = MLPClassifier(**given).fit_batches(chunks(X, LABELS), shuffle_rows=250)
    other = MLPClassifier(**given).fit_batches(chunks(X, LABELS), shuffle_rows=250)
    same(parts, other)
    whole = MLPClassifier(**given).fit(X, LABELS)
    assert not np.array_equal(whole.coefs_[0], parts.coefs_[0])
    assert abs(whole.score(X, LABELS) - parts.score(X, LABELS)) < 0.03


def test_warnings_are_those_of_fit():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\)") as caught:
        MLPRegressor(max_iter=2).fit_batches(chunks(X, Y))
    assert caught[0].filename == __file__
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        MLPRegressor(max_iter=1).fit_batches([(1e4 * x, y) for x, y in chunks(X, Y)])
    own = [w for w in found if w.category is lamina.ScaleWarning]
    assert len(own) == 1 and own[0].filename == __file__


SIGNS = (Y > 0).astype(int)


def test_a_loader_may_fill_the_same_memory_again():
    def reused():
        x, y, w = np.empty((100, X.shape[1])), np.empty(100, int), np.empty(100)
        for begin in range(0, 300, 100):
            x[:], y[:], w[:] = X[begin : begin + 100], SIGNS[begin : begin + 100], 1.0
            yield x, y, w

    def fresh():
        for chunk in reused():
            yield tuple(array.copy() for array in chunk)

    one, other = (
        lamina.MLPClassifier((8,), max_iter=5, random_state=0).fit_batches(own, classes=[0, 1])
        for own in (reused, fresh)
    )
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])


def test_the_same_iterator_again_is_an_error():
    chunks = iter([(X[:100], SIGNS[:100]), (X[100:], SIGNS[100:])])
    model = lamina.MLPClassifier((5,), max_iter=1)
    with pytest.raises(ValueError, match="must give a new iterator each time"):
        model.fit_batches(lambda: chunks, classes=[0, 1])
    assert not hasattr(model, "coefs_")


def test_an_epoch_that_gives_fewer_rows_is_told():
    passes = []

    def fewer():
        passes.append(1)
        yield X[:100], SIGNS[:100]
        if len(passes) < 3:
            yield X[100:], SIGNS[100:]

    model = lamina.MLPClassifier((5,), max_iter=3, random_state=0)
    with pytest.warns(UserWarning, match=r"batches gave 100 rows in epoch \d, and \d+ before"):
        model.fit_batches(fewer, classes=[0, 1])
