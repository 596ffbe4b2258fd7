"""Arrays that are not there yet: what is computed with them becomes the nodes of an ONNX graph.

`lamina.spec` is written for every namespace of the array-API standard. `Traced` is the array of
one more namespace, so that an exported network is the spec's own network, function by function,
and no formula has to be written twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.export.erfc import erfc_above_0
from lamina.export.parts import ExportError

if TYPE_CHECKING:
    from lamina.export.graph import Graph

__all__ = ["Shape", "Traced", "namespace"]

Shape = tuple[int | None, ...]  # None is the number of rows, which only the data know

_BOOL, _INT64 = np.dtype(bool), np.dtype(np.int64)


class Traced:
    """An array of an ONNX graph: a name, a dtype and a shape, without values.

    Parameters
    ----------
    graph : Graph
        Where its operations go.
    name : str
        Its name there.
    dtype : dtype
        object for text.
    shape : tuple of int or None
        None is the number of rows.
    kind, made_of : str, tuple of Traced
        The operator that made it, and of what.
    """

    __array_ufunc__ = None  # an operator between a NumPy array and this one is this one's

    def __init__(
        self,
        graph: Graph,
        name: str,
        dtype: np.dtype,
        shape: Shape,
        kind: str = "",
        made_of: tuple[Traced, ...] = (),
    ) -> None:
        self.graph, self.name, self.dtype, self.shape = graph, name, dtype, shape
        self.kind, self.made_of = kind, made_of

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return namespace

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def like(self, value: Any) -> Traced:
        """Return `value` as an array of this graph; numbers become constants of this dtype."""
        if isinstance(value, Traced):
            return value
        return self.graph.constant(np.asarray(value).astype(self.dtype))

    def map(self, kind: str, *others: Any, dtype: Any = None) -> Traced:
        """Return an elementwise operator of this array and others."""
        arrays = [self, *map(self.like, others)]
        return _elementwise(kind, arrays, self.dtype if dtype is None else np.dtype(dtype))

    def astype(self, dtype: Any) -> Traced:
        """Return the same values in another dtype."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        to = self.graph.type_of(dtype)
        return self.graph.node("Cast", [self], dtype, self.shape, to=to)

    def columns(self, places: Any) -> Traced:
        """Return the columns at `places`, of shape (rows, number of places)."""
        index = self.graph.constant(np.asarray(places, dtype=np.int64))
        shape = (*self.shape[:-1], *index.shape)
        return self.graph.node("Gather", [self, index], self.dtype, shape, axis=-1)

    def __neg__(self) -> Traced:
        return self.map("Neg")

    def __abs__(self) -> Traced:
        return self.map("Abs")

    def __invert__(self) -> Traced:
        return self.map("Not")

    def __add__(self, other: Any) -> Traced:
        other = self.like(other)
        if self.kind == "Gemm" and other.ndim == 1:  # W and b in one operator
            return self.graph.node("Gemm", [*self.made_of, other], self.dtype, self.shape)
        return self.map("Add", other)

    def __radd__(self, other: Any) -> Traced:
        return self.like(other).map("Add", self)

    def __sub__(self, other: Any) -> Traced:
        return self.map("Sub", other)

    def __rsub__(self, other: Any) -> Traced:
        return self.like(other).map("Sub", self)

    def __mul__(self, other: Any) -> Traced:
        return self.map("Mul", other)

    def __rmul__(self, other: Any) -> Traced:
        return self.like(other).map("Mul", self)

    def __truediv__(self, other: Any) -> Traced:
        return self.map("Div", other)

    def __rtruediv__(self, other: Any) -> Traced:
        return self.like(other).map("Div", self)

    def __floordiv__(self, other: Any) -> Traced:
        """Return the floor of an integer over one above 0: ONNX rounds towards 0."""
        quotient = self.map("Div", other)
        return quotient - (self < quotient * other).astype(self.dtype)

    def __mod__(self, other: Any) -> Traced:
        return self - (self // other) * other

    def __lt__(self, other: Any) -> Traced:
        return self.map("Less", other, dtype=_BOOL)

    def __le__(self, other: Any) -> Traced:
        return self.map("LessOrEqual", other, dtype=_BOOL)

    def __gt__(self, other: Any) -> Traced:
        return self.map("Greater", other, dtype=_BOOL)

    def __ge__(self, other: Any) -> Traced:
        return self.map("GreaterOrEqual", other, dtype=_BOOL)

    def __eq__(self, other: Any) -> Any:
        return self.map("Equal", other, dtype=_BOOL)

    def __ne__(self, other: Any) -> Any:
        return ~(self == other)

    def __and__(self, other: Any) -> Traced:
        return self.map("And", other)

    def __or__(self, other: Any) -> Traced:
        return self.map("Or", other)

    __hash__ = object.__hash__

    def __matmul__(self, other: Any) -> Traced:
        """Return the product of two matrices.

        Gemm, since ONNX Runtime rounds a factor in front of a float64 MatMul to float32.
        """
        other = self.like(other)
        return self.graph.node("Gemm", [self, other], self.dtype, (self.shape[0], other.shape[1]))

    def __getitem__(self, key: Any) -> Traced:
        """Return a slice of the last axis: ``[..., a:b]`` or ``[:, a:b]``."""
        *before, last = key if isinstance(key, tuple) else (key,)
        whole = [[...], [slice(None)] * (self.ndim - 1)]
        width = self.shape[-1]
        if before not in whole or not isinstance(last, slice) or width is None:
            raise ExportError(f"an index {key!r} cannot be written as ONNX")
        return self.columns(np.arange(width)[last])

    def __bool__(self) -> bool:
        raise ExportError("a branch that depends on the data cannot be written as ONNX")


class _NoOperatorError(ExportError, AttributeError):
    """A function that has no form in ONNX here."""


class _Namespace:
    """The functions of the array-API standard that the spec's predictions are made of."""

    __name__ = __name__  # by which array_api_compat tells namespaces apart

    def __getattr__(self, name: str) -> Any:
        raise _NoOperatorError(f"the function {name} cannot be written as ONNX")

    def exp(self, x: Traced) -> Traced:
        return x.map("Exp")

    def log(self, x: Traced) -> Traced:
        return x.map("Log")

    def tanh(self, x: Traced) -> Traced:
        return x.map("Tanh")

    def abs(self, x: Traced) -> Traced:
        return abs(x)

    def isnan(self, x: Traced) -> Traced:
        return x.map("IsNaN", dtype=_BOOL)

    def isinf(self, x: Traced) -> Traced:
        return x.map("IsInf", dtype=_BOOL)

    def maximum(self, x: Traced, y: Any) -> Traced:
        return x.map("Max", y)

    def minimum(self, x: Traced, y: Any) -> Traced:
        return x.map("Min", y)

    def clip(self, x: Traced, low: float, high: float) -> Traced:
        return x.map("Clip", low, high)

    def log1p(self, x: Traced) -> Traced:
        """Return ``ln(1 + x)`` for x in (-1, inf), with the digits that 1 + x lost put back.

        ``ln(u) x / (u - 1)`` with u = 1 + x rounded: Kahan, in Goldberg (1991), theorem 4.
        """
        u = x + 1
        return self.where(u == 1, x, u.map("Log") * (x / (u - 1)))

    def expm1(self, x: Traced) -> Traced:
        """Return ``exp(x) - 1`` as ``tanh(x / 2) (exp(x) + 1)``, where nothing cancels."""
        return self.tanh(x * 0.5) * (self.exp(x) + 1)

    def erfc(self, x: Traced) -> Traced:
        """Return ``1 - erf(x)``, from the operator Erf, which ONNX Runtime has for float32 only."""
        if x.dtype == np.float32:
            return 1 - x.map("Erf")
        upper = erfc_above_0(abs(x))
        return self.where(x < 0, 2 - upper, upper)

    def where(self, condition: Any, x: Any, y: Any) -> Traced:
        x = x if isinstance(x, Traced) else y.like(x)
        y = x.like(y)
        if not isinstance(condition, Traced):
            condition = x.graph.constant(np.asarray(condition))
        of_0 = condition.kind == "Less" and condition.made_of[0] is y and x is y.like(0)
        if of_0 and condition.made_of[1] is x:
            return y.map("Relu")  # which every runtime knows to make fast
        return _elementwise("Where", [condition, x, y], x.dtype)

    def arange(self, n: int) -> np.ndarray:
        return np.arange(n)  # not from the data: a constant

    def zeros_like(self, x: Traced) -> Traced:
        return x.like(0)  # () broadcasts to every shape

    def ones_like(self, x: Traced) -> Traced:
        return x.like(1)

    def full_like(self, x: Traced, value: float) -> Traced:
        return x.like(value)

    def max(self, x: Traced, *, axis: int = -1, keepdims: bool = False) -> Traced:
        return _reduced("ReduceMax", x, axis, keepdims)

    def sum(self, x: Traced, *, axis: int = -1, keepdims: bool = False) -> Traced:
        return _reduced("ReduceSum", x, axis, keepdims)

    def argmax(self, x: Traced, *, axis: int = -1, keepdims: bool = False) -> Traced:
        """Return the place of the largest entry, the first of several.

        By TopK, since ArgMax of no rows has as many columns as x in ONNX Runtime.
        """
        one = x.graph.constant(np.asarray([1], dtype=np.int64))
        shape = _without_axis(x, axis, True)
        place = x.graph.node("TopK", [x, one], _INT64, shape, unused=1, axis=axis)
        return place if keepdims else self.squeeze(place, axis=axis)

    def cumulative_sum(self, x: Traced, *, axis: int = -1) -> Traced:
        place = x.graph.constant(np.asarray(axis, dtype=np.int64))
        return x.graph.node("CumSum", [x, place], x.dtype, x.shape)

    def expand_dims(self, x: Traced, *, axis: int = 0) -> Traced:
        places = x.graph.constant(np.asarray([axis], dtype=np.int64))
        shape = list(x.shape)
        shape.insert(axis % (x.ndim + 1), 1)
        return x.graph.node("Unsqueeze", [x, places], x.dtype, tuple(shape))

    def squeeze(self, x: Traced, axis: int) -> Traced:
        places = x.graph.constant(np.asarray([axis], dtype=np.int64))
        shape = _without_axis(x, axis, False)
        return x.graph.node("Squeeze", [x, places], x.dtype, shape)

    def concat(self, arrays: Any, *, axis: int = -1) -> Traced:
        """Return arrays of shape (rows, any) side by side."""
        arrays = list(arrays)
        first, widths = arrays[0], [array.shape[-1] for array in arrays]
        if axis % first.ndim != first.ndim - 1 or any(x.ndim != first.ndim for x in arrays):
            raise ExportError("arrays of other shapes than (rows, any) cannot be joined in ONNX")
        if len(arrays) == 1:
            return first
        shape = (*first.shape[:-1], sum(widths))
        return first.graph.node("Concat", arrays, first.dtype, shape, axis=-1)

    def astype(self, x: Traced, dtype: Any) -> Traced:
        return x.astype(dtype)


namespace: Any = _Namespace()


def _elementwise(kind: str, arrays: list[Traced], dtype: np.dtype) -> Traced:
    shape: Shape = ()
    for array in arrays:
        shape = _broadcast(shape, array.shape)
    return arrays[0].graph.node(kind, arrays, dtype, shape)


def _broadcast(first: Shape, second: Shape) -> Shape:
    n = max(len(first), len(second))
    pairs = zip((1,) * (n - len(first)) + first, (1,) * (n - len(second)) + second, strict=True)
    return tuple(b if a == 1 else a for a, b in pairs)


def _reduced(kind: str, x: Traced, axis: int, keepdims: bool) -> Traced:
    axes = x.graph.constant(np.asarray([axis], dtype=np.int64))
    shape = _without_axis(x, axis, keepdims)
    return x.graph.node(kind, [x, axes], x.dtype, shape, keepdims=int(keepdims))


def _without_axis(x: Traced, axis: int, keepdims: bool) -> Shape:
    sizes = list(x.shape)
    sizes[axis : axis + 1 or None] = [1] if keepdims else []
    return tuple(sizes)
