"""Unexpected errors: a sentence and an id for the reader, the rest for the log."""

from __future__ import annotations

import logging
import secrets

import streamlit as st

_log = logging.getLogger("dashboards.failures")

WORDS = (
    "This part of the page could not be shown because of an error in the app. Reload the page; if "
    "it fails again, give the administrator this reference: {id}"
)


class Shown(Exception):
    """Its cause is in the log and the reader has been told."""


def log(error: BaseException, where: str) -> str:
    """Write the traceback into the log under a new id."""
    reference = secrets.token_hex(4)
    _log.error("Error %s: %s", reference, where, exc_info=error)
    return reference


def show(error: Exception) -> bool:
    """Tell the reader. True keeps Streamlit from showing its own box.

    Streamlit calls it for every error of a page, of a fragment and of a callback.
    """
    if not isinstance(error, Shown):
        st.error(WORDS.format(id=log(error, "a page could not be shown")), icon=":material/error:")
    return True


def keep_one_traceback() -> None:
    """Streamlit logs the same errors, without an id."""
    logging.getLogger("streamlit.error_util").addFilter(
        lambda record: not str(record.msg).startswith("Uncaught app execution")
    )
