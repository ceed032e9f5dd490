"""A long list costs the server no memory: the worker writes it, and it is sent in pieces."""

from __future__ import annotations

import pytest

from tests.bench.download import measure

pytestmark = pytest.mark.browser

ROWS = 100_000


def test_a_long_list_passes_by_the_server() -> None:
    found = measure(ROWS)
    assert found["rows"] == ROWS
    assert found["file_megabytes"] > 20
    assert found["server_megabytes_more"] < found["file_megabytes"] / 2
