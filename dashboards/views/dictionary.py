"""Data dictionary: what does it mean?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import filters, numbers, words
from dashboards.components.address import Read
from dashboards.components.dictionary_panel import KINDS, model_panel, rule_panel
from dashboards.components.frame import Frame, current
from dashboards.components.tags import tag_column, tags
from dashboards.data.dictionary import Dictionary, Model

PARTS = {"models": "Marts and columns", "rules": "Rules", "measures": "Measures"}
MODELS, RULES = "dictionary_models", "dictionary_rules"
EMPTY: dict[str, Any] = {"q": "", "group": [], "behind": False}


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Data dictionary", anchor=False)
    known = data.dictionary.load(frame.view)
    rules = data.dictionary.rules(frame.view)
    st.html(f'<p class="mhhs-lead">{_sentence(known, rules.height)}</p>')
    if not known.is_whole:
        st.info(
            "This publication carries the descriptions of its marts and columns, but no tests, "
            "lineage or SQL: it was made before publications kept a dictionary of their own.",
            icon=":material/info:",
        )
    part = _choose_part(frame)
    if filters.say_unknown(frame.address, ["part"]):
        return
    search = filters.search_text(
        frame.address, "q", "Search", "A table, column, rule or word of a description"
    )
    if filters.say_unknown(frame.address, ["q"]):
        return
    terms = search.lower().split()
    if part == "models":
        _models(frame, known, terms)
    elif part == "rules":
        _rules(frame, known, rules, terms)
    else:
        _measures(known, terms)


def _sentence(known: Dictionary, rules: int) -> str:
    marts = known.marts()
    columns = sum(len(mart.columns) for mart in marts)
    return (
        f"<strong>{len(marts)} marts with {columns:,} columns, and {rules} rules</strong>, in the "
        "words, tests and SQL with which this publication was made."
    )


def _choose_part(frame: Frame) -> str:
    def read(asked: Sequence[str]) -> Read:
        default = "rules" if frame.address.asked("rule") else "models"
        unknown = {text: filters.not_a_value(text, "Show") for text in asked if text not in PARTS}
        return Read(asked[0] if asked and not unknown else default, unknown)

    frame.address.restore("part", read)
    chosen = st.segmented_control(
        "Show", list(PARTS), format_func=PARTS.__getitem__, key="part", required=True
    )
    part = chosen or "models"
    frame.address.show("part", [part] if part != "models" else [])
    return part


def _matches(terms: list[str], *texts: str) -> bool:
    whole = " ".join(texts).lower()
    return all(term in whole for term in terms)


def _models(frame: Frame, known: Dictionary, terms: list[str]) -> None:
    groups = {model.group: model.group.capitalize() for model in known.marts() if model.group}
    chosen: list[str] = []
    behind = False
    if known.is_whole:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            chosen = filters.choose_many(frame.address, "group", "Group", groups)
            behind = filters.choose_yes(
                frame.address,
                "behind",
                "Also what lies behind the marts",
                help="Extracts, seeds, and the models between them and the marts",
            )
    if filters.say_unknown(frame.address, ["group", "behind"]):
        return
    shown = [
        model
        for model in known.models.values()
        if (behind or model.kind == "mart")
        and (not chosen or model.group in chosen)
        and _matches(terms, model.name, model.description, _columns_text(model))
    ]
    shown.sort(key=lambda model: (model.kind != "mart", model.name))
    st.markdown(f"**{numbers.count_of(len(shown), 'table')}.** Select a row to read all of it.")
    if shown:
        _model_table(shown, terms)
    else:
        st.button("Clear the search and filters", on_click=filters.clear, args=(EMPTY,))
    name = filters.choose_one(
        frame.address,
        "model",
        "Table in detail",
        {name: name for name in sorted(known.models)},
        "Choose a table",
    )
    if name:
        model_panel(frame, known, known.models[name])


def _columns_text(model: Model) -> str:
    return " ".join(f"{column.name} {column.description}" for column in model.columns)


def _model_table(shown: list[Model], terms: list[str]) -> None:
    rows = pl.DataFrame(
        {
            "Table": [model.name for model in shown],
            "What it holds": [_grain(model) for model in shown],
            "Found in": [_found_in(model, terms) for model in shown],
            "Kind": [KINDS[model.kind] for model in shown],
            "Group": [model.group.capitalize() or numbers.NOT_AVAILABLE for model in shown],
            "Columns": [len(model.columns) for model in shown],
            "Tests": [model.test_count for model in shown],
            "Rows": [model.rows for model in shown],
        },
        schema_overrides={"Rows": pl.Int64},
    )
    if not terms:
        rows = rows.drop("Found in")
    if rows["Kind"].n_unique() == 1:
        rows = rows.drop("Kind")
    whole = st.column_config.NumberColumn(format="%,d", width=90)
    st.dataframe(
        rows,
        key=MODELS,
        hide_index=True,
        height=min(38 + 35 * rows.height, 425),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"{rows.height} tables, one row each: name, what it holds, columns, tests and rows.",
        on_select=_chooser(MODELS, "model", [model.name for model in shown]),
        selection_mode="single-row",
        column_config={
            "Table": st.column_config.TextColumn(pinned=True, width=210),
            "What it holds": st.column_config.TextColumn(width=470),
            "Found in": st.column_config.TextColumn(width=260),
            "Group": st.column_config.TextColumn(width=110),
            "Columns": whole,
            "Tests": whole,
            "Rows": whole,
        },
    )


def _grain(model: Model) -> str:
    """The first sentence: descriptions of marts begin "One row per …"."""
    return model.description.split(": ")[0].split(". ")[0].rstrip(".")


def _found_in(model: Model, terms: list[str]) -> str:
    """The columns that bear one of the words; none where the table itself does."""
    found = [
        column.name
        for column in model.columns
        if any(term in f"{column.name} {column.description}".lower() for term in terms)
    ]
    return ", ".join(found)


def _chooser(widget: str, target: str, names: list[str]) -> Callable[[], None]:
    """What a click on a row does: show it in full below."""

    def choose() -> None:
        chosen = st.session_state[widget]["selection"]["rows"]
        st.session_state[target] = names[chosen[0]] if chosen else None

    return choose


def _rules(frame: Frame, known: Dictionary, rules: pl.DataFrame, terms: list[str]) -> None:
    texts = ("rule_id", "title", "wording", "action", "source_clause", "family")
    shown = [
        row for row in rules.to_dicts() if _matches(terms, *(str(row[name]) for name in texts))
    ]
    st.markdown(f"**{numbers.count_of(len(shown), 'rule')}.** Select a row to read all of it.")
    if shown:
        _rule_table(frame, pl.DataFrame(shown, schema=rules.schema))
    titles = {row["rule_id"]: f"{row['rule_id']} {row['title']}" for row in rules.to_dicts()}
    chosen = filters.choose_one(frame.address, "rule", "Rule in detail", titles, "Choose a rule")
    if chosen:
        rule_panel(frame, known, rules.row(by_predicate=pl.col("rule_id") == chosen, named=True))


def _rule_table(frame: Frame, rules: pl.DataFrame) -> None:
    st.dataframe(
        rules.select(
            pl.col("rule_id").alias("Rule"),
            pl.col("title").alias("Flagged when"),
            pl.col("milestone").alias("Milestone"),
            tags("severity_before", words.SEVERITY).alias("Before it"),
            tags("severity_from", words.SEVERITY).alias("From it on"),
            pl.col("wording").alias("Wording"),
            pl.col("source_clause").alias("Source"),
            pl.col("unit_tests").alias("Unit tests"),
        ),
        key=RULES,
        hide_index=True,
        height=min(38 + 35 * rules.height, 425),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"The {rules.height} rules, one row each, with severity, wording and source.",
        on_select=_chooser(RULES, "rule", rules["rule_id"].to_list()),
        selection_mode="single-row",
        column_config={
            "Rule": st.column_config.TextColumn(pinned=True, width=80),
            "Flagged when": st.column_config.TextColumn(width=320),
            "Milestone": st.column_config.TextColumn(width=95),
            "Before it": tag_column(words.SEVERITY, frame.colours, width=115),
            "From it on": tag_column(words.SEVERITY, frame.colours, width=115),
            "Wording": st.column_config.TextColumn(width=520),
            "Source": st.column_config.TextColumn(width=300),
        },
    )


def _measures(known: Dictionary, terms: list[str]) -> None:
    found = [
        (model, column)
        for model, column in data.dictionary.measures(known)
        if _matches(terms, model.name, column.name, column.description)
    ]
    st.markdown(
        f"**{numbers.count_of(len(found), 'measure')}**: the figures of the reports, each worked "
        "out once, in its mart. Its SQL stands under *Marts and columns*."
    )
    if not found:
        return
    rows = pl.DataFrame(
        {
            "Measure": [column.name for _, column in found],
            "Mart": [model.name for model, _ in found],
            "What it counts": [column.description for _, column in found],
            "Type": [column.type for _, column in found],
        }
    )
    st.dataframe(
        rows,
        key="dictionary_measures",
        hide_index=True,
        height=min(38 + 35 * rows.height, 600),
        alt=f"{rows.height} measures, one row each: name, mart, what it counts, type.",
        column_config={
            "Measure": st.column_config.TextColumn(pinned=True, width=260),
            "Mart": st.column_config.TextColumn(width=210),
            "What it counts": st.column_config.TextColumn(width=520),
        },
    )


render(current())
