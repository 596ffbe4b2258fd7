"""How to get the same estimator again, and how to tell that it is the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from lamina.estimators import layers
from lamina.report.code import constructor
from lamina.report.markup import Html, Section, code, facts, paragraph
from lamina.report.subject import Subject

CHECK = """import hashlib

digest = hashlib.sha256()
for weights, biases in zip(model.coefs_, model.intercepts_):
    digest.update(weights.tobytes() + biases.tobytes())
print(digest.hexdigest())"""
SLOPES = """import hashlib

digest = hashlib.sha256()
for weights, biases, slopes in zip(model.coefs_, model.intercepts_, model.slopes_):
    digest.update(weights.tobytes() + biases.tobytes())
    digest.update(b"" if slopes is None else slopes.tobytes())
print(digest.hexdigest())"""


def section(subject: Subject) -> Section:
    """Return code that makes the estimator, and a digest of its weights."""
    estimator = subject.estimator
    lines, left = script(subject)
    body = code("reproduce-code", "Python that trains the same network", lines)
    for missing in left:
        body = Html(body + paragraph(f"Left out, since it is code or an object: {missing}."))
    body = Html(body + paragraph(seed(estimator)))
    rows = [("SHA-256 of the weights", digest(estimator))]
    check = SLOPES if hasattr(estimator, "slopes_") else CHECK
    body = Html(
        body
        + facts("Digest", rows)
        + paragraph("This prints it:")
        + code("reproduce-digest", "Python that prints the digest", check)
    )
    return Section("reproduce", "How to reproduce", body)


def script(subject: Subject) -> tuple[str, list[str]]:
    """Return the code, and the parameters that it leaves out."""
    lines, left, used = constructor(subject.estimator)
    imports = [f"from lamina import {', '.join(sorted(used))}", *subject.imports]
    recipe = subject.recipe or ("model.fit(X, y)",)
    return "\n".join([*imports, "", f"model = {lines[0]}", *lines[1:], *recipe]), left


def seed(estimator: Any) -> str:
    """Return what the random state means for a second fit."""
    state = estimator.random_state
    if state is None:
        return (
            "random_state is None: another fit starts from other weights. Set it to an integer to "
            "get the same model each time."
        )
    if isinstance(state, np.random.RandomState):
        return (
            "random_state is a generator, which has moved on since: another fit starts from other "
            "weights. Set it to an integer to get the same model each time."
        )
    return (
        f"random_state is {state}: on the same data, in the same order, the same call gives the "
        f"same weights."
    )


def digest(estimator: Any) -> str:
    """Return the SHA-256 of all parameters' bytes, layer by layer."""
    own = hashlib.sha256()
    for layer in layers.of(estimator):
        for array in layer:
            own.update(np.ascontiguousarray(array).tobytes())
    return own.hexdigest()
