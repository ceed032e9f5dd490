"""How the dashboards are started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.access import AccessRefused
from dashboards.calm_log import PER_MINUTE, CalmLogger
from dashboards.serve import command
from dashboards.server import options_of

# Streamlit's own answer to whether it may advertise on the pages of a server started like this.
_ASK = """
import sys
from streamlit.web import bootstrap
from streamlit.web.skills import nudge_suppression_reason
from dashboards.server import options_of
bootstrap.load_config_options(options_of(sys.argv[1:]))
print(nudge_suppression_reason())
"""


def test_streamlit_advertises_nothing_on_our_pages(tmp_path: Path) -> None:
    arguments, environment = command(tmp_path, headless=False)
    done = subprocess.run(
        [sys.executable, "-c", _ASK, *arguments[3:]],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "welcome_hidden", done.stdout


def test_options_of_streamlit_are_read_as_its_command_line_reads_them(tmp_path: Path) -> None:
    arguments, _ = command(tmp_path, 8611, headless=True)
    options = options_of(arguments[3:])
    assert options["server.port"] == "8611"
    assert options["server.headless"] is True
    assert options["server.allowedHosts"] == ["127.0.0.1", "localhost"]


@pytest.mark.parametrize("text", ["", "three", "-1", "2.5", "٣"])
def test_a_limit_of_age_that_is_no_number_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("MHHS_MAX_AGE_DAYS", text)
    with pytest.raises(AccessRefused, match="is not a whole number of days"):
        command(tmp_path)


def test_a_port_that_is_taken_is_said_and_ends_with_3(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments, environment = command(tmp_path, taken.getsockname()[1], headless=True)
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_message_that_repeats_is_written_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    calm = CalmLogger("calm")
    calm.addHandler(caplog.handler)
    for number in range(1000):
        calm.error("the same again: %s", number)
    calm.error("another")
    assert len(caplog.records) == PER_MINUTE + 1
    assert caplog.records[-1].getMessage() == "another"
