"""What does it cost to be small: import, first fit, iris, memory beside the data?

Every figure of import, first fit and memory comes from a fresh process, the sides in turn.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import common
import machine
import sklearn.neural_network
from sklearn.datasets import load_iris

import lamina
from lamina.engines import default_engine

PARTS = ("import", "first", "iris", "memory")
IMPORTS = {
    "python alone": "pass",
    "numpy": "import numpy",
    "lamina": "from lamina import MLPClassifier",
    "sklearn": "from sklearn.neural_network import MLPClassifier",
    "torch": "import torch",
}
FIRST = """
import time, warnings
warnings.simplefilter("ignore")
{prepare}
from sklearn.datasets import load_iris
X, y = load_iris(return_X_y=True)
start = time.perf_counter()
MLPClassifier(max_iter=1, random_state=0).fit(X, y)
print(time.perf_counter() - start)
"""
# VmHWM is this program's own peak; the system's maxrss would begin with the parent's.
MEMORY = """
import gc, json, warnings
import numpy as np
warnings.simplefilter("ignore")
def resident(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))
{prepare}
random = np.random.default_rng(0)
X = random.standard_normal(({rows}, 100), dtype=np.float32)
y = random.integers(0, 10, {rows})
{warm_up}
gc.collect()
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak starts anew
before = resident("VmRSS")
{fit}
print(json.dumps([resident("VmHWM"), before, X.nbytes / 2**20]))
"""
ESTIMATOR = (
    "MLPClassifier((256,), batch_size=256, max_iter=2, random_state=0).fit(X{part}, y{part})"
)
TORCH_FIT = """
model = torch.nn.Sequential(torch.nn.Linear(100, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10))
adam = torch.optim.Adam(model.parameters(), fused=True)
x, labels = torch.from_numpy(X{part}), torch.from_numpy(y{part})
for _ in range(2):
    for index in torch.randperm(len(x)).split(256):
        adam.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x[index]), labels[index])
        loss.backward()
        adam.step()
"""
FITS = {"lamina": ESTIMATOR, "sklearn": ESTIMATOR, "torch": TORCH_FIT}


def run(code: str) -> str:
    """Return what a fresh process printed."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def import_part(sides: list[str], options: Any) -> dict[str, Any]:
    """Return seconds of a process that imports and ends."""
    turns = {
        side: common.timed(lambda c=code: run(c))
        for side, code in IMPORTS.items()
        if side in ["python alone", "numpy", *sides]
    }
    for turn in turns.values():
        turn()  # the files are in the system's cache
    figures = common.alternate(turns, options.rounds, options.seconds)
    return {side: common.summary(own) for side, own in figures.items()}


def first_part(sides: list[str], options: Any) -> dict[str, Any]:
    """Return seconds of the first fit of a process: one epoch on iris, imports not counted."""

    def first(side: str) -> Callable[[], float]:
        return lambda: float(run(FIRST.format(prepare=IMPORTS[side])))

    turns = {side: first(side) for side in sides if side != "torch"}
    figures = common.alternate(turns, options.rounds, options.seconds)
    return {side: common.summary(own) for side, own in figures.items()}


def iris_part(sides: list[str], options: Any) -> dict[str, Any]:
    """Return seconds of a whole fit on iris with the estimators' defaults, and its score."""
    x, y = load_iris(return_X_y=True)
    kinds = {"lamina": lamina.MLPClassifier, "sklearn": sklearn.neural_network.MLPClassifier}
    scores: dict[str, dict[str, Any]] = {}

    def fit(side: str) -> Callable[[], float]:
        def once() -> float:
            model = kinds[side](random_state=0)
            start = time.perf_counter()
            model.fit(x, y)
            seconds = time.perf_counter() - start
            scores[side] = {"score": float(model.score(x, y)), "epochs": model.n_iter_}
            return seconds

        return once

    turns = {side: fit(side) for side in sides if side in kinds}
    for turn in turns.values():
        turn()  # warm-up
    figures = common.alternate(turns, options.rounds, options.seconds)
    return {side: common.summary(own) | scores[side] for side, own in figures.items()}


def memory_part(sides: list[str], options: Any) -> dict[str, Any]:
    """Return MiB: of the process before the fit, at its peak, and the growth in between.

    A small fit comes first, so that what libraries load on first use counts as theirs.
    """
    found = {}
    for side in sides:
        fit = FITS[side]
        code = MEMORY.format(
            prepare=IMPORTS[side],
            rows=options.rows,
            warm_up=fit.format(part="[:1000]"),
            fit=fit.format(part=""),
        )
        peak, before, data = json.loads(run(code))
        found[side] = {
            "data": data,
            "before": before,
            "peak": peak,
            "peak_minus_data": peak - data,
            "growth_in_fit": peak - before,
        }
    return found


def show(part: str, found: dict[str, Any]) -> str:
    """Return the table of one part."""
    if part == "memory":
        rows = [[side, *own.values()] for side, own in found.items()]
        head = ["MiB", "data", "before the fit", "peak", "peak - data", "growth in the fit"]
        return common.table(head, rows)
    ours = found["lamina"]
    rows = [
        [side, 1e3 * own["median"], 1e3 * own["best"], own["median"] / ours["median"]]
        for side, own in found.items()
    ]
    return common.table([part, "median ms", "best ms", "over lamina's"], rows)


def main() -> int:
    parser = common.parser(__doc__)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--peers", default="sklearn,torch", help="of sklearn,torch")
    parser.add_argument("--rows", type=int, default=200_000, help="of the part memory")
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    warnings.simplefilter("ignore")  # default settings do not converge on iris
    common.use_engine(options.engine)
    modules = {"sklearn": "sklearn", "torch": "torch"}
    peers = common.present([p for p in options.peers.split(",") if p], modules)
    found_on = machine.environment(default_engine(), options.threads)
    print(machine.line(found_on))
    doing = {"import": import_part, "first": first_part, "iris": iris_part, "memory": memory_part}
    result: dict[str, Any] = {"kind": "small", "environment": found_on}
    for part in options.parts.split(","):
        if part not in doing:
            sys.exit(f"--parts must be some of {', '.join(PARTS)}, got {part!r}")
        result[part] = doing[part](["lamina", *peers], options)
        common.write(options.json, result)
        print(f"\n{part}\n\n{show(part, result[part])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
