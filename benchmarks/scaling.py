"""How does training scale: with threads, fits side by side, samples and widths?

- threads: one training with 1 to n threads, and its share of the measured peak rate;
- fits: 1 to 2 n whole fits at once in Python threads, each on one thread, beside scikit-learn;
- samples: a whole fit of one epoch on a thousand to a million rows, beside scikit-learn;
- widths: networks of 16 to 2048 units a layer, the share of the peak, beside scikit-learn.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import common
import machine
import peak
import peers
import sklearn.neural_network
from shapes import MAIN, Shape, problem

import lamina
from lamina.engines import default_engine

PARTS = ("threads", "fits", "samples", "widths")
FLOPS = 2e10  # of a timed epoch at each width: a tenth of a second or less


def epochs(trainer: Any, threads: int) -> Callable[[], float]:
    """Return the contender that trains one epoch, with BLAS held to `threads`."""

    def once() -> float:
        trainer.reset()
        with common.thread_limit(threads):
            return trainer.epoch()

    once()  # warm-up
    return once


def threads_part(options: Any) -> dict[str, Any]:
    """Return, per shape and number of threads, time per step, rate and share of the peak."""
    found: dict[str, Any] = {}
    counts = range(1, options.threads + 1)
    for name in options.shapes.split(","):
        task = problem(resized(MAIN[name], options.steps))
        trainers = {n: peers.Lamina(task, default_engine(n)) for n in counts}
        turns = {("lamina", n): epochs(trainer, n) for n, trainer in trainers.items()}
        for n in counts:
            turns |= {(probe, n): job for probe, job in peak.probes(n).items()}
        figures = common.alternate(turns, options.rounds, options.seconds, options.turn)
        for trainer in trainers.values():
            trainer.close()
        found[name] = {str(n): rates(task.shape, figures, n) for n in counts}
        for own in found[name].values():
            own["speed_up"] = found[name]["1"]["step"]["median"] / own["step"]["median"]
    return found


def rates(shape: Shape, figures: Any, threads: int) -> dict[str, Any]:
    """Return time per step, GFLOP/s and what the probes of the peak gave."""
    own = [seconds / shape.steps for seconds in figures["lamina", threads]]
    step = common.summary(own, unit=1e-6)
    probes = {name: min(f) for (name, n), f in figures.items() if n == threads}
    probes.pop("lamina")
    rate = {key: 1e-3 * shape.flops / step[key] for key in ("median", "best")}
    return {
        "threads": threads,
        "step": step,
        "gflops": rate,
        "peak_gflops": {name: 1e-9 / seconds for name, seconds in probes.items()},
    }


def estimator(side: str, shape: Shape, max_iter: int = 1, **own: Any) -> Any:
    """Return an estimator of one side."""
    kind = (lamina if side == "lamina" else sklearn.neural_network).MLPClassifier
    return kind(shape.hidden, batch_size=shape.batch, max_iter=max_iter, random_state=0, **own)


def fits_part(options: Any) -> dict[str, Any]:
    """Return, per number of fits at once, seconds for all and speed-up over one by one."""
    task = problem(resized(MAIN["sk"], options.steps))
    counts = sorted({1, *range(2, options.threads + 1), 2 * options.threads})

    def together(side: str, n: int) -> Callable[[], float]:
        own = {"n_threads": 1} if side == "lamina" else {}

        def fit(_: int) -> None:
            estimator(side, task.shape, max_iter=5, **own).fit(task.x, task.labels)

        def once() -> float:
            # scikit-learn's fits get one thread of BLAS each, as joblib would give them
            with common.thread_limit(1), ThreadPoolExecutor(n) as pool:
                start = time.perf_counter()
                list(pool.map(fit, range(n)))
                return time.perf_counter() - start

        return once

    sides = ("lamina", "sklearn")
    turns = {(side, n): together(side, n) for n in counts for side in sides}
    for side in sides:
        turns[side, 1]()  # warm-up
    figures = common.alternate(turns, options.rounds, options.seconds)
    found: dict[str, Any] = {}
    for n in counts:
        own = {side: common.summary(figures[side, n]) for side in sides}
        for side in sides:
            alone = common.summary(figures[side, 1])
            own[side]["speed_up"] = n * alone["median"] / own[side]["median"]
        found[str(n)] = {**own, "ratio": common.ratios(own["sklearn"], own["lamina"])}
    return found


def samples_part(options: Any) -> dict[str, Any]:
    """Return, per number of samples, seconds of a fit of one epoch."""
    found: dict[str, Any] = {}
    for n in (int(n) for n in options.samples.split(",")):
        shape = MAIN["sk"]
        task = problem(replace(shape, steps=max(1, n // shape.batch)))
        turns = {
            side: common.timed(lambda s=side, t=task: estimator(s, t.shape).fit(t.x, t.labels))
            for side in ("lamina", "sklearn")
        }
        for turn in turns.values():
            turn()  # warm-up
        figures = common.alternate(turns, options.rounds, options.seconds, options.turn)
        own = {side: common.summary(f) for side, f in figures.items()}
        ratio = common.ratios(own["sklearn"], own["lamina"])
        found[str(task.shape.n_samples)] = {**own, "ratio": ratio}
    return found


def widths_part(options: Any) -> dict[str, Any]:
    """Return, per width, time per step, rate and share of the peak, and scikit-learn's time."""
    found: dict[str, Any] = {}
    n = options.threads
    for width in (int(w) for w in options.widths.split(",")):
        shape = Shape(str(width), width, (width, width), 10, 256, 1)
        task = problem(resized(shape, options.steps or max(2, int(FLOPS / shape.flops / 2))))
        trainer = peers.Lamina(task, default_engine())
        turns = {("lamina", n): epochs(trainer, n)}
        turns |= {(probe, n): job for probe, job in peak.probes(n).items()}
        theirs = epochs(peers.Sklearn(task), n)
        figures = common.alternate(
            {**turns, ("sklearn", 0): theirs}, options.rounds, options.seconds, options.turn
        )
        trainer.close()
        own = rates(task.shape, figures, n)
        own["sklearn"] = common.summary(figures["sklearn", 0], unit=1e-6 * task.shape.steps)
        found[str(width)] = {**own, "ratio": common.ratios(own["sklearn"], own["step"])}
    return found


