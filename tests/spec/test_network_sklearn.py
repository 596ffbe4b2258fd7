"""Forward and backward passes against scikit-learn's own `_forward_pass` and `_backprop`."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lamina import Network
from lamina.spec import losses
from lamina.spec import network as propagation

N = 12
SIZES = [4, 6, 5, 3]
PAIRS = {  # output: scikit-learn's estimator and its name for the loss
    "identity": (MLPRegressor, "squared_error"),
    "exp": (MLPRegressor, "poisson"),
    "softmax": (MLPClassifier, "log_loss"),
    "logistic": (MLPClassifier, "log_loss"),
}
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
EPS = np.finfo(float).eps


def setting(output, activation, weighted, seed=3):
    """Return a network, parameters, x, y and sample weights."""
    random = np.random.RandomState(seed)
    network = Network.mlp(SIZES[0], SIZES[1:-1], SIZES[-1], activation=activation, output=output)
    parameters = network.initialize(random)
    x = random.normal(size=(N, SIZES[0])) * (random.uniform(size=(N, SIZES[0])) < 0.6)
    y = {
        "identity": random.normal(size=(N, 3)),
        "exp": random.poisson(2.0, size=(N, 3)).astype(float),
        "softmax": np.eye(3)[random.randint(3, size=N)],
        "logistic": (random.uniform(size=(N, 3)) < 0.5).astype(float),
    }[output]
    weights = random.uniform(0, 2, size=N) if weighted else None
    return network, parameters, x, y, weights


def by_sklearn(output, activation, alpha, parameters, x, y, weights):
    """Return scikit-learn's activations, loss and gradients for the same parameters."""
    kind, loss = PAIRS[output]
    model = kind(activation=activation, alpha=alpha)
    model.loss, model.out_activation_, model.n_layers_ = loss, output, len(SIZES)
    model.coefs_ = [w.copy() for w, _ in parameters]
    model.intercepts_ = [b.copy() for _, b in parameters]
    empty = [None] * (len(SIZES) - 1)
    activations = [x, *empty]
    loss, coefs, intercepts = model._backprop(
        x, y, weights, activations, [*empty], [*empty], [*empty]
    )
    return activations, loss, list(zip(coefs, intercepts, strict=True))


@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize("weighted", [False, True], ids=["even", "weighted"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", sorted(PAIRS))
def test_gradients_equal_sklearns(output, activation, weighted, alpha):
    network, parameters, x, y, weights = setting(output, activation, weighted)
    passed = propagation.forward(network, parameters, x)
    back = propagation.backward(network, parameters, passed, y, weights, alpha)
    _, _, expected = by_sklearn(output, activation, alpha, parameters, x, y, weights)
    for ours, theirs in zip(back.gradients, expected, strict=True):
        assert ours[0] == pytest.approx(theirs[0], rel=1e-12, abs=1e-15)
        assert ours[1] == pytest.approx(theirs[1], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize("weighted", [False, True], ids=["even", "weighted"])
@pytest.mark.parametrize("output", sorted(PAIRS))
def test_objective_equals_sklearns(output, weighted, alpha):
    """Squared error alone differs: scikit-learn's loss is the mean over the k = 3 outputs."""
    network, parameters, x, y, weights = setting(output, "tanh", weighted)
    passed = propagation.forward(network, parameters, x)
    back = propagation.backward(network, parameters, passed, y, weights, alpha)
    total = N if weights is None else weights.sum()
    share = 3 if output == "identity" else 1
    data = losses.mean_loss(back.loss, weights)
    ours = data / share + propagation.penalty(parameters, alpha) / total
    _, theirs, _ = by_sklearn(output, "tanh", alpha, parameters, x, y, weights)
    assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", sorted(PAIRS))
def test_activations_equal_sklearns(output, activation):
    network, parameters, x, y, _ = setting(output, activation, False)
    passed = propagation.forward(network, parameters, x)
    theirs, _, _ = by_sklearn(output, activation, 0.0, parameters, x, y, None)
    hidden = [trace.h for trace in passed.layers[:-1]]
    for ours, expected in zip([*hidden, passed.prediction], theirs[1:], strict=True):
        assert ours == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
@pytest.mark.parametrize("weighted", [False, True], ids=["even", "weighted"])
def test_sparse_rows_give_what_dense_rows_give(weighted, kind):
    network, parameters, x, y, weights = setting("softmax", "relu", weighted)
    results = []
    for rows in (x, kind(x)):
        passed = propagation.forward(network, parameters, rows)
        back = propagation.backward(network, parameters, passed, y, weights, 0.1)
        results.append((passed.prediction, back.loss, *(g for own in back.gradients for g in own)))
    for dense, sparse in zip(*results, strict=True):
        assert isinstance(sparse, np.ndarray)
        assert sparse == pytest.approx(dense, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
def test_sparse_rows_one_by_one_give_what_dense_rows_give(kind):
    network, parameters, x, y, _ = setting("identity", "tanh", False)
    dense = propagation.per_sample_gradients(network, parameters, x, y)
    sparse = propagation.per_sample_gradients(network, parameters, kind(x), y)
    for row, other in zip(dense, sparse, strict=True):
        assert other[0][0] == pytest.approx(row[0][0], rel=1e-13, abs=1e-15)
