"""Trains with a checkpoint after each epoch, is killed again and again, and resumes each time.

    python kill.py FOLDER KILLS SEED

A child trains; its parent kills it by SIGKILL at a random moment and starts the next. Prints the
epochs at which the kills found the checkpoint, and whether the end has the bits of a training that
nobody killed.
"""

import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import lamina
from lamina import codec
from lamina.callbacks import Checkpoint

warnings.simplefilter("ignore")
EPOCHS = 150
_numbers = np.random.RandomState(0)
X, Y = _numbers.normal(size=(120, 5)), _numbers.randint(3, size=120)
EVAL = (_numbers.normal(size=(40, 5)), _numbers.randint(3, size=40))


def estimator(**more):
    return lamina.MLPClassifier(
        (8,),
        batch_size=32,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS,
        random_state=7,
        learning_rate=lamina.CosineRestarts(period=30),
        early_stopping=lamina.EarlyStopping("validation_loss"),
        regularization=lamina.Regularization(dropout=0.2),
        n_threads=1,
        diagnose=lamina.Recorder(every=3),
        **more,
    )


def train(path, done):
    callbacks = [Checkpoint(path, every_epochs=1)]
    if path.exists():
        model = lamina.resume(path, X, Y, eval_set=EVAL, callbacks=callbacks)
    else:
        model = estimator(callbacks=callbacks).fit(X, Y, eval_set=EVAL)
    codec.write_atomically(done, model.to_bytes())


def epoch_of(path):
    if not path.exists():
        return 0
    _, attributes = codec.loads(path.read_bytes(), str(path))  # FileError if it is torn
    return attributes["mark"].n_epochs


def main(folder, kills, seed):
    chance = random.Random(seed)
    whole = estimator().fit(X, Y, eval_set=EVAL).to_bytes()
    started = time.monotonic()
    train(folder / "timed", folder / "done")
    pace = (time.monotonic() - started) / EPOCHS
    (folder / "done").unlink()
    path, seen = folder / "checkpoint", []
    while True:
        child = os.fork()
        if child == 0:
            train(path, folder / "done")
            os._exit(0)
        if len(seen) < kills:
            left = EPOCHS - epoch_of(path)
            time.sleep(chance.uniform(0, 2 * pace * left / (kills - len(seen) + 1)))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            seen.append(epoch_of(path))
        else:
            assert status == 0
            break
    temporary = [name for name in os.listdir(folder) if name.startswith(".lamina-")]
    assert len(temporary) <= kills, temporary
    codec.remove_leftovers(path, age=0)
    codec.remove_leftovers(folder / "done", age=0)
    left = sorted(os.listdir(folder))
    assert left == ["checkpoint", "done", "timed"], left
    same = (folder / "done").read_bytes() == whole
    print(*seen)
    print("the same bits" if same else "other bits")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
