"""An ensemble's ONNX file: the mean over the members, as ONNX Runtime computes it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.datasets import make_multilabel_classification as multilabel

import lamina

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

CLASSES = lamina.MLPClassifier((8, 5), max_iter=10, standardize=True)
NUMBERS = lamina.MLPRegressor(hidden_layer_sizes=(8,), max_iter=10, standardize=True)
WINE, CANCER, DIABETES = (
    load(return_X_y=True) for load in (load_wine, load_breast_cancer, load_diabetes)
)


def run(model, x):
    session = onnxruntime.InferenceSession(lamina.export.to_onnx(model))
    return session.run(None, {"X": x})


@pytest.mark.parametrize("data", [WINE, CANCER, multilabel(n_samples=60)], ids=len)
def test_labels_and_probabilities_are_those_of_the_ensemble(data):
    x, y = data
    model = lamina.EnsembleClassifier(CLASSES, n_members=3, random_state=0).fit(x, y)
    label, p = run(model, x)
    np.testing.assert_allclose(p, model.predict_proba(x), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(label, model.predict(x))


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-11), (np.float32, 1e-4)])
def test_numbers_are_those_of_the_ensemble(dtype, rtol):
    x, y = DIABETES
    model = lamina.EnsembleRegressor(NUMBERS, n_members=4, random_state=0).fit(x.astype(dtype), y)
    (h,) = run(model, x.astype(dtype))
    assert h.dtype == dtype and h.shape == (len(x),)
    np.testing.assert_allclose(h, model.predict(x.astype(dtype)), rtol=rtol)


def test_the_file_says_what_it_is_and_names_the_features():
    x = pd.DataFrame(WINE[0], columns=[f"f{i}" for i in range(13)])
    model = lamina.EnsembleClassifier(CLASSES, n_members=2, random_state=0).fit(x, WINE[1])
    graph = onnx.load_from_string(lamina.export.to_onnx(model))
    assert graph.doc_string.startswith("EnsembleClassifier: 2 times Network(13 -> 8 relu")
    assert '"f12"' in {entry.key: entry.value for entry in graph.metadata_props}["feature_names"]


def test_plain_arrays_are_those_of_one_network():
    model = lamina.EnsembleClassifier(CLASSES, n_members=2, random_state=0).fit(*WINE)
    with pytest.raises(lamina.ArgumentError, match="model must be a lamina"):
        lamina.export.to_arrays(model)
    assert lamina.export.to_arrays(model.members_[0])["W1"].shape == (13, 8)
