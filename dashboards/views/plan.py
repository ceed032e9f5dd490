"""Qualification plan: are the tranches on plan?"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, filters, finished, numbers, words
from dashboards.components.frame import Backdrop, Frame, current
from dashboards.components.list_download import offer_list
from dashboards.components.markup import plot_text
from dashboards.components.rows import follow
from dashboards.components.slippage import slippage_chart
from dashboards.components.tiles import Tile, tiles_figure

OVERDUE = "overdue_table"
QADS = ("QAD_INITIAL", "QAD_FINAL")
_STAGE_HEADS = {
    "PQS": "PQS",
    "PIT": "PIT",
    "QAD_INITIAL": "Initial<br>QAD",
    "TESTING": "Testing",
    "QAD_FINAL": "Final<br>QAD",
}
# Steps of the palette: nothing, under half, half or more, all.
_NONE, _SOME, _MOST, _ALL = 0, 1, 2, 4
_STEP_WORDS = {_NONE: "None", _SOME: "Under half", _MOST: "Half or more", _ALL: "All complete"}


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Qualification plan", anchor=False)
    roles = data.plan.roles(frame.view)
    headline = data.overview.headline(frame.view)
    if not roles or headline is None:
        st.info(
            "This publication holds no stage of Qualification. Check the loads: the stage file "
            "may be missing or refused.",
            icon=":material/info:",
        )
        return
    overdue = data.plan.overdue(frame.view)
    st.html(f'<p class="mhhs-lead">{_sentence(headline, overdue)}</p>')
    names = {code: words.role(code) for code in roles}
    chosen = filters.choose_many(
        frame.address, "market_role", "Role", names, placeholder="All roles"
    )
    if filters.say_unknown(frame.address, ["market_role"]):
        return
    if chosen:
        overdue = overdue.filter(pl.col("market_role").is_in(chosen))
    left, right = st.columns(2, gap="large")
    with left:
        finished.show(frame, _progress, chosen)
    with right:
        views = data.plan.compared(data.store.kept(), frame.view)
        finished.show(frame, slippage_chart, views, chosen)
    _overdue(frame, overdue)
    offer_list(frame, "tranches", {"market_role": chosen})


def _sentence(headline: dict[str, Any], overdue: pl.DataFrame) -> str:
    waiting = headline["suppliers"] - headline["suppliers_qualified"]
    are = "is" if waiting == 1 else "are"
    if not waiting:
        state = f"<strong>All {headline['suppliers']:,} Suppliers are Qualified</strong>"
    elif headline["days_to_m14"] > 0:
        at_risk = waiting - (headline["suppliers_status_on_track"] or 0)
        how_many = f"All {waiting:,}" if at_risk == waiting else f"{at_risk:,} of the {waiting:,}"
        state = (
            f"<strong>{how_many} Suppliers not Qualified are at risk of missing M14</strong> "
            f"({numbers.long_day(headline['m14_date'])})"
        )
    else:
        state = (
            f"<strong>{waiting:,} of {headline['suppliers']:,} Suppliers {are} in breach of "
            f"M14</strong> ({numbers.long_day(headline['m14_date'])})"
        )
    if overdue.is_empty():
        return f"{state}; no stage is overdue."
    return f"{state}; {_overdue_words(overdue)}."


def _overdue_words(overdue: pl.DataFrame) -> str:
    parties = overdue.select("mpid", "market_role").unique().height
    qads = overdue.filter(pl.col("stage").is_in(QADS)).height
    verb = "is" if overdue.height == 1 else "are"
    return (
        f"{numbers.count_of(overdue.height, 'stage')} of "
        f"{numbers.count_of(parties, 'party', 'parties')} {verb} overdue, {qads:,} of them a QAD"
    )


def _progress(frame: Backdrop, roles: list[str]) -> None:
    progress = data.plan.progress(frame.view, roles)
    tranches = progress["tranche"].unique(maintain_order=True).to_list()
    tiles = [
        Tile(
            row=tranches.index(row["tranche"]),
            column=list(words.STAGE).index(row["stage"]),
            step=_step(row["completed"], row["parties"]),
            lines=[
                f"{row['completed']:,} of {row['parties']:,}",
                *([f"▲ {row['overdue']:,}"] if row["overdue"] else []),
            ],
            hover=f"{plot_text(_tranche(row['tranche']))}, {words.stage(row['stage'])}: "
            f"{row['completed']:,} of {row['parties']:,} complete, {row['planned']:,} planned by "
            f"now, {row['overdue']:,} overdue",
        )
        for row in progress.to_dicts()
        if row["stage"] in words.STAGE
    ]
    figure = tiles_figure(frame.colours, tiles)
    figure.update_xaxes(
        visible=True,
        side="top",
        tickvals=list(range(len(_STAGE_HEADS))),
        ticktext=list(_STAGE_HEADS.values()),
        showline=False,
        range=[-0.5, len(_STAGE_HEADS) - 0.5],
    )
    figure.update_yaxes(
        visible=True,
        tickvals=list(range(len(tranches))),
        ticktext=[plot_text(_tranche(name)) for name in tranches],
        showgrid=False,
    )
    population = ", ".join(words.ROLE.get(code, code) for code in roles) or "every role"
    charts.show(
        frame.view,
        charts.Chart(
            key="tranche_progress",
            title=_progress_title(progress),
            subtitle="Parties through each stage, of those that have it, by tranche; "
            f"{population}; as of {numbers.day(frame.view.as_of)}",
            measure="Parties through each stage, by tranche",
            alt=f"Grid of {len(tranches)} tranches and {len(_STAGE_HEADS)} stages. "
            f"{_progress_title(progress)}.",
            table=_progress_table(progress),
            mart="rpt_tranche_progress",
            legend=charts.key_of_fills(
                [(frame.colours.steps[step][0], text) for step, text in _STEP_WORDS.items()]
            )
            + '<ul class="mhhs-key"><li>▲ Overdue parties</li></ul>',
        ),
        figure,
        height=180 + 62 * len(tranches),
    )


def _step(completed: int, parties: int) -> int:
    if completed == parties:
        return _ALL
    if not completed:
        return _NONE
    return _MOST if completed * 2 >= parties else _SOME


def _tranche(name: str) -> str:
    return "No tranche" if name == "-" else name


def _progress_title(progress: pl.DataFrame) -> str:
    final = progress.filter(pl.col("stage") == "QAD_FINAL")
    done, parties = int(final["completed"].sum()), int(final["parties"].sum())
    late = progress.filter(pl.col("overdue") > 0)["tranche"].unique().sort().to_list()
    text = f"{done:,} of {parties:,} parties have passed their Final QAD"
    if not late:
        return f"{text}; no tranche has an overdue stage"
    verb = "has" if len(late) == 1 else "have"
    return f"{text}; {', '.join(_tranche(name) for name in late)} {verb} overdue stages"


def _progress_table(progress: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "Tranche": _tranche(row["tranche"]),
                "Stage": words.stage(row["stage"]),
                "Parties": row["parties"],
                "Planned by now": row["planned"],
                "Complete": row["completed"],
                "Overdue": row["overdue"],
            }
            for row in progress.to_dicts()
        ]
    )


def _overdue(frame: Frame, overdue: pl.DataFrame) -> None:
    if overdue.is_empty():
        st.header("No stage is overdue", anchor=False)
        st.markdown("Every stage planned before the as-of day is complete.")
        return
    words_of = _overdue_words(overdue)
    st.header(words_of[0].upper() + words_of[1:], anchor=False)
    only = filters.choose_yes(frame.address, "qad", "Only Qualification Assessment Documents")
    if filters.say_unknown(frame.address, ["qad"]):
        return
    shown = overdue.filter(pl.col("stage").is_in(QADS)) if only else overdue
    if shown.is_empty():
        st.info("No QAD is overdue.", icon=":material/check:")
        return
    st.html(
        '<p class="mhhs-sub">Planned before the as-of day and not complete on it, the latest '
        "first. Select a row to open the party.</p>"
    )
    _overdue_table(shown, frame)
    st.page_link(
        "views/exceptions.py",
        label="See the rule's list: stages overdue of parties not Qualified (QAL-02)",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters({"rule_id": ["QAL-02"]}),
    )


def _overdue_table(shown: pl.DataFrame, frame: Frame) -> None:
    rows = shown.select(
        pl.col("participant_name").fill_null(pl.col("mpid")).alias("Party"),
        pl.col("stage").replace(words.STAGE_SHORT).alias("Stage"),
        pl.col("days_late").alias("Days late"),
        pl.col("planned_on").alias("Planned"),
        pl.col("forecast_on").alias("Forecast"),
        pl.col("market_role").replace(words.ROLE).alias("Role"),
        pl.col("tranche").alias("Tranche"),
        pl.when(pl.col("is_qualified"))
        .then(pl.lit("● Yes"))
        .otherwise(pl.lit("▲ No"))
        .alias("Qualified"),
        pl.col("mpid").alias("MPID"),
    )
    day = st.column_config.DateColumn(format="D MMM YYYY", width=115)
    event = st.dataframe(
        rows,
        key=OVERDUE,
        hide_index=True,
        height=min(38 + 35 * rows.height, 460),
        placeholder=numbers.NOT_AVAILABLE,
        alt=f"{rows.height} overdue stages, one row each.",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Party": st.column_config.TextColumn(pinned=True, width=190),
            "Role": st.column_config.TextColumn(width=190),
            "Stage": st.column_config.TextColumn(width=190),
            "Planned": day,
            "Forecast": day,
            "Days late": st.column_config.NumberColumn(format="%,d", width=90),
            "MPID": st.column_config.TextColumn(help="Market Participant Identifier"),
        },
    )
    follow(frame, event, [_target(row) for row in shown.to_dicts()])


def _target(row: dict[str, Any]) -> tuple[str, dict[str, list[str]]]:
    """Where a party is shown: a Supplier or agent on its page, any other by its exceptions."""
    if row["market_role"] == "SUP":
        return "supplier", {"mpid": [row["mpid"]]}
    if row["market_role"] in {role for group in words.AGENT_ROLES.values() for role in group}:
        return "agents", {"agent": [f"{row['mpid']}|{row['market_role']}"]}
    return "exceptions", {"mpid": [row["mpid"]], "rule_id": ["QAL-02"]}


render(current())
