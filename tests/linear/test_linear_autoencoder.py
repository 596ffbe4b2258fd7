"""L2: the linear autoencoder by singular values, chunk by chunk and trained."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina
from lamina.linear import LinearAutoencoder, Moments

EXAMPLES = settings(deadline=None, max_examples=30, derandomize=True, database=None)
RULES = [
    lamina.GradientDescent(),
    lamina.Momentum(),
    lamina.SGD(),
    lamina.Nesterov(),
    lamina.AdaGrad(),
    lamina.RMSProp(),
    lamina.AdaDelta(),
    lamina.Adam(),
    lamina.AdaMax(),
    lamina.NAdam(),
    lamina.MaxProp(),
    "lbfgs",
]


def matrix(seed=0, n=60, d=7):
    random = np.random.RandomState(seed)
    return random.randn(n, d) @ np.diag(np.linspace(3, 0.5, d)) @ random.randn(d, d) + 5


@parametrize_with_checks(
    [
        LinearAutoencoder(),
        LinearAutoencoder(n_components=1, center=False),
        LinearAutoencoder(n_components=1, solver=lamina.Adam(), max_iter=300),
    ]
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
@pytest.mark.parametrize("solver", ["svd", "lanczos"])
def test_exact_solvers_are_sklearns_pca(load, solver):
    X = load().data
    ours = LinearAutoencoder(3, solver=solver, random_state=0).fit(X)
    pca = PCA(3, svd_solver="full").fit(X)
    np.testing.assert_allclose(ours.components_, pca.components_, atol=1e-9)
    for name in ("singular_values_", "explained_variance_", "explained_variance_ratio_", "mean_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(pca, name), rtol=1e-10)
    np.testing.assert_allclose(ours.transform(X), pca.transform(X), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(
        ours.inverse_transform(ours.transform(X)),
        pca.inverse_transform(pca.transform(X)),
        atol=1e-7,
    )


def test_without_centring_it_is_sklearns_truncated_svd():
    X = matrix()
    ours = LinearAutoencoder(3, center=False).fit(X)
    theirs = TruncatedSVD(3, algorithm="arpack", random_state=0).fit(X)
    np.testing.assert_allclose(ours.singular_values_, theirs.singular_values_, rtol=1e-12)
    np.testing.assert_allclose(
        ours.inverse_transform(ours.transform(X)),
        theirs.inverse_transform(theirs.transform(X)),
        atol=1e-10,
    )
    assert not ours.mean_.any()


@pytest.mark.parametrize("solver", ["svd", "lanczos", lamina.Adam()])
def test_error_is_half_the_mean_of_the_squares_left_out(solver):
    X = matrix()
    model = LinearAutoencoder(3, solver=solver, random_state=0).fit(X)
    rest = X - model.inverse_transform(model.transform(X))
    expected = 0.5 * np.mean(np.sum(rest**2, axis=1))
    assert model.reconstruction_error_ == pytest.approx(expected, rel=1e-9)
    s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    assert model.optimum_ == pytest.approx(0.5 * np.sum(s[3:] ** 2) / len(X), rel=1e-9)


@EXAMPLES
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_no_linear_map_of_the_rank_does_better(seed, m):
    random = np.random.RandomState(seed)
    X = random.randn(20, 5)
    X -= X.mean(axis=0)
    least = LinearAutoencoder(m).fit(X).optimum_
    for _ in range(10):
        encoder = random.randn(5, m)
        decoder = np.linalg.lstsq(X @ encoder, X, rcond=None)[0]  # the best for this encoder
        assert 0.5 * np.mean(np.sum((X - X @ encoder @ decoder) ** 2, axis=1)) >= least - 1e-12


@pytest.mark.parametrize("solver", RULES, ids=str)
def test_every_rule_reaches_the_eckart_young_optimum(solver):
    X = StandardScaler().fit_transform(load_wine().data)
    model = LinearAutoencoder(4, solver=solver, random_state=1).fit(X)
    pca = PCA(4).fit(X)
    assert -1e-12 < model.gap_ < 1e-6
    Z = X - model.mean_
    raw = 0.5 * np.mean(np.sum((Z - Z @ model.encoder_ @ model.decoder_) ** 2, axis=1))
    best = 0.5 * np.mean(np.sum((X - pca.inverse_transform(pca.transform(X))) ** 2, axis=1))
    assert raw == pytest.approx(best, rel=1e-6)
    assert subspace_angles(model.components_.T, pca.components_.T).max() < 1e-2
    np.testing.assert_allclose(model.components_, pca.components_, atol=1e-2)


def test_adam_reaches_it_on_raw_columns_of_very_different_sizes():
    X = load_wine().data  # columns of variance 0.02 and 100,000
    model = LinearAutoencoder(5, solver=lamina.Adam(), random_state=0).fit(X)
    assert model.gap_ < 1e-6
    assert model.n_polish_ == 0


@pytest.mark.parametrize("shape", [(12, 30), (6, 6), (2, 3), (50, 2)])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("whiten", [True, False])
def test_training_reaches_it_for_all_shapes(shape, center, whiten):
    X = np.random.RandomState(0).randn(*shape) + 1
    model = LinearAutoencoder(1, solver=lamina.Adam(), center=center, whiten=whiten, random_state=0)
    assert model.fit(X).gap_ < 1e-6
    exact = LinearAutoencoder(1, center=center).fit(X)
    np.testing.assert_allclose(model.components_, exact.components_, atol=1e-2)


def test_the_loss_curve_is_the_loss_and_falls_to_the_optimum():
    X = matrix()
    model = LinearAutoencoder(2, solver=lamina.GradientDescent(), random_state=0).fit(X)
    assert len(model.loss_curve_) == model.n_iter_ + model.n_polish_
    assert (np.diff(model.loss_curve_) <= 1e-12).all()
    assert model.loss_curve_[-1] == pytest.approx(model.optimum_, rel=1e-8)


def test_polishing_ends_what_a_rule_leaves_undone():
    X = matrix()
    rough = LinearAutoencoder(2, solver=lamina.Adam(), max_iter=40, polish=False, random_state=0)
    with pytest.warns(ConvergenceWarning, match="relative gap of .* to the Eckart-Young optimum"):
        rough.fit(X)
    polished = clone(rough).set_params(polish=True).fit(X)
    assert polished.gap_ < 1e-6 < rough.gap_
    assert polished.n_iter_ == rough.n_iter_ == 40
    assert polished.n_polish_ > 0 == rough.n_polish_


def test_weight_decay_moves_the_optimum_and_is_told():
    model = LinearAutoencoder(
        2, solver=lamina.AdamW(strength=0.5), polish=False, max_iter=2000, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="WeightDecay"):
        model.fit(matrix())


def test_divergence_is_an_error():
    model = LinearAutoencoder(2, solver=lamina.GradientDescent(), learning_rate_init=100.0)
    with pytest.raises(lamina.DivergenceError, match="lower learning_rate_init"):
        model.fit(matrix())


def test_encoder_and_decoder_stand_at_a_critical_point_of_the_notes_gradients():
    X = matrix()
    model = LinearAutoencoder(2, solver=lamina.Adam(), tol=1e-12, random_state=0).fit(X)
    Z = X - model.mean_
    moments = Moments.of(Z, Z)
    net = model.deep_linear()
    assert net.loss(moments) == pytest.approx(model.optimum_, rel=1e-9)
    slopes = net.gradients(moments)
    for gradient, weights in zip(slopes, net.weights, strict=True):
        assert np.abs(gradient).max() * np.abs(weights).max() < 1e-4 * model.optimum_
    # The note's own, sample by sample, with columns: D'(y - x)x' and (y - x)x'C'.
    C, D = model.encoder_.T, model.decoder_.T
    by_sample = np.mean([np.outer(D.T @ (D @ C @ z - z), z) for z in Z], axis=0)
    np.testing.assert_allclose(slopes[0], by_sample.T, atol=1e-9)


def test_rank_of_the_reconstruction_is_the_code_size():
    X = matrix()
    model = LinearAutoencoder(3, center=False).fit(X)
    assert np.linalg.matrix_rank(model.inverse_transform(model.transform(X))) == 3


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_more_components_than_the_rank_limit_are_refused_in_words(fit):
    words = "n_components must be at most .* = 7: the data matrix has no larger rank"
    with pytest.raises(lamina.ArgumentError, match=words):
        getattr(LinearAutoencoder(8), fit)(matrix())


def test_few_samples_limit_the_rank_too():
    with pytest.raises(lamina.ArgumentError, match=r"min\(n_samples, n_features\) = 3"):
        LinearAutoencoder(4).fit(matrix(n=3))


@pytest.mark.parametrize("solver", ["svd", "lanczos", lamina.Adam()])
def test_components_beyond_the_rank_are_warned_of(solver):
    X = np.random.RandomState(0).randn(30, 2) @ np.random.RandomState(1).randn(2, 6)
    model = LinearAutoencoder(4, solver=solver, random_state=0)
    with pytest.warns(UserWarning, match="centred data have rank 2: components beyond"):
        model.fit(X)
    assert model.rank_ == 2
    np.testing.assert_allclose(model.components_ @ model.components_.T, np.eye(4), atol=1e-8)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X, atol=1e-3)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_components": 0}, "n_components must be an integer"),
        ({"n_components": 2.0}, "n_components must be an integer"),
        ({"n_components": True}, "n_components must be an integer"),
        ({"solver": "newton"}, "a rule object, as lamina.Adam.., or one of 'svd', .*'adam'"),
        ({"solver": None}, "solver must be"),
        ({"solver": lamina.Adam}, "solver must be"),
        ({"center": "yes"}, "center must be True or False"),
        ({"whiten": 1}, "whiten must be True or False"),
        ({"polish": None}, "polish must be True or False"),
        ({"learning_rate": 0.1}, "learning_rate must be a Schedule"),
        ({"learning_rate_init": 0}, "learning_rate_init must be"),
        ({"max_iter": 0}, "max_iter must be"),
        ({"tol": -1.0}, "tol must be"),
        ({"n_components": 3, "n_kept": 2}, r"n_kept must be an integer in \[3, inf\)"),
        ({"n_components": 7, "solver": "lanczos"}, "below min"),
    ],
)
def test_bad_parameters_are_named(parameters, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        LinearAutoencoder(**parameters).fit(matrix())


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.empty((0, 3)), "0 sample"),
        ([[1.0, 2.0]], "minimum of 2 is required"),
        ([1.0, 2.0], "Expected 2D array"),
        ([[1.0, np.nan], [0.0, 1.0]], "NaN: the first is at row 0, column 1"),
        ([[1.0, 2.0], [np.inf, 1.0]], "infinity .* row 1, column 0"),
        ([["a", "b"], ["c", "d"]], "could not convert string"),
        ([[1e200, 0.0], [-1e200, 1.0]], "sum of its squares overflows float64"),
    ],
)
@pytest.mark.parametrize("solver", ["svd", lamina.Adam()])
def test_bad_data_are_refused_in_words(X, words, solver):
    with pytest.raises(ValueError, match=words):
        LinearAutoencoder(1, solver=solver).fit(X)


@pytest.mark.parametrize("solver", ["svd", lamina.Adam(), "lbfgs"])
def test_constant_columns_have_nothing_to_explain(solver):
    X = np.full((5, 3), 7.0)
    model = LinearAutoencoder(solver=solver, random_state=0).fit(X)
    assert model.rank_ == 0
    assert not model.explained_variance_ratio_.any()
    assert np.array_equal(model.inverse_transform(model.transform(X)), X)


def test_codes_of_another_width_are_refused():
    model = LinearAutoencoder(2).fit(matrix())
    with pytest.raises(lamina.ArgumentError, match=r"codes of shape \(n_samples, 2\)"):
        model.inverse_transform(np.ones((3, 4)))
    with pytest.raises(NotFittedError):
        LinearAutoencoder().transform(matrix())


def test_frames_keep_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(matrix(d=3), columns=["a", "b", "c"])
    model = LinearAutoencoder(2).fit(frame).set_output(transform="pandas")
    names = ["linearautoencoder0", "linearautoencoder1"]
    assert list(model.transform(frame).columns) == list(model.get_feature_names_out()) == names
    with pytest.raises(ValueError, match="'b'"):
        model.transform(frame.assign(b=np.nan))


def test_the_same_random_state_gives_the_same_bits_and_pickles_keep_them():
    X = matrix()
    one, two = (LinearAutoencoder(2, solver=lamina.Adam(), random_state=3).fit(X) for _ in range(2))
    assert np.array_equal(one.encoder_, two.encoder_)
    again = pickle.loads(pickle.dumps(one))
    assert np.array_equal(again.transform(X), one.transform(X))


def test_the_users_data_stay_as_they_are():
    X = matrix()
    before = X.copy()
    X.setflags(write=False)
    LinearAutoencoder(2).partial_fit(X[::2]).partial_fit(X[::-1, :])
    LinearAutoencoder(2, solver="lanczos").fit(X)
    assert np.array_equal(X, before)


@pytest.mark.parametrize("solver", ["svd", lamina.Momentum()])
def test_the_summary_has_the_numbers(solver):
    model = LinearAutoencoder(2, solver=solver, random_state=0).fit(matrix())
    text = model.summary()
    assert "7 -> 2 -> 7" in text
    assert f"{model.optimum_:.6g} (Eckart-Young)" in text or "the least of this rank" in text
    assert f"{model.explained_variance_ratio_.sum():.1%}" in text
    assert ("trained encoder_ and decoder_ themselves" in text) == (solver != "svd")
    assert ("the least of this rank (Eckart-Young)" in text) == (solver == "svd")
    if solver != "svd":
        assert f"{model.gap_:.1e}" in text


def test_a_rule_by_name_is_the_rule_with_its_defaults():
    X = matrix()
    named = LinearAutoencoder(2, solver="momentum", random_state=0).fit(X)
    given_ = LinearAutoencoder(2, solver=lamina.Momentum(), random_state=0).fit(X)
    assert np.array_equal(named.encoder_, given_.encoder_)
    assert "trained by momentum" in named.summary()


def test_the_two_models_of_a_training_are_told_apart():
    X = matrix()
    model = LinearAutoencoder(2, solver="adam", max_iter=40, polish=False, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X)
    Z = X - model.mean_
    trained = 0.5 * np.mean(np.sum((Z - Z @ model.encoder_ @ model.decoder_) ** 2, axis=1))
    assert trained > model.reconstruction_error_ * (1 + 1e-6)
    assert model.gap_ == pytest.approx(trained / model.optimum_ - 1, rel=1e-6)
    lines = model.summary().splitlines()
    assert f"transform and back {model.reconstruction_error_:.6g}" in lines[2]
    assert f"decoder_ themselves have a loss above the least by {model.gap_:.1e}" in lines[3]


def test_lanczos_finds_nothing_in_constant_data():
    X = np.ones((5, 3))
    model = LinearAutoencoder(2, solver="lanczos")
    with pytest.warns(UserWarning, match="rank 0"):
        model.fit(X)
    assert model.rank_ == 0
    assert model.reconstruction_error_ == 0
    np.testing.assert_array_equal(model.inverse_transform(model.transform(X)), X)


@pytest.mark.parametrize("solver", ["svd", "lanczos", "lbfgs", "adam"])
@pytest.mark.parametrize("size", [1e-300, 1e-160])
def test_data_too_small_to_square_are_refused(solver, size):
    with pytest.raises(ValueError, match="X is too small: its squares underflow"):
        LinearAutoencoder(2, solver=solver).fit(matrix() * size)


@pytest.mark.parametrize("solver", ["svd", "lanczos", "lbfgs", "momentum"])
@pytest.mark.parametrize("size", [1e-125, 1e125])
def test_the_size_of_the_data_plays_no_part(solver, size):
    ours = LinearAutoencoder(2, solver=solver, random_state=0).fit(matrix() * size)
    plain = LinearAutoencoder(2).fit(matrix())
    ratios = plain.explained_variance_ratio_
    np.testing.assert_allclose(ours.explained_variance_ratio_, ratios, rtol=1e-5)
    assert ours.rank_ == (2 if solver == "lanczos" else 7)


def test_one_is_not_in_the_plural():
    model = LinearAutoencoder(1, center=False).fit([[1.0, 2.0]])
    assert "1 sample\n" in model.summary()
