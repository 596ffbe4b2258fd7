"""The page as a whole: what every report has around its sections."""

from __future__ import annotations

from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

from lamina import codec
from lamina._version import __version__
from lamina.plan import checks
from lamina.report.describe import describe
from lamina.report.markup import Html, Section, words
from lamina.report.sections import SECTIONS, summary
from lamina.report.subject import Subject

# Nothing is fetched and nothing runs: the browser holds the page to it.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


def write(estimator: Any, path: str | PathLike[str], X: Any = None, y: Any = None) -> None:
    """Write the report of a fitted estimator: see ``estimator.report``."""
    checks.kind("path", path, (str, PathLike), "a path")  # type: ignore[arg-type]
    codec.check_writable(path)
    codec.write_atomically(path, page(describe(estimator, X, y)).encode())


def page(subject: Subject) -> str:
    """Return the page of HTML about a subject; the same for the same subject."""
    sections = [own for own in (make(subject) for make in SECTIONS) if own is not None]
    title = words(subject.title, 120)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n'
        f'<meta name="generator" content="lamina {__version__}">\n'
        f'<link rel="icon" href="data:,">\n'
        f"<title>{_plain(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">Skip to the report</a>\n'
        f"<header>\n<h1>{title}</h1>\n{summary.lead(subject)}\n</header>\n"
        f'<div class="columns">\n{_contents(sections)}\n'
        f'<main id="main" tabindex="-1">\n{"".join(map(_section, sections))}</main>\n</div>\n'
        f"<footer><p>Written by lamina {__version__}. This page loads nothing and runs nothing."
        f"</p></footer>\n</body>\n</html>\n"
    )


def _section(own: Section) -> Html:
    return Html(
        f'<section id="{own.name}" aria-labelledby="{own.name}-title">\n'
        f'<h2 id="{own.name}-title">{words(own.title)}</h2>\n{own.body}\n</section>\n'
    )


def _contents(sections: list[Section]) -> Html:
    links = "".join(f'<li><a href="#{own.name}">{words(own.title)}</a></li>' for own in sections)
    return Html(f'<nav aria-label="Contents"><ol>{links}</ol></nav>')


def _plain(title: Html) -> str:
    """Return a title without the tags that its text may have."""
    for tag in ('<bdi dir="auto">', "</bdi>", "<wbr>"):
        title = Html(title.replace(tag, ""))
    return title


@cache
def _style() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
