"""`standardize` and `missing`: fitted inside, undone in what comes out, kept with the weights."""

import gc
import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import lamina

IRIS = load_iris(return_X_y=True)
X, Y = load_diabetes(return_X_y=True)
X = X * 10.0 ** np.arange(-4, 6)
COUNTS = np.round(Y / 20)

pytestmark = pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")


def regressor(**parameters):
    parameters = {"max_iter": 60, "random_state": 0, "standardize": True, **parameters}
    return lamina.MLPRegressor(parameters.pop("loss", "squared_error"), (20,), **parameters)


def classifier(**parameters):
    return lamina.MLPClassifier(
        (20,), **{"max_iter": 40, "random_state": 0, "standardize": True, **parameters}
    )


def holes(x, share=0.2):
    """Return x with some of its numbers missing in columns 0 and 2."""
    x, random = x.copy(), np.random.RandomState(1)
    for column in (0, 2):
        x[random.uniform(size=len(x)) < share, column] = np.nan
    return x


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_standardized_features_are_those_of_a_pipeline(dtype):
    data, y = IRIS[0].astype(dtype), IRIS[1]
    inside = classifier().fit(data, y)
    outside = make_pipeline(StandardScaler(), classifier(standardize=False)).fit(data, y)
    np.testing.assert_array_equal(inside.predict_proba(data), outside.predict_proba(data))
    np.testing.assert_array_equal(inside.x_scaler_.transform(data), outside[0].transform(data))
    assert inside.predict_proba(data).dtype == dtype
    assert inside.score(data, y) == outside.score(data, y)


@pytest.mark.parametrize("several", [False, True])
def test_a_standardized_target_is_that_of_scikit_learn(several):
    y = np.column_stack([Y, 1e4 * Y[::-1]]) if several else Y
    inside = regressor().fit(X, y)
    outside = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), regressor(standardize=False)), transformer=StandardScaler()
    ).fit(X, y)
    np.testing.assert_allclose(inside.predict(X), outside.predict(X), rtol=1e-9)
    assert inside.y_scaler_.mean_.shape == inside.y_scaler_.scale_.shape == (1 + several,)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_a_scaled_target_gives_the_same_r2(solver, factor):
    steps = 12 if solver == "lbfgs" else 60  # its line searches make much of the last bits
    usual = regressor(solver=solver, max_iter=steps).fit(X, Y)
    scaled = regressor(solver=solver, max_iter=steps).fit(X, factor * Y)
    assert usual.score(X, Y) > 0.4
    assert scaled.score(X, factor * Y) == pytest.approx(usual.score(X, Y), abs=1e-10)


def test_columns_times_powers_of_ten_give_the_same_model():
    units = 10.0 ** np.array([-30, -4, 3, 0, 12, -2, 7, 1, -9, 30])
    usual, other = regressor().fit(X, Y), regressor().fit(X * units, Y)
    np.testing.assert_allclose(other.predict(X * units), usual.predict(X), rtol=1e-10)


