"""What monitors are told: is there a publication, and is it recent?"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboards import healthz
from tests.fixture_publication import AFTER, add_failure, make_warehouse, publication_id


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("MHHS_TODAY", AFTER.isoformat())
    monkeypatch.setattr(healthz, "_answer", None)
    return make_warehouse(tmp_path / "warehouse")


def asked() -> tuple[int, dict[str, Any]]:
    healthz._answer = None
    app = Starlette(routes=[Route("/healthz", healthz.serve_health)])
    answer = TestClient(app).get("/healthz")
    return answer.status_code, answer.json()


def on(day: date, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, Any]]:
    monkeypatch.setenv("MHHS_TODAY", day.isoformat())
    return asked()


def test_a_recent_publication_is_200(warehouse: Path) -> None:
    assert asked() == (
        200,
        {
            "status": "ok",
            "publication_id": publication_id(AFTER),
            "as_of": AFTER.isoformat(),
            "age_days": 0,
            "max_age_days": 3,
            "last_gate": "passed",
        },
    )


def test_older_than_the_limit_is_503(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert on(date(2026, 11, 13), monkeypatch)[0] == 200
    status, facts = on(date(2026, 11, 14), monkeypatch)
    assert (status, facts["status"], facts["age_days"]) == (503, "too old", 4)
    monkeypatch.setenv("MHHS_MAX_AGE_DAYS", "4")
    assert on(date(2026, 11, 14), monkeypatch)[0] == 200


def test_a_failed_gate_alone_is_200_with_its_field(warehouse: Path) -> None:
    add_failure(warehouse)
    status, facts = asked()
    assert (status, facts["last_gate"]) == (200, "failed")
    assert "ALDR" not in json.dumps(facts)
    (warehouse / "published" / "LAST_FAILURE.json").write_text("[]")
    status, facts = asked()
    assert (status, facts["last_gate"]) == (200, "unknown")


def _pointer_gone(published: Path) -> None:
    (published / "CURRENT").unlink()


def _pointer_damaged(published: Path) -> None:
    (published / "CURRENT").write_bytes(b"\xff\xfe")


def _pointer_to_nothing(published: Path) -> None:
    (published / "CURRENT").write_text("20300101-20300101T000000Z-0101abcd\n")


def _file_gone(published: Path) -> None:
    (published / f"{publication_id(AFTER)}.duckdb").unlink()


def _file_empty(published: Path) -> None:
    (published / f"{publication_id(AFTER)}.duckdb").write_bytes(b"")


def _file_damaged(published: Path) -> None:
    (published / f"{publication_id(AFTER)}.duckdb").write_bytes(b"x" * 10_000)


def _manifest_damaged(published: Path) -> None:
    (published / f"{publication_id(AFTER)}.manifest.json").write_text("null")


def _manifest_without_dates(published: Path) -> None:
    path = published / f"{publication_id(AFTER)}.manifest.json"
    path.write_text(json.dumps({"publication_id": publication_id(AFTER)}))


@pytest.mark.parametrize(
    "damage",
    [_pointer_gone, _pointer_damaged, _pointer_to_nothing, _file_gone, _file_empty, _file_damaged,
     _manifest_damaged, _manifest_without_dates],
)  # fmt: skip
def test_nothing_to_read_is_503(warehouse: Path, damage: Any) -> None:
    damage(warehouse / "published")
    assert asked() == (503, {"status": "no publication", "publication_id": None})


def test_a_warehouse_that_is_not_there_is_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path / "none"))
    assert asked()[0] == 503


def test_the_folder_is_looked_at_once_a_second(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = asked()
    _pointer_gone(warehouse / "published")
    app = Starlette(routes=[Route("/healthz", healthz.serve_health)])
    assert TestClient(app).get("/healthz").json() == first[1]
