"""ONNX files: ONNX Runtime gives the numbers that the estimator gives."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import TOLERANCE, check, classifier, regressor, run, samples
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as OfSklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lamina
from lamina.export import ExportError, to_onnx
from lamina.spec.activations import ACTIVATIONS

onnx = pytest.importorskip("onnx")
DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation(activation, dtype):
    X, y = samples(dtype=dtype)
    check(classifier(X, y, activation=activation), X)
    check(regressor(X, y, activation=activation), X)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"exp"}))
@pytest.mark.parametrize("size", [1e-20, 1e3, 1e15])
def test_tiny_and_huge_inputs(activation, dtype, size):
    X, y = samples(dtype=dtype)
    model = regressor(X, y, activation=activation)
    check(model, (X * size).astype(dtype))
    # The tails of a probability too: relative to itself, not to the largest.
    one = classifier(X, y > 0, activation=activation, hidden_layer_sizes=())
    X = (X * min(size, 30.0)).astype(dtype)
    given, expected = run(one, X)["probabilities"], one.predict_proba(X)
    np.testing.assert_allclose(given[:, 1], expected[:, 1], rtol=1e2 * TOLERANCE[X.dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_tasks(dtype):
    X, y = samples(dtype=dtype)
    check(classifier(X, y > 0), X)
    check(classifier(X, y), X)
    check(classifier(X, np.eye(3, dtype=int)[y]), X)
    check(classifier(X, np.ones(len(X), dtype=int)), X)
    check(regressor(X, X[:, :2] @ np.ones((2, 3))), X)
    check(regressor(X, y, loss="poisson"), X)
    check(regressor(X[:, :1], y, hidden_layer_sizes=()), X[:, :1])


def test_no_and_one_and_many_rows():
    X, y = samples()
    for model in (
        classifier(X, y),
        classifier(X, y > 0),
        classifier(X, np.eye(3, dtype=int)[y]),
        regressor(X, y),
        regressor(X, np.eye(3)[y]),
    ):
        check(model, X[:1])
        check(model, np.repeat(X, 100, axis=0))
        row = {name: output.shape[1:] for name, output in run(model, X[:1]).items()}
        empty = {name: output.shape for name, output in run(model, X[:0]).items()}
        assert empty == {name: (0, *shape) for name, shape in row.items()}


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (["a", "bé", ""], object),
        (np.array(["a", "b", "c"], dtype=object), object),
        (np.array([3, -7, 100], dtype=np.int8), np.int64),
        (np.array([0, 1, 2**63 - 1], dtype=np.uint64), np.int64),
        ([0.0, 1.0, -2.0], np.float64),
        (np.array([1, 2, 3], dtype=np.float32), np.float32),
        ([False, True], np.bool_),
        (["no", "yes"], object),
        (["only"], object),
    ],
)
def test_labels_of_every_kind(labels, dtype):
    labels = np.asarray(labels)
    X, y = samples(k=len(labels))
    model = classifier(X, labels[y], max_iter=100)
    given = run(model, X)["label"]
    assert given.dtype == dtype
    assert given.tolist() == model.predict(X).tolist()


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    widths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    names=st.data(),
    dtype=st.sampled_from(DTYPES),
    n_outputs=st.integers(1, 4),
    several=st.booleans(),
    seed=st.integers(0, 99),
)
def test_random_networks(widths, names, dtype, n_outputs, several, seed):
    d, *hidden = widths
    known = sorted(set(ACTIVATIONS) - {"exp"})
    chosen = [names.draw(st.sampled_from(known)) for _ in hidden]
    random = np.random.default_rng(seed)
    X = random.normal(size=(12, d)).astype(dtype)
    options = {"hidden_layer_sizes": hidden, "activation": chosen or "relu", "random_state": seed}
    y = random.normal(size=(12, n_outputs) if n_outputs > 1 else 12)
    check(regressor(X, y, **options), X)
    y = random.integers(0, 2, (12, n_outputs + 1)) if several else np.arange(12) % (n_outputs + 1)
    check(classifier(X, y, **options), X)


def test_an_activation_per_layer_and_its_names():
    X, y = samples()
    model = classifier(X, y, hidden_layer_sizes=(5, 4, 3), activation=["tanh", "relu", "gelu"])
    check(model, X)
    file = onnx.load_from_string(to_onnx(model))
    held = {one.name: tuple(one.dims) for one in file.graph.initializer}
    assert [held[f"W{n}"] for n in (1, 2, 3, 4)] == [(4, 5), (5, 4), (4, 3), (3, 3)]
    kinds = [node.op_type for node in file.graph.node]
    assert kinds.count("Gemm") == 4 and kinds.count("Tanh") == 1 and kinds.count("Relu") == 1


def test_a_slope_of_its_own():
    X, y = samples()
    model = regressor(X, y, activation=[lamina.LeakyReLU(0.5), lamina.LeakyReLU(0)])
    check(model, X)
    assert lamina.export.to_arrays(model)["slopes"][:2].tolist() == [0.5, 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_outputs_that_ascend(dtype):
    X, y = samples(dtype=dtype)
    model = regressor(X, np.eye(3)[y], hidden_layer_sizes=())
    z = X @ model.coefs_[0] + model.intercepts_[0]
    model.network_ = lamina.Network(4, model.network_.layers, "ascending")
    expected = np.cumsum(np.hstack([z[:, :1], np.logaddexp(0, z[:, 1:])]), axis=1)
    np.testing.assert_allclose(
        run(model, X)["prediction"], expected, rtol=1e-5 if dtype == np.float32 else 1e-13
    )


def test_what_the_file_says_of_itself():
    pandas = pytest.importorskip("pandas")
    X, y = samples()
    frame = pandas.DataFrame(X, columns=["a", "b", "ç", "d"])
    file = onnx.load_from_string(to_onnx(classifier(frame, y)))
    assert (file.producer_name, file.producer_version) == ("lamina", lamina.__version__)
    about = {entry.key: entry.value for entry in file.metadata_props}
    assert about["estimator"] == "MLPClassifier"
    assert json.loads(about["feature_names"]) == ["a", "b", "ç", "d"]
    assert "4 -> 6 relu -> 5 relu -> 3 softmax" in about["network"]
    assert [(entry.domain, entry.version) for entry in file.opset_import] == [("", 18)]
    sizes = file.graph.input[0].type.tensor_type.shape.dim
    assert [size.dim_param or size.dim_value for size in sizes] == ["rows", 4]


def test_a_file_on_disk_has_the_same_bytes(tmp_path):
    X, y = samples()
    model = classifier(X, y)
    assert to_onnx(model, tmp_path / "m.onnx") is None
    assert (tmp_path / "m.onnx").read_bytes() == to_onnx(model) == to_onnx(model)
    with pytest.raises(OSError, match="nowhere"):
        to_onnx(model, tmp_path / "nowhere" / "m.onnx")


def test_a_changed_weight_is_exported():
    X, y = samples()
    model = regressor(X, y)
    model.intercepts_[-1][:] = 1e6
    check(model, X)


def test_what_is_no_estimator():
    with pytest.raises(NotFittedError):
        to_onnx(lamina.MLPClassifier())
    with pytest.raises(lamina.ArgumentError, match=r"model must be a lamina\.MLPClassifier or"):
        to_onnx(OfSklearn())


def test_weights_of_other_shapes():
    X, y = samples()
    model = regressor(X, y)
    model.coefs_[1] = model.coefs_[1][:, :2]
    with pytest.raises(ExportError, match="not of the network's shapes"):
        to_onnx(model)


def test_labels_without_a_form():
    X, y = samples()
    model = classifier(X, y)
    model.classes_ = np.array([1, "a", None], dtype=object)
    with pytest.raises(ExportError, match="labels of dtype object cannot be exported"):
        to_onnx(model)
    model.classes_ = np.array([1, 2, 2**64 - 1], dtype=np.uint64)
    with pytest.raises(ExportError, match=r"above 2\*\*63 - 1"):
        to_onnx(model)


def test_a_function_without_a_form(monkeypatch):
    X, y = samples()
    model = regressor(X, y)

    def sinh(z):
        from lamina.spec.arrays import namespace

        return namespace(z).sinh(z)

    monkeypatch.setitem(ACTIVATIONS, "relu", ACTIVATIONS["relu"]._replace(value=sinh))
    with pytest.raises(ExportError, match="the function sinh cannot be written as ONNX"):
        to_onnx(model)
    monkeypatch.delitem(ACTIVATIONS, "relu")
    with pytest.raises(ExportError, match="the function 'relu' cannot be exported"):
        to_onnx(model)


def test_without_the_package(monkeypatch):
    X, y = samples()
    model = classifier(X, y)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "lamina\[onnx\]"'):
        to_onnx(model)
    assert lamina.export.to_arrays(model)["W1"].shape == (4, 6)


@pytest.mark.parametrize("path", [5, b"bytes", ["a"]])
def test_what_is_no_path_is_refused(path):
    X, y = samples()
    model = regressor(X, y)
    with pytest.raises(lamina.ArgumentError, match="path must be a path or None, got"):
        to_onnx(model, path)
    with pytest.raises(lamina.ArgumentError, match="path must be a path, got"):
        lamina.export.to_npz(model, path)


def test_what_has_an_estimator_inside_says_what_to_pass():
    search = GridSearchCV(lamina.MLPRegressor(max_iter=2), {"alpha": [0.1]}, cv=2)
    with pytest.raises(lamina.ArgumentError, match="of a search, pass best_estimator_, got"):
        to_onnx(search)
    pipeline = make_pipeline(StandardScaler(), lamina.MLPRegressor())
    with pytest.raises(lamina.ArgumentError, match=r"of a pipeline, pass its last step, model\[-1"):
        to_onnx(pipeline)
