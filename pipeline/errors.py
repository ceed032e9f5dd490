"""Errors that a person can act on, each with the exit code that a script can trust."""

from __future__ import annotations


class PipelineError(Exception):
    """Something the user can mend: the message says what, where, why and what to do."""

    exit_code = 3


class GateFailed(PipelineError):
    """A test of the build failed, so nothing was published."""

    exit_code = 1


class NoPublication(PipelineError):
    """The warehouse holds no publication to read."""

    exit_code = 4
