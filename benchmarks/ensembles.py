"""What does an ensemble gain over one network, and what does it cost to train its members at once?

Three parts. "gain": error, log-loss and time of single networks, of ensembles of them and of one
network as wide as all members together, over several seeds. "time": the same members by lamina,
one after another, and by scikit-learn's BaggingClassifier. "pass": what one pass over the data for
all members could save: checks and scales, the copying of batches, and one wide first layer for all
in place of one each. Letter is read from --data; without it digits, which come with scikit-learn.
"""

from __future__ import annotations

import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import common
import datasets
import machine
import numpy as np
from datasets import SETTINGS, DataSet
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier as Peer

import lamina
from lamina.engines import default_engine
from lamina.ensembles.member import prepare

RATE, BATCH = 0.003, 200
SAMPLES = ("all", "bootstrap")


def network(units: int, epochs: int, **options: Any) -> lamina.MLPClassifier:
    own = {"learning_rate_init": RATE, "batch_size": BATCH, "max_iter": epochs, **options}
    return lamina.MLPClassifier((units,), **own)


def ensemble(members: int, units: int, epochs: int, **options: Any) -> lamina.EnsembleClassifier:
    own = {"random_state": 0, **options}
    return lamina.EnsembleClassifier(network(units, epochs), members, **own)


def judged(p: np.ndarray, model: Any, data: DataSet) -> dict[str, float]:
    """Return error in percent and log-loss of probabilities of the test samples."""
    error = np.mean(model.classes_[p.argmax(axis=1)] != data.y_test)
    return {"error": 100 * float(error), "log_loss": float(log_loss(data.y_test, p))}


