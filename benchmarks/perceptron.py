"""Does the perceptron converge faster than scikit-learn's over the same passes?

Both go through the same points in the same order (cyclic, from zero weights) as often as lamina
needs to converge, the last pass being the one without a correction; the weights must come out the
same or the script fails. Seconds of `fit`, input checks and all. With labels flipped there is no
convergence: one pass of `partial_fit` shows what corrections cost.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import common
import machine
import numpy as np
import sklearn.linear_model

from lamina.engines import default_engine
from lamina.neurons import Perceptron

MOST = 100_000  # passes


def points(options: Any, margin: float, flipped: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Gaussian points moved away from a random plane by `margin`, and their classes."""
    random = np.random.RandomState(options.seed)
    x = random.normal(size=(options.samples, options.features))
    normal = random.normal(size=options.features)
    normal /= np.linalg.norm(normal)
    y = x @ normal > 0
    x += np.where(y, margin, -margin)[:, None] * normal
    return x, y ^ (random.uniform(size=len(y)) < flipped)


def theirs(passes: int) -> Any:
    """Return scikit-learn's perceptron for a number of passes over the points as they stand."""
    return sklearn.linear_model.Perceptron(max_iter=passes, tol=None, shuffle=False)


def compare(options: Any, margin: float, flipped: float) -> dict[str, Any]:
    """Return all figures for one margin."""
    x, y = points(options, margin, flipped)
    models: dict[str, Any] = {}
    if flipped:
        classes = [False, True]

        def ours() -> Any:
            models["lamina"] = Perceptron().partial_fit(x, y, classes)

        def peers() -> Any:
            models["sklearn"] = theirs(1).partial_fit(x, y, classes)

    else:
        passes = Perceptron(max_iter=MOST).fit(x, y).n_iter_

        def ours() -> Any:
            models["lamina"] = Perceptron(max_iter=MOST).fit(x, y)

        def peers() -> Any:
            models["sklearn"] = theirs(passes).fit(x, y)

    contenders = {"lamina": common.timed(ours), "sklearn": common.timed(peers)}
    figures = common.alternate(contenders, options.rounds, options.seconds)
    if not np.array_equal(models["lamina"].coef_, models["sklearn"].coef_):
        sys.exit(f"margin {margin}: the weights are not the same")
    sides = {side: common.summary(own) for side, own in figures.items()}
    return {
        "margin": margin,
        "flipped": flipped,
        "rows": len(x),
        "features": x.shape[1],
        "passes": models["lamina"].n_iter_,
        "corrections": models["lamina"].n_corrections_,
        "converged": models["lamina"].converged_,
        "sides": sides,
        "ratio": common.ratios(sides["sklearn"], sides["lamina"]),
    }


def show(results: list[dict[str, Any]]) -> str:
    """Return the table."""
    head = ["margin", "flipped", "rows", "features", "passes", "corrections", "converged"]
    head += ["lamina s", "scikit-learn s", "ratio"]
    keys = ("margin", "flipped", "rows", "features", "passes", "corrections")
    rows = []
    for r in results:
        times = [r["sides"][side]["median"] for side in ("lamina", "sklearn")]
        ends = "yes" if r["converged"] else "no"
        rows.append([*(r[key] for key in keys), ends, *times, r["ratio"]["median"]])
    return common.table(head, rows)


def main() -> int:
    parser = common.parser(__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--margins", default="1,0.5,0.2,0.1,0.05", help="of separable points")
    parser.add_argument("--flipped", default="0.01", help="shares of labels flipped, at margin 0")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    warnings.simplefilter("ignore")  # that scikit-learn stops at its number of passes is meant
    common.use_engine(options.engine)
    found_on = machine.environment(default_engine(), options.threads)
    print(machine.line(found_on))
    cases = [(float(margin), 0.0) for margin in options.margins.split(",") if margin]
    cases += [(0.0, float(share)) for share in options.flipped.split(",") if share]
    results = []
    for case in cases:
        results.append(compare(options, *case))
        common.write(options.json, {"kind": "perceptron", "environment": found_on, "fits": results})
        print(f"{case}: {results[-1]['ratio']['median']:.2f}", file=sys.stderr)
    print("\nSeconds (medians) and scikit-learn's over ours\n")
    print(show(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
