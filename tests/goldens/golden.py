"""Where the golden files are written: JSON, floats as their shortest exact decimal form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def save(name: str, made_by: str, content: dict[str, Any]) -> None:
    """Write ``name.json`` beside this file, one top-level entry per line."""
    entries = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    lines = ",\n".join([f'"made_by": {json.dumps(made_by)}', *entries])
    path = Path(__file__).with_name(f"{name}.json")
    path.write_text("{\n" + lines + "\n}\n")
    print(f"{path}: {path.stat().st_size} bytes")
