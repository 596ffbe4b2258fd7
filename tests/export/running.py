"""ONNX Runtime beside the estimator: what the tests of this folder share."""

from typing import Any

import numpy as np
import pytest

from lamina import MLPClassifier, MLPRegressor
from lamina.export import to_onnx

onnxruntime = pytest.importorskip("onnxruntime")

# What two orders of the same sums may differ by, relative to the largest numbers in them.
TOLERANCE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 1e-4}


def run_bytes(data: bytes, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the outputs of ONNX Runtime by name."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def run(model: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    return run_bytes(to_onnx(model), {"X": X})


def check(model: Any, X: np.ndarray) -> None:
    """Assert that ONNX Runtime gives the numbers of the estimator, in its dtype and shape."""
    outputs = run(model, X)
    tolerance = TOLERANCE[model.coefs_[0].dtype]
    if isinstance(model, MLPRegressor):
        assert list(outputs) == ["prediction"]
        close(outputs["prediction"], model.predict(X), tolerance)
        return
    assert list(outputs) == ["label", "probabilities"]
    expected = model.predict_proba(X)
    close(outputs["probabilities"], expected, tolerance)
    labels = model.predict(X)
    assert outputs["label"].shape == labels.shape
    # Where two classes are as likely as each other but for rounding, either label is right.
    several = not model._label_binarizer.y_type_.startswith("multilabel") and expected.shape[1] > 1
    ordered = np.sort(expected, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 1e-3 if several else np.full(len(X), not several)
    assert outputs["label"][clear].tolist() == labels[clear].tolist()


def close(given: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    assert given.shape == expected.shape and given.dtype == expected.dtype
    largest = np.abs(expected).max(initial=1e-300)
    np.testing.assert_allclose(given, expected, rtol=tolerance, atol=tolerance * float(largest))


def samples(
    n: int = 40, d: int = 4, k: int = 3, dtype: Any = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """Return X (n, d) and k classes."""
    return np.random.default_rng(0).normal(size=(n, d)).astype(dtype), np.arange(n) % k


def classifier(X: np.ndarray, y: Any, **options: Any) -> MLPClassifier:
    options = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0, **options}
    return MLPClassifier(**options).fit(X, y)


def regressor(X: np.ndarray, y: Any, **options: Any) -> MLPRegressor:
    options = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0, **options}
    return MLPRegressor(**options).fit(X, y)
