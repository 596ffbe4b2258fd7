"""What `diagnose` records of a fit, against other ways to compute it, and what it leaves alone."""

import numpy as np
import pytest
import scipy.sparse
from recorded import X, Y, assert_same_model, assert_same_weights, classifier
from sklearn.datasets import load_diabetes
from sklearn.neural_network import MLPClassifier as SklearnClassifier
from sklearn.preprocessing import scale

from lamina import MLPClassifier, MLPRegressor, Recorder, Regularization
from lamina.callbacks import Callback
from lamina.plan.rules import RULES
from lamina.training.recording.noise import WINDOW
from lamina.training.recording.record import LAYERS

DIABETES = load_diabetes(return_X_y=True)


class Steps(Callback):
    """Keeps the weights after each step and each epoch, from the start on."""

    every_batches = 1

    def on_train_begin(self, run):
        self.steps, self.epochs = [run.parameters()], {0: run.parameters()}

    def on_batch_end(self, run):
        self.steps.append(run.parameters())

    def on_epoch_end(self, run):
        self.epochs[run.epoch] = run.parameters()


# --- against others


def batches_of(model, seed, n, size):
    """Return the rows of each epoch's last full batch, from the draws that a fit makes."""
    random = np.random.RandomState(seed)
    model.network_.initialize(random, np.float64)
    order, found = np.arange(n), []
    for _ in range(model.n_iter_):
        shuffled = np.arange(n)
        random.shuffle(shuffled)
        order = order[shuffled]
        last = n // size * size
        found.append(order[last - size : last])
    return found


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_gradients_and_activations_are_those_of_scikit_learn(activation):
    """Its forward and backward passes, on the rows of the batch and the weights before the step."""
    steps = Steps()
    model = MLPClassifier(
        (6, 5), activation=activation, solver="sgd", momentum=0.8, batch_size=40, alpha=0.0,
        max_iter=4, random_state=3, diagnose=True, callbacks=[steps],
    ).fit(X, Y)  # fmt: skip
    record = model.record_
    oracle = SklearnClassifier((6, 5), activation=activation, alpha=0.0, max_iter=1)
    oracle.fit(X, Y)
    for row, rows in enumerate(batches_of(model, 3, len(X), 40)):
        step = 4 * row + 2  # of four batches, the third is the last full one
        before, after = steps.steps[step], steps.steps[step + 1]
        oracle.coefs_, oracle.intercepts_ = (list(own) for own in zip(*before, strict=True))
        hidden = [X[rows], *(np.empty((40, d)) for d in (6, 5, 3))]
        deltas, by_w, by_b = ([None] * 3 for _ in range(3))
        y = np.eye(3)[Y[rows]]
        hidden = oracle._forward_pass(hidden)
        hidden_now = [h.copy() for h in hidden]
        oracle._backprop(X[rows], y, None, hidden, deltas, by_w, by_b)
        for layer in range(3):
            got = {name: record[name][row, layer] for name in LAYERS}
            w, norm = before[layer][0], np.linalg.norm
            assert got["gradient_norm"] == pytest.approx(norm(by_w[layer]), rel=1e-9)
            assert got["bias_gradient_norm"] == pytest.approx(norm(by_b[layer]), rel=1e-9)
            assert got["weight_norm"] == pytest.approx(norm(w), rel=1e-12)
            assert got["update_norm"] == pytest.approx(norm(after[layer][0] - w), rel=1e-9)
            lengths = norm(hidden_now[layer], axis=1)
            assert got["input_norm"] == pytest.approx(lengths.mean(), rel=1e-12)
            assert got["bound"] * (1 + 1e-12) >= got["gradient_norm"]
            signal = record.unit("signal", layer + 1)[row]
            np.testing.assert_allclose(signal, (deltas[layer] ** 2).mean(axis=0) ** 0.5, rtol=1e-6)
        for layer in (1, 2):
            h = hidden_now[layer]
            np.testing.assert_allclose(record.unit("mean", layer)[row], h.mean(axis=0), rtol=1e-6)
            std = record.unit("deviation", layer)[row]
            np.testing.assert_allclose(std, h.std(axis=0), rtol=1e-5, atol=1e-12)
            assert record["activation_mean"][row, layer - 1] == pytest.approx(h.mean(), rel=1e-6)


