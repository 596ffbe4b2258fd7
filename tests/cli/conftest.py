import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from sklearn.datasets import load_diabetes, load_iris

from lamina.cli import main


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lamina(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a command as the entry point does."""

    def run(*words: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert isinstance(exit.value.code, int)
        assert "Traceback" not in err
        return Result(exit.value.code, out, err)

    return run


@pytest.fixture
def refused(lamina: Callable[..., Result]) -> Callable[..., str]:
    """Run a command that must fail with one sentence, and return the sentence."""

    def run(*words: object) -> str:
        result = lamina(*words)
        assert result.status == 2
        assert result.out == ""
        lines = result.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("error: "), result.err
        return lines[0].removeprefix("error: ")

    return run


def write(table: pa.Table, path: str | Path) -> Path:
    path = Path(path)
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path)
    return path


def iris() -> pa.Table:
    data = load_iris()
    columns = dict(zip(["sl", "sw", "pl", "pw"], data.data.T, strict=True))
    return pa.table({**columns, "species": data.target_names[data.target].tolist()})


def diabetes() -> pa.Table:
    data = load_diabetes()
    return pa.table(
        {**dict(zip(data.feature_names, data.data.T, strict=True)), "progress": data.target}
    )


def mixed(n: int = 300, seed: int = 0) -> pa.Table:
    """Return a table with a column of each kind, missing values, and columns of no use."""
    random = np.random.default_rng(seed)
    size = random.lognormal(3, 1, n)
    color = random.choice(["red", "green", "blue"], n)
    stars = random.integers(1, 6, n)
    sold = random.random(n) < 0.4
    days = random.integers(0, 2000, n)
    price = 10 * np.log(size) + 5 * (color == "red") + stars + 8 * sold + days / 200

    def holes(values: Any, share: float) -> list[Any]:
        return [
            v if keep else None for v, keep in zip(values, random.random(n) > share, strict=True)
        ]

    start = date(2020, 1, 1)
    return pa.table(
        {
            "id": [f"row-{i:05d}" for i in range(n)],
            "size": pa.array(holes(size.tolist(), 0.1), pa.float64()),
            "color": pa.array(holes(color.tolist(), 0.1), pa.string()),
            "stars": pa.array(stars).dictionary_encode(),
            "sold": pa.array(holes(sold.tolist(), 0.05), pa.bool_()),
            "day": pa.array(holes([start + timedelta(int(d)) for d in days], 0.05), pa.date32()),
            "seen": [datetime(2024, 1, 1) + timedelta(hours=int(d)) for d in days],
            "country": ["FR"] * n,
            "nothing": pa.nulls(n),
            "price": pa.array(holes(price.tolist(), 0.03), pa.float64()),
        }
    )
