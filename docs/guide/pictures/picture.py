"""What a picture is, how it looks, and how it becomes a small file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import matplotlib.pyplot as plt
from PIL import Image

from lamina.displays.figure import COLOURS

VERMILION, BLUE, GREEN, PURPLE, ORANGE, SKY, BLACK = COLOURS
GREY = "#888888"
DPI = 110
LOOK = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "figure.facecolor": "white",  # not transparent: black labels are to be read in dark pages too
    "font.size": 10,
    "legend.frameon": False,
    "savefig.dpi": DPI,
}


class Picture(NamedTuple):
    """A figure, an image that something else wrote, or a GIF's bytes, and words for it."""

    drawn: Any
    alt: str


@contextmanager
def look() -> Iterator[None]:
    """Draw in the same way whatever the settings of the machine, and leave no figure open."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams |= LOOK
        try:
            yield
        finally:
            plt.close("all")


def new(width: float = 7.0, height: float = 3.6, rows: int = 1, columns: int = 1, **options: Any):
    """Return a figure and its axes, an array of them where there are several; sizes in inches."""
    size = {"figsize": (width, height), "layout": "constrained"}
    return plt.subplots(rows, columns, **size, **options)


def save(picture: Picture, name: Path) -> Path:
    """Write a PNG of at most 128 colours, a third of the size of one with all; a GIF as it is."""
    image, path = picture.drawn, name.with_name(f"{name.name}.png")
    if isinstance(image, bytes):
        path = path.with_suffix(".gif")
        path.write_bytes(image)
        return path
    if not isinstance(image, Image.Image):
        text = io.BytesIO()
        image.savefig(text, format="png")
        image = Image.open(text)
    few = image.convert("RGB").quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    return path
