"""A walk-through as text and HTML: the trace's numbers, large arrays cut, all of it escaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import lamina
from lamina.diagnosis.trace import Step, text
from lamina.diagnosis.trace.html import escape, fragment

RANDOM = np.random.RandomState(0)
NETWORK = lamina.Network.mlp(2, [3], 2, activation="tanh", output="softmax")
X, Y = RANDOM.normal(size=(2, 2)), np.eye(2)


@pytest.fixture
def trace():
    return lamina.trace(NETWORK, X, Y, NETWORK.initialize(0))


def numbers_after(page, equation):
    """Return the numbers beside an equation, or of the lines that stand under it."""
    lines = page.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"  {equation}"))
    rows = []
    for line in lines[at:]:
        own = line.replace(f"  {equation}", "", 1)
        if rows and (line[:4] != "    " or line[4] == "∂" or "·" in line or "[0" in line):
            break
        row = re.match(r"(?: =|:)? +\[?((?:-?[0-9.][-+0-9.e]*(?:  +|\]|$))+)", own)
        if row:
            rows.append([float(cell) for cell in row[1].rstrip("]").split()])
            if "[" in own.partition("   (")[0]:
                break
        elif rows or (
            own and line[:6] != "      " and line[:5] != "    (" and line is not lines[at]
        ):
            break
    return np.array(rows)


@pytest.mark.parametrize("digits", [2, 4, 17])
def test_the_numbers_of_the_text_are_the_traces(trace, digits):
    page = trace.text(digits=digits)
    for step in trace.steps:
        if step.key == "bound":
            continue
        value = np.asarray(step.value)
        if value.ndim == 0:
            said = page.split(step.equation + " = ")[1].split()[0]
            assert float(said) == pytest.approx(float(value), rel=10.0 ** (1 - digits))
            continue
        shown = numbers_after(page, step.equation)
        expected = value.reshape(shown.shape)
        np.testing.assert_allclose(shown, expected, rtol=10.0 ** (1 - digits))


def test_str_is_the_text_and_the_parts_come_in_order(trace):
    page = str(trace)
    assert page == trace.text() and page.splitlines()[0] == trace.title
    parts = ["What comes in", "Forward: layer 1", "Forward: layer 2", "Prediction and loss"]
    parts += ["Backward: layer 2", "Backward: layer 1", "The bound on the gradients"]
    places = [page.index(f"\n\n{part}\n  ") for part in parts]
    assert places == sorted(places)


def test_a_large_network_of_ten_classes_is_a_page():
    network = lamina.Network.mlp(64, [100], 10, output="softmax")
    x, y = RANDOM.uniform(size=64), np.eye(10)[3]
    trace = lamina.trace(network, x, y, network.initialize(0))
    names = tuple(f"class {i}" for i in range(10))
    page = replace(trace, outputs=names).text()
    lines = page.splitlines()
    assert len(lines) <= 65 and max(map(len, lines)) <= 100
    for equation in ("z_2 = ", "ŷ = ", "y is given", "δ_2 = "):
        at = next(i for i, line in enumerate(lines) if line.startswith(f"  {equation}"))
        assert lines[at + 1].split("  ")[-10:] == [*names[:9], names[9]] or all(
            name in lines[at + 1] for name in names
        )
        assert len(lines[at + 2].split()) == 10
    w = trace.layers[0].W
    shown = f"[[{w[0, 0]:.4g}, {w[0, 1]:.4g}, …], [{w[1, 0]:.4g}, {w[1, 1]:.4g}, …], …]"
    norm = np.linalg.norm(w)
    assert f"W_1 is given: {shown}   (64 × 100, norm {norm:.4g})" in page


def test_large_arrays_are_cut_short():
    network = lamina.Network.mlp(50, [40], 1)
    trace = lamina.trace(network, RANDOM.normal(size=(30, 50)), np.zeros(30), network.initialize(0))
    page = trace.text(rows=4)
    assert len(page.splitlines()) < 60 and max(map(len, page.splitlines())) <= 100
    assert "[" + "  ".join(f"{v:.4g}" for v in trace.loss[[0]]) in page
    whole = trace.text(rows=50, width=1000)
    np.testing.assert_allclose(numbers_after(whole, "W_1 is given"), trace.layers[0].W, rtol=1e-3)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_are_broken_and_indented_where_they_end(trace, width):
    wide = replace(trace, outputs=("a" * 40, "b" * 40), inputs=("c", "d"))
    for own in (wide, wide.update(lamina.Adam())):
        lines = own.text(width=width).splitlines()
        assert max(map(len, lines)) <= max(width, 77)  # as wide as the table of the bound
    assert "aaaaaa…" in wide.text()


def test_of_two_hundred_classes_some_are_shown():
    network = lamina.Network.mlp(3, [], 200, output="softmax")
    one = lamina.trace(network, np.ones(3), np.eye(200)[7], network.initialize(0))
    page = replace(one, outputs=tuple(f"species {i}" for i in range(200))).text()
    assert max(map(len, page.splitlines())) <= 100 and "species 199" in page


def test_what_the_symbols_mean_is_said_where_they_are_used():
    one = lamina.trace(NETWORK, X[:1], Y[:1], NETWORK.initialize(0)).text()
    assert "L = ℓ;" in one and "n =" not in one.splitlines()[1]
    options = {"sample_weight": [1, 2], "alpha": 0.1}
    page = lamina.trace(NETWORK, X, Y, NETWORK.initialize(0), **options).text()
    assert "L = Σ_i (sℓ) / S + penalty" in page and "S = Σ_i s = 3" in page


def test_with_a_penalty_the_bound_is_not_of_the_objectives_gradient():
    t = lamina.trace(NETWORK, X[:1], Y[:1], NETWORK.initialize(0), alpha=5)
    assert np.linalg.norm(t.layers[0].gradient.W) > t.layers[0].bound.bound
    bound = t.steps[-1]
    assert bound.equation.startswith("‖h_{l−1}ᵀ δ_l‖ ≤ ") and bound.columns[0] == "‖hᵀ δ‖"
    assert "without the penalty" in bound.words
    outer = np.outer(t.layers[0].input, t.layers[0].delta)
    assert bound.value[0, 0] == pytest.approx(np.linalg.norm(outer))


def test_what_fits_is_not_cut():
    assert text.shortened(6, 6) == [0, 1, 2, 3, 4, 5]
    assert text.shortened(7, 6) == [0, 1, 2, None, 4, 5, 6]
    assert text.shortened(9, 3) == [0, 1, None, 8]


def test_the_smallest_numbers_are_told_apart():
    assert text.number(-0.0, 4) == "0" and text.number(1e-300, 4) == "1e-300"
    assert text.number(np.nan, 4) == "nan" and text.number(-np.inf, 4) == "-inf"
    assert text.number(True, 4) == "True" and text.number(12345678, 4) == "12345678"


class Page(HTMLParser):
    """Holds a page's words, tags and table cells; raises where a tag is not closed by its own."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.words, self.rows = [], [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.rows[-1].append(data)
        if "style" not in self.open:
            self.words.append(data)


