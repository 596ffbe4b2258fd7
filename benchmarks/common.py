"""What the scripts share: their options, fair alternation, summaries, tables."""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PAUSE = 0.15  # seconds between turns: the spinning threads of the one before go to sleep


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all scripts have."""
    options = argparse.ArgumentParser(description=(description or "").split("\n\n")[0])
    options.add_argument("--engine", choices=["native", "reference"], help="default: lamina's own")
    options.add_argument("--threads", type=int, help="for both sides; default: all usable cores")
    options.add_argument("--rounds", type=int, default=7, help="turns of each side (default 7)")
    options.add_argument("--seconds", type=float, default=60, help="budget of one comparison")
    options.add_argument("--turn", type=float, default=0.05, help="least seconds of one turn")
    options.add_argument("--json", metavar="FILE", help="write all figures there")
    return options


def cores() -> list[int]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def limit_threads(threads: int | None) -> int:
    """Hold this process and every library in it to `threads` cores; return their number.

    The cores themselves are limited, so that a library which knows no setting cannot have more;
    XLA reads them when it starts. To be called before JAX and the other peers are imported.
    """
    usable = cores()
    threads = len(usable) if threads is None else threads
    if not 1 <= threads <= len(usable):
        sys.exit(f"--threads must be between 1 and {len(usable)}, the usable cores, got {threads}")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, usable[:threads])
    thread_limit(threads)
    return threads


def thread_limit(threads: int) -> Any:
    """Limit the threads of the BLAS libraries; as a context, until its end."""
    import threadpoolctl  # scikit-learn needs it, so it is there

    return threadpoolctl.threadpool_limits(threads)


def has(module: str) -> bool:
    """Return whether a module is installed."""
    return importlib.util.find_spec(module) is not None


def present(peers: Sequence[str], modules: Mapping[str, str]) -> list[str]:
    """Return the peers whose module is installed; say which are left out."""
    found = []
    for peer in peers:
        if peer not in modules:
            sys.exit(f"--peers must be some of {', '.join(modules)}, got {peer!r}")
        if has(modules[peer]):
            found.append(peer)
        else:
            print(f"left out: {peer} ({modules[peer]} is not installed)")
    return found


def use_engine(name: str | None) -> None:
    """Make lamina use an engine, here and in the processes started from here; None: its own."""
    if name is not None:
        os.environ["LAMINA_ENGINE"] = name


def alternate(
    contenders: Mapping[str, Callable[[], float]],
    rounds: int,
    seconds: float,
    turn: float = 0.0,
) -> dict[str, list[float]]:
    """Let the contenders take turns; return one figure per turn for each.

    A contender returns the seconds that its job took, so that what it prepares is not counted. In
    a turn the job is repeated until `turn` seconds have passed; the figure is the mean, so that
    all have the same number of figures. The order rotates from round to round. The
    budget `seconds` ends it early, but never before every contender has had one turn.
    """
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    names, start = list(contenders), time.perf_counter()
    gc.collect()
    gc.disable()
    try:
        for i in range(rounds):
            for name in names[i % len(names) :] + names[: i % len(names)]:
                time.sleep(PAUSE)
                begin = time.perf_counter()
                spent = [contenders[name]()]
                while time.perf_counter() - begin < turn:
                    spent.append(contenders[name]())
                figures[name].append(statistics.fmean(spent))
            if time.perf_counter() - start > seconds:
                break
    finally:
        gc.enable()
    return figures


def timed(job: Callable[[], Any], repeats: int = 1) -> Callable[[], float]:
    """Return a contender for `alternate`: `job`, `repeats` times, as seconds per job."""

    def contender() -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            job()
        return (time.perf_counter() - start) / repeats

    return contender


def summary(figures: Sequence[float], unit: float = 1.0) -> dict[str, Any]:
    """Return median, best and all figures, in units of `unit` seconds."""
    scaled = [f / unit for f in figures]
    return {"median": statistics.median(scaled), "best": min(scaled), "all": scaled}


def ratios(peer: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, float]:
    """Return the peer's time over ours: of the medians and of the best turns."""
    return {key: peer[key] / ours[key] for key in ("median", "best")}


def write(path: str | None, result: Mapping[str, Any]) -> None:
    """Write the figures as JSON, if a path is given."""
    if path is not None:
        text = json.dumps(result, indent=1)
        with open(path, "w") as file:
            file.write(text + "\n")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table; numbers get three significant digits and stand right."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[j]) for row in cells) for j in range(len(head))]
    right = [j > 0 and all(_is_number(row[j]) for row in rows) for j in range(len(head))]
    lines = [_line(row, widths, right) for row in cells]
    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)
    ]
    return "| " + " | ".join(padded) + " |"


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
