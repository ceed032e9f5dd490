"""Changes: what moved between two publications, and is it a real change or a correction?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboards import comparing, data
from dashboards.comparing import Pair
from dashboards.components import changes_chart, filters, finished, numbers, words
from dashboards.components.address import Read
from dashboards.components.changes_list import changes_list
from dashboards.components.figures import FRAME, figure
from dashboards.components.frame import Backdrop, Frame, current
from dashboards.components.markup import cell_table, escape
from dashboards.data import View

_POLL_SECONDS = 1.0


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Changes", anchor=False)
    earlier = _earlier(frame.view)
    if not earlier:
        st.info(
            "No earlier publication is kept, so there is nothing to compare with. Choose a later "
            "one above, or come back after the next run.",
            icon=":material/info:",
        )
        return
    before = _choose(frame, earlier)
    if filters.say_unknown(frame.address, ["before"], "Nothing is compared."):
        return
    pair = Pair(before, frame.view)
    result = pair.result()
    if result:
        changes = pl.DataFrame(result.document["changes"], schema=_SCHEMA)
    else:
        unsplit = data.changes.counts(pair.before, pair.after)
        changes = unsplit.select(
            "rule_id", "mpid", "change", pl.lit(None, pl.String).alias("cause"), "exceptions"
        )
    st.html(f'<p class="mhhs-lead">{_sentence(pair, changes, bool(result))}</p>')
    if pair.before.contract != pair.after.contract:
        st.info(
            f"These publications follow different contracts of the marts, {pair.before.contract} "
            f"and {pair.after.contract}. Some statuses and figures have another definition in "
            "each, so a difference is not always a change in the market.",
            icon=":material/difference:",
        )
    if result is None:
        _offer_split(pair)
    split = result.document["headline"] if result else None
    finished.show(frame, _figures, pair.before, split, changes)
    if not changes.is_empty():
        changes_list(frame, pair, changes, result)


def _figures(
    frame: Backdrop, before: View, split: list[dict[str, Any]] | None, changes: pl.DataFrame
) -> None:
    pair = Pair(before, frame.view)
    _headline(pair, split)
    if changes.is_empty():
        st.header("No exception changed", anchor=False)
    else:
        changes_chart.by_rule(frame, pair, changes)


_SCHEMA = {
    "rule_id": pl.String,
    "mpid": pl.String,
    "change": pl.String,
    "cause": pl.String,
    "exceptions": pl.Int64,
}


def _earlier(view: View) -> list[View]:
    """Kept publications that `view` can be compared with; the default one first.

    That is the newest of an earlier as-of day; of the same day those built before it follow.
    """
    others = [
        each
        for each in data.store.kept()
        if (each.as_of, each.built_at) < (view.as_of, view.built_at)
    ]
    return sorted(others, key=lambda each: each.as_of == view.as_of)


def _choose(frame: Frame, earlier: Sequence[View]) -> View:
    by_id = {view.publication_id: view for view in earlier}
    default = next(iter(by_id))

    def read(asked: Sequence[str]) -> Read:
        if len(asked) == 1 and asked[0] in by_id:
            return Read(asked[0])
        return Read(default, {each: _not_earlier(each) for each in asked})

    frame.address.restore("before", read)
    if st.session_state["before"] not in by_id:  # another publication was chosen above
        frame.address.put("before", Read(default))
    chosen = st.selectbox(
        "Compared with",
        list(by_id),
        format_func=lambda each: (
            f"as of {numbers.day(by_id[each].as_of)} \u00b7 built "
            f"{numbers.instant(by_id[each].built_at, zone=False)}"
        ),
        key="before",
        width=400,
    )
    frame.address.show("before", [chosen] if chosen != default else [])
    frame.address.pin("before", chosen)
    return by_id[chosen]


def _not_earlier(publication_id: str) -> str:
    return (
        f"{filters.quoted(publication_id)} is not a kept publication that is earlier than the one "
        "chosen above, or the address names several."
    )


def _sentence(pair: Pair, changes: pl.DataFrame, is_split: bool) -> str:
    def total(change: str) -> int:
        return int(changes.filter(pl.col("change") == change)["exceptions"].sum())

    # The days stay whole where the sentence breaks.
    before, after = (
        numbers.day(view.as_of).replace(" ", "\u00a0") for view in (pair.before, pair.after)
    )
    days = f"from {before} to {after}"
    if changes.is_empty():
        return f"<strong>No exception changed</strong> {days}."
    others = [
        f"{numbers.short(count)} {label.title.lower()}"
        for code, label in words.CHANGE.items()
        if code not in ("ADDED", "RESOLVED") and (count := total(code))
    ]
    text = (
        f"<strong>{numbers.count_of(total('ADDED'), 'exception')} added, "
        f"{numbers.short(total('RESOLVED'))} resolved</strong>"
        f"{''.join(f', {other}' for other in others)} {days}"
    )
    if not is_split:
        return f"{text}."
    if pair.causes[1] == "DEFINITION_CHANGED":
        real = int(changes.filter(pl.col("cause") == "REAL")["exceptions"].sum())
        return (
            f"{text}: <strong>{numbers.short(real)} real changes</strong>, the rest because "
            "definitions changed or files were corrected."
        )
    corrected = int(changes.filter(pl.col("cause") == "CORRECTION")["exceptions"].sum())
    everything = int(changes["exceptions"].sum())
    if corrected == 0:
        return f"{text}: <strong>all of it real</strong>, nothing was corrected."
    return (
        f"{text}: <strong>{numbers.short(corrected)} of these {numbers.short(everything)} changes "
        f"{'is a correction' if corrected == 1 else 'are corrections'}</strong>, the rest is real."
    )


def _offer_split(pair: Pair) -> None:
    """The way from the bare difference to its causes: a worker runs the rules once more."""
    working = comparing.at_work()
    if working == pair:
        _wait(pair)
        return
    if reason := comparing.failure(pair):
        st.error(f"The causes could not be worked out: {reason}", icon=":material/error:")
    st.info(
        "What of this is real and what a correction is not worked out yet. To tell, the rules are "
        f"run once more, on {numbers.long_day(pair.before.as_of)} with the files known on "
        f"{numbers.long_day(pair.after.as_of)}. That takes about as long as a build, and no run "
        "can start meanwhile. It is kept, so nobody waits for it twice.",
        icon=":material/info:",
    )
    st.button(
        "Tell real changes from corrections",
        key="split_changes",
        type="primary",
        icon=":material/call_split:",
        disabled=working is not None,
        help="Another comparison is being worked out." if working else None,
        on_click=comparing.start,
        args=(pair,),
    )


@st.fragment(run_every=_POLL_SECONDS)
def _wait(pair: Pair) -> None:
    if comparing.at_work() != pair:
        st.rerun()
    before = comparing.before()
    far = f"waiting, {before} before you" if before else f"{comparing.seconds():.0f} seconds so far"
    st.info(
        f"Real changes and corrections are being told apart: {far}. The rest of the page can be "
        "used meanwhile.",
        icon="spinner",
    )


def _headline(pair: Pair, split: list[dict[str, Any]] | None) -> None:
    before, after = data.changes.headline(pair.before), data.changes.headline(pair.after)
    names = [name for name in after if name not in FRAME and name in before]
    moved = sum(before[name] != after[name] for name in names)
    st.header(
        f"{moved} of {len(names)} figures of the headline moved"
        if moved
        else "No figure of the headline moved",
        anchor=False,
    )
    causes = {row["figure"]: row for row in split or ()}
    headings = ["Figure", numbers.day(pair.before.as_of), numbers.day(pair.after.as_of)]
    headings += ["Difference", *(words.CAUSE[cause] for cause in pair.causes if split)]
    rows = []
    for name in names:
        each = figure(name)
        difference = (
            None
            if before[name] is None or after[name] is None
            else float(after[name]) - float(before[name])
        )
        cells = [
            escape(each.title),
            each.written(before[name]),
            each.written(after[name]),
            f"<b>{each.difference(difference)}</b>" if difference else each.difference(difference),
        ]
        if split:
            known = causes.get(name, {})
            cells += [each.difference(known.get("real")), each.difference(known.get("correction"))]
        rows.append(cells)
    st.html(
        f'<p class="mhhs-sub">Every figure in both publications'
        f"{', its difference split into what moved and what was corrected' if split else ''}"
        "; pp: percentage points</p>"
        + cell_table("Figures of the headline", headings, rows, range(1, len(headings)))
    )


render(current())
