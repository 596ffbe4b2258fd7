"""McCulloch-Pitts neurons against brute force over all wirings and thresholds."""

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pandas
import pytest

from lamina.neurons import GATES, McCullochPittsNeuron, NoNeuron, as_table, rows, separate
from lamina.plan.checks import ArgumentError


def by_definition(wiring, threshold, row):
    """Note 002 §2.1: 0 if any inhibitory input is on, else 1 if the sum reaches θ."""
    if any(x == 1 for x, kind in zip(row, wiring, strict=True) if kind == "-"):
        return 0
    return int(sum(x for x, kind in zip(row, wiring, strict=True) if kind == "+") >= threshold)


def all_neurons(n):
    """Yield wiring, threshold and table of every neuron on n inputs."""
    for wiring in itertools.product("+-.", repeat=n):
        for threshold in range(n + 2):
            inputs = itertools.product([0, 1], repeat=n)
            yield wiring, threshold, tuple(by_definition(wiring, threshold, row) for row in inputs)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_neuron_computes_what_the_note_defines(n):
    for wiring, threshold, table in all_neurons(n):
        wiring = "".join(wiring)
        neuron = McCullochPittsNeuron(wiring.count("+"), wiring.count("-"), threshold, wiring)
        assert tuple(neuron.truth_table().astype(int).tolist()) == table


@pytest.mark.parametrize(("n", "number"), [(1, 4), (2, 11), (3, 36)])
def test_find_decides_every_function_as_brute_force_does(n, number):
    possible = {table for _, _, table in all_neurons(n)}
    assert len(possible) == number
    for table in itertools.product([0, 1], repeat=2**n):
        found = McCullochPittsNeuron.find(table)
        if table in possible:
            assert tuple(found.truth_table().astype(int).tolist()) == table
        else:
            assert isinstance(found, NoNeuron)
            assert found.verify()
            assert_rows_contradict(found, n)


def test_find_decides_functions_of_four_inputs_as_brute_force_does():
    possible = {table for _, _, table in all_neurons(4)}
    assert len(possible) == 125
    for table in possible:
        neuron = McCullochPittsNeuron.find(table)
        assert tuple(neuron.truth_table().astype(int).tolist()) == table
    for code in range(5, 65536, 67):
        table = tuple(as_table(code, 4).astype(int).tolist())
        found = McCullochPittsNeuron.find(code, 4)
        assert bool(found) == (table in possible)
        if not found:
            assert found.verify()
            assert_rows_contradict(found, 4)


def assert_rows_contradict(proof, n):
    """No neuron of any wiring has the outputs of the named rows alone."""
    inputs = list(itertools.product([0, 1], repeat=n))
    wanted = [(inputs[row], proof.table[row]) for row in proof.rows]
    for wiring in itertools.product("+-.", repeat=n):
        for threshold in range(n + 2):
            agrees = all(by_definition(wiring, threshold, row) == value for row, value in wanted)
            assert not agrees, (proof, wiring, threshold)


@pytest.mark.parametrize("n", [2, 3])
def test_every_neuron_is_separable_but_not_the_reverse(n):
    possible = {table for _, _, table in all_neurons(n)}
    tables = itertools.product([0, 1], repeat=2**n)
    separable = {table for table in tables if separate(rows(n), table).separable}
    assert possible < separable
    assert (1,) * (2**n - 1) + (0,) in separable - possible  # NAND


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_gates_by_name(n):
    functions = {
        "and": lambda *x: all(x),
        "or": lambda *x: any(x),
        "nor": lambda *x: not any(x),
        "tautology": lambda *x: True,
    }
    for name, function in functions.items():
        table = McCullochPittsNeuron.gate(name, n).truth_table()
        assert table.tolist() == as_table(function, n).tolist()
    assert McCullochPittsNeuron.gate("not").truth_table().tolist() == [True, False]
    assert McCullochPittsNeuron.gate("x1 and not x2").truth_table().tolist() == [0, 0, 1, 0]
    assert McCullochPittsNeuron.gate("tautology", n).threshold == 0
    assert set(functions) | {"not", "x1 and not x2"} == set(GATES)


def test_unconnected_inputs_are_left_out_and_constants_are_found():
    neuron = McCullochPittsNeuron.find("x2 and not x4", 5)
    assert (neuron.wiring, neuron.threshold) == (".+.-.", 1)
    assert McCullochPittsNeuron.find([1, 1, 1, 1]) == McCullochPittsNeuron.gate("tautology")
    never = McCullochPittsNeuron.find([0, 0, 0, 0])
    assert not never.truth_table().any()


def test_sixteen_inputs():
    neuron = McCullochPittsNeuron(10, 6, 4, "+-" * 6 + "++++")
    assert McCullochPittsNeuron.find(neuron.truth_table()) == neuron
    table = neuron.truth_table()
    table[-1] = True  # all inhibitory inputs are on there
    proof = McCullochPittsNeuron.find(table)
    assert proof.verify()
    assert 65535 in proof.rows


@pytest.mark.parametrize("source", ["x1 xor x2", "x1 or (x2 and x3)", "not (x1 and x2)"])
def test_a_forged_proof_is_not_verified(source):
    proof = McCullochPittsNeuron.find(source)
    assert proof.verify()
    assert not replace(proof, table=tuple(1 - v for v in proof.table)).verify()
    assert not replace(proof, rows=proof.rows[::-1]).verify()
    assert "it must be" in str(proof)
    assert pickle.loads(pickle.dumps(proof)) == proof


