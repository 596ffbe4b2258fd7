"""The native engine: the extension `_native`, behind the protocol of all engines.

What the extension computes and how is in `docs/engine.md`. This module translates plans and
arrays for it, and makes copies where an array is not laid out as the extension needs it.
"""

from __future__ import annotations

import os
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from lamina import spec
from lamina.engines.protocol import Data, Parameters, Slots, refuse_noise_on_sparse
from lamina.plan import CustomLoss, Network, Regularization, Rule
from lamina.spec.measures import NUMBERS, UNITS, Measures

try:
    from lamina.engines import _native
except ImportError:  # a source tree where it was not built
    _native: Any = None  # type: ignore[no-redef]

_new = np.empty  # sooner found, where one row takes about a microsecond

__all__ = ["EngineInfo", "NativeEngine", "NativePredictor", "NativeTrainer", "engine_info"]


class EngineInfo(NamedTuple):
    """What runs.

    Attributes
    ----------
    engine : str
    isa : str
        Instruction set in use: the best available, or the one that ``LAMINA_ISA`` names.
    available : tuple of str
        Instruction sets that this build has and this processor runs, best first.
    threads : int
        Cores that this process may use.
    compiler : str
    """

    engine: str
    isa: str
    available: tuple[str, ...]
    threads: int
    compiler: str


def available() -> bool:
    """Return whether the extension was built."""
    return _native is not None


def engine_info() -> EngineInfo:
    """Return which engine, instruction set and compiler, and how many threads."""
    _require()
    threads = _native.usable_cores()
    return EngineInfo("native", _choose(None), tuple(_native.isas()), threads, _native.compiler)


class NativeEngine:
    """Trains and predicts in C++.

    Results depend neither on the number of threads nor on the instruction set.

    Parameters
    ----------
    n_threads : int in [1, inf) or None, default=None
        None: as many as pay for the network, of the cores that this process may use.
    isa : str or None, default=None
        Instruction set; None: what the environment's ``LAMINA_ISA`` names, or the best available.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Network
    >>> from lamina.engines.native import NativeEngine
    >>> network = Network.mlp(2, [3], 1)
    >>> NativeEngine().predictor(network, network.initialize(0))(np.zeros((4, 2))).shape
    (4, 1)
    """

    name = "native"

    def __init__(self, n_threads: int | None = None, isa: str | None = None) -> None:
        _require()
        if n_threads is not None and n_threads < 1:
            raise ValueError(f"n_threads must be at least 1 or None, got {n_threads}")
        self.n_threads, self.isa = n_threads, _choose(isa)

    def trainer(
        self,
        network: Network,
        rule: Rule,
        parameters: Parameters,
        slots: Slots | None,
        data: Data,
        alpha: float,
        regularization: Regularization | None = None,
        seed: int = 0,
    ) -> NativeTrainer:
        """Return a trainer that starts from copies of `parameters` and `slots` (None: zeros)."""
        own = regularization or Regularization()
        return NativeTrainer(self, network, rule, parameters, slots, data, alpha, own, seed)

    def predictor(self, network: Network, parameters: Parameters) -> NativePredictor:
        """Return a function of x that holds a copy of the parameters, ready to predict."""
        return NativePredictor(self, network, parameters)

    def forward(self, network: Network, dtype: Any) -> NativeForward:
        """Return a function of x and of parameters that stay with the caller."""
        return NativeForward(self, network, dtype)

    def losses(self, network: Network, data: Data) -> NativeSampleLosses:
        """Return the loss of each sample as a function of parameters of the data's dtype."""
        return NativeSampleLosses(self, network, data)

    def objective(self, network: Network, data: Data, alpha: float) -> NativeObjective:
        """Return the loss over all samples as a function of parameters of the data's dtype."""
        return NativeObjective(self, network, data, alpha)


