"""Python objects as safetensors and JSON: numbers as arrays, everything else as text, never code.

A file is one safetensors file. Its header carries a JSON text, and the arrays stand beside it by
number. Reading builds only the classes that `_registry` names.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import tempfile
import time
from dataclasses import fields, is_dataclass
from os import PathLike
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import LabelBinarizer, StandardScaler

from lamina import plan, scalers
from lamina._version import __version__
from lamina.training import (
    Culprit,
    DataFacts,
    History,
    Mark,
    Outlier,
    Record,
    Seen,
    Standing,
    State,
)

FORMAT = 1
KEY = "lamina"
_DIGEST_LENGTH = 64


class FileError(ValueError):
    """A file is damaged, foreign or of a newer format.

    Examples
    --------
    >>> import lamina
    >>> lamina.files.loads(b"not a model")
    Traceback (most recent call last):
        ...
    lamina.codec.FileError: the file is not a lamina model, or it is damaged
    """


_TRAINED = (State, History, Mark, Record, Seen, DataFacts, Outlier, Standing, Culprit)


def _registry() -> dict[str, type]:
    """Return the only classes that a file can name."""
    classes: list[type] = [getattr(plan, name) for name in plan.__all__]
    classes = [c for c in classes if isinstance(c, type) and is_dataclass(c)]
    classes.remove(plan.CustomLoss)  # functions, which a file never holds
    return {c.__name__: c for c in [*classes, *_TRAINED]}


def dumps(kind: str, attributes: dict[str, Any]) -> bytes:
    """Return the bytes of a file that holds `attributes` of an object called `kind`."""
    arrays: dict[str, np.ndarray] = {}
    header = {
        "format": FORMAT,
        "version": __version__,
        "kind": kind,
        "attributes": {name: _encode(v, arrays, name) for name, v in attributes.items()},
    }
    return pack(header, arrays)


def pack(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """Return the bytes of a file, with a digest that shows damage to any of them."""
    text = json.dumps(header)
    # One entry: the order of several would change from file to file.
    metadata = {KEY: _digest(text, arrays) + text}
    return safetensors.numpy.save(arrays, metadata=metadata)


def _digest(text: str, arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def loads(data: bytes, name: str) -> tuple[str, dict[str, Any]]:
    """Return kind and attributes from a file's bytes; FileError calls the file `name`."""
    damaged = f"{name} is not a lamina model, or it is damaged"
    try:
        arrays = safetensors.numpy.load(data)
        entry = _metadata(data)[KEY]
        digest, text = entry[:_DIGEST_LENGTH], entry[_DIGEST_LENGTH:]
        header = json.loads(text)
        if digest != _digest(text, arrays):
            raise ValueError("the digest is another")
        newer, version = header["format"] > FORMAT, str(header["version"])
    except (safetensors.SafetensorError, *_DAMAGE) as error:
        raise FileError(damaged) from error
    if newer:
        raise FileError(
            f"{name} has format {header['format']} and this lamina reads up to {FORMAT}: "
            f"install lamina {version} or newer"
        )
    try:
        attributes = {key: _decode(v, arrays) for key, v in header["attributes"].items()}
        return str(header["kind"]), attributes
    except _DAMAGE as error:
        raise FileError(damaged) from error


_DAMAGE = (ValueError, KeyError, TypeError, IndexError, AttributeError, MemoryError, RecursionError)


def write_atomically(path: str | PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that a crash leaves the old file or the new one, whole.

    OSError names `path`; a directory, a device or another thing that is not a file is refused.
    """
    path = os.path.abspath(os.fspath(path))
    handle, temporary = _on_the_way_to(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def check_writable(path: str | PathLike[str]) -> None:
    """Raise the OSError that `write_atomically` would; what is there stays as it is."""
    handle, temporary = _on_the_way_to(os.path.abspath(os.fspath(path)))
    os.close(handle)
    os.unlink(temporary)


def _on_the_way_to(path: str) -> tuple[int, str]:
    """Return handle and name of a new temporary file beside `path`."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(errno.EEXIST, "exists and is not a regular file", path)
    try:
        folder, name = os.path.split(path)
        return tempfile.mkstemp(dir=folder, prefix=_temporary(name))
    except OSError as error:  # which would name the temporary file
        raise OSError(error.errno, error.strerror, path) from None


def _temporary(name: str) -> str:
    """Return how the names of temporary files for a file of that name begin."""
    return f".lamina-{name[:100]}-"


def remove_leftovers(path: str | PathLike[str], age: float = 600.0) -> None:
    """Remove what kills left of files that were on their way to `path`.

    Those written to within the last `age` seconds stay: another process may be at it.
    """
    folder, name = os.path.split(os.path.abspath(os.fspath(path)))
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_temporary(name)):
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - entry.stat().st_mtime >= age:
                        os.unlink(entry.path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _metadata(data: bytes) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length])["__metadata__"]


