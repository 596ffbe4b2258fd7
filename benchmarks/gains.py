"""What do class weights and quantiles gain on real data, where they are meant to?

Class weights: deaths in crashes are 4.5% of nass_crash; without weights hardly one is found.
Quantiles: hourly rentals of bikeshare_hourly, several quantiles at once against one network for
each, against scikit-learn's gradient boosting for each and, as what a mean alone gives, against a
network for the mean with the residuals' quantiles around it. Scores are means over seeds on a
test set of a fifth of the rows.

    python benchmarks/gains.py --data DIR
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import common
import numpy as np
import pyarrow.parquet
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    mean_pinball_loss,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import lamina

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
OPTIONS = {"hidden_layer_sizes": (64, 32), "early_stopping": True, "max_iter": 100}


def split(folder: str, name: str, target: str, seed: int) -> list[np.ndarray]:
    """Return prepared X and y for training and testing."""
    frame = pyarrow.parquet.read_table(os.path.join(folder, f"{name}.parquet")).to_pandas()
    frame = frame.dropna()
    y = frame.pop(target)
    y = (y == y.value_counts().index[-1]).astype(int) if y.dtype.kind not in "iuf" else y
    parts = train_test_split(frame, y.to_numpy(), test_size=0.2, random_state=seed)
    prepare = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
    )
    x = prepare.fit_transform(parts[0])
    return [np.asarray(x), np.asarray(prepare.transform(parts[1])), parts[2], parts[3]]


def weights(folder: str, seed: int) -> dict[str, dict[str, float]]:
    """Return scores on nass_crash with and without class weights."""
    x, x_test, y, y_test = split(folder, "nass_crash", "dead", seed)
    models = {
        "scikit-learn's MLP": MLPClassifier(**OPTIONS, random_state=seed),
        "lamina": lamina.MLPClassifier(**OPTIONS, random_state=seed),
        'lamina, class_weight="balanced"': lamina.MLPClassifier(
            **OPTIONS, class_weight="balanced", random_state=seed
        ),
        "lamina, class_weight={1: 5}": lamina.MLPClassifier(
            **OPTIONS, class_weight={1: 5}, random_state=seed
        ),
    }
    scores = {}
    for name, model in models.items():
        start = time.perf_counter()
        model.fit(x, y)
        spent, p = time.perf_counter() - start, model.predict_proba(x_test)[:, 1]
        found = model.predict(x_test)
        scores[name] = {
            "deaths found": recall_score(y_test, found),
            "balanced accuracy": balanced_accuracy_score(y_test, found),
            "AUC": roc_auc_score(y_test, p),
            "average precision": average_precision_score(y_test, p),
            "seconds": spent,
        }
    return scores


def quantiles(folder: str, seed: int) -> dict[str, dict[str, float]]:
    """Return scores on bikeshare_hourly of several ways to quantiles."""
    x, x_test, y, y_test = split(folder, "bikeshare_hourly", "bikers", seed)
    own = {**OPTIONS, "standardize": "y", "random_state": seed, "max_iter": 200}

    def together() -> np.ndarray:
        return lamina.MLPRegressor(lamina.Quantiles(LEVELS), **own).fit(x, y).predict(x_test)

    def apart() -> np.ndarray:
        models = [lamina.MLPRegressor(lamina.Quantile(level), **own) for level in LEVELS]
        return np.stack([model.fit(x, y).predict(x_test) for model in models], axis=1)

    def boosting() -> np.ndarray:
        models = [
            HistGradientBoostingRegressor(loss="quantile", quantile=level, random_state=seed)
            for level in LEVELS
        ]
        return np.stack([model.fit(x, y).predict(x_test) for model in models], axis=1)

    def around_the_mean() -> np.ndarray:
        model = lamina.MLPRegressor(**own).fit(x, y)
        gaps = np.quantile(y - model.predict(x), LEVELS)
        return model.predict(x_test)[:, None] + gaps

    ways: dict[str, Callable[[], np.ndarray]] = {
        "one network, Quantiles": together,
        "a network for each": apart,
        "gradient boosting for each": boosting,
        "the mean and its residuals": around_the_mean,
    }
    scores = {}
    for name, way in ways.items():
        start = time.perf_counter()
        h = way()
        spent = time.perf_counter() - start
        inside = (h[:, 0] <= y_test) & (y_test <= h[:, -1])
        scores[name] = {
            "pinball loss": float(
                np.mean([mean_pinball_loss(y_test, h[:, j], alpha=a) for j, a in enumerate(LEVELS)])
            ),
            "inside 90%": float(inside.mean()),
            "rows that cross": float((np.diff(h, axis=1) < 0).any(axis=1).mean()),
            "seconds": spent,
        }
    return scores


def mean(runs: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        name: {key: float(np.mean([run[name][key] for run in runs])) for key in own}
        for name, own in runs[0].items()
    }


def show(title: str, scores: dict[str, dict[str, float]]) -> None:
    keys = list(next(iter(scores.values())))
    rows = [[name, *(round(own[key], 4) for key in keys)] for name, own in scores.items()]
    print(f"\n{title}\n{common.table(['', *keys], rows)}")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    options.add_argument("--data", required=True, help="folder with the Parquet files")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--json", metavar="FILE", help="write all figures there")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    results: dict[str, Any] = {}
    for title, job in {"nass_crash": weights, "bikeshare_hourly": quantiles}.items():
        results[title] = mean([job(chosen.data, seed) for seed in range(chosen.seeds)])
        show(title, results[title])
    common.write(chosen.json, results)


if __name__ == "__main__":
    main()