def gain_of(data: DataSet, units: int, members: int, options: Any) -> list[dict[str, Any]]:
    """Return a row for each seed and each kind of model."""
    rows = []
    for seed in range(options.seeds):
        for sample in SAMPLES:
            model = ensemble(members, units, options.epochs, sample=sample, random_state=seed)
            seconds = timed_fit(model, data)
            each = np.array([m.predict_proba(data.x_test) for m in model.members_])
            singles = [judged(p, model, data) for p in each]
            name = f"1 network, sample={sample!r}"
            one = {key: float(np.mean([own[key] for own in singles])) for key in singles[0]}
            rows.append({"model": name, "seed": seed, **one, "seconds": None})
            for count in sorted({max(1, members // 2), members}):
                own = judged(each[:count].mean(axis=0), model, data)
                took = seconds if count == members else None
                name = f"{count} networks, sample={sample!r}"
                rows.append({"model": name, "seed": seed, **own, "seconds": took})
        wide = network(units * members, options.epochs, random_state=seed)
        seconds = timed_fit(wide, data)
        own = judged(wide.predict_proba(data.x_test), wide, data)
        name = f"1 network of {units * members} units"
        rows.append({"model": name, "seed": seed, **own, "seconds": seconds})
    return rows


def timed_fit(model: Any, data: DataSet) -> float:
    start = time.perf_counter()
    model.fit(data.x, data.y)
    return time.perf_counter() - start


def summarised(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return mean and standard deviation over the seeds, by model."""
    found = []
    for name in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == name]
        seconds = [row["seconds"] for row in own if row["seconds"] is not None]
        summary: dict[str, Any] = {"model": name, "seeds": len(own)}
        for key in ("error", "log_loss"):
            values = [row[key] for row in own]
            summary |= {key: float(np.mean(values)), f"{key}_sd": float(np.std(values))}
        summary["seconds"] = float(np.median(seconds)) if seconds else None
        found.append(summary)
    return found


def times(data: DataSet, units: int, members: int, options: Any) -> dict[str, Any]:
    """Return seconds to train as many networks for as many epochs."""
    epochs, jobs = options.time_epochs, options.threads
    endless = {"n_iter_no_change": np.inf}
    peer = Peer((units,), learning_rate_init=RATE, batch_size=BATCH, max_iter=epochs, **endless)

    def lamina_ensemble(**more: Any) -> Any:
        model = ensemble(members, units, epochs, **more)
        return model.set_params(estimator__n_iter_no_change=np.inf)

    def loop(n_threads: int | None) -> None:
        for seed in range(members):
            own = network(units, epochs, random_state=seed, n_threads=n_threads, **endless)
            own.fit(data.x, data.y)

    def bagging(estimator: Any) -> Any:
        return BaggingClassifier(estimator, members, n_jobs=jobs, random_state=0)

    one = network(units, epochs, n_threads=1, **endless)
    contenders: dict[str, Callable[[], Any]] = {
        "EnsembleClassifier, sample='all'": lambda: lamina_ensemble(sample="all").fit(*data[:2]),
        "EnsembleClassifier, sample='bootstrap'": lambda: lamina_ensemble().fit(*data[:2]),
        "one after another, all cores each": lambda: loop(None),
        "one after another, one core": lambda: loop(1),
        "BaggingClassifier over lamina": lambda: bagging(one).fit(*data[:2]),
        "BaggingClassifier over scikit-learn's": lambda: bagging(peer).fit(*data[:2]),
    }
    turns = {name: common.timed(job) for name, job in contenders.items()}
    figures = common.alternate(turns, options.rounds, options.seconds, 0)
    return {name: common.summary(own) for name, own in figures.items()}


def one_pass(data: DataSet, units: int, members: int, options: Any) -> dict[str, Any]:
    """Return what members could share, in milliseconds of one core, and what they do share."""
    x = np.ascontiguousarray(data.x)
    order = np.random.RandomState(0).permutation(len(x))
    batch = np.empty((BATCH, x.shape[1]), x.dtype)
    full = range(0, len(x) - BATCH + 1, BATCH)

    def gather() -> None:
        for begin in full:
            np.take(x, order[begin : begin + BATCH], axis=0, out=batch, mode="clip")

    def epochs_of(width: int) -> Callable[[], float]:
        model = network(width, 4, n_threads=1, random_state=0, n_iter_no_change=np.inf)
        return lambda: float(np.mean(model.fit(data.x, data.y).history_["seconds"]))

    narrow, wide = epochs_of(units), epochs_of(units * members)
    turns: dict[str, Callable[[], float]] = {
        "an epoch of a member": narrow,
        "copying its batches": common.timed(gather, 5),
        "an epoch of all members, one by one": lambda: members * narrow(),
        "an epoch of one network as wide as all": wide,
        "checks and scales, once": common.timed(
            lambda: prepare(network(units, 1, standardize=True), data.x, data.y, None, False)
        ),
    }
    figures = common.alternate(turns, options.rounds, options.seconds, options.turn)
    summary = {name: common.summary(own, 1e-3) for name, own in figures.items()}
    return {"ms": summary, "memory": memory(data, units, members, options)}


def memory(data: DataSet, units: int, members: int, options: Any) -> dict[str, float]:
    """Return the largest amount of memory in Python's and NumPy's arrays, over that of X."""
    peaks = {}
    for count in (1, members):
        model = ensemble(count, units, 1, n_jobs=options.threads)
        tracemalloc.start()
        model.fit(data.x, data.y)
        peaks[str(count)] = tracemalloc.get_traced_memory()[1] / data.x.nbytes
        tracemalloc.stop()
    return peaks


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--data", metavar="DIR", help="the folder that holds letter.parquet")
    parser.add_argument("--parts", default="gain,time,pass", help="some of gain, time, pass")
    parser.add_argument("--units", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=100, help="of the gain (default 100)")
    parser.add_argument("--time-epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    common.use_engine(options.engine)
    warnings.simplefilter("ignore", ConvergenceWarning)
    name = (datasets.available(["letter"], options.data) or ["digits"])[0]
    data = datasets.load(name, options.data, "float64")
    result: dict[str, Any] = {"kind": "ensembles", "set": name}
    result |= {"environment": machine.environment(default_engine(options.threads), options.threads)}
    result |= {"members": options.members, "goal": SETTINGS[name].goal}
    parts = options.parts.split(",")
    if "gain" in parts:
        result["gain"] = {}
        for units in options.units:
            rows = gain_of(data, units, options.members, options)
            found = summarised(rows)
            result["gain"][str(units)] = {"rows": rows, "summary": found}
            print(f"\n{name}, {units} units a network\n")
            print(common.table(list(found[0]), [list(row.values()) for row in found]))
    if "time" in parts:
        units = options.units[0]
        result["time"] = times(data, units, options.members, options)
        rows = [[key, own["median"], own["best"]] for key, own in result["time"].items()]
        print(f"\n{options.members} members of {units} units, {options.time_epochs} epochs\n")
        print(common.table(["way", "seconds (median)", "best"], rows))
    if "pass" in parts:
        units = options.units[0]
        result["pass"] = one_pass(data, units, options.members, options)
        rows = [[key, own["median"]] for key, own in result["pass"]["ms"].items()]
        print("\n" + common.table(["what", "ms"], rows))
        rows = [[f"{key} members", own] for key, own in result["pass"]["memory"].items()]
        print("\n" + common.table(["largest memory over that of X", ""], rows))
    common.write(options.json, result)


if __name__ == "__main__":
    main()
