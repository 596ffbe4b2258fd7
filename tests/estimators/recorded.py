"""What tests of recordings share."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from lamina import MLPClassifier

X, Y = load_iris(return_X_y=True)
X = scale(X)


def classifier(**options):
    """Return a classifier that records, of four batches an epoch."""
    own = {"max_iter": 6, "batch_size": 40, "random_state": 0, "n_threads": 1, "tol": 0}
    return MLPClassifier(**{"hidden_layer_sizes": 7, "diagnose": True, **own, **options})


def same(a, b):
    """Assert that two records are the same in all that a user can see."""
    assert repr(a) == repr(b) and a.stride == b.stride
    for name in ("epochs", "rows", "numbers", "curvatures", "health"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), strict=True)
    for own, other in zip(a.units, b.units, strict=True):
        np.testing.assert_array_equal(own, other, strict=True)
    assert [e for e, _ in a.snapshots] == [e for e, _ in b.snapshots]
    for (_, own), (_, other) in zip(a.snapshots, b.snapshots, strict=True):
        assert_same_weights(own, other)


def assert_same_weights(own, other):
    """Assert that the weights and biases of all layers have the same bits."""
    for p, q in zip(own, other, strict=True):
        for x, y in zip(p, q, strict=True):
            np.testing.assert_array_equal(x, y, strict=True)


def assert_same_model(own, other):
    """Assert that two models have the same weights and losses."""
    assert_same_weights([own.coefs_, own.intercepts_], [other.coefs_, other.intercepts_])
    assert own.loss_curve_ == other.loss_curve_ and own.n_iter_ == other.n_iter_
