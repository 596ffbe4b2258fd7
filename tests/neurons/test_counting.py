"""The number of separable Boolean functions, against linear programs and the published counts."""

import itertools
import pickle

import numpy as np
import pytest
from scipy.optimize import linprog

from lamina.neurons import rows, separable_functions, separate
from lamina.plan.checks import ArgumentError

A000609 = {1: 4, 2: 14, 3: 104, 4: 1882, 5: 94572, 6: 15028134}
SELF_DUAL_CLASSES = {1: 1, 2: 2, 3: 3, 4: 7, 5: 21, 6: 135}  # A001532, of n + 1 variables


def feasible(table, n):
    """Whether a plane separates the values of a table, by SciPy's HiGHS."""
    signs = np.where(table, 1, -1)[:, None]
    Z = np.column_stack([rows(n), np.ones(2**n)]) * signs
    return linprog(np.zeros(n + 1), -Z, -np.ones(2**n), bounds=(None, None)).status == 0


@pytest.mark.parametrize("n", A000609)
def test_the_counts_are_the_published_ones(n):
    found = separable_functions(n)
    assert found.count == len(found) == A000609[n]
    assert len(found.classes) == SELF_DUAL_CLASSES[n]
    assert found.total == 2 ** (2**n)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_they_are_those_that_linear_programs_find(n):
    tables = itertools.product([0, 1], repeat=2**n)
    assert {f.table for f in separable_functions(n)} == {t for t in tables if feasible(t, n)}


def test_all_65536_functions_of_four_inputs_by_a_program_per_class():
    n, inputs = 4, rows(4).tolist()
    places = {tuple(row): i for i, row in enumerate(inputs)}
    moves = [
        [
            places[tuple(row[i] ^ flip for i, flip in zip(order, flips, strict=True))]
            for row in inputs
        ]
        for order in itertools.permutations(range(n))
        for flips in itertools.product([0, 1], repeat=n)
    ]
    seen, separable, classes = set(), set(), 0
    weights = 1 << np.arange(16)
    for code in range(2**16):
        if code in seen:
            continue
        table = code >> np.arange(16) & 1
        images = table[np.array(moves)]
        orbit = {*(images @ weights).tolist(), *((1 - images) @ weights).tolist()}
        seen |= orbit
        classes += 1
        if feasible(table, n):
            separable |= orbit
    assert classes == 222  # the published number of classes of all functions
    assert len(separable) == 1882
    found = {sum(value << i for i, value in enumerate(f.table)) for f in separable_functions(4)}
    assert found == separable


@pytest.mark.parametrize("n", [2, 3, 4])
def test_each_function_is_given_once_with_weights_that_compute_it(n):
    functions = list(separable_functions(n))
    assert len({f.table for f in functions}) == len(functions) == A000609[n]
    for f in functions:
        outputs = [
            int(sum(w * x for w, x in zip(f.weights, row, strict=True)) >= f.threshold)
            for row in itertools.product([0, 1], repeat=n)
        ]
        assert tuple(outputs) == f.table


def test_five_inputs_all_different_and_a_sample_proven():
    functions = list(separable_functions(5))
    tables = {f.table for f in functions}
    assert len(tables) == len(functions) == 94572
    for f in functions[::3001]:
        assert separate(rows(5), f.table).separable
        assert tuple(1 - value for value in f.table) in tables  # so is the complement
    random = np.random.RandomState(0)
    for _ in range(200):
        w = random.normal(size=6)
        assert tuple((rows(5) @ w[:5] + w[5] > 0).astype(int).tolist()) in tables


def test_classes_partition_by_the_arrangements_of_their_weights():
    for own in separable_functions(3).classes:
        arranged = {
            tuple(s * w for s, w in zip(signs, order, strict=True))
            for order in itertools.permutations(own.weights)
            for signs in itertools.product([1, -1], repeat=4)
        }
        assert len(arranged) == own.count


def test_it_prints_its_classes_and_pickles():
    found = separable_functions(2)
    assert repr(found) == "<SeparableFunctions: n=2, 14 of 16>"
    assert str(found).splitlines()[-1].split() == ["8", "1", "1", "1"]
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize("n", [0, 7, 2.0, "2", True, None])
def test_other_numbers_of_inputs_are_refused(n):
    with pytest.raises(ArgumentError, match="n must be an integer in \\[1, 6\\]"):
        separable_functions(n)
