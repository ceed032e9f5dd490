"""Agents: which Metering Equipment Managers and Data Services block us?"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, filters, finished, numbers, party_panel, words
from dashboards.components.bars import party_bars
from dashboards.components.frame import Backdrop, Frame, current
from dashboards.components.list_download import offer_list
from dashboards.components.markup import badge, cell_table, escape, facts, plain
from dashboards.components.rows import chooser
from dashboards.components.tags import tag_column, tags

TABLE = "agents_table"
MOST = 12
EMPTY: dict[str, Any] = {"market_role": [], "readiness_status": [], "tranche": [], "q": ""}


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Agents", anchor=False)
    agents = data.agents.readiness(frame.view)
    if agents.is_empty():
        st.info(
            "This publication holds no Metering Equipment Manager and no Data Service. Check the "
            "loads: the participant and appointment files may be missing or refused.",
            icon=":material/info:",
        )
        return
    finished.show(frame, _figures)
    st.header("Every agent", anchor=False)
    shown, chosen = _filtered(frame, agents)
    if filters.say_unknown(frame.address, EMPTY):
        _one(frame, agents)
        return
    count = f"**{shown.height:,} of {agents.height:,} agents**"
    if shown.is_empty():
        st.markdown(f"{count}.")
        st.info("No agents match these filters.", icon=":material/filter_alt_off:")
    else:
        st.markdown(
            f"{count}, a company once for each of its roles, those that serve the most migrated "
            "Metering Points while not Qualified first. Select a row to see its stages, approvals "
            "and exceptions below."
        )
        _table(frame, shown)
        offer_list(frame, "agents", chosen)
    _one(frame, agents)


def _figures(frame: Backdrop) -> None:
    agents = data.agents.readiness(frame.view)
    st.html(f'<p class="mhhs-lead">{_sentence(agents)}</p>')
    left, right = st.columns([3, 2], gap="large")
    with left:
        _serving(frame, agents)
    with right:
        _by_role(frame)


def _sentence(agents: pl.DataFrame) -> str:
    total = agents.height
    serving = agents.filter(pl.col("points_served_not_qualified") > 0)
    waiting = agents.filter(~pl.col("is_qualified")).height
    if serving.is_empty():
        rest = "all are Qualified" if not waiting else f"{waiting:,} are not Qualified yet"
        return (
            "<strong>No agent serves a migrated Metering Point while not Qualified</strong>: of "
            f"{total:,} agents {rest}."
        )
    services = int(serving["points_served_not_qualified"].sum())
    one = serving.height == 1
    return (
        f"<strong>{numbers.count_of(services, 'service')} to migrated Metering Points "
        f"{'is' if services == 1 else 'are'} in breach</strong>: {serving.height:,} of "
        f"{total:,} agents {'gives' if one else 'give'} them while not Qualified."
    )


def _serving(frame: Backdrop, agents: pl.DataFrame) -> None:
    serving = agents.filter(pl.col("points_served_not_qualified") > 0)
    if serving.is_empty():
        st.header("No service is in breach", anchor=False)
        st.success(
            "Every agent that serves a migrated Metering Point is Qualified in its role.",
            icon=":material/check:",
        )
        return
    top = serving.head(MOST)
    names = [_name(row) for row in top.to_dicts()]
    points = top["points_served_not_qualified"].to_list()
    total = int(serving["points_served_not_qualified"].sum())
    first_share = numbers.percent(points[0] / total)
    title = (
        f"{names[0]} gives {first_share} of the services by agents not Qualified"
        if serving.height > 1
        else f"{names[0]} gives every service by an agent not Qualified"
    )
    charts.show(
        frame.view,
        charts.Chart(
            key="agents_serving",
            title=title,
            subtitle="Migrated Metering Points served while not Qualified in the role; "
            f"{'the ' if serving.height > MOST else 'all '}{top.height:,} agents, "
            f"as of {numbers.day(frame.view.as_of)}",
            measure="Migrated Metering Points served while not Qualified",
            alt=f"Bars from {points[0]:,} for {names[0]} down to {points[-1]:,}.",
            table=pl.DataFrame(
                [
                    {
                        "Agent": name,
                        "Status": words.readiness_text(row["readiness_status"]),
                        "Why": words.REASON.get(row["reason"], numbers.NOT_AVAILABLE),
                        "Metering Points": row["points_served_not_qualified"],
                    }
                    for name, row in zip(names, top.to_dicts(), strict=True)
                ]
            ),
            mart="rpt_agent_readiness",
        ),
        party_bars(
            [str(row["participant_name"] or row["mpid"]) for row in top.to_dicts()],
            [words.ROLE.get(row["market_role"], row["market_role"]) for row in top.to_dicts()],
            points,
            frame.colours,
            frame.colours.bad,
        ),
        height=150 + 46 * top.height,
    )
    st.page_link(
        "views/exceptions.py",
        label="See these Metering Points",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters({"rule_id": ["MEM-01", "DS-01"], "status": ["OPEN"]}),
    )


def _name(row: dict[str, Any]) -> str:
    return f"{words.party(row['participant_name'], row['mpid'])}, {row['market_role']}"


def _by_role(frame: Backdrop) -> None:
    roles = data.agents.by_role(frame.view)
    ready, total = int(roles["qualified"].sum()), int(roles["agents"].sum())
    st.header(f"{ready:,} of {total:,} agents are Qualified in their role", anchor=False)
    rows = [
        [
            escape(words.role(row["market_role"])),
            f"{row['qualified']:,} of {row['agents']:,}",
            numbers.short(row["mhhs_points_served"]),
            f"▲ {numbers.short(row['points_served_not_qualified'])}"
            if row["points_served_not_qualified"]
            else "0",
        ]
        for row in roles.to_dicts()
    ]
    st.html(
        cell_table(
            "Agents by role",
            ["Role", "Qualified", "Points served", "Not Qualified"],
            rows,
            numbers=(1, 2, 3),
        )
        + '<p class="mhhs-sub">Points served: migrated Metering Points with an appointment on '
        f"{numbers.day(frame.view.as_of)}; Not Qualified: of them by agents that are not.<br>"
        "Source: <code>rpt_agent_readiness</code></p>"
    )


def _filtered(frame: Frame, agents: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    address = frame.address
    roles = {
        code: words.role(code)
        for code in words.ROLE
        if code in set(agents["market_role"].to_list())
    }
    statuses = {code: label.text for code, label in words.READINESS.items()}
    tranches = {name: name for name in sorted(agents["tranche"].drop_nulls().unique())}
    with st.expander("Filters", expanded=True, icon=":material/filter_alt:"):
        with st.grid(4, min_column_width=150, gap="small", vertical_alignment="bottom"):
            role = filters.choose_many(address, "market_role", "Role", roles)
            status = filters.choose_many(address, "readiness_status", "Status", statuses)
            tranche = filters.choose_many(address, "tranche", "Tranche", tranches)
            text = filters.search_text(address, "q", "Search", "Name or MPID").lower()
        filters.clear_button(address, EMPTY)
    shown = agents
    for column, values in (
        ("market_role", role),
        ("readiness_status", status),
        ("tranche", tranche),
    ):
        if values:
            shown = shown.filter(pl.col(column).is_in(values))
    if text:
        shown = shown.filter(filters.names_have(text))
    chosen = {
        "market_role": role,
        "readiness_status": status,
        "tranche": tranche,
        "q": [text] if text else [],
    }
    return shown, chosen


def _table(frame: Frame, shown: pl.DataFrame) -> None:
    waiting = ~pl.col("is_qualified")
    not_applicable = pl.lit(numbers.NOT_APPLICABLE)
    rows = shown.select(
        pl.col("participant_name").fill_null(pl.col("mpid")).alias("Agent"),
        pl.col("market_role").replace(words.ROLE).alias("Role"),
        tags("readiness_status", words.READINESS).alias("Status"),
        pl.col("points_served_not_qualified").alias("Served, not Qualified"),
        pl.col("mhhs_points_served").alias("Points served"),
        pl.when(waiting)
        .then(pl.col("missing_approvals").str.replace_many(words.BODY_SHORT))
        .otherwise(not_applicable)
        .alias("Missing approvals"),
        pl.when(waiting)
        .then(pl.col("next_stage").replace(words.STAGE_SHORT).fill_null(words.stage(None)))
        .otherwise(not_applicable)
        .alias("Next step"),
        pl.col("next_due_on").alias("Due"),
        pl.col("tranche").alias("Tranche"),
        pl.col("overdue_stages").alias("Overdue stages"),
        pl.col("open_breaches").alias("Open breaches"),
        pl.col("qualified_from").alias("Qualified since"),
        pl.col("mpid").alias("MPID"),
    )
    whole = st.column_config.NumberColumn(format="%,d")
    day = st.column_config.DateColumn(format="D MMM YYYY", width=115)
    st.dataframe(
        rows,
        key=TABLE,
        hide_index=True,
        height=min(38 + 35 * rows.height, 460),
        placeholder=numbers.NOT_AVAILABLE,
        alt=f"Readiness of {rows.height} agents, one row for each role of a company.",
        on_select=chooser(
            TABLE, "agent", [_code(row["mpid"], row["market_role"]) for row in shown.to_dicts()]
        ),
        selection_mode="single-row",
        column_config={
            "Agent": st.column_config.TextColumn(pinned=True, width=190),
            "Role": st.column_config.TextColumn(width=215),
            "Status": tag_column(words.READINESS, frame.colours, width=125),
            "Served, not Qualified": st.column_config.NumberColumn(
                format="%,d",
                width=150,
                help="Migrated Metering Points that it serves in the role while not Qualified",
            ),
            "Points served": st.column_config.NumberColumn(
                format="%,d", help="Migrated Metering Points that it serves in the role"
            ),
            "Missing approvals": st.column_config.TextColumn(width=150),
            "Next step": st.column_config.TextColumn(width=150),
            "Due": day,
            "Overdue stages": whole,
            "Open breaches": whole,
            "Qualified since": day,
            "MPID": st.column_config.TextColumn(help="Market Participant Identifier"),
        },
    )
    st.caption(
        f"{numbers.NOT_AVAILABLE} not available; {numbers.NOT_APPLICABLE} not applicable: the "
        "agent is Qualified."
    )


def _code(mpid: str, market_role: str) -> str:
    return f"{mpid}|{market_role}"


def _one(frame: Frame, agents: pl.DataFrame) -> None:
    by_code = {
        _code(row["mpid"], row["market_role"]): row
        for row in agents.sort("participant_name", "market_role", nulls_last=True).to_dicts()
    }
    names = {code: _name(row) for code, row in by_code.items()}
    chosen = filters.choose_one(frame.address, "agent", "Agent in detail", names, "Choose an agent")
    if chosen is None:
        return
    finished.show(frame, _in_detail, by_code[chosen])


def _in_detail(frame: Backdrop, row: dict[str, Any]) -> None:
    st.header(plain(_name(row)), anchor=False)
    _state(row)
    left, right = st.columns([3, 2], gap="large")
    with left:
        party_panel.stages(frame, row["mpid"], row["market_role"])
    with right:
        party_panel.approvals(
            frame,
            row["mpid"],
            row["market_role"],
            row["missing_approvals"],
            [party_panel.EVERY_SEGMENT],
        )
        party_panel.exceptions(frame, row["mpid"])


def _state(row: dict[str, Any]) -> None:
    pairs = [
        ("Status", badge(words.READINESS[row["readiness_status"]])),
        ("Role", escape(words.ROLE.get(row["market_role"], row["market_role"]))),
    ]
    if row["reason"]:
        pairs.append(("Why", escape(words.REASON.get(row["reason"], row["reason"]))))
    if row["is_qualified"]:
        pairs.append(("Qualified since", numbers.day(row["qualified_from"])))
    else:
        pairs.append(("Expected to be Qualified", numbers.day(row["forecast_qualification_on"])))
        pairs.append(("Against M14", party_panel.margin_in_words(row["days_margin_to_m14"])))
    pairs += [
        ("Tranche", escape(row["tranche"] or numbers.NOT_AVAILABLE)),
        ("Migrated Metering Points served", numbers.whole(row["mhhs_points_served"])),
        ("Of them while not Qualified", numbers.whole(row["points_served_not_qualified"])),
        ("Open breaches", numbers.whole(row["open_breaches"])),
    ]
    st.html(facts(pairs))


render(current())
