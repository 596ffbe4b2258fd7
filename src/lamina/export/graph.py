"""An ONNX graph under construction: inputs, constants, nodes and outputs, each under its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina._version import __version__
from lamina.export.traced import Shape, Traced

__all__ = ["Graph"]

# The oldest versions that have all that is needed, so that older runtimes read the file too:
# ONNX 1.13, ONNX Runtime 1.14 (both of early 2023).
_OPSET, _ML_OPSET, _IR = 18, 3, 8


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise ImportError(
            'to write ONNX files the package onnx is needed: pip install "lamina[onnx]"'
        ) from None
    return onnx


class Graph:
    """What becomes an ONNX file.

    Raises
    ------
    ImportError
        If the package ``onnx`` is not installed.
    """

    def __init__(self) -> None:
        self._onnx = _onnx()
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], Any], Traced] = {}
        self._initializers: list[Any] = []
        self._names: set[str] = set()

    def input(self, name: str, dtype: Any, shape: Shape, doc: str = "") -> Traced:
        """Return an input of the graph; None in `shape` is the number of rows."""
        self._names.add(name)
        self._inputs.append(self._info(name, np.dtype(dtype), shape, doc))
        return Traced(self, name, np.dtype(dtype), shape)

    def constant(self, value: np.ndarray, name: str = "constant") -> Traced:
        """Return a constant; the same value twice is stored once."""
        key = (value.dtype.str, value.shape, _content(value))
        if key not in self._constants:
            traced = Traced(self, self._new(name), value.dtype, value.shape)
            value = np.ascontiguousarray(value).reshape(value.shape)
            self._initializers.append(self._onnx.numpy_helper.from_array(value, traced.name))
            self._constants[key] = traced
        return self._constants[key]

    def node(
        self,
        kind: str,
        inputs: Sequence[Traced],
        dtype: np.dtype,
        shape: Shape,
        domain: str = "",
        unused: int = 0,
        **attributes: Any,
    ) -> Traced:
        """Return the result of an operator of ONNX, the one after `unused` others."""
        names = [array.name for array in inputs]
        name = self._new(kind)
        results = [*(self._new(f"{kind}_unused") for _ in range(unused)), name]
        made = self._onnx.helper.make_node(kind, names, results, name, domain=domain, **attributes)
        self._nodes.append(made)
        return Traced(self, name, dtype, shape, kind, tuple(inputs))

    def type_of(self, dtype: np.dtype) -> int:
        """Return the number that ONNX has for a dtype; object is text."""
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(dtype))

    def output(self, name: str, array: Traced) -> str:
        """Make `array` an output, and return its name: with a "_" where an input has that name."""
        while name in self._names:
            name += "_"
        self._names.add(name)
        self._nodes.append(self._onnx.helper.make_node("Identity", [array.name], [name], name))
        self._outputs.append(self._info(name, array.dtype, array.shape))
        return name

    def to_bytes(self, doc: str, metadata: Mapping[str, str]) -> bytes:
        """Return the checked file."""
        helper = self._onnx.helper
        nodes, constants = self._used()
        graph = helper.make_graph(nodes, "lamina", self._inputs, self._outputs, constants, doc)
        domains = {"": _OPSET} | {node.domain: _ML_OPSET for node in nodes if node.domain}
        model = helper.make_model(
            graph,
            ir_version=_IR,
            opset_imports=[helper.make_opsetid(*entry) for entry in domains.items()],
            producer_name="lamina",
            producer_version=__version__,
            doc_string=doc,
        )
        helper.set_model_props(model, dict(metadata))
        self._onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))

    def _used(self) -> tuple[list[Any], list[Any]]:
        """Return the nodes and constants that the outputs are made of."""
        names = {output.name for output in self._outputs}
        nodes = []
        for node in reversed(self._nodes):
            if names.intersection(node.output):
                nodes.append(node)
                names.update(node.input)
        return nodes[::-1], [value for value in self._initializers if value.name in names]

    def _info(self, name: str, dtype: np.dtype, shape: Shape, doc: str = "") -> Any:
        sizes = ["rows" if size is None else size for size in shape]
        helper = self._onnx.helper
        return helper.make_tensor_value_info(name, self.type_of(dtype), sizes, doc)

    def _new(self, wanted: str) -> str:
        """Return a name that nothing in the graph has yet."""
        name, number = wanted, 0
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name


def _content(value: np.ndarray) -> Any:
    return tuple(value.ravel().tolist()) if value.dtype == object else value.tobytes()
