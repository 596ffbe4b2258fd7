"""Models whose reports the tests read, and what parses them."""

from html.parser import HTMLParser

import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

import lamina

VOID = {"br", "hr", "img", "input", "meta", "link", "wbr"}
HOSTILE = [
    '<script>alert("1")</script>',
    "a & b < c > 'd' \"e\" </style></title>",
    "$\\frac{1}{2}$ 100 % _hidden_" + "x" * 400,
    "\u05e9\u05dc\u05d5\u05dd \u202e evil\nline http://example.com/a.png",
]


class Page(HTMLParser):
    """Holds a page's text and tags, and raises where a tag is not closed by its own."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(page)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


def classifier(**options):
    options = {"hidden_layer_sizes": (8, 5), "max_iter": 30, "random_state": 0, **options}
    X, y = iris()
    return lamina.MLPClassifier(**options).fit(X[::2], y[::2])


def hostile():
    """Return a classifier of a data frame, the frame and the labels, named as nobody should."""
    import pandas as pd

    X, y = iris()
    frame = pd.DataFrame(X, columns=HOSTILE)
    labels = np.array([*HOSTILE[:2], HOSTILE[3]], object)[y]
    model = lamina.MLPClassifier((5,), max_iter=20, random_state=0)
    scoring = {HOSTILE[0]: "accuracy"}
    model.set_params(scoring=scoring, early_stopping=True)
    return model.fit(frame, labels), frame, labels


def regressor(n_outputs=1, **options):
    X, y = load_diabetes(return_X_y=True)
    if n_outputs > 1:
        y = np.stack([y * (i + 1) + i for i in range(n_outputs)], axis=1)
    options = {"hidden_layer_sizes": (6,), "max_iter": 30, "random_state": 0, **options}
    return lamina.MLPRegressor(standardize=True, **options).fit(X, y), X, y
