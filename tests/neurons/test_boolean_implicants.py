"""Prime implicants and smallest covers, held against their definitions by brute force."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lamina import ArgumentError
from lamina.neurons import (
    BooleanNetwork,
    in_literals,
    minimum_cover,
    prime_implicants,
    rows,
)
from lamina.neurons.boolean import implicants


def holds(implicant):
    """Return the set of rows that a product of literals holds at, by the definition."""
    signs = np.array(implicant)
    return frozenset(
        i
        for i, row in enumerate(rows(len(signs)))
        if all((2 * row - 1)[signs != 0] == signs[signs != 0])
    )


CUBES = {n: {cube: holds(cube) for cube in product((-1, 0, 1), repeat=n)} for n in (1, 2, 3)}


def functions(n):
    """Return all Boolean functions of n inputs as sets of the rows where they are 1."""
    return [frozenset(i for i in range(2**n) if code >> i & 1) for code in range(2**2**n)]


def table_of(true, n):
    return [int(i in true) for i in range(2**n)]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_prime_implicants_are_all_that_the_definition_gives(n):
    for true in functions(n):
        implying = {c: held for c, held in CUBES[n].items() if held <= true and true}
        maximal = {
            c for c, held in implying.items() if not any(held < h for h in implying.values())
        }
        assert {tuple(row) for row in prime_implicants(table_of(true, n)).tolist()} == maximal


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 8).flatmap(lambda n: arrays(bool, 2**n)))
def test_no_literal_of_a_prime_implicant_can_be_dropped(table):
    x = 2 * rows(int(np.log2(len(table)))).astype(int) - 1
    for prime in prime_implicants(table):

        def implies(product_):
            return table[((x == product_) | (product_ == 0)).all(axis=1)].all()

        assert implies(prime)
        for place in np.flatnonzero(prime):
            shorter = prime.copy()
            shorter[place] = 0
            assert not implies(shorter)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_fewer_products_do_and_none_with_fewer_literals(n):
    for true in functions(n):
        cover = minimum_cover(table_of(true, n))
        m, literals = len(cover.implicants), np.count_nonzero(cover.implicants)
        assert cover.lower_bound == m
        usable = [c for c, held in CUBES[n].items() if held <= true]
        for size in range(m + 1):
            for chosen in combinations(usable, size):
                if frozenset().union(*(CUBES[n][c] for c in chosen)) == true:
                    assert size == m
                    assert sum(map(abs, sum(chosen, ()))) >= literals


@pytest.mark.parametrize("code", [60615, 44006, 46934, 52014, 42986])
def test_of_smallest_covers_that_differ_one_with_the_fewest_literals_is_taken(code):
    primes = prime_implicants(code, 4)
    held = [holds(prime) for prime in primes.tolist()]
    true = {i for i in range(16) if code >> i & 1}
    found = minimum_cover(code, 4).implicants
    literals = {
        np.count_nonzero(primes[list(chosen)])
        for chosen in combinations(range(len(primes)), len(found))
        if set().union(*(held[k] for k in chosen)) == true
    }
    assert len(literals) > 1
    assert np.count_nonzero(found) == min(literals)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_parity_needs_half_of_all_rows(n):
    parity = rows(n).sum(axis=1) % 2
    assert BooleanNetwork(parity).minimal().n_hidden == 2 ** (n - 1)


@pytest.mark.parametrize("n", [3, 5, 7, 9])
def test_majority_needs_every_smallest_majority(n):
    majority = 2 * rows(n).sum(axis=1) > n
    network = BooleanNetwork(majority).minimal()
    assert network.n_hidden == len(prime_implicants(majority)) == comb(n, n // 2 + 1)


def test_a_cyclic_core_needs_three_of_six():
    # All rows but 000 and 111: no prime implicant is essential.
    table = [0, 1, 1, 1, 1, 1, 1, 0]
    assert len(prime_implicants(table)) == 6
    assert BooleanNetwork(table).minimal().n_hidden == 3


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: st.tuples(arrays(bool, 2**n), arrays(bool, 2**n))))
def test_what_does_not_matter_only_makes_the_cover_smaller(pair):
    table, free = pair
    network = BooleanNetwork(table)
    small = network.minimal(dont_care=free)
    assert np.array_equal(small(rows(network.n_inputs)), small.table)
    assert np.array_equal(small.table[~free], table[~free])
    assert small.n_hidden <= network.minimal().n_hidden


def test_a_digit_of_at_least_five_with_six_codes_that_are_none():
    network = BooleanNetwork(np.arange(16) >= 5).minimal(dont_care=np.arange(16) >= 10)
    assert network.expression == "x1 or (x2 and x3) or (x2 and x4)"


def test_a_cover_that_is_not_proved_smallest_says_so(monkeypatch):
    def hurried(*args, **options):
        found = solve(*args, **options)
        found.status, found.mip_dual_bound = 1, 1.7
        return found

    solve = implicants.milp
    monkeypatch.setattr(implicants, "milp", hurried)
    network = BooleanNetwork("x1 xor x2").minimal()
    assert (network.n_hidden, network.lower_bound) == (2, 1)
    assert "at least 1 are needed" in network.summary()


def test_no_cover_in_time_is_an_error(monkeypatch):
    class Nothing:
        x = None

    monkeypatch.setattr(implicants, "milp", lambda *args, **options: Nothing())
    with pytest.raises(RuntimeError, match=r"no cover by 2 prime implicants .* raise time_limit"):
        BooleanNetwork("x1 xor x2").minimal(time_limit=3)


@pytest.mark.parametrize("bad", [[1, 0, -1], [[2, 0]], [["x1"]], [[np.nan]]])
def test_literals_of_what_is_no_product_are_refused(bad):
    with pytest.raises(ArgumentError, match="implicants must be a matrix of -1, 0 and 1"):
        in_literals(bad)
