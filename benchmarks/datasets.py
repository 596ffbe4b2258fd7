"""Real data sets as scikit-learn users prepare them: split, scaled, categories one-hot encoded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Setting:
    """What is fitted to a data set; `goal` is the nearest shape of the table of goals."""

    hidden: tuple[int, ...]
    batch: int | str
    epochs: int
    goal: str
    file: str | None = None  # in the folder that --data names
    regression: bool = False


SETTINGS = {
    "iris": Setting((100,), "auto", 200, "sk"),
    "digits": Setting((100,), "auto", 50, "sk"),
    "adult": Setting((256, 256), 256, 5, "tab", "adult.parquet"),
    "letter": Setting((100,), "auto", 30, "sk", "letter.parquet"),
    "fashion_mnist": Setting((256, 128), 128, 3, "image", "fashion_mnist.npz"),
    "diamonds": Setting((256, 256), 256, 5, "tab", "diamonds.parquet", regression=True),
}


class DataSet(NamedTuple):
    """Prepared samples; X in the dtype asked for."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load(name: str, folder: str | None, dtype: str) -> DataSet:
    """Return a data set; the target of a regression has mean 0 and variance 1."""
    x, y, x_test, y_test = _split(name, folder)
    if SETTINGS[name].regression:
        mean, spread = y.mean(), y.std()
        y, y_test = (y - mean) / spread, (y_test - mean) / spread
    return DataSet(x.astype(dtype), y, x_test.astype(dtype), y_test)


def available(names: list[str], folder: str | None) -> list[str]:
    """Return the data sets that can be had; say which cannot."""
    found = []
    for name in names:
        file = SETTINGS[name].file
        if file is None or (folder is not None and os.path.exists(os.path.join(folder, file))):
            found.append(name)
        else:
            print(f"left out: {name} (give the folder that holds {file} with --data)")
    return found


def _split(name: str, folder: str | None) -> Any:
    if name in ("iris", "digits"):
        from sklearn import datasets

        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return _scaled(x, y)
    assert folder is not None
    path = os.path.join(folder, SETTINGS[name].file or "")
    if name == "fashion_mnist":
        with np.load(path) as file:
            x, x_test = (file[key].reshape(-1, 784) / 255 for key in ("X_train", "X_test"))
            return x, file["y_train"], x_test, file["y_test"]
    import pandas as pd

    frame = pd.read_parquet(path)
    if name == "letter":
        return _scaled(frame.drop(columns="lettr"), frame["lettr"].astype(str).to_numpy())
    if name == "adult":
        y = frame["income"].astype(str).to_numpy()
        return _encoded(frame.drop(columns="income"), y, n_train=32561)  # the official split
    return _encoded(frame.drop(columns="price"), np.log(frame["price"].to_numpy(float)))


def _scaled(x: Any, y: np.ndarray) -> Any:
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    x, x_test, y, y_test = train_test_split(np.asarray(x, float), y, random_state=0)
    scaler = StandardScaler().fit(x)
    return scaler.transform(x), y, scaler.transform(x_test), y_test


def _encoded(frame: Any, y: np.ndarray, n_train: int | None = None) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = list(frame.select_dtypes("number"))
    categories = [column for column in frame if column not in numbers]
    transformer = make_column_transformer(
        (StandardScaler(), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
    )
    split = {"shuffle": False, "train_size": n_train} if n_train else {"random_state": 0}
    train, test, y, y_test = train_test_split(frame, y, **split)
    return transformer.fit_transform(train), y, transformer.transform(test), y_test
