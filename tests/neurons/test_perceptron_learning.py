"""The learning algorithms against the note's loops in whole numbers, and their theorem."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import sklearn.linear_model
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lamina.neurons import Perceptron
from lamina.neurons.perceptron.correction import Points, sweep

ALGORITHMS = ["modified", "original"]


def plain(X, positive, passes, algorithm="modified", start=None):
    """Algorithms 1 and 2 of note 002 §2.3 as written, in Python's whole numbers.

    `passes` are orders of samples. Return the weights, bias first, and the samples corrected.
    """
    rows = [[1, *(int(value) for value in row)] for row in X]
    w = [int(value) for value in (start if start is not None else [0] * len(rows[0]))]
    corrected = []
    for order in passes:
        for i in order:
            x = rows[i]
            if algorithm == "original":
                z = sum(a * b for a, b in zip(w, x, strict=True))
                if positive[i] and z < 0:
                    w = [a + b for a, b in zip(w, x, strict=True)]
                elif not positive[i] and z >= 0:
                    w = [a - b for a, b in zip(w, x, strict=True)]
                else:
                    continue
            else:
                p = x if positive[i] else [-value for value in x]
                if sum(a * b for a, b in zip(w, p, strict=True)) > 0:
                    continue
                w = [a + b for a, b in zip(w, p, strict=True)]
            corrected.append(i)
    return w, corrected


def fitted(model, X, y, **start):
    """Return the model after `fit`, without its warning, and its weights, bias first."""
    model.fit(X, y, **start)
    return model, [*model.intercept_, *model.coef_[0]]


@st.composite
def labelled(draw, n=24, d=3, size=9):
    """Points of whole numbers, both classes present."""
    d, numbers = draw(st.integers(1, d)), st.integers(-size, size)
    rows = draw(st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=2, max_size=n))
    y = np.array(draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    assume(y.any() and not y.all())
    return np.array(rows, dtype=float), y


@st.composite
def separable(draw):
    """Points of whole numbers and weights that separate them, bias first."""
    X, _ = draw(labelled())
    m = X.shape[1] + 1
    w = np.array(draw(st.lists(st.integers(-9, 9), min_size=m, max_size=m)))
    z = X @ w[1:] + w[0]
    assume((z != 0).all() and (z > 0).any() and (z < 0).any())
    return X, z > 0, w


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@settings(max_examples=150, deadline=None)
@given(data=labelled(), passes=st.integers(1, 12))
def test_blocks_give_what_one_point_after_the_other_gives(algorithm, data, passes):
    X, y = data
    model = Perceptron(algorithm=algorithm, max_iter=passes, trace=True)
    model, weights = fitted(model, X, y)
    w, corrected = plain(X, y, [range(len(X))] * model.n_iter_, algorithm)
    assert (weights, model.trace_.sample.tolist()) == (w, corrected)
    assert model.n_corrections_ == len(corrected)
    if not model.converged_:
        assert model.n_iter_ >= min(passes, 10)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_blocks_of_every_size_give_what_one_point_after_the_other_gives(algorithm):
    random = np.random.RandomState(0)
    X = random.randint(-50, 51, size=(60_000, 4)).astype(float)
    y = X @ [3, -2, 5, 1] + 7 > 0
    order = random.permutation(len(X))
    for given_order in (None, order):
        points, w = Points.signed(X, y, algorithm=algorithm), np.zeros(5)
        found = [sample for _, sample in sweep(points, w, given_order)]
        passes = [range(len(X)) if given_order is None else order.tolist()]
        assert (w.tolist(), found) == plain(X, y, passes, algorithm)
        assert 10 < len(found) < 2000


def test_a_margin_has_the_same_bits_in_every_block():
    random = np.random.RandomState(1)
    X, w = random.normal(size=(500, 37)), random.normal(size=38)
    points = Points.signed(X, random.uniform(size=500) < 0.5)
    together = points.margins(w)
    alone = np.concatenate([points.margins(w, slice(i, i + 1)) for i in range(500)])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(points.margins(w, np.arange(499, -1, -1)), together[::-1])
    np.testing.assert_allclose(points.rows() @ w, together, rtol=1e-12)


@pytest.mark.parametrize("passes", [1, 2, 5, 30])
@pytest.mark.parametrize("bias", [True, False])
def test_weights_are_scikit_learns_after_every_number_of_passes(bias, passes):
    random = np.random.RandomState(2)
    X = random.normal(size=(400, 6))
    z = X @ [1, -1, 2, 0, 0.5, 1]
    y = np.where(z > 0.3 * bias, "yes", "no")
    ours, weights = fitted(Perceptron(max_iter=passes, fit_intercept=bias), X, y)
    theirs = sklearn.linear_model.Perceptron(
        max_iter=passes, tol=None, shuffle=False, fit_intercept=bias
    ).fit(X, y)
    assert weights == [*theirs.intercept_, *theirs.coef_[0]]
    unit = X / np.linalg.norm(X, axis=1)[:, None]
    ours = Perceptron(max_iter=passes, normalize=True, fit_intercept=False).fit(X, y)
    theirs = sklearn.linear_model.Perceptron(
        max_iter=ours.n_iter_, tol=None, shuffle=False, fit_intercept=False
    ).fit(unit, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-12)


def exact_bound(X, y, w):
    """Return R²/γ² for the separating weights w, bias first, as a fraction."""
    points = [[1, *map(int, row)] for row in X]
    inner = [abs(sum(int(a) * b for a, b in zip(w, p, strict=True))) for p in points]
    square = sum(int(a) ** 2 for a in w)
    return Fraction(max(sum(b * b for b in p) for p in points) * square, min(inner) ** 2)


@pytest.mark.parametrize("order", ["cyclic", "random"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@settings(max_examples=60, deadline=None)
@given(data=separable(), seed=st.integers(0, 99))
def test_corrections_are_never_more_than_the_bound(algorithm, order, data, seed):
    X, y, w = data
    limit = exact_bound(X, y, w)
    passes = int(limit) + 2 if order == "cyclic" else 3000
    assume(passes <= 3000)
    model = Perceptron(
        algorithm=algorithm, order=order, max_iter=passes, trace=True, random_state=seed
    ).fit(X, y)
    assert model.converged_ and model.score(X, y) == 1
    assert model.n_corrections_ <= limit
    # The widest margin gives the least bound of all separating weights.
    assert model.n_corrections_ <= model.bound_ <= float(limit) * (1 + 1e-9)
    assert model.trace_.holds


@settings(max_examples=60, deadline=None)
@given(data=separable(), bias=st.booleans())
def test_with_normalised_points_the_bound_is_one_over_delta_squared(data, bias):
    X, y, _ = data
    assume(bias or X.any(axis=1).all())
    model = Perceptron(normalize=True, fit_intercept=bias, trace=True, max_iter=300).fit(X, y)
    assume(model.converged_)
    bound = model.trace_.bound
    assert bound.radius == pytest.approx(1)
    assert model.bound_ == pytest.approx(1 / bound.margin**2)
    assert model.n_corrections_ <= model.bound_ * (1 + 1e-9)
    assert model.trace_.holds and model.score(X, y) == 1
    lengths = np.linalg.norm(np.diff(model.trace_.weights, axis=0), axis=1)
    np.testing.assert_allclose(lengths, 1)


@settings(max_examples=60, deadline=None)
@given(data=separable(), start=st.lists(st.integers(-99, 99), min_size=4, max_size=4))
def test_from_other_weights_the_inequality_and_its_bound_hold_too(data, start):
    X, y, _ = data
    start = start[: X.shape[1] + 1]
    model = Perceptron(trace=True, max_iter=3000)
    model.fit(X, y, coef_init=start[1:], intercept_init=start[0])
    assume(model.converged_)
    trace, bound = model.trace_, model.trace_.bound
    assert trace.weights[0].tolist() == start
    assert (
        trace.weights[-1].tolist() == plain(X, y, [range(len(X))] * model.n_iter_, start=start)[0]
    )
    assert trace.holds and len(trace) <= bound.corrections * (1 + 1e-9) + 1e-9
    if bound.corrections > 1e-6:  # where both ends of the inequality meet
        k = bound.corrections
        assert bound.lower(k) == pytest.approx(bound.upper(k), rel=1e-6)


def test_the_numbers_of_a_trace_by_hand():
    # p_1 = (1, 2) and p_2 = (-1, -1). The point of their hull next to 0 is 5/13 p_1 + 8/13 p_2 =
    # (-3, 2)/13, so w* = (-3, 2)/sqrt(13) and γ = 1/sqrt(13); R² = 5.
    model = Perceptron(trace=True).fit([[2], [1]], ["b", "a"])
    trace, root = model.trace_, np.sqrt(13)
    np.testing.assert_allclose(trace.bound.separator, [-3 / root, 2 / root])
    assert trace.bound.margin == pytest.approx(1 / root) and model.bound_ == pytest.approx(65)
    assert trace.weights[:6].tolist() == [[0, 0], [1, 2], [0, 1], [-1, 0], [0, 2], [-1, 1]]
    assert trace.weights[-1].tolist() == [-3, 2] and len(trace) == model.n_corrections_ == 13
    assert trace.sample[:5].tolist() == [0, 1, 1, 0, 1] and trace.epoch[:5].tolist() == [
        1,
        1,
        2,
        3,
        3,
    ]
    np.testing.assert_allclose(trace.alignment * root, np.arange(14))  # both points are nearest
    np.testing.assert_allclose(trace.lower * root, np.arange(14))
    np.testing.assert_allclose(trace.upper**2, 5 * np.arange(14))
    assert trace.squared_norm[:6].tolist() == [0, 5, 1, 1, 4, 2]
    assert np.isnan(trace.angle[0])
    np.testing.assert_allclose(
        trace.angle[[2, 13]], [np.degrees(np.arccos(2 / root)), 0], atol=1e-6
    )


def errors_of_the_best_line(X, y):
    """Return the fewest points that must go before the others are separable, by HiGHS."""
    points = np.where(y[:, None], 1, -1) * np.column_stack([np.ones(len(X)), X])
    for n in range(len(X)):
        for gone in combinations(range(len(X)), n):
            left = np.delete(points, gone, axis=0)
            ones = np.ones(len(left))
            found = linprog(np.zeros(points.shape[1]), -left, -ones, bounds=(None, None))
            if found.status == 0:
                return n
    return len(X)


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
@pytest.mark.parametrize("seed", range(5))
def test_the_pocket_comes_to_hold_the_best_line(seed):
    random = np.random.RandomState(seed)
    X, y = random.randint(-4, 5, size=(9, 2)).astype(float), random.uniform(size=9) < 0.5
    best = errors_of_the_best_line(X, y)
    model = Perceptron(pocket=True, order="random", random_state=0, max_iter=3000).fit(X, y)
    assert model.n_errors_ == best == np.count_nonzero(model.predict(X) != y)
    assert model.converged_ == (best == 0)


@pytest.mark.filterwarnings("ignore:Perceptron stopped")
@settings(max_examples=50, deadline=None)
@given(data=labelled(), order=st.sampled_from(["cyclic", "random"]))
def test_the_pocket_counts_the_errors_of_its_own_weights(data, order):
    X, y = data
    model = Perceptron(pocket=True, order=order, random_state=0, max_iter=20).fit(X, y)
    assert model.n_errors_ == np.count_nonzero(model.predict(X) != y)
    assert model.n_errors_ == 0 or not model.converged_
    worse = Perceptron(pocket=True, order=order, random_state=0, max_iter=2).fit(X, y)
    assert model.n_errors_ <= worse.n_errors_
