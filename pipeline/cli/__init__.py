"""The command line: `python -m pipeline COMMAND`.

Exit codes: 0 done; 1 the gate failed and nothing was published; 2 wrong usage; 3 something the user
can mend, said in one sentence; 4 no publication to read; 5 another run holds the warehouse;
6 expected files did not come; 7 published, but a file that no earlier run has seen was refused;
8 the build is held because data is missing, nothing was published; 130 interrupted
(`pipeline.signals`).
"""

from __future__ import annotations

import click

from pipeline import CONTRACT_VERSION, __version__
from pipeline.cli import making, reading, secret_keys, withdrawing
from pipeline.console import Teaching, say
from pipeline.modes import keep_private

_COMMANDS = (
    making.simulate,
    making.contract,
    making.run,
    making.daily,
    making.load,
    withdrawing.withdraw,
    making.build,
    making.publish,
    reading.info,
    reading.sql,
    reading.export,
    reading.report,
    reading.compare,
    reading.verify,
    reading.rollback,
    reading.dashboard,
    secret_keys.rotate_key,
)


def _version(context: click.Context, _option: click.Parameter, is_asked: bool) -> None:
    if not is_asked or context.resilient_parsing:
        return
    import duckdb

    from pipeline.publication import code_version

    say(
        f"mhhs-readiness {__version__} (code {code_version()}, contract {CONTRACT_VERSION}, "
        f"DuckDB {duckdb.__version__})"
    )
    context.exit()


@click.group(cls=Teaching, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version of the program, its code and the contract of the marts.",
)
def main() -> None:
    """MHHS readiness warehouse: who holds Metering Points without being Qualified?

    \b
    A day's work:      python -m pipeline run --landing LANDING --warehouse WAREHOUSE
    Look at it:        python -m pipeline dashboard --warehouse WAREHOUSE
    Try it on a market made up for the purpose:
                       python -m pipeline simulate --points 100000 --from 2026-10-01
                         --to 2026-11-10 --landing LANDING

    Exit codes: 0 done; 1 the gate failed, nothing was published; 2 wrong usage; 3 an error you can
    mend; 4 no publication to read; 5 another run holds the warehouse; 6 expected
    files did not come; 7 published, but a new file was refused; 8 held because data is
    missing, nothing was published; 130 interrupted.
    """
    keep_private()


for _command in _COMMANDS:
    main.add_command(_command)
