"""How often `lamina.diagnose` names a fault, and how often it accuses a training that has none.

Broken and healthy trainings on real data (`faults.py`). Thresholds were set on the data sets that
scikit-learn ships, the tuning sets; the others, in the folder that --data names, are held out.
Each run is diagnosed twice: from what `fit` left, and with its samples given again.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import common
import faults
import numpy as np

import lamina

# Healthy is what comes this close to gradient boosting, or to the best of the healthy settings if
# that is better: in accuracy or R², and in log loss.
ACCURACY, R2, LOG_LOSS = 0.03, 0.05, 0.1
REDUCED = 0.05  # a score this far below the best healthy one shows that a fault did harm
MODES = ("quick", "close")  # by what the fit left, and with the samples
MISSED = 0.6  # recall of the rare class, for imbalance


def main() -> None:
    """Run, and print the tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    options.add_argument("--data", metavar="DIR", help="folder of the held-out data sets")
    options.add_argument("--sets", nargs="*", help="data sets; default: tuning, and held out")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--faults", nargs="*", help="default: all")
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--json", metavar="FILE", help="write each run there")
    own = options.parse_args()
    sets = own.sets or [*faults.TUNING, *((*faults.HELD_OUT, *faults.FRESH) if own.data else ())]
    jobs = [(name, seed, own.data, own.faults) for name in sets for seed in range(own.seeds)]
    runs: list[dict[str, Any]] = []
    with ProcessPoolExecutor(own.jobs) as pool:
        for found in pool.map(_one, jobs):
            runs += found
    if own.json:
        with open(own.json, "w") as file:
            json.dump(runs, file)
    groups = {"Tuning": faults.TUNING, "Held out": faults.HELD_OUT, "Fresh": faults.FRESH}
    for title, names in groups.items():
        part = [run for run in runs if run["set"] in names]
        for mode in MODES if part else ():
            print(f"\n### {title}: {mode}\n\n{table(part, mode)}\n\n{accused(part, mode)}")


def _one(job: tuple[str, int, str | None, list[str] | None]) -> list[dict[str, Any]]:
    return suite(*job)


def suite(
    name: str, seed: int, folder: str | None = None, only: list[str] | None = None
) -> list[dict[str, Any]]:
    """Return all runs on a data set and a seed, on one core."""
    with common.thread_limit(1):
        return list(_runs(name, seed, folder, only))


def _runs(
    name: str, seed: int, folder: str | None, only: list[str] | None
) -> Iterator[dict[str, Any]]:
    of = faults.problem(name, seed, folder)
    runs = [_run(of, seed, setting, None) for setting in faults.HEALTHY]
    best = _best(of, seed, runs)
    for run in runs:
        run["healthy"] = bool(
            run["score"] >= best[0] - (R2 if of.regression else ACCURACY)
            and (of.regression or run["log_loss"] <= best[1] + LOG_LOSS)
            and not run["loses_class"]
        )
    yield from runs
    for fault, own in faults.FAULTS.items():
        wanted = own.tasks in ("both", "numbers" if of.regression else "classes")
        if wanted and (only is None or fault in only):
            run = _run(of, seed, fault, own)
            worse = run["score"] < best[0] - REDUCED or run["log_loss"] > best[1] + LOG_LOSS
            if fault == "class imbalance":
                worse = run["rare"] < MISSED
            run["broken"] = bool(not own.harms or worse)
            for mode in MODES:
                told = run[mode]
                told["hinted"] = any(n in told["all"] for n in own.names)
                told["named"] = any(n in told["serious"] for n in own.names)
                told["named"] |= own.hint and told["hinted"]
            yield run


def _run(of: faults.Problem, seed: int, name: str, fault: faults.Fault | None) -> dict[str, Any]:
    model, on = faults.healthy(of, seed, name) if fault is None else fault.run(of, seed)
    quick = lamina.diagnose(model)
    close = lamina.diagnose(model, on.x, on.y, eval_set=(on.x_val, on.y_val))
    score, log_loss, rare = _scores(model, on, seed)
    lost = not of.regression and _loses_class(model, on)
    return {
        "set": of.name,
        "seed": seed,
        "name": name,
        "fault": fault is not None,
        "score": score,
        "log_loss": log_loss,
        "rare": rare,
        "loses_class": lost,
        "quick": _told(quick),
        "close": _told(close),
    }


def _told(found: lamina.diagnosis.findings.Findings) -> dict[str, Any]:
    return {
        "serious": list(found.serious.names),
        "all": list(found.names),
        "short": found.short,
    }


