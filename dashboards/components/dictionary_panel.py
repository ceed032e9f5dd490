"""One model, or one rule, in full: words, columns, tests, where it comes from, who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards.components import numbers, words
from dashboards.components.frame import Frame
from dashboards.components.markup import badge, cell_table, escape, facts, plain
from dashboards.data.dictionary import Column, Dictionary, Model

KINDS = {
    "mart": "Mart",
    "intermediate": "Step between",
    "staging": "Typed extract",
    "seed": "Seed",
    "extract": "Raw table",
}


def model_panel(frame: Frame, known: Dictionary, model: Model) -> None:
    """Everything that the dictionary knows of one model."""
    with st.container(border=True):
        st.header(plain(model.name), anchor=False)
        st.markdown(plain(model.description) or "No description.")
        st.html(facts(_facts(model)))
        if model.columns:
            st.html(_columns(model))
        if known.is_whole:
            _tests(model.tests, model.unit_tests)
            _lineage(frame, known, model)
            if model.sql:
                with st.expander("The SQL of the model, as it was built"):
                    st.code(model.sql, language="sql")


def _facts(model: Model) -> list[tuple[str, str]]:
    pairs = [("Kind", escape(KINDS[model.kind]))]
    if model.group and model.kind not in ("seed", "extract"):
        pairs.append(("Group", escape(model.group.capitalize())))
    if model.key:
        pairs.append(("Key", ", ".join(f"<code>{escape(name)}</code>" for name in model.key)))
    if model.rows is not None:
        pairs.append(("Rows here", f"{model.rows:,}"))
    if model.owner:
        pairs.append(("Owner", escape(model.owner)))
    return pairs


def _columns(model: Model) -> str:
    rows = [
        [
            f"<code>{escape(column.name)}</code>",
            escape(column.type) or numbers.NOT_AVAILABLE,
            escape(column.description) + _checks(column),
        ]
        for column in model.columns
    ]
    table = cell_table(f"Columns of {model.name}", ["Column", "Type", "What it means"], rows)
    return f'<div class="mhhs-columns">{table}</div>'


def _checks(column: Column) -> str:
    checks = (["Never empty."] if column.required else []) + list(column.tests)
    return f' <span class="mhhs-check">Tested: {escape(" ".join(checks))}</span>' if checks else ""


def _tests(tests: Sequence[str], unit_tests: Sequence[tuple[str, str]]) -> None:
    if tests:
        st.subheader("Tested before every publication", anchor=False)
        st.markdown("\n".join(f"- {plain(test)}" for test in tests))
    if unit_tests:
        st.subheader("Unit tests", anchor=False)
        st.markdown(
            "\n".join(
                f"- {plain(text or name.replace('_', ' ').capitalize() + '.')}"
                for name, text in unit_tests
            )
        )


def _lineage(frame: Frame, known: Dictionary, model: Model) -> None:
    st.subheader("Lineage", anchor=False)
    if model.extracts and model.kind != "extract":
        st.markdown(f"Goes back to the raw tables {plain(', '.join(model.extracts))}.")
    before, after = st.columns(2, gap="medium")
    with before:
        st.markdown("**Made from**" if model.made_from else "**Made from** nothing further")
        _links(frame, known, model.made_from, "from")
    with after:
        nobody = not model.used_by and not model.pages
        st.markdown("**Used by** no other model or page" if nobody else "**Used by**")
        _links(frame, known, model.used_by, "by")
        if model.pages:
            titles = ", ".join(plain(title) for _, title in model.pages)
            st.markdown(f"{'Page' if len(model.pages) == 1 else 'Pages'}: {titles}")


def _links(frame: Frame, known: Dictionary, names: Sequence[str], side: str) -> None:
    with st.container(key=f"lineage_{side}", gap=None):
        for name in names:
            kind = KINDS[known.models[name].kind].lower() if name in known.models else ""
            model_link(frame, name, f"{name} · {kind}")


def model_link(frame: Frame, name: str, label: str) -> None:
    """A link to a model on this page, in this publication."""
    st.page_link(
        "views/dictionary.py",
        label=plain(label),
        query_params=frame.link_parameters({"model": [name]}),
        width="stretch",
    )


def rule_panel(frame: Frame, known: Dictionary, rule: dict[str, Any]) -> None:
    """One rule in full, with the model that finds it."""
    model = known.models.get(rule["model_name"] or "")
    with st.container(border=True):
        st.header(plain(f"{rule['rule_id']} {rule['title']}"), anchor=False)
        st.markdown(plain(rule["wording"]))
        st.html(
            facts(
                [
                    (f"Before {rule['milestone']}", badge(words.SEVERITY[rule["severity_before"]])),
                    (f"From {rule['milestone']}", badge(words.SEVERITY[rule["severity_from"]])),
                    ("About a", _SUBJECTS[rule["subject_type"]]),
                    ("Source", escape(rule["source_clause"])),
                ]
            )
        )
        st.markdown(f"**What to do:** {plain(rule['action'])}")
        with st.container(key="rule_links", gap=None):
            st.page_link(
                "views/exceptions.py",
                label=f"Exceptions of {plain(rule['rule_id'])}",
                icon=":material/rule:",
                query_params=frame.link_parameters({"rule_id": [rule["rule_id"]]}),
                width="stretch",
            )
            if model:
                model_link(frame, model.name, f"The model that finds it: {model.name}")
        if model:
            tests = [*model.tests, *(test for column in model.columns for test in column.tests)]
            _tests(tests, model.unit_tests)
            with st.expander("The rule as SQL"):
                st.code(model.sql, language="sql")


_SUBJECTS = {"METERING_POINT": "Metering Point", "PARTICIPANT": "Party"}
