"""Changes by rule and party, the way to their exceptions, and the changes one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data, mpan
from dashboards.auth import current_user
from dashboards.comparing import Pair
from dashboards.components import filters, numbers, words
from dashboards.components.frame import Frame
from dashboards.components.markup import plain
from dashboards.components.written import written
from pipeline.comparison import Comparison

TABLE = "changes_table"
LIST = "changes_list"
EMPTY: dict[str, Any] = {"rule_id": [], "mpid": [], "change": [], "cause": []}


def changes_list(
    frame: Frame, pair: Pair, changes: pl.DataFrame, result: Comparison | None
) -> None:
    """Everything below the chart."""
    titles = data.changes.rule_titles(frame.view)
    names = data.changes.party_names(frame.view)
    st.header("By rule and Supplier or agent", anchor=False)
    chosen = _filters(frame, pair, changes, titles, names, is_split=result is not None)
    if filters.say_unknown(frame.address, EMPTY):
        return
    shown = changes
    for name, values in chosen.items():
        if values:
            shown = shown.filter(pl.col(name).is_in(values))
    if shown.is_empty():
        st.info("No changes match these filters.", icon=":material/filter_alt_off:")
        return
    total = int(shown["exceptions"].sum())
    st.markdown(
        f"**{total:,} change{'' if total == 1 else 's'}**"
        + (" match the filters." if any(chosen.values()) else " in all.")
        + " Select a row to narrow to it."
    )
    _table(shown, titles, names, pair.causes if result else ())
    _links(frame, pair, chosen)
    if result:
        _one_by_one(frame, result, chosen, total, names)


def _filters(
    frame: Frame,
    pair: Pair,
    changes: pl.DataFrame,
    titles: dict[str, str],
    names: dict[str, str],
    *,
    is_split: bool,
) -> dict[str, list[str]]:
    rules = {rule: f"{rule} {titles.get(rule, '')}" for rule in sorted(changes["rule_id"].unique())}
    parties = {
        mpid: words.party(names.get(mpid), mpid) for mpid in sorted(changes["mpid"].unique())
    }
    kinds = {code: label.title for code, label in words.CHANGE.items()}
    with st.expander("Filters", expanded=True, icon=":material/filter_alt:"):
        with st.grid(4, min_column_width=150, gap="small", vertical_alignment="bottom"):
            chosen = {
                "rule_id": filters.choose_many(frame.address, "rule_id", "Rule", rules),
                "mpid": filters.choose_many(frame.address, "mpid", "Supplier or agent", parties),
                "change": filters.choose_many(frame.address, "change", "Change", kinds),
            }
            # Without causes every value of this filter is unknown.
            causes = {cause: words.CAUSE[cause] for cause in pair.causes} if is_split else {}
            if is_split or frame.address.asked("cause"):
                chosen["cause"] = filters.choose_many(frame.address, "cause", "Cause", causes)
        filters.clear_button(frame.address, EMPTY)
    return chosen


def _table(
    shown: pl.DataFrame, titles: dict[str, str], names: dict[str, str], causes: Sequence[str]
) -> None:
    counts = []
    for code, label in words.changes_of(shown["change"]).items():
        of_change = pl.col("change") == code
        if causes:
            counts += [
                pl.col("exceptions")
                .filter(of_change & (pl.col("cause") == cause))
                .sum()
                .alias(f"{label.title}, {words.CAUSE_SHORT[cause]}")
                for cause in causes
            ]
        else:
            counts.append(pl.col("exceptions").filter(of_change).sum().alias(label.title))
    groups = (
        shown.group_by("rule_id", "mpid")
        .agg(*counts, pl.col("exceptions").sum().alias("All"))
        .sort(["All", "rule_id", "mpid"], descending=[True, False, False])
    )
    rows = groups.select(
        pl.col("rule_id").alias("Rule"),
        written(
            "Supplier or agent", groups["mpid"], lambda each: words.party(names.get(each), each)
        ),
        pl.exclude("rule_id", "mpid"),
        pl.col("rule_id").replace(titles).alias("Flagged when"),
    )
    whole = st.column_config.NumberColumn(format="%,d")
    st.dataframe(
        rows,
        key=TABLE,
        hide_index=True,
        height=min(38 + 35 * rows.height, 388),
        alt=f"Changes of {rows.height} rules and parties, one row each.",
        on_select=_chooser(groups["rule_id"].to_list(), groups["mpid"].to_list()),
        selection_mode="single-row",
        column_config={
            "Rule": st.column_config.TextColumn(pinned=True, width=80),
            "Supplier or agent": st.column_config.TextColumn(width=230),
            "Flagged when": st.column_config.TextColumn(width=320),
            **{name: whole for name, kind in rows.schema.items() if kind.is_numeric()},
        },
    )


def _chooser(rules: list[str], parties: list[str]) -> Callable[[], None]:
    """What a click on a row does: narrow to its rule and party."""

    def choose() -> None:
        for row in st.session_state[TABLE]["selection"]["rows"]:
            st.session_state["rule_id"] = [rules[row]]
            st.session_state["mpid"] = [parties[row]]

    return choose


def _links(frame: Frame, pair: Pair, chosen: dict[str, list[str]]) -> None:
    """What was added stands in the later publication, what was resolved stood in the earlier."""
    narrowed = {name: chosen[name] for name in ("rule_id", "mpid") if chosen[name]}
    for view in (pair.after, pair.before):
        st.page_link(
            "views/exceptions.py",
            label=f"The exceptions as of {plain(numbers.day(view.as_of))}"
            + (", with these rules and parties" if narrowed else ""),
            icon=":material/arrow_forward:",
            icon_position="right",
            width="stretch",
            query_params={
                # Named even when it is the current one: this page may show another.
                **(
                    {}
                    if view.is_current and frame.view.is_current
                    else {"asof": view.publication_id}
                ),
                **narrowed,
            },
        )


def _one_by_one(
    frame: Frame,
    result: Comparison,
    chosen: dict[str, list[str]],
    total: int,
    names: dict[str, str],
) -> None:
    st.header("One by one", anchor=False)
    if not current_user().may("compliance"):
        st.info(
            "Single Metering Points need the role compliance. Ask the administrator of this app "
            "for it.",
            icon=":material/lock:",
        )
        return
    pages = -(-total // data.changes.ROWS_PER_PAGE)
    page = filters.page_number(frame.address, "page", pages, of=chosen)
    if page is None:
        return
    rows = data.changes.rows(result.exceptions, chosen, page)
    first = (page - 1) * data.changes.ROWS_PER_PAGE + 1
    shown = f"Rows {first:,} to {first + rows.height - 1:,} of {total:,}"
    day = st.column_config.DateColumn(format="D MMM YYYY", width=115)
    event = st.dataframe(
        rows.select(
            pl.col("rule_id").alias("Rule"),
            pl.col("change")
            .replace({code: label.text for code, label in words.CHANGE.items()})
            .alias("Change"),
            pl.col("cause").replace(words.CAUSE).alias("Cause"),
            written("MPAN", rows["mpan"], mpan.in_groups),
            written(
                "Supplier or agent",
                rows["mpid"].fill_null("-"),
                lambda each: words.party(names.get(each), each),
            ),
            _before_and_after("severity", {c: label.title for c, label in words.SEVERITY.items()}),
            _before_and_after("status", words.STATUS),
            pl.col("occurred_on_before").alias("Occurred on, before"),
            pl.col("occurred_on_after").alias("Occurred on, after"),
            pl.col("reason_detail").alias("What happened"),
        ),
        key=LIST,
        hide_index=True,
        height=min(38 + 35 * rows.height, 500),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"{shown} changes, one row each.",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Rule": st.column_config.TextColumn(pinned=True, width=80),
            "MPAN": st.column_config.TextColumn(
                width=150, help="Metering Point Administration Number"
            ),
            "Occurred on, before": day,
            "Occurred on, after": day,
            "What happened": st.column_config.TextColumn(width=480),
        },
    )
    st.caption(f"{shown}. {numbers.NOT_APPLICABLE} not applicable: not in that publication.")
    selected = event["selection"]["rows"]
    if selected and selected[0] < rows.height:
        _to_the_point(frame, rows.row(selected[0], named=True))


def _before_and_after(name: str, titles: dict[str, str]) -> pl.Expr:
    """`Open`, or `Open \u2192 Closed` where it differs."""
    before = pl.col(f"{name}_before").replace(titles)
    after = pl.col(f"{name}_after").replace(titles)
    return (
        pl.when(before.is_not_null() & after.is_not_null() & (before != after))
        .then(pl.concat_str(before, pl.lit(" \u2192 "), after))
        .otherwise(pl.coalesce(after, before))
        .alias(name.capitalize())
    )


def _to_the_point(frame: Frame, row: dict[str, Any]) -> None:
    if row["mpan"] is None:
        return
    st.page_link(
        "views/point.py",
        label=f"Prove it: everything about {plain(mpan.in_groups(row['mpan']) or '')}",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters({"mpan": [row["mpan"]]}),
    )
