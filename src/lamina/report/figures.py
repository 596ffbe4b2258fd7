"""matplotlib's pictures as SVG that stands in the page and takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from lamina.displays.figure import COLOURS
from lamina.estimators.html import text
from lamina.estimators.html.figure import inline, plain
from lamina.report.markup import Html, words

SIZE = (4.9, 3.3)  # inches of 72 units: as wide as a phone
STYLE = {"font.size": 12, "axes.titlesize": 12, "text.parse_math": False}

# What a picture is drawn in, and what the page puts in its place; style.css has the variables.
THEME = {
    "#000000": "currentColor",
    "#ffffff": "var(--paper)",
    "#888888": "var(--faint)",
    "#b0b0b0": "var(--faint)",
    "#cccccc": "var(--faint)",
    **{colour.lower(): f"var(--c{i})" for i, colour in enumerate(COLOURS[:-1])},
}


def picture(
    name: str,
    title: str,
    seen: str,
    draw: Callable[[Any], None],
    size: tuple[float, float] = SIZE,
) -> Html:
    """Return a figure that ``draw(figure)`` draws.

    `name` must be the page's only one, `title` is shown below it, and `seen` says what is to be
    seen, in numbers, to those who do not see it.
    """
    from matplotlib.figure import Figure

    with plain(STYLE):
        made = Figure(figsize=size, layout="constrained")
        draw(made)
        return framed(name, title, seen, made)


def displayed(name: str, title: str, seen: str, display: Any) -> Html:
    """Return the figure of a Display object, drawn in axes of its own.

    It may be wide, and scrolls in a box where there is no room.
    """
    import matplotlib.pyplot as plt

    with plain({**STYLE, "text.parse_math": True}):
        display.plot()
        try:
            return framed(name, title, seen, display.figure_, wide=True)
        finally:
            plt.close(display.figure_)


def framed(name: str, title: str, seen: str, made: Any, wide: bool = False) -> Html:
    """Return a drawn figure with its caption."""
    out = io.StringIO()
    made.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    width, height = made.get_size_inches() * 72
    body = inline(out.getvalue(), name)
    # A map's cells are pixels, whose colours no theme changes: nor may those of its legend.
    maps = "<image" in body
    body = body if maps else themed(body)
    svg = text.picture(name, title, seen, (width, height), body)
    if wide:  # it is never drawn smaller than it was made for: it scrolls
        svg = svg.replace("<svg ", f'<svg style="min-width: {width:g}px" ', 1)
    return captioned(title, svg, wide, maps)


def captioned(title: str, svg: str, wide: bool = False, light: bool = False) -> Html:
    """Return a picture with its title below it; a `light` one stands on white in every theme."""
    if wide:
        box = '<div class="scroll" tabindex="0" role="region"'
        svg = f'{box} aria-label="{text.escape(title)}, picture">{svg}</div>'
        kind = "wide light" if light else "wide"
        return Html(f'<figure class="{kind}">{svg}<figcaption>{words(title)}</figcaption></figure>')
    return Html(f"<figure>{svg}<figcaption>{words(title)}</figcaption></figure>")


def themed(svg: str) -> str:
    """Return an SVG whose colours are the page's.

    Those that the page has no variable for, of a colour map for instance, are lifted on dark
    ground, where the darkest would not be seen.
    """

    def own(found: re.Match[str]) -> str:
        lifted = f"color-mix(in srgb, {found[1]} var(--keep), #fff)"
        return f": {THEME.get(found[1].lower(), lifted)}"

    return re.sub(r": (#[0-9a-fA-F]{6})\b", own, svg)
