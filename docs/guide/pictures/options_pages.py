"""Pictures of the pages on what is learnt: losses, regularisation, weights and data."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from matplotlib.ticker import PercentFormatter
from picture import BLACK, BLUE, GREEN, GREY, VERMILION, Picture, new
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import train_test_split

import lamina
from lamina import Regularization
from lamina.displays import LearningCurvesDisplay
from lamina.spec import losses


def losses_shapes() -> Picture:
    """Draw what an error costs, and how hard it pulls."""
    r = np.linspace(-3, 3, 601)
    shown = {
        "squared": (losses.squared_error, losses.squared_error_slope, {}, GREY, ":"),
        "Huber(1)": (losses.huber, losses.huber_slope, {"width": 1.0}, VERMILION, "-"),
        "absolute": (losses.absolute_error, losses.absolute_error_slope, {}, BLUE, "--"),
        "Quantile(0.9)": (losses.quantile, losses.quantile_slope, {"level": 0.9}, GREEN, "-."),
    }
    figure, (left, right) = new(8, 3.6, columns=2)
    for name, (value, slope, options, colour, dash) in shown.items():
        h = r[:, np.newaxis], np.zeros((len(r), 1))
        style = {"color": colour, "ls": dash, "lw": 2}
        left.plot(r, value(*h, **options), label=name, **style)
        right.plot(r, slope(*h, **options)[:, 0], **style)
    left.set(title="loss of a sample", ylim=(-0.05, 3))
    right.set(title="its slope: how hard the sample pulls", ylim=(-2, 2))
    figure.supxlabel("residual r = h − y", fontsize=10)
    left.legend(loc="upper center")
    return Picture(
        figure,
        "Losses and their slopes against the residual from -3 to 3. The squared loss and its slope "
        "grow without end; Huber's with width 1 has slope r up to 1 and 1 beyond; the absolute "
        "loss has slope -1 or 1; the quantile 0.9 has slope -0.9 below 0 and 0.1 above.",
    )


def losses_quantiles() -> Picture:
    """Draw the fan of quantiles of the page."""
    random = np.random.RandomState(0)
    x = np.linspace(-1, 1, 300)[:, None]
    noisy = np.sin(3 * x[:, 0]) + (0.1 + 0.3 * (x[:, 0] > 0)) * random.standard_normal(300)
    fan = lamina.MLPRegressor(
        lamina.Quantiles((0.05, 0.25, 0.5, 0.75, 0.95)),
        (30,),
        "tanh",
        max_iter=1000,
        tol=1e-5,
        learning_rate_init=0.01,
        random_state=0,
    )
    low, q1, middle, q3, high = fan.fit(x, noisy).predict(x).T
    figure, ax = new(7, 4)
    for lower, upper, shade, name in ((low, high, 0.2, "5% to 95%"), (q1, q3, 0.45, "25% to 75%")):
        ax.fill_between(x[:, 0], lower, upper, alpha=shade, color=BLUE, lw=0, label=name)
    ax.plot(x, middle, color=BLUE, lw=2, label="median")
    ax.plot(x, noisy, ".", color=BLACK, ms=4, label="300 samples")
    ax.set(xlabel="x", ylabel="y", title="Five quantiles of one network")
    ax.legend(loc="upper left")
    inside = np.mean((low < noisy) & (noisy < high))
    left, right = ((high - low)[side].mean() for side in (x[:, 0] < -0.1, x[:, 0] > 0.1))
    return Picture(
        figure,
        f"A wave with little noise on the left and four times as much on the right, and the bands "
        f"of five quantiles around its median. The outer band is {left:.1f} wide on the left and "
        f"{right:.1f} on the right and holds {inside:.0%} of the samples.",
    )


def _noisy_digits():
    """Return 400 digits, a fifth of them with a label drawn anew, and the others for the test."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, train_size=400, stratify=y, random_state=0)
    random = np.random.RandomState(0)
    wrong = random.rand(400) < 0.2
    y[wrong] = random.randint(0, 10, wrong.sum())
    return X, y, X_test, y_test


def _regularized(own: Regularization | None, seed: int = 0):
    return lamina.MLPClassifier(
        200,
        regularization=own,
        alpha=0,
        batch_size=50,
        learning_rate_init=0.003,
        max_iter=150,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=seed,
        n_threads=1,
    )


