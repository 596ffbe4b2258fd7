"""The committed stub is what nanobind generates from the extension."""

from pathlib import Path

import pytest

stubgen = pytest.importorskip("nanobind.stubgen")
native = pytest.importorskip("lamina.engines._native")

STUB = Path(__file__).parents[2] / "src" / "lamina" / "engines" / "_native.pyi"


def test_the_stub_is_the_generated_one():
    generator = stubgen.StubGen(native)
    generator.put(native)
    assert generator.get() == STUB.read_text()