@pytest.mark.parametrize("unit", [1e-300, 1e-150, 1e150, 1e300])
def test_numbers_whose_squares_leave_the_range_are_scaled_all_the_same(unit):
    data = scale(X) / 4
    usual = regressor().fit(data, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        other = regressor().fit(data * unit, Y / 400 * unit)
        predicted = other.predict(data * unit)
        sparse = regressor(standardize="X").fit(scipy.sparse.csr_matrix(data * unit), Y)
    np.testing.assert_allclose(predicted / unit * 400, usual.predict(data), rtol=1e-9)
    np.testing.assert_allclose(other.x_scaler_.scale_, unit / 4)
    assert sparse.x_scaler_.scale_.max() < 1e301


def test_numbers_that_leave_the_range_once_standardized_are_named():
    model = regressor().fit(scale(X) * 1e-300, Y)
    with pytest.raises(ValueError, match="Input X, once standardized, contains infinity"):
        model.predict(scale(X) * 1e300)
    wide = np.array([[-3e38], [3e38], [-3e38]], np.float32)
    with pytest.raises(ValueError, match="Input X, once standardized, contains infinity"):
        regressor().fit(np.vstack([wide, wide[:1]]), [0, 1, 2, 3])


def test_constant_columns_and_a_constant_target_are_safe():
    data = np.column_stack([np.full(50, 7.0), np.arange(50.0), np.zeros(50)])
    model = regressor().fit(data, np.full(50, 3.0))
    np.testing.assert_array_equal(model.x_scaler_.scale_[[0, 2]], 1)
    assert model.y_scaler_.scale_ == 1
    np.testing.assert_allclose(model.predict(data), 3.0, atol=0.5)


def test_sample_weights_count_as_repetitions():
    times = np.random.RandomState(0).randint(0, 4, len(Y))
    weighted = regressor(missing="learn").fit(holes(X), Y, sample_weight=times)
    repeated = regressor(missing="learn").fit(
        np.repeat(holes(X), times, axis=0), np.repeat(Y, times)
    )
    for name in ("x_scaler_", "y_scaler_"):
        for part in ("mean_", "scale_"):
            ours, theirs = (getattr(getattr(m, name), part) for m in (weighted, repeated))
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        weighted.imputer_.statistics_, repeated.imputer_.statistics_, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("power", [-1000, 1000])
def test_huge_and_tiny_sample_weights_do_not_overflow(power):
    weights = np.ldexp(np.random.RandomState(0).uniform(1, 2, len(Y)), power)
    model, usual = regressor(), regressor()
    model.fit(X, Y, weights)
    usual.fit(X, Y, np.ldexp(weights, -power))
    np.testing.assert_allclose(model.x_scaler_.scale_, usual.x_scaler_.scale_, rtol=1e-14)


def test_a_target_of_the_output_exp_is_divided_by_its_mean():
    usual = regressor(loss="poisson").fit(X, COUNTS)
    assert usual.y_scaler_.mean_ == 0
    assert usual.y_scaler_.scale_ == pytest.approx(COUNTS.mean())
    assert (usual.predict(X) > 0).all()
    other = regressor(loss="poisson").fit(X, 1e4 * COUNTS)
    np.testing.assert_allclose(other.predict(X), 1e4 * usual.predict(X), rtol=1e-10)
    nothing = regressor(loss="poisson", max_iter=2).fit(X, 0 * COUNTS)
    assert nothing.y_scaler_.scale_ == 1


def test_quantiles_have_one_scale_and_never_cross():
    weights = np.random.RandomState(0).uniform(1, 2, len(Y))
    loss = lamina.Quantiles((0.1, 0.5, 0.9))
    usual = regressor(loss=loss).fit(X, Y, weights)
    assert usual.y_scaler_.scale_.shape == (3,)
    assert len(np.unique(usual.y_scaler_.scale_)) == len(np.unique(usual.y_scaler_.mean_)) == 1
    assert (np.diff(usual.predict(X), axis=1) >= 0).all()
    shares = (Y[:, np.newaxis] <= usual.predict(X)).mean(axis=0)
    np.testing.assert_allclose(shares, [0.1, 0.5, 0.9], atol=0.1)
    other = regressor(loss=loss).fit(X, 1e4 * Y, weights)
    np.testing.assert_allclose(other.predict(X), 1e4 * usual.predict(X), rtol=1e-9)


@pytest.mark.parametrize("loss", ["gamma", "absolute_error", "huber", "quantile"])
def test_every_loss_knows_no_units_of_the_target(loss):
    usual, other = (regressor(loss=loss).fit(X, c * (Y + 1)) for c in (1, 1e-4))
    np.testing.assert_allclose(other.predict(X), 1e-4 * usual.predict(X), rtol=1e-8)
    assert usual.score(X, Y + 1) > 0.1


def test_evaluation_sets_go_the_same_way():
    data = holes(X)
    model = regressor(missing="learn", max_iter=3).fit(data, Y, eval_set=(data, Y))
    z = model.y_scaler_.transform(Y[:, np.newaxis])[:, 0]
    predicted = model.y_scaler_.transform(model.predict(data)[:, np.newaxis])[:, 0]
    expected = 0.5 * np.mean((z - predicted) ** 2)
    assert model.history_["eval_loss"][-1] == pytest.approx(expected, rel=1e-9)


def test_sparse_features_are_scaled_and_not_centred():
    data = scipy.sparse.csr_matrix(np.where(abs(scale(X)) > 1, X, 0))
    model = regressor().fit(data, Y)
    theirs = StandardScaler(with_mean=False).fit(data)
    np.testing.assert_allclose(model.x_scaler_.scale_, theirs.scale_, rtol=1e-12)
    outside = make_pipeline(theirs, regressor(standardize="y")).fit(data, Y)
    np.testing.assert_allclose(model.predict(data), outside.predict(data), rtol=1e-9)
    np.testing.assert_allclose(model.predict(data), model.predict(data.toarray()), rtol=1e-12)
    dense = regressor().fit(data.toarray(), Y)
    np.testing.assert_allclose(dense.predict(data), dense.predict(data.toarray()), rtol=1e-12)


def test_only_what_is_asked_for_is_standardized():
    for wanted, there in {"X": "x_scaler_", "y": "y_scaler_"}.items():
        model = regressor(standardize=wanted).fit(X, Y)
        assert [name for name in vars(model) if "scaler" in name] == [there]
    model.set_params(standardize=False).fit(X, Y)
    assert not [name for name in vars(model) if "scaler" in name]


def test_losses_are_of_the_standardized_target_and_scores_in_its_own_units():
    small, large = (regressor(early_stopping=True).fit(X, c * Y) for c in (1, 1e4))
    np.testing.assert_allclose(small.loss_curve_, large.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(small.validation_scores_, large.validation_scores_, rtol=1e-9)


@pytest.mark.parametrize("how", ["warm start", "partial_fit"])
def test_statistics_of_the_first_call_stay_with_the_weights(how):
    model = regressor(warm_start=True, max_iter=1, tol=0).fit(X, Y)
    mean, target = model.x_scaler_.mean_.copy(), model.y_scaler_.mean_.copy()
    again = model.fit if how == "warm start" else model.partial_fit
    again(X + 5, Y + 100)
    np.testing.assert_array_equal(model.x_scaler_.mean_, mean)
    np.testing.assert_array_equal(model.y_scaler_.mean_, target)
    before = {name: value for name, value in vars(model).items() if name != "standardize"}
    for change in ({"standardize": False}, {"missing": "learn"}):
        model.set_params(**change)
        with pytest.raises(ValueError, match=f"{next(iter(change))} must stay as it was"):
            again(X, Y)
        model.set_params(standardize=True, missing="error")
    assert all(vars(model)[name] is value for name, value in before.items() if "caler" in name)


def test_a_fit_that_is_refused_leaves_the_earlier_scalers():
    model = regressor().fit(X, Y)
    scaler = model.x_scaler_
    with pytest.raises(ValueError, match="sample_weight must be >= 0"):
        model.fit(X + 1, Y, sample_weight=-np.ones(len(Y)))
    assert model.x_scaler_ is scaler


@pytest.mark.parametrize(
    ("make", "value", "words"),
    [
        (regressor, "x", "standardize must be True, False, 'X' or 'y', got 'x'"),
        (regressor, "Xy", "standardize must be"),
        (regressor, 1, "standardize must be"),
        (classifier, "y", "standardize must be True, False or 'X', got 'y'"),
    ],
)
def test_a_wrong_standardize_is_named(make, value, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        make(standardize=value).fit(X, COUNTS)


def test_a_wrong_missing_is_named():
    with pytest.raises(lamina.ArgumentError, match="missing must be one of 'error', 'learn'"):
        regressor(missing="mean").fit(X, Y)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_missing_numbers_are_those_of_an_imputer_with_indicators(dtype):
    data = holes(scale(X)).astype(dtype)
    inside = regressor(missing="learn", standardize=False).fit(data, Y)
    imputer = SimpleImputer(strategy="mean", add_indicator=True)
    outside = regressor(standardize=False).fit(imputer.fit_transform(data), Y)
    tolerance = 1e-9 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(
        inside.predict(data), outside.predict(imputer.transform(data)), rtol=tolerance
    )
    assert inside.n_features_in_ == 10
    assert inside.network_.n_inputs == 12
    assert inside.coefs_[0].shape == (12, 20)


def test_indicators_stay_0_and_1_beside_standardized_features():
    data = holes(X)
    model = regressor(missing="learn").fit(data, Y)
    filled = SimpleImputer(add_indicator=True).fit_transform(data)
    inputs = np.hstack([scale(filled[:, :10]), filled[:, 10:]])
    network = regressor(standardize="y").fit(inputs, Y)
    np.testing.assert_allclose(model.predict(data), network.predict(inputs), rtol=1e-8)


def test_the_weights_hold_every_constant_that_could_replace_a_missing_number():
    """A unit gets ``w (fill + m (r - fill))``: the indicator m with the weight ``w (r - fill)``."""
    data, r = holes(scale(X)), np.array([3.5, -20.0])
    model = regressor(missing="learn", standardize="y").fit(data, Y)
    W, fill = model.coefs_[0], model.imputer_.statistics_[[0, 2]]
    W[10:] = (r - fill)[:, np.newaxis] * W[[0, 2]]
    replaced = data.copy()
    for column, value in zip((0, 2), r, strict=True):
        replaced[np.isnan(data[:, column]), column] = value
    np.testing.assert_allclose(model.predict(data), model.predict(replaced), rtol=1e-10)


def test_a_replacement_is_learnt_where_being_missing_means_something():
    random = np.random.RandomState(0)
    x = random.normal(size=(600, 2))
    y = 2 * x[:, 0]
    gone = random.uniform(size=600) < 0.3
    x[gone, 0], y[gone] = np.nan, 5.0  # as if the number were 2.5, far from the mean
    model = regressor(missing="learn", max_iter=300, learning_rate_init=0.01).fit(x, y)
    assert model.score(x, y) > 0.99


def test_a_column_missing_only_later_gets_its_mean_and_no_indicator():
    model = regressor(missing="learn").fit(holes(X), Y)
    data = X.copy()
    data[:, 5] = np.nan
    means = np.where(np.isnan(data), X.mean(axis=0), data)
    np.testing.assert_allclose(model.predict(data), model.predict(means), rtol=1e-10)
    plain = regressor(missing="learn").fit(X, Y)
    assert plain.network_.n_inputs == 10
    np.testing.assert_allclose(plain.predict(data), plain.predict(means), rtol=1e-10)


def test_a_column_with_nothing_in_it():
    data = X.copy()
    data[:, 3] = np.nan
    model = regressor(missing="learn").fit(data, Y)
    assert model.network_.n_inputs == 11
    assert model.imputer_.statistics_[3] == 0
    assert np.isfinite(model.predict(data)).all()


def test_a_column_with_numbers_only_in_samples_of_weight_0_has_none():
    data, weights = X.copy(), np.ones(len(Y))
    data[:, 3], weights[:5] = np.nan, 0
    data[:5, 3] = 1e6
    model = regressor(missing="learn").fit(data, Y, weights)
    same = regressor(missing="learn").fit(data[5:], Y[5:])
    np.testing.assert_array_equal(model.imputer_.statistics_[3], 0)
    np.testing.assert_array_equal(same.imputer_.indicator_.features_, [3])
    np.testing.assert_array_equal(model.imputer_.indicator_.features_, [3])


def test_a_deviation_that_float32_rounds_to_0_is_no_division_by_0():
    data = scale(X).astype(np.float32)
    data[:, 2] = np.where(data[:, 2] > 2.5, np.float32(1e-45), 0)
    model = regressor().fit(data, Y)
    assert 0 < model.x_scaler_.scale_[2] < 1e-37
    assert np.isfinite(model.predict(data)).all()


def test_missing_numbers_in_a_sparse_matrix_are_refused_and_infinity_always():
    with pytest.raises(ValueError, match="missing='learn' needs a dense X, got a sparse matrix"):
        regressor(missing="learn").fit(scipy.sparse.csr_matrix(X), Y)
    bad = holes(X)
    bad[4, 1] = -np.inf
    with pytest.raises(ValueError, match=r"contains infinity.*row 4, column 1"):
        regressor(missing="learn").fit(bad, Y)
    with pytest.raises(ValueError, match=r"contains infinity.*row 4, column 1"):
        regressor(missing="learn").fit(X, Y).predict(bad)
    with pytest.raises(ValueError, match=r"contains NaN.*missing='learn' takes NaN"):
        regressor().fit(holes(X), Y)
    with pytest.raises(ValueError, match="contains NaN"):
        regressor(standardize=False).fit(X, Y).set_params(missing="learn").predict(holes(X))


def test_column_names_are_the_users():
    names = [f"c{i}" for i in range(10)]
    model = regressor(missing="learn").fit(pd.DataFrame(holes(X), columns=names), Y)
    assert model.feature_names_in_.tolist() == names
    assert model.n_features_in_ == 10
    nameless = regressor(missing="learn").fit(holes(X), Y)
    with pytest.raises(ValueError, match="X has 12 features, but MLPRegressor is expecting 10"):
        nameless.predict(np.zeros((3, 12)))


MODELS = {
    "regressor": lambda: regressor(missing="learn").fit(holes(X), Y),
    "X only": lambda: regressor(standardize="X").fit(X, Y),
    "several": lambda: regressor().fit(X, np.column_stack([Y, -Y])),
    "poisson": lambda: regressor(loss="poisson").fit(X, COUNTS),
    "classifier": lambda: classifier(missing="learn").fit(holes(X), Y > 100),
    "float32": lambda: regressor(missing="learn").fit(holes(X).astype(np.float32), Y),
    "sparse": lambda: regressor().fit(scipy.sparse.csr_matrix(X), Y),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_way_to_predict_gives_the_same_bits(name, tmp_path):
    model = MODELS[name]()
    data = (holes(X) if hasattr(model, "imputer_") else X).astype(model.coefs_[0].dtype)
    answer = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    expected = getattr(model, answer)(data)
    assert model._forward(data, model.coefs_, model.intercepts_, None) is not None
    model.save(tmp_path / "model")
    others = [lamina.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))]
    for other in [model, *others]:
        np.testing.assert_array_equal(getattr(other, answer)(data.tolist()), expected)
        np.testing.assert_array_equal(getattr(other, answer)(np.asfortranarray(data)), expected)
        np.testing.assert_array_equal(getattr(other, answer)(data[5:6]), expected[5:6])
    bare = model.predictor()(data)
    shown = expected[:, 1:] if answer == "predict_proba" else expected.reshape(bare.shape)
    np.testing.assert_array_equal(bare, shown)
    assert not hasattr(clone(model), "x_scaler_")
    with pytest.raises(ValueError, match=r"x must have shape \(n_samples, 10\)"):
        model.predictor()(data[:, :4])


def test_training_goes_on_with_the_same_bits_after_loading(tmp_path):
    model = regressor(missing="learn").fit(holes(X), Y)
    model.save(tmp_path / "model")
    other = lamina.load(tmp_path / "model")
    for each in (model, other):
        each.partial_fit(holes(X), Y)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    filled = model.imputer_.transform(holes(X))
    np.testing.assert_array_equal(other.imputer_.transform(holes(X)), filled)


def test_a_fit_that_was_cut_off_goes_on_with_the_same_scalers(tmp_path):
    path, data = tmp_path / "checkpoint", holes(X)
    whole = regressor(missing="learn").fit(data, Y)
    stop = lamina.callbacks.StopOnTarget("loss", whole.loss_curve_[9])
    part = regressor(missing="learn", callbacks=[stop, lamina.callbacks.Checkpoint(path)])
    assert part.fit(data, Y).n_iter_ < whole.n_iter_
    other = lamina.resume(path, data, Y)
    np.testing.assert_array_equal(other.predict(data), whole.predict(data))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("x_scaler_", lambda own: setattr(own, "scale_", own.scale_ * 0)),
        ("x_scaler_", lambda own: setattr(own, "mean_", own.mean_ * np.nan)),
        ("x_scaler_", lambda own: setattr(own, "mean_", own.mean_[:3])),
        ("x_scaler_", lambda own: setattr(own, "mean_", own.mean_.astype("f4"))),
        ("x_scaler_", lambda own: setattr(own, "n_samples_seen_", "many")),
        ("y_scaler_", lambda own: setattr(own, "scale_", -own.scale_)),
        ("imputer_", lambda own: setattr(own, "statistics_", own.statistics_ * np.inf)),
        ("imputer_", lambda own: setattr(own.indicator_, "features_", np.array([2, 0]))),
        ("imputer_", lambda own: setattr(own.indicator_, "features_", np.array([2, 70]))),
        ("imputer_", lambda own: setattr(own.indicator_, "features_", np.array([2]))),
    ],
)
def test_a_file_with_numbers_that_no_scaler_has_is_refused(name, change):
    model = regressor(missing="learn", max_iter=2).fit(holes(X), Y)
    change(getattr(model, name))
    with np.errstate(invalid="ignore"), pytest.raises(lamina.FileError):
        lamina.files.loads(lamina.files.dumps(model))


