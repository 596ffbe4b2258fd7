"""How long does it take to decide linear separability, with proof, and to count?

`lamina.neurons.separate` on points that a plane separates by a tiny margin, by a wide one, or by
none, against one linear program of SciPy's HiGHS, which gives neither the largest margin nor a
proof in rational numbers. Then `separable_functions(n)` for n = 1, ..., 6.
"""

from __future__ import annotations

import sys
from typing import Any

import common
import machine
import numpy as np
from scipy.optimize import linprog

from lamina.engines import default_engine
from lamina.neurons import separable_functions, separate

KINDS = ("tiny margin", "wide margin", "one label flipped", "random labels")


def data(kind: str, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return normal points whose labels are the side of a random plane, but for `kind`."""
    random = np.random.default_rng(0)
    x, w = random.standard_normal((n, d)), random.standard_normal(d)
    height = x @ (w / np.linalg.norm(w))
    y = height > 0
    if kind == "wide margin":
        x += np.where(y, 0.5, -0.5)[:, None] * w / np.linalg.norm(w)
    elif kind == "one label flipped":
        y[np.argsort(abs(height))[n // 20]] ^= True
    elif kind == "random labels":
        y = random.random(n) < 0.5
    return x, y


def highs(x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether w and b with ±(w · x + b) >= 1 exist."""
    z = np.column_stack([x, np.ones(len(x))]) * np.where(y, 1, -1)[:, None]
    return linprog(np.zeros(z.shape[1]), -z, -np.ones(len(z)), bounds=(None, None)).status == 0


def separation_part(options: Any) -> dict[str, Any]:
    """Return seconds of both sides for each kind of data, and what lamina found."""
    found = {}
    for kind in KINDS:
        x, y = data(kind, options.rows, options.columns)
        answer = separate(x, y)
        if highs(x, y) != answer.separable:
            sys.exit(f"{kind}: separate and HiGHS disagree")
        turns = {"lamina": common.timed(lambda x=x, y=y: separate(x, y))}
        turns["highs"] = common.timed(lambda x=x, y=y: highs(x, y))
        figures = common.alternate(turns, options.rounds, options.seconds)
        found[kind] = {side: common.summary(own) for side, own in figures.items()} | {
            "separable": answer.separable,
            "margin": answer.margin,
            "gap": answer.gap,
        }
    return found


def counting_part(options: Any) -> dict[str, Any]:
    """Return seconds and the count for each n."""
    found: dict[str, Any] = {}
    for n in range(1, 7):
        turns = {"lamina": common.timed(lambda n=n: separable_functions(n))}
        figures = common.alternate(turns, options.rounds, options.seconds)
        found[str(n)] = common.summary(figures["lamina"]) | {"count": separable_functions(n).count}
    return found


def main() -> int:
    parser = common.parser(__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="points (default 100,000)")
    parser.add_argument("--columns", type=int, default=20, help="features (default 20)")
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    common.use_engine(options.engine)
    found_on = machine.environment(default_engine(), options.threads)
    print(machine.line(found_on))
    result = {"kind": "separation", "environment": found_on}
    result["separation"] = separation_part(options)
    rows = [
        [kind, own["lamina"]["median"], own["highs"]["median"], own["margin"], own["gap"]]
        for kind, own in result["separation"].items()
    ]
    print(f"\n{options.rows:,} points in {options.columns} dimensions\n")
    head = ["points", "separate, s", "one linear program, s", "margin", "gap"]
    print(common.table(head, rows))
    result["counting"] = counting_part(options)
    rows = [[f"n = {n}", own["count"], own["median"]] for n, own in result["counting"].items()]
    print("\n" + common.table(["inputs", "separable functions", "s"], rows))
    common.write(options.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
