"""Turn the scripts' JSON files into the Markdown tables of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import machine
from common import table

# Ratios of the peer's time to ours that training with two threads is to reach.
GOALS = {
    "sklearn": {"tiny": 150, "sk": 16, "tab": 5.5, "image": 5.5, "big": 2.8},
    "torch": {"tiny": 220, "sk": 15, "tab": 3.6, "image": 3.5, "big": 2.3},
    "jax": {"tiny": 25, "sk": 8, "tab": 2.1, "image": 1.7, "big": 1.25},
}
SHARE_OF_PEAK = 0.8
TITLES = {
    "sklearn": "scikit-learn",
    "torch": "PyTorch",
    "jax": "JAX",
    "onnxruntime": "ONNX Runtime",
    "onnx": "ONNX Runtime",
}


def number(value: float) -> str:
    """Return a number with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def against(ratio: float, goal: float | None) -> str:
    """Return a ratio with its goal, and a word where lamina loses or the goal is missed."""
    words = [] if goal is None else [f"goal {goal:g}"]
    if ratio < 1:
        words.append("slower")
    elif goal is not None and ratio < goal:
        words.append("missed")
    return f"{ratio:.3g}" + (f" ({', '.join(words)})" if words else "")


def training(result: dict[str, Any]) -> str:
    """Return microseconds per step and ratios, with the goals where there is one."""
    shapes = result["shapes"]
    peers = [p for p in GOALS if any(p in own["peers"] for own in shapes.values())]
    head = ["shape", "network", "batch", "lamina µs", *(f"{TITLES[p]} µs" for p in peers)]
    head += [f"{TITLES[p]} / lamina" for p in peers]
    rows = []
    for name, own in shapes.items():
        ours = own["sides"]["lamina"]
        row = [name, chain(own["sizes"]), str(own["batch"]), pair(ours)]
        row += [pair(own["peers"][p]) if p in own["peers"] else "–" for p in peers]
        for p in peers:
            goal = GOALS[p].get(name)
            ratio = own["peers"][p]["ratio"]["median"] if p in own["peers"] else None
            row.append("–" if ratio is None else against(ratio, goal))
        rows.append(row)
    worst = max(own["largest_difference_of_loss"] for own in shapes.values())
    notes = [
        "Microseconds per step, median (best); of a peer's ways the one with the lower median.",
        f"Losses after the timed epoch agree between all sides to {worst:.0e}, relative.",
        warm_ups(shapes),
    ]
    return table(head, rows) + "\n\n" + " ".join(notes)


def chain(sizes: list[int]) -> str:
    """Return the sizes of a network, a long run of equal ones written short."""
    inner = sizes[1:-1]
    if len(inner) > 3 and len(set(inner)) == 1:
        return f"{sizes[0]}-{inner[0]}×{len(inner)}-{sizes[-1]}"
    return "-".join(str(size) for size in sizes)


def pair(own: dict[str, Any]) -> str:
    """Return median and best."""
    return f"{number(own['median'])} ({number(own['best'])})"


def warm_ups(shapes: dict[str, Any]) -> str:
    """Return what each side's first epoch took, which is not in the figures."""
    sides = list(dict.fromkeys(side for own in shapes.values() for side in own["sides"]))
    longest = {
        side: max(
            own["sides"][side]["warm_up_s"] for own in shapes.values() if side in own["sides"]
        )
        for side in sides
    }
    told = ", ".join(f"{side} {seconds:.2g} s" for side, seconds in longest.items())
    return f"Longest first epoch, compiling included and not counted: {told}."


def fits(result: dict[str, Any]) -> str:
    """Return seconds, scores and ratios of whole fits."""
    head = [
        "data",
        "dtype",
        "rows",
        "inputs, hidden",
        "epochs",
        "lamina s",
        "scikit-learn s",
        "ratio",
    ]
    head += ["scores", "target", "epochs to it", "s to it", "ratio"]
    rows = []
    for own in result["fits"]:
        ours, theirs = own["sides"]["lamina"], own["sides"]["sklearn"]
        score = own["to_score"]
        goal = GOALS["sklearn"][own["goal"]]
        row = [
            own["data"],
            own["dtype"],
            f"{own['rows']:,}",
            chain([own["features"], *own["hidden"]]),
        ]
        row += [str(own["epochs"]), pair(ours), pair(theirs)]
        row += [
            against(own["ratio"]["median"], goal),
            f"{ours['score']:.4f}, {theirs['score']:.4f}",
        ]
        row.append(f"{own['target']:.4f}")
        row.append(", ".join(str(score[side]["epochs"]) for side in ("lamina", "sklearn")))
        row.append(", ".join(number(score[side]["median"]) for side in ("lamina", "sklearn")))
        rows.append([*row, against(own["ratio_to_score"]["median"], goal)])
    notes = (
        "Seconds of `fit`, median (best), and scores on held-out data; where two figures stand in "
        "one cell, lamina's comes first."
    )
    return table(head, rows) + "\n\n" + notes