def forward(parameters, x, first=0, nudge=None):
    """Return the outputs of a tanh network, of `x` as layer `first`'s input; or with h_l nudged."""
    h = x
    for layer, (w, b) in list(enumerate(parameters))[first:]:
        z = h @ w + b
        h = z if layer == len(parameters) - 1 else np.tanh(z)
        if nudge is not None and nudge[0] == layer:
            h = h + nudge[1]
    return h


def test_the_bound_and_its_factors_by_differences():
    """Derivatives of each sample's loss by finite differences: no formula of a backward pass."""
    x, y = scale(DIABETES[0][:12, :3]), scale(DIABETES[1][:12])
    steps = Steps()
    model = MLPRegressor(
        hidden_layer_sizes=(4, 3), activation="tanh", solver="sgd", batch_size=12, max_iter=3,
        shuffle=False, random_state=1, alpha=0.0, diagnose=True, callbacks=[steps],
    ).fit(x, y)  # fmt: skip
    record, e = model.record_, 1e-6

    def losses(parameters, nudge=None):
        return (forward(parameters, x, 0, nudge)[:, 0] - y) ** 2 / 2

    for row in range(3):
        parameters = steps.steps[row]
        inputs = [x]
        for layer in range(2):
            w, b = parameters[layer]
            inputs.append(np.tanh(inputs[-1] @ w + b))
        for layer in range(3):
            d = parameters[layer][1].size
            by_h = np.empty((12, d))
            for unit in range(d):
                nudge = np.eye(d)[unit] * e
                up, down = (losses(parameters, (layer, s * nudge)) for s in (1, -1))
                by_h[:, unit] = (up - down) / (2 * e)
            backflow = np.linalg.norm(by_h, axis=1)
            z = inputs[layer] @ parameters[layer][0] + parameters[layer][1]
            slopes = (np.tanh(z + e) - np.tanh(z - e)) / (2 * e) if layer < 2 else np.ones_like(z)
            largest, length = slopes.max(axis=1), np.linalg.norm(inputs[layer], axis=1)
            expected = {
                "backflow": backflow.mean(),
                "slope": largest.mean(),
                "bound": (largest * backflow * length).mean(),
            }
            for name, number in expected.items():
                assert record[name][row, layer] == pytest.approx(number, rel=1e-6), name


def test_signal_to_noise_is_that_of_many_batches():
    """Its mean over batches is near the ratio that all gradients have, one by one."""
    random = np.random.RandomState(0)
    x = random.normal(size=(4000, 3))
    y = x @ [1.0, -2.0, 0.5] + random.normal(size=4000) * 2
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", learning_rate_init=1e-9, batch_size=50, max_iter=200,
        random_state=0, diagnose=True, n_iter_no_change=999,
    )  # fmt: skip
    record = model.fit(x, y).record_
    error = x @ model.coefs_[0][:, 0] + model.intercepts_[0] - y
    gradients = error[:, None] * np.c_[x, np.ones(4000)]
    ratio = (gradients.mean(axis=0) ** 2).sum() / (gradients.var(axis=0).sum() / 50)
    assert np.median(record["signal_to_noise"]) == pytest.approx(ratio, rel=0.15)


