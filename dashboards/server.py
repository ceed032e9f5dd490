"""The server process: `python -m dashboards.server --section.option=value ...`, as `serve` asks.

`streamlit run` would start the same app, but gives uvicorn no limits: requests that never end,
sockets without number. The options are Streamlit's own.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards import calm_log

if TYPE_CHECKING:
    import uvicorn

_APP = Path(__file__).resolve().parent / "app.py"
_CANNOT_START = 3


def main(arguments: list[str]) -> int:
    """Serve until a signal comes."""
    # Before the libraries are imported that make loggers.
    calm_log.install()
    import uvicorn
    from streamlit import config
    from streamlit.web import bootstrap

    from dashboards.http_protocol import LimitedProtocol
    from dashboards.limits import BACKLOG, SOCKET_MESSAGE_BYTES

    # Streamlit looks for its settings beside the script.
    config._main_script_path = str(_APP)
    bootstrap.load_config_options(options_of(arguments))
    # Loaded before uvicorn takes the signals, so that a signal ends a long start at once.
    from dashboards.asgi import app

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=config.get_option("server.address"),
            port=config.get_option("server.port"),
            http=LimitedProtocol,
            ws="websockets-sansio",
            ws_max_size=SOCKET_MESSAGE_BYTES,
            ws_ping_interval=30,
            ws_ping_timeout=30,
            ws_per_message_deflate=config.get_option("server.enableWebsocketCompression"),
            backlog=BACKLOG,
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
    if not config.get_option("server.headless"):
        threading.Thread(target=_open_browser, args=(server,), daemon=True).start()
    server.run()
    return 0 if server.started else _CANNOT_START


def _open_browser(server: uvicorn.Server) -> None:
    """Show the dashboards to whoever started them, where there is a screen."""
    from streamlit import cli_util

    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        return
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.1)
    cli_util.open_browser(f"http://{server.config.host}:{server.config.port}")


def options_of(arguments: list[str]) -> dict[str, Any]:
    """Streamlit's options by name; `server.allowedHosts` is a list, one host each time."""
    options: dict[str, Any] = {}
    for argument in arguments:
        name, _, value = argument.removeprefix("--").partition("=")
        if name == "server.allowedHosts":
            options.setdefault(name, []).append(value)
        elif value in {"true", "false"}:
            options[name] = value == "true"
        else:
            options[name] = value
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
