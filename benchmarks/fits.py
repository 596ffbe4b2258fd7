"""How long does a whole fit take on real data, against scikit-learn's MLP with the same settings?

Seconds of `fit`, input checks and all, to the same number of epochs and to the same score: with as
many epochs as a side needs until its test score is first within a margin of the lower one of both
sides' best. Iris and digits come with scikit-learn, the others from --data.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import common
import datasets
import machine
import numpy as np
import sklearn.neural_network
from datasets import SETTINGS, DataSet, Setting

import lamina
from lamina.engines import default_engine

MARGIN = 0.005  # of accuracy or R², for "the same score"
SIDES = ("lamina", "sklearn")


def estimator(side: str, setting: Setting, **options: Any) -> Any:
    """Return an estimator that trains for the setting's epochs, neither fewer nor more."""
    library = lamina if side == "lamina" else sklearn.neural_network
    kind = getattr(library, "MLPRegressor" if setting.regression else "MLPClassifier")
    return kind(
        hidden_layer_sizes=setting.hidden,
        batch_size=setting.batch,
        n_iter_no_change=np.inf,
        **{"max_iter": setting.epochs, "random_state": 0, **options},
    )


def time_fits(
    data: DataSet, setting: Setting, options: Any, epochs: dict[str, int]
) -> dict[str, dict[str, Any]]:
    """Return seconds of `fit` for a number of epochs, and the test score, for each side."""
    scores: dict[str, float] = {}

    def fit(side: str) -> Callable[[], float]:
        def once() -> float:
            model = estimator(side, setting, max_iter=epochs[side])
            start = time.perf_counter()
            model.fit(data.x, data.y)
            seconds = time.perf_counter() - start
            if side not in scores:
                scores[side] = float(model.score(data.x_test, data.y_test))
            return seconds

        return once

    figures = common.alternate({side: fit(side) for side in SIDES}, options.rounds, options.seconds)
    return {
        side: common.summary(own) | {"epochs": epochs[side], "score": scores[side]}
        for side, own in figures.items()
    }


def epochs_to_the_same_score(
    data: DataSet, setting: Setting, epochs: int
) -> tuple[dict[str, int], float]:
    """Return how many epochs each side needs to the common target, and the target."""
    curves = {side: curve(side, data, setting, epochs) for side in SIDES}
    target = min(max(scores) for scores in curves.values()) - MARGIN
    needed = {
        side: next(n for n, score in enumerate(scores, 1) if score >= target)
        for side, scores in curves.items()
    }
    return needed, target


def curve(side: str, data: DataSet, setting: Setting, epochs: int) -> list[float]:
    """Return the test score after each epoch of the very fit that is timed; this warms up, too."""
    # One instance of RandomState gives `partial_fit` the draws of a `fit` from the same seed.
    model = estimator(side, setting, random_state=np.random.RandomState(0))
    classes = {} if setting.regression else {"classes": np.unique(data.y)}
    scores = []
    for _ in range(epochs):
        model.partial_fit(data.x, data.y, **classes)
        scores.append(float(model.score(data.x_test, data.y_test)))
    return scores


def compare(name: str, dtype: str, options: Any) -> dict[str, Any]:
    """Return all figures of one data set."""
    setting = SETTINGS[name]
    epochs = options.epochs or setting.epochs
    data = datasets.load(name, options.data, dtype)
    needed, target = epochs_to_the_same_score(data, setting, epochs)
    sides = time_fits(data, setting, options, dict.fromkeys(SIDES, epochs))
    to_score = time_fits(data, setting, options, needed)
    return {
        "data": name,
        "dtype": dtype,
        "rows": len(data.y),
        "features": data.x.shape[1],
        "hidden": setting.hidden,
        "batch": setting.batch,
        "epochs": epochs,
        "goal": setting.goal,
        "sides": sides,
        "ratio": common.ratios(sides["sklearn"], sides["lamina"]),
        "target": target,
        "to_score": to_score,
        "ratio_to_score": common.ratios(to_score["sklearn"], to_score["lamina"]),
    }


def show(results: list[dict[str, Any]]) -> str:
    """Return the table."""
    head = ["data", "dtype", "rows", "epochs", "lamina s", "scikit-learn s", "ratio"]
    head += ["lamina score", "scikit-learn score", "target", "epochs", "epochs", "ratio to it"]
    rows = []
    for r in results:
        ours, theirs = (r["sides"][side] for side in SIDES)
        row = [r["data"], r["dtype"], r["rows"], r["epochs"], ours["median"], theirs["median"]]
        row += [r["ratio"]["median"], f"{ours['score']:.4f}", f"{theirs['score']:.4f}"]
        row += [f"{r['target']:.4f}", *(r["to_score"][side]["epochs"] for side in SIDES)]
        rows.append([*row, r["ratio_to_score"]["median"]])
    return common.table(head, rows)


def main() -> int:
    parser = common.parser(__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder with adult.parquet and so on")
    parser.add_argument("--sets", default=",".join(SETTINGS), help="data sets to fit")
    parser.add_argument("--dtypes", default="float32,float64")
    parser.add_argument("--epochs", type=int, help="instead of each data set's own number")
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    warnings.simplefilter("ignore")  # that training stops before it has converged is meant
    common.use_engine(options.engine)
    names = options.sets.split(",")
    if unknown := set(names) - set(SETTINGS):
        sys.exit(f"--sets must be some of {', '.join(SETTINGS)}, got {', '.join(unknown)}")
    found_on = machine.environment(default_engine(), options.threads)
    print(machine.line(found_on))
    results = []
    for name in datasets.available(names, options.data):
        for dtype in options.dtypes.split(","):
            results.append(compare(name, dtype, options))
            common.write(options.json, {"kind": "fits", "environment": found_on, "fits": results})
            print(f"{name} {dtype}: {results[-1]['ratio']['median']:.2f}", file=sys.stderr)
    print("\nSeconds (medians) and scikit-learn's over ours\n")
    print(show(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