def test_signal_to_noise_has_no_bias():
    """By NumPy's variance of the batch's gradients, which is one without bias."""
    x, y = scale(DIABETES[0][:30]), scale(DIABETES[1][:30]) + 9  # gradients that agree somewhat
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", learning_rate_init=1e-3, batch_size=3, max_iter=14,
        shuffle=False, random_state=0, diagnose=Recorder(snapshots=20), callbacks=[Steps()],
    ).fit(x, y)  # fmt: skip
    inputs, noise, length = np.c_[x, np.ones(30)][-3:], [], []
    for row, (w, b) in enumerate(own[0] for own in model.callbacks[0].steps[9:-1:10]):
        gradients = inputs * (inputs @ np.vstack([w, b]) - y[-3:, None])
        noise.append(gradients.var(axis=0, ddof=1).sum() / 3)
        length.append((gradients.mean(axis=0) ** 2).sum())
        signal = max(np.mean(length[-WINDOW:]) - np.mean(noise[-WINDOW:]), 0)
        expected = pytest.approx(signal / np.mean(noise[-WINDOW:]), rel=1e-8)
        assert model.record_["signal_to_noise"][row, 0] == expected
        spread = model.record_["gradient_noise"][row, 0]
        assert spread == pytest.approx(np.sqrt(noise[-1]), rel=1e-8)
    assert (model.record_["signal_to_noise"] > 0).any()


@pytest.mark.parametrize("fits", [1, 3])
def test_snapshots_are_the_weights_at_the_ends_of_epochs(fits):
    steps, seen = Steps(), {}
    model = classifier(callbacks=[steps], max_iter=9, warm_start=True, tol=0)
    for number in range(fits):
        model.fit(X, Y)
        for epoch, parameters in steps.epochs.items():
            seen.setdefault(9 * number + epoch, parameters)
    record = model.record_
    epochs = [epoch for epoch, _ in record.snapshots]
    assert epochs == {1: [*range(10)], 3: [*range(0, 27, 2), 27]}[fits]
    for epoch, parameters in record.snapshots:
        assert_same_weights(parameters, seen[epoch])
    last = record.snapshots[-1][1]
    assert_same_weights(last, list(zip(model.coefs_, model.intercepts_, strict=True)))


# --- the same model, with and without


OPTIONS = {
    **{f"solver={rule}": {"solver": rule} for rule in RULES},
    "lbfgs": {"solver": "lbfgs"},
    "dropout": {"regularization": Regularization(dropout=0.4, input_noise=0.1, clip_norm=0.1)},
    "early": {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 2},
    "one sample": {"batch_size": 1, "max_iter": 2},
    "all": {"batch_size": 1000},
    "deep": {"hidden_layer_sizes": (5, 4, 3), "activation": "prelu"},
    "none": {"hidden_layer_sizes": ()},
    "unshuffled": {"shuffle": False, "learning_rate": "adaptive", "solver": "sgd"},
    "threads": {"n_threads": 2},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", ["float64", "float32", "sparse"])
@pytest.mark.filterwarnings("ignore:Got `batch_size`:UserWarning")
def test_the_model_is_the_same_bit_for_bit(options, kind):
    x = {"float64": X, "float32": X.astype(np.float32), "sparse": scipy.sparse.csr_matrix(X)}[kind]
    if kind == "sparse" and "regularization" in options:
        options = {"regularization": Regularization(dropout=0.4)}
    weights = np.linspace(0, 2, len(Y))
    plain = classifier(diagnose=False, **options).fit(x, Y, weights)
    model = classifier(diagnose=Recorder(every=2), **options).fit(x, Y, weights)
    assert_same_model(model, plain)
    record = model.record_
    assert record.epochs.tolist() == list(range(1, model.n_iter_ + 1, 2))
    alone = ("gradient_noise", "signal_to_noise", "constant")  # nothing, for one sample
    finite = [name for name in LAYERS if name not in alone]
    assert all(np.isfinite(record[name]).all() for name in finite)
    assert (record["gradient_norm"] <= record["bound"] * (1 + 1e-5)).all()
    assert record.snapshots[0][1][0][0].dtype == model.coefs_[0].dtype
    if options.get("batch_size") == 1:
        assert np.isnan(record["signal_to_noise"]).all() and (record.rows == 1).all()


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_a_batch_without_weight_gives_way_to_the_last_that_has(solver):
    weights = np.r_[np.ones(120), np.zeros(30)]
    given = {"shuffle": False, "batch_size": 30, "solver": solver, "max_iter": 3}
    model, plain = (classifier(**given, diagnose=d) for d in (True, False))
    assert_same_model(model.fit(X, Y, weights), plain.fit(X, Y, weights))
    record = model.record_
    assert record.epochs.tolist() == [1, 2, 3] and len(set(record["gradient_norm"][:, 0])) == 3
    if solver == "sgd":  # the one before it, and nothing is done with the last
        other = classifier(**given).fit(X[:120], Y[:120], weights[:120]).record_
        np.testing.assert_array_equal(record.numbers, other.numbers)


@pytest.mark.parametrize("kind", ["draws", "copies", "zeros"])
def test_signal_to_noise_with_weights_is_that_of_many_batches(kind):
    """The variance over batches drawn anew, of their weighted means, by NumPy alone."""
    random = np.random.RandomState(0)
    x = random.normal(size=(3000, 3))
    y = x @ [1.0, -2.0, 0.5] + random.normal(size=3000) + 3  # gradients that agree
    weights = random.exponential(size=3000)
    if kind == "copies":
        x, y = x * 0 + [1.0, 2.0, 3.0], y * 0 + 1
    if kind == "zeros":
        weights *= random.uniform(size=3000) < 0.4
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", learning_rate_init=1e-9, batch_size=50, max_iter=300,
        random_state=0, diagnose=Recorder(snapshots=0), n_iter_no_change=999,
    )  # fmt: skip
    record = model.fit(x, y, weights).record_
    error = x @ model.coefs_[0][:, 0] + model.intercepts_[0] - y
    gradients = error[:, None] * np.c_[x, np.ones(3000)]
    if kind == "copies":
        assert (record["gradient_noise"] < 1e-6 * record["gradient_norm"]).all()
        assert (record["signal_to_noise"] > 1e10).all()
        return
    rows = random.randint(3000, size=(20000, 50))
    own = weights[rows][:, :, None]
    means = (own * gradients[rows]).sum(axis=1) / own.sum(axis=1)
    variance = means.var(axis=0).sum()
    assert (record["gradient_noise"] ** 2).mean() == pytest.approx(variance, rel=0.1)
    mean = np.average(gradients, axis=0, weights=weights)
    ratio = (mean**2).sum() / variance
    assert np.median(record["signal_to_noise"]) == pytest.approx(ratio, rel=0.2)


