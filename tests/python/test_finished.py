"""What the server keeps between readers: never another publication's, role's or part's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import data
from dashboards.components import finished
from tests.app_pages import read_as
from tests.command import PROJECT


def _script() -> None:
    import streamlit as st

    from dashboards import data
    from dashboards.auth import current_user
    from dashboards.components import finished, look
    from dashboards.components.frame import Backdrop

    def draw(backdrop: Backdrop, part: object) -> None:
        st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
        st.markdown(f"{backdrop.view.publication_id} {current_user().roles_in_words()} {part}")

    colours = look.DARK if st.session_state.get("dark") else look.LIGHT
    for view in data.store.kept():
        finished.show(Backdrop(view, colours), draw, st.session_state.get("part"))


@pytest.fixture
def app(fixture_warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(fixture_warehouse))
    finished.drawn.clear()
    app = AppTest.from_function(_script).run()
    assert not app.exception, app.exception
    return app


def _said(app: AppTest) -> list[str]:
    return [str(element.value) for element in app.markdown]


def test_a_second_run_shows_the_same_without_drawing_it(app: AppTest) -> None:
    first, drawn = _said(app), app.session_state["drawn"]
    assert [text.split()[0] for text in first] == [
        view.publication_id for view in data.store.kept()
    ]
    app.run()
    assert _said(app) == first
    assert app.session_state["drawn"] == drawn == len(first)


def test_another_role_part_or_colour_is_drawn_anew(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = app.session_state["drawn"]
    read_as(monkeypatch, "leadership")
    app.run()
    assert all(" leadership None" in text for text in _said(app))
    assert app.session_state["drawn"] == 2 * each
    app.session_state["dark"] = True
    app.run()
    assert app.session_state["drawn"] == 3 * each
    # Of a long table `repr` leaves the middle out, and with it what differs here.
    for times, middle in ((4, 1), (5, 2)):
        app.session_state["part"] = pl.DataFrame({"n": [0] * 500 + [middle] + [0] * 500})
        app.run()
        assert app.session_state["drawn"] == times * each


def test_what_is_kept_follows_the_folder(
    fixture_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = tmp_path / "warehouse"
    published = warehouse / "published"
    shutil.copytree(fixture_warehouse / "published", published)
    monkeypatch.setenv("MHHS_WAREHOUSE", str(warehouse))
    views = data.store.kept()
    assert len(views) > 1
    other = next(view for view in views if not view.is_current)
    pointer, manifest = published / "CURRENT", published / f"{other.publication_id}.manifest.json"

    pointer.write_text(f"{other.publication_id}\n")
    assert [view.publication_id for view in data.store.kept() if view.is_current] == [
        other.publication_id
    ]
    text = manifest.read_text()
    manifest.write_text("{")
    assert other.publication_id not in {view.publication_id for view in data.store.kept()}
    manifest.write_text(text)
    assert len(data.store.kept()) == len(views)
    pointer.unlink()
    assert not any(view.is_current for view in data.store.kept())
    shutil.rmtree(published)
    assert data.store.kept() == []


def test_no_python_runs_inside_polars() -> None:
    """Its threads would wait for Python's lock, and who holds the lock may wait for them."""
    calls = re.compile(r"\.(map_elements|map_batches|map_groups|map_rows|rolling_map)\(")
    found = [
        path for path in (PROJECT / "dashboards").rglob("*.py") if calls.search(path.read_text())
    ]
    assert found == []


def test_the_server_starts_without_dbt() -> None:
    code = (
        "import sys, dashboards.asgi; sys.exit('dbt' in sys.modules or 'plotly' not in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, capture_output=True)