def _scores(model: Any, of: faults.Problem, seed: int) -> tuple[float, float, float]:
    """Return test score, log loss (0 for numbers) and recall of the rare class."""
    from sklearn.metrics import log_loss

    with np.errstate(all="ignore"):
        predicted = model.predict(of.x_test)
        if of.regression:
            own = model.score(of.x_test, of.y_test) if np.isfinite(predicted).all() else -np.inf
            return max(own, -1e9), 0.0, np.nan
        p = np.nan_to_num(model.predict_proba(of.x_test), nan=1 / len(model.classes_))
    rare = np.unique(of.y_test)[seed % len(np.unique(of.y_test))]
    recall = float((predicted == rare)[of.y_test == rare].mean())
    p = np.clip(p, 1e-15, 1)
    loss = log_loss(of.y_test, p / p.sum(axis=1, keepdims=True), labels=model.classes_)
    return float((predicted == of.y_test).mean()), float(loss), recall


def _loses_class(model: Any, of: faults.Problem) -> bool:
    """Return whether a class of less than a tenth of the largest one's samples is not found."""
    labels, counts = np.unique(of.y, return_counts=True)
    rare = labels[counts.argmin()]
    own = of.y_test == rare
    if counts.min() > counts.max() / 10 or not own.any():
        return False
    return bool((model.predict(of.x_test)[own] == rare).mean() < MISSED)


def _best(of: faults.Problem, seed: int, runs: list[dict[str, Any]]) -> tuple[float, float]:
    """Return the score to come close to, and the log loss."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind: Any = HistGradientBoostingRegressor if of.regression else HistGradientBoostingClassifier
    score = kind(random_state=seed, max_iter=60).fit(of.x, of.y).score(of.x_test, of.y_test)
    return max(score, np.median([run["score"] for run in runs])), min(r["log_loss"] for r in runs)


def table(runs: list[dict[str, Any]], mode: str) -> str:
    """Return named over broken runs, by fault and data set."""
    sets = list(dict.fromkeys(run["set"] for run in runs))
    lines = [f"| fault | {' | '.join(sets)} | named | at any level | without effect |"]
    lines.append("|---|" + "---|" * (len(sets) + 3))
    total: list[int] = [0, 0, 0, 0]
    for fault in faults.FAULTS:
        own = [run for run in runs if run["fault"] and run["name"] == fault]
        if not own:
            continue
        broken = [run for run in own if run["broken"]]
        cells = [_cell([run[mode] for run in broken if run["set"] == name]) for name in sets]
        named, hinted = (sum(r[mode][key] for r in broken) for key in ("named", "hinted"))
        n, rest = len(broken), len(own) - len(broken)
        total = [a + b for a, b in zip(total, (named, hinted, n, rest), strict=True)]
        lines.append(
            f"| {fault} | {' | '.join(cells)} | {_of(named, n)} | {_of(hinted, n)} | {rest} |"
        )
    named, hinted, n, rest = total
    gaps = " | ".join([""] * len(sets))
    lines.append(f"| **all** | {gaps} | **{_of(named, n)}** | {_of(hinted, n)} | {rest} |")
    return "\n".join(lines)


def accused(runs: list[dict[str, Any]], mode: str) -> str:
    """Return how many healthy runs are accused, and of what."""
    healthy = [run for run in runs if not run["fault"] and run["healthy"]]
    rest = sum(not run["fault"] for run in runs) - len(healthy)
    wrong = [run for run in healthy if run[mode]["serious"]]
    of: dict[str, int] = defaultdict(int)
    for run in wrong:
        for name in run[mode]["serious"]:
            of[name] += 1
    notes = sum(bool(run[mode]["all"]) and not run[mode]["serious"] for run in healthy)
    what = ", ".join(f"{name} {n}" for name, n in of.items())
    return (
        f"Healthy runs accused: {_of(len(wrong), len(healthy))}{f' ({what})' if what else ''}. "
        f"With notes alone: {notes}. Runs of the healthy settings that did not come close enough "
        f"to be called healthy: {rest}."
    )


def _cell(runs: list[dict[str, Any]]) -> str:
    return f"{sum(told['named'] for told in runs)}/{len(runs)}" if runs else "–"


def _of(n: int, total: int) -> str:
    return f"{n}/{total} ({n / total:.1%})" if total else "–"


if __name__ == "__main__":
    main()
