"""The guide's pictures are made by a script, and the pages show them with the words it gives."""

import inspect
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "guide" / "pictures"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
DRAWS = re.compile(r"^def ([a-z]\w*)\(\) -> Picture:$", re.MULTILINE)
NAMES = [
    name.replace("_", "-")
    for module in (
        "options_pages",
        "run_pages",
        "record_pages",
        "surface_pages",
        "race_pages",
        "neuron_chapters",
    )
    for name in DRAWS.findall((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
]


FILES = [*FOLDER.glob("*.png"), *FOLDER.glob("*.gif")]


def references():
    """Return page, words and file of every picture that a page shows."""
    return [
        (page, words, (page.parent / target).resolve())
        for page in PAGES
        for words, target in SHOWN.findall(page.read_text(encoding="utf-8"))
        if "://" not in target
    ]


def test_every_picture_that_a_page_shows_is_there_and_the_reverse():
    shown = {path for _, _, path in references()}
    assert shown == {path.resolve() for path in FILES}
    assert sorted(path.stem for path in shown) == sorted(NAMES)


def test_pictures_are_small_and_have_a_white_ground():
    for path in FILES:
        assert path.stat().st_size <= (60_000 if path.suffix == ".png" else 400_000), path.name
        with Image.open(path) as image:
            assert 480 <= image.width <= 960, path.name
            assert image.mode == "P" and "transparency" not in image.info, path.name
            assert min(image.convert("RGB").getpixel((0, 0))) >= 250, path.name


@pytest.fixture
def make(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import make

    return make


def test_the_script_knows_every_function_that_draws(make):
    assert sorted(make.functions()) == sorted(NAMES)
    assert all(inspect.getdoc(function) for function in make.functions().values())


@pytest.mark.parametrize("name", NAMES)
def test_the_script_draws_what_the_words_of_the_pages_say(make, name, tmp_path):
    """Words are equal, and numbers nearly: other linear algebra may move a fit a little."""
    words = make.make(tmp_path, name, tell=lambda line: None)[name]
    (file,) = tmp_path.iterdir()
    with Image.open(file) as drawn, Image.open(FOLDER / file.name) as old:
        assert len(drawn.convert("RGB").getcolors(2**24)) > 5
        assert drawn.width / drawn.height == pytest.approx(old.width / old.height, rel=0.1)
    on_pages = [own for _, own, path in references() if path.stem == name]
    assert on_pages and words.isprintable() and "]" not in words
    for own in on_pages:
        assert NUMBER.sub("#", own) == NUMBER.sub("#", words)
        old, new = (
            [float(number.replace(",", "")) for number in NUMBER.findall(text)]
            for text in (own, words)
        )
        assert new == pytest.approx(old, rel=0.1, abs=0.02)
