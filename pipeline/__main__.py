"""`python -m pipeline`."""

from pipeline import signals


def _main() -> None:
    from pipeline.cli import main  # a second of imports, which a signal may interrupt

    main(prog_name="python -m pipeline")


signals.guard(_main)
