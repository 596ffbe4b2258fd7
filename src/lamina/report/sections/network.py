"""The network drawn, and its layers as a table."""

from __future__ import annotations

from math import prod
from typing import Any

from lamina.estimators.html import network as picture
from lamina.report.figures import captioned
from lamina.report.markup import Html, Section, details, grid
from lamina.report.subject import Subject

ROWS = 60


def section(subject: Subject) -> Section:
    """Return the picture and the table."""
    estimator = subject.estimator
    drawn = captioned(
        "What a sample goes through, from above. Widths go by the logarithm of the units.",
        picture.draw(estimator, "network-picture"),
    )
    rows = list(layers(estimator))
    table = grid(
        "network-layers",
        "Layers",
        ["layer", "units", "activation", "parameters", "largest weight"],
        rows[:ROWS],
        "numbers",
    )
    if len(rows) > 8:
        table = details(f"All layers: {len(rows):,}", table)
    return Section("network", "The network", Html(f'<div class="beside">{drawn}{table}</div>'))


def layers(estimator: Any) -> list[list[str]]:
    """Return a row for each layer."""
    network = estimator.network_
    last = len(network.layers)
    rows = []
    for i, (layer, shapes) in enumerate(zip(network.layers, network.shapes, strict=True), 1):
        called = network.output if i == last else layer.called
        n = sum(prod(shape) for shape in shapes)
        name = f"{i} (output)" if i == last else f"{i}"
        largest = abs(estimator.coefs_[i - 1]).max()
        rows.append([name, f"{layer.units:,}", called, f"{n:,}", f"{largest:.4g}"])
    return rows
