"""PostgreSQL, in a cluster of its own that is thrown away: copied in, indexed, analysed, asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tests.bench.peers import in_sql
from tests.bench.peers.job import M14, Findings, found

PROGRAMS = Path("/usr/lib/postgresql")
# For one job on one machine that may be lost: memory to sort in, no waiting for the disk.
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "2GB",
    "work_mem": "1GB",
    "maintenance_work_mem": "1GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "8GB",
    "max_parallel_workers_per_gather": "2",
}
TABLES = {
    "registration": (
        "registration_id text, mpan bigint, supplier_mpid text, effective_from date, "
        "effective_to date, registration_status text, market_segment text, rmp_status text, "
        "mp_status text"
    ),
    "migration": "mpan bigint, direction text, effective_from date, supplier_mpid text",
    "qualified": "mpid text, market_segment text, valid_from date, valid_to date",
}

Ask = Callable[..., bytes]


def is_here() -> bool:
    """Whether a server is installed."""
    return _programs() is not None


def run(folder: Path, as_of: date, ask: Ask) -> Findings:
    words = {
        "as_of": as_of,
        "m14": M14,
        "temporary": "unlogged",
        "day_after_end": "effective_to + 1",
    }
    for name, columns in TABLES.items():
        ask(f"create unlogged table {name} ({columns})")
        with (folder / f"{name}.csv").open("rb") as file:
            ask(f"copy {name} from stdin (format csv, header)", file)
    ask("analyze")
    ask(in_sql.HOLDING.format(**words))
    ask("create index on holding (mpan); analyze holding")
    for statement in (in_sql.UNQUALIFIED, in_sql.EVENT, in_sql.MIGRATED):
        ask(statement.format(**words))
    ask("analyze")
    asked = {
        name: ask(sql.format(**words)).decode().splitlines()
        for name, sql in in_sql.QUESTIONS.items()
    }
    padded = {
        name: [f"{key[: key.index(' ')].zfill(13)}{key[key.index(' ') :]}" for key in keys]
        if name in {"SUP-02", "SUP-07"}
        else keys
        for name, keys in asked.items()
    }
    return {name: found(keys) for name, keys in padded.items()}


def _programs() -> Path | None:
    versions = sorted(PROGRAMS.glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def ready() -> Iterator[Ask]:
    """A cluster to ask, which is gone afterwards."""
    programs = _programs()
    assert programs, "PostgreSQL is missing: apt-get install postgresql"
    # PostgreSQL does not run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="mhhs-postgres-"))
    folder.chmod(0o777)
    data = folder / "data"

    def do(*arguments: object, stdin: object = subprocess.DEVNULL) -> bytes:
        done = subprocess.run(
            [*become, *map(str, arguments)],
            stdin=stdin,  # type: ignore[call-overload]
            capture_output=True,
            check=False,
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def ask(sql: str, stdin: object = subprocess.DEVNULL) -> bytes:
        psql = (programs / "psql", "-qAt", "-h", folder, "-d", "postgres")
        return do(*psql, "-v", "ON_ERROR_STOP=1", "-c", sql, stdin=stdin)

    try:
        do(programs / "initdb", "-D", data, "-E", "UTF8", "--locale=C", "-A", "trust")
        settings = SETTINGS | {"unix_socket_directories": str(folder)}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        do(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        yield ask
    finally:
        subprocess.run(
            [*become, str(programs / "pg_ctl"), "-D", str(data), "-m", "fast", "stop"],
            capture_output=True,
            check=False,
            cwd=folder,
        )
        shutil.rmtree(folder, ignore_errors=True)