def regularization_accuracy() -> Picture:
    """Draw the page's table, with its three seeds."""
    X, y, X_test, y_test = _noisy_digits()
    options = {
        "nothing": None,
        "l1=0.0005": Regularization(l1=0.0005),
        "weight_decay=0.3": Regularization(weight_decay=0.3),
        "dropout=0.5": Regularization(dropout=0.5),
        "dropout=0.5, input_dropout=0.2": Regularization(dropout=0.5, input_dropout=0.2),
        "max_norm=1": Regularization(max_norm=1.0),
        "l2=0.01": Regularization(l2=0.01),
        "input_noise=0.3": Regularization(input_noise=0.3),
    }
    models = [_regularized(own, seed) for own in options.values() for seed in range(3)]
    with ThreadPoolExecutor(4) as pool:
        scores = list(pool.map(lambda model: model.fit(X, y).score(X_test, y_test), models))
    scores = np.reshape(scores, (-1, 3))
    means, places = scores.mean(axis=1), np.arange(len(options))
    figure, ax = new(7, 3.6)
    ax.axvline(means[0], color=GREY, lw=1, ls=":")
    ax.hlines(places, means[0], means, color=BLUE, lw=2, alpha=0.4)
    ax.plot(scores, places, "o", color=BLUE, ms=4, mfc="white")
    ax.plot(means, places, "o", color=BLUE, ms=8)
    ax.set_yticks(places, options)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(xlabel="test accuracy: three seeds and their mean", title="A fifth of the labels wrong")
    return Picture(
        figure,
        f"Test accuracy of eight trainings on digits of which a fifth has wrong labels: from "
        f"{means[0]:.1%} without regularisation over {means[3]:.1%} with dropout and "
        f"{means[6]:.1%} with l2 to {means[7]:.1%} with noise on the inputs; the three seeds of an "
        f"option differ by at most {np.ptp(scores, axis=1).max():.1%}.",
    )


def regularization_curves() -> Picture:
    """Draw what dropout does to the loss on samples learnt from and on others."""
    X, y, X_test, y_test = _noisy_digits()
    sets = {"train": (X, y), "test": (X_test, y_test)}
    names = ("without dropout", "with dropout=0.5, input_dropout=0.2")
    options = (None, Regularization(dropout=0.5, input_dropout=0.2))
    figure, panels = new(8, 3.6, columns=2, sharey=True)
    ends = []
    for ax, name, own in zip(panels, names, options, strict=True):
        model = _regularized(own).fit(X, y, eval_set=sets)
        display = LearningCurvesDisplay.from_estimator(model, ["train_loss", "test_loss"]).plot(ax)
        display.best_.remove()  # the best by the training loss, which is not the matter here
        ax.legend(display.lines_.values(), ("training samples", "test samples"), loc="lower left")
        ax.set_title(name)
        losses = model.history_["test_loss"]
        ends.append((losses.min(), losses[-1], model.history_["train_loss"][-1]))
    panels[1].set_ylabel("")
    return Picture(
        figure,
        "Loss on the training and the test samples over 150 epochs. Without dropout the training "
        "loss falls to {2:.2f} while the test loss rises from {0:.2f} to {1:.2f}; with dropout the "
        "test loss falls to {3:.2f} and ends at {4:.2f}.".format(*ends[0], *ends[1]),
    )


def weights_classes() -> Picture:
    """Draw recall against precision as the rare class gains weight."""
    random = np.random.RandomState(0)
    y = (random.uniform(size=4000) < 0.05).astype(int)
    X = random.normal(size=(4000, 3)) + y[:, np.newaxis]
    weights, found = np.geomspace(1, 100, 13), []
    for weight in weights:
        model = lamina.MLPClassifier((16,), class_weight={1: weight}, max_iter=30, random_state=0)
        labels = model.fit(X[:3000], y[:3000]).predict(X[3000:])
        scores = (recall_score, precision_score)
        found.append([score(y[3000:], labels, zero_division=np.nan) for score in scores])
    recall, precision = np.transpose(found)
    balanced = (1 - y[:3000]).sum() / y[:3000].sum()
    figure, ax = new(7, 3.6)
    ax.axvline(balanced, color=GREY, ls=":", lw=1.5)
    ax.text(balanced * 1.05, 0.5, f"balanced: {balanced:.1f}", color="#555555")
    ax.semilogx(weights, recall, "o-", color=BLUE, lw=2)
    ax.text(28, 0.87, "recall: found of the rare cases", color=BLUE, ha="left", va="center")
    ax.semilogx(weights, precision, "s--", color=VERMILION, lw=2)
    ax.text(28, 0.22, "precision: right of those named", color=VERMILION, va="center")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel="weight of the rare class", title="One case in twenty")
    ax.set(ylim=(-0.03, 1.04), xlim=(0.9, 180))
    ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    near = np.argmin(abs(np.log(weights / balanced)))
    return Picture(
        figure,
        f"Recall and precision against the weight of a class of one case in twenty, from 1 to 100. "
        f"At 1 it is never named; recall rises to {recall[near]:.0%} near {balanced:.0f}, the "
        f"weight that balances the classes, while precision falls to {precision[near]:.0%}.",
    )


