"""Errors that a person can act on, each with the exit code that a script can trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class PipelineError(Exception):
    """Something the user can mend: the message says what, where, why and what to do."""

    exit_code = 3


class GateFailed(PipelineError):
    """A test of the build failed, so nothing was published."""

    exit_code = 1


class NoPublication(PipelineError):
    """The warehouse holds no publication to read."""

    exit_code = 4


class BuildHeld(PipelineError):
    """Fewer rows or files than before, so nothing was published unless `--accept-loss`."""

    exit_code = 8

    def __init__(self, message: str, losses: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.losses = list(losses)


# A run that published although a file first seen in it was refused ends with this code.
FILES_REFUSED = 7
