"""A training with what scikit-learn's MLP lacks, from raw columns to a calibrated, saved model.

Rare digits in raw units: class weights, dropout, validation with two scores, a schedule as long as
the training, a checkpoint to go on from, calibration, a file.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split

import lamina
from lamina.callbacks import Checkpoint, CSVLog, TimeBudget

warnings.simplefilter("ignore", ConvergenceWarning)
folder = Path(tempfile.mkdtemp())

# Digits in other units, with one eight for every twenty others, and some values missing.
random = np.random.RandomState(0)
X, y = load_digits(return_X_y=True)
kept = (y != 8) | (random.rand(len(y)) < 0.3)
X, y = 1e4 * X[kept] - 3e4, (y == 8)[kept]
X[random.rand(*X.shape) < 0.05] = np.nan
X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
X_fit, X_late, y_fit, y_late = train_test_split(X, y, stratify=y, random_state=0)

model = lamina.MLPClassifier(
    (64, 32),
    ["gelu", "prelu"],
    loss=lamina.CrossEntropy(smoothing=0.05),
    class_weight="balanced",
    regularization=lamina.Regularization(dropout=0.2, input_noise=0.1, clip_norm=5.0),
    standardize=True,
    missing="learn",
    solver="adamw",
    learning_rate=lamina.OneCycle(),
    learning_rate_init=0.01,
    max_iter=40,
    batch_size=64,
    early_stopping=lamina.EarlyStopping("eval_average_precision", patience=40),
    scoring=["average_precision", "balanced_accuracy"],
    callbacks=[
        Checkpoint(folder / "checkpoint", every_epochs=20),
        CSVLog(folder / "log.csv"),
        TimeBudget(seconds=60),
    ],
    random_state=0,
)
model.fit(X_fit, y_fit, eval_set=(X_late, y_late))
print(model.stop_reason_)
print(model.history_)

plain = lamina.MLPClassifier((64, 32), standardize=True, missing="learn", random_state=0)
for name, own in {"without weights": plain.fit(X_fit, y_fit), "with them": model}.items():
    print(f"balanced accuracy {name}: {balanced_accuracy_score(y_test, own.predict(X_test)):.3f}")

again = lamina.resume(folder / "checkpoint", X_fit, y_fit, eval_set=(X_late, y_late))
same = all((a == b).all() for a, b in zip(again.coefs_, model.coefs_, strict=True))
print(f"resumed from the checkpoint, the same bits: {same}")

before = log_loss(y_test, model.predict_proba(X_test))
after = log_loss(y_test, model.calibrate(X_late, y_late).predict_proba(X_test))
print(f"log-loss {before:.3f}, calibrated {after:.3f} (temperature {model.temperature_:.2f})")

model.save(folder / "model.safetensors")
loaded = lamina.load(folder / "model.safetensors")
print(f"loaded, the same predictions: {(loaded.predict(X_test) == model.predict(X_test)).all()}")
