"""What a notebook shows of an estimator: well-formed, escaped, and the numbers are the model's."""

import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import lamina
from lamina.estimators import html
from lamina.estimators.html import curves, figure, network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = scale(X)
VOID = {"br", "hr", "img", "input", "meta", "link", "wbr"}
MOST = 100_000  # bytes


class Page(HTMLParser):
    """Holds a page's text and tags, and raises where a tag is not closed by its own."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.words, self.cells = [], [], [], []
        self.feed(page)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data

    @property
    def text(self):
        return " ".join(self.words)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def table(self):
        """Return the text of each cell that follows another, by that."""
        return dict(zip(self.cells, self.cells[1:], strict=False))


def shown(model):
    return Page(html.report(model))


def fitted(**options):
    options = {"hidden_layer_sizes": (5,), "max_iter": 20, "random_state": 0, **options}
    return lamina.MLPClassifier(**options).fit(X, Y)


def line(report, colour):
    """Return the points of the line of a colour in an SVG, in its own units."""
    (path,) = re.findall(rf'<path d="([^"]*)"[^>]*stroke: {colour};[^>]*>', report)
    return np.array(re.findall(r"([\d.]+) ([\d.]+)", path), float)


def test_before_the_fit_it_is_scikit_learns_diagram():
    model = lamina.MLPClassifier((3,), alpha=0.5)
    page = model._repr_html_()
    assert "lamina-report" not in page
    assert "parameters-table" in page and "0.5" in page
    assert model._repr_mimebundle_()["text/plain"] == repr(model)


def test_after_the_fit_scikit_learns_tables_are_still_there():
    model = fitted(alpha=0.125)
    page = model._repr_html_()
    assert page.count('class="parameters-table"') == 2  # of parameters and of attributes
    assert page.index("lamina-report") < page.index("parameters-table")
    assert model._repr_mimebundle_()["text/plain"] == repr(model)
    assert len(page) < MOST


@pytest.mark.parametrize(
    "around",
    [
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2),
        lambda model: BaggingClassifier(model, n_estimators=2),
    ],
)
def test_inside_scikit_learns_diagrams_it_is_one_of_theirs(around):
    outer = around(lamina.MLPClassifier((5,), max_iter=3, random_state=0))
    for page in (outer._repr_html_(), outer.fit(X, Y)._repr_html_()):
        assert "MLPClassifier" in page and "hidden_layer_sizes" in page
        assert "lamina-report" not in page


def test_as_text_if_scikit_learn_is_set_so():
    model = fitted()
    with sklearn.config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert list(model._repr_mimebundle_()) == ["text/plain"]


def test_the_numbers_are_the_models():
    model = fitted(
        hidden_layer_sizes=(32, 7),
        activation=["tanh", lamina.LeakyReLU(0.2)],
        early_stopping=True,
        scoring=["neg_log_loss"],
        max_iter=500,
        n_iter_no_change=15,
    )
    page, history = shown(model), model.history_
    n = sum(a.size for a in [*model.coefs_, *model.intercepts_])
    assert f"4 features → 3 classes · {n} parameters · {history.n_epochs} epochs" in page.text
    assert model.stop_reason_ in page.text
    best = f"Best epoch: {history.best_epoch}, by validation_score"
    assert f"{best}; the weights are those after it." in page.text
    cells = page.cells
    for name in history:
        if name == "epoch":
            continue
        place = cells.index(name)
        assert cells[place + 1] == f"{history[name][-1]:.4g}"
        assert cells[place + 2] == f"{history[name][history.best_epoch - 1]:.4g}"
    assert {f"last, epoch {history.n_epochs}", f"best, epoch {history.best_epoch}"} <= set(cells)
    assert {"32 tanh", "7 leaky_relu(0.2)", "3 outputs, softmax", "cross entropy"} <= set(
        page.words
    )
    assert page.table["samples seen"] == f"{model.t_:,}"
    assert page.table["classes"] == "3: 0, 1, 2"
    assert page.table["parameters"] == f"{n}, float64"


def test_only_settings_that_differ_are_listed_and_by_their_repr():
    rule = lamina.RMSProp(beta=0.95)
    own = lamina.Regularization(dropout=0.2, input_noise=0.1)
    model = fitted(
        solver=rule, regularization=own, tol=1e-4, momentum=np.float64(0.9), class_weight={0: 2.0}
    )
    found = dict(html.facts.settings(model))
    assert found == {
        "hidden_layer_sizes": "(5,)",
        "solver": repr(rule),
        "max_iter": "20",
        "random_state": "0",
        "class_weight": "{0: 2.0}",
        "regularization": repr(own),
    }
    page = shown(model)
    assert [page.table[name] for name in found] == list(found.values())
    assert "None." in shown(lamina.MLPRegressor().fit(X, Y)).words


def test_arrays_as_settings_do_not_break_it():
    model = fitted(hidden_layer_sizes=np.array([5, 4]))
    assert shown(model).table["hidden_layer_sizes"] == "array([5, 4])"


def test_everything_is_escaped():
    bad = "<script>alert('x')</script>"
    frame = pd.DataFrame(X, columns=[bad, "<img src=x onerror=y>", '"><b>', "&amp;"])
    names = np.array(["a", "<i>b</i>", bad])[Y]
    model = lamina.MLPClassifier(
        (5,), max_iter=3, random_state=0, scoring={f"</table>{bad}": "accuracy"}
    )
    page = shown(model.fit(frame, names, eval_set={'"><u>\x00\ud800': (frame, names)}))
    assert not {"script", "img", "b", "i", "u"} & {tag for tag, _ in page.tags}
    assert page.text.count(bad) >= 3
    assert page.table["features"] == f'4: {bad}, <img src=x onerror=y>, "><b>, &amp;'
    assert "&amp;amp;" in html.report(model)
    html.report(model).encode("utf-8")


def test_no_script_and_nothing_from_elsewhere():
    report = html.report(fitted(early_stopping=True))
    assert "http" not in report and "@import" not in html._style() and "url(" not in html._style()
    page = Page(report)
    assert not {"script", "link", "img", "iframe", "object", "style"} & {t for t, _ in page.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    links = [attrs["xlink:href"] for attrs in page.all("use") if "xlink:href" in attrs]
    assert all(link.startswith("#") for link in links)


def test_pictures_say_their_numbers_and_no_id_comes_twice():
    model = fitted(early_stopping=True)
    page = Page(html.report(model) + html.report(model))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    pictures = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    assert len(pictures) == 6
    for svg in pictures:
        assert svg["role"] == "img"
        assert set(svg["aria-labelledby"].split()) <= set(ids)
    used = re.findall(r"(?:url\(#|href=\"#)([^\")]+)", html.report(model))
    assert used and all(name.startswith("lamina-") for name in used)
    loss = model.loss_curve_
    assert f"loss: {loss[0]:.4g} in epoch 1, {loss[-1]:.4g} in epoch {len(loss)}" in page.text
    assert "4 features; 5 relu (25 parameters); 3 outputs, softmax (18 parameters)" in page.text
    assert all(cell["scope"] in ("row", "col") for cell in page.all("th"))


def test_a_line_goes_through_every_loss():
    model = fitted(max_iter=30)
    points = line(html.report(model), figure.COLOURS[0])
    assert len(points) == 30
    assert np.corrcoef(points[:, 0], np.arange(30))[0, 1] > 0.99999
    assert np.corrcoef(points[:, 1], model.loss_curve_)[0, 1] < -0.9999


def test_labels_of_axes_keep_their_digits():
    model = fitted(max_iter=30, learning_rate_init=1e-5)  # all losses within 0.01
    panel = html.report(model).split("<title")[2].split("</figure>")[0]
    ticks = re.findall(r"font-size: 11px; text-anchor: end[^>]*>([\d.]+)</text>", panel)
    assert len(ticks) > 3 and len(set(ticks)) == len(ticks)


@pytest.mark.parametrize("seed", range(5))
def test_thinning_keeps_ends_and_peaks(seed):
    random = np.random.default_rng(seed)
    x, y = np.arange(10_000), random.normal(size=10_000)
    y[random.integers(1, 9999, 50)] = np.nan
    own_x, own_y = curves.thinned(x, y, 500)
    assert len(own_x) <= 500 and (np.diff(own_x) > 0).all()
    assert own_x[0] == 0 and own_x[-1] == 9999
    assert np.nanmin(own_y) == np.nanmin(y) and np.nanmax(own_y) == np.nanmax(y)
    assert np.array_equal(own_y, y[own_x], equal_nan=True)


def test_thinning_keeps_gaps_and_what_is_short():
    y = np.ones(1000)
    y[300:500] = np.nan
    x, own = curves.thinned(np.arange(1000), y, 100)
    assert np.isnan(own[(x >= 310) & (x < 490)]).all() and np.isnan(own).any()
    assert len(curves.thinned(np.arange(5), y[:5], 100)[0]) == 5


def test_long_histories_stay_small():
    model = lamina.MLPRegressor(
        hidden_layer_sizes=2, max_iter=10_000, tol=0, n_iter_no_change=np.inf, random_state=0
    )
    model.fit(X[:5], Y[:5], eval_set=(X[5:9], Y[5:9]))
    assert len(model.loss_curve_) == 10_000
    assert len(model._repr_html_()) < MOST
    assert 20 < len(line(html.report(model), figure.COLOURS[0])) <= 500


def test_many_sets_stay_small():
    sets = {f"{'s' * 30}{i}": (X[i:], Y[i:]) for i in range(30)}
    options = {"max_iter": 300, "tol": 0, "n_iter_no_change": np.inf, "batch_size": 10}
    model = lamina.MLPClassifier((3,), scoring=["accuracy", "neg_log_loss"], **options)
    model.fit(X, Y, eval_set=sets)
    assert len(model._repr_html_()) < MOST
    assert "33 more in history_." in shown(model).words


def test_huge_networks_stay_short():
    model = fitted()
    model.set_params(hidden_layer_sizes=(10_000,) * 20)
    model.network_ = lamina.Network.mlp(4, [10_000] * 20, 500, output="softmax")
    model.classes_ = np.array([f"class {i} {'x' * 1000}" for i in range(500)])
    page = shown(model)
    n = 19 * (10_000 * 10_000 + 10_000) + 5 * 10_000
    assert "20 layers of 10,000 relu" in page.words
    assert f"{n:,} parameters" in page.words
    assert f"500 classes · {n + 10_001 * 500:,} parameters" in page.text
    assert "and 494 more" in page.table["classes"]
    assert len(html.report(model)) < 20_000


def test_of_many_kinds_of_layers_those_between_share_a_row():
    model = fitted()
    widths = list(range(100, 200, 5))
    model.network_ = lamina.Network.mlp(4, widths, 3, output="softmax")
    rows = network.rows(model)
    sizes = [4, *widths]
    left = sum((sizes[i] + 1) * sizes[i + 1] for i in range(4, 16))
    (middle,) = [row for row in rows if row.kind == "step"]
    assert (middle.words, middle.more) == ("12 more layers", f"{left:,} parameters")
    assert len(rows) == 1 + 4 + 1 + 4 + 2


def test_the_steps_around_the_network():
    x = X.copy()
    x[::7, 1] = np.nan
    own = lamina.Regularization(dropout=0.25, input_dropout=0.125)
    model = lamina.MLPRegressor(
        hidden_layer_sizes=(4, 4, 3),
        standardize=True,
        missing="learn",
        regularization=own,
        max_iter=3,
        random_state=0,
    )
    rows = [(row.words, row.more) for row in network.rows(model.fit(x, Y))]
    assert rows == [
        ("4 features", "dropout 0.125"),
        ("missing numbers filled", "and 1 indicator added"),
        ("features standardized", "mean 0, variance 1"),
        ("5 inputs", ""),
        ("2 layers of 4 relu", "44 parameters, dropout 0.25"),
        ("3 relu", "15 parameters, dropout 0.25"),
        ("1 output, identity", "4 parameters"),
        ("back to the units of y", "standardized for training"),
        ("squared error", "loss"),
    ]
    assert shown(model).table["inputs of the network"] == "5"


def test_a_calibrated_classifier_has_its_temperature():
    model = fitted(max_iter=200).calibrate(X, Y)
    assert f"at temperature {model.temperature_:.4g}" in shown(model).words


def test_lbfgs_counts_iterations():
    model = lamina.MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, np.c_[Y, Y])
    page = shown(model)
    n = model.n_iter_
    assert f"4 features → 2 outputs · 10 parameters · {n} iterations" in page.text
    assert model.stop_reason_ in page.text
    assert page.table["iterations"] == str(n)
    assert "learning_rate" not in page.cells  # it has none


def test_one_epoch_is_a_dot():
    model = lamina.MLPClassifier((3,), random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
    page = shown(model)
    assert "1 epoch " in page.text and "Best" not in page.text
    assert "The epoch of partial_fit ended." in page.text
    assert page.all("use")  # the marker
    assert model.partial_fit(X, Y)._repr_html_()


def test_several_fits_are_told_apart():
    model = fitted(warm_start=True)
    model.set_params(max_iter=7).fit(X, Y)
    assert shown(model).table["epochs"] == "27, 7 of them in the last fit"


def test_several_labels():
    model = lamina.MLPClassifier((3,), max_iter=3).fit(X, np.c_[Y > 0, Y > 1].astype(int))
    assert "4 features → 2 labels" in shown(model).text


def test_divergence_is_warned_of():
    model = lamina.MLPRegressor(activation="identity", solver="sgd", learning_rate_init=1e3)
    random = np.random.RandomState(0).normal(size=(500, 3))
    with pytest.raises(lamina.DivergenceError):
        model.fit(random, random[:, 0])
    page = shown(model)
    assert "Training diverged" in page.text
    assert [a for a in page.all("p") if a.get("class") == "lamina-warning"]
    assert model.stop_reason_ in page.text


def test_a_loss_that_rises_or_is_not_finite_is_warned_of():
    model = fitted()
    assert not html.facts.warnings(model)
    loss = model._state.history.loss
    loss[-1] = 9.0
    (words,) = html.facts.warnings(model)
    assert words == f"The loss rose, from {loss[0]:.4g} in the first epoch to 9 in the last."
    loss[3] = loss[4] = np.nan
    loss[6] = np.inf
    page = shown(model)
    assert "The loss is not finite in 3 of 20 epochs, first in epoch 4." in page.text
    assert page.all("use")  # the loss between two that are missing
    loss[:] = [np.nan] * 20
    page = shown(model)
    assert len([svg for svg in page.all("svg") if "aria-hidden" not in svg]) == 1
    assert page.cells[page.cells.index("loss") + 1] == "nan"


def test_after_loading_no_time_is_known(tmp_path):
    fitted(early_stopping=True).save(tmp_path / "model")
    model = lamina.load(tmp_path / "model")
    page = shown(model)
    assert page.table["time of the steps"] == "not known"
    assert "seconds" not in page.cells
    assert model._repr_html_()


def test_a_scorer_of_any_name_is_a_score():
    scoring = {"my_loss": "accuracy", "neg_log_loss": "neg_log_loss"}
    model = lamina.MLPClassifier((3,), max_iter=3, scoring=scoring)
    history = model.fit(X, Y, eval_set={"a": (X, Y), "a_b": (X, Y)}).history_
    losses, scores = curves.losses_and_scores(history, scoring)
    assert losses == ["loss", "a_loss", "a_b_loss"]
    assert scores == ["a_my_loss", "a_neg_log_loss", "a_b_my_loss", "a_b_neg_log_loss"]
    assert "a_neg_log_loss" in curves.losses_and_scores(history)[1]
    model.set_params(scoring="nonsense")
    assert shown(model)


def test_the_users_style_neither_matters_nor_changes():
    model = fitted()
    plain = html.report(model)
    with matplotlib.rc_context({"lines.linewidth": 9.0, "font.size": 30, "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        own = html.report(model)
        assert dict(matplotlib.rcParams) == before

    def unnamed(report):
        return re.sub(r"lamina-[0-9a-f]+-\d+", "", report)

    assert unnamed(own) == unnamed(plain)
    assert figure.INK not in plain and "currentColor" in plain


def test_the_repr_stays_and_nothing_is_drawn_before_it_is_displayed():
    code = (
        "import sys, lamina; m = lamina.MLPRegressor(max_iter=1, random_state=0);"
        "m.fit([[0.0], [1.0]], [0, 1]); repr(m);"
        "print(repr(m), 'matplotlib' in sys.modules)"
    )
    run = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "MLPRegressor(max_iter=1, random_state=0) False"


def test_no_warning_comes_from_displaying():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = fitted()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model._repr_html_()
