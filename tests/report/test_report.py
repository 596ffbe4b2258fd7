"""The report as a page: whole, escaped, the same each time, and with the numbers of the model."""

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import sklearn.metrics as metrics
from sklearn.exceptions import NotFittedError
from subjects import HOSTILE, Page, classifier, hostile, iris, regressor

import lamina
from lamina import report
from lamina.report.code import constructor, source
from lamina.report.figures import THEME
from lamina.report.markup import number
from lamina.report.sections import reproduce

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def page_of(model, X=None, y=None):
    return report.page(report.describe(model, X, y))


@cache
def drawn(name):
    """Return one of the pages that the tests look at, made once."""
    X, y = iris()
    if name == "hostile":
        return page_of(*hostile())
    if name == "labels":
        model = lamina.MLPClassifier((4,), max_iter=5, random_state=0)
        several = np.c_[y > 0, y > 1, X[:, 0] > 0].astype(int)
        return page_of(model.fit(X, several), X, several)
    if name in ("numbers", "several", "quantiles"):
        loss = {"loss": lamina.Quantiles((0.1, 0.5, 0.9))} if name == "quantiles" else {}
        return page_of(*regressor(3 if name == "several" else 1, **loss))
    if name == "two":
        return page_of(classifier().fit(X, y > 1), X, y > 1)
    if name == "recorded":
        return page_of(classifier(diagnose=True, activation=["relu", "tanh"]), X, y)
    if name == "lbfgs":
        return page_of(classifier(solver="lbfgs"), X)
    return page_of(classifier(), X[1::2], y[1::2]) if name == "classes" else page_of(classifier())


