"""Limits are those of the process: control groups of both versions, nested too, CPU affinity."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.machine import cores, default_memory_limit, memory
from tests.command import PROJECT

HOST = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
GB = 1000**3
V2 = "30 24 0:26 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = (
    "31 24 0:27 {root} /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
    "32 24 0:28 {root} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
)
OWN_V1 = "4:memory:{group}\n3:cpuset:/\n1:cpu,cpuacct:{group}\n0::/\n"


def _tree(root: Path, mounts: str, own: str, files: Mapping[str, object]) -> Path:
    """What the kernel shows of control groups, below a folder of its own."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n24 22 0:22 / /sys rw - sysfs sysfs rw\n" + mounts
    )
    (root / "proc/self/cgroup").write_text(own)
    for name, content in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return root


def _v1(group: str, root: str = "/") -> tuple[str, str]:
    return V1.format(root=root), OWN_V1.format(group=group)


@pytest.mark.parametrize(
    ("mounts", "own", "files", "expected"),
    [
        ("", "", {}, HOST),
        # What a container sees: its own group as the root.
        (V2.format(root="/"), "0::/\n", {"memory.max": GB}, GB),
        (V2.format(root="/"), "0::/\n", {"memory.max": "max", "memory.high": 2 * GB}, 2 * GB),
        (V2.format(root="/"), "0::/\n", {"memory.max": "max"}, HOST),
        # The limit is of a group above.
        (
            V2.format(root="/"),
            "0::/system.slice/mhhs.service\n",
            {"system.slice/memory.max": GB, "system.slice/mhhs.service/memory.max": "max"},
            GB,
        ),
        # The group of the host is named, and its folder is the mount itself.
        (V2.format(root="/docker/1f"), "0::/docker/1f/a\n", {"a/memory.max": GB}, GB),
        (*_v1("/docker/1f", "/docker/1f"), {"memory/memory.limit_in_bytes": GB}, GB),
        (*_v1("/docker/1f", "/"), {"memory/docker/memory.limit_in_bytes": GB}, GB),
        (*_v1("/"), {"memory/memory.limit_in_bytes": 9223372036854771712}, HOST),
        (*_v1("/../elsewhere"), {"memory/memory.limit_in_bytes": GB}, GB),
    ],
)
def test_memory(
    tmp_path: Path, mounts: str, own: str, files: Mapping[str, object], expected: int
) -> None:
    root = _tree(tmp_path, mounts, own, files)
    assert memory(root) == min(HOST, expected)
    assert default_memory_limit(root) == f"{min(memory(root) // 2, 4 * GB) // 1000**2}MB"


@pytest.mark.parametrize(
    ("mounts", "own", "files", "expected"),
    [
        (V2.format(root="/"), "0::/\n", {"cpu.max": "100000 100000"}, 1),
        (V2.format(root="/"), "0::/\n", {"cpu.max": "50000 100000"}, 1),
        (V2.format(root="/"), "0::/a/b\n", {"a/cpu.max": "90000 100000"}, 1),
        (V2.format(root="/"), "0::/\n", {"cpu.max": "max 100000"}, None),
        (V2.format(root="/"), "0::/\n", {"cpu.max": "99900000 100000"}, None),
        (
            *_v1("/a"),
            {
                "cpu,cpuacct/a/cpu.cfs_quota_us": 70000,
                "cpu,cpuacct/a/cpu.cfs_period_us": 100000,
            },
            1,
        ),
        (
            *_v1("/a"),
            {"cpu,cpuacct/a/cpu.cfs_quota_us": -1, "cpu,cpuacct/a/cpu.cfs_period_us": 100000},
            None,
        ),
    ],
)
def test_cores(
    tmp_path: Path, mounts: str, own: str, files: Mapping[str, object], expected: int | None
) -> None:
    usual = len(os.sched_getaffinity(0))
    assert cores(_tree(tmp_path, mounts, own, files)) == (expected or usual)


_ASK = "from pipeline.machine import *; from pipeline.query import whole_machine as w; " + (
    "print(cores(), memory(), w().threads, w().memory_mb)"
)


def _asked(*words: str) -> list[int]:
    done = subprocess.run(
        [*words, sys.executable, "-c", _ASK],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(each) for each in done.stdout.split()]


def test_affinity() -> None:
    first = min(os.sched_getaffinity(0))
    assert _asked("taskset", "-c", str(first))[::2] == [1, 1]


def test_the_default_of_the_command_line() -> None:
    first = min(os.sched_getaffinity(0))
    code = "from pipeline.cli import making as m; import click; c = click.Context(m.build); "
    code += "print({p.name: p.get_default(c) for p in m.build.params}['threads'])"
    done = subprocess.run(
        ["taskset", "-c", str(first), sys.executable, "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


@pytest.fixture
def group() -> Iterator[list[Path]]:
    """A real control group of this machine with a limit, and one inside it without."""
    name = f"mhhs-{os.getpid()}"
    made = []
    try:
        for top, file in (("memory", "memory.limit_in_bytes"), ("", "memory.max")):
            outer = Path("/sys/fs/cgroup", top, name)
            if not outer.parent.joinpath("cgroup.procs").exists():
                continue
            outer.mkdir()
            made += [outer, outer / "inner"]
            (outer / "inner").mkdir()
            if (outer / file).exists():
                (outer / file).write_text(str(1 << 30))
                break
        else:
            pytest.skip("no control group with a memory limit can be made here")
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    yield made
    for folder in reversed(made):
        folder.rmdir()


@pytest.mark.parametrize("place", [0, 1], ids=["own", "nested"])
def test_a_real_group(group: list[Path], place: int) -> None:
    procs = group[-2:][place] / "cgroup.procs"
    _, limit, _, memory_mb = _asked("sh", "-c", f'echo $$ > {procs}; exec "$@"', "sh")
    assert limit == 1 << 30
    assert memory_mb == (1 << 30) // 2_000_000
