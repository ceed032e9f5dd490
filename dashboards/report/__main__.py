"""The process that makes a report: a request on standard input, the exit code tells.

The request names the warehouse, the publication and the file. The reason of a failure stands on
standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from streamlit.logger import set_log_level

from pipeline.errors import PipelineError
from pipeline.worker_process import begin


def main() -> int:
    """Make the report that is asked for."""
    begin()
    request = json.load(sys.stdin)
    os.environ["MHHS_WAREHOUSE"] = request["warehouse"]
    set_log_level("error")  # caches without a server are no news here
    from dashboards.data.store import DatabaseError
    from dashboards.report.making import make_of

    try:
        make_of(request["publication_id"], Path(request["out_path"]))
    except (PipelineError, OSError, DatabaseError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
