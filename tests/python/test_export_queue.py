"""The queue of exports: turns, quotas, what is left of the disk, and leftovers. Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboards import export_shares
from dashboards.access import AccessRefused
from dashboards.export_limits import AT_ONCE, KEPT, PER_READER, limits
from dashboards.export_queue import Job, Queue
from dashboards.serve import command
from pipeline import room
from pipeline.errors import PipelineError
from pipeline.layout import Warehouse
from pipeline.leftovers import scratch_folder, sweep_exports
from tests.command import PROJECT
from tests.fixture_publication import AFTER, BEFORE, make_warehouse, publication_id

# As a worker writes: a scratch folder, a file, its manifest; {0} bytes a step, {1} steps.
_WRITER = """
import sys, time
from pathlib import Path
from pipeline.leftovers import scratch_folder
from pipeline.worker_process import begin
begin()
folder = Path(sys.argv[1])
with scratch_folder(folder) as scratch:
    with (scratch / "rows").open("wb") as file:
        for _ in range({1}):
            file.write(bytes({0}))
            file.flush()
            time.sleep(0.1)
    (scratch / "rows").replace(folder / "list.csv")
    (folder / "list.csv.manifest.json").write_text("{{}}")
"""


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv(room.RESERVE_VARIABLE, "1MB")
    return Warehouse(make_warehouse(tmp_path / "warehouse"))


@pytest.fixture
def queue() -> Iterator[Queue]:
    made = Queue()
    yield made
    made.end()


@pytest.fixture
def job(warehouse: Warehouse) -> Callable[..., Job]:
    def of(name: str, size: int = 1000, steps: int = 1, program: str = _WRITER) -> Job:
        folder = warehouse.exports / publication_id(AFTER) / name
        code = program.format(size, steps)
        return Job(str(folder), warehouse, (sys.executable, "-c", code, str(folder)), "", folder)

    return of


def wait(queue: Queue, *jobs: Job, seconds: float = 60) -> None:
    until(lambda: not any(queue.is_there(each.key) for each in jobs), seconds)


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def files(warehouse: Warehouse) -> list[str]:
    return sorted(
        path.name
        for path in warehouse.exports.rglob("*")
        if path.is_file() and path.name != ".reader"
    )


def test_few_run_at_once_and_the_rest_wait_in_order(
    queue: Queue, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AT_ONCE, "2")
    jobs = [job(f"job{number}", steps=15) for number in range(6)]
    for number, each in enumerate(jobs):
        queue.submit(each, f"reader {number}")
    assert [queue.before(each.key) for each in jobs] == [None, None, 2, 3, 4, 5]
    most = 0

    def over() -> bool:
        nonlocal most
        there = [each for each in jobs if queue.is_there(each.key)]
        most = max(most, sum(queue.before(each.key) is None for each in there))
        return not there

    until(over)
    assert most == 2
    assert all((Path(each.key) / "list.csv").exists() for each in jobs)


def test_the_same_file_is_made_once_and_counts_for_the_reader_who_asked_first(
    queue: Queue, job: Callable[..., Job], warehouse: Warehouse
) -> None:
    asked = job("same", size=5000, steps=3)
    queue.submit(asked, "one")
    queue.submit(asked, "two")
    wait(queue, asked)
    assert export_shares.kept(warehouse, "one") > 5000
    assert export_shares.kept(warehouse, "two") == 0


def test_a_reader_may_have_only_so_many_at_a_time_and_others_are_not_held_up(
    queue: Queue, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PER_READER, "2")
    jobs = [job(f"job{number}", steps=5) for number in range(4)]
    for each in jobs[:3]:
        queue.submit(each, "one")
    queue.submit(jobs[3], "two")
    assert [queue.is_there(each.key) for each in jobs] == [True, True, False, True]
    said = queue.failure(jobs[2].key, "one")
    assert said
    assert "You have 2 files waiting or being made" in said
    assert queue.failure(jobs[2].key, "two") is None
    wait(queue, *jobs)
    queue.submit(jobs[2], "one")
    assert queue.failure(jobs[2].key, "one") is None


def test_an_export_that_crosses_the_readers_share_is_stopped_and_leaves_nothing(
    queue: Queue, job: Callable[..., Job], warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEPT, "2MB")
    small, large, others = job("small"), job("large", 200_000, 600), job("others", steps=3)
    queue.submit(small, "one")
    wait(queue, small)
    queue.submit(large, "one")
    queue.submit(others, "two")
    wait(queue, large, others)
    said = queue.failure(large.key, "one")
    assert said
    assert "more than 2\u00a0MB, the most that one reader may keep" in said
    assert not Path(large.key).exists()
    assert queue.failure(others.key, "two") is None
    assert len(files(warehouse)) == 4  # of the other two


def test_two_exports_of_one_reader_share_the_quota(
    queue: Queue, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEPT, "2MB")
    jobs = [job("a", 150_000, 10), job("b", 150_000, 10)]  # each alone would fit
    for each in jobs:
        queue.submit(each, "one")
    wait(queue, *jobs)
    assert [bool(queue.failure(each.key, "one")) for each in jobs].count(True) == 1


def test_old_files_of_a_reader_give_way_and_new_ones_do_not(
    queue: Queue, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEPT, "1MB")
    old, new, third = (job(name, 900_000) for name in ("old", "new", "third"))
    queue.submit(old, "one")
    wait(queue, old)
    queue.submit(new, "one")
    wait(queue, new)
    assert queue.failure(new.key, "one")  # stopped: the old one is too young to go
    past = time.time() - export_shares.SAFE_SECONDS - 1
    os.utime(Path(old.key) / ".reader", (past, past))
    queue.submit(new, "one")
    wait(queue, new)
    assert queue.failure(new.key, "one") is None
    assert not Path(old.key).exists()
    monkeypatch.setenv(KEPT, "900kB")
    queue.submit(third, "one")
    assert "Narrow the list" in str(queue.failure(third.key, "one"))
    assert (Path(new.key) / "list.csv").exists()


def test_exports_leave_the_space_that_the_next_run_needs(
    queue: Queue, job: Callable[..., Job], warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job("slow", 1_000_000, 600)
    # As much as is free now, less a few megabytes: the export itself crosses it.
    left = room.free(warehouse)
    monkeypatch.setenv(room.RESERVE_VARIABLE, f"{left // 1_000_000 - 20}MB")
    queue.submit(asked, "one")
    wait(queue, asked)
    assert "The disk of the server is nearly full" in str(queue.failure(asked.key, "one"))
    assert not Path(asked.key).exists()
    monkeypatch.setenv(room.RESERVE_VARIABLE, "900TB")
    for each in (job("refused"), Job("compare", warehouse, (sys.executable, "-c", "pass"))):
        queue.submit(each, "one")
        assert not queue.is_there(each.key)
        assert "are kept for the next run" in str(queue.failure(each.key, "one"))


def test_the_reserve_is_at_least_twice_the_current_publication(warehouse: Warehouse) -> None:
    file = warehouse.publication(publication_id(AFTER))
    assert room.reserve(warehouse, {room.RESERVE_VARIABLE: "1kB"}) == 2 * file.stat().st_size
    assert room.reserve(warehouse, {}) == 5_000_000_000
    warehouse.current_pointer.write_bytes(b"\xff\xfe")
    assert room.reserve(warehouse, {room.RESERVE_VARIABLE: "1kB"}) == 1000


@pytest.mark.parametrize("variable", [AT_ONCE, PER_READER, KEPT, room.RESERVE_VARIABLE])
@pytest.mark.parametrize("text", ["many", "-1", "0x", "5 lightyears"])
def test_settings_that_are_wrong_are_refused_before_the_server_starts(
    variable: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(room.BadSetting, match=variable) as refused:
        limits({variable: text})
    assert isinstance(refused.value, PipelineError)
    monkeypatch.setenv(variable, text)
    with pytest.raises((room.BadSetting, AccessRefused), match=variable):
        command(tmp_path)


def test_a_worker_that_ignores_the_stop_is_killed_and_its_leftovers_go(
    queue: Queue, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEPT, "1MB")
    deaf = _WRITER.replace(
        "folder = Path",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); folder = Path",
    )
    asked = job("deaf", 500_000, 600, deaf)
    queue.submit(asked, "one")
    wait(queue, asked)
    assert "the most that one reader may keep" in str(queue.failure(asked.key, "one"))
    assert not Path(asked.key).exists()


# --- leftovers ------------------------------------------------------------------------------------


def _killed_while_writing(folder: Path) -> None:
    code = _WRITER.format(1000, 600)
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=PROJECT)
    until(lambda: any(folder.glob(".export-*/rows")))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(folder.glob(".export-*"))


def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(
    warehouse: Warehouse,
) -> None:
    exports = warehouse.exports / publication_id(AFTER)
    daily = warehouse.exports / "daily" / "2026-11-10"
    for folder in (exports / "dead", daily):
        _killed_while_writing(folder)
    (daily / "exceptions-all.csv").write_text("kept")
    finished = exports / "finished"
    finished.mkdir()
    for name in ("list.csv", "list.csv.manifest.json", ".list.csv.manifest.json.part"):
        (finished / name).write_text("{}")
    fresh = finished / ".fresh.part"
    fresh.write_text("")
    os.utime(finished / ".list.csv.manifest.json.part", (0, 0))
    half = exports / "half"  # killed between the file and its manifest
    half.mkdir()
    (half / "list.csv").write_text("a")
    gone = warehouse.exports / "20250101-20250102T030405Z-0123abcd" / "x"
    gone.mkdir(parents=True)
    foreign = exports / "finished" / ".export-of something else"
    foreign.mkdir()
    old = warehouse.exports / "audit" / "0123"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    with scratch_folder(exports / "alive") as scratch:
        (scratch / "rows").write_text("half")
        sweep_exports(warehouse)
        assert (scratch / "rows").exists()
    assert not (exports / "dead").exists()
    assert not half.exists()
    assert not gone.parent.exists()
    assert not old.exists()
    assert not list(daily.glob(".export-*"))
    assert (daily / "exceptions-all.csv").exists()
    assert sorted(path.name for path in finished.iterdir()) == [
        ".export-of something else", ".fresh.part", "list.csv", "list.csv.manifest.json",
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["run", "server"])
def test_leftovers_go_at_the_start_of_a_run_and_of_the_server(
    by: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    folder = warehouse.exports / publication_id(AFTER) / "dead"
    _killed_while_writing(folder)
    if by == "run":
        (tmp_path / "landing").mkdir()
        words = ("-m", "pipeline", "load", "--landing", str(tmp_path / "landing"))
        words = (*words, "--warehouse", str(warehouse.root))
    else:
        words = ("-c", "import dashboards.asgi")
    subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        env={**os.environ, "MHHS_WAREHOUSE": str(warehouse.root)},
        check=True,
        capture_output=True,
    )
    assert not folder.exists()


def test_pruning_removes_the_exports_of_deleted_publications(warehouse: Warehouse) -> None:
    from pipeline.keeping import prune

    for day in (BEFORE, AFTER):
        folder = warehouse.exports / publication_id(day) / "x"
        folder.mkdir(parents=True)
        (folder / "list.csv.manifest.json").write_text("{}")
    assert prune(warehouse, 1).deleted == [publication_id(BEFORE)]
    assert [path.name for path in warehouse.exports.iterdir()] == [publication_id(AFTER)]
