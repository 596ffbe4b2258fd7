"""The main job: train a classifier and a regressor, beside scikit-learn's, and use the files.

Prints one table: the same split, the same settings and the same seed for both, so that the scores
should agree to rounding. Then writes a CSV file, trains on it from the command line, and predicts.
"""

import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow
import sklearn.neural_network
from pyarrow.csv import write_csv
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import lamina

warnings.simplefilter("ignore", ConvergenceWarning)
warnings.simplefilter("ignore", lamina.ScaleWarning)  # both sides get the target as it is


def split(load):
    """Return a scaled train and test split."""
    X, y = load(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), y_train, y_test


def timed(model, X_train, X_test, y_train, y_test):
    """Return the score on the test set and the seconds that fit took: the best of three."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds.append(time.perf_counter() - start)
    return model.score(X_test, y_test), min(seconds)


def compare(name, kind, data, **parameters):
    """Return the row of one task: lamina's and scikit-learn's score and seconds."""
    ours = getattr(lamina, kind)(random_state=0, **parameters)
    theirs = getattr(sklearn.neural_network, kind)(random_state=0, **parameters)
    a, b = timed(ours, *data), timed(theirs, *data)
    return ours, [name, f"{a[0]:.4f}", f"{b[0]:.4f}", f"{a[1]:.2f}", f"{b[1]:.2f}"]


def command(*words):
    """Run `lamina WORDS` as a shell would."""
    print("\n$ lamina " + " ".join(str(word) for word in words))
    subprocess.run([sys.executable, "-m", "lamina", *map(str, words)], check=True)


def main():
    digits, diabetes = split(load_digits), split(load_diabetes)
    table = Table(
        title="lamina beside scikit-learn's MLP: same data, settings, seed; best of three"
    )
    for column in ("task", "score", "scikit-learn's", "seconds", "scikit-learn's"):
        table.add_column(column, justify="left" if column == "task" else "right")
    classifier, row = compare("digits (accuracy)", "MLPClassifier", digits, max_iter=60)
    table.add_row(*row)
    settings = {"learning_rate_init": 0.02, "max_iter": 100, "alpha": 1.0}
    _, row = compare("diabetes (R²)", "MLPRegressor", diabetes, **settings)
    table.add_row(*row)
    Console().print(table)

    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "digits.safetensors")
        classifier.save(model)
        same = np.array_equal(lamina.load(model).predict(digits[1]), classifier.predict(digits[1]))
        print(f"saved, reloaded, predicts the same: {same}")

        csv, trained, out = (Path(folder, n) for n in ("digits.csv", "digits.lamina", "out.csv"))
        data = load_digits()
        columns = dict(zip(data.feature_names, data.data.T, strict=True))
        write_csv(pyarrow.table({**columns, "target": data.target}), csv)
        command("train", csv, "--target", "target", "--out", trained, "--epochs", 20)
        command("predict", trained, csv, "--out", out)
        print("".join(out.read_text().splitlines(keepends=True)[:3]))


if __name__ == "__main__":
    main()
