"""The log of loads: it gives back what it took, and its order does not matter."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.intake.log import Entry, LoadLog
from pipeline.intake.outcomes import judge

ENTRIES = st.lists(
    st.builds(
        Entry,
        file=st.just(""),
        extract=st.just("migration"),
        sha256=st.just(""),
        kind=st.sampled_from(["full", "full", "delta"]),
        business_date=st.integers(0, 4).map(lambda n: date(2026, 1, 1) + timedelta(n)),
        sequence=st.integers(0, 1),
        accepted=st.sampled_from([0, 60, 80, 100]),
        extracted_at=st.sampled_from([f"2026-01-01T0{n}" for n in range(5)]),
        allow_shrunk=st.sampled_from([False, False, True]),
    ),
    max_size=8,
    unique_by=lambda e: (e.kind, e.business_date, e.sequence, e.extracted_at),
)


@settings(max_examples=200, deadline=None)
@given(ENTRIES, st.randoms(use_true_random=False))
def test_outcomes_do_not_depend_on_the_order(entries: list[Entry], order: random.Random) -> None:
    """Re-supplies, too, where each says when it was extracted."""
    entries = [
        replace(e, file=f"{e.kind}{e.business_date}{e.sequence}", sha256=str(n))
        for n, e in enumerate(entries)
    ]
    judged = {o.entry.sha256: (o.outcome, o.error, o.stands) for o in judge(entries)}
    order.shuffle(entries)
    again = {o.entry.sha256: (o.outcome, o.error, o.stands) for o in judge(entries)}
    assert judged == again
    before = 0
    for outcome in sorted(judge(entries), key=lambda o: o.entry.file):
        if outcome.stands and outcome.entry.kind == "full":
            assert outcome.entry.allow_shrunk or outcome.entry.accepted >= 0.8 * before
            before = outcome.entry.accepted


def test_the_log_gives_back_what_it_took(tmp_path: Path) -> None:
    entry = Entry("migration/é\u2028\n.csv", "migration", "0", error="BAD_NAME", stamp=(1, 2))
    LoadLog(tmp_path).append(entry)
    assert LoadLog(tmp_path).entries == [entry]
    shutil.rmtree(tmp_path)
