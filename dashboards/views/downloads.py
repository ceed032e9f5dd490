"""Downloads: who took what, when?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboards import data, links
from dashboards.auth import current_user
from dashboards.components import filters, numbers
from dashboards.components.frame import Frame, current
from dashboards.components.markup import escape
from dashboards.components.written import written

KIND = {
    "download": "Download",
    "sql": "SQL query",
    "sql_export": "SQL file",
    "point": "Look-up of a Metering Point",
    "refused": "Refused",
    "sign_in": "Sign-in",
    "sign_out": "Sign-out",
}
EMPTY: dict[str, Any] = {"log_kind": [], "log_user": [], "log_from": None, "log_to": None}
RECENT_DAYS = 28
_PREPARED = "_prepared_log"
_NOT_WRITTEN = "_log_not_written"


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Downloads", anchor=False)
    log = data.downloads.log()
    st.html(f'<p class="mhhs-lead">{_sentence(log)}</p>')
    if log.is_empty():
        st.info(
            "Every download and SQL query leaves a line here, and so does every sign-in.",
            icon=":material/info:",
        )
        return
    shown = _filtered(frame, log)
    if filters.say_unknown(frame.address, EMPTY):
        return
    scope = "match the filters" if shown.height < log.height else "in all, newest first"
    st.markdown(f"**{shown.height:,} line{'' if shown.height == 1 else 's'}** {scope}.")
    if shown.is_empty():
        st.info("No lines match these filters.", icon=":material/filter_alt_off:")
        return
    _file(shown)
    _table(frame, shown)


def _sentence(log: pl.DataFrame) -> str:
    since = datetime.now(ZoneInfo(data.downloads.ZONE)) - timedelta(days=RECENT_DAYS)
    taken = log.filter((pl.col("kind") == "download") & (pl.col("at") >= since))
    if taken.is_empty():
        return f"<strong>No file was downloaded</strong> in the last {RECENT_DAYS} days."
    files = numbers.count_of(taken.height, "download")
    readers = numbers.count_of(taken["user"].n_unique(), "reader")
    rows = numbers.count_of(int(taken["rows"].sum()), "row")
    last = taken.row(0, named=True)
    return (
        f"<strong>{files}</strong> by {readers} in the last {RECENT_DAYS} days, {rows} in all; "
        f"the newest on {numbers.instant(last['at'])} by {escape(last['user'])}."
    )


def _filtered(frame: Frame, log: pl.DataFrame) -> pl.DataFrame:
    address = frame.address
    kinds = {kind: KIND.get(kind, kind) for kind in sorted(log["kind"].unique())}
    users = {name: name for name in sorted(log["user"].unique())}
    with st.expander("Filters", expanded=True, icon=":material/filter_alt:"):
        with st.grid(4, min_column_width=150, gap="small", vertical_alignment="bottom"):
            kind = filters.choose_many(address, "log_kind", "What", kinds)
            user = filters.choose_many(address, "log_user", "Who", users)
            first = filters.choose_day(address, "log_from", "From")
            last = filters.choose_day(address, "log_to", "To")
        filters.clear_button(address, EMPTY)
    day = pl.col("at").dt.date()
    return log.filter(
        pl.col("kind").is_in(kind or list(kinds)),
        pl.col("user").is_in(user or list(users)),
        day >= (first or date.min),
        day <= (last or date.max),
    )


def _file(shown: pl.DataFrame) -> None:
    """The lines on the page as a file; another selection is another file."""
    selected = int(shown.hash_rows(seed=0).sum() or 0)
    prepared = st.session_state.get(_PREPARED)
    rows = f"{shown.height:,} row{'' if shown.height == 1 else 's'}"

    def prepare() -> None:
        try:
            st.session_state[_PREPARED] = (selected, data.downloads.write_csv(shown))
        except data.downloads.NotWritten as error:
            st.session_state[_NOT_WRITTEN] = str(error)

    if prepared and prepared[0] == selected:
        st.link_button(
            f"Download CSV: {rows}",
            links.link(prepared[1], current_user().key, role="admin"),
            type="primary",
            icon=":material/download:",
        )
    else:
        st.button(
            f"Prepare CSV of {rows}",
            key="prepare_log",
            type="primary",
            icon=":material/table_view:",
            on_click=prepare,
        )
        if reason := st.session_state.pop(_NOT_WRITTEN, None):
            st.error(f"The file could not be made: {reason}", icon=":material/error:")


def _table(frame: Frame, shown: pl.DataFrame) -> None:
    size = data.downloads.LINES_PER_PAGE
    page = filters.page_number(frame.address, "page", -(-shown.height // size), of=shown.height)
    if page is None:
        return
    lines = shown.slice((page - 1) * size, size)
    first = (page - 1) * size + 1
    words = f"Lines {first:,} to {first + lines.height - 1:,} of {shown.height:,}"
    st.dataframe(
        lines.select(
            pl.col("at").alias("When (UK time)"),
            pl.col("user").alias("Who"),
            pl.col("kind").replace(KIND).alias("What"),
            pl.col("rows").alias("Rows"),
            written(
                "File", lines.select(pl.struct("what", "publication_id")).to_series(), _short_name
            ),
            pl.col("details").alias("Filters and other facts"),
            pl.col("publication_id").alias("Publication"),
        ),
        hide_index=True,
        height=min(38 + 35 * lines.height, 500),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"{words} of the audit log, one row each.",
        column_config={
            "When (UK time)": st.column_config.DatetimeColumn(
                format="D MMM YYYY, HH:mm:ss", width=175
            ),
            "Who": st.column_config.TextColumn(width=180),
            "What": st.column_config.TextColumn(width=110),
            "Rows": st.column_config.NumberColumn(format="%,d", width=90),
            "Publication": st.column_config.TextColumn(width=300),
            "File": st.column_config.TextColumn(width=260),
            "Filters and other facts": st.column_config.TextColumn(width=420),
        },
    )
    st.caption(f"{words}. {numbers.NOT_APPLICABLE} not applicable.")


def _short_name(line: dict[str, Any]) -> str | None:
    """The file without the publication, which has a column of its own."""
    name: str | None = line["what"]
    return name.replace(f"_{line['publication_id']}", "") if name else None


render(current())