class NativeTrainer:
    """Parameters and slots under training, in the extension's own layout."""

    def __init__(
        self,
        engine: NativeEngine,
        network: Network,
        rule: Rule,
        parameters: Parameters,
        slots: Slots | None,
        data: Data,
        alpha: float,
        regularization: Regularization,
        seed: int,
    ) -> None:
        refuse_noise_on_sparse(regularization, data)
        self._dtype, self._shapes = _dtype(parameters), network.shapes
        for given in (parameters, parameters if slots is None else slots):
            if len(given) != len(self._shapes):
                raise ValueError(f"{len(self._shapes)} layers need as many parameters and slots")
        self._network, self._n_slots = network, len(rule.kind.SLOTS)
        self._native = getattr(_native, "Trainer" + _suffix(self._dtype))(
            _plan(network),
            _name_of(rule),
            float(alpha),
            _numbers(regularization, seed),
            _functions(network),
            engine.isa,
            engine.n_threads or 0,
            _samples(data, self._dtype),
        )
        self._taken: int | None = None
        for layer, own in enumerate(_contiguous(parameters, self._dtype)):
            self._write(0, layer, own)
        for layer, states in enumerate(slots or []):
            for i in range(self._n_slots):
                self._write(1 + i, layer, [np.ascontiguousarray(s[i], self._dtype) for s in states])

    @property
    def n_done(self) -> int:
        """Steps taken in the current or last epoch."""
        return self._native.n_done if self._taken is None else self._taken

    @n_done.setter
    def n_done(self, value: int) -> None:
        self._taken = value

    def epoch(
        self,
        order: np.ndarray,
        batch_size: int,
        table: np.ndarray,
        first_step: int = 0,
        sums: tuple[float, float] = (0.0, 0.0),
        measured: bool = False,
    ) -> tuple[float, float]:
        """Take one step per batch."""
        self._taken = None
        order = np.array(order, np.int64, order="C")  # no one else's: it is checked once
        table = np.ascontiguousarray(table, np.float64)
        return self._native.epoch(order, batch_size, table, first_step, sums, measured)

    def measures(self) -> Measures | None:
        """Return what the last measured step revealed."""
        sizes = [len(UNITS) * layer.units for layer in self._network.layers]
        numbers, flat = np.empty((len(sizes), len(NUMBERS))), np.empty(sum(sizes))
        rows, effective = self._native.measures(numbers, flat)
        if rows == 0:
            return None
        ends = accumulate(sizes)
        of_units = [
            flat[e - n : e].reshape(len(UNITS), -1) for n, e in zip(sizes, ends, strict=True)
        ]
        return Measures(rows, numbers, of_units, effective)

    def losses(self, data: Data) -> float:
        """Return the mean data loss of the present parameters for other samples."""
        if isinstance(self._network.loss, CustomLoss):
            per_sample = self._network.loss.value_of(self.predict(data.x), data.y)
            return float(spec.losses.mean_loss(per_sample, data.weights, data.factors))
        return self._native.losses(_samples(data, self._dtype))

    def predict(self, x: Any) -> np.ndarray:
        """Return the predictions of the present parameters."""
        out = np.empty((x.shape[0], self._network.n_outputs), self._dtype)
        self._native.predict(_samples(Data(x, None), self._dtype), out)
        return out

    def finite(self) -> bool:
        """Return whether all parameters are finite."""
        return self._native.finite()

    def keep(self, name: str) -> None:
        """Keep a copy of parameters and slots under a name."""
        self._native.keep(name)

    def recall(self, name: str) -> None:
        """Go back to what was kept under a name."""
        self._native.recall(name)

    def read_parameters(self) -> Parameters:
        """Return copies of the parameters alone."""
        return self._read(0)

    def read(self) -> tuple[Parameters, Slots]:
        """Return copies of parameters and slots."""
        arrays = [self._read(i) for i in range(1 + self._n_slots)]
        slots = [
            [tuple(array[layer][p] for array in arrays[1:]) for p in range(len(own))]
            for layer, own in enumerate(arrays[0])
        ]
        return arrays[0], slots

    def close(self) -> None:
        """Join the threads."""
        self._native.close()

    def _write(self, array: int, layer: int, own: Any) -> None:
        for part, values in enumerate(own):
            self._native.write(array, layer, part, values)

    def _read(self, array: int) -> Parameters:
        read = []
        for layer, shapes in enumerate(self._shapes):
            own = tuple(_aligned(shape, self._dtype) for shape in shapes)
            for part, values in enumerate(own):
                self._native.read(array, layer, part, values)
            read.append(own)
        return read


