"""How the dashboards are started: the command line and environment of the server process."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from dashboards.access import FILE_VARIABLE, AccessRefused, is_local, settings
from dashboards.export_limits import limits
from dashboards.limits import max_age_days
from pipeline.errors import PipelineError

HERE = Path(__file__).resolve().parent
LOOPBACK = "127.0.0.1"


class CannotListen(PipelineError):
    """The address cannot be listened on, mostly because another server does so already."""


def require_free(address: str, port: int) -> None:
    """Raise CannotListen unless a server may listen there now."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, where in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(where)
    except OSError as error:
        other = port + 1 if port < 65535 else 8501
        raise CannotListen(
            f"The dashboard cannot listen on port {port} of {address}: {error.strerror}. "
            f"Choose another: --port {other}, or make demo PORT={other}."
        ) from None


def command(
    warehouse: Path,
    port: int = 8501,
    headless: bool = False,
    address: str = LOOPBACK,
    access_file: Path | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment that serve the dashboards of a warehouse.

    Without a sign-in provider the server listens on this machine alone. Raises AccessRefused for
    another address then, and for settings of a provider that are incomplete or unsafe.
    """
    search_path = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "MHHS_WAREHOUSE": str(warehouse.resolve()),
        "PYTHONPATH": os.pathsep.join(search_path),
        # One header holds every cookie: of an account with 250 groups more than the usual 8 kB,
        # and the page would stay empty.
        "WEBSOCKETS_MAX_LINE_LENGTH": "65536",
    }
    if access_file:
        environment[FILE_VARIABLE] = str(access_file.resolve())
    max_age_days(environment)
    limits(environment)  # refused here, not when the first reader asks for a file
    access = settings(environment)
    if access is None and not is_local(address):
        raise AccessRefused(
            f"Without a sign-in provider the dashboards listen on this machine alone, not on "
            f"{address}. Leave the address out, or set up a provider: see docs/access.md."
        )
    hosts = dict.fromkeys([LOOPBACK, "localhost", *([access.host] if access else [])])
    arguments = [
        sys.executable,
        "-m",
        "dashboards.server",
        f"--server.address={address}",
        f"--server.port={port}",
        f"--server.headless={str(headless).lower()}",
        "--server.showEmailPrompt=false",
        # With the welcome goes what Streamlit advertises to developers on the pages themselves.
        "--logger.hideWelcomeMessage=true",
        "--logger.level=error",
        *(f"--server.allowedHosts={host}" for host in hosts),
    ]
    return arguments, environment
