"""A few rows with parameters where they stand give the bits of many rows with packed ones."""

import numpy as np
import pytest

from lamina import Network
from lamina.engines import NativeEngine

native = pytest.importorskip("lamina.engines._native")

WIDTHS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 191, 193, 209, 257]


@pytest.mark.parametrize("isa", native.isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", WIDTHS)
def test_few_rows_give_the_bits_of_many(width, dtype, isa):
    random = np.random.RandomState(width)
    network = Network.mlp(
        random.choice(WIDTHS), [width, random.choice(WIDTHS)], width, activation=["relu", "gelu"]
    )
    parameters = network.initialize(0, dtype)
    coefs, intercepts = ([own[i] for own in parameters] for i in (0, 1))
    x = random.standard_normal((11, network.n_inputs)).astype(dtype)
    engine = NativeEngine(1, isa)
    predictor, forward = engine.predictor(network, parameters), engine.forward(network, dtype)
    many = predictor(x)
    assert forward(x, coefs, intercepts).tobytes() == many.tobytes()
    for rows in (1, 2, 4, 5):
        assert predictor(x[:rows]).tobytes() == many[:rows].tobytes()
        assert forward(x[:rows], coefs, intercepts).tobytes() == many[:rows].tobytes()


def test_what_forward_does_not_take_gives_none():
    network = Network.mlp(4, [5], 2)
    (w, b), (v, c) = network.initialize(0)
    forward, x = NativeEngine().forward(network, np.float64), np.ones((3, 4))
    assert forward(x, [w, v], [b, c]).shape == (3, 2)
    for bad in [
        (x[:, :3].copy(), [w, v], [b, c]),
        (x[:0], [w, v], [b, c]),
        (np.where(np.eye(3, 4) > 0, np.nan, x), [w, v], [b, c]),
        (np.asfortranarray(x), [w, v], [b, c]),
        (x.astype(np.float32), [w, v], [b, c]),
        (x, [w], [b]),
        (x, [w, v.T.copy()], [b, c]),
        (x, [w, v.astype(np.float32)], [b, c]),
        (x, [w, v], [b, c[:1].copy()]),
        (x, None, None),
    ]:
        assert forward(*bad) is None
