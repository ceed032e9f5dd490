"""Status in a table cell: word, shape and colour."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboards.components.look import Palette
from dashboards.components.words import Label


def tags(column: str, labels: Mapping[str, Label]) -> pl.Expr:
    """A column of codes, or of lists of codes, as lists of words with their shape."""
    written = {code: label.text for code, label in labels.items()}
    return pl.concat_list(pl.col(column)).list.eval(pl.element().replace(written)).list.drop_nulls()


def tag_column(labels: Mapping[str, Label], colours: Palette, width: int) -> ColumnConfig:
    """The column of `tags`, each in the colour of its tone."""
    tones = {
        "good": colours.good_fill,
        "warn": colours.warn_fill,
        "bad": colours.bad_fill,
        "plain": colours.plain_fill,
    }
    return st.column_config.MultiselectColumn(
        options=[label.text for label in labels.values()],
        color=[tones[label.tone] for label in labels.values()],
        width=width,
    )
