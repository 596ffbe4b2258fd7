"""The report in Chromium: nothing is loaded, and everyone can read it, at every width and theme.

Skipped where there is no Chromium: `apt-get install chromium` on Debian.
"""

import shutil
from importlib.resources import files

import pytest
from subjects import classifier, hostile, iris, regressor

from lamina import report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

WIDTHS = (360, 768, 1280)
THEMES = ("light", "dark")
NAMES = ("classes", "hostile", "numbers", "recorded")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        own = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=60_000)
        yield own
        own.close()


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    X, y = iris()
    classifier(early_stopping=True).report(folder / "classes.html", X, y)
    for name, (model, *samples) in {"hostile": hostile(), "numbers": regressor(3)}.items():
        model.report(folder / f"{name}.html", *samples)
    kinds = {"activation": ["relu", "tanh"], "diagnose": True}
    classifier(**kinds).report(folder / "recorded.html", X, y)
    return {name: folder / f"{name}.html" for name in NAMES}


@pytest.fixture
def opened(browser, paths):
    """Open a report; what it asked for and what the browser said of it are noted."""
    contexts = []

    def open_one(name, width=768, theme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(paths[name].as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()


def unfolded(page):
    page.evaluate("document.querySelectorAll('details').forEach(own => { own.open = true })")
    return page


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_asked_for_and_the_console_is_empty(opened, paths, name):
    page = unfolded(opened(name))
    assert page.asked == [paths[name].as_uri()]
    assert page.said == []


def test_the_browser_would_refuse_what_the_page_might_load(opened):
    """Else the test above proves nothing of names that are shown in it."""
    page = opened("hostile")
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://[::1]:9/a.png'}))")
    page.wait_for_function("document.images[0].complete")
    assert any("Content Security Policy" in words for words in page.said)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_the_page_never_scrolls_sideways(opened, name, width):
    page = unfolded(opened(name, width))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Nor is anything cut off at the edge, but in boxes that scroll.
    beyond = page.evaluate(
        """width => [...document.querySelectorAll('main *, header *')]
          .filter(own => !own.closest('.scroll') && !own.closest('svg'))
          .filter(own => own.getBoundingClientRect().right > width + 1)
          .map(own => own.outerHTML.slice(0, 100))""",
        width,
    )
    assert beyond == []


CONTRASTS = """() => {
  const channels = text => {  // in [0, 255], and the share that covers what is behind
    const n = text.match(/-?[\\d.]+/g).map(Number);
    const scale = text.startsWith('color(') ? 255 : 1;
    return [n[0] * scale, n[1] * scale, n[2] * scale, n.length > 3 ? n[3] : 1];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const luminance = colour => {
    const [r, g, b] = colour.map(c => c / 255)
      .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = own => {
    const layers = [];
    for (let e = own; e; e = e.parentElement) {
      layers.push(channels(getComputedStyle(e).backgroundColor));
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const own = walker.currentNode.parentElement, style = getComputedStyle(own);
    if (!walker.currentNode.data.trim() || own.closest('title, desc, style')) continue;
    if (!own.getClientRects().length) continue;
    const svg = own instanceof SVGElement, behind = ground(own);
    const ink = channels(svg ? style.fill : style.color);
    let opacity = ink[3];
    for (let e = own; e; e = e.parentElement) opacity *= getComputedStyle(e).opacity;
    const [a, b] = [luminance(over([...ink.slice(0, 3), opacity], behind)), luminance(behind)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([svg, ratio, walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}"""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", NAMES)
def test_every_text_stands_out_from_its_ground(opened, name, theme):
    found = unfolded(opened(name, theme=theme)).evaluate(CONTRASTS)
    assert [own for own in found if own[1] < 4.5] == []
    assert sum(svg for svg, *_ in found) > 10 and len(found) > 100


def test_light_and_dark_are_two(opened):
    ground = "getComputedStyle(document.body).backgroundColor"
    assert opened("classes").evaluate(ground) == "rgb(255, 255, 255)"
    assert opened("classes", theme="dark").evaluate(ground) == "rgb(20, 24, 30)"


@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (768, "dark"), (1280, "light")])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(opened, name, width, theme):
    page = unfolded(opened(name, width, theme))
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    broken = [
        (own["id"], [node["html"][:200] for node in own["nodes"]]) for own in found["violations"]
    ]
    assert broken == []
    assert len(found["passes"]) > 20


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_a_name_in_the_accessibility_tree(opened, name):
    page = opened(name)
    pictures = page.get_by_role("img").all()
    assert pictures and len(pictures) == page.locator("svg[role=img]").count()
    for own in pictures:
        # The name of the tree is what a screen reader says: the title and then the numbers.
        assert len(own.aria_snapshot()) > 40


def test_the_keyboard_reaches_everything(opened):
    page = opened("classes", 360)
    focused = "document.activeElement"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{focused}.className") == "skip"
    page.wait_for_function(f"{focused}.getBoundingClientRect().top >= 0")  # it is seen
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate(f"{focused}.id") == "main"
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(f"{focused}.tagName")
        if name == "SUMMARY" and "SUMMARY" not in seen:
            page.keyboard.press("Enter")
            assert page.evaluate(f"{focused}.parentElement.open")
        if name != "BODY":
            assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
        seen.add(name)
    n = page.locator("summary").count()
    assert n >= 2 and {"SUMMARY", "DIV", "PRE"} <= seen  # parts to fold, tables, code


def test_all_of_it_is_printed_in_light_colours(opened):
    page = opened("numbers", theme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    folded = page.locator("details:not([open]) table").all()
    assert folded and all(own.bounding_box()["height"] > 20 for own in folded)
    assert not page.locator("nav").is_visible()
    assert page.pdf()[:5] == b"%PDF-"


def test_it_reads_the_same_without_scripts(opened):
    assert opened("classes", java_script_enabled=False).locator("section").count() > 6
    assert report.document.POLICY.startswith("default-src 'none'")
