"""Who can read and change the files of a warehouse: as root, and as an ordinary account."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from dashboards import access as access_module
from dashboards import data, exporting, saved_queries
from dashboards.access import AccessRefused, settings
from dashboards.auth import LOCAL_USER
from pipeline.layout import Warehouse
from pipeline.modes import mend
from tests.command import PROJECT, pipeline
from tests.fixture_publication import AFTER, make_warehouse, publication_id
from tests.identity import access_file
from tests.served import free_port, serve
from tests.short import short

NOBODY = 65534
METADATA = "https://id.example.org/.well-known/openid-configuration"


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """The usual umask of an account, and what the commands of a test make of it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def faults(warehouse: Path) -> list[str]:
    """Every folder and file whose mode is not the one that it should have."""
    found = []
    for path in [warehouse, *warehouse.rglob("*")]:
        if path.is_dir():
            allowed = {"0750", "0700"}
        elif path.suffix == ".duckdb" and path.parent.name == "published":
            allowed = {"0440"}
        else:
            allowed = {"0600"} if path.suffix == ".key" else {"0640", "0600"}
        if mode(path) not in allowed:
            found.append(f"{mode(path)} {path.relative_to(warehouse)}")
    return found


# --- a whole warehouse ----------------------------------------------------------------------------


def test_every_file_of_a_warehouse_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing, root, out = tmp_path / "landing", tmp_path / "warehouse", tmp_path / "out"
    monkeypatch.setenv("MHHS_TODAY", "2026-11-11")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(root))
    period = ("--from", "2026-11-01", "--to", "2026-11-10")
    pipeline("simulate", "--points", "1000", "--seed", "3", "--landing", landing, *period)
    where = ("--landing", landing, "--warehouse", root)
    short("run", *where, "--as-of", "2026-11-09")
    os.umask(0o022)
    short("daily", *where, "--day", "2026-11-10")
    os.umask(0o022)
    pipeline("export", "--warehouse", root, "--out", out / "list.csv")
    pipeline("report", "--warehouse", root, "--out", out / "report.pdf")
    port = free_port()
    with serve(root, port, tmp_path / "log", {}):
        # What pages make, in a process that has the umask of the server.
        os.umask(0o027)
        asked = exporting.order(data.store.kept()[0], "exceptions", {})
        exporting.start(asked)
        while exporting.is_running(asked):
            time.sleep(0.1)
        assert exporting.finished(asked), exporting.failure(asked)
        saved_queries.save(LOCAL_USER, "one", "select 1")
        data.downloads.write_csv(data.downloads.log())
    assert faults(root) == []
    assert {mode(path) for path in landing.rglob("*") if path.is_file()} == {"0640"}
    assert {mode(path) for path in out.iterdir()} == {"0640"}


def test_the_next_command_mends_a_warehouse_that_is_open(tmp_path: Path) -> None:
    root = make_warehouse(tmp_path / "warehouse")
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("not ours")
    (root / "history").mkdir()
    (root / "history" / "mpan.key").write_text("0" * 32)
    (root / "history" / "mpan.key").chmod(0o644)
    (root / "exports").mkdir()
    (root / "exports" / "link.csv").symlink_to(elsewhere)
    (root / "of the operator").mkdir(mode=0o755)
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink() and path.name not in ("of the operator", "mpan.key"):
            path.chmod(0o2777 if path.is_dir() else 0o666)
    landing = tmp_path / "landing"
    landing.mkdir()
    pipeline("load", "--landing", landing, "--warehouse", root)
    assert mode(elsewhere) == "0644"
    assert mode(root / "of the operator") == "0755"
    assert mode(root / "published") == "2750"
    # The folder holds more than a warehouse, and a key that others could read is to be replaced.
    assert mode(root) == "2777"
    assert mode(root / "history" / "mpan.key") == "0644"
    (root / "history" / "mpan.key").unlink()
    (root / "of the operator").rmdir()
    pipeline("load", "--landing", landing, "--warehouse", root)
    (root / "exports" / "link.csv").unlink()
    for path in [root, *root.rglob("*")]:
        if path.is_dir():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~stat.S_ISGID)
    assert faults(root) == []


def test_a_stricter_umask_stays(tmp_path: Path) -> None:
    root, landing = make_warehouse(tmp_path / "warehouse"), tmp_path / "landing"
    landing.mkdir()
    os.umask(0o077)
    pipeline("load", "--landing", landing, "--warehouse", root)
    assert mode(root / ".lock") == "0600"


# --- an ordinary account --------------------------------------------------------------------------