def add_shares(result: dict[str, Any]) -> None:
    """Add each rate's share of the peak: the highest that any probe of this run gave."""
    measured = [*result.get("widths", {}).values()]
    for by_threads in result.get("threads", {}).values():
        measured += by_threads.values()
    peaks: dict[int, float] = {}
    for own in measured:
        top = max(own["peak_gflops"].values())
        peaks[own["threads"]] = max(peaks.get(own["threads"], 0.0), top)
    for own in measured:
        own["share_of_peak"] = {k: v / peaks[own["threads"]] for k, v in own["gflops"].items()}
    result["peak_gflops"] = {str(n): peaks[n] for n in sorted(peaks)}


def resized(shape: Shape, steps: int | None) -> Shape:
    """Return the shape with another number of steps, if one is asked for."""
    return shape if steps is None else replace(shape, steps=min(steps, 500))


def show(part: str, found: dict[str, Any]) -> str:
    """Return the table of one part."""
    rate = ["µs per step", "GFLOP/s", "share of peak", "best share"]
    if part == "threads":
        cells = [(s, n, own) for s, by_threads in found.items() for n, own in by_threads.items()]
        rows = [[s, int(n), *_rate(own), own["speed_up"]] for s, n, own in cells]
        return common.table(["shape", "threads", *rate, "speed-up"], rows)
    if part == "widths":
        rows = [[int(w), *_rate(own), own["ratio"]["median"]] for w, own in found.items()]
        return common.table(["width", *rate, "scikit-learn / lamina"], rows)
    head = [part, "lamina s", "scikit-learn s", "scikit-learn / lamina"]
    rows = [
        [int(n), own["lamina"]["median"], own["sklearn"]["median"], own["ratio"]["median"]]
        for n, own in found.items()
    ]
    if part == "fits":
        head += ["lamina speed-up", "scikit-learn speed-up"]
        for row, own in zip(rows, found.values(), strict=True):
            row += [own["lamina"]["speed_up"], own["sklearn"]["speed_up"]]
    return common.table(head, rows)


def _rate(own: dict[str, Any]) -> list[Any]:
    share = own["share_of_peak"]
    return [own["step"]["median"], own["gflops"]["median"], share["median"], share["best"]]


def main() -> int:
    parser = common.parser(__doc__)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--shapes", default="tab,image,big", help="of the part threads")
    parser.add_argument("--samples", default="1000,10000,100000,1000000")
    parser.add_argument("--widths", default="16,32,64,128,256,512,1024,2048")
    parser.add_argument("--steps", type=int, help="steps in a timed epoch")
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    warnings.simplefilter("ignore")  # one epoch does not converge
    common.use_engine(options.engine)
    found_on = machine.environment(default_engine(), options.threads)
    print(machine.line(found_on))
    doing = {
        "threads": threads_part,
        "fits": fits_part,
        "samples": samples_part,
        "widths": widths_part,
    }
    result: dict[str, Any] = {"kind": "scaling", "environment": found_on}
    for part in options.parts.split(","):
        if part not in doing:
            sys.exit(f"--parts must be some of {', '.join(PARTS)}, got {part!r}")
        result[part] = doing[part](options)
        add_shares(result)
        common.write(options.json, result)
        print(f"{part} done", file=sys.stderr)
    for threads, gflops in result["peak_gflops"].items():
        print(f"peak measured with {threads} threads: {gflops:.0f} GFLOP/s")
    for part in options.parts.split(","):
        print(f"\n{part}\n\n{show(part, result[part])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
