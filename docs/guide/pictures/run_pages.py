"""Pictures of the pages on how training goes: validation to ensembles."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from picture import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, Picture, new
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, make_moons
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import lamina
from lamina.callbacks import Callback, Checkpoint, LivePlot
from lamina.displays import LearningCurvesDisplay, LearningRateDisplay
from lamina.tuning import ramp_test, search_learning_rate


def validation_curves() -> Picture:
    """Draw the page's training with early stopping."""
    X, y = load_breast_cancer(return_X_y=True)
    X, X_late, y, y_late = train_test_split(scale(X), y, random_state=0)
    early = lamina.EarlyStopping("eval_loss", patience=20)
    model = lamina.MLPClassifier(
        (20,),
        max_iter=300,
        learning_rate_init=0.01,
        random_state=0,
        scoring=["roc_auc"],
        early_stopping=early,
    ).fit(X, y, eval_set=(X_late, y_late))
    history = model.history_
    display = LearningCurvesDisplay.from_estimator(model).plot()
    display.figure_.set_size_inches(7, 5.4)
    best = history.best_epoch
    return Picture(
        display.figure_,
        f"Losses above, the area under the ROC curve below, by epoch. The training loss falls all "
        f"along; the evaluation loss is least, {history['eval_loss'].min():.3f}, in epoch {best}, "
        f"which a dotted line marks, and rises after it. Training ends after {model.n_iter_} "
        f"epochs.",
    )


