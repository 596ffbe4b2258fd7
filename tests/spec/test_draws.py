"""Random numbers by place: against published numbers, by statistics, and held for good.

NumPy only: the array-API standard has no unsigned arithmetic that wraps on all namespaces.
"""

import zlib

import numpy as np
import pytest
import scipy.stats

from lamina.spec import draws

SPLITMIX64 = [  # the first numbers for the seed 1234567, as published with many ports of it
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
# |z| of a standard normal statistic: 1 of 16,000 is larger, so that all tests together may pass.
FAR = 4.0


def finaliser(z):
    """SplitMix64's, in Python's whole numbers."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def splitmix(state, n):
    """Return the first n numbers of SplitMix64 (Steele et al., 2014) from a state."""
    return [finaliser((state + GOLDEN * i) & MASK) for i in range(1, n + 1)]


def test_the_generator_of_the_keys_is_the_published_one():
    assert splitmix(1234567, 5) == SPLITMIX64


@pytest.mark.parametrize("seed", [0, 1, 1234567, 2**32 - 1, 2**64 - 1])
@pytest.mark.parametrize(("stream", "step"), [(-1, 0), (0, 0), (3, 41), (200, 10**12)])
def test_keys_are_three_nested_generators(seed, stream, step):
    """Number `step` of the seed's, of it number stream + 1, of that a number for each row."""
    of_step = splitmix(seed, 1)[0] if step == 0 else finaliser((seed + GOLDEN * (step + 1)) & MASK)
    of_stream = splitmix(of_step, stream + 2)[-1]
    assert draws.keys(seed, stream, step, 7).tolist() == splitmix(of_stream, 7)


def test_the_step_0_keys_of_a_seed_start_with_its_published_number():
    of_stream = splitmix(SPLITMIX64[0], 1)[0]
    assert draws.keys(1234567, -1, 0, 1).tolist() == splitmix(of_stream, 1)


@pytest.mark.parametrize("key", [0, 1, 2**32, 2**64 - 1, 0x0123456789ABCDEF])
def test_a_word_is_the_hash_of_its_column_in_python_s_numbers(key):
    low, high = key & 0xFFFFFFFF, key >> 32
    expected = []
    for j in range(40):
        x = (low + j * 0x9E3779B9) & 0xFFFFFFFF
        x = (x ^ (x >> 16)) * 0x21F0AAAD & 0xFFFFFFFF
        x ^= high
        x = (x ^ (x >> 15)) * 0x735A2D97 & 0xFFFFFFFF
        expected.append(x ^ (x >> 15))
    assert draws.words(np.array([key], dtype=np.uint64), 40)[0].tolist() == expected


def test_halves_take_the_words_in_blocks_of_sixteen_columns():
    key = draws.keys(5, 1, 2, 3)
    words, halves = draws.words(key, 32), draws.halves(key, 70)
    for j in range(70):
        word = words[:, 16 * (j // 32) + j % 16] if j < 64 else draws.words(key, 48)[:, j - 32]
        np.testing.assert_array_equal(
            halves[:, j], word & 0xFFFF if j // 16 % 2 == 0 else word >> 16
        )


@pytest.mark.parametrize("columns", [0, 1, 15, 16, 17, 31, 32, 33, 64])
def test_a_column_does_not_depend_on_how_many_there_are(columns):
    key = draws.keys(9, 0, 0, 4)
    np.testing.assert_array_equal(draws.halves(key, columns), draws.halves(key, 100)[:, :columns])
    np.testing.assert_array_equal(draws.normals(key, columns), draws.normals(key, 100)[:, :columns])


def test_a_row_does_not_depend_on_how_many_there_are():
    np.testing.assert_array_equal(draws.keys(9, 0, 3, 100)[:7], draws.keys(9, 0, 3, 7))
    assert draws.keys(9, 0, 3, 0).shape == (0,)


@pytest.mark.parametrize("seed", [np.int64(7), np.uint64(7), np.uint32(7), 7 - 2**64])
def test_a_seed_may_be_a_number_of_any_kind(seed):
    np.testing.assert_array_equal(draws.keys(seed, 0, 0, 3), draws.keys(7, 0, 0, 3))


def test_streams_never_change():
    """The same seed is to give the same model in every version."""
    halves = draws.halves(draws.keys(42, 1, 1000, 64), 100)
    assert halves[0, :6].tolist() == FIRST_HALVES
    assert zlib.crc32(halves.astype("<u4").tobytes()) == FINGERPRINT
    words = draws.words(draws.keys(2**32 - 1, draws.NOISE, 0, 64), 100)
    assert zlib.crc32(words.astype("<u4").tobytes()) == FINGERPRINT_OF_NOISE
    assert draws.normals(draws.keys(0, draws.NOISE, 0, 1), 4)[0] == pytest.approx(
        FIRST_NORMALS, rel=1e-14
    )


FIRST_HALVES = [38703, 15869, 21977, 21116, 241, 65093]
FINGERPRINT = 2450702465
FINGERPRINT_OF_NOISE = 2169815853
FIRST_NORMALS = [
    0.3986929742316645,
    -0.19630478439724486,
    -0.07589856889075819,
    0.44089262789599887,
]

PLACES = {  # one number each, 300,000 of them, along every direction in which engines draw
    "columns of one row": lambda: draws.halves(draws.keys(0, 0, 0, 1), 300_000)[0],
    "rows of one column": lambda: draws.halves(draws.keys(0, 0, 0, 300_000), 1)[:, 0],
    "a batch of 200": lambda: draws.halves(draws.keys(0, 0, 0, 200), 1500).ravel(),
    "steps": lambda: np.array([one(0, 0, step) for step in range(20_000)]).ravel(),
    "layers": lambda: np.array([one(0, layer, 0) for layer in range(20_000)]).ravel(),
    "seeds": lambda: np.array([one(seed, 0, 0) for seed in range(20_000)]).ravel(),
}


def one(seed, stream, step):
    """Return 15 numbers of one place."""
    return draws.halves(draws.keys(seed, stream, step, 3), 5)


@pytest.fixture(scope="module", params=sorted(PLACES))
def numbers(request):
    """Return 300,000 numbers in 0..65535 along one direction."""
    drawn = PLACES[request.param]()
    assert drawn.shape == (300_000,)
    return drawn


def test_numbers_are_uniform(numbers):
    """Chi-square of 1024 upper and 1024 lower parts, and Kolmogorov's distance."""
    for part in (numbers >> 6, numbers & 1023):
        counts = np.bincount(part.astype(np.int64), minlength=1024)
        assert 1e-4 < scipy.stats.chisquare(counts).pvalue < 1 - 1e-4
    distance = scipy.stats.kstest((numbers + 0.5) / 65536, "uniform")
    assert distance.pvalue > 1e-4


def test_every_bit_is_set_half_of_the_time(numbers):
    for bit in range(16):
        share = ((numbers >> bit) & 1).mean()
        assert abs(share - 0.5) * 2 * np.sqrt(len(numbers)) < FAR + 0.5


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 5, 8, 15, 16, 17, 32, 64, 128])
def test_neighbours_are_not_correlated(numbers, lag):
    centred = (numbers - 32767.5) / (65536 / np.sqrt(12))
    z = (centred[lag:] * centred[:-lag]).sum() / np.sqrt(len(centred) - lag)
    assert abs(z) < FAR


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_pairs_of_dropped_neighbours_are_as_many_as_if_they_were_independent(numbers, probability):
    dropped = (numbers < 65536 * probability).astype(int)
    counts = np.bincount(dropped[:-1:2] * 2 + dropped[1::2], minlength=4)
    p = np.array([1 - probability, probability])
    expected = np.outer(p, p).ravel() * counts.sum()
    assert scipy.stats.chisquare(counts, expected).pvalue > 1e-4


@pytest.mark.parametrize("probability", [0.2, 0.5])
def test_all_pairs_of_columns_and_of_rows_of_a_mask_are_independent(probability):
    """Correlations of all pairs have the spread of chance, and the counts that of a binomial."""
    rows, columns = 2048, 192
    dropped = draws.halves(draws.keys(1, 2, 3, rows), columns) < 65536 * probability
    for mask in (dropped, dropped[:192].T):
        n, width = mask.shape
        z = np.corrcoef(mask.T)[np.triu_indices(width, 1)] * np.sqrt(n)
        assert abs(z.mean()) * np.sqrt(len(z)) < FAR
        assert z.std() == pytest.approx(1, abs=0.03)
        assert np.abs(z).max() < 6
    for axis, n in ((0, rows), (1, columns)):
        counts = dropped.sum(axis=axis)
        spread = counts.var() / (n * probability * (1 - probability))
        assert spread == pytest.approx(1, abs=FAR * np.sqrt(2 / len(counts)))


ONE_MORE = {"seed": (1, 0, 0), "stream": (0, 1, 0), "step": (0, 0, 1), "noise": (0, -1, 0)}


@pytest.mark.parametrize("other", ONE_MORE.values(), ids=ONE_MORE)
def test_masks_of_adjacent_places_have_nothing_in_common(other):
    base, own = ((draws.halves(draws.keys(*at, 1000), 300) - 32767.5) for at in ((0, 0, 0), other))
    for row in (0, 1, -1):  # nor are rows or columns of one those of the other, moved by one
        for column in (0, 1, -1):
            z = (base * np.roll(own, (row, column), (0, 1))).sum() / np.sqrt(base.size)
            assert abs(z) / (65536**2 / 12) < FAR


FLIPPED = {
    "seed": lambda bit, at: (at[0] ^ (1 << bit), at[1], at[2]),
    "step": lambda bit, at: (at[0], at[1], at[2] ^ (1 << bit)),
    "stream": lambda bit, at: (at[0], at[1] ^ (1 << bit), at[2]),
}


@pytest.mark.parametrize("what", sorted(FLIPPED))
def test_one_bit_of_a_place_changes_half_of_the_bits(what):
    """The avalanche criterion, bit by bit of seed, step and layer, for each bit of the words."""
    random = np.random.RandomState(0)
    places = random.randint(0, 1000, (40, 3)).tolist()
    for bit in range({"seed": 32, "step": 40, "stream": 10}[what]):
        changed = np.zeros(32)
        for place in places:
            words = (
                draws.words(draws.keys(*at, 16), 8) for at in (place, FLIPPED[what](bit, place))
            )
            differs = next(words) ^ next(words)
            changed += [((differs >> np.uint32(k)) & 1).sum() for k in range(32)]
        z = (changed / (40 * 16 * 8) - 0.5) * 2 * np.sqrt(40 * 16 * 8)
        assert np.abs(z).max() < FAR + 1


def test_one_bit_of_a_row_or_a_column_changes_half_of_the_bits():
    words = draws.words(draws.keys(3, 0, 5, 4096), 64)
    for bit in range(12):
        differs = words ^ words[np.arange(4096) ^ (1 << bit)]
        shares = [((differs >> np.uint32(k)) & 1).mean() for k in range(32)]
        assert np.abs(np.array(shares) - 0.5).max() * 2 * np.sqrt(words.size / 2) < FAR + 1
    # Between columns the hash of two rounds has a small bias, which is known: below 1%.
    for bit in range(6):
        differs = words ^ words[:, np.arange(64) ^ (1 << bit)]
        shares = [((differs >> np.uint32(k)) & 1).mean() for k in range(32)]
        assert np.abs(np.array(shares) - 0.5).max() < 0.01


def test_no_two_keys_of_a_long_training_are_equal():
    keys = [draws.keys(s, at, t, 20) for s in range(10) for at in range(-1, 9) for t in range(100)]
    assert len(np.unique(np.concatenate(keys))) == 10 * 10 * 100 * 20


@pytest.mark.parametrize("shape", [(1, 400_000), (400_000, 1), (632, 632)], ids=str)
def test_normals_are_standard_normal(shape):
    z = draws.normals(draws.keys(11, draws.NOISE, 0, shape[0]), shape[1]).ravel()
    assert scipy.stats.kstest(z, "norm").pvalue > 1e-4
    n = len(z)
    moments = [np.mean(z**k) for k in (1, 2, 3, 4)]
    exact, spread = [0, 1, 0, 3], [1, 2, 15, 96]  # E z^k, and var z^k = E z^2k - (E z^k)^2
    for moment, expected, variance in zip(moments, exact, spread, strict=True):
        assert abs(moment - expected) < FAR * np.sqrt(variance / n)
    assert np.abs(z).max() < 5.5


def test_the_largest_normals_are_the_quantiles_of_the_outermost_parts(monkeypatch):
    ends = np.array([[0, 2**32 - 1, 255, 256, 2**31 - 1, 2**31]], dtype=np.uint32)
    monkeypatch.setattr(draws, "words", lambda key, count: ends)
    z = draws.normals(np.zeros(1, dtype=np.uint64), 6)[0]
    assert z[:2] == pytest.approx(scipy.stats.norm.ppf([2.0**-25, 1 - 2.0**-25]), rel=1e-12)
    assert z[2] == z[0]
    assert z[3] > z[0]
    assert z[4] == -z[5]
    assert abs(z[0]) < 5.42