def test_signal_to_noise_is_seldom_nothing_in_small_batches():
    random = np.random.RandomState(0)
    x = random.normal(size=(400, 3))
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="sgd", learning_rate_init=1e-9, batch_size=8, max_iter=200,
        random_state=0, diagnose=True, n_iter_no_change=999,
    )  # fmt: skip
    record = model.fit(x, x @ [1.0, -2.0, 0.5] + random.normal(size=400) * 4).record_
    length = record["gradient_norm"] ** 2 + record["bias_gradient_norm"] ** 2
    alone = length <= record["gradient_noise"] ** 2
    assert alone.mean() > 0.2  # by single batches
    assert (record["signal_to_noise"] == 0).mean() < alone.mean() / 4


@pytest.mark.parametrize("solver", ["sgd", "nesterov", "adam"])
def test_samples_that_are_all_nothing(solver):
    model = classifier(solver=solver, max_iter=3).fit(X * 0, Y * 0 + (np.arange(150) % 2))
    record = model.record_
    for name in ("effective_rate", "update_ratio", "signal_to_noise", "gradient_noise"):
        assert not np.isinf(record[name]).any(), name
    assert np.isnan(record["effective_rate"][:, 0]).all()


@pytest.mark.parametrize("size", [1e-200, 1e160])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_lengths_whose_squares_are_out_of_range(size):
    """Of X as large or small as its squares are not: all is as for X of common size, but for it."""
    given = {"hidden_layer_sizes": (), "solver": "sgd", "learning_rate_init": 1e-300, "alpha": 0.0,
             "max_iter": 1, "batch_size": 30, "random_state": 0, "diagnose": True}  # fmt: skip
    records = []
    for unit in (size, 1.0):
        model = MLPRegressor(**given)
        model.partial_fit(X[:30], Y[:30])  # to have weights to set
        model.coefs_[0][:], model.intercepts_[0][:] = 0.5 / unit, 1.0
        model.partial_fit(X[:30] * unit, Y[:30])
        records.append(model.record_)
    for name, power in {"gradient_norm": 1, "input_norm": 1, "bound": 1, "weight_norm": -1,
                        "bias_gradient_norm": 0, "backflow": 0}.items():  # fmt: skip
        own, other = (record[name][-1, 0] for record in records)
        assert own == pytest.approx(other * size**power, rel=1e-9), name
    own, other = (record["gradient_noise"][-1, 0] for record in records)
    if size > 1:
        assert own > 0 and np.isfinite(own)


