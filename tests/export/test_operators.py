"""The functions that are built of others keep their digits: held to SciPy, NumPy and calendars."""

import datetime

import numpy as np
import pytest
import scipy.special
from running import run_bytes

from lamina.export import ExportError

pytest.importorskip("onnx")
from lamina.export.graph import Graph
from lamina.export.traced import namespace as xp

DTYPES = [np.float32, np.float64]
SMALL = np.concatenate([[0], np.geomspace(1e-30, 1, 2000)])


def computed(function, x):
    """Return what ONNX Runtime computes of a traced function of one array."""
    graph = Graph()
    graph.output("y", function(graph.input("x", x.dtype, (None, *x.shape[1:]))))
    return run_bytes(graph.to_bytes("", {}), {"x": x})["y"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_erfc(dtype):
    x = np.concatenate([np.linspace(-26, 26, 5001), SMALL, -SMALL]).astype(dtype)
    expected = scipy.special.erfc(x.astype(np.float64))
    if dtype == np.float32:
        np.testing.assert_allclose(computed(xp.erfc, x), expected, atol=2e-7)
        return
    np.testing.assert_allclose(computed(xp.erfc, x), expected, rtol=1e-13)
    near = expected > 0.1
    np.testing.assert_allclose(computed(xp.erfc, x)[near], expected[near], rtol=3e-15)


@pytest.mark.parametrize("dtype", DTYPES)
def test_log1p_and_expm1(dtype):
    x = SMALL.astype(dtype)
    digits = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(computed(xp.log1p, x), np.log1p(x.astype(float)), rtol=digits)
    x = -80 * x
    np.testing.assert_allclose(computed(xp.expm1, x), np.expm1(x.astype(float)), rtol=digits)


def test_integers_are_divided_as_python_does():
    x = np.array([-7, -6, -1, 0, 1, 6, 7, -(2**62)])
    np.testing.assert_array_equal(computed(lambda x: x // 3, x), x // 3)
    np.testing.assert_array_equal(computed(lambda x: x % 3, x), x % 3)


def test_slices_and_sums():
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(computed(lambda x: x[..., 1:3], x), x[:, 1:3])
    np.testing.assert_array_equal(computed(lambda x: x[:, :1] + x[:, 2:3], x), x[:, :1] + x[:, 2:3])
    np.testing.assert_array_equal(computed(xp.cumulative_sum, x), np.cumsum(x, axis=1))
    np.testing.assert_array_equal(computed(lambda x: 1 - 2 / (x + 1), x), 1 - 2 / (x + 1))


def test_the_calendar():
    from lamina.tables.dates import PARTS
    from lamina.tables.export import _calendar

    random = np.random.default_rng(0)
    microseconds = random.integers(-62135596800 * 10**6, 253402300799 * 10**6, 3000)
    edges = ["1970-01-01", "2000-02-29", "1900-02-28T23:59:59", "1900-03-01", "0001-01-01"]
    edges += ["1969-12-31T23:59:59.999999", "2024-12-31", "2023-03-01", "9999-12-31T23:59"]
    dates = np.concatenate([microseconds.view("datetime64[us]"), np.array(edges, "datetime64[us]")])
    of = {part: computed(lambda x, p=part: _calendar(x)(p), dates.view(np.int64)) for part in PARTS}
    for row, date in enumerate(dates.tolist()):
        expected = (date.year, date.month, date.day, date.weekday(), date.hour, date.minute)
        assert tuple(of[part][row] for part in PARTS[1:]) == expected
        since = (date - datetime.datetime(1970, 1, 1)) / datetime.timedelta(seconds=1)
        assert of["seconds"][row] == pytest.approx(since, rel=1e-15)


def test_what_cannot_be_traced():
    x = Graph().input("x", np.float64, (None, 3))
    with pytest.raises(ExportError, match="a branch that depends on the data"):
        bool(x > 0)
    with pytest.raises(ExportError, match="an index 0 cannot be written"):
        x[0]
    with pytest.raises(ExportError, match="the function sinh cannot be written"):
        xp.sinh(x)
    with pytest.raises(ExportError, match="cannot be joined"):
        xp.concat([x, x[:, 0:1]], axis=0)
    assert not hasattr(xp, "sinh")