class NativeObjective:
    """The loss over all samples; its buffers and threads serve one evaluation after another."""

    def __init__(self, engine: NativeEngine, network: Network, data: Data, alpha: float) -> None:
        self._dtype = np.asarray(data.y).dtype
        self._native = getattr(_native, "Objective" + _suffix(self._dtype))(
            _plan(network),
            float(alpha),
            _functions(network),
            engine.isa,
            engine.n_threads or 0,
            _samples(data, self._dtype),
        )

    def __call__(self, parameters: Parameters) -> tuple[float, float, Parameters]:
        """Return mean data loss, penalty, and the gradients of their sum."""
        parameters = _contiguous(parameters, self._dtype)
        gradients = [tuple(np.empty_like(p, order="C") for p in own) for own in parameters]
        return *self._native.run(parameters, gradients), gradients

    def close(self) -> None:
        """Join the threads."""
        self._native.close()


class NativePredictor:
    """A network and a copy of its parameters: a function of x, for any number of threads at once.

    Calling it checks the shape only; a dense C-ordered x of the parameters' dtype takes the short
    way.
    """

    def __init__(self, engine: NativeEngine, network: Network, parameters: Parameters) -> None:
        self.dtype, self._outputs = _dtype(parameters), network.n_outputs
        self._native = getattr(_native, "Predictor" + _suffix(self.dtype))(
            _plan(network), engine.isa, engine.n_threads or 0, _contiguous(parameters, self.dtype)
        )
        self._rows = self._native.rows

    def __call__(self, x: Any) -> np.ndarray:
        """Return the predictions (n_samples, n_outputs)."""
        try:
            out = _new((len(x), self._outputs), self.dtype)
            self._rows(x, out)
        except TypeError:  # another dtype or layout, or sparse
            out = _new((x.shape[0], self._outputs), self.dtype)
            self._native.data(_samples(Data(x, None), self.dtype), out)
        return out


class NativeSampleLosses:
    """The loss of each sample: a function of the parameters, for any number of threads at once."""

    def __init__(self, engine: NativeEngine, network: Network, data: Data) -> None:
        self._engine, self._network = engine, network
        self._dtype = np.asarray(data.y).dtype
        self._data = data._replace(weights=None, factors=None)
        self._samples = _samples(self._data, self._dtype)
        self._run = getattr(_native, "Forward" + _suffix(self._dtype))(
            _plan(network), engine.isa
        ).losses

    def __call__(self, parameters: Parameters) -> np.ndarray:
        """Return the losses (n_samples,) in float64."""
        parameters = _contiguous(parameters, self._dtype)
        if isinstance(self._network.loss, CustomLoss):
            predict = NativePredictor(self._engine, self._network, parameters)
            loss = self._network.loss
            return loss.value_of(predict(self._data.x), self._data.y).astype(np.float64)
        out = np.empty(len(self._data.y))
        self._run(parameters, self._samples, self._engine.n_threads or 0, out)
        return out


