"""What one Supplier holds and what changed: its state, points by segment and area, flow by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st
from plotly.subplots import make_subplots

from dashboards import data
from dashboards.components import charts, numbers, words
from dashboards.components.frame import Backdrop
from dashboards.components.look import template
from dashboards.components.markup import badge, cell_table, escape, facts, plot_text
from dashboards.components.party_panel import margin_in_words
from dashboards.components.written import written

_GAINS = ("SWITCH_IN", "NEW")
_LOSSES = ("SWITCH_OUT", "LOST")


def state(row: dict[str, Any], as_of: date) -> None:
    """Where it stands, in facts; `row` is its row of `rpt_supplier_readiness`."""
    status = words.READINESS[row["readiness_status"]]
    pairs = [("Status", badge(status))]
    if row["reason"]:
        pairs.append(("Why", escape(words.REASON.get(row["reason"], row["reason"]))))
    if row["is_qualified"]:
        pairs.append(("Qualified since", numbers.day(row["qualified_from"])))
        pairs.append(("Qualified for", escape(segments_in_words(row["qualified_segments"]))))
    else:
        expected = row["forecast_qualification_on"]
        has_passed = expected is not None and expected <= as_of
        day = numbers.day(expected)
        pairs.append(("Expected to be Qualified", f"{day}, passed" if has_passed else day))
        if not has_passed:
            pairs.append(("Against M14", margin_in_words(row["days_margin_to_m14"])))
        due = row["next_due_on"]
        step = escape(words.stage(row["next_stage"]))
        pairs.append(("Next step", f"{step}, {numbers.day(due)}" if due else step))
    pairs += [
        ("Tranche", escape(row["tranche"] or numbers.NOT_AVAILABLE)),
        ("Size band", escape(words.SIZE_BAND.get(row["size_band"], numbers.NOT_AVAILABLE))),
        ("Live Metering Points", numbers.whole(row["live_metering_points"])),
        ("Held while not Qualified", numbers.whole(row["points_not_qualified"])),
        ("Still to migrate", numbers.whole(row["points_to_migrate"])),
        ("Migrated a working day, last 28 days", numbers.rate(row["pace_per_working_day"])),
        ("Needed a working day to M15", numbers.rate(row["needed_per_working_day"])),
    ]
    st.html(facts(pairs))


def segments_in_words(letters: str | None) -> str:
    """SA: Smart, Advanced"""
    if not letters:
        return numbers.NOT_AVAILABLE
    return ", ".join(words.SEGMENT.get(letter, letter) for letter in letters)


def supplier_sentence(row: dict[str, Any], m14: date | None, as_of: date) -> str:
    """The answer for one Supplier, as markup: before M14 at risk, from M14 in breach."""
    name = escape(row["participant_name"] or row["mpid"])
    points = row["points_not_qualified"]
    held = f"{numbers.count_of(points, 'live Metering Point')}"
    after = m14 is not None and as_of >= m14
    if row["is_qualified"] and not points:
        since = numbers.long_day(row["qualified_from"])
        return f"<strong>{name} is Qualified</strong> since {since}."
    if row["is_qualified"]:
        what = "in breach" if after else "at risk"
        return (
            f"<strong>{name} is Qualified in part of its scope</strong>: {held} of other segments "
            f"{'is' if points == 1 else 'are'} {what}."
        )
    if after:
        what = "is not Qualified after M14, a breach"
    else:
        at_risk = row["readiness_status"] != "ON_TRACK"
        what = "is not Qualified and " + (
            "at risk of missing M14" if at_risk else "on track for M14"
        )
    return f"<strong>{name} {what}</strong>: it holds {held} while not Qualified for them."


def points(frame: Backdrop, mpid: str) -> None:
    """Live points by segment and regime, as a table."""
    found = data.suppliers.points(frame.view, mpid)
    st.header("Points by segment and regime", anchor=False)
    if found.is_empty():
        st.markdown("It holds no live Metering Point on the as-of day.")
        return
    rows = [
        [
            escape(words.SEGMENT.get(row["market_segment"], row["market_segment"])),
            escape(words.REGIME[row["regime"]]),
            f"{row['metering_points']:,}",
            numbers.whole(row["annual_kwh"]),
            "● Yes" if row["is_qualified"] else "▲ No",
        ]
        for row in found.to_dicts()
    ]
    headings = ["Segment", "Regime", "Metering Points", "kWh a year", "Qualified for it"]
    st.html(cell_table("Points by segment and regime", headings, rows, numbers=(2, 3)))


def gsp_groups(frame: Backdrop, mpid: str) -> None:
    """Live points by GSP group, migrated and not."""
    found = data.suppliers.gsp_groups(frame.view, mpid)
    if found.is_empty():
        return
    migrated = int(found["migrated"].sum())
    total = migrated + int(found["legacy"].sum())
    names = [words.GSP_GROUP.get(code, code) for code in found["gsp_group_id"]]
    colours = frame.colours
    figure = go.Figure(layout={"template": template(colours), "barmode": "stack"})
    for column, colour, label in (
        ("migrated", colours.focus, "migrated"),
        ("legacy", colours.plain_fill, "under the legacy arrangements"),
    ):
        figure.add_bar(
            x=found[column].to_list(),
            y=[plot_text(name) for name in names],
            orientation="h",
            width=0.62,
            marker={"color": colour, "line": {"color": colours.quiet, "width": 1}},
            hovertemplate=f"%{{y}}: %{{x:,}} {label}<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticklabelstandoff=6)
    figure.update_xaxes(tickformat=",", nticks=5, rangemode="tozero")
    charts.show(
        frame.view,
        charts.Chart(
            key=f"gsp_groups_{mpid}",
            title=f"{numbers.percent(migrated / total)} of its Metering Points have migrated"
            if migrated
            else "None of its Metering Points has migrated",
            subtitle=f"{numbers.count_of(total, 'live Metering Point')} by GSP group and regime, "
            f"as of {numbers.day(frame.view.as_of)}",
            measure="Live Metering Points by GSP group",
            alt=f"Stacked bars by GSP group, from {names[0]} down to {names[-1]}.",
            table=found.select(
                pl.Series("GSP group", names),
                pl.col("migrated").alias("Migrated"),
                pl.col("legacy").alias("Legacy arrangements"),
                pl.col("not_qualified").alias("Held while not Qualified"),
            ),
            mart="rpt_gsp_group_position",
            legend=charts.key_of_fills(
                [(colours.focus, "Migrated"), (colours.plain_fill, "Legacy arrangements")]
            ),
        ),
        figure,
        height=140 + 30 * found.height,
    )


def flows(frame: Backdrop, mpid: str) -> None:
    """Gains and losses, and migrations, by day of the last 13 weeks."""
    found = data.suppliers.flows(frame.view, mpid)
    if found.is_empty():
        st.header("Nothing moved in the last 13 weeks", anchor=False)
        st.markdown("It gained, lost and migrated no Metering Point.")
        return
    by_day = _by_day(found)
    charts.show(
        frame.view,
        charts.Chart(
            key=f"flows_{mpid}",
            title=_flow_title(by_day),
            subtitle="Metering Points a day: gained (by Switch or new) and lost (by Switch or "
            f"ended), migrated and migrated back; {_first_day(frame)} to "
            f"{numbers.day(frame.view.as_of)}",
            measure="Metering Points a day",
            alt=f"Bars by day, two rows. {_flow_title(by_day)}.",
            table=_flow_table(by_day),
            mart="rpt_daily_flow",
        ),
        _flow_figure(frame, by_day),
        height=460,
    )


def _by_day(found: pl.DataFrame) -> pl.DataFrame:
    def total(flows: tuple[str, ...]) -> pl.Expr:
        return pl.col("points").filter(pl.col("flow").is_in(flows)).sum()

    return (
        found.group_by("date_day")
        .agg(
            gained=total(_GAINS),
            lost=total(_LOSSES),
            migrated=total(("FORWARD",)),
            reversed=total(("REVERSE",)),
        )
        .sort("date_day")
    )


def _flow_title(by_day: pl.DataFrame) -> str:
    gained, lost = int(by_day["gained"].sum()), int(by_day["lost"].sum())
    back = int(by_day["reversed"].sum())
    words_of_back = f", {numbers.short(back)} migrated back" if back else ""
    return (
        f"In 13 weeks it gained {numbers.short(gained)} and lost {numbers.short(lost)} points; "
        f"{numbers.short(int(by_day['migrated'].sum()))} migrated{words_of_back}"
    )


def _first_day(frame: Backdrop) -> str:
    return numbers.day(
        frame.view.as_of - timedelta(days=data.suppliers.SPARKLINE_DAYS) + timedelta(days=1)
    )


def _flow_table(by_day: pl.DataFrame) -> pl.DataFrame:
    return by_day.select(
        written("Day", by_day["date_day"], numbers.day),
        pl.col("gained").alias("Gained"),
        pl.col("lost").alias("Lost"),
        pl.col("migrated").alias("Migrated"),
        pl.col("reversed").alias("Migrated back"),
    )


def _flow_figure(frame: Backdrop, by_day: pl.DataFrame) -> go.Figure:
    colours = frame.colours
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.16,
        subplot_titles=("Gained; below 0 lost", "Migrated; below 0 migrated back"),
    )
    figure.update_layout(template=template(colours), barmode="relative", bargap=0.1)
    days = by_day["date_day"].to_list()
    for line, column, sign, colour, label in (
        (1, "gained", 1, colours.focus, "gained"),
        (1, "lost", -1, colours.series[3], "lost"),
        (2, "migrated", 1, colours.focus, "migrated"),
        (2, "reversed", -1, colours.bad, "migrated back"),
    ):
        figure.add_bar(
            x=days,
            y=(by_day[column] * sign).to_list(),
            customdata=by_day[column].to_list(),
            marker={"color": colour},
            hovertemplate=f"%{{x|%-d %b %Y}}: %{{customdata:,}} {label}<extra></extra>",
            row=line,
            col=1,
        )
    for title in figure.layout.annotations:
        title.update(x=0, xanchor="left", font={"size": 13, "color": colours.muted})
    m14 = data.frame.milestone_day(frame.view, "M14")
    first = frame.view.as_of - timedelta(days=data.suppliers.SPARKLINE_DAYS)
    last = frame.view.as_of + timedelta(days=2)
    if m14 and first < m14 <= last:
        charts.mark_day(figure, m14, "M14", colours)
    figure.update_xaxes(range=[first, last], tickformat="%-d %b<br>%Y", nticks=6)
    for line, up, down in ((1, "gained", "lost"), (2, "migrated", "reversed")):
        high, low = max(by_day[up].to_list()), max(by_day[down].to_list())
        figure.update_yaxes(
            range=[-max(low, 0.2) * 1.1, max(high, 0.2) * 1.1],
            dtick=1 if high + low <= 4 else None,
            tickformat=",d",
            nticks=5,
            zeroline=True,
            zerolinecolor=colours.quiet,
            row=line,
            col=1,
        )
    return figure
