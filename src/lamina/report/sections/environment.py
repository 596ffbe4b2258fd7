"""What this page was made with."""

from __future__ import annotations

import platform

import numpy
import scipy
import sklearn

from lamina._version import __version__
from lamina.engines import engine_info
from lamina.report.markup import Html, Section, facts, paragraph
from lamina.report.subject import Subject


def section(subject: Subject) -> Section:
    """Return versions and engine."""
    info = engine_info()
    rows = [
        ("lamina", __version__),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("NumPy", numpy.__version__),
        ("scikit-learn", sklearn.__version__),
        ("SciPy", scipy.__version__),
        ("engine", f"{info.engine}, {info.isa}, at most {info.threads} threads, {info.compiler}"),
        ("system", f"{platform.system()}, {platform.machine()}"),
    ]
    note = paragraph(
        "Where this page was written, which need not be where the network was trained."
    )
    return Section("environment", "Environment", Html(note + facts("Versions and engine", rows)))