def test_one_row_or_many_of_any_number_type():
    neuron = McCullochPittsNeuron(2, 1, 2)
    assert neuron([1, 1, 0]) == 1
    assert isinstance(neuron((1, 1, 1)), int)
    X = rows(3)
    X.setflags(write=False)
    for given in (X, X.astype(bool), X.astype(float), X.tolist(), pandas.DataFrame(X)):
        assert neuron(given).tolist() == neuron.truth_table().astype(int).tolist()
    assert neuron(X[::-2]).tolist() == neuron.truth_table()[::-2].astype(int).tolist()
    assert neuron(np.empty((0, 3))).shape == (0,)
    assert pickle.loads(pickle.dumps(neuron)) == neuron


def test_it_tells_why_it_is_on_or_off():
    told = str(McCullochPittsNeuron(2, 1, 2))
    assert told.startswith("x1 x2 excitatory; x3 inhibitory; threshold 2.")
    assert "inhibited by x3" in told
    assert "2 of 2 on, threshold reached" in told
    assert len(str(McCullochPittsNeuron(8)).splitlines()) == 1


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([1], "shape of X must be \\(2,\\)"),
        (1, "shape of X"),
        ([[1, 0, 1]], "shape of X"),
        ([[[1, 0]]], "shape of X"),
        ([[1, 0], [1]], "X must be of shape .*rows of equal length"),
        ([1, 2], "X at column 1 must be 0 or 1, got 2"),
        ([[1, 0], [0.5, 1]], "X at row 1, column 0 must be 0 or 1, got 0.5"),
        ([[1, np.nan]], "X at row 0, column 1"),
        (["1", "0"], "an array of numbers, 0 and 1"),
        ([None, 1], "an array of numbers, 0 and 1"),
    ],
)
def test_inputs_that_are_not_zeros_and_ones_are_named(X, message):
    with pytest.raises(ArgumentError, match=message):
        McCullochPittsNeuron(1, 1, 1)(X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0), "number of inputs"),
        ((10, 10), "number of inputs"),
        ((-1, 1), "n_excitatory"),
        ((1, 1.0), "n_inhibitory"),
        ((17, 0), "n_excitatory"),
        ((1, 1, -1), "threshold"),
        ((1, 1, 0.5), "threshold"),
        ((1, 1, True), "threshold"),
        ((1, 1, 1, "++"), "wiring"),
        ((1, 1, 1, "+"), "wiring"),
        ((1, 1, 1, "+-x"), "wiring"),
        ((1, 1, 1, ("+", "-")), "wiring"),
        ((1, 1, 1, "+-" + "." * 15), "number of inputs"),
    ],
)
def test_neurons_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        McCullochPittsNeuron(*arguments)


def test_gates_that_are_not_there_are_refused():
    for name in ("implies", 1, ["and"]):
        with pytest.raises(ArgumentError, match="name must be one of 'and', 'or'"):
            McCullochPittsNeuron.gate(name)
    for name, n in [("and", 0), ("not", 5), ("x1 and not x2", 3), ("not", 2), ("nand", 1)]:
        with pytest.raises(ArgumentError, match="n must be"):
            McCullochPittsNeuron.gate(name, n)


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("name", ["nand", "XOR", "xnor"])
def test_a_gate_that_no_neuron_can_be_is_refused_with_the_proof(name, n):
    with pytest.raises(ArgumentError, match="there is none") as info:
        McCullochPittsNeuron.gate(name, n)
    functions = {"nand": lambda *x: not all(x), "xor": lambda *x: sum(x) % 2}
    functions["xnor"] = lambda *x: 1 - sum(x) % 2
    assert str(McCullochPittsNeuron.find(functions[name.lower()], n)) in str(info.value)


def test_names_of_gates_may_be_in_capitals():
    assert McCullochPittsNeuron.gate("AND", 3) == McCullochPittsNeuron.gate("and", 3)
    assert McCullochPittsNeuron.gate("Not", 1).truth_table().tolist() == [True, False]


@pytest.mark.parametrize(
    ("table", "inputs", "places"),
    [
        ((0, 1, 1, 0), (1,), (1, 3, 9)),
        ((0, 1, 1, 0), (1,), (1, 3, -2)),
        ((0, 1, 1, 0), (5,), (1, 3, 2)),
        ((0, 1, 1, 0), (1, 2), (1, 3, 2)),
        ((0, 1, 1, 0), (), ()),
        ((0, 1, 1), (1,), (1, 3, 2)),
        ((), (1,), (1, 3, 2)),
        ((0, 1, 1, 0), (1.0,), (1, 3, 2)),
    ],
)
def test_a_proof_that_is_none_is_not_verified(table, inputs, places):
    assert NoNeuron(table, inputs, places).verify() is False


def test_numbers_are_kept_as_pythons():
    neuron = McCullochPittsNeuron(np.int64(2), np.int8(1), np.int64(2))
    assert repr(neuron) == repr(McCullochPittsNeuron(2, 1, 2))
    assert type(neuron.threshold) is int
