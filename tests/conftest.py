"""Fixtures that several kinds of test share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixture_publication import make_warehouse


@pytest.fixture(scope="session")
def fixture_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with one publication before M14 and one after it, for reading only."""
    return make_warehouse(tmp_path_factory.mktemp("fixture") / "warehouse")
