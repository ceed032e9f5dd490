"""The files of a publication: how fresh, what became of them, and what lies in quarantine."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.auth import current_user
from dashboards.components import filters, numbers, words
from dashboards.components.download import download_panel
from dashboards.components.frame import EXPECTED_AGE_DAYS, Frame
from dashboards.components.list_download import offer_list
from dashboards.components.markup import cell_table, escape, frame_table
from pipeline.clock import today
from pipeline.export import LISTS

# Files of these come every day; of the others when there is news.
DAILY = ("registration", "appointment", "migration")
EMPTY: dict[str, Any] = {"extract": [], "outcome": []}
EMPTY_QUARANTINE: dict[str, Any] = {"file": [], "reason": []}
_NO_EXTRACT = "-"


def freshness(frame: Frame) -> None:
    """Per extract its newest file and how old it is."""
    found = data.health.freshness(frame.view)
    if found.is_empty():
        st.header("No file is on record", anchor=False)
        st.markdown("The publication names no landing file, so its age is not known.")
        return
    rows = []
    old = 0
    # An earlier publication is as old as it is meant to be: its age then is what counts.
    now = today() if frame.view.is_current else frame.view.as_of
    for row in found.to_dicts():
        newest = row["newest_on"]
        age = (now - newest).days if newest else None
        is_daily = row["extract"] in DAILY
        is_old = is_daily and (age is None or age > EXPECTED_AGE_DAYS)
        old += is_old
        state = (
            "◆ Older than expected" if is_old else "✓ Fresh" if is_daily else "When there is news"
        )
        rows.append(
            [
                escape(_extract(row["extract"])),
                numbers.day(newest),
                numbers.NOT_AVAILABLE if age is None else numbers.count_of(age, "day"),
                state,
                numbers.whole(row["taken"]),
                numbers.whole(row["refused"]),
                numbers.whole(row["lines"]),
                numbers.whole(row["quarantined"]),
            ]
        )
    st.header(
        f"{old} of {len(DAILY)} daily extracts are older than expected"
        if old
        else "Every daily extract is fresh",
        anchor=False,
    )
    headings = (
        *("Extract", "Newest day", "Age", "State", "Files taken", "Refused"),
        *("Lines read", "Quarantined"),
    )
    st.html(
        f'<p class="mhhs-sub">Age on {numbers.long_day(now)}; daily extracts are expected within '
        f"{EXPECTED_AGE_DAYS} days</p>"
        + cell_table("Freshness of each extract", headings, rows, numbers=(2, 4, 5, 6, 7))
        + '<p class="mhhs-sub">Source: <code>rpt_load</code></p>'
    )


def _extract(name: str | None) -> str:
    return "Name not understood" if name in (None, _NO_EXTRACT) else str(name).capitalize()


def loads(frame: Frame, lines: dict[str, int]) -> None:
    """Every file, with the accounting of its lines."""
    found = data.health.loads(frame.view)
    if found.is_empty():
        return
    refused = lines["refused"]
    st.header(
        f"{numbers.count_of(refused, 'file')} of {lines['files']:,} "
        f"{'was' if refused == 1 else 'were'} refused"
        if refused
        else f"None of {numbers.count_of(lines['files'], 'file')} was refused",
        anchor=False,
    )
    st.html(
        f'<p class="mhhs-sub">Lines read {lines["lines"]:,} = accepted {lines["accepted"]:,} + '
        f"quarantined {lines['quarantined']:,} + repeated {lines['repeated']:,}</p>"
    )
    extracts = {name: _extract(name) for name in sorted(found["extract"].drop_nulls().unique())}
    with st.expander("Filters of the files", icon=":material/filter_alt:"):
        with st.grid(2, min_column_width=150, gap="small"):
            extract = filters.choose_many(frame.address, "extract", "Extract", extracts)
            outcome = filters.choose_many(frame.address, "outcome", "Outcome", words.OUTCOME)
        filters.clear_button(frame.address, EMPTY, key="clear_loads")
    if filters.say_unknown(frame.address, EMPTY):
        return
    shown = found
    if extract:
        shown = shown.filter(pl.col("extract").is_in(extract))
    if outcome:
        shown = shown.filter(pl.col("outcome").is_in(outcome))
    if shown.is_empty():
        st.info("No files match these filters.", icon=":material/filter_alt_off:")
        return
    st.dataframe(
        shown.select(
            pl.col("file").alias("File"),
            pl.col("business_date").alias("Speaks for"),
            pl.col("outcome").replace(words.OUTCOME).alias("Outcome"),
            pl.col("error").replace(words.REFUSAL).alias("Why refused"),
            pl.col("lines").alias("Lines read"),
            pl.col("accepted").alias("Accepted"),
            pl.col("quarantined").alias("Quarantined"),
            pl.col("repeated").alias("Repeated"),
            pl.col("noted").alias("Noted"),
            pl.col("ignored").alias("Ignored"),
            pl.col("unknown_columns").alias("Unknown columns"),
            pl.col("sha256").alias("sha256"),
        ),
        key="loads_table",
        hide_index=True,
        height=min(38 + 35 * shown.height, 388),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"{shown.height} landing files, one row each, with the accounting of their lines.",
        column_config={
            "File": st.column_config.TextColumn(pinned=True, width=290),
            "Speaks for": st.column_config.DateColumn(format="D MMM YYYY", width=110),
            "Why refused": st.column_config.TextColumn(width=200),
            **{
                name: st.column_config.NumberColumn(format="%,d")
                for name in (
                    "Lines read",
                    "Accepted",
                    "Quarantined",
                    "Repeated",
                    "Noted",
                    "Ignored",
                )
            },
        },
    )
    st.caption(
        f"{shown.height:,} of {found.height:,} files. {numbers.NOT_APPLICABLE} not applicable."
    )
    offer_list(frame, "loads", {"extract": extract, "outcome": outcome})


def quarantine(frame: Frame, lines: dict[str, int]) -> None:
    """What was not accepted: counts for all, the lines themselves for compliance."""
    counts = data.health.quarantine_counts(frame.view)
    if counts.is_empty():
        st.header("No line is in quarantine", anchor=False)
        return
    files = counts["file"].n_unique()
    by_reason = (
        counts.group_by("reason")
        .agg(pl.col("lines").sum(), pl.col("file").n_unique())
        .sort(["lines", "reason"], descending=[True, False])
    )
    commonest = by_reason["reason"][0]
    why = words.QUARANTINE.get(commonest, commonest).lower()
    st.header(
        f"{numbers.count_of(lines['quarantined'], 'line')} of {numbers.count_of(files, 'file')} "
        f"in quarantine, most often: {why}",
        anchor=False,
    )
    st.html(
        frame_table(
            "Quarantined lines by reason",
            by_reason.select(
                pl.col("reason").replace(words.QUARANTINE).alias("Reason"),
                pl.col("lines").cast(pl.Int64).alias("Lines"),
                pl.col("file").cast(pl.Int64).alias("Files"),
            ),
        )
    )
    chosen = _quarantine_filters(frame, counts)
    shown = counts
    for name, values in chosen.items():
        if values:
            shown = shown.filter(pl.col(name).is_in(values))
    if shown.is_empty():
        st.info("No quarantined lines match these filters.", icon=":material/filter_alt_off:")
        return
    st.dataframe(
        shown.select(
            pl.col("file").alias("File"),
            pl.col("reason").replace(words.QUARANTINE).alias("Reason"),
            pl.col("column_name").alias("Column"),
            pl.col("lines").alias("Lines"),
        ),
        key="quarantine_counts",
        hide_index=True,
        height=min(38 + 35 * shown.height, 318),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"Quarantined lines by file, reason and column: {shown.height} rows.",
        column_config={
            "File": st.column_config.TextColumn(pinned=True, width=320),
            "Lines": st.column_config.NumberColumn(format="%,d"),
        },
    )
    _quarantined_lines(frame, chosen)


def _quarantine_filters(frame: Frame, counts: pl.DataFrame) -> dict[str, list[str]]:
    files = {name: name for name in sorted(counts["file"].unique())}
    present = set(counts["reason"])
    reasons = {code: text for code, text in words.QUARANTINE.items() if code in present}
    with st.expander("Filters of the quarantine", icon=":material/filter_alt:"):
        with st.grid(2, min_column_width=150, gap="small"):
            chosen = {
                "file": filters.choose_many(frame.address, "file", "File", files),
                "reason": filters.choose_many(frame.address, "reason", "Reason", reasons),
            }
        filters.clear_button(frame.address, EMPTY_QUARANTINE, key="clear_quarantine")
    return chosen


def _quarantined_lines(frame: Frame, chosen: dict[str, list[str]]) -> None:
    if not current_user().may("compliance"):
        st.info(
            "The lines themselves hold MPANs: to read or download them needs the role compliance. "
            "Ask the administrator of this app for it.",
            icon=":material/lock:",
        )
        return
    total = data.health.quarantine_count(frame.view, chosen)
    pages = -(-total // data.health.ROWS_PER_PAGE)
    page = filters.page_number(frame.address, "page", pages, of=chosen)
    if page is None:
        return
    rows = data.health.quarantine_rows(frame.view, chosen, page)
    first = (page - 1) * data.health.ROWS_PER_PAGE + 1
    shown = f"Lines {first:,} to {first + rows.height - 1:,} of {total:,}"
    st.dataframe(
        rows.select(
            pl.col("file").alias("File"),
            pl.col("line").alias("Line"),
            pl.col("reason").replace(words.QUARANTINE).alias("Reason"),
            pl.col("column_name").alias("Column"),
            pl.col("row_text").alias("Word for word"),
        ),
        key="quarantine_lines",
        hide_index=True,
        height=min(38 + 35 * rows.height, 388),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"{shown} in quarantine, one row each, word for word.",
        column_config={
            "File": st.column_config.TextColumn(pinned=True, width=290),
            "Line": st.column_config.NumberColumn(format="%,d"),
            "Word for word": st.column_config.TextColumn(width=700),
        },
    )
    st.caption(f"{shown}. {numbers.NOT_APPLICABLE} not of one column.")
    known = LISTS.get("quarantine")
    if known and set(chosen) <= set(known.filters):
        download_panel(frame, "quarantine", chosen, total)


def ignored(frame: Frame) -> None:
    """Messages of interfaces that the warehouse does not use."""
    found = data.health.ignored_messages(frame.view)
    if found.is_empty():
        st.header("No message was ignored", anchor=False)
        st.markdown("Every DIP message that came is of an interface that the warehouse reads.")
        return
    total = int(found["messages"].sum())
    st.header(
        f"{numbers.count_of(total, 'message')} of {found.height:,} kinds "
        f"{'is' if total == 1 else 'are'} not used",
        anchor=False,
    )
    st.html(
        frame_table(
            "Ignored messages",
            found.select(
                pl.col("interface").alias("Interface"),
                pl.when(pl.col("event_code") == "")
                .then(pl.lit("none"))
                .otherwise(pl.col("event_code"))
                .alias("Event code"),
                pl.col("files").cast(pl.Int64).alias("Files"),
                pl.col("messages").cast(pl.Int64).alias("Messages"),
            ),
        )
        + '<p class="mhhs-sub">Source: <code>rpt_ignored_message</code></p>'
    )
