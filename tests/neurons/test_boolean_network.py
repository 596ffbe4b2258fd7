"""Networks of perceptrons for Boolean functions, held against their tables."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lamina import ArgumentError, spec
from lamina.engines import default_engine
from lamina.neurons import BooleanNetwork, rows

SMALL = [(code, n) for n in (1, 2, 3) for code in range(2**2**n)]


def tables(most):
    """Draw tables of 1 to `most` variables."""
    return st.integers(1, most).flatmap(lambda n: arrays(bool, 2**n))


def numeral(row):
    """Return the row number of a row of 0 and 1, by Python's own reading of numerals."""
    return int("".join(map(str, row)), 2)


@pytest.mark.parametrize("output", ["built", "learned"])
def test_every_function_of_up_to_three_inputs_comes_out_exactly(output):
    for code, n in SMALL:
        network = BooleanNetwork(code, n, output=output)
        assert [network(row) for row in rows(n).tolist()] == [
            code >> numeral(row) & 1 for row in rows(n).tolist()
        ]
        assert network.n_hidden == 2**n


def test_functions_of_four_inputs_come_out_exactly():
    for code in np.random.default_rng(0).integers(0, 2**16, 400).tolist():
        network = BooleanNetwork(code, 4)
        expected = [code >> i & 1 for i in range(16)]
        assert network(rows(4)).tolist() == expected
        assert network.minimal()(rows(4)).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(tables(8))
def test_any_table_is_reproduced_in_all_forms(table):
    network = BooleanNetwork(table)
    x = rows(network.n_inputs)
    for form in (network, BooleanNetwork(table, output="learned"), network.minimal()):
        assert np.array_equal(form(x), table)
        assert np.array_equal(form(2 * x - 1, signed=True), 2 * table.astype(int) - 1)
        assert np.array_equal(BooleanNetwork(form.expression, network.n_inputs).table, table)


@settings(max_examples=40, deadline=None)
@given(tables(7), st.sampled_from(["logistic", "relu"]), st.booleans(), st.floats(1e-12, 0.4))
def test_the_smooth_network_is_within_its_tolerance(table, activation, signed, tolerance):
    for form in (BooleanNetwork(table), BooleanNetwork(table).minimal()):
        network, parameters = form.to_network(activation, tolerance=tolerance, signed=signed)
        x = rows(form.n_inputs).astype(float)
        x = 2 * x - 1 if signed else x
        for predicted in (
            spec.network.predict(network, parameters, x),
            default_engine().predictor(network, parameters)(x),
        ):
            assert np.abs(predicted[:, 0] - table).max() <= tolerance * (1 + 1e-9)


def test_relu_units_are_exactly_the_perceptrons():
    form = BooleanNetwork("x1 xor x2 xor x3 or x4")
    network, parameters = form.to_network("relu")
    passed = spec.network.forward(network, parameters, rows(4).astype(float))
    assert np.array_equal(passed.layers[0].h, form.hidden(rows(4)))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_sums_are_zero_at_the_own_row_and_two_less_per_difference(n):
    network = BooleanNetwork(0, n)
    x = 2 * rows(n).astype(int) - 1
    sums = x @ network.hidden_weights.astype(int) + network.hidden_biases
    differences = (x[:, None, :] != x[None]).sum(axis=2)
    assert np.array_equal(sums, -2 * differences)
    assert np.array_equal(network.hidden(x, signed=True), np.eye(2**n))


def test_weights_are_those_of_the_notes_figure():
    network = BooleanNetwork("x1 xor x2")
    assert network.hidden_weights.tolist() == [[-1, -1, 1, 1], [-1, 1, -1, 1]]
    assert network.hidden_biases.tolist() == [-2, -2, -2, -2]
    assert network.as_text().splitlines()[2] == " 0  1 | 1 |  0  1  0  0 |  1"


@settings(max_examples=30, deadline=None)
@given(tables(7))
def test_learning_takes_one_correction_per_false_row_and_keeps_to_the_bound(table):
    network = BooleanNetwork(table, output="learned")
    assert network.n_corrections == np.count_nonzero(~table)
    # Unit vectors with the margin 1 / sqrt(2^n): at most 2^n corrections (note 002 §2.3).
    assert network.n_corrections <= len(table)
    assert np.array_equal(network.output_weights + network.output_bias >= 0, table)
    assert BooleanNetwork(table).n_corrections is None


@pytest.mark.parametrize("n", [10, 12])
def test_ten_and_twelve_inputs(n):
    table = np.random.default_rng(n).random(2**n) < 0.5
    network = BooleanNetwork(table)
    assert np.array_equal(network(rows(n)), table)
    assert network.n_hidden == 2**n


def test_sixteen_inputs_are_the_limit():
    network = BooleanNetwork(np.arange(2**16) % 3 == 0)
    some = np.random.default_rng(0).integers(0, 2**16, 50)
    assert np.array_equal(network(rows(16)[some]), some % 3 == 0)
    with pytest.raises(ArgumentError):
        BooleanNetwork([0] * 2**17)


@pytest.mark.parametrize(
    "x",
    [
        [[0, 1], [1, 1]],
        np.array([[False, True], [True, True]]),
        np.array([[0.0, 1.0], [1.0, 1.0]], order="F"),
        np.array([[0, 9, 1], [1, 9, 1]])[:, ::2],
        pd.DataFrame({"a": [0, 1], "b": [1, 1]}),
    ],
)
def test_inputs_of_every_kind_are_read_and_left_alone(x):
    before = np.array(x, copy=True)
    assert BooleanNetwork("x1 and x2")(x).tolist() == [0, 1]
    assert np.array_equal(np.asarray(x), before)


