"""The command line: `python -m pipeline COMMAND`.

Exit codes: 0 done; 1 the gate failed and nothing was published; 2 wrong usage; 3 something the user
can mend, said in one sentence; 4 no publication to read; 5 another run holds the warehouse;
6 expected files did not come.
"""

from __future__ import annotations

import signal

import click

from pipeline.cli import making, reading, withdrawing
from pipeline.console import Teaching

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
)


@click.group(cls=Teaching, context_settings={"help_option_names": ["-h", "--help"]})
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
    files did not come.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


for _command in _COMMANDS:
    main.add_command(_command)