def _encode(value: Any, arrays: dict[str, np.ndarray], place: str) -> Any:
    """Return `value` as JSON; arrays go to `arrays` and leave their number."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and not isinstance(value, np.floating):
        return value if np.isfinite(value) else {"float": repr(value)}
    if isinstance(value, list):
        return [_encode(item, arrays, place) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, arrays, place) for item in value]}
    if isinstance(value, dict):
        pairs = [[_encode(k, arrays, place), _encode(v, arrays, str(k))] for k, v in value.items()]
        return {"dict": pairs}
    if isinstance(value, np.generic):
        return {"scalar": _encode(np.asarray(value), arrays, place)}
    if isinstance(value, np.ndarray):
        return _encode_array(value, arrays, place)
    if isinstance(value, np.random.RandomState):
        state: Any = value.get_state(legacy=True)
        numbers = [int(state[2]), int(state[3]), float(state[4])]
        return {"random": [_encode_array(state[1], arrays, place), *numbers]}
    if isinstance(value, LabelBinarizer):
        return {"labels": {k: _encode(v, arrays, place) for k, v in vars(value).items()}}
    if isinstance(value, (StandardScaler, SimpleImputer)):
        kind, parts = scalers.numbers(value)
        own = {name: _encode(part, arrays, place) for name, part in parts.items()}
        return {"transformer": kind, "numbers": own}
    if isinstance(value, plan.CustomLoss):
        raise TypeError(
            f"{place} cannot be saved: a CustomLoss is functions, and a file has numbers and no "
            f"code; pickle the model instead"
        )
    if is_dataclass(value) and type(value).__name__ in _registry():
        own = {f.name: _encode(getattr(value, f.name), arrays, place) for f in fields(value)}
        return {"object": type(value).__name__, "fields": own}
    raise TypeError(f"{place} cannot be saved: no form for a {type(value).__name__}")


def _encode_array(array: np.ndarray, arrays: dict[str, np.ndarray], place: str) -> dict:
    if array.dtype.kind in "biuf":
        number = str(len(arrays))
        arrays[number] = np.ascontiguousarray(array).reshape(array.shape)
        return {"array": number}
    if array.dtype.kind == "U" or array.dtype == object:
        entries = array.ravel().tolist()
        if all(entry is None or isinstance(entry, (bool, int, float, str)) for entry in entries):
            return {"entries": entries, "shape": list(array.shape), "dtype": array.dtype.str}
    raise TypeError(f"{place} cannot be saved: no form for an array of {array.dtype}")


def _decode(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return what `_encode` encoded."""
    if isinstance(value, list):
        return [_decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    if "tuple" in value:
        return tuple(_decode(item, arrays) for item in value["tuple"])
    if "dict" in value:
        return {_decode(k, arrays): _decode(item, arrays) for k, item in value["dict"]}
    if "scalar" in value:
        return _decode(value["scalar"], arrays)[()]
    if "array" in value:
        return arrays[value["array"]].copy()
    if "entries" in value:
        flat = np.array(value["entries"], dtype=object).reshape(value["shape"])
        # The width of text is that of the longest: a file cannot ask for more memory than it has.
        return flat if value["dtype"] == "|O" else flat.astype(str)
    if "random" in value:
        keys, position, has_gauss, gauss = value["random"]
        random = np.random.RandomState()
        random.set_state(("MT19937", _decode(keys, arrays), position, has_gauss, gauss))
        return random
    if "labels" in value:
        binarizer = LabelBinarizer()
        for name, own in value["labels"].items():
            setattr(binarizer, name, _decode(own, arrays))
        return binarizer
    if "transformer" in value:
        numbers = {name: _decode(item, arrays) for name, item in value["numbers"].items()}
        return scalers.KINDS[value["transformer"]](**numbers)
    own = {name: _decode(item, arrays) for name, item in value["fields"].items()}
    return _registry()[value["object"]](**own)