def test_one_row_gives_one_number_and_no_rows_give_none():
    network = BooleanNetwork("x1 and x2")
    assert network([1, 1]) == 1
    assert network([1, -1], signed=True) == -1
    assert network(np.zeros((0, 2))).shape == (0,)
    assert network.hidden([0, 1]).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([[0, 1], [1, 2]], r"x at row 1, column 1 must be 0 or 1, got 2"),
        ([0, np.nan], r"x at column 1 must be 0 or 1, got nan"),
        ([[0, 1, 1]], r"shape of x must be \(2,\) or \(n_samples, 2\), got \(1, 3\)"),
        ([["0", "1"]], "x must be an array of numbers"),
        ([[0, None]], "x must be an array of numbers"),
        ([[0, 1], [1]], "rows of equal length"),
        (1, "shape of x"),
    ],
)
def test_bad_inputs_are_named(x, words):
    with pytest.raises(ArgumentError, match=words):
        BooleanNetwork("x1 or x2")(x)


def test_codes_are_not_mixed_up():
    network = BooleanNetwork("x1 or x2")
    with pytest.raises(ArgumentError, match="x at column 0 must be 0 or 1, got -1"):
        network([-1, 1])
    with pytest.raises(ArgumentError, match="x at column 1 must be -1 or 1, got 0"):
        network([1, 0], signed=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: BooleanNetwork([0, 1, 1]),
        lambda: BooleanNetwork("x1 plus x2"),
        lambda: BooleanNetwork(6),
        lambda: BooleanNetwork("x1", output="drawn"),
        lambda: BooleanNetwork(0, 13, output="learned"),
        lambda: BooleanNetwork("x1")([1], signed="yes"),
        lambda: BooleanNetwork("x1").to_network("tanh"),
        lambda: BooleanNetwork("x1").to_network(tolerance=0.5),
        lambda: BooleanNetwork("x1").to_network(signed=1),
        lambda: BooleanNetwork("x1").minimal(time_limit=0),
        lambda: BooleanNetwork("x1").minimal(dont_care=[0, 1, 1, 1]),
    ],
)
def test_bad_arguments_are_refused(call):
    with pytest.raises(ArgumentError):
        call()


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("n", [1, 3])
def test_constants(value, n):
    network = BooleanNetwork([value] * 2**n).minimal()
    assert network.n_hidden == value
    assert network.expression == str(value)
    assert network(rows(n)).tolist() == [value] * 2**n
    assert f"{value * 2**n} of {2**n} rows" in str(network)


def test_it_tells_its_story():
    network = BooleanNetwork("x1 xor x2", output="learned")
    assert "4 perceptrons, one per row (2^2), weights ±1, biases -2" in network.summary()
    assert "learned with 2 corrections" in network.summary()
    assert "2 perceptrons, one per product, instead of 2^2 = 4" in str(network.minimal())
    assert repr(network) == (
        "BooleanNetwork(2 inputs -> 4 hidden -> 1, '(not x1 and x2) or (x1 and not x2)')"
    )
    assert repr(BooleanNetwork([1] * 64)).endswith("or 60 more')")


def test_the_number_of_variables_has_one_name():
    assert BooleanNetwork(6, n=2) == BooleanNetwork(6, 2) == BooleanNetwork("x1 xor x2")
    with pytest.raises(ArgumentError, match=r"^n must be an integer"):
        BooleanNetwork(6)


def test_networks_are_equal_by_value():
    xor = BooleanNetwork("x1 xor x2")
    assert xor == BooleanNetwork([0, 1, 1, 0]) and hash(xor) == hash(BooleanNetwork([0, 1, 1, 0]))
    assert xor != BooleanNetwork("x1 or x2")
    assert xor != xor.minimal() != BooleanNetwork("x1 xor x2", output="learned")
    assert xor != "x1 xor x2"
    assert BooleanNetwork("0", 2).minimal() != BooleanNetwork("0", 3).minimal()


def test_a_large_table_is_cut_short():
    lines = BooleanNetwork(rows(12).sum(axis=1) % 2).as_text().splitlines()
    assert lines[-1] == "... and 4,032 rows and 4,064 hidden perceptrons more"
    assert len(lines) == 66
    assert " h32 " in lines[0] and "h33" not in lines[0]
    whole = BooleanNetwork("x1 xor x2 xor x3 xor x4 xor x5").as_text().splitlines()
    assert len(whole) == 33 and "more" not in whole[-1]


def test_rows_that_do_not_matter_may_be_given_by_number():
    digit = BooleanNetwork([0] * 7 + [1] * 3 + [0] * 6)
    expected = digit.minimal(dont_care=np.arange(16) >= 10)
    for numbers in (range(10, 16), [10, 11, 12, 13, 14, 15], np.arange(10, 16)):
        assert digit.minimal(dont_care=numbers) == expected
    assert digit.minimal(dont_care=[]) == digit.minimal()
    for wrong in ([10, 16], [-1], [10, 10]):
        with pytest.raises(ArgumentError, match=r"^dont_care must be 16 zeros and ones, or"):
            digit.minimal(dont_care=wrong)
    for wrong in ("x1 and", [0.5] * 16, [True] * 3):
        with pytest.raises(ArgumentError, match=r"^dont_care"):
            digit.minimal(dont_care=wrong)


def test_pickling_and_no_aliasing():
    table = np.array([0, 1, 1, 0], dtype=bool)
    network = BooleanNetwork(table)
    table[:] = True
    copy = pickle.loads(pickle.dumps(network.minimal()))
    assert copy(rows(2)).tolist() == network(rows(2)).tolist() == [0, 1, 1, 0]
    with pytest.raises(ValueError, match="read-only"):
        network.table[0] = True
