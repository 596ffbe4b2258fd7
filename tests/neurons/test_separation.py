"""Separability against HiGHS, support vector machines and the rational numbers."""

import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog
from sklearn.svm import SVC

from lamina.neurons import UndecidedError, as_table, rows, separate
from lamina.neurons.separability import exact, hulls
from lamina.neurons.separability.separation import decide

RANDOM = np.random.RandomState(0)


def feasible(X, signs, fit_bias=True):
    """Whether w and b with s (w · x + b) >= 1 exist, by SciPy's HiGHS."""
    Z = np.column_stack([X, np.ones(len(X))]) if fit_bias else np.asarray(X, dtype=float)
    Z = Z * np.asarray(signs)[:, None]
    free = (None, None)
    return linprog(np.zeros(Z.shape[1]), -Z, -np.ones(len(Z)), bounds=free).status == 0


def assert_proven(X, y, found):
    """Check the certificate in fractions, without lamina's code."""
    exactly = [[Fraction(float(value)) for value in row] for row in np.asarray(X)]
    signs = [1 if label == found.classes[-1] else -1 for label in np.asarray(y).tolist()]
    weighted = list(zip(found.support.tolist(), found.convex_weights, strict=True))
    assert all(weight > 0 for _, weight in weighted)
    for group in ((1,), (-1,)) if found.fit_bias else ((1, -1),):
        assert sum(weight for row, weight in weighted if signs[row] in group) == 1
    v = [
        sum(weight * signs[row] * exactly[row][k] for row, weight in weighted)
        for k in range(len(exactly[0]))
    ]
    if not found.separable:
        assert not any(v)
        return
    heights = [sum(a * b for a, b in zip(v, row, strict=True)) for row in exactly]
    up = [h for h, s in zip(heights, signs, strict=True) if s > 0]
    down = [-h for h, s in zip(heights, signs, strict=True) if s < 0]
    lowest = min(up) + min(down) if found.fit_bias else min(up + down)
    square = sum(value * value for value in v)
    assert lowest == square  # no row is nearer to the plane than its group's point of the hull
    margin = Fraction(found.margin) * (2 if found.fit_bias else 1)
    assert abs(margin**2 / square - 1) < Fraction(1, 10**15)


POINTS = st.integers(1, 4).flatmap(
    lambda d: arrays(
        np.int64, st.tuples(st.integers(1, 12), st.just(d)), elements=st.integers(-3, 3)
    )
)


@settings(max_examples=150)
@given(POINTS, st.data(), st.booleans())
def test_the_answer_is_that_of_highs_and_is_proven(X, data, fit_bias):
    y = data.draw(arrays(np.int64, len(X), elements=st.integers(0, 1)))
    found = separate(X, y, fit_bias=fit_bias)
    signs = np.where(y == y.max(), 1, -1)
    assert found.separable == feasible(X, signs, fit_bias)
    assert found.verify()
    if len(found.support):
        assert_proven(X, y, found)


@settings(max_examples=100)
@given(
    st.integers(1, 3).flatmap(
        lambda d: arrays(
            np.float64,
            st.tuples(st.integers(2, 9), st.just(d)),
            elements=st.floats(allow_nan=False, allow_infinity=False),
        )
    )
)
def test_any_finite_floats_are_decided_with_a_proof(X):
    y = np.arange(len(X)) % 2
    found = separate(X, y)
    assert found.verify()
    if not found.separable or 1e-300 < found.margin < 1e300:  # else the margin has few digits
        assert_proven(X, y, found)


@pytest.mark.parametrize("fit_bias", [True, False])
@pytest.mark.parametrize("d", [1, 2, 5, 20])
def test_the_margin_is_that_of_a_hard_support_vector_machine(d, fit_bias):
    X = RANDOM.normal(size=(150, d))
    w = RANDOM.choice([-1.0, 1.0], size=d)
    y = np.where(X @ w + (0.3 * fit_bias) > 0, "up", "down")
    X = X + 0.2 * np.where(y == "up", 1, -1)[:, None] * w
    found = separate(X, y, fit_bias=fit_bias)
    assert found.separable
    assert found.gap == 0
    distances = np.where(y == "up", 1, -1) * (X @ found.weights + found.bias)
    assert distances.min() == pytest.approx(found.margin, rel=1e-9)
    assert np.linalg.norm(found.weights) == pytest.approx(1, abs=1e-15)
    assert distances[found.support] == pytest.approx(found.margin, rel=1e-9)
    if fit_bias:
        machine = SVC(kernel="linear", C=1e10, tol=1e-8).fit(X, y)
        assert found.margin == pytest.approx(1 / np.linalg.norm(machine.coef_), rel=1e-5)
        assert set(found.support) <= set(machine.support_)
    else:
        assert found.bias == 0
        both = np.vstack([X, -X])  # the plane of largest margin goes through the origin
        machine = SVC(kernel="linear", C=1e10, tol=1e-8).fit(both, np.r_[y == "up", y != "up"])
        assert found.margin == pytest.approx(1 / np.linalg.norm(machine.coef_), rel=1e-5)


