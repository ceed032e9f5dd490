"""PostgreSQL, in a cluster of its own that is thrown away: copied in, indexed, analysed, asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.bench.peers import in_sql
from tests.bench.peers.job import M14, Findings

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


@dataclass(frozen=True)
class Server:
    """A cluster that runs."""

    programs: Path
    become: list[str]
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def do(self, *arguments: object, stdin: object = subprocess.DEVNULL) -> bytes:
        done = subprocess.run(
            [*self.become, *map(str, arguments)],
            stdin=stdin,  # type: ignore[call-overload]
            capture_output=True,
            check=False,
            cwd=self.folder,
        )
        assert done.returncode == 0, done.stderr.decode()
        output: bytes = done.stdout
        return output

    def ask(self, sql: str, stdin: object = subprocess.DEVNULL) -> list[str]:
        psql = (self.programs / "psql", "-qAt", "-h", self.folder, "-d", "postgres")
        return self.do(*psql, "-v", "ON_ERROR_STOP=1", "-c", sql, stdin=stdin).decode().splitlines()

    def cpu_seconds(self) -> float:
        """Of the server and of its processes that ended: psql's have, each ended with its psql."""
        number = (self.data / "postmaster.pid").read_text("utf-8").split()[0]
        # After the name, which may hold anything: utime, stime, cutime, cstime are 12th to 15th.
        fields = Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def is_here() -> bool:
    """Whether a server is installed."""
    return _programs() is not None


def run(folder: Path, as_of: date, server: Server) -> Findings:
    ask = server.ask
    words: dict[str, object] = {
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
    return in_sql.findings(ask, words)


def _programs() -> Path | None:
    versions = sorted(PROGRAMS.glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def ready() -> Iterator[Server]:
    """A cluster to ask, which is gone afterwards."""
    programs = _programs()
    assert programs, "PostgreSQL is missing: apt-get install postgresql"
    # PostgreSQL does not run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="mhhs-postgres-"))
    folder.chmod(0o777)
    server = Server(programs, become, folder)
    data, do = server.data, server.do
    try:
        do(programs / "initdb", "-D", data, "-E", "UTF8", "--locale=C", "-A", "trust")
        settings = SETTINGS | {"unix_socket_directories": str(folder)}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        do(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        yield server
    finally:
        subprocess.run(
            [*become, str(programs / "pg_ctl"), "-D", str(data), "-m", "fast", "stop"],
            capture_output=True,
            check=False,
            cwd=folder,
        )
        shutil.rmtree(folder, ignore_errors=True)
