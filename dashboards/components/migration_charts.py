"""Charts of the migration: what went back, who falls short of the pace, where it has come to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards import data
from dashboards.components import charts, numbers, words
from dashboards.components.frame import Backdrop
from dashboards.components.look import template
from dashboards.components.markup import plot_text
from dashboards.components.outlook import is_before_m14
from dashboards.components.tiles import (
    GSP_GROUP_PLACES,
    Tile,
    spread,
    steps_of,
    tiles_figure,
    wrapped,
)
from dashboards.components.written import written

REVERSAL_DAYS = 182
MOST_SUPPLIERS = 12


def reversals_chart(frame: Backdrop, outlook: dict[str, Any], in_28_days: int) -> None:
    """Reverse Migrations by day of the last half year, with M14."""
    first = outlook["as_of"] - timedelta(days=REVERSAL_DAYS - 1)
    m14 = outlook["m14_date"]
    found = data.migration.reversals_by_day(frame.view).filter(pl.col("date_day") >= first)
    colours = frame.colours
    before = found.filter(pl.col("date_day") < m14)
    after = found.filter(pl.col("date_day") >= m14)
    figure = go.Figure(layout={"template": template(colours), "barmode": "stack", "bargap": 0.1})
    for rows, colour in ((before, colours.focus), (after, colours.bad)):
        figure.add_bar(
            x=rows["date_day"].to_list(),
            y=rows["points"].to_list(),
            width=24 * 3600 * 1000 * 0.9,
            marker={"color": colour},
            hovertemplate="%{x|%-d %b %Y}: %{y:,}<extra></extra>",
        )
    last = max(outlook["as_of"], m14)
    if first <= m14:
        charts.mark_day(figure, m14, f"M14, {numbers.day(m14)}", colours)
    figure.update_xaxes(range=[first, last + timedelta(days=5)], tickformat="%b<br>%Y", nticks=8)
    figure.update_yaxes(tickformat=",d", rangemode="tozero", nticks=5)
    charts.show(
        frame.view,
        charts.Chart(
            key="reverse_migrations",
            title=_reversals_title(outlook, in_28_days),
            subtitle="Metering Points migrated back a day, of every Supplier; "
            f"{numbers.day(first)} to {numbers.day(outlook['as_of'])}",
            measure="Reverse Migrations a day",
            alt=f"Bars by day, {numbers.short(int(found['points'].sum()))} in all, "
            f"{numbers.short(int(after['points'].sum()))} of them on or after M14.",
            table=found.select(
                written("Day", found["date_day"], numbers.day),
                pl.when(pl.col("date_day") < m14)
                .then(pl.lit("Before M14"))
                .otherwise(pl.lit("▲ From M14: a breach"))
                .alias("Side of M14"),
                pl.col("points").alias("Reverse Migrations"),
            ),
            mart="rpt_daily_flow, rpt_m15_outlook",
            legend=charts.key_of_fills(
                [(colours.focus, "Before M14"), (colours.bad, "On or after M14: a breach")]
            ),
        ),
        figure,
        height=340,
    )


def _reversals_title(outlook: dict[str, Any], in_28_days: int) -> str:
    recent = numbers.count_of(in_28_days, "Reverse Migration")
    if is_before_m14(outlook):
        return f"{recent} in 28 days; they end at M14"
    banned = outlook["reverse_migrations_from_m14"]
    if not banned:
        return "No Reverse Migration since M14"
    return f"{numbers.count_of(banned, 'Reverse Migration')} since M14, where there must be none"


def shortfall_chart(frame: Backdrop) -> None:
    """Suppliers whose pace falls shortest of what M15 needs: bars of pace, marks of need."""
    remaining = data.migration.remaining(frame.view)
    short = remaining.filter(pl.col("short_per_working_day") > 0)
    top = (short if short.height else remaining).head(MOST_SUPPLIERS)
    names = [words.party(row["participant_name"], row["mpid"]) for row in top.to_dicts()]
    colours = frame.colours
    rows = list(range(top.height))
    figure = go.Figure(layout={"template": template(colours)})
    figure.add_bar(
        x=top["pace_per_working_day"].to_list(),
        y=rows,
        orientation="h",
        width=0.5,
        marker={"color": colours.focus},
        hovertemplate="pace %{x:,.1f} a working day<extra></extra>",
    )
    figure.add_scatter(
        x=top["needed_per_working_day"].to_list(),
        y=rows,
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 24, "color": colours.bad, "line": {"width": 3}},
        hovertemplate="needed %{x:,.1f} a working day<extra></extra>",
    )
    labels = [
        f"{plot_text(row['participant_name'] or row['mpid'])}<br>"
        f"<span style='color:{colours.muted}'>{row['points_to_migrate']:,} to go</span>"
        for row in top.to_dicts()
    ]
    figure.update_yaxes(
        tickvals=rows, ticktext=labels, autorange="reversed", showgrid=False, ticklabelstandoff=6
    )
    figure.update_xaxes(rangemode="tozero", tickformat=",.3~r", nticks=5, showgrid=True)
    charts.show(
        frame.view,
        charts.Chart(
            key="shortfall",
            title=_shortfall_title(remaining, short),
            subtitle="Metering Points migrated per working day, last 28 days, against those needed "
            f"to M15; {'the ' if short.height > top.height else ''}{top.height:,} "
            f"{'furthest short' if short.height else 'with the most left'}",
            measure="Metering Points per working day",
            alt=f"Bars of the pace and marks of the need of {top.height} Suppliers, "
            f"from {names[0]} down to {names[-1]}.",
            table=pl.DataFrame(
                [
                    {
                        "Supplier": name,
                        "To migrate": row["points_to_migrate"],
                        "Needed a working day": numbers.rate(row["needed_per_working_day"]),
                        "Pace a working day": numbers.rate(row["pace_per_working_day"]),
                    }
                    for name, row in zip(names, top.to_dicts(), strict=True)
                ]
            ),
            mart="rpt_supplier_readiness",
            legend=charts.key_of_fills([(colours.focus, "Pace of the last 28 days")])
            + '<ul class="mhhs-key"><li><span aria-hidden="true" '
            f'style="color: {colours.bad}">┃</span>Needed to M15</li></ul>',
        ),
        figure,
        height=150 + 44 * top.height,
    )


def _shortfall_title(remaining: pl.DataFrame, short: pl.DataFrame) -> str:
    if short.is_empty():
        return "Every Supplier migrates at the pace that M15 needs"
    left = int(short["points_to_migrate"].sum())
    verb = "migrates" if short.height == 1 else "migrate"
    return (
        f"{short.height:,} of {remaining.height:,} Suppliers with points to go {verb} more slowly "
        f"than M15 needs; they hold {numbers.short(left)} of them"
    )


def gsp_group_map(frame: Backdrop) -> None:
    """Share migrated per GSP group, as tiles that lie roughly as the groups do."""
    groups = data.migration.gsp_groups(frame.view)
    colours = frame.colours
    rows = [row for row in groups.to_dicts() if row["gsp_group_id"] in GSP_GROUP_PLACES]
    steps = steps_of([row["migrated_share"] for row in rows], len(colours.steps))
    tiles = []
    for row in rows:
        line, column = GSP_GROUP_PLACES[row["gsp_group_id"]]
        name = words.GSP_GROUP[row["gsp_group_id"]]
        share = numbers.percent(row["migrated_share"])
        tiles.append(
            Tile(
                row=line,
                column=column,
                step=spread(steps.of(row["migrated_share"]), steps.count, len(colours.steps)),
                lines=[*map(plot_text, wrapped(name, 12)), f"<b>{share}</b>"],
                hover=f"{name}: {share} of {row['live_metering_points']:,} migrated, "
                f"{row['points_to_migrate']:,} to go",
            )
        )
    least, most = groups.row(0, named=True), groups.row(-1, named=True)
    least_name = words.GSP_GROUP.get(least["gsp_group_id"], least["gsp_group_id"])
    most_name = words.GSP_GROUP.get(most["gsp_group_id"], most["gsp_group_id"])
    charts.show(
        frame.view,
        charts.Chart(
            key="gsp_group_map",
            title=f"{numbers.percent(least['migrated_share'])} have migrated in {least_name}, "
            f"{numbers.percent(most['migrated_share'])} in {most_name}",
            subtitle="Share of live Metering Points that have migrated, by GSP group, roughly "
            f"where it lies; as of {numbers.day(frame.view.as_of)}",
            measure="Share of live Metering Points migrated",
            alt=f"Map of {len(rows)} tiles, the least migrated {least_name}, the most {most_name}.",
            table=gsp_group_table(groups),
            mart="rpt_gsp_group_progress",
            legend=charts.key_of_fills(
                [
                    (
                        colours.steps[spread(step, steps.count, len(colours.steps))][0],
                        steps.words(step),
                    )
                    for step in range(steps.count)
                ]
            ),
        ),
        tiles_figure(colours, tiles, font_size=12),
        height=620,
    )


def gsp_group_table(groups: pl.DataFrame) -> pl.DataFrame:
    """The tiles as rows."""
    return pl.DataFrame(
        [
            {
                "GSP group": words.GSP_GROUP.get(row["gsp_group_id"], row["gsp_group_id"]),
                "Live Metering Points": row["live_metering_points"],
                "To migrate": row["points_to_migrate"],
                "Points migrated": numbers.percent(row["migrated_share"]),
                "Energy migrated": numbers.percent(row["migrated_kwh_share"]),
                "Held, not Qualified": row["points_not_qualified"],
            }
            for row in groups.to_dicts()
        ]
    )
