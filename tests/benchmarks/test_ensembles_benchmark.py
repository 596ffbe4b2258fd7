"""The benchmark of ensembles runs, with tiny settings, and writes what it measured."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ensembles.py"


def test_it_compares_single_networks_ensembles_and_a_wide_one(tmp_path):
    path = tmp_path / "result.json"
    words = [
        "--members",
        "2",
        "--units",
        "4",
        "--epochs",
        "2",
        "--seeds",
        "2",
        "--time-epochs",
        "1",
    ]
    words += ["--rounds", "1", "--turn", "0", "--threads", "1", "--parts", "gain,pass"]
    command = [sys.executable, str(SCRIPT), *words, "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(path.read_text())
    assert result["kind"] == "ensembles" and result["set"] == "digits"
    rows = result["gain"]["4"]["rows"]
    models = [row["model"] for row in rows if row["seed"] == 0]
    assert models[0] == "1 network, sample='all'" and models[-1] == "1 network of 8 units"
    assert len(rows) == 2 * len(models) == 14
    assert set(result["pass"]["memory"]) == {"1", "2"}
