"""The record of what a figure depends on: machine, versions, threads, load, date."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

PACKAGES = ("lamina", "numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib", "onnxruntime")
ISA_FLAGS = ("sse4_2", "avx2", "fma", "avx512f", "avx512_bf16", "asimd", "sve")


def environment(engine: Any, threads: int) -> dict[str, Any]:
    """Return what a figure depends on: machine, versions, threads, load, date."""
    import lamina  # here, so that a report starts without it
    from lamina.engines import engine_info

    versions = {"python": platform.python_version(), "lamina": lamina.__version__}
    for package in PACKAGES[1:]:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cpu": cpu_name(),
        "cpu_flags": [flag for flag in ISA_FLAGS if flag in _cpuinfo("flags", "Features").split()],
        "cores": os.cpu_count(),
        "threads": threads,
        "engine": engine.name,
        "engine_info": dict(engine_info()._asdict()) if engine.name == "native" else None,
        "versions": versions,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command(),
    }


def command() -> str:
    """Return the command without the places of this machine's files."""
    words = [os.path.basename(sys.argv[0])]
    for before, word in zip(sys.argv, sys.argv[1:], strict=False):
        if word.startswith(("--json=", "--data=")):
            continue
        if word != "--json" and before not in ("--json", "--data"):
            words.append(word)
        elif before == "--data":
            words.append("DIR")
    return "python benchmarks/" + " ".join(words)


def cpu_name() -> str:
    """Return the processor's name as the system knows it."""
    return _cpuinfo("model name", "Model") or platform.processor() or platform.machine()


def _cpuinfo(*keys: str) -> str:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key.strip() in keys:
                    return value.strip()
    except OSError:
        pass
    return ""


def line(found: Mapping[str, Any]) -> str:
    """Return machine and engine in one line."""
    isa = (found["engine_info"] or {}).get("isa")
    load = found["load"] or 0.0
    busy = " (busy: not to be quoted)" if load > found["cores"] / 2 else ""
    return (
        f"{found['cpu']}, {found['threads']} of {found['cores']} cores, lamina "
        f"{found['versions']['lamina']} ({found['engine']} engine{', ' + isa if isa else ''}), "
        f"load {load:.1f}{busy}, {found['date']}"
    )
