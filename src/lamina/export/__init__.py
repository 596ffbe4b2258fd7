"""Fitted estimators for other programs: ONNX files and plain NumPy arrays."""

from lamina.export.arrays import to_arrays, to_npz
from lamina.export.estimator import to_onnx
from lamina.export.parts import ExportError

__all__ = ["ExportError", "to_arrays", "to_npz", "to_onnx"]
