"""A folder of any name holds the same figures: quotes, patterns, braces, blanks, other scripts.

`[`, `*` and `?` once made DuckDB read twelve of 961 Metering Points, and every test was green; an
apostrophe ended a run after its tests. The landing and the warehouse folder have such names here.
A question mark is fine in the path of a landing folder; DuckDB writes no database below one.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.app_pages import open_page
from tests.command import PROJECT
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
DELTA = """\
change_type,registration_id,mpan,supplier_mpid,registration_type,registration_status,effective_from,market_segment,gsp_group_id,rmp_status,mp_status,annual_kwh
U,R-28-N,1000000000021,ZALL,SWITCH,ACTIVE,2026-11-11,S,_A,O,R,3000
"""
ODD = "it's [a] *wh {{x}} #1 & é 中"


def _publish(root: Path) -> Path:
    landing, warehouse = root / "landing?", root / "warehouse"
    shutil.copytree(CASE, landing)
    where = ("--landing", landing, "--warehouse", warehouse)
    short("run", *where, "--as-of", "2026-11-10", data_tests=True)
    (landing / "registration" / "registration_delta_20261111.csv").write_text(DELTA)
    short("daily", *where, "--day", "2026-11-11", "--expect", "registration", data_tests=True)
    return warehouse


def _manifests(warehouse: Path) -> list[dict[str, Any]]:
    paths = sorted((warehouse / "published").glob("*.manifest.json"))
    return [json.loads(path.read_text()) for path in paths]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _publish(tmp_path_factory.mktemp("odd") / ODD)


def test_the_same_marts_as_in_a_plain_folder(odd: Path, tmp_path: Path) -> None:
    plain = _manifests(_publish(tmp_path / "plain"))
    found = _manifests(odd)
    assert [each["as_of"] for each in found] == ["2026-11-10", "2026-11-11"]
    for one, other in zip(plain, found, strict=True):
        assert one["marts"] == other["marts"]
        assert one["marts"]["dim_metering_point"]["rows"] > 12


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "20261110"),
        ("verify", "--all"),
        ("info", "--json"),
        ("publish", "--list", "--parquet", "{out}/it's [b]"),
        ("export", "--out", "{out}/it's [a] {rows}.csv"),
        ("export", "--format", "xlsx", "--out", "{out}/it's [a].xlsx"),
        ("export", "--format", "parquet", "--out", "{out}/it's *a?.parquet"),
        ("sql", "select count(*) from dim_metering_point"),
        ("sql", "select mpid from dim_participant", "--out", "{out}/it's {x} [a].csv"),
        ("sql", "select mpid from dim_participant", "--out", "{out}/it's {x} [a].parquet"),
        ("rollback", "20261110"),
        ("rollback", "20261111"),
        ("rotate-key",),
        # Last: in this process its pages keep the publication open.
        ("report", "--out", "{out}/it's [a].pdf"),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_every_command_works_on_it(odd: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    out = tmp_path / ODD
    short(*(each.replace("{out}", str(out)) for each in words), "--warehouse", odd)
    if "--out" in words:
        assert any(path.suffix != ".json" for path in out.iterdir())


def test_a_question_mark_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    warehouse = tmp_path / "wh?x"
    done = short("run", "--landing", CASE, "--warehouse", warehouse, expect=3)
    assert "question mark" in done.output
    assert not warehouse.exists()


@pytest.mark.parametrize("page", ["overview", "exceptions", "changes", "health", "sql"])
def test_pages_show_it(odd: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(odd))
    app = open_page(page)
    assert not app.exception
