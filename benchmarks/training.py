"""How long does one training step take, against scikit-learn, PyTorch and JAX?

Adam at a fixed rate on the same data, first weights and order of samples; `peers.py` says what is
in the time. Every side's first epoch is a warm-up, not counted: compiling is reported as such.
After it, mean loss of the epoch and loss of the trained weights must agree between all sides.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import common
import machine
import numpy as np
import peers
from shapes import MAIN, SHAPES, VARIANTS, Problem, Shape, problem

from lamina import spec
from lamina.engines import default_engine

MODULES = {"sklearn": "sklearn", "torch": "torch", "jax": "jax"}
TITLES = {"sklearn": "scikit-learn", "torch": "PyTorch", "jax": "JAX"}
# Each side sums in an order of its own, and the differences grow from step to step.
TOLERANCE = {"float32": 5e-3, "float64": 1e-9}
ROWS_CHECKED = 4096


def contenders(
    shape: Problem, chosen: list[str], engine: Any, threads: int
) -> dict[str, Callable[[], Any]]:
    """Return what makes each trainer; several of one peer are ways of which the best counts."""
    makers: dict[str, Callable[[], Any]] = {"lamina": lambda: peers.Lamina(shape, engine)}
    if "sklearn" in chosen:
        makers["sklearn"] = lambda: peers.Sklearn(shape)
    if "torch" in chosen:
        makers["torch eager"] = lambda: peers.Torch(shape, threads, compiled=False)
        makers["torch compiled"] = lambda: peers.Torch(shape, threads, compiled=True)
    if "jax" in chosen:
        makers["jax scan"] = lambda: peers.Jax(shape, unroll=1)
        makers["jax scan, unrolled by 4"] = lambda: peers.Jax(shape, unroll=4)
    return makers


def compare(shape: Shape, chosen: list[str], engine: Any, options: Any) -> dict[str, Any]:
    """Time all sides at one shape; return microseconds per step, losses and ratios."""
    task = problem(shape)
    sides: dict[str, dict[str, Any]] = {}
    trainers: dict[str, Any] = {}
    for name, make in contenders(task, chosen, engine, options.threads).items():
        start = time.perf_counter()
        try:
            trainers[name] = make()
            trainers[name].reset()
            trainers[name].epoch()
        except Exception as error:
            if name.split()[0] not in chosen:
                raise
            trainers.pop(name, None)
            print(f"left out: {name} at {shape.name}: {str(error).splitlines()[0]}")
            continue
        warm_up = time.perf_counter() - start
        sides[name] = {
            "warm_up_s": warm_up,
            "loss": float(trainers[name].loss),
            "loss_after": loss_of(task, trainers[name].parameters()),
        }

    def turn(trainer: Any) -> Callable[[], float]:
        def once() -> float:
            trainer.reset()
            return trainer.epoch()

        return once

    turns = {name: turn(trainer) for name, trainer in trainers.items()}
    figures = common.alternate(turns, options.rounds, options.seconds, options.turn)
    for name, own in figures.items():
        sides[name] |= common.summary(own, unit=1e-6 * shape.steps)
    for trainer in trainers.values():
        trainer.close()
    difference = agreement(sides, lamina_as_sklearn(task, engine))
    return {
        "sizes": shape.sizes,
        "batch": shape.batch,
        "steps": shape.steps,
        "activation": shape.activation,
        "dtype": shape.dtype,
        "flops_per_step": shape.flops,
        "sides": sides,
        "peers": {peer: against(peer, sides) for peer in chosen if best_way(peer, sides)},
        "agree": difference <= TOLERANCE[shape.dtype],
        "largest_difference_of_loss": difference,
    }


def loss_of(task: Problem, parameters: peers.Parameters) -> float:
    """Return the loss of trained weights over the first samples, computed in float64."""
    network = task.shape.network()
    x, y = (a[:ROWS_CHECKED].astype(np.float64) for a in (task.x, task.y))
    wide = [tuple(p.astype(np.float64) for p in own) for own in parameters]
    z = spec.network.forward(network, wide, x).layers[-1].h
    head = spec.losses.head(network.output, network.loss_name)
    return float(head.value(z, y).mean())


def lamina_as_sklearn(task: Problem, engine: Any) -> dict[str, float]:
    """Return our losses with Adam's epsilon where scikit-learn has it; the others have it as we."""
    trainer = peers.Lamina(task, engine, corrected=False)
    trainer.epoch()
    losses = {"loss": float(trainer.loss), "loss_after": loss_of(task, trainer.parameters())}
    trainer.close()
    return losses


