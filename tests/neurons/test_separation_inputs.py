"""What `separate` takes as points and labels, and what it refuses by name."""

from fractions import Fraction

import numpy as np
import pandas
import pytest
import scipy.sparse

from lamina.neurons import separate
from lamina.plan.checks import ArgumentError


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "X must be of shape"),
        ([1, 2], "X must be of shape"),
        (np.empty((2, 0)), "X must be of shape"),
        ([[1], [1, 2]], "X must be of shape"),
        ([["a"], ["b"]], "X must be numbers"),
        ([[None], [1]], "X\\[0, 0\\] must be numbers"),
        ([[1], ["a"]], "X must be numbers"),
        (pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}), "X\\[0, 1\\] must be numbers"),
        ([[10**400], [1]], "X\\[0, 0\\] must be exactly representable in float64"),
        ([[1j], [2]], "X must be numbers"),
        (scipy.sparse.csr_array(np.eye(2)), "X must be dense"),
        ([[2**53 + 1], [0]], "X\\[0, 0\\] must be exactly representable in float64"),
    ],
)
def test_other_points_are_refused(X, message):
    with pytest.raises(ArgumentError, match=message):
        separate(X, [0, 1])


@pytest.mark.parametrize(
    "X",
    [
        np.array([[False, True], [True, True]]),
        pandas.DataFrame({"a": [0.0, 1.0], "b": [1.0, 1.0]}, dtype="Float64"),
        pandas.DataFrame({"a": [0, 1], "b": [True, True]}),
        pandas.DataFrame({"a": [0, 1], "b": [1.0, 1.0]}),
        [[Fraction(0), 1], [1.0, np.bool_(True)]],
    ],
)
def test_what_is_exactly_a_number_is_taken_as_it(X):
    found = separate(X, [0, 1])
    assert found.points.tolist() == [[0, 1], [1, 1]] and found.margin == 0.5
    assert found.points.dtype == np.float64 and found.verify()


def test_a_missing_value_of_pandas_is_named():
    frame = pandas.DataFrame({"a": [0.0, 1.0], "b": [1.0, None]}, dtype="Float64")
    with pytest.raises(ValueError, match=r"X contains NaN.*row 1, column 1 \('b'\)"):
        separate(frame, [0, 1])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_values_are_named_with_their_place(value):
    with pytest.raises(ValueError, match="row 1, column 0"):
        separate([[0.0, 1.0], [value, 1.0]], [0, 1])
    with pytest.raises(ValueError, match="Input y contains"):
        separate([[0.0], [1.0]], [0, value])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1], "y must be of shape \\(3,\\)"),
        ([[0], [1], [1]], "y must be of shape"),
        ([0, 1, 2], "y must be of one or two classes"),
        (np.array([0, "a", None], dtype=object), "y must be labels that can be sorted"),
    ],
)
def test_other_labels_are_refused(y, message):
    with pytest.raises(ArgumentError, match=message):
        separate([[0], [1], [2]], y)


def test_fit_bias_is_a_flag():
    with pytest.raises(ArgumentError, match="fit_bias must be True or False"):
        separate([[0], [1]], [0, 1], fit_bias=1)
