"""What this process may use of the machine: memory and cores.

In a container the machine has more than the process may use. DuckDB's own defaults know the limit
of the control group of the process, but neither those of the groups above it nor the CPU affinity.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path

_ROOT = Path("/")
_MOST = 4 * 1000**3


def cores(root: Path = _ROOT) -> int:
    """The least of the host's cores, the CPU affinity and the quotas of every control group."""
    has_affinity = hasattr(os, "sched_getaffinity")
    allowed = [len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1]
    for folder in _groups(root, "cpu"):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if not quota:
            quota = _read(folder / "cpu.cfs_quota_us")
            period = _read(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):  # none: "max", or -1
            allowed.append(ceil(int(quota) / int(period)))
    return max(1, min(allowed))


def memory(root: Path = _ROOT) -> int:
    """The least of the host's memory and the limits of every control group, in bytes."""
    allowed = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _groups(root, "memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            limit = _read(folder / name)
            if limit.isdigit():  # none: "max"
                allowed.append(int(limit))
    return min(allowed)


def default_memory_limit(root: Path = _ROOT) -> str:
    """Half of the memory, at most 4 GB, as DuckDB reads it: beyond that it spills to disk."""
    return f"{min(memory(root) // 2, _MOST) // 1000**2}MB"


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the control groups of this process that limit a resource, up to the root."""
    own = dict(_own_groups(root))
    for line in _read(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), (after.split() + [""] * 3)[:3]
        if kind == "cgroup2":
            path = own.get("")
        elif kind == "cgroup" and controller in options.split(","):
            path = own.get(controller)
        else:
            continue
        if path is None or len(fields) < 5:
            continue
        top = root / fields[4].lstrip("/")
        # A container sees the group in which it was started as the root of its mount.
        inner = Path(path.lstrip("/"))
        mounted = Path(fields[3].lstrip("/"))
        folder = top / (inner.relative_to(mounted) if inner.is_relative_to(mounted) else "")
        while True:
            yield folder
            if folder == top:
                break
            folder = folder.parent


def _own_groups(root: Path) -> Iterator[tuple[str, str]]:
    """The group of this process by controller; the one of version 2 under an empty name."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for controller in controllers.split(","):
            yield controller, path


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