@pytest.mark.parametrize(("n", "separable"), [(1, 4), (2, 14), (3, 104)])
def test_the_notes_counts_of_separable_functions(n, separable):
    answers = [separate(rows(n), as_table(code, n)) for code in range(2**2**n)]
    assert sum(found.separable for found in answers) == separable
    assert all(found.verify() for found in answers)


def test_xor_has_the_middle_of_the_square_in_both_hulls():
    found = separate(rows(2), [0, 1, 1, 0])
    assert not found.separable
    assert found.common_point.tolist() == [0.5, 0.5]
    assert found.convex_weights == (Fraction(1, 2),) * 4
    assert (found.margin, found.weights, found.bias) == (0, None, None)
    assert "1/2 x[1] + 1/2 x[2] = 1/2 x[0] + 1/2 x[3]" in str(found)
    assert not separate(rows(2), [0, 1, 1, 0], fit_bias=False).separable


def test_a_known_margin_and_plane():
    found = separate([[0, 0], [0, 4], [3, 0], [5, 9]], [1, 1, 2, 2])
    assert found.margin == 1.5
    assert found.weights.tolist() == [1, 0]
    assert found.bias == -1.5
    assert found.support.tolist() == [0, 2]
    assert "margin 1.5; no plane has a larger one" in str(found)
    assert repr(found) == "<Separation: separable=True, margin=1.5, support=[0, 2]>"


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1, 1e8, 1e150])
@pytest.mark.parametrize("offset", [0, 1e6])
def test_scale_and_place_do_not_matter(scale, offset):
    X = RANDOM.randint(-8, 9, size=(60, 3))
    y = X @ [2, -1, 1] > 0
    X = (X + offset) * 2.0 ** np.round(np.log2(scale))  # exact: the margin scales with it
    plain = separate(X / 2.0 ** np.round(np.log2(scale)) - offset, y)
    found = separate(X, y)
    assert found.separable
    assert found.verify()
    assert found.margin == pytest.approx(plain.margin * 2.0 ** np.round(np.log2(scale)), rel=1e-14)
    assert found.weights == pytest.approx(plain.weights, abs=1e-14)


def test_columns_of_very_different_scale():
    X = RANDOM.normal(size=(80, 5))
    y = X @ RANDOM.normal(size=5) > 0
    X = X * [1e-8, 1e-4, 1, 1e4, 1e8]
    found = separate(X, y)
    assert found.separable
    assert_proven(X, y, found)
    y[RANDOM.randint(80)] ^= True
    found = separate(X, y)
    assert found.separable == feasible(X / [1e-8, 1e-4, 1, 1e4, 1e8], np.where(y, 1, -1))
    assert_proven(X, y, found)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1.0, np.nextafter(1.0, 2.0)),
        (0.0, 5e-324),
        (1e16, 1e16 + 2),
        (-1.7e308, 1.7e308),
    ],
)
def test_two_neighbouring_or_far_floats_are_separable(low, high):
    found = separate([[low], [high]], [0, 1])
    assert found.separable
    assert found.verify()
    assert found.margin == high / 2 - low / 2
    assert not separate([[low], [high], [low]], [0, 1, 1]).separable


def test_a_point_in_both_classes():
    X = RANDOM.normal(size=(30, 4))
    y = np.arange(30) < 15
    X[20] = X[3]
    X[:15, 0] += 9
    X[20, 0] = X[3, 0]
    found = separate(X, y)
    assert not found.separable
    assert_proven(X, y, found)


