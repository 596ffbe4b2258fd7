"""The model file: a zip of stored parts, all of them data.

``lamina.json`` holds the target and the facts of the training, ``preprocessing.json`` what was
learnt about the columns, ``estimator.safetensors`` the network as ``lamina.files`` writes it.
Nothing in it names a type, a module or a function, so nothing in it can be executed. The parts
are stored without compression, so no part is larger than the file.
"""

import io
import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lamina.estimators import MLPClassifier
from lamina.files import FileError, dumps, loads
from lamina.tables.errors import TableError
from lamina.tables.facts import facts_from, preprocessing_from, target_from
from lamina.tables.model import TableModel, learns_ratio, levels_of, outputs
from lamina.tables.read import write_bytes
from lamina.tables.target import Target

__all__ = ["load", "save"]

FORMAT = "lamina table model"
VERSION = 1
_ABOUT, _COLUMNS, _NETWORK = "lamina.json", "preprocessing.json", "estimator.safetensors"
_PARTS = (_ABOUT, _COLUMNS, _NETWORK)
# The same model gives the same bytes, whenever it is written.
_DATE = (1980, 1, 1, 0, 0, 0)
# What a file that is damaged or made to harm may raise while it is taken apart.
_BROKEN = (
    zipfile.BadZipFile,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)


def save(model: TableModel, path: str | os.PathLike[str]) -> None:
    """Write ``model`` to ``path``: the old file stays until the new one is whole."""
    about = {
        "format": FORMAT,
        "version": VERSION,
        "target": asdict(model.target),
        "facts": asdict(model.facts),
    }
    parts = {
        _ABOUT: _json(about),
        _COLUMNS: _json(asdict(model.preprocessing)),
        _NETWORK: dumps(model.estimator),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), data)
    write_bytes(path, file.getvalue())


def load(path: str | os.PathLike[str]) -> TableModel:
    """Read a model from ``path``, checking each value on the way."""
    path = Path(path)
    about, columns, network = _parts(path)
    try:
        target = target_from(about["target"])
        preprocessing = preprocessing_from(_parsed(columns))
        facts = facts_from(about["facts"])
        estimator = loads(network, str(path))
        _check(estimator, target, preprocessing.width)
    except FileError as error:
        raise TableError(str(error)) from error
    except _BROKEN as error:
        raise _damaged(path) from error
    return TableModel(target, preprocessing, estimator, facts)


def _parts(path: Path) -> tuple[dict[str, Any], bytes, bytes]:
    if path.is_dir():
        raise TableError(f"{path} is a folder: name a model file, as lamina train writes it")
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = file.read(4)
            if start[:2] != b"PK":
                what = "is empty" if size == 0 else "is not a lamina model"
                raise TableError(f"{path} {what}: name a file that lamina train has written")
            with zipfile.ZipFile(file) as archive:
                about = _about(archive, size, path)
                _only(archive.infolist(), size)
                return about, archive.read(_COLUMNS), archive.read(_NETWORK)
    except FileNotFoundError:
        raise TableError(f"there is no model file {path}: check the name and folder") from None
    except PermissionError:
        raise TableError(f"{path} may not be read: check its permissions") from None
    except TableError:
        raise
    except _BROKEN as error:
        raise _damaged(path) from error


def _about(archive: zipfile.ZipFile, size: int, path: Path) -> dict[str, Any]:
    """Return what ``lamina.json`` says, once it says that this lamina can read the file."""
    own = [part for part in archive.infolist() if part.filename == _ABOUT]
    about = None
    if len(own) == 1:
        _only_stored(own[0], size)
        about = _parsed(archive.read(own[0]))
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise TableError(
            f"{path} is a zip file, but not a lamina model: name a file that lamina train has "
            "written"
        )
    version = about.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise TableError(
            f"{path} was written by a newer lamina (its format is {version!r}, this one reads up "
            f"to {VERSION}): upgrade lamina"
        )
    return about


def _only(parts: list[zipfile.ZipInfo], size: int) -> None:
    if sorted(part.filename for part in parts) != sorted(_PARTS):
        raise ValueError("other parts than a model has")
    for part in parts:
        _only_stored(part, size)
    if sum(part.file_size for part in parts) > size:
        raise ValueError("parts that overlap")


def _only_stored(part: zipfile.ZipInfo, size: int) -> None:
    stored = part.compress_type == zipfile.ZIP_STORED and part.compress_size == part.file_size
    if not stored or part.file_size > size:
        raise ValueError("a part is compressed")


def _check(estimator: Any, target: Target, width: int) -> None:
    """Raise ValueError unless the network fits what stands around it."""
    if isinstance(estimator, MLPClassifier) != bool(target.classes):
        raise ValueError("a network for another task")
    if target.classes and not np.array_equal(estimator.classes_, np.arange(len(target.classes))):
        raise ValueError("a network for other classes")
    weights = getattr(estimator, "class_weight", None)
    if isinstance(weights, dict) and not set(weights) <= set(range(len(target.classes))):
        raise ValueError("weights of other classes")
    row = np.zeros((1, width), dtype=np.float32)
    if (target.ratio, target.levels) != (learns_ratio(estimator), levels_of(estimator)):
        raise ValueError("a network of another loss")
    tried = outputs(target, estimator, row)
    width = len(target.classes or target.levels)
    if tried.shape != ((1, width) if width else (1,)):
        raise ValueError("a network for other targets")


def _json(value: Any) -> bytes:
    def finite(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: finite(entry) for key, entry in item.items()}
        if isinstance(item, list | tuple):
            return [finite(entry) for entry in item]
        return None if isinstance(item, float) and not np.isfinite(item) else item

    text = json.dumps(finite(value), ensure_ascii=False, allow_nan=False, indent=1)
    return text.encode()


def _parsed(data: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(data.decode(), parse_constant=refuse)


def _damaged(path: Path) -> TableError:
    return TableError(f"{path} is damaged or cut short: copy it again or train anew")
