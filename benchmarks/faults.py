"""Labelled trainings on real data: broken ones, each in one known way, and healthy ones.

What they are broken by is what they are called by: no detector has a say in a label. Faults that
harm are labelled by their harm too: one whose test score is as good as a healthy run's is no fault
there, and is counted apart.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import lamina

TUNING = ("iris", "wine", "breast_cancer", "digits", "diabetes", "wine_alcohol", "cancer_radius")
HELD_OUT = (
    "adult",
    "letter",
    "magic_gamma",
    "satellite",
    "segment",
    "spambase",
    "bikeshare_hourly",
    "concrete",
    "diamonds",
    "house_votes84",
    "pima2",
    "income_bay_area",
    "ames",
    "cran_check_times",
)
# Looked at once, when all thresholds and detectors stood.
FRESH = ("movies_rating", "nass_crash", "nyc_flights13", "fashion_mnist")
TARGETS = {
    "adult": "income",
    "letter": "lettr",
    "magic_gamma": "class",
    "satellite": "classes",
    "segment": "category",
    "spambase": "type",
    "bikeshare_hourly": "bikers",
    "concrete": "compressive_strength",
    "diamonds": "price",
    "house_votes84": "Class",
    "pima2": "diabetes",
    "income_bay_area": "INCOME",
    "ames": "Sale_Price",
    "cran_check_times": "check_time",
    "movies_rating": "rating",
    "nass_crash": "dead",
    "nyc_flights13": "arr_delay",
}
LOGARITHMS = ("diamonds", "ames", "cran_check_times")  # of the target
REGRESSIONS = (
    "diabetes",
    "wine_alcohol",
    "cancer_radius",
    "bikeshare_hourly",
    "concrete",
    "diamonds",
    "ames",
    "cran_check_times",
    "movies_rating",
    "nyc_flights13",
)
ROWS = 3000
MOST = 50  # categories of a column


class Problem(NamedTuple):
    """Samples to learn from, to watch and to test on; X standardized, as is a regression's y."""

    name: str
    regression: bool
    x: np.ndarray
    y: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    as_given: tuple[np.ndarray, ...] = ()  # the three parts of X before


