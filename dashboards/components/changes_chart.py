"""Added and resolved exceptions by rule, each real or a correction: bars to the right and left."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards import data
from dashboards.comparing import Pair
from dashboards.components import charts, numbers, words
from dashboards.components.frame import Backdrop
from dashboards.components.look import Palette, template
from dashboards.components.markup import plot_text

ROW_HEIGHT = 68
# Characters of a rule that stand beside each other on a phone.
_LABEL_WIDTH = 42
# Share of the width for bars; beside them the other changes, which would else run into a total.
_BARS = 0.76
# Added exceptions point right and resolved ones left; other changes have no bar.
_SIGN = {"ADDED": 1, "RESOLVED": -1}


def by_rule(frame: Backdrop, pair: Pair, changes: pl.DataFrame) -> None:
    """The chart, with its table twin of every kind of change."""
    titles = data.changes.rule_titles(frame.view)
    rules = (
        changes.group_by("rule_id")
        .agg(pl.col("exceptions").sum())
        .sort(["exceptions", "rule_id"], descending=[True, False])
    )
    ids = rules["rule_id"].to_list()
    causes = pair.causes if changes["cause"].null_count() == 0 else ()
    colours = frame.colours
    first = ids[0]
    title = f"{first} moved most: {_in_words(changes.filter(pl.col('rule_id') == first))}"
    days = f"{numbers.day(pair.before.as_of)} to {numbers.day(pair.after.as_of)}"
    key = (
        [
            (colours.focus, "solid", words.CAUSE["REAL"]),
            (colours.series[3], "solid", f"{words.CAUSE[pair.causes[1]]}, hatched"),
        ]
        if causes
        else [(colours.quiet, "solid", "Cause not yet analysed")]
    )
    charts.show(
        frame.view,
        charts.Chart(
            key="changes_by_rule",
            title=title,
            subtitle=f"Exceptions added (to the right) and resolved (to the left) by rule; {days}",
            measure="Exceptions, resolved to the left, added to the right",
            alt=f"Bars of {len(ids)} rules. {title}.",
            table=_table(changes, ids, titles, causes),
            mart="fct_exception of both publications",
            legend=charts.key_of(key),
        ),
        _figure(changes, ids, titles, causes, colours),
        height=160 + ROW_HEIGHT * len(ids),
    )


def _in_words(changes: pl.DataFrame) -> str:
    parts = []
    for code, label in words.CHANGE.items():
        count = int(changes.filter(pl.col("change") == code)["exceptions"].sum())
        if count:
            parts.append(f"{numbers.short(count)} {label.title.lower()}")
    return ", ".join(parts)


def _figure(
    changes: pl.DataFrame,
    ids: list[str],
    titles: dict[str, str],
    causes: Sequence[str],
    colours: Palette,
) -> go.Figure:
    figure = go.Figure(layout={"template": template(colours)})
    styles: list[tuple[str | None, str, str]] = (
        [(causes[0], colours.focus, ""), (causes[1], colours.series[3], "/")]
        if causes
        else [(None, colours.quiet, "")]
    )
    for cause, fill, pattern in styles:
        for change, sign in _SIGN.items():
            found = changes.filter(
                (pl.col("change") == change) & pl.col("cause").eq_missing(pl.lit(cause))
            )
            counts = dict(found.group_by("rule_id").agg(pl.col("exceptions").sum()).iter_rows())
            what = words.CHANGE[change].title.lower()
            figure.add_bar(
                orientation="h",
                x=[sign * counts.get(rule, 0) for rule in ids],
                y=list(range(len(ids))),
                width=0.36,
                marker={
                    "color": fill,
                    "pattern": {
                        "shape": pattern,
                        "fillmode": "overlay",
                        "fgcolor": colours.background,
                        "fgopacity": 1,
                        "solidity": 0.2,
                    },
                },
                customdata=[f"{counts.get(rule, 0):,} {what}" for rule in ids],
                hovertemplate="%{customdata}"
                + (f", {words.CAUSE[cause].lower()}" if cause else "")
                + "<extra></extra>",
            )
    most = _label_bars(figure, changes, ids, titles, colours)
    room = most * 1.35 or 1
    figure.add_vline(x=0, line={"color": colours.quiet, "width": 1})
    figure.update_xaxes(
        range=[-room, room],
        domain=[0, _BARS],
        showticklabels=False,
        showline=False,
        showgrid=False,
        ticks="",
    )
    figure.update_yaxes(
        range=[len(ids) - 0.6, -0.85], showticklabels=False, showgrid=False, ticks=""
    )
    figure.update_layout(barmode="relative", bargap=0)
    return figure


def _label_bars(
    figure: go.Figure,
    changes: pl.DataFrame,
    ids: list[str],
    titles: dict[str, str],
    colours: Palette,
) -> int:
    """Rule above each bar, totals at its ends. Gives the longest bar."""

    def write(text: str, font: dict[str, Any], **place: Any) -> None:
        figure.add_annotation(text=text, showarrow=False, font=font, **place)

    most = 0
    for position, rule in enumerate(ids):
        of_rule = changes.filter(pl.col("rule_id") == rule)
        label = wrap(f"{rule} {titles.get(rule, '')}", _LABEL_WIDTH)
        write(
            "<br>".join(plot_text(line) for line in label),
            {"size": 13, "color": colours.text},
            x=0,
            xref="paper",
            xanchor="left",
            align="left",
            y=position - 0.2,
            yanchor="bottom",
            bgcolor=colours.background,
            borderpad=0,
        )
        for change, sign in _SIGN.items():
            total = int(of_rule.filter(pl.col("change") == change)["exceptions"].sum())
            most = max(most, total)
            if total:
                write(
                    f"{'+' if sign > 0 else numbers.MINUS}{numbers.short(total)}",
                    {"size": 13, "color": colours.text},
                    x=sign * total,
                    xanchor="left" if sign > 0 else "right",
                    xshift=4 * sign,
                    y=position,
                    yanchor="middle",
                )
        if others := _in_words(of_rule.filter(~pl.col("change").is_in(list(_SIGN)))):
            write(
                others.replace(", ", "<br>"),
                {"size": 13, "color": colours.muted},
                x=1,
                xref="paper",
                xanchor="right",
                y=position,
                yanchor="middle",
            )
    return most


def _table(
    changes: pl.DataFrame, ids: list[str], titles: dict[str, str], causes: Sequence[str]
) -> pl.DataFrame:
    rows = []
    for rule in ids:
        row: dict[str, Any] = {"Rule": f"{rule} {titles.get(rule, '')}"}
        for code, label in words.changes_of(changes["change"]).items():
            found = changes.filter((pl.col("rule_id") == rule) & (pl.col("change") == code))
            if causes:
                for cause in causes:
                    of_cause = found.filter(pl.col("cause") == cause)
                    name = f"{label.title}, {words.CAUSE_SHORT[cause]}"
                    row[name] = int(of_cause["exceptions"].sum())
            else:
                row[label.title] = int(found["exceptions"].sum())
        rows.append(row)
    return pl.DataFrame(rows)
