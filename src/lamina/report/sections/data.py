"""What the network was fitted to."""

from __future__ import annotations

from lamina.estimators.html import facts, text
from lamina.report.markup import Html, Section, details, listed
from lamina.report.markup import facts as table
from lamina.report.subject import Subject

NAMES = 500  # that are written out


def section(subject: Subject) -> Section:
    """Return facts of the data and the fit, and all names."""
    estimator = subject.estimator
    # Times differ from run to run, and the same model is to give the same page.
    left = {"time of the steps"}
    if subject.facts:  # which have the columns and the classes as the table has them
        left |= {"features", "classes"}
    called = {"record_": "recorded by diagnose"}
    rows = [(called.get(k, k), v) for k, v in facts.data(estimator) if k not in left]
    unit = facts.unit(estimator, 1)  # which a record does not know
    rows = [(k, v.replace("epoch", unit) if k in called.values() else v) for k, v in rows]
    if subject.facts:
        rows.insert(0, ("inputs of the network", f"{estimator.network_.n_inputs:,}"))
    body = table("Data and fit", [*subject.facts, *rows])
    features = getattr(estimator, "feature_names_in_", None)
    if features is not None and len(features) > 6:
        body = Html(body + _names("features", [str(name) for name in features]))
    if len(subject.names) > 6:
        body = Html(body + _names("outputs", list(subject.names)))
    return Section("data", "Data", body)


def _names(what: str, names: list[str]) -> Html:
    shown = listed(names[:NAMES], "names")
    more = f" (the first {NAMES})" if len(names) > NAMES else ""
    return details(f"Names of all {text.number(len(names))} {what}{more}", shown)