def test_tags_say_whether_nan_is_taken():
    assert regressor(missing="learn").__sklearn_tags__().input_tags.allow_nan
    assert not regressor().__sklearn_tags__().input_tags.allow_nan


def test_no_copy_of_the_data_outlives_the_fit():
    x = np.random.RandomState(0).standard_normal((20_000, 50))
    model = regressor(max_iter=1)
    model.fit(x[:100], x[:100, 0])  # what is made once and for all
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        model.fit(x, x[:, 0])
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert left < x.nbytes / 10


@pytest.mark.parametrize(
    ("before", "after"),
    [("squared_error", "poisson"), ("poisson", "squared_error"), ("squared_error", "gamma")],
)
@pytest.mark.parametrize("standardize", [True, "y"])
def test_going_on_with_a_loss_of_another_output_is_refused(before, after, standardize):
    x, y = scale(X), COUNTS + 1
    model = regressor(loss=before, standardize=standardize, warm_start=True).fit(x, y)
    kept = [own.copy() for own in model.coefs_]
    words = f"loss must be one whose output function is .* to go on training .*got '{after}'"
    for go_on in (
        lambda: model.fit(x, y),
        lambda: model.partial_fit(x, y),
        lambda: model.fit_batches([(x, y)]),
    ):
        with pytest.raises(ValueError, match=words):
            model.set_params(loss=after)
            go_on()
    for one, other in zip(kept, model.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    model.set_params(warm_start=False).fit(x, y)
    assert model.score(x, y) > 0.2


def test_going_on_with_another_loss_of_the_same_output_works():
    model = regressor(loss="poisson", warm_start=True, max_iter=20).fit(X, COUNTS + 1)
    assert model.set_params(loss="gamma").fit(X, COUNTS + 1).score(X, COUNTS + 1) > 0.2
    model = regressor(warm_start=True).fit(X, Y)
    assert model.set_params(loss="huber").fit(X, Y).score(X, Y) > 0.3
    plain = regressor(standardize=False, warm_start=True, max_iter=1).fit(X, COUNTS)
    plain.set_params(loss="poisson").fit(X / 1e9, COUNTS)  # no scales that could be wrong