def test_batches_without_weight_are_not_measured():
    given = {"shuffle": False, "batch_size": 40, "solver": "sgd", "max_iter": 3}
    x, y, weights = X[:50], Y[:50], np.r_[np.zeros(40), np.ones(10)]
    plain = classifier(**given, diagnose=False).fit(x, y, weights)
    model = classifier(**given).fit(x, y, weights)  # no full batch has any
    assert_same_model(model, plain)
    record = model.record_
    assert record.n_measured == 0 and len(record.snapshots) == 4
    assert repr(record) == "0 measured epochs, 4 snapshots"


# --- data of every shape


def test_several_outputs_and_labels():
    model = MLPRegressor(hidden_layer_sizes=4, max_iter=3, random_state=0, diagnose=True)
    record = model.fit(X[:, :2], X[:, 2:]).record_
    assert record.unit("mean", 2).shape == (3, 2)
    labels = np.c_[Y == 0, Y > 0].astype(int)
    assert classifier().fit(X, labels).record_.unit("flat", 2).shape == (6, 2)
    assert classifier().fit(X[:100], Y[:100]).record_.unit("flat", 2).shape == (6, 1)


def test_one_sample():
    model = MLPRegressor(hidden_layer_sizes=3, max_iter=4, random_state=0, diagnose=True).fit(
        [[1.0, 2.0]], [3.0]
    )
    assert model.record_.rows.tolist() == [1, 1, 1, 1]
    assert np.isfinite(model.record_["gradient_norm"]).all()


def test_chunks():
    def chunks():
        for begin in range(0, 150, 25):
            yield X[begin : begin + 25], Y[begin : begin + 25]

    given = {"shuffle": False, "batch_size": 30, "max_iter": 4, "solver": "sgd"}
    plain = classifier(**given, diagnose=False).fit_batches(chunks, classes=[0, 1, 2])
    model = classifier(**given).fit_batches(chunks, classes=[0, 1, 2])
    assert_same_model(model, plain)
    record = model.record_
    assert record.epochs.tolist() == [1, 2, 3, 4] and (record.rows == 30).all()
    assert [epoch for epoch, _ in record.snapshots] == [0, 1, 2, 3, 4]


def test_lbfgs_measures_where_an_iteration_begins():
    model = MLPRegressor(
        hidden_layer_sizes=4, activation="tanh", solver="lbfgs", max_iter=12, alpha=0.0,
        random_state=0, diagnose=Recorder(snapshots=40),
    )  # fmt: skip
    y = scale(DIABETES[1])
    record = model.fit(DIABETES[0] * 20, y).record_
    assert record.epochs.tolist() == list(range(1, model.n_iter_ + 1))
    snapshots = dict(record.snapshots)
    for row, epoch in enumerate(record.epochs):
        before, after = snapshots[epoch - 1], snapshots[epoch]
        for layer in range(2):
            change = np.linalg.norm(after[layer][0] - before[layer][0])
            assert record["update_norm"][row, layer] == pytest.approx(change)
            assert record["weight_norm"][row, layer] == pytest.approx(
                np.linalg.norm(before[layer][0])
            )
        h = np.tanh(DIABETES[0] * 20 @ before[0][0] + before[0][1])
        error = h @ before[1][0] + before[1][1] - y[:, None]
        assert record["gradient_norm"][row, 1] == pytest.approx(
            np.linalg.norm(h.T @ error) / len(y), rel=1e-8
        )