@pytest.fixture
def of_nobody() -> Iterator[Path]:
    """A folder that an ordinary account reaches; the folders of the tests are root's."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("Needs root and setpriv, to be an ordinary account.")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_nobody(code: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    ordinary = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return subprocess.run(
        [*ordinary, sys.executable, "-c", code, *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def give(root: Path, account: int = NOBODY) -> None:
    for path in [root, *root.rglob("*")]:
        os.chown(path, account, account)


def test_a_client_that_opens_for_writing_cannot_lock_readers_out(of_nobody: Path) -> None:
    root = make_warehouse(of_nobody / "warehouse")
    file = root / "published" / f"{publication_id(AFTER)}.duckdb"
    give(root)
    opening = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('checkpoint')"
    assert as_nobody(opening, file).returncode == 0  # what 0440 is for
    assert mend(Warehouse(root)) == []
    refused = as_nobody(opening, file)
    assert "Permission denied" in refused.stderr
    reading = opening.replace("sys.argv[1])", "sys.argv[1], read_only=True)")
    assert as_nobody(reading.replace("checkpoint", "from marts.dim_rule"), file).returncode == 0


def test_an_ordinary_account_prunes_read_only_publications_but_none_in_use(of_nobody: Path) -> None:
    root = make_warehouse(of_nobody / "warehouse")
    mend(Warehouse(root))
    give(root)
    pruning = (
        "import sys; from pathlib import Path; from pipeline.layout import Warehouse; "
        "from pipeline.keeping import prune; print(prune(Warehouse(Path(sys.argv[1])), 1))"
    )
    (older,) = (
        path for path in (root / "published").glob("*.duckdb") if publication_id(AFTER) != path.stem
    )
    with closing(duckdb.connect(str(older), read_only=True)):
        done = as_nobody(pruning, root)
        assert f"in_use=['{older.stem}']" in done.stdout, done.stderr
    done = as_nobody(pruning, root)
    assert f"deleted=['{older.stem}']" in done.stdout, done.stderr
    assert not older.exists()


def test_another_account_cannot_read_a_mended_warehouse(of_nobody: Path) -> None:
    root = make_warehouse(of_nobody / "warehouse")
    reading = "import sys; from pathlib import Path; print(list(Path(sys.argv[1]).iterdir()))"
    assert as_nobody(reading, root / "published").returncode == 0
    mend(Warehouse(root))
    assert "PermissionError" in as_nobody(reading, root / "published").stderr


def test_files_of_another_account_are_left_and_said(of_nobody: Path) -> None:
    root = make_warehouse(of_nobody / "warehouse")
    give(root)
    foreign = root / "published" / "CURRENT"
    os.chown(foreign, 0, 0)
    tidying = (
        "import sys; from pathlib import Path; from pipeline.layout import Warehouse; "
        "from pipeline.tidying import tidy; tidy(Warehouse(Path(sys.argv[1])))"
    )
    assert as_nobody(tidying, root).returncode == 0
    assert mode(foreign) == "0644"
    assert mode(root / "published") == "0750"
    said = (root / "logs" / "pipeline.jsonl").read_text()
    assert "files_not_private" in said
    assert str(foreign) in said


# --- the settings of the sign-in ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "says"),
    [
        (0o644, "can read the access file .* holds provider.client_secret and session.cookie_sec"),
        (0o640, "can read the access file .*: run `chmod 600 .*access.toml`"),
        (0o604, "can read the access file"),
        (0o620, "can change the access file .* who has which role"),
        (0o602, "can change the access file"),
        (0o666, "can change the access file .*mode is 0666"),
    ],
)
def test_a_settings_file_that_is_open_is_refused(tmp_path: Path, bits: int, says: str) -> None:
    file = access_file(tmp_path, "https://mhhs.example.org", METADATA)
    assert settings({"MHHS_ACCESS": str(file)})
    access_module._read.cache_clear()
    file.chmod(bits)
    with pytest.raises(AccessRefused, match=says):
        settings({"MHHS_ACCESS": str(file)})
    show = ("dashboard", "--warehouse", tmp_path, "--headless", "--access", file)
    assert "access file" in pipeline(*show, expect=2).stderr


def test_a_settings_file_without_secrets_may_be_read_but_not_changed(tmp_path: Path) -> None:
    file = access_file(tmp_path, "https://mhhs.example.org", METADATA)
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line for line in lines if "secret" not in line))
    given = {
        "MHHS_ACCESS": str(file),
        "MHHS_ACCESS_PROVIDER_CLIENT_SECRET": "s",
        "MHHS_ACCESS_SESSION_COOKIE_SECRET": "c" * 32,
    }
    file.chmod(0o644)
    assert settings(given)
    access_module._read.cache_clear()
    file.chmod(0o664)
    with pytest.raises(AccessRefused, match="can change"):
        settings(given)


def test_a_secrets_folder_may_be_readable_but_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path("/run/secrets") in access_module.SECRET_MOUNTS
    monkeypatch.setattr(access_module, "SECRET_MOUNTS", (tmp_path.resolve(),))
    file = access_file(tmp_path, "https://mhhs.example.org", METADATA)
    for bits, is_right in ((0o444, True), (0o440, True), (0o464, False), (0o446, False)):
        access_module._read.cache_clear()
        file.chmod(bits)
        if is_right:
            assert settings({"MHHS_ACCESS": str(file)})
        else:
            with pytest.raises(AccessRefused, match="can change"):
                settings({"MHHS_ACCESS": str(file)})


def test_a_read_only_mount_is_a_secrets_mount(tmp_path: Path) -> None:
    """As Kubernetes mounts a secret: a read-only tmpfs, links to files of mode 0444."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("Needs root and unshare, to mount.")
    file = access_file(tmp_path, "https://mhhs.example.org", METADATA)
    mount = tmp_path / "mount"
    mount.mkdir()
    reading = (
        "from dashboards.access import settings; "
        f"print(settings({{'MHHS_ACCESS': '{mount}/access.toml'}}).client_id)"
    )
    script = f"""
    mount -t tmpfs tmpfs {mount} || exit 99
    mkdir {mount}/..data && cp {file} {mount}/..data/ && chmod 444 {mount}/..data/access.toml
    ln -s ..data/access.toml {mount}/access.toml
    {sys.executable} -c "{reading}" 2>&1 | tail -1
    mount -o remount,ro {mount}
    {sys.executable} -c "{reading}"
    """
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 99:
        pytest.skip("This machine lets nobody mount.")
    refused, accepted = done.stdout.splitlines()
    assert "can read the access file" in refused
    assert accepted == "mhhs-readiness"