def test_repeated_points_constant_columns_and_points_on_a_line():
    line = np.array([[k, 2 * k, 7] for k in (0, 1, 1, 2, 2, 2, 3)])
    found = separate(line, [0, 0, 0, 1, 1, 1, 1])
    assert found.separable
    assert found.margin == pytest.approx(np.sqrt(5) / 2)
    assert_proven(line, [0, 0, 0, 1, 1, 1, 1], found)
    found = separate(line, [0, 1, 1, 0, 0, 0, 0])
    assert not found.separable
    assert_proven(line, [0, 1, 1, 0, 0, 0, 0], found)
    many = np.repeat(line, 500, axis=0)
    labels = np.repeat([0, 0, 0, 1, 1, 1, 1], 500)
    assert separate(many, labels).margin == pytest.approx(np.sqrt(5) / 2)
    assert not separate(np.full((6, 2), 0.1), [0, 1] * 3).separable


def test_one_class_is_separable_by_any_plane_beside_it():
    found = separate([[1, 2], [3, 4]], ["a", "a"])
    assert found.separable
    assert (found.margin, found.bias, found.weights.tolist()) == (np.inf, 1, [0, 0])
    assert found.verify()
    assert "one class only" in str(found)
    assert separate([[1, 2], [3, 4]], ["a", "a"], fit_bias=False).margin == pytest.approx(5**0.5)
    assert not separate([[1, 2], [-2, -4]], ["a", "a"], fit_bias=False).separable
    assert not separate([[0, 0], [1, 1]], [0, 1], fit_bias=False).separable


def test_long_fractions_are_not_printed():
    X = RANDOM.normal(size=(200, 60))
    found = separate(X, np.arange(200) % 2)
    assert not found.separable
    assert max(weight.denominator for weight in found.convex_weights).bit_length() > 3000
    assert "is in both hulls, by rows [" in str(found)


@pytest.mark.parametrize("labels", [["b", "a"], [True, False], [2.5, -1.0], [7, 3]])
def test_labels_of_any_kind(labels):
    X = np.array([[0.0], [1.0], [4.0]])
    found = separate(X, np.array(labels)[[0, 1, 1]])
    assert found.classes == tuple(sorted(labels))
    assert (found.weights.tolist(), found.bias) == ([-1.0], 0.5)  # the first label is the larger


def test_many_points_near_the_plane():
    n = 20_000
    X = RANDOM.normal(size=(n, 20))
    height = X @ RANDOM.normal(size=20)
    found = separate(X, height > 0)
    assert found.separable
    assert found.gap == 0
    assert found.verify()
    y = height > 0
    y[np.argsort(abs(height))[1000]] ^= True
    found = separate(X, y)
    assert not found.separable
    assert_proven(X, y, found)


def test_a_cube_with_many_points_at_the_same_distance():
    X = RANDOM.randint(0, 2, size=(5000, 12))
    found = separate(X, X.sum(axis=1) > 5)
    assert found.margin == pytest.approx(0.5 / np.sqrt(12))
    assert found.verify()
    assert not separate(X, X.sum(axis=1) % 2).separable


def test_nothing_is_changed_or_shared():
    X, y = RANDOM.normal(size=(20, 6)), np.arange(20) % 2
    own = X.copy()
    X.setflags(write=False)
    found = separate(X, y)
    strided = separate(np.asfortranarray(own)[::-1, ::2][::-1], y)
    assert np.array_equal(X, own)
    assert not np.shares_memory(found.points, X)
    assert strided.verify()
    for array in (found.support, found.points, found.positive):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    again = pickle.loads(pickle.dumps(found))
    assert again.verify()
    assert again.convex_weights == found.convex_weights
    frame = pandas.DataFrame(own, columns=list("abcdef"))
    assert separate(frame, pandas.Series(y)).convex_weights == found.convex_weights
    single = separate(own.astype(np.float32), y)
    assert single.verify()


