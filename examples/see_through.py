"""A network that does not learn: find out why, mend it, look inside, and write a report.

Run it with a folder to keep the pictures and the page: python examples/see_through.py out
"""

import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import lamina
from lamina.displays import GradientFlowDisplay, LossPlaneDisplay, RepresentationsDisplay


def split():
    """Return digits, their pixels between 0 and 1, in two parts."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16, y, random_state=0)


def show(title):
    print(f"\n{title}\n{'-' * len(title)}")


def main(folder):
    X, X_test, y, y_test = split()
    options = {"max_iter": 40, "random_state": 0, "diagnose": True}

    show("Seven layers of logistic units")
    model = lamina.MLPClassifier((16,) * 7, activation="logistic", **options).fit(X, y)
    print(f"accuracy {model.score(X_test, y_test):.2f}\n")
    print(lamina.diagnose(model, X, y))
    GradientFlowDisplay.from_estimator(model).plot().figure_.savefig(folder / "gradients.png")

    show("As the finding says: ReLU, and fewer layers")
    model = lamina.MLPClassifier((32, 16), **options).fit(X, y)
    print(f"accuracy {model.score(X_test, y_test):.2f}\n")
    print(lamina.diagnose(model, X, y, eval_set=(X_test, y_test)))
    print(model.record_)

    show("How far the classes are apart, layer by layer")
    print(lamina.separability(model, X_test, y_test))
    display = RepresentationsDisplay.from_estimator(model, X_test, y_test)
    display.plot().figure_.savefig(folder / "representations.png")

    show("The hardest sample, step by step")
    hardest = model.sample_losses(X_test, y_test).argmax()
    print(lamina.trace(model, X_test[hardest], y_test[hardest]).text(rows=3))

    show("Where training went")
    surface = lamina.loss_surface(model, X, y, plane="path", points=31)
    print(surface)
    LossPlaneDisplay.from_surface(surface).plot().figure_.savefig(folder / "surface.png")

    show("Rules side by side")
    print(lamina.race("rosenbrock", ["gradient_descent", "momentum", "adam"]).table(times=False))

    model.report(folder / "run.html", X_test, y_test)
    show("Written")
    print(*sorted(path.name for path in folder.iterdir()))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