class NativeForward:
    """A network without parameters: a function of x and of parameters where they stand."""

    def __init__(self, engine: NativeEngine, network: Network, dtype: Any) -> None:
        self.dtype, self._outputs = np.dtype(dtype), network.n_outputs
        self._run = getattr(_native, "Forward" + _suffix(self.dtype))(
            _plan(network), engine.isa
        ).run

    def __call__(
        self, x: Any, coefs: Any, intercepts: Any, n_threads: int | None = None
    ) -> np.ndarray | None:
        """Return the predictions for a plain matrix, or None where it takes a closer look.

        That is: x is not a finite, C-ordered matrix of the dtype with rows and the network's
        columns, or `coefs` and `intercepts` are not C-ordered arrays of its shapes, or `n_threads`
        is no number of threads.
        """
        try:
            out = _new((len(x), self._outputs), self.dtype)
            return out if self._run(x, coefs, intercepts, n_threads, out) else None
        except (TypeError, IndexError):
            return None


def _require() -> None:
    if _native is None:
        raise RuntimeError(
            "the native engine was not built; install lamina by pip, or build it with CMake as "
            "docs/engine.md says"
        )


def _choose(isa: str | None) -> str:
    """Return `isa`, or the one that LAMINA_ISA names, or the best; ValueError if not available."""
    names = _native.isas()
    wanted, source = (isa, "isa") if isa else (os.environ.get("LAMINA_ISA"), "LAMINA_ISA")
    if not wanted:
        return names[0]
    if wanted not in names:
        raise ValueError(
            f"{source} must be one of {', '.join(names)} on this machine, got {wanted!r}"
        )
    return wanted


def _plan(network: Network) -> tuple[Any, ...]:
    sizes = network.sizes
    layers = [
        (d_in, layer.units, layer.activation, float(layer.slope))
        for d_in, layer in zip(sizes[:-1], network.layers, strict=True)
    ]
    options = network.loss.numbers(network.n_outputs)  # type: ignore[union-attr]
    return layers, network.output, network.loss_name, options


def _numbers(own: Regularization, seed: int) -> tuple[Any, ...]:
    noise = own.draws and own.input_noise != 0
    return *own.penalties, own.draws, noise, seed


def _functions(network: Network) -> Any:
    """Return what fills in the losses and slopes of a loss of the user's own, or None."""
    loss = network.loss
    if not isinstance(loss, CustomLoss):
        return None

    def run(h: np.ndarray, y: np.ndarray, losses: np.ndarray, slopes: np.ndarray) -> None:
        h, y = h.copy(), y.copy()  # the engine's memory is not to be kept by anyone else
        losses[:], slopes[:] = loss.value_of(h, y), loss.gradient_of(h, y)

    return run


def _name_of(rule: Rule) -> str:
    return rule.kind.__name__.rpartition(".")[2]


def _dtype(parameters: Parameters) -> np.dtype:
    dtype = parameters[0][0].dtype
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"parameters must be of float32 or float64, got {dtype}")
    return dtype


def _suffix(dtype: np.dtype) -> str:
    return "32" if dtype == np.float32 else "64"


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an array at the start of a cache line: predictions from it are half as fast else."""
    line = 64
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.empty(size + line, np.uint8)
    start = -room.ctypes.data % line
    return room[start : start + size].view(dtype).reshape(shape)


def _contiguous(parameters: Parameters, dtype: np.dtype) -> Parameters:
    return [tuple(np.ascontiguousarray(p, dtype) for p in own) for own in parameters]


def _samples(data: Data, dtype: np.dtype) -> Any:
    """Return the extension's view of samples, without a copy where the layout allows it."""
    kind = getattr(_native, "Data" + _suffix(dtype))
    x, *others = data
    own = [None if array is None else np.ascontiguousarray(array, dtype) for array in others]
    if not scipy.sparse.issparse(x):
        return kind(np.ascontiguousarray(x, dtype), *own)
    x = x.tocsr()
    if not x.has_sorted_indices:
        x = x.sorted_indices()
    # The places are copied: once checked, they must not change under the engine.
    return kind.sparse(
        np.ascontiguousarray(x.data, dtype),
        np.array(x.indices, np.int32, order="C"),
        np.array(x.indptr, np.int64, order="C"),
        x.shape[1],
        *own,
    )
