"""`python -m pipeline`."""

import os
import signal

for _each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_each) is not signal.SIG_IGN:  # until what follows is imported
        signal.signal(_each, lambda *_: os._exit(130))

from pipeline import signals  # noqa: E402


def _main() -> None:
    from pipeline.cli import main

    main(prog_name="python -m pipeline")


signals.guard(_main)