def weights_reliability() -> Picture:
    """Draw how often a network is right, by how sure it says it is."""
    X, y = load_digits(return_X_y=True)
    fit, held, new_ones = slice(0, 500), slice(500, 1100), slice(1100, None)
    # Not the page's "lbfgs", whose last bits are the machine's: the words below have its numbers.
    model = lamina.MLPClassifier((40,), standardize=True, alpha=0, max_iter=500, random_state=0)
    model.set_params(learning_rate_init=0.01, tol=0, n_iter_no_change=500).fit(X[fit], y[fit])
    figure, ax = new(6.2, 4.6)
    ax.plot([0.4, 1], [0.4, 1], color=GREY, lw=1, ls=":", label="right as often as it says")
    least = []
    for name, colour, line in (("before", VERMILION, "s--"), ("after", BLUE, "o-")):
        if name == "after":
            name = f"after, T = {model.calibrate(X[held], y[held]).temperature_:.1f}"
        p = model.predict_proba(X[new_ones])
        right = p.argmax(axis=1) == y[new_ones]
        groups = np.array_split(np.argsort(p.max(axis=1), kind="stable"), 7)
        points = [(p.max(axis=1)[rows].mean(), right[rows].mean()) for rows in groups]
        ax.plot(*np.transpose(points), line, color=colour, lw=2, label=name)
        least.append(points[0])
    ax.set(xlabel="it says: mean highest probability", ylabel="it is: share of right labels")
    ax.set_title("697 digits in seven groups, from unsure to sure")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    ax.legend(loc="upper left")
    (says, is_right), (says_then, is_right_then) = least
    return Picture(
        figure,
        f"How often a network is right against how sure it is, in seven groups of digits. Before "
        f"calibration all groups lie right of the diagonal or at its end: the least sure says "
        f"{says:.0%} and is right in {is_right:.0%}. With the temperature "
        f"{model.temperature_:.1f} they lie nearer to the diagonal: it says {says_then:.0%}, and "
        f"{is_right_then:.0%} are right.",
    )


def data_scale() -> Picture:
    """Draw what the unit of the target does."""
    X, y = load_diabetes(return_X_y=True)
    factors = np.logspace(-4, 4, 9)
    figure, ax = new(7, 3.6)
    scores = {}
    for standardize, colour, line in ((True, BLUE, "o-"), (False, VERMILION, "s--")):
        scores[standardize] = [
            lamina.MLPRegressor(
                hidden_layer_sizes=20, standardize=standardize, max_iter=100, random_state=0
            )
            .fit(X, factor * y)
            .score(X, factor * y)
            for factor in factors
        ]
        ax.plot(factors, scores[standardize], line, color=colour, lw=2, label=f"{standardize=}")
    ax.axhline(0, color=GREY, lw=1, ls=":")
    ax.text(factors[-1], 0.05, "no better than the mean", ha="right", va="bottom", color="#555555")
    ax.set(xscale="log", xlabel="factor that the target is multiplied by", ylabel="R²")
    ax.set(title="diabetes, 100 epochs", ylim=(-4.3, 1))
    ax.legend(loc="center right")
    on, off = scores[True], scores[False]
    return Picture(
        figure,
        f"R² of a fit against the factor, 0.0001 to 10,000, that the target is multiplied by: "
        f"always {on[0]:.2f} with standardize=True; without it at most {max(off):.2f}, at "
        f"{factors[np.argmax(off)]:g}, {off[4]:.1f} at 1 and {off[-1]:.1f} at 10,000.",
    )