def callbacks_live_plot() -> Picture:
    """Take the file that the callback writes."""
    X, y = load_digits(return_X_y=True)
    X, X_late, y, y_late = train_test_split(X / 16, y, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "curves.png"
        model = lamina.MLPClassifier(
            32,
            max_iter=40,
            learning_rate_init=0.005,
            random_state=0,
            scoring="accuracy",
            callbacks=[LivePlot(path)],
        ).fit(X, y, eval_set=(X_late, y_late))
        with Image.open(path) as image:
            image.load()
    ends = [model.history_[name][-1] for name in ("loss", "eval_loss", "eval_accuracy")]
    return Picture(
        image,
        "The file of LivePlot: loss and evaluation loss above, on a logarithmic axis, down to "
        "{:.3f} and {:.3f} after 40 epochs; below the evaluation accuracy, up to {:.3f}.".format(
            *ends
        ),
    )


KILLS = (13, 27, 44)


class Kill(Callback):
    """Notes the epochs that a run saw, and ends it with the file that a kill would leave."""

    def __init__(self, at: int | None, path: Path) -> None:
        self.at, self.path, self.seen = at, path, []

    def on_epoch_end(self, run) -> None:
        """Note, then fail."""
        self.seen.append((run.epoch, run.latest["loss"]))
        if run.epoch == self.at:
            self.left = self.path.read_bytes()
            raise RuntimeError("killed")


def _killed_runs(model, path, X, y):
    """Return what each of four runs saw, the first three of which are killed, and the model."""
    runs = [Kill(at, path) for at in (*KILLS, None)]
    for kill in runs:
        callbacks = [Checkpoint(path, every_epochs=10), kill]
        try:
            if kill is runs[0]:
                model.set_params(callbacks=callbacks).fit(X, y)
            else:
                model = lamina.resume(path, X, y, callbacks=callbacks)
        except RuntimeError:
            path.write_bytes(kill.left)
    return [np.transpose(kill.seen) for kill in runs], model


def checkpoints_resumed() -> Picture:
    """Draw a training that was killed three times over one that was not."""
    random = np.random.RandomState(0)
    X = random.normal(size=(300, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    model = lamina.MLPClassifier(
        learning_rate_init=0.005, max_iter=60, n_iter_no_change=60, random_state=0
    )
    whole = lamina.MLPClassifier(**model.get_params()).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        runs, resumed = _killed_runs(model, Path(folder) / "checkpoint", X, y)
    same = resumed.to_bytes() == whole.to_bytes()
    figure, (top, bottom) = new(7, 4.4, rows=2, sharex=True, height_ratios=[2, 1])
    epochs = np.arange(1, whole.n_iter_ + 1)
    top.plot(epochs, whole.loss_curve_, color="#cccccc", lw=7, label="not interrupted")
    for i, (seen, colour) in enumerate(zip(runs, (BLUE, VERMILION, GREEN, PURPLE), strict=True)):
        top.plot(*seen, color=colour, lw=1.8, label=f"run {i + 1}")
        bottom.plot([seen[0, 0] - 1, seen[0, -1]], [i + 1, i + 1], color=colour, lw=7)
        if i < len(KILLS):
            top.plot(*seen[:, -1], "x", color=BLACK, ms=9, mew=2)
            bottom.plot(seen[0, -1], i + 1, "x", color=BLACK, ms=9, mew=2)
    top.plot([], [], "x", color=BLACK, ms=9, mew=2, label="killed")
    top.set(ylabel="loss")
    top.legend(ncols=2)
    bottom.set(xlabel="epoch", ylabel="run", yticks=range(1, len(runs) + 1), xlim=(0, 61))
    bottom.set_ylim(4.7, 0.3)
    bottom.grid(axis="x", alpha=0.3)
    starts = [f"{int(seen[0, 0]) - 1}" for seen in runs[1:]]
    end = "has the same bytes" if same else "differs"
    return Picture(
        figure,
        f"Loss over 60 epochs of a run killed after epochs {', '.join(map(str, KILLS))} and "
        f"resumed from the checkpoints after {', '.join(starts)}: every piece lies on the curve of "
        f"the run that was not interrupted. The model at the end {end}.",
    )


def _reactive(schedule, patience):
    """Return the learning rates by epoch, as shares of the first."""
    X, y = load_digits(return_X_y=True)
    model = lamina.MLPClassifier(
        16,
        solver=lamina.Momentum(0.9),
        learning_rate_init=0.3,
        batch_size=100,
        max_iter=60,
        learning_rate=schedule,
        tol=0.01,
        n_iter_no_change=patience,
        random_state=0,
    ).fit(X / 16, y)
    return model.history_["learning_rate"] / 0.3


def schedules_all() -> Picture:
    """Draw every schedule; those that react, as they went on the page's digits."""
    plain = {
        "Constant": lamina.Constant(initial=1.0),
        "StepDecay": lamina.StepDecay(initial=1.0, every=75),
        "Exponential": lamina.Exponential(initial=1.0, k=0.01),
        "InverseTime": lamina.InverseTime(initial=1.0, k=0.02),
        "InverseScaling": lamina.InverseScaling(initial=1.0),
        "RobbinsMonro": lamina.RobbinsMonro(initial=1.0),
        "WarmUp, Cosine": lamina.WarmUp(initial=1.0, steps=60, then=lamina.Cosine(length=240)),
        "OneCycle": lamina.OneCycle(initial=1.0, length=300),
        "Cosine": lamina.Cosine(initial=1.0, length=300),
        "CosineRestarts": lamina.CosineRestarts(initial=1.0, period=99),
        "Triangular": lamina.Triangular(initial=1.0, half=50, low=0.2),
        "MomentumRamp": lamina.MomentumRamp(every=30),
    }
    reactive = {
        "HalveOnRise": (lamina.HalveOnRise(), 60),
        "HalveOnPlateau": (lamina.HalveOnPlateau(patience=2, tol=0.01), 60),
        "Adaptive": (lamina.Adaptive(), 8),
    }
    figure, axes = new(8.2, 5, 3, 5, sharey=True)
    for ax, (name, schedule) in zip(axes.flat, (plain | reactive).items(), strict=True):
        if name in plain:
            ax.plot([schedule(t) for t in range(300)], color=BLUE, lw=1.8)
        else:
            ax.step(range(60), _reactive(*schedule)[:60], color=VERMILION, lw=1.8, where="post")
        ax.set_title(name, fontsize=10)
        ax.set(ylim=(-0.05, 1.08), yticks=[0, 0.5, 1], xticks=[])
    figure.supylabel("value, of the initial one", fontsize=10)
    figure.supxlabel("300 steps (blue), 60 epochs of a training on digits (red)", fontsize=10)
    return Picture(
        figure,
        "Fifteen small panels, one for each schedule: twelve as functions of 300 steps, among them "
        "a staircase, exponential and hyperbolic falls, one cycle, cosines with and without "
        "restarts, a triangle wave and a rising momentum; and HalveOnRise, HalveOnPlateau and "
        "Adaptive as they fell over 60 epochs on digits.",
    )


def _digits_to_search():
    X, y = load_digits(return_X_y=True)
    return lamina.MLPClassifier(random_state=0, n_iter_no_change=5, tol=1e-3), X / 16, y


def learning_rate_grid() -> Picture:
    """Draw the page's grid search."""
    search = search_learning_rate(*_digits_to_search())
    display = LearningRateDisplay.from_search(search).plot()
    display.figure_.set_size_inches(7, 4.2)
    return Picture(
        display.figure_,
        f"Validation loss against the learning rate from 0.00001 to 1, both on logarithmic axes: a "
        f"valley whose lowest point, {search.losses.min():.3f}, is at the suggestion "
        f"{search.suggestion:.3g}, with the hollow dots of the finer grid around it.",
    )


def learning_rate_ramp() -> Picture:
    """Draw the page's ramp test."""
    ramp = ramp_test(*_digits_to_search())
    display = LearningRateDisplay.from_search(ramp).plot()
    display.figure_.set_size_inches(7, 4.2)
    return Picture(
        display.figure_,
        f"Loss of each batch while the learning rate grows: falls most at {ramp.steepest:.2g}, is "
        f"lowest at {ramp.lowest:.2g} and shoots up after it; the suggestion is "
        f"{ramp.suggestion:.2g}.",
    )


def ensembles_spread() -> Picture:
    """Draw the page's two ensembles."""
    random = np.random.RandomState(0)
    x = np.r_[random.uniform(-4, -1, 60), random.uniform(1.5, 4, 60)][:, np.newaxis]
    wave = np.sin(2 * x[:, 0]) + 0.1 * random.normal(size=len(x))
    network = lamina.MLPRegressor(
        hidden_layer_sizes=30, activation="tanh", solver="lbfgs", alpha=0.01, max_iter=1000
    )
    curve = lamina.EnsembleRegressor(network, random_state=0).fit(x, wave)
    points, side = make_moons(200, noise=0.15, random_state=0)
    network = lamina.MLPClassifier((16, 16), solver="lbfgs", max_iter=300)
    moons = lamina.EnsembleClassifier(network, random_state=0).fit(points, side)
    grid = np.stack(np.meshgrid(np.linspace(-3, 4, 120), np.linspace(-2.5, 3, 120)), axis=-1)
    disagreement = moons.uncertainty(grid.reshape(-1, 2)).disagreement.reshape(120, 120)
    at = np.linspace(-6, 6, 400)[:, np.newaxis]
    mean, spread = curve.predict(at, return_std=True)
    figure, (left, right) = new(8.6, 3.6, columns=2)
    lines = left.plot(at, np.transpose([m.predict(at) for m in curve.members_]), color="#bbbbbb")
    band = left.fill_between(
        at[:, 0], mean - 2 * spread, mean + 2 * spread, alpha=0.3, color=BLUE, lw=0
    )
    lines += left.plot(at, mean, color=BLUE, lw=2) + left.plot(x, wave, ".", color=BLACK, ms=4)
    named = {"members": lines[0], "mean": lines[-2], "± 2 spreads": band, "samples": lines[-1]}
    left.legend(named.values(), named, fontsize=8, ncols=2, loc="upper center")
    left.set(title="a gap in the data", xlabel="x", ylabel="y", ylim=(-2.5, 3.4))
    mesh = right.pcolormesh(
        *grid.transpose(2, 0, 1), disagreement, cmap="cividis", shading="gouraud"
    )
    for label, colour, mark in ((0, ORANGE, "o"), (1, "white", "^")):
        right.plot(*points[side == label].T, mark, color=colour, ms=4, mec=BLACK, mew=0.5)
    right.set(title="two moons", xticks=[], yticks=[])
    figure.colorbar(mesh, label="disagreement, nats")
    return Picture(
        figure,
        "Left: ten networks agree where there are samples of a wave and part in the gap between "
        "them and outside; a band of two spreads around their mean widens there. Right: two moons; "
        "the disagreement of ten classifiers is 0 away from their border and above 0.5 nats along "
        "it where it runs away from the samples.",
    )
