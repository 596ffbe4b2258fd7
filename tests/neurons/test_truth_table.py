"""Boolean functions from lists, callables, codes and expressions."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.neurons import as_table, rows
from lamina.plan.checks import ArgumentError


@pytest.mark.parametrize("n", range(1, 11))
def test_rows_are_the_binary_numerals_in_order(n):
    found = rows(n)
    assert found.dtype == np.int8
    assert found.tolist() == [list(row) for row in itertools.product([0, 1], repeat=n)]
    assert [int("".join(map(str, row)), 2) for row in found.tolist()] == list(range(2**n))


def test_rows_go_up_to_sixteen_inputs():
    assert rows(16).shape == (65536, 16)


def expressions(n):
    """Return (text, function of a dict of bools): fully bracketed, in words and symbols."""
    name = st.integers(1, n).map(lambda i: (f"x{i}", lambda v: v[f"x{i}"]))
    constant = st.sampled_from([("0", lambda v: False), ("1", lambda v: True)])

    def grow(inner):
        no = st.tuples(st.sampled_from(["not ", "~"]), inner).map(
            lambda p: (f"({p[0]}{p[1][0]})", lambda v: not p[1][1](v))
        )
        kinds = {
            "and": lambda a, b: a and b,
            "or": lambda a, b: a or b,
            "xor": lambda a, b: a != b,
        }
        kinds |= {"&": kinds["and"], "|": kinds["or"], "^": kinds["xor"]}
        two = st.tuples(st.sampled_from(sorted(kinds)), inner, inner).map(
            lambda p: (
                f"({p[1][0]} {p[0]} {p[2][0]})",
                lambda v: kinds[p[0]](p[1][1](v), p[2][1](v)),
            )
        )
        return no | two

    return st.recursive(name | constant, grow, max_leaves=12)


@given(expressions(4))
def test_an_expression_has_the_values_that_python_gives(pair):
    text, function = pair
    table = as_table(text, n=4)
    for row, value in zip(itertools.product([False, True], repeat=4), table, strict=True):
        assert value == function(dict(zip(["x1", "x2", "x3", "x4"], row, strict=True))), text


@pytest.mark.parametrize(
    ("text", "bracketed"),
    [
        ("not x1 and x2", "(not x1) and x2"),
        ("not x1 & x2", "(not x1) & x2"),
        ("x1 or x2 and x3", "x1 or (x2 and x3)"),
        ("x1 or x2 xor x3", "x1 or (x2 xor x3)"),
        ("x1 xor x2 and x3", "x1 xor (x2 and x3)"),
        ("x1 xor not x2", "x1 xor (not x2)"),
    ],
)
def test_not_binds_tightest_then_and_xor_or(text, bracketed):
    assert as_table(text).tolist() == as_table(bracketed).tolist()


@given(st.integers(1, 6), st.randoms())
def test_every_source_gives_the_same_table(n, chance: random.Random):
    values = [chance.randint(0, 1) for _ in range(2**n)]
    by_row = dict(zip(itertools.product([0, 1], repeat=n), values, strict=True))
    names = [f"x{i}" for i in range(1, n + 1)]
    terms = [
        "("
        + " and ".join(x if bit else f"not {x}" for x, bit in zip(names, row, strict=True))
        + ")"
        for row, value in by_row.items()
        if value
    ]
    sources = [
        values,
        np.array(values, dtype=bool),
        np.array(values, dtype=float),
        "".join(map(str, values)),
        sum(value << i for i, value in enumerate(values)),
        lambda *row: by_row[row],
        " or ".join(terms) or "0",
    ]
    assert [as_table(source, n).astype(int).tolist() for source in sources] == [values] * 7


def test_the_number_of_variables_is_read_from_the_source():
    assert len(as_table(lambda a, b, c: a)) == 8
    assert as_table("x3").astype(int).tolist() == [0, 1] * 4
    assert as_table("b and not a").astype(int).tolist() == [0, 1, 0, 0]  # a, b: sorted
    assert as_table(np.logical_xor, 2).astype(int).tolist() == [0, 1, 1, 0]


def test_a_code_is_wolframs_number_of_the_rule():
    rule_110 = {(1, 1, 1): 0, (1, 1, 0): 1, (1, 0, 1): 1, (1, 0, 0): 0}
    rule_110 |= {(0, 1, 1): 1, (0, 1, 0): 1, (0, 0, 1): 1, (0, 0, 0): 0}
    assert as_table(110, n=3).tolist() == as_table(lambda *row: rule_110[row], n=3).tolist()


def test_the_result_is_the_callers_own():
    given_table = np.array([True, False])
    as_table(given_table)[0] = False
    assert given_table.tolist() == [True, False]
    as_table("x1")[:] = True
    assert rows(1).tolist() == [[0], [1]]


@pytest.mark.parametrize(
    ("source", "n", "message"),
    [
        ([0, 1, 1], None, "of length 2\\*\\*n"),
        ([], None, "of length 2\\*\\*n"),
        ([0, 1], 2, "of length 4"),
        ([[0, 1], [1, 0]], None, "one-dimensional"),
        ([[0, 1], [1]], None, "one-dimensional"),
        ([0, 2], None, "row 1 of the truth table must be 0 or 1, got 2"),
        ([np.nan, 1], None, "row 0 of the truth table"),
        (["0", "1"], None, "zeros and ones"),
        ([None, 1], None, "zeros and ones"),
        (None, None, "zeros and ones"),
        (True, 1, "truth table"),
        (6, None, "n must be an integer"),
        (16, 2, "code must be in"),
        (-1, 2, "code must be in"),
        pytest.param(1 << 20000, 3, "a number of 20001 bits", id="huge code"),
        (lambda a: 2, None, "value at x1 = 0 must be 0 or 1, got 2"),
        (lambda a: "1", None, "value at x1 = 0"),
        (lambda *a: 1, None, "signature"),
        (lambda: 1, None, "number of the function's arguments"),
        ("x1 x2", None, "expression"),
        ("", None, "expression"),
        ("x1 == x2", None, "expression"),
        ("x1 + x2", None, "expression"),
        ("x1 and 2", None, "expression"),
        ("x1 and 1.0", None, "expression"),
        ("__import__('os').getcwd()", None, "expression"),
        ("(lambda: 1)()", None, "expression"),
        pytest.param("x1\0", None, "expression", id="null character"),
        pytest.param("~" * 100_000 + "x1", None, "expression", id="deep expression"),
        ("1", None, "n must be an integer if the expression has no names"),
        ("x17", None, "variables must be x1 to x16"),
        ("x3", 2, "variables must be x1 to x2"),
        ("a and b", 3, "variables must be 3"),
        ("x1", 17, "n must be an integer in \\[1, 16\\]"),
        ("x1", 0, "n must be"),
        ("x1", 2.0, "n must be"),
    ],
)
def test_what_is_no_function_is_named(source, n, message):
    with pytest.raises(ArgumentError, match=message):
        as_table(source, n)


@pytest.mark.parametrize("n", [0, 17, 2.0, "2", True, None])
def test_rows_refuse_other_numbers_of_inputs(n):
    with pytest.raises(ArgumentError, match="n must be"):
        rows(n)
