"""How much memory this process may still take."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["available"]

_UNKNOWN = 4 << 30
_CGROUPS = (  # the limit and the use of a container, of both versions
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def available() -> int:
    """Return the bytes that are free; half of what the machine has where it does not say."""
    found = [_of_machine(), *(_left(*names) for names in _CGROUPS)]
    known = [own for own in found if own is not None]
    return min(known) if known else _UNKNOWN


def _of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):  # Windows
        return None


def _left(limit: str, used: str) -> int | None:
    try:
        return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()))
    except (OSError, ValueError):  # there is none, or "max"
        return None
