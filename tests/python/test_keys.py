"""Keys of a warehouse: made once, replaced on demand, refused when they are no secret."""

from __future__ import annotations

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboards.pseudonym import pseudonym as audit_hash
from pipeline import keys
from pipeline.layout import Warehouse
from pipeline.pseudonym import Pseudonyms
from tests.command import pipeline

OLD = "0123456789abcdef" * 2


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")


def test_a_warehouse_has_one_key_whoever_asks_first(warehouse: Warehouse) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: keys.pseudonym_key(warehouse), range(64)))
    (key,) = found
    assert re.fullmatch(r"[0-9a-f]{32}", key)
    assert stat.S_IMODE(warehouse.mask_key.stat().st_mode) == 0o600
    assert [each.name for each in warehouse.mask_key.parent.iterdir()] == ["pseudonym.key"]


def test_the_command_replaces_the_key(warehouse: Warehouse) -> None:
    before = keys.pseudonym_key(warehouse)
    said = pipeline("rotate-key", "--warehouse", warehouse.root)
    after = keys.pseudonym_key(warehouse)
    assert before != after
    assert Pseudonyms(before).of("1000000000012") != Pseudonyms(after).of("1000000000012")
    assert "Saved queries and files that contain an h_... no longer match." in said.stdout
    assert before not in said.stdout + said.stderr
    assert after not in said.stdout + said.stderr
    assert stat.S_IMODE(warehouse.mask_key.stat().st_mode) == 0o600
    assert [each.name for each in warehouse.mask_key.parent.iterdir()] == ["pseudonym.key"]


def test_there_must_be_a_warehouse(tmp_path: Path) -> None:
    said = pipeline("rotate-key", "--warehouse", tmp_path / "none", expect=3)
    assert "There is no warehouse" in said.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["run", "daily"])
def test_an_upgrade_replaces_the_key_that_sql_could_read(
    warehouse: Warehouse, tmp_path: Path, command: str
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    warehouse.exposed_key.parent.mkdir(parents=True)
    warehouse.exposed_key.write_text(OLD + "\n")
    arguments = (command, "--landing", landing, "--warehouse", warehouse.root)
    expected = {"run": 3, "daily": 6}[command]  # there are no files
    said = pipeline(*arguments, expect=expected)
    assert said.stderr.count(keys.REPLACED) == 1
    assert not warehouse.exposed_key.exists()
    assert keys.pseudonym_key(warehouse) != OLD
    again = pipeline(*arguments, expect=expected)
    assert keys.REPLACED not in again.stderr


def test_an_upgrade_keeps_a_key_that_is_new_already(warehouse: Warehouse) -> None:
    key = keys.pseudonym_key(warehouse)
    warehouse.exposed_key.write_text(OLD)
    assert keys.retire_exposed_key(warehouse)
    assert not keys.retire_exposed_key(warehouse)
    assert keys.pseudonym_key(warehouse) == key


@pytest.mark.parametrize(
    "content", ["", "short", OLD[:-1], OLD + "0", OLD.upper(), OLD[:-1] + "g", "\ufeff" + OLD]
)
def test_a_damaged_key_is_refused(warehouse: Warehouse, content: str) -> None:
    keys.pseudonym_key(warehouse)
    warehouse.mask_key.write_text(content, "utf-8")
    with pytest.raises(keys.KeyRefused, match="does not hold 32 hexadecimal digits"):
        keys.pseudonym_key(warehouse)
    pipeline("rotate-key", "--warehouse", warehouse.root)
    assert keys.pseudonym_key(warehouse)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_read_or_change_is_refused(warehouse: Warehouse, mode: int) -> None:
    keys.pseudonym_key(warehouse)
    warehouse.mask_key.chmod(mode)
    with pytest.raises(keys.KeyRefused, match=f"mode {mode:04o}") as caught:
        keys.pseudonym_key(warehouse)
    assert f"rotate-key --warehouse {warehouse.root}" in str(caught.value)


def test_the_key_of_the_audit_log_follows_the_same_rules(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MHHS_AUDIT_KEY", raising=False)
    audit_hash(warehouse, "1")
    path = warehouse.root / "history" / "audit.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(keys.KeyRefused, match="chmod 600"):
        audit_hash(warehouse, "1")
