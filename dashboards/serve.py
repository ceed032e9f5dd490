"""How the dashboards are started: the command line and environment of the server process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOOPBACK = "127.0.0.1"


def command(
    warehouse: Path, port: int = 8501, headless: bool = False
) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment that serve the dashboards of a warehouse.

    The server listens on this machine alone: there is no sign-in provider, and without one
    nobody else may reach the data.
    """
    arguments = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(HERE / "asgi.py"),
        f"--server.address={LOOPBACK}",
        f"--server.port={port}",
        f"--server.headless={str(headless).lower()}",
        "--server.showEmailPrompt=false",
        "--logger.level=error",
        f"--server.allowedHosts={LOOPBACK}",
        "--server.allowedHosts=localhost",
    ]
    search_path = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "MHHS_WAREHOUSE": str(warehouse.resolve()),
        "PYTHONPATH": os.pathsep.join(search_path),
    }
    return arguments, environment
