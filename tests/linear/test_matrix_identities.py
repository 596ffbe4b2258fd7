"""L3: the matrix-derivative identities of note 003."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import lamina
from lamina.linear import matrix_identities

TABLE = matrix_identities()
IDS = [f"{one.function} by {one.by}" for one in TABLE]


@pytest.mark.parametrize("identity", TABLE.identities, ids=IDS)
def test_identity_agrees_with_real_differences(identity):
    given = identity.draw(1)
    shape = given[identity.by].shape

    def value(flat):
        return float(identity.value({**given, identity.by: flat.reshape(shape)}))

    found = approx_fprime(given[identity.by].ravel(), value, 1e-7).reshape(shape)
    stated = identity.gradient(given)
    assert stated.shape == shape
    np.testing.assert_allclose(stated, found, atol=2e-5 * max(1.0, np.abs(found).max()))


def test_the_table_tells_all_and_finds_rounding_only():
    text = str(TABLE)
    assert TABLE.ok
    assert max(TABLE.errors) < 1e-13
    assert all(one.function in text and one.derivative in text for one in TABLE)
    assert text.count("which prints") == 2
    assert "all hold" in text


def test_checking_again_draws_anew():
    other = TABLE.check(random_state=7, n_draws=2)
    assert other.ok
    assert other.errors != TABLE.errors
    assert other.errors == TABLE.check(random_state=7, n_draws=2).errors


@pytest.mark.parametrize(
    ("function", "printed"),
    [
        ("x' A' B' y", lambda p: np.outer(p["x"], p["y"]) @ p["B"]),
        ("x' A' B' B A x", lambda p: 2 * p["B"] @ p["B"].T @ p["A"][:2] @ np.outer(p["x"], p["x"])),
    ],
)
def test_what_the_note_prints_would_be_caught(function, printed):
    identity = next(one for one in TABLE if one.function == function)
    assert replace(identity, gradient=printed).check(0) == np.inf  # not even the shape


def test_the_notes_product_of_b_and_its_transpose_is_wrong_where_the_shapes_allow_it():
    identity = next(one for one in TABLE if one.function == "x' A' B' B A x")
    random = np.random.RandomState(0)
    given = {"A": random.randn(3, 4), "B": random.randn(3, 3), "x": random.randn(4)}
    wrong = 2 * given["B"] @ given["B"].T @ given["A"] @ np.outer(given["x"], given["x"])
    assert replace(identity, gradient=lambda _: wrong).error(given) > 0.1
    assert identity.error(given) < 1e-13


@pytest.mark.parametrize("factor", [1 + 1e-9, -1.0])
@pytest.mark.parametrize("identity", TABLE.identities, ids=IDS)
def test_a_wrong_factor_is_caught(identity, factor):
    wrong = replace(identity, gradient=lambda p: factor * identity.gradient(p))
    assert wrong.check(0) > TABLE.tolerance


def test_bad_arguments_are_named():
    with pytest.raises(lamina.ArgumentError, match="n_draws"):
        matrix_identities(n_draws=0)
    with pytest.raises(ValueError, match="cannot be used to seed"):
        matrix_identities(random_state="a")
