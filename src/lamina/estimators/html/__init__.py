"""An estimator in a notebook: its network, its learning curves and what it was told.

Before a fit it is scikit-learn's diagram; after it the report comes first, and the diagram, which
has the tables of all parameters and attributes, below it. Nothing is drawn before it is displayed,
and nothing in the report needs JavaScript or another file.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from sklearn.utils import estimator_html_repr

from lamina.estimators.html import curves, facts, figure, network, text

ROWS = 60  # of the table of numbers

_numbers = count(1)


def represent(estimator: Any) -> str:
    """Return what a notebook shows of an estimator."""
    diagram = estimator_html_repr(estimator)
    if "coefs_" not in vars(estimator):
        return diagram
    # Beside the report, not in it, where the report's style would reach into scikit-learn's.
    everything = text.details("All parameters and attributes", diagram, "lamina-all")
    own = f'<div class="lamina-report">{report(estimator)}</div>'
    return f"<style>{_style()}</style>{own}{everything}"


def report(estimator: Any) -> str:
    """Return the report of a fitted estimator, without scikit-learn's diagram and the style."""
    name = _name(estimator)
    own = type(estimator).__name__
    head = f"<p><strong>{text.escape(own)}</strong></p>"
    head += f"<p>{text.escape(facts.summary(estimator))}</p>"
    head += f"<p>{text.escape(facts.ending(estimator))}</p>"
    for warning in facts.warnings(estimator):
        head += f'<p class="lamina-warning"><strong>Warning:</strong> {text.escape(warning)}</p>'
    picture = f"<figure>{network.draw(estimator, f'{name}-network')}</figure>"
    own = f"{picture}{_curves(estimator, name)}{_tables(estimator)}"
    return f'{head}<div class="lamina-columns">{own}</div>'


def _name(estimator: Any) -> str:
    """Return a name that no other report of a page has.

    Kernels start to count anew and leave their reports on the page, hence the checksum.
    """
    return f"lamina-{crc32(estimator.history_['loss'].tobytes()):x}-{next(_numbers)}"


def _tables(estimator: Any) -> str:
    """Return what the estimator was told and given."""
    settings = facts.settings(estimator)
    told = text.table(settings) if settings else "<p>None.</p>"
    given = text.table(facts.data(estimator))
    settings_part = text.details(
        "Settings that differ from the defaults", told, "lamina-settings", opened=True
    )
    data_part = text.details("Data and fit", given, "lamina-data", opened=True)
    return f"<div>{settings_part}{data_part}</div>"


def _curves(estimator: Any, name: str) -> str:
    """Return the pictures of losses and scores, and the table that names their lines."""
    history, unit = estimator.history_, facts.unit(estimator, 1)
    names = facts.numbers(estimator)
    losses, scores = curves.losses_and_scores(history, facts.scorers(estimator))
    losses, scores = ([n for n in own if n in names] for own in (losses, scores))
    looks = figure.looks(losses, scores)
    most = min(figure.POINTS, figure.ALL_POINTS // max(1, len(looks)))
    found = ""
    for what, own in (("loss", losses), ("score", scores)):
        drawn = {line: looks[line] for line in own if line in looks}
        if any(np.isfinite(history[line]).any() for line in drawn):
            picture = figure.draw(history, drawn, what, unit, most, f"{name}-{what}")
            found += f"<figure>{picture}</figure>"
    plain = [n for n in names if n in curves.PLAIN]
    table = _table(history, [*losses, *scores, *plain], looks, unit)
    return f'<div class="lamina-curves">{found}{table}</div>'


def _table(history: Any, names: list[str], looks: dict[str, Any], unit: str) -> str:
    """Return the last numbers, and those of the best epoch."""
    n, best = history.n_epochs, history.best_epoch
    if not n:
        return ""
    places = [(n, f"last, {unit} {n:,}")]
    if best is not None and best != n:
        places.append((best, f"best, {unit} {best:,}"))
    cells = [
        [figure.swatch(looks.get(name)) + text.breakable(name, 60)]
        + [text.number(float(history[name][i - 1])) for i, _ in places]
        for name in names[:ROWS]
    ]
    left = f"<p>{len(names) - ROWS} more in history_.</p>" if len(names) > ROWS else ""
    table = text.grid(["number", *(words for _, words in places)], cells)
    return f'<div class="lamina-numbers">{table}{left}</div>'


@cache
def _style() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
