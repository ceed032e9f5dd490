"""How the dashboards are started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from dashboards.serve import command

# Streamlit's own answer to whether it may advertise on the pages of a server started like this.
_ASK = """
import sys
from streamlit import config
config.set_option("logger.hideWelcomeMessage", "--logger.hideWelcomeMessage=true" in sys.argv)
config.set_option("server.headless", "--server.headless=true" in sys.argv)
from streamlit.web.skills import nudge_suppression_reason
print(nudge_suppression_reason())
"""


def test_streamlit_advertises_nothing_on_our_pages(tmp_path: Path) -> None:
    arguments, environment = command(tmp_path, headless=False)
    start = arguments[arguments.index("run") + 2 :]
    done = subprocess.run(
        [sys.executable, "-c", _ASK, *start],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "welcome_hidden", done.stdout
