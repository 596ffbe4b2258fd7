"""Are networks for tables as good as scikit-learn's, and how much sooner are they there?

Each table is trained on by the real command ``lamina train``. Beside it stands scikit-learn's
MLP with the same preprocessing, split and settings. The folder of tables holds Parquet files and
a ``manifest.json``, a list of entries with "name", "file", "target" and, where the target is to
be transformed, "baseline": {"target_transform": "log1p"}.

    python benchmarks/tables.py --data FOLDER --json results.json
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

import lamina
from lamina.tables import TableModel, prepare, read_table
from lamina.tables.model import outputs
from lamina.tables.scores import score

TABLES = ("adult", "letter", "diamonds", "bikeshare_hourly")
HEADLINE = {"classification": "accuracy", "regression": "r2"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.json")
    parser.add_argument("--tables", nargs="*", default=TABLES, help="names in the manifest")
    parser.add_argument("--repeats", type=int, default=3, help="alternating runs; median times")
    parser.add_argument("--json", type=Path, help="file for the results")
    options = parser.parse_args()
    manifest = json.loads((options.data / "manifest.json").read_text())
    entries = {entry["name"]: entry for entry in manifest}
    print(f"{'table':18}{'score':10}{'lamina':>9}{'sklearn':>9}", end="")
    print(f"{'epochs':>8}{'lamina s':>10}{'sklearn s':>10}{'ratio':>7}{'command s':>11}")
    results = []
    for name in options.tables:
        with tempfile.TemporaryDirectory() as folder:
            path = table_file(options.data, entries[name], Path(folder))
            result = compare(path, entries[name]["target"], Path(folder), options.repeats)
        results.append({"table": name, **result})
        show(name, result)
    if options.json:
        options.json.write_text(json.dumps({**machine(), "results": results}, indent=2) + "\n")


def table_file(data: Path, entry: dict[str, Any], folder: Path) -> Path:
    """Return the table, or a copy whose target is transformed as the manifest says."""
    path = data / entry["file"]
    if entry.get("baseline", {}).get("target_transform") != "log1p":
        return path
    table = read_table(path)
    place = table.column_names.index(entry["target"])
    logarithm = np.log1p(table[entry["target"]].to_numpy().astype(float))
    copy = folder / path.name
    pa.parquet.write_table(table.set_column(place, entry["target"], pa.array(logarithm)), copy)
    return copy


def compare(path: Path, target: str, folder: Path, repeats: int) -> dict[str, Any]:
    """Train both sides in turn; return scores and median times."""
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(by_command(path, target, folder / "model.lamina"))
        theirs.append(by_scikit_learn(path, target, folder / "model.lamina"))
    first = ours[0]
    return {
        "task": first["task"],
        "rows": first["rows"]["train"],
        "inputs": first["inputs"],
        "epochs": {"lamina": first["epochs"], "scikit-learn": theirs[0]["epochs"]},
        "scores": {"lamina": first["scores"], "scikit-learn": theirs[0]["scores"]},
        "baseline": first["baseline"],
        "fit_seconds": {
            "lamina": statistics.median(run["seconds"] for run in ours),
            "scikit-learn": statistics.median(run["seconds"] for run in theirs),
        },
        "command_seconds": statistics.median(run["command"] for run in ours),
    }


def by_command(path: Path, target: str, model: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "lamina", "train", str(path), "--target", target]
    start = time.perf_counter()
    done = subprocess.run(
        [*words, "--out", str(model), "--force", "--json"],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return {**json.loads(done.stdout), "command": time.perf_counter() - start}


def by_scikit_learn(path: Path, target: str, model: Path) -> dict[str, Any]:
    prepared = prepare(read_table(path), target)
    goal, train, test = prepared.target, prepared.train, prepared.test
    own = TableModel.load(model).estimator.get_params()
    kind = MLPClassifier if goal.classes else MLPRegressor
    estimator = kind(**{name: own[name] for name in kind().get_params()})
    y = train.y if goal.classes else ((train.y - goal.mean) / goal.scale).astype(np.float32)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may end at the largest number of epochs, as ours
        estimator.fit(train.X, y)
    seconds = time.perf_counter() - start
    scores = score(goal, test.y, outputs(goal, estimator, test.X))
    return {"seconds": seconds, "scores": scores, "epochs": estimator.n_iter_}


def show(name: str, result: dict[str, Any]) -> None:
    headline = HEADLINE[result["task"]]
    ours, theirs = (result["scores"][side][headline] for side in ("lamina", "scikit-learn"))
    our_time, their_time = (result["fit_seconds"][side] for side in ("lamina", "scikit-learn"))
    print(f"{name:18}{headline:10}{ours:9.4f}{theirs:9.4f}{result['epochs']['lamina']:8}", end="")
    print(f"{our_time:10.2f}{their_time:10.2f}", end="")
    print(f"{their_time / our_time:7.1f}{result['command_seconds']:11.2f}", flush=True)


def machine() -> dict[str, Any]:
    return {
        "lamina": lamina.__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