def problem(name: str, seed: int, folder: str | None = None) -> Problem:
    """Return a data set, split by the seed: 60% to learn from, 20% to watch, 20% to test."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    x, y = _shipped(name) if name in TUNING else _from_file(name, str(folder))
    regression = name in REGRESSIONS
    random = np.random.default_rng(seed)
    if len(y) > ROWS:
        rows = random.choice(len(y), ROWS, replace=False)
        x, y = x[rows], y[rows]
    strata = None if regression else y
    x, x_rest, y, y_rest = train_test_split(x, y, test_size=0.4, random_state=seed, stratify=strata)
    strata = None if regression else y_rest
    halves = train_test_split(x_rest, y_rest, test_size=0.5, random_state=seed, stratify=strata)
    x_val, x_test, y_val, y_test = halves
    scaler = StandardScaler().fit(x)
    given = x, x_val, x_test
    x, x_val, x_test = (scaler.transform(own) for own in given)
    if regression:
        mean, spread = y.mean(), y.std()
        y, y_val, y_test = ((own - mean) / spread for own in (y, y_val, y_test))
    return Problem(name, regression, x, y, x_val, y_val, x_test, y_test, given)


def _shipped(name: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets

    if name == "wine_alcohol":  # the first column from the others
        x, _ = datasets.load_wine(return_X_y=True)
        return x[:, 1:], x[:, 0]
    if name == "cancer_radius":  # the worst radius from what is not a size
        x, _ = datasets.load_breast_cancer(return_X_y=True)
        sizes = [0, 2, 3, 10, 12, 13, 20, 22, 23]
        return np.delete(x, sizes, axis=1), x[:, 20]
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _from_file(name: str, folder: str) -> tuple[np.ndarray, np.ndarray]:
    import pandas as pd

    if name == "fashion_mnist":
        with np.load(os.path.join(folder, "fashion_mnist.npz")) as file:
            return file["X_train"].reshape(-1, 784) / 255.0, file["y_train"].astype(str)
    frame = pd.read_parquet(os.path.join(folder, f"{name}.parquet"))
    target = TARGETS[name]
    frame = frame[frame[target].notna()]
    y = frame.pop(target)
    y = y.astype(str).to_numpy() if name not in REGRESSIONS else y.to_numpy(float)
    y = np.log1p(y) if name in LOGARITHMS else y
    numbers = frame.select_dtypes("number").columns
    frame[numbers] = frame[numbers].fillna(frame[numbers].median())
    rest = [column for column in frame if column not in numbers]
    for column in rest:  # of those with many categories the most frequent
        often = frame[column].value_counts().index[:MOST]
        frame[column] = frame[column].where(frame[column].isin(often))
    made = pd.get_dummies(frame, columns=rest, dtype=float)
    return made.to_numpy(float), y


def model(of: Problem, **settings: Any) -> Any:
    """Return an estimator, not yet fitted, that records."""
    kind: Any = lamina.MLPRegressor if of.regression else lamina.MLPClassifier
    return kind(**{"diagnose": True, "n_threads": 1, **settings})


def fitted(of: Problem, **settings: Any) -> Any:
    """Return an estimator fitted to a problem, that watches its second part."""
    return fit(model(of, **settings), of)


def fit(own: Any, of: Problem) -> Any:
    """Fit, as far as that goes."""
    with warnings.catch_warnings(), contextlib.suppress(lamina.DivergenceError):
        warnings.simplefilter("ignore")
        own.fit(of.x, of.y, eval_set=(of.x_val, of.y_val))
    return own


# ---- healthy runs -------------------------------------------------------------------------------

Early = lamina.EarlyStopping
HEALTHY: dict[str, dict[str, Any]] = {
    "defaults": {},
    "adam, early stopping": {"hidden_layer_sizes": (64, 32), "early_stopping": True},
    "tanh, momentum": {
        "hidden_layer_sizes": (50,),
        "activation": "tanh",
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "batch_size": 32,
        "max_iter": 100,
        "early_stopping": Early("eval_loss", patience=10),
    },
    "logistic": {
        "activation": "logistic",
        "learning_rate_init": 0.01,
        "batch_size": 64,
        "max_iter": 150,
        "alpha": 0.01,
    },
    "selu, three layers": {
        "hidden_layer_sizes": (32, 32, 32),
        "activation": "selu",
        "solver": "adamw",
        "learning_rate_init": 0.003,
        "batch_size": 64,
        "early_stopping": Early("eval_loss", patience=15),
    },
    "gelu, dropout": {
        "hidden_layer_sizes": (100, 50),
        "activation": "gelu",
        "learning_rate_init": 0.003,
        "batch_size": 32,
        "max_iter": 60,
        "regularization": lamina.Regularization(dropout=0.2),
    },
    "L-BFGS": {"hidden_layer_sizes": (30,), "solver": "lbfgs", "alpha": 3.0, "max_iter": 300},
    "leaky, cosine": {
        "hidden_layer_sizes": (128,),
        "activation": "leaky_relu",
        "solver": "nadam",
        "learning_rate": lamina.Cosine(),
        "learning_rate_init": 0.003,
        "batch_size": 64,
        "max_iter": 60,
        "alpha": 0.01,
    },
    "small, rmsprop": {
        "hidden_layer_sizes": (20,),
        "solver": "rmsprop",
        "learning_rate_init": 0.003,
        "batch_size": 16,
        "alpha": 0.1,
        "max_iter": 80,
        "early_stopping": Early("eval_loss", patience=10),
    },
    "deep relu": {
        "hidden_layer_sizes": (64, 64, 64, 64),
        "batch_size": 64,
        "early_stopping": Early("eval_loss", patience=20),
    },
    "batch of 8": {
        "hidden_layer_sizes": (40,),
        "activation": "tanh",
        "batch_size": 8,
        "max_iter": 40,
        "early_stopping": Early("eval_loss", patience=5),
    },
    "batch of 2, slowly": {
        "hidden_layer_sizes": (30,),
        "solver": "sgd",
        "learning_rate_init": 0.0005,
        "batch_size": 2,
        "max_iter": 30,
        "early_stopping": Early("eval_loss", patience=5),
    },
    "all at once": {
        "hidden_layer_sizes": (50,),
        "batch_size": 1800,
        "learning_rate_init": 0.02,
        "max_iter": 400,
        "early_stopping": Early("eval_loss", patience=40),
    },
}


UNSCALED = {  # healthy settings for X as it comes: healthy only where that is no harm
    "X as it comes, defaults": {},
    "X as it comes, slowly": {
        "hidden_layer_sizes": (64, 32),
        "learning_rate_init": 0.0005,
        "batch_size": 32,
        "max_iter": 150,
        "early_stopping": Early("eval_loss", patience=15),
    },
}
HEALTHY |= UNSCALED


def healthy(of: Problem, seed: int, name: str) -> tuple[Any, Problem]:
    """Return the run of a healthy setting."""
    if name in UNSCALED:
        x, x_val, x_test = of.as_given
        of = of._replace(x=x, x_val=x_val, x_test=x_test)
    return fitted(of, random_state=seed, **HEALTHY[name]), of


# ---- broken runs --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A way to break a training.

    `names` are the findings that count as naming it, fixed before any threshold was set. A fault
    that `harms` is one only where the test score shows it. Of one that is only a `hint` a note is
    enough: it does no harm that could be warned of.
    """

    names: tuple[str, ...]
    run: Callable[[Problem, int], tuple[Any, Problem]]
    harms: bool = True
    tasks: str = "both"  # or "classes", "numbers"
    hint: bool = False