def prediction(result: dict[str, Any]) -> str:
    """Return microseconds per call, and what they are of ONNX Runtime's."""
    parts = []
    for name, found in result["shapes"].items():
        sides = list(next(iter(found.values()))["sides"])
        rows = []
        for side in sides:
            row = [TITLES.get(side, side)]
            for own in found.values():
                here, bare = own["sides"][side], own["sides"].get("onnxruntime")
                times = "" if bare is None or side == "onnxruntime" else against_bare(here, bare)
                row.append(pair(here) + times)
            rows.append(row)
        head = [f"{name}, µs", *(f"{int(n):,} row{'s' * (n != '1')}" for n in found)]
        parts.append(table(head, rows))
    notes = (
        "Microseconds per call, median (best), × ONNX Runtime's bare call. Goals for one row: "
        "`predict_proba` at most 1 ×, `predictor()` at most 0.2 ×."
    )
    return "\n\n".join([*parts, notes])


def against_bare(own: dict[str, Any], bare: dict[str, Any]) -> str:
    """Return a side's median as a multiple of ONNX Runtime's."""
    return f", {own['median'] / bare['median']:.2g} ×"


def scaling(result: dict[str, Any]) -> str:
    """Return the tables of the parts that were run."""
    parts = []
    for threads, gflops in sorted(result.get("peak_gflops", {}).items()):
        parts.append(f"Peak measured with {threads} threads: {gflops:.0f} GFLOP/s.")
    rate = ["µs per step", "GFLOP/s", f"share of peak (goal {SHARE_OF_PEAK:.0%})"]
    if "threads" in result:
        rows = [
            [shape, n, *rates(own), f"{own['speed_up']:.2f}"]
            for shape, by_threads in result["threads"].items()
            for n, own in by_threads.items()
        ]
        parts.append(table(["shape", "threads", *rate, "speed-up"], rows))
    if "widths" in result:
        rows = [
            [width, *rates(own), against(own["ratio"]["median"], None)]
            for width, own in result["widths"].items()
        ]
        parts.append(table(["width", *rate, "scikit-learn / lamina"], rows))
    for part in ("samples", "fits"):
        if part in result:
            head, rows = [part, "lamina s", "scikit-learn s", "ratio"], []
            for n, own in result[part].items():
                row = [f"{int(n):,}", pair(own["lamina"]), pair(own["sklearn"])]
                rows.append([*row, against(own["ratio"]["median"], None)])
                if part == "fits":
                    rows[-1] += [f"{own[s]['speed_up']:.2f}" for s in ("lamina", "sklearn")]
            ups = ["lamina speed-up", "scikit-learn speed-up"] if part == "fits" else []
            parts.append(table(head + ups, rows))
    return "\n\n".join(parts)


def rates(own: dict[str, Any]) -> list[str]:
    """Return time, rate and share of the peak."""
    share = own["share_of_peak"]
    shares = f"{share['median']:.0%} ({share['best']:.0%})"
    return [pair(own["step"]), number(own["gflops"]["median"]), shares]


def small(result: dict[str, Any]) -> str:
    """Return the tables of the parts that were run."""
    parts = []
    for part in ("import", "first", "iris"):
        if part in result:
            rows = []
            for side, own in result[part].items():
                ratio = own["median"] / result[part]["lamina"]["median"]
                cell = "" if side == "lamina" else f"{ratio:.2f}"
                milli = {key: 1e3 * own[key] for key in ("median", "best")}
                rows.append([TITLES.get(side, side), pair(milli), cell])
            parts.append(table([f"{part}, ms", "median (best)", "over lamina's"], rows))
    if "memory" in result:
        found = result["memory"]
        rows = [[TITLES.get(s, s), *(number(mib) for mib in found[s].values())] for s in found]
        head = ["memory, MiB", "data", "before the fit", "peak", "peak - data", "growth in the fit"]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


KINDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "training": training,
    "fits": fits,
    "prediction": prediction,
    "scaling": scaling,
    "small": small,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", help="JSON files that the scripts wrote")
    for path in parser.parse_args().files:
        with open(path) as file:
            result = json.load(file)
        kind, found_on = result.get("kind"), result.get("environment")
        if kind not in KINDS or found_on is None:
            sys.exit(f"{path} is not a file of these scripts: its kind is {kind!r}")
        print(f"## {kind.capitalize()}\n\n    {found_on['command']}\n")
        print(f"{KINDS[kind](result)}\n\n{machine.line(found_on)}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