def test_html_is_well_formed_and_has_the_equations_and_numbers(trace):
    page = Page(trace._repr_html_())
    said = " ".join(page.words)
    tables = [attrs for tag, attrs in page.tags if tag == "table"]
    for step in trace.steps:
        assert step.equation in said
        if np.ndim(step.value):
            size = " by ".join(map(str, np.shape(step.value)))
            assert {"aria-label": f"{step.name}, {size}"} in tables
    z = [[f"{value:.4g}" for value in row] for row in trace.layers[0].z]
    places = [i for i, row in enumerate(page.rows) if row == z[0]]
    assert places and page.rows[places[0] + 1] == z[1]
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "img")]


def test_a_whole_page_follows_light_and_dark(trace):
    page = trace.html(page=True)
    tags = Page(page).tags
    assert ("html", {"lang": "en"}) in tags
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in tags
    assert page.startswith("<!DOCTYPE html>") and page.count("<title>") == 1
    assert [tag for tag, _ in tags if tag in ("h1", "h2", "h3")] == ["h1"]
    body = trace.html()
    assert body[body.index("</h3>") + 5 :] in page and "http" not in page


def test_headings_of_named_rows_and_columns_have_their_scope(trace):
    tags = Page(trace.html()).tags
    scopes = [attrs["scope"] for tag, attrs in tags if tag == "th"]
    assert scopes.count("row") == 2 and scopes.count("col") == 5  # of the bound


def test_what_users_name_is_escaped():
    nasty = '<script>alert("1")</script>&\u0007'
    step = Step(nasty, "k", nasty, nasty, np.array([[nasty]]), nasty, nasty, (nasty,), (nasty,))
    page = fragment(nasty, [step], 4, 6)
    assert "<script" not in page and "\u0007" not in page
    assert " ".join(Page(page).words).count("<script>alert") == 8
    assert escape("\ud800") == " "


def test_a_label_that_looks_like_html():
    labels = ["<b>no</b>", "yes & no", "2"]
    x = np.arange(9.0).reshape(9, 1)
    model = lamina.MLPClassifier((2,), solver="lbfgs", random_state=0, max_iter=5)
    model.fit(x / 9, np.repeat(labels, 3))
    trace = lamina.trace(model, x[:1], labels[:1])
    assert "<b>" not in trace.html() and "&lt;b&gt;no" in trace.html()
    assert "<b>no</b>" in trace.text()


@pytest.mark.parametrize("shown", ["text", "html"])
def test_bad_options_are_named(trace, shown):
    update = trace.update(lamina.Adam())
    for own in (trace, update):
        with pytest.raises(lamina.ArgumentError, match=r"digits must be an integer in \[1, 17\]"):
            getattr(own, shown)(digits=0)
        with pytest.raises(lamina.ArgumentError, match=r"rows must be an integer in \[2, 1000\]"):
            getattr(own, shown)(rows=1)
        with pytest.raises(lamina.ArgumentError, match="page must be True or False"):
            own.html(page="yes")


@pytest.mark.parametrize("rule", [lamina.AdamW(), lamina.Nesterov(), lamina.GradientDescent()])
def test_an_update_is_shown_with_its_parts(trace, rule):
    update = trace.update(rule, 0.1)
    page = update.text(digits=17)
    assert page.splitlines()[0] == f"step 1 of {rule!r} at learning rate 0.1" and str(update)
    assert "‖move‖ / ‖w_t‖" in page[: page.index("The rule")]
    own = page[page.index("Update of W_1") : page.index("Update of b_1")]
    expected = update["W_1"]
    for equation, value in (
        ("history = ", expected.history),
        ("this gradient = ", expected.current),
        ("move = ", expected.move),
        ("w_{t+1} = ", expected.after),
    ):
        np.testing.assert_array_equal(numbers_after(own, equation), value)
    assert ("decay = −η λ w_t" in own) == isinstance(rule, lamina.WeightDecay)
    assert " ".join(Page(update._repr_html_()).words).count("Update of W_1") == 1
    assert Page(update.html(page=True)).tags and "UpdateTrace of step 1" in repr(update)
