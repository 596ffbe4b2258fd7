"""Make the pictures of the guide, and print the lines that show them in its pages.

    python docs/guide/pictures/make.py            # all of them: a quarter of a minute
    python docs/guide/pictures/make.py losses     # those whose names begin so

Each function of the modules beside, but for `picture`, draws one. The words it gives have the
numbers that are seen in them, so that a page with other words shows an old picture; a test looks.
"""

from __future__ import annotations

import argparse
import inspect
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import matplotlib
import neuron_chapters
import options_pages
import picture
import race_pages
import record_pages
import run_pages
import surface_pages

FOLDER = Path(__file__).parent


def functions() -> dict[str, Callable[[], picture.Picture]]:
    """Return what draws each picture, by the name of its file."""
    own = [
        function
        for module in (
            options_pages,
            run_pages,
            record_pages,
            surface_pages,
            race_pages,
            neuron_chapters,
        )
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]
    return {function.__name__.replace("_", "-"): function for function in own}


def make(folder: Path, start: str = "", tell: Callable[[str], None] = print) -> dict[str, str]:
    """Draw the pictures whose names begin with `start`, and return their words."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {}
    for name, draw in functions().items():
        if not name.startswith(start):
            continue
        began = time.perf_counter()
        with picture.look(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some trainings reach max_iter, as they are meant to
            drawn = draw()
            file = picture.save(drawn, folder / name)
        words[name] = drawn.alt
        tell(f"{name}: {time.perf_counter() - began:.1f} s")
        tell(f"![{drawn.alt}](pictures/{file.name})\n")
    return words


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start", nargs="?", default="", help="how the names begin; all without")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where to write them")
    options = parser.parse_args()
    matplotlib.use("Agg")
    make(options.out, options.start)


if __name__ == "__main__":
    main()
