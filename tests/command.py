"""The command line as a user runs it: another process, from the root of the project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def pipeline(
    *arguments: str | Path, expect: int = 0, project: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    """Run `python -m pipeline ...` and require an exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, arguments)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, (
        f"exit code {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}"
    )
    return done


def publication(warehouse: Path) -> Path:
    """The file of the current publication."""
    return Path(json.loads(pipeline("info", "--warehouse", warehouse, "--json").stdout)["path"])