def test_a_forged_answer_is_not_verified():
    X = [[0, 0], [1, 0], [0, 1], [3, 3]]
    found = separate(X, [0, 0, 0, 1])
    assert not replace(found, gap=0.1).verify()
    assert not replace(found, margin=found.margin * 1.01).verify()
    assert not replace(found, weights=-found.weights).verify()
    assert not replace(found, bias=0.0).verify()
    assert not replace(found, separable=False).verify()
    assert not replace(found, support=np.array([0, 1, 3])).verify()
    assert not replace(found, convex_weights=(Fraction(1), Fraction(1), Fraction(1))).verify()
    assert not replace(found, points=np.array([*X[:3], [0.2, 0.2]])).verify()
    met = separate(X, [0, 1, 1, 0])
    assert met.verify()
    assert not replace(met, separable=True).verify()
    assert not replace(met, common_point=np.array([9.0, 9.0])).verify()
    assert not replace(met, common_point=None).verify()
    assert not replace(met, margin=1.0).verify()
    assert not replace(found, common_point=np.zeros(2)).verify()
    origin = separate([[1, 1], [2, 2]], [0, 1], fit_bias=False)
    assert origin.verify() and not replace(origin, common_point=np.ones(2)).verify()


def test_when_an_exact_solution_is_too_dear_it_says_so(monkeypatch):
    monkeypatch.setattr(hulls, "MOST_PRODUCTS", 0)
    X = RANDOM.normal(size=(30, 6))
    found = separate(X, X[:, 0] > 0)
    assert found.separable
    assert 0 <= found.gap < 1e-9
    assert found.verify()
    assert ("is missing" in str(found)) == (found.gap > 0)
    with pytest.raises(UndecidedError, match="6 features are too many to prove"):
        separate(X, np.arange(30) % 2)


@settings(max_examples=60)
@given(st.integers(1, 6), st.data())
def test_linear_systems_are_solved_exactly(k, data):
    entries = st.integers(-(10**20), 10**20) | st.integers(-3, 3)
    matrix = np.array(data.draw(st.lists(entries, min_size=k * k, max_size=k * k)), dtype=object)
    right = np.array(data.draw(st.lists(entries, min_size=k, max_size=k)), dtype=object)
    matrix = matrix.reshape(k, k)
    found = exact.solve(matrix, right)
    if found is None:
        assert determinant(matrix.tolist()) == 0
    else:
        assert (matrix @ found == right).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_lowest_row_is_found_below_the_rounding_of_floats(seed):
    random = np.random.RandomState(seed)
    v = np.array([*random.randint(2**39, 2**40, size=2).tolist(), 8], dtype=object)
    along = random.randint(-64, 65, size=200)[:, None] * np.array([v[1], -v[0], 0]) / 2.0**40
    points = along.astype(float) + random.randint(-99, 100, size=200)[:, None] * [0, 0, 2.0**-14]
    found = hulls.Hulls(points, np.ones(200, dtype=bool), True)
    heights = [sum(int(a) * Fraction(b) for a, b in zip(v, row, strict=True)) for row in points]
    row, low = found.lowest(0, v)
    assert heights[row] == min(heights) == low * Fraction(2) ** found.exponent


def determinant(matrix):
    if not matrix:
        return 1
    return sum(
        (-1) ** i * row[0] * determinant([r[1:] for j, r in enumerate(matrix) if j != i])
        for i, row in enumerate(matrix)
    )


def test_a_matrix_that_is_singular_only_modulo_a_prime_is_solved():
    p = 67108859
    found = exact.solve(np.array([[p, 0], [0, 1]], dtype=object), np.array([1, 1], dtype=object))
    assert found.tolist() == [Fraction(1, p), 1]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_floats_become_integers_without_loss(values):
    values = np.array(values)
    e = exact.exponent(values)
    assert [Fraction(int(v)) * Fraction(2) ** e for v in exact.integers(values, e)] == [
        Fraction(v) for v in values
    ]


def test_a_margin_below_the_smallest_float_is_still_one():
    found = separate([[5e-324], [0]], [0, 1])
    assert found.separable and found.margin == 0 and found.verify()
    assert not separate([[0], [0]], [0, 1]).separable


def test_work_is_granted_and_counted():
    X = RANDOM.normal(size=(200, 60))
    with pytest.raises(UndecidedError, match="more work than was granted"):
        decide(X, np.arange(200) % 2, True, 1e5)
    with pytest.raises(UndecidedError, match="60 features are too many"):
        decide(X, np.arange(200) % 2, True, 5e7)
    near = decide(X, X[:, 0] > 0, True, 1.2e8)  # a plane is proven to separate at once
    assert near.separable and near.verify() and 0 <= near.gap < 1e-9
    assert decide(X, X[:, 0] > 0, True, 1e10).gap == 0
