"""Each dashboard page reads the marts that its exposure names, and no others."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from dashboards import data
from dashboards.components import finished
from dashboards.registry import PAGES
from dashboards.report import contents
from tests.command import PROJECT

# Made when a build is published, from the log of builds: no model of dbt.
NO_MODEL = {"rpt_publication"}
# What the address must hold for a page to read all that it can read.
PARAMETERS = {
    "point": {"mpan": "0000000000001"},
    "supplier": {"mpid": "ZALD"},
    "agents": {"agent": "ZTAR|SDS"},
    "networks": {"dno": "EELC"},
}
# Pages of which the hand-made market has too few rows to read everything.
ON_THE_SIMULATED_MARKET = {"supplier", "agents", "networks", "migration", "plan"}


def _exposures() -> dict[str, set[str]]:
    document = yaml.safe_load((PROJECT / "models" / "_exposures.yml").read_text())
    return {
        exposure["name"]: {re.findall(r"'(\w+)'", ref)[0] for ref in exposure["depends_on"]}
        for exposure in document["exposures"]
    }


@pytest.mark.parametrize("page", sorted(_exposures()))
def test_page_reads_what_its_exposure_names(
    page: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    simulated = page in ON_THE_SIMULATED_MARKET
    warehouse = request.getfixturevalue("market_warehouse" if simulated else "fixture_warehouse")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(warehouse))
    read: set[str] = set()
    query = data.store.query

    def recording(path: str, sql: str, *values: Any) -> Any:
        read.update(re.findall(r"marts\.(\w+)", sql))
        return query(path, sql, *values)

    monkeypatch.setattr(data.store, "query", recording)
    finished.drawn.clear()  # a page that was drawn before reads nothing
    app = AppTest.from_file(str(PROJECT / "dashboards" / "app.py"), default_timeout=30).run()
    if page != "overview":
        read.clear()
        app.switch_page(f"views/{page}.py").run()
    assert not app.exception
    for name, value in PARAMETERS.get(page, {}).items():
        app.query_params[name] = value
    if page in PARAMETERS:
        app.run()
        assert not app.exception
    if page == "report":  # the paper itself is made in a process of its own
        for view in data.store.kept():
            contents.contents(view)
    assert read - NO_MODEL == _exposures()[page]


def test_every_page_of_the_menu_has_an_exposure() -> None:
    assert {entry.name for entry in PAGES} == set(_exposures())