def _plain(**settings: Any) -> Callable[[Problem, int], tuple[Any, Problem]]:
    return lambda of, seed: (fitted(of, random_state=seed, **settings), of)


def _one_of(*settings: dict[str, Any]) -> Callable[[Problem, int], tuple[Any, Problem]]:
    def run(of: Problem, seed: int) -> tuple[Any, Problem]:
        return fitted(of, random_state=seed, **settings[seed % len(settings)]), of

    return run


def _restarted(change: Callable[[Any, int], None], **settings: Any) -> Any:
    """Return a run that begins with weights changed by hand."""

    def run(of: Problem, seed: int) -> tuple[Any, Problem]:
        own = model(of, random_state=seed, warm_start=True, **{**settings, "max_iter": 1})
        own.set_params(learning_rate_init=1e-9)
        fit(own, of)
        change(own, seed)
        own._state.record = None  # the first epoch served to make weights
        own._state.history = type(own._state.history)()
        own.set_params(max_iter=30, learning_rate_init=settings.get("learning_rate_init", 1e-3))
        return fit(own, of), of

    return run


def _times(factor: float) -> Callable[[Any, int], None]:
    def change(own: Any, seed: int) -> None:
        for w in own.coefs_:
            w *= factor

    return change


def _negative_biases(own: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    layer = seed % (len(own.intercepts_) - 1)
    units = random.random(len(own.intercepts_[layer])) < 0.95
    own.intercepts_[layer][units] = -100.0


def _scaled(of: Problem, seed: int) -> Problem:
    """Return the problem with columns in units of all sizes."""
    random = np.random.default_rng(seed)
    d = of.x.shape[1]
    scale, shift = 10 ** random.uniform(-3, 4, d), random.uniform(-3, 3, d)
    x, x_val, x_test = ((own + shift) * scale for own in (of.x, of.x_val, of.x_test))
    return of._replace(x=x, x_val=x_val, x_test=x_test)


def _unscaled_features(of: Problem, seed: int) -> tuple[Any, Problem]:
    of = _scaled(of, seed)
    return fitted(of, random_state=seed, max_iter=60), of


def _saturated(of: Problem, seed: int) -> tuple[Any, Problem]:
    settings = {"hidden_layer_sizes": (50, 50), "activation": ("tanh", "logistic")[seed % 2]}
    if seed % 3:
        return _restarted(_times(60.0), **settings)(of, seed)
    of = of._replace(x=of.x * 200, x_val=of.x_val * 200, x_test=of.x_test * 200)
    return fitted(of, random_state=seed, max_iter=60, **settings), of


def _diverging(of: Problem, seed: int) -> tuple[Any, Problem]:
    rate = 10.0
    for _ in range(12):
        own = fitted(
            of,
            random_state=seed,
            hidden_layer_sizes=(50, 50),
            solver=("sgd", "gradient_descent", "momentum")[seed % 3],
            learning_rate_init=rate,
            max_iter=50,
        )
        if own._state.seen.outcome == "DIVERGED":
            break
        rate *= 100
    return own, of


def _unscaled_target(of: Problem, seed: int) -> tuple[Any, Problem]:
    factor, shift = ((1000.0, 5000.0), (1.0, 200.0), (0.001, 0.0))[seed % 3]
    y, y_val, y_test = (own * factor + shift for own in (of.y, of.y_val, of.y_test))
    of = of._replace(y=y, y_val=y_val, y_test=y_test)
    return fitted(of, random_state=seed, max_iter=60), of


def _with_columns(of: Problem, make: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Problem:
    pairs = ((of.x, of.y), (of.x_val, of.y_val), (of.x_test, of.y_test))
    x, x_val, x_test = (np.hstack([x, make(x, y)]) for x, y in pairs)
    return of._replace(x=x, x_val=x_val, x_test=x_test)


def _leaked(of: Problem, seed: int) -> tuple[Any, Problem]:
    random = np.random.default_rng(seed)
    labels = np.unique(of.y)

    def column(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        own = y if of.regression else np.searchsorted(labels, y)
        own = own + (0.01 if of.regression else 0.1) * random.normal(size=len(y))
        return (np.exp(own) if seed % 2 else 3 * own - 1)[:, None]

    of = _with_columns(of, column)
    return fitted(of, random_state=seed, max_iter=60, standardize="X"), of


def _constant(of: Problem, seed: int) -> tuple[Any, Problem]:
    value = (-999.0, 1.0, 2026.0)[seed % 3]
    of = _with_columns(of, lambda x, y: np.full((len(x), 1 + seed % 3), value))
    return fitted(of, random_state=seed, max_iter=60, standardize="X"), of


def _extreme(of: Problem, seed: int) -> tuple[Any, Problem]:
    """Return a run with one wrong number: in the target, or in a column where it has classes."""
    row, far = 5 + seed, (1e4, -1e6, 1e9)[seed % 3]
    x, y = of.x.copy(), of.y.copy()
    if of.regression:
        y[row] = np.median(y) + far * y.std()
    else:
        spread = np.ptp(np.percentile(x, (2, 98), axis=0), axis=0)
        column = int(spread.argmax())
        x[row, column] = np.median(x[:, column]) + far * spread[column]
    of = of._replace(x=x, y=y)
    return fitted(of, random_state=seed, max_iter=60, standardize=bool(seed % 2)), of


def _imbalanced(of: Problem, seed: int) -> tuple[Any, Problem]:
    """Return a run in which one class has about a fortieth of the samples of the others."""
    labels, counts = np.unique(of.y, return_counts=True)
    rare = labels[seed % len(labels)]
    keep = max(3, int(np.delete(counts, seed % len(labels)).max() / 40))
    places = np.flatnonzero(of.y == rare)
    rows = np.sort(np.concatenate([np.flatnonzero(of.y != rare), places[:keep]]))
    of = of._replace(x=of.x[rows], y=of.y[rows])
    return fitted(of, random_state=seed, max_iter=60, early_stopping=Early("eval_loss")), of


def _noisy(of: Problem, seed: int, rows: int, share: float) -> Problem:
    """Return the problem with few samples to learn from, some of them labelled wrongly."""
    random = np.random.default_rng(seed)
    x, y = of.x[:rows], of.y[:rows].copy()
    if of.regression:
        return of._replace(x=x, y=y + 0.7 * random.normal(size=len(y)))
    wrong = random.random(len(y)) < share
    y[wrong] = random.permutation(y[wrong])
    return of._replace(x=x, y=y)


BIG = {"hidden_layer_sizes": (200, 200), "alpha": 0.0, "tol": 0.0, "learning_rate_init": 0.003}


def _overfitted(of: Problem, seed: int) -> tuple[Any, Problem]:
    of = _noisy(of, seed, 150, 0.3)
    return fitted(of, random_state=seed, max_iter=200, batch_size=32, **BIG), of


def _overconfident(of: Problem, seed: int) -> tuple[Any, Problem]:
    of = _noisy(of, seed, 500, 0.3)
    return fitted(of, random_state=seed, max_iter=100, batch_size=32, **BIG), of


DEEP_LOGISTIC = {"hidden_layer_sizes": (20,) * 8, "activation": "logistic", "max_iter": 40}
FAULTS: dict[str, Fault] = {
    "vanishing gradients": Fault(
        ("vanishing gradients",),
        _one_of(
            DEEP_LOGISTIC,
            DEEP_LOGISTIC | {"solver": "sgd", "learning_rate_init": 0.05},
            DEEP_LOGISTIC | {"hidden_layer_sizes": (30,) * 12},
        ),
    ),
    "exploding gradients": Fault(
        ("exploding gradients", "divergence"),
        _restarted(_times(4.0), hidden_layer_sizes=(40,) * 8),
    ),
    "dead units": Fault(("dead units",), _restarted(_negative_biases, hidden_layer_sizes=(50, 50))),
    "saturated units": Fault(("saturated units",), _saturated),
    "learning rate too high": Fault(
        ("learning rate too high", "divergence"),
        _one_of(
            {"learning_rate_init": 1.0, "max_iter": 60},
            {"learning_rate_init": 0.5, "hidden_layer_sizes": (50, 50), "max_iter": 60},
            {"learning_rate_init": 5.0, "solver": "sgd", "activation": "tanh", "max_iter": 60},
        ),
    ),
    "learning rate too low": Fault(
        ("learning rate too low",),
        _one_of(
            {"learning_rate_init": 1e-6, "max_iter": 100},
            {"learning_rate_init": 1e-5, "solver": "sgd", "max_iter": 100},
            {"learning_rate_init": 3e-6, "activation": "tanh", "max_iter": 100, "tol": 0.0},
        ),
    ),
    "divergence": Fault(("divergence",), _diverging, harms=False),
    "unscaled features": Fault(("unscaled features",), _unscaled_features, harms=False),
    "unscaled target": Fault(("unscaled target",), _unscaled_target, harms=False, tasks="numbers"),
    "extreme value": Fault(("extreme value",), _extreme, harms=False),
    "leaked column": Fault(("leaked column",), _leaked, harms=False),
    "constant columns": Fault(("constant columns",), _constant, harms=False, hint=True),
    "class imbalance": Fault(("class imbalance",), _imbalanced, tasks="classes"),
    "overfitting": Fault(("overfitting",), _overfitted),
    "underfitting": Fault(
        ("underfitting",),
        _one_of(
            {"alpha": 3000.0, "max_iter": 100},
            {"regularization": lamina.Regularization(l2=1.0), "max_iter": 100},
            {"regularization": lamina.Regularization(dropout=0.98), "max_iter": 60},
        ),
    ),
    "batch too small": Fault(
        ("batch too small",),
        _one_of(
            {"batch_size": 1, "max_iter": 5, "learning_rate_init": 0.02},
            {"batch_size": 2, "max_iter": 8, "learning_rate_init": 0.03},
            {"batch_size": 1, "max_iter": 5, "solver": "sgd", "learning_rate_init": 0.03},
        ),
    ),
    "batch too large": Fault(
        ("batch too large", "max_iter too small"), _plain(batch_size=5000, max_iter=40)
    ),
    "early stop too early": Fault(
        ("early stop too early",),
        _one_of(
            {"tol": 0.2, "n_iter_no_change": 2},
            {"tol": 0.1, "n_iter_no_change": 1, "activation": "tanh"},
            {"tol": 0.3, "n_iter_no_change": 3, "solver": "sgd", "learning_rate_init": 0.003},
        ),
    ),
    "max_iter too small": Fault(
        ("max_iter too small",),
        _one_of(
            {"max_iter": 3},
            {"max_iter": 4, "activation": "tanh"},
            {"max_iter": 5, "solver": "sgd", "learning_rate_init": 0.003},
        ),
    ),
    "over-confidence": Fault(("over-confidence",), _overconfident, tasks="classes"),
}
