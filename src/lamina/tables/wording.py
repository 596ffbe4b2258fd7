"""Findings in the words of a table and of the command line, in place of those of Python."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace

from lamina.diagnosis.findings import Finding, Findings
from lamina.diagnosis.findings.words import LONG
from lamina.tables.preprocess import Preprocessing

__all__ = ["columns_of", "in_words"]

_NUMBER = r"(\d[\d.e+-]*\d|\d)"
_WEAKER = "--l1, --weight-decay, --dropout or --input-dropout"
_HEAD = r"(?<![\w'-])"  # where a parameter begins: not within a name, a text or an option


def _regularization(match: re.Match[str]) -> str:
    pairs = (pair.split("=") for pair in re.split(r",\s*", match[1]) if pair)
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in pairs)


def _sizes(match: re.Match[str]) -> str:
    return f"--hidden {match[1].replace(' ', '')}"


def _schedule(match: re.Match[str]) -> str:
    return f"--schedule {match[1].lower()}"


# What a parameter is called on the command line. What has no option there is said in words.
_OPTIONS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"Call (?:\w+)\.calibrate\(X, y\)[^;.]*; (.+?) help too\.", r"Set \1."),
    (r"a weaker regularization, or regularization=None", f"a weaker {_WEAKER}"),
    (r"(?:regularization=)?(?:lamina\.)?Regularization\(([^()]*)\)", _regularization),
    (r"loss=(?:lamina\.)?CrossEntropy\(smoothing=(\S+?)\)", r"--label-smoothing \1"),
    (
        rf"solver=(?:lamina\.)?AdamW\(strength={_NUMBER}\)",
        r"--solver adamw and --weight-decay \1",
    ),
    (r"solver='(\w+)'", r"--solver \1"),
    (r"learning_rate='(\w+)'", _schedule),
    (r"activation='(\w+)'", r"--activation \1"),
    (r"hidden_layer_sizes=\(([\d, ]+?),?\)", _sizes),
    (r"early_stopping=True", "--early-stopping"),
    (r"early_stopping=False", "--no-early-stopping"),
    (r"class_weight='balanced'", "--class-weight balanced"),
    (r"score by scoring='balanced_accuracy'", "look at the balanced accuracy"),
    (r"standardize=True", "other units"),  # tables are standardized anyway
    (r"\bdiagnose=True", "--diagnose"),
    (r"shuffle=True", "shuffled rows"),
    (
        r"Set ((?:tol=\S+ and )?n_iter_no_change=\d+)\.",
        r"Train from Python with \1, for which there is no option.",
    ),
    (rf"{_HEAD}learning_rate_init(?:={_NUMBER})?", r"--learning-rate \1"),
    (rf"{_HEAD}max_iter(?:={_NUMBER})?", r"--epochs \1"),
    (rf"{_HEAD}batch_size(?:={_NUMBER})?", r"--batch-size \1"),
    (rf"{_HEAD}(?:alpha)(?:={_NUMBER})?(?![\w'])", r"--alpha \1"),
    (rf"{_HEAD}(?:hidden_layer_sizes)", "--hidden"),
    (rf"{_HEAD}early_stopping", "--early-stopping"),
    (rf"{_HEAD}clip_norm(?:={_NUMBER})?", r"--clip-norm \1"),
    (rf"{_HEAD}weight_decay(?:={_NUMBER})?", r"--weight-decay \1"),
    (rf"{_HEAD}input_dropout(?:={_NUMBER})?", r"--input-dropout \1"),
    (rf"{_HEAD}dropout={_NUMBER}", r"--dropout \1"),
    (rf"{_HEAD}l1={_NUMBER}", r"--l1 \1"),
    (rf"{_HEAD}tol={_NUMBER}", r"a tolerance of \1"),
    (rf"{_HEAD}n_iter_no_change={_NUMBER}", r"a patience of \1"),
    (rf"\ba weight decay of {_NUMBER}", r"--weight-decay \1"),
    (r"\ba smaller l1\b", "a smaller --l1"),
    (r" in regularization\b", ""),
    (r"\beval_set\b", "rows held out"),
    (r"\bX and y\b", "the table"),
    (r"\bwithout X\b", "without the columns"),
    (r"\b(row [\d,]+|column [\d,]+) of X\b", r"\1"),
    (r"\bX\b", "the columns"),
]


def columns_of(preprocessing: Preprocessing) -> tuple[str, ...]:
    """Return the column of the table that each input of the network comes from."""
    measures = preprocessing.measures
    own = [column.name for column in measures for _ in column.parts]
    own += [column.name for column in measures if column.missing]
    return (*own, *(one.name for one in preprocessing.categories for _ in one.categories))


def in_words(found: Findings, columns: Mapping[str, str], target: str, about: str) -> Findings:
    """Return findings whose sentences speak of options, and of columns of the table.

    Parameters
    ----------
    found : Findings
    columns : mapping of str to str
        The column of each input, by the input's name as sentences have it.
    target : str
        Name of the target's column.
    about : str
        What is said where nothing was found.
    """
    own = [_in_words(each, columns, target) for each in found]
    return Findings(own, about)


def _in_words(found: Finding, columns: Mapping[str, str], target: str) -> Finding:
    known = _as_shown(columns)
    seen, means, change = (
        _translated(text, known, target) for text in (found.seen, found.means, found.change)
    )
    return replace(found, seen=seen, means=means, change=change)


def _as_shown(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns by the names of inputs, also as those are cut in lists."""
    cut = {f"{name[: LONG - 1]}…": own for name, own in columns.items() if len(name) > LONG}
    return {**cut, **columns}


def _translated(text: str, columns: Mapping[str, str], target: str) -> str:
    """Return a text in options and columns; names in it stay, which may be those of options."""
    kept: list[str] = []

    def keep(own: str) -> str:
        kept.append(own)
        return f"\0{len(kept) - 1}\0"

    pattern = _any(columns, text)
    if pattern is not None:
        text = _dropped(text, columns, pattern, keep)
        text = pattern.sub(lambda match: keep(match[0]), text)
    for python, option in _OPTIONS:
        text = re.sub(python, option, text)
    text = re.sub(rf"{_HEAD}y\b(?!')", lambda _: keep(repr(target)), text)
    text = re.sub(r"(--[\w-]+) (?=[,.;:)]|$)", r"\1", text).replace("  ", " ")
    return re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text)


def _dropped(
    text: str, columns: Mapping[str, str], pattern: re.Pattern[str], keep: Callable[[str], str]
) -> str:
    """Return a text that says with which options columns are left out."""
    head, found, tail = text.partition(": X without ")
    if not found:
        return text
    names = dict.fromkeys(columns[name] for name in pattern.findall(tail))
    options = " ".join(f"--drop {shlex.quote(name)}" for name in names)
    more = re.search(r" and ([\d,]+ more)\.$", tail)
    return f"{head}: {keep(options)}{more[0] if more else '.'}"


def _any(names: Mapping[str, str], text: str) -> re.Pattern[str] | None:
    """Return what finds those of the names that are in a text, the longest first; None of none."""
    there = sorted((name for name in names if name in text), key=len, reverse=True)
    return re.compile(rf"(?<!=)(?:{'|'.join(map(re.escape, there))})") if there else None
