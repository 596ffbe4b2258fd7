"""A finding in words, and a ranked list of them."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from lamina.diagnosis.findings.words import number

SEVERITIES = ("error", "warning", "note")  # the worst first
WIDTH = 88  # of the lines of a text


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a training, or worth knowing of it.

    Attributes
    ----------
    name : str
        One of `lamina.diagnosis.findings.NAMES`, such as "dead units".
    severity : {"error", "warning", "note"}
        An error made the training fail, a warning harms what was learnt, a note is good to know.
    seen : str
        What was seen, in numbers.
    means : str
        What that means.
    change : str
        What to change; "" where the change of what explains it comes first.
    layer : int or None
        Counted from 1.
    epoch : int or None
        Counted from 1 over all fits: where it was seen.
    evidence : dict of str to float
        The numbers that it stands on.
    because : str
        Name of another finding that probably explains it, or "".
    """

    name: str
    severity: str
    seen: str
    means: str
    change: str
    layer: int | None = None
    epoch: int | None = None
    evidence: dict[str, float] = field(default_factory=dict)
    because: str = ""

    @property
    def meaning(self) -> str:
        """What it means, and what it probably comes from."""
        return f"{self.means} Probably because of: {self.because}." if self.because else self.means

    @property
    def brief(self) -> str:
        """What was seen, what it probably comes from, and what to change, without the reasons."""
        cause = f"Probably because of: {self.because}." if self.because else ""
        return " ".join(part for part in (self.seen, cause, self.change) if part)

    @property
    def where(self) -> str:
        """Layer and epoch in words, or ""."""
        parts = [] if self.layer is None else [f"layer {self.layer}"]
        parts += [] if self.epoch is None else [f"epoch {self.epoch:,}"]
        return ", ".join(parts)

    @property
    def title(self) -> str:
        """Severity, name and place in a line."""
        where = f" ({self.where})" if self.where else ""
        return f"{self.severity}: {self.name}{where}"

    def __str__(self) -> str:
        parts = [self.seen, self.meaning, f"To change: {self.change}" if self.change else ""]
        return f"{self.title}\n{_indented(' '.join(part for part in parts if part))}"


class Findings(Sequence[Finding]):
    """What `lamina.diagnose` found, what explains most first: a sequence, empty if all is well.

    Examples
    --------
    >>> import lamina
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = lamina.MLPClassifier(max_iter=30, learning_rate_init=1e-5, random_state=0)
    >>> found = lamina.diagnose(model.set_params(diagnose=True).fit(X, y))
    >>> found.names
    ('learning rate too low', 'underfitting')
    >>> found[1].because
    'learning rate too low'
    """

    def __init__(self, found: Iterable[Finding] = (), about: str = "") -> None:
        self._found, self.about = tuple(found), about

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Findings(self._found[index], self.about)
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the findings, in their order."""
        return tuple(own.name for own in self._found)

    @property
    def severity(self) -> str | None:
        """The worst severity; None if there is nothing."""
        order = [s for s in SEVERITIES if any(own.severity == s for own in self._found)]
        return order[0] if order else None

    @property
    def serious(self) -> Findings:
        """Errors and warnings alone."""
        return Findings((own for own in self._found if own.severity != "note"), self.about)

    @property
    def short(self) -> str:
        """A line for each finding: what was seen, its cause, and what to change."""
        return "\n".join(f"{own.title}: {own.brief}" for own in self._found)

    def __str__(self) -> str:
        if not self._found:
            return f"Nothing was found{f': {self.about}' if self.about else '.'}"
        return "\n\n".join(f"{i}. {own}" for i, own in enumerate(self._found, start=1))

    def __repr__(self) -> str:
        if not self._found:
            return "<Findings: none>"
        return f"<Findings: {', '.join(own.title for own in self._found)}>"

    def _repr_html_(self) -> str:
        """Return a list for notebooks, in the colours of the page around it."""
        if not self._found:
            return f"<p>{_escape(str(self))}</p>"
        items = "".join(_item(own) for own in self._found)
        return f'<ol aria-label="Findings">{items}</ol>'


def _item(own: Finding) -> str:
    numbers = "".join(
        f"<dt>{_escape(name)}</dt><dd>{_escape(number(value))}</dd>"
        for name, value in own.evidence.items()
    )
    details = f"<details><summary>Numbers</summary><dl>{numbers}</dl></details>" if numbers else ""
    change = f"<p><em>To change:</em> {_escape(own.change)}</p>" if own.change else ""
    return (
        f"<li><p><strong>{_escape(own.title)}</strong></p><p>{_escape(own.seen)} "
        f"{_escape(own.meaning)}</p>{change}{details}</li>"
    )


def _escape(text: str) -> str:
    own = text.encode("utf-8", "replace").decode()
    return html.escape("".join(c if c.isprintable() else " " for c in own))


def _indented(text: str) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent="   ", subsequent_indent="   ", break_long_words=False
    )