def agreement(sides: dict[str, dict[str, Any]], as_sklearn: dict[str, float]) -> float:
    """Return the largest relative difference of any side's losses from ours."""
    largest = 0.0
    for name, side in sides.items():
        ours = as_sklearn if name == "sklearn" else sides["lamina"]
        for key in ("loss", "loss_after"):
            largest = max(largest, abs(side[key] - ours[key]) / abs(ours[key]))
    return largest


def best_way(peer: str, sides: dict[str, dict[str, Any]]) -> str | None:
    """Return the name of the peer's way with the lowest median."""
    ways = [name for name in sides if name.split()[0] == peer]
    return min(ways, key=lambda name: sides[name]["median"]) if ways else None


def against(peer: str, sides: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return how the best way of a peer compares with ours."""
    way = best_way(peer, sides)
    assert way is not None
    own = sides[way]
    ratio = common.ratios(own, sides["lamina"])
    return {"way": way, "median": own["median"], "best": own["best"], "ratio": ratio}


def show(results: dict[str, dict[str, Any]], chosen: list[str]) -> str:
    """Return the table: median (best) microseconds per step and ratios of the medians."""
    head = ["shape", "lamina µs", *(f"{TITLES[p]} µs" for p in chosen)]
    head += [f"{TITLES[p]} / lamina" for p in chosen] + ["losses agree to"]
    rows = []
    for name, result in results.items():
        ours, own = result["sides"]["lamina"], result["peers"]
        row: list[Any] = [name, f"{ours['median']:.2f} ({ours['best']:.2f})"]
        for p in chosen:
            row.append(f"{own[p]['median']:.1f} ({own[p]['best']:.1f})" if p in own else None)
        row += [own[p]["ratio"]["median"] if p in own else None for p in chosen]
        rows.append([*row, f"{result['largest_difference_of_loss']:.0e}"])
    return common.table(head, rows)


def shapes_of(names: str, steps: int | None) -> dict[str, Shape]:
    """Return the shapes of a list of names, of "main", "variants" or "all"."""
    groups = {"main": list(MAIN), "variants": list(VARIANTS), "all": list(SHAPES)}
    wanted = [shape for name in names.split(",") for shape in groups.get(name, [name])]
    for name in wanted:
        if name not in SHAPES:
            sys.exit(f"--shapes must be main, variants, all or some of {', '.join(SHAPES)}")
    change = {} if steps is None else {"steps": steps}
    return {name: replace(SHAPES[name], **change) for name in wanted}


def main() -> int:
    parser = common.parser(__doc__)
    parser.add_argument("--shapes", default="main", help="main, variants, all or names")
    parser.add_argument("--peers", default=",".join(MODULES), help="of sklearn,torch,jax")
    parser.add_argument("--steps", type=int, help="steps in an epoch, instead of the shape's own")
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    shapes = shapes_of(options.shapes, options.steps)
    chosen = common.present([p for p in options.peers.split(",") if p], MODULES)
    common.use_engine(options.engine)
    engine = default_engine()
    found_on = machine.environment(engine, options.threads)
    print(machine.line(found_on))
    results = {}
    for name, shape in shapes.items():
        results[name] = compare(shape, chosen, engine, options)
        common.write(options.json, {"kind": "training", "environment": found_on, "shapes": results})
        print(f"{name}: {results[name]['sides']['lamina']['median']:.2f} µs", file=sys.stderr)
    print("\nMicroseconds per step, median (best), and the peers' medians over ours\n")
    print(show(results, chosen))
    wrong = [name for name, result in results.items() if not result["agree"]]
    if wrong:
        print(f"the sides' losses do not agree at: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
