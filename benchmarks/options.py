"""What does each option of training cost, as a share of the plain step?

The same network, data, order and first weights; the options are lamina's own, so no peer takes
part. Plain steps and steps with each option take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import common
import machine
import numpy as np
from shapes import MAIN, RATE, Problem, problem

import lamina
from lamina.engines import Data, default_engine
from lamina.plan import Clock, Network, Training


def squared(h: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 0.5 * ((h - y) ** 2).sum(axis=1)


def slope(h: np.ndarray, y: np.ndarray) -> np.ndarray:
    return h - y


OPTIONS: dict[str, lamina.Regularization] = {
    "plain": lamina.Regularization(),
    "dropout 0.5": lamina.Regularization(dropout=0.5),
    "dropout 0.5, inputs 0.1": lamina.Regularization(dropout=0.5, input_dropout=0.1),
    "noise on inputs": lamina.Regularization(input_noise=0.1),
    "weight decay": lamina.Regularization(weight_decay=0.01),
    "l1 and l2": lamina.Regularization(l1=1e-4, l2=1e-4),
    "clip by value": lamina.Regularization(clip_value=1.0),
    "clip by norm": lamina.Regularization(clip_norm=1.0),
    "max-norm": lamina.Regularization(max_norm=3.0),
}
LOSSES: dict[str, lamina.plan.Loss] = {
    "label smoothing": lamina.CrossEntropy(smoothing=0.1),
    "focal": lamina.Focal(),
    "a loss of one's own": lamina.CustomLoss(squared, slope),
}


class Job:
    """Training of one network with one option."""

    def __init__(
        self, task: Problem, network: Network, own: lamina.Regularization, engine: Any
    ) -> None:
        shape = task.shape
        training = Training(rule=lamina.Adam(), regularization=own)
        self.order, self.batch = task.order, shape.batch
        self.table = training.table(RATE, Clock(0, 0, 0, shape.steps), len(shape.hidden))
        self.trainer = engine.trainer(
            network, training.rule, task.parameters, None, Data(task.x, task.y), 1e-4, own, 1
        )
        self.trainer.keep("start")
        self.seconds()

    def seconds(self) -> float:
        """Return the seconds of an epoch."""
        self.trainer.recall("start")
        start = time.perf_counter()
        self.trainer.epoch(self.order, self.batch, self.table)
        return time.perf_counter() - start


def compare(name: str, engine: Any, options: Any) -> dict[str, Any]:
    """Return microseconds per step with each option at one shape, and their cost in percent."""
    task = problem(MAIN[name])
    plain = task.shape.network()
    jobs = {key: Job(task, plain, own, engine) for key, own in OPTIONS.items()}
    none = lamina.Regularization()
    for key, loss in LOSSES.items():
        sizes = task.shape.n_inputs, task.shape.hidden, task.shape.n_outputs
        network = Network.mlp(*sizes, output="softmax", loss=loss)
        jobs[key] = Job(task, network, none, engine)
    turns: dict[str, Callable[[], float]] = {key: job.seconds for key, job in jobs.items()}
    figures = common.alternate(turns, options.rounds, options.seconds, options.turn)
    unit = 1e-6 * task.shape.steps
    times = {key: common.summary(own, unit) for key, own in figures.items()}
    base = np.array(times["plain"]["all"])
    cost = {
        key: float(np.median(np.array(own["all"]) / base) - 1) * 100 for key, own in times.items()
    }
    for job in jobs.values():
        job.trainer.close()
    return {"us": times, "cost_percent": cost}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--shapes", nargs="+", default=["sk", "tab"], choices=list(MAIN))
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    common.use_engine(options.engine)
    engine = default_engine(options.threads)
    results = {name: compare(name, engine, options) for name in options.shapes}
    head = ["option", *(f"{name}: µs" for name in results), *(f"{name}: %" for name in results)]
    rows = [
        [
            key,
            *(own["us"][key]["median"] for own in results.values()),
            *(round(own["cost_percent"][key], 1) for own in results.values()),
        ]
        for key in next(iter(results.values()))["us"]
    ]
    print(common.table(head, rows))
    common.write(options.json, {**machine.environment(engine, options.threads), "results": results})


if __name__ == "__main__":
    main()
