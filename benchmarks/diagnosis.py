"""What does `diagnose=True` cost, as a share of the epochs and once in a fit?

Fits of the same estimator with and without take turns: same data, seed and epochs. The history has
each epoch's seconds, with the measured step and all of Python's part in it; the rest of a fit is
what it costs once: what is noted of the samples before it and of the network after it, and copies
of the weights between epochs.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import common
import machine
import numpy as np
from shapes import MAIN, Problem, problem

import lamina
from lamina.engines import default_engine

GOAL = 5.0  # percent
WHOLE = (20, 50)  # epochs of whole fits
QUICK = 10  # the percentile of the epochs beside the median: what a busy machine lets through


class Job:
    """Fits with one setting of `diagnose`, and the seconds of their epochs."""

    def __init__(self, task: Problem, epochs: int, diagnose: Any) -> None:
        self.task, self.options = task, {"max_iter": epochs, "diagnose": diagnose}
        self.epochs: list[float] = []
        self.rest: list[float] = []
        self()  # a warm-up
        self.epochs, self.rest = [], []

    def __call__(self) -> float:
        """Fit once; return the seconds."""
        shape = self.task.shape
        common_to_all = {"batch_size": shape.batch, "n_iter_no_change": np.inf, "random_state": 0}
        model = lamina.MLPClassifier(shape.hidden, **common_to_all, **self.options)
        start = time.perf_counter()
        model.fit(self.task.x, self.task.labels)
        whole = time.perf_counter() - start
        seconds = model.history_["seconds"]
        self.epochs += list(seconds[1:])  # the first one meets cold caches
        self.rest.append(whole - sum(seconds))
        return whole


def compare(name: str, options: Any) -> dict[str, Any]:
    """Return seconds of fits with and without, and what `diagnose` costs."""
    task, kinds = problem(MAIN[name]), {"off": False, "on": True}
    if options.curvature:
        kinds["curvature"] = lamina.Recorder(curvature=True)
    jobs = {key: Job(task, options.epochs, own) for key, own in kinds.items()}
    turns: dict[str, Callable[[], float]] = dict(jobs)
    figures = common.alternate(turns, options.rounds, options.seconds)
    return {
        "seconds": {key: common.summary(own) for key, own in figures.items()},
        "epoch ms": {key: float(np.median(job.epochs)) * 1000 for key, job in jobs.items()},
        "cost": {key: cost(jobs["off"], job) for key, job in jobs.items() if key != "off"},
    }


def cost(off: Job, on: Job) -> dict[str, float]:
    """Return percent of an epoch, and milliseconds of a fit."""
    medians, quick = (
        np.percentile(on.epochs, at) / np.percentile(off.epochs, at) for at in (50, QUICK)
    )
    return {
        "epochs %": float(medians - 1) * 100,
        "epochs %, quick ones": float(quick - 1) * 100,
        "once ms": float(np.median(on.rest) - np.median(off.rest)) * 1000,
    }


def whole_fits(name: str, options: Any) -> list[Any]:
    """Return a row for each number of epochs: milliseconds of a fit, and what `diagnose` adds."""
    task, rows = problem(MAIN[name]), []
    for epochs in WHOLE:
        turns = {key: Job(task, epochs, own) for key, own in (("off", False), ("on", True))}
        figures = common.alternate(turns, options.rounds, options.seconds)
        pairs = [[np.percentile(figures[key], at) for key in turns] for at in (50, QUICK)]
        more = [float(on / off - 1) * 100 for off, on in pairs]
        rows.append([name, epochs, float(pairs[0][0]) * 1000, *more])
    return rows


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--shapes", nargs="+", default=["sk", "tab"], choices=list(MAIN))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--curvature", action="store_true", help="Recorder(curvature=True) too")
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    common.use_engine(options.engine)
    warnings.simplefilter("ignore")  # that training stops before it has converged is meant
    found_on = machine.environment(default_engine(), options.threads)
    print(machine.line(found_on))
    results = {name: compare(name, options) for name in options.shapes}
    rows = [
        [name, key, own["epoch ms"]["off"], *figures.values()]
        for name, own in results.items()
        for key, figures in own["cost"].items()
    ]
    head = ["shape", "diagnose", "epoch ms without", *next(iter(results.values()))["cost"]["on"]]
    print(f"\nGoal: at most {GOAL:g}%\n")
    print(common.table(head, rows))
    fits = [row for name in options.shapes for row in whole_fits(name, options)]
    head = ["shape", "epochs", "whole fit ms without", "diagnose=True %", "quick ones %"]
    print("\n" + common.table(head, fits))
    result = {
        "whole fits": fits,
        "epochs": options.epochs,
        "environment": found_on,
        "results": results,
    }
    common.write(options.json, {"kind": "diagnosis", **result})


if __name__ == "__main__":
    main()