NAMES = (
    "plain",
    "classes",
    "hostile",
    "two",
    "labels",
    "numbers",
    "several",
    "quantiles",
    "lbfgs",
    "recorded",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_tag_is_closed_and_every_id_is_there_once(name):
    page = Page(drawn(name))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {attrs["href"][1:] for attrs in page.all("a")}
    for _, attrs in page.tags:
        wanted |= set(attrs.get("aria-labelledby", "").split())
        wanted |= {h[1:] for h in [attrs.get("xlink:href", "")] if h.startswith("#")}
        wanted |= set(re.findall(r"url\(#([^)]+)\)", str(attrs)))
    assert wanted <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_whole_and_say_what_is_seen_in_numbers(name):
    pictures = SVG.findall(drawn(name))
    assert pictures
    for own in pictures:
        space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        root = ElementTree.fromstring(own.replace("<svg", f"<svg {space}", 1))
        if root.get("aria-hidden") == "true":
            continue
        title, description = (
            root.find(f"{{http://www.w3.org/2000/svg}}{t}") for t in ("title", "desc")
        )
        assert root.get("role") == "img"
        assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
        assert title.text and re.search(r"\d", description.text)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_and_nothing_runs(name):
    page = Page(drawn(name))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base", "video"}
    assert [attrs["href"] for attrs in page.all("link")] == ["data:,"]
    for _, attrs in page.tags:
        for key, value in attrs.items():
            assert not key.startswith("on")
            if key in ("href", "src", "xlink:href", "srcset", "action", "data"):
                assert value.startswith(("#", "data:image/png;base64,")) or value == "data:,"
            assert "url(" not in value or "url(#" in value
    (style,) = re.findall(r"<style>(.*?)</style>", drawn(name), re.DOTALL)
    assert "url(" not in style and "@import" not in style
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    assert "default-src 'none'" in policy and "script-src" not in policy


@pytest.mark.parametrize("name", NAMES)
def test_pictures_take_their_colours_from_the_page(name):
    for own in SVG.findall(drawn(name)):
        if "<image" not in own:  # a map, which stands on white in both themes
            assert not re.findall(r"(?<!color-mix\(in srgb, )#[0-9a-fA-F]{6}", own)
    (style,) = re.findall(r"<style>(.*?)</style>", drawn(name), re.DOTALL)
    used = set(re.findall(r"var\((--[\w-]+)\)", drawn(name))) - {"--share", "--tone", "--word"}
    dark = style[style.index("prefers-color-scheme: dark") :]
    assert all(f"{variable}:" in dark for variable in used)
    assert all(own == "currentColor" or own.startswith("var(--") for own in THEME.values())


@pytest.mark.parametrize("name", NAMES)
def test_headings_go_down_a_step_at_a_time_and_tables_have_captions(name):
    page = Page(drawn(name))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert len(page.all("table")) == len(page.all("caption")) > 2
    assert all(attrs.get("scope") in ("row", "col", "colgroup") for attrs in page.all("th"))


def test_names_are_shown_and_never_read_as_anything_else():
    page = Page(drawn("hostile"))
    assert HOSTILE[0] in page.text and "a & b < c > 'd' \"e\" </style></title>" in page.text
    assert "\u05e9\u05dc\u05d5\u05dd" in page.text and "\u202e" not in drawn("hostile")
    assert "<script" not in drawn("hostile")
    assert drawn("hostile").count("</style>") == drawn("hostile").count("</title>", 0, 900) == 1
    assert [attrs for attrs in page.all("bdi")] and "x" * 400 not in drawn("hostile")


def test_the_same_model_gives_the_same_page():
    X, y = iris()
    one, other = classifier(early_stopping=True), classifier(early_stopping=True)
    first = page_of(one, X, y)
    assert first == page_of(one, X, y) == page_of(other, X, y)
    assert first != page_of(classifier(random_state=1, early_stopping=True), X, y)


def test_the_scores_are_scikit_learns():
    X, y = iris()
    model = classifier()
    p = model.predict_proba(X[1::2])
    own = {
        score.name: score.value for score in report.describe(model, X[1::2], y[1::2]).answers.scores
    }
    assert own == {
        "accuracy": model.score(X[1::2], y[1::2]),
        "balanced accuracy": metrics.balanced_accuracy_score(y[1::2], model.predict(X[1::2])),
        "log loss": metrics.log_loss(y[1::2], p),
    }
    text = Page(drawn("classes")).text
    assert f"has an accuracy of {number(own['accuracy'])} on the 75 samples" in text
    matrix = metrics.confusion_matrix(y[1::2], model.predict(X[1::2]))
    table = drawn("classes").split('id="scores-confusion"')[1].split("</table>")[0]
    cells = [int(n) for n in re.findall(r"<td[^>]*>(\d+)</td>", table)]
    assert cells == matrix.ravel().tolist()


def test_a_classs_calibration_is_that_of_the_samples_that_are_given_a_probability():
    X, y = iris()
    model = classifier().fit(X, y > 1)
    p = model.predict_proba(X)[:, 1]
    page = page_of(model, X, y > 1)
    points = re.findall(r"given ([\d.]+), so in ([\d.]+)", page)
    assert len(points) > 1
    edges = np.linspace(0, 1, 6)
    places = np.digitize(p, edges[1:-1])
    own = [
        (p[places == i].mean(), (y > 1)[places == i].mean())
        for i in range(5)
        if (places == i).any()
    ]
    assert np.allclose(np.array(points, float), own, atol=0.006)


def test_numbers_are_scored_in_their_own_unit():
    model, X, y = regressor()
    own = {score.name: score for score in report.describe(model, X, y).answers.scores}
    predicted = model.predict(X)
    assert own["R²"].value == metrics.r2_score(y, predicted) and own["R²"].baseline == 0
    assert own["mean absolute error"].value == metrics.mean_absolute_error(y, predicted)
    assert own["root mean squared error"].baseline == pytest.approx(y.std())


def test_a_class_that_the_model_does_not_know_is_wrong_and_said():
    X, y = iris()
    answers = report.describe(classifier(), X[:60], np.where(y[:60] == 1, 7, y[:60])).answers
    assert answers.scores[0].value <= 50 / 60
    assert answers.notes[0].startswith(
        "10 samples have a class that the model does not know, such as 7"
    )
    assert "such as 7" in page_of(classifier(), X[:60], np.where(y[:60] == 1, 7, y[:60]))


def test_one_class_and_one_row_have_a_page():
    X, y = iris()
    model = lamina.MLPClassifier((3,), max_iter=3).fit(X[:20], y[:20])
    assert "1 class from 4 features" in page_of(model, X[:20], y[:20])
    assert "not defined" in page_of(regressor()[0], *(own[:1] for own in regressor()[1:]))
    assert "1 sample given" in page_of(classifier(), X[:1], y[:1])


def test_the_code_makes_the_same_weights():
    X, y = iris()
    options = {
        "hidden_layer_sizes": (6, 4),
        "activation": ["prelu", lamina.LeakyReLU(0.2)],
        "solver": lamina.RMSProp(beta=0.95),
        "learning_rate": lamina.WarmUp(steps=5, then=lamina.Cosine(low=1e-4)),
        "class_weight": {0: np.float64(2.0), 1: 1, 2: 0.5},
        "regularization": lamina.Regularization(dropout=(0.1, 0.0)),
        "n_iter_no_change": np.inf,
        "max_iter": 5,
        "random_state": 3,
    }
    model = lamina.MLPClassifier(**options).fit(X, y)
    code, left = reproduce.script(report.describe(model))
    assert left == []
    names = {"X": X, "y": y}
    exec(code, names)
    assert names["model"].get_params() == model.get_params()
    assert reproduce.digest(names["model"]) == reproduce.digest(model)
    out = []
    exec(reproduce.SLOPES, {"model": model, "print": out.append})
    assert out == [reproduce.digest(model)]
    exec(reproduce.CHECK, {"model": classifier(), "print": out.append})
    assert out[1] == reproduce.digest(classifier()) and out[1] in page_of(classifier())
    plain = hashlib.sha256()
    for weights, biases in zip(classifier().coefs_, classifier().intercepts_, strict=True):
        plain.update(weights.tobytes() + biases.tobytes())
    assert out[1] == plain.hexdigest()


def test_what_is_code_is_left_out_and_named():
    def half(*_):
        return 0.5

    more = {"callbacks": [lamina.callbacks.TimeBudget(1e6)], "early_stopping": True}
    model = classifier(scoring=half, **more)
    lines, left, _ = constructor(model)
    assert left == ["scoring (of type function)", "callbacks (of type TimeBudget)"]
    assert not any("callbacks" in line for line in lines)
    assert "callbacks (of type TimeBudget)" in Page(page_of(model)).text
    with pytest.raises(ValueError, match="RandomState"):
        source(np.random.RandomState(0), set())
    assert "is None: another fit" in page_of(classifier(random_state=None))


def test_a_file_says_what_it_lacks(tmp_path):
    classifier().save(tmp_path / "model")
    text = Page(page_of(lamina.load(tmp_path / "model"))).text
    assert "was read from a file" in text and "give the report X and y" in text
    assert "read from a file" not in page_of(classifier())


def test_large_networks_and_many_classes_stay_readable():
    X = np.random.default_rng(0).normal(size=(200, 3))
    y = np.arange(200) % 40
    model = lamina.MLPClassifier((3,) * 30, max_iter=2, random_state=0).fit(X, y)
    page = page_of(model, X, y)
    assert "All layers: 31" in page and "The most frequent confusions" in page
    assert "Scores of 40 classes" in page and len(page) < 150_000


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "run.html"
    path.write_text("old")
    model = classifier()
    with monkeypatch.context() as patch:
        patch.setattr("lamina.report.document.page", lambda subject: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            model.report(path)
    assert path.read_text() == "old" and [own.name for own in tmp_path.iterdir()] == ["run.html"]
    assert model.report(path) is None
    assert path.read_text(encoding="utf-8") == page_of(model)
    assert [own.name for own in tmp_path.iterdir()] == ["run.html"]


def test_bad_arguments_are_named_before_any_work(tmp_path, monkeypatch):
    X, y = iris()
    model, path = classifier(), tmp_path / "run.html"
    with pytest.raises(NotFittedError):
        lamina.MLPClassifier().report(path)
    with pytest.raises(lamina.ArgumentError, match="path must be a path, got 3"):
        model.report(3)
    with pytest.raises(lamina.ArgumentError, match="X must be given where y is"):
        model.report(path, y=y)
    with pytest.raises(ValueError, match="3 features, but MLPClassifier is expecting 4"):
        model.report(path, X[:, :3], y)
    with pytest.raises(ValueError, match="NaN"):
        model.report(path, np.where(X > 1, np.nan, X))
    with pytest.raises(ValueError, match="inconsistent"):
        model.report(path, X, y[:5])
    with pytest.raises(ValueError, match="labels of the model's classes, 0, 1, 2, got 'a'"):
        model.report(path, X[:2], ["a", "b"])
    with pytest.raises(ValueError, match="NaN"):
        regressor()[0].report(path, regressor()[1][:2], [1.0, np.nan])
    with pytest.raises(ValueError, match=r"of shape \(2,\)"):
        regressor()[0].report(path, regressor()[1][:2], [[1.0, 2.0], [2.0, 3.0]])
    with pytest.raises(lamina.ArgumentError, match="an MLPClassifier or an MLPRegressor"):
        report.write(lamina.EnsembleClassifier(), path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("lamina.report.document.describe", lambda *_: pytest.fail("worked"))
    with pytest.raises(FileNotFoundError, match=r"nowhere/run\.html"):
        model.report(tmp_path / "nowhere" / "run.html", X, y)
    with pytest.raises(OSError, match="not a regular file"):
        model.report(tmp_path, X, y)


def test_drawing_leaves_matplotlib_as_it_was(tmp_path):
    import matplotlib
    import matplotlib.pyplot as plt

    model, X, y = regressor()
    with matplotlib.rc_context({"font.size": 30, "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        own = page_of(model, X, y)
        assert dict(matplotlib.rcParams) == before and not plt.get_fignums()
    assert own == page_of(model, X, y)


def test_what_was_recorded_and_found_is_told():
    page = Page(drawn("recorded"))
    for title in ("Gradient flow", "Unit health", "Weights"):
        assert title in page.text
    X, y = iris()
    model = classifier(diagnose=True, activation=["relu", "tanh"])
    norm = model.record_["gradient_norm"]
    assert f"layer 2: gradient norm {number(norm[0, 1])} in epoch 1" in drawn("recorded")
    found = lamina.diagnose(model, eval_set=(X, y))
    told = "".join(page.text.split())  # where lines may break is another matter
    for own in found:
        assert "".join(own.seen.split()) in told and "".join(own.change.split()) in told
    assert len(found)
    assert "fit with diagnose=True" in Page(drawn("plain")).text
    assert "fit with diagnose=True" not in page.text
    bare = classifier(diagnose=lamina.Recorder(units=False, snapshots=0))
    titles = Page(page_of(bare)).text
    assert "Gradient flow" in titles and "A unit is flat" not in titles
    assert "Recorder(units=True)" in titles and "Recorder(snapshots=16)" in titles


def test_samples_of_classes_not_known_do_not_reach_the_findings():
    X, y = iris()
    subject = report.describe(classifier(), X[:60], np.where(y[:60] == 1, 7, y[:60]))
    assert len(subject.X) == len(subject.y) == 50 and len(subject.answers.truth) == 60


def diverged():
    """Return a regressor and a classifier whose answers are not finite."""
    X, y = iris()
    model, _, _ = regressor()
    sure = classifier()
    for own in (model, sure):
        for weights in own.coefs_:
            weights[:] = np.sign(weights) * 1e300
    return model, sure, X, y


def test_a_network_that_diverged_has_a_page_that_says_so():
    model, sure, X, y = diverged()
    _, inputs, target = regressor()
    text = Page(page_of(model, inputs, target)).text
    assert "are not finite" in text and "R² not defined" in text
    several, inputs, targets = regressor(3)
    several.coefs_[-1][:, 1] = np.nan
    text = Page(page_of(several, inputs, targets)).text
    assert "The predictions of 442 of 442 samples are not finite" in text
    assert "output 2 not defined not defined not defined" in text
    text = Page(page_of(sure, X, y)).text
    assert "log loss not defined" in text and "are not finite" in text
    quantiles, inputs, target = regressor(1, loss=lamina.Quantiles((0.1, 0.9)))
    quantiles.coefs_[-1][:] = np.nan
    assert "mean pinball loss not defined" in Page(page_of(quantiles, inputs, target)).text


def test_samples_of_the_fit_are_not_called_new():
    X, y = iris()
    model = classifier(diagnose=True)
    text = Page(page_of(model, X[::2], y[::2])).text
    assert "learnt from these very samples" in text and "ones that the network" not in text
    other = Page(page_of(model, X[1::2], y[1::2])).text
    assert "does not know whether" in other and "learnt from these very" not in other


def test_words_of_pictures_have_what_is_seen():
    model = classifier(diagnose=True, activation=["relu", "tanh"], learning_rate_init=0.3)
    words = {
        own.split("-desc")[0]: own.split(">", 1)[1].split("<")[0]
        for own in page_of(model).split('<desc id="')[1:]
    }
    from lamina.displays import UnitHealthDisplay

    counts = UnitHealthDisplay.from_estimator(model).counts
    for layer in (1, 2):
        said = " and ".join(f"{n} {name}" for name, n in counts(layer).items())
        assert f"{said} in epoch {model.n_iter_}" in words["unit-health"]
    assert "layer 3" not in words["unit-health"]
    (_, before), *_, (_, after) = model.record_.snapshots
    assert (
        f"standard deviation {number(before[0][0].std())} at the start"
        in words["weight-histograms"]
    )
    assert f"{number(after[1][0].std())} at epoch" in words["weight-histograms"]
    page = Page(page_of(classifier(diagnose=True, solver="lbfgs")))
    assert "epoch" not in page.text.split("Gradient flow", 2)[2].split("Settings")[0]


def test_large_weights_have_a_spread():
    model = classifier(diagnose=True)
    model.record_.snapshots[-1][1][0][0][:] *= 1e200
    table = page_of(model).split('id="health-weights"')[1].split("</table>")[0]
    assert "inf" not in table and "nan" not in table and "e+19" in table


def test_points_of_a_calibration_are_apart():
    X = np.random.default_rng(0).normal(size=(400, 2))
    y = X[:, 0] > 0
    model = lamina.MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    given = [float(p) for p in re.findall(r"given ([\d.]+), so in", page_of(model, X, y))]
    assert len(given) > 1 and min(np.diff(given)) >= 0.02
