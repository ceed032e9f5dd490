"""Scripted cases: the first Metering Points live through every rule, whatever the seed and size.

Random breaches are rare on purpose; these make sure that each list has something to show, and that
the boundaries that go wrong most are in every market.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.simulate.cast import SUPPLIERS
from pipeline.simulate.days import FOREVER, M14, day
from pipeline.simulate.story import GOOD, METERING, SINCE, Row, Script, Story

_COPIES = 2

# Parts that Suppliers play, by their fate in the cast.
GOOD_TOO = "ZALD"
_BY_FATE = {supplier.fate: supplier.mpid for supplier in SUPPLIERS if supplier.fate}
NEVER, PARTIAL, EXEMPT = _BY_FATE["NEVER"], _BY_FATE["PARTIAL"], _BY_FATE["EXEMPT"]
WITHDRAWN, REGAINED = _BY_FATE["WITHDRAWN"], _BY_FATE["REGAINED"]
UNLISTED, FUTURE = _BY_FATE["UNLISTED"], "ZMOR"
SAME_DAY = "ZTWI"  # Qualified from M14 itself

Case = Callable[[Story, int], None]


def _reversed_and_migrated_again(story: Story, copy: int) -> None:
    gained, lost = day("2026-06-10") + copy, day("2026-08-05") + copy
    story.first(GOOD, gained - 1)
    story.registration(NEVER, gained, lost - 1, requested=gained - 6)
    story.registration(GOOD_TOO, lost, requested=lost - 4)
    story.appointment("MOP", "ZL1M", SINCE, day("2026-01-19"), scenario=None)
    story.migrated(day("2026-01-20"), end=gained - 1)
    story.event("REVERSE", gained, NEVER)
    story.appointment("MOP", "ZL1M", gained, day("2026-09-01"), scenario=None)
    story.migrated(day("2026-09-02"), GOOD_TOO)


def _late_correction(story: Story, copy: int) -> None:
    # The Switch took effect in July; the market learns in November that it was another Supplier's.
    number = day("2026-07-02") + copy
    told = day("2026-11-12") + copy
    story.first(GOOD, number - 1)
    story.registration(GOOD_TOO, number, requested=number - 1)
    story.corrected(PARTIAL, told)


def _events_only(story: Story, copy: int) -> None:
    story.event("FORWARD", day("2026-05-14") + copy, GOOD)


def _appointment_only(story: Story, copy: int) -> None:
    story.appointment("MSS", METERING, day("2026-05-14") + copy)


def _reverse_after_m14(story: Story, copy: int) -> None:
    number = M14 + 12 * copy
    story.switch(GOOD, NEVER, number)
    story.migrated(day("2026-03-03"), end=number - 1)
    story.event("REVERSE", number, NEVER)


def _reverse_without_cause(story: Story, copy: int) -> None:
    number = day("2026-08-04") + copy
    story.switch(GOOD, GOOD_TOO, number)
    story.migrated(day("2026-04-14"), end=number - 1)
    story.event("REVERSE", number, GOOD_TOO)


def _legacy_left_open(story: Story, copy: int) -> None:
    story.first(GOOD)
    story.appointment("DC", "ZL3C", SINCE, scenario=None)
    story.migrated(day("2026-05-19") + copy)


def _mhhs_role_on_legacy(story: Story, copy: int) -> None:
    story.first(NEVER)
    story.appointment("MSS", METERING, day("2026-06-02") + copy)


def _overlap(story: Story, copy: int) -> None:
    story.first(GOOD, day("2026-04-09") + copy)
    story.registration(GOOD_TOO, day("2026-04-07"), requested=day("2026-04-01"))


def _gap(story: Story, copy: int) -> None:
    story.first(GOOD, day("2026-04-09"))
    story.registration(GOOD_TOO, day("2026-04-20") + copy, requested=day("2026-04-13"))


def _mistaken_event(story: Story, copy: int) -> None:
    story.first(GOOD)
    for number in range(12):
        on = day("2025-12-01") + 61 * number + copy
        story.event("FORWARD", on, GOOD, removed=on + 2)


def _mistaken_request(story: Story, copy: int) -> None:
    story.first(GOOD)
    for number in range(8):
        on = day("2025-12-08") + 91 * number + copy
        story.cancelled(GOOD_TOO, on, deleted=number % 2 == 0)


def _holds(supplier: str) -> Case:
    return lambda story, copy: story.first(supplier)


def _gains(after: str, number: int, before: str = GOOD, **more: Any) -> Case:
    return lambda story, copy: story.switch(before, after, number, **more)


def _migrates(supplier: str, number: str, **more: Any) -> Case:
    def case(story: Story, copy: int) -> None:
        story.first(supplier)
        story.migrated(day(number) + copy, supplier, **more)

    return case


def _migrates_on_gain(before: str, after: str, number: str) -> Case:
    def case(story: Story, copy: int) -> None:
        story.switch(before, after, day(number) + copy)
        story.migrated(day(number) + copy, after)

    return case


def _migrated_then_gained(after: str, number: int) -> Case:
    def case(story: Story, copy: int) -> None:
        story.switch(GOOD, after, number + copy)
        story.migrated(day("2026-02-10") + copy)

    return case


def _new_connection(supplier: str, number: str) -> Case:
    def case(story: Story, copy: int) -> None:
        start = day(number) + copy
        story.registration(supplier, start, kind="INITIAL", requested=start - 12, mp="N", rmp="C")

    return case


# The name of each case and its story. Names begin with the rule that the case is for.
CASES: dict[str, Case] = {
    "SUP-01 never approved": _holds(NEVER),
    "SUP-01 Smart point of a Smart-exempt Supplier": _holds(EXEMPT),
    "SUP-01 approved in part": _holds(PARTIAL),
    "SUP-01 Qualified later": _holds(FUTURE),
    "SUP-01 approval withdrawn": _holds(WITHDRAWN),
    "SUP-01 lapsed and regained": _holds(REGAINED),
    "SUP-01 terminated, so not live": lambda story, copy: story.registration(
        NEVER, SINCE, kind="INITIAL", rmp="T", mp="X"
    ),
    "SUP-02 migrated while never approved": _migrates(NEVER, "2026-05-12"),
    "SUP-02 migrated on gain": _migrates_on_gain(GOOD, PARTIAL, "2026-06-16"),
    "SUP-03 gained on M14": _gains(NEVER, M14),
    "SUP-03 in flight over M14": _gains(NEVER, M14 + 1, requested=M14 - 8),
    "SUP-03 requested after M14": _gains(PARTIAL, M14 + 8, requested=M14 + 2),
    "SUP-03 never activated": _gains(NEVER, M14 + 2, activated=FOREVER),
    "SUP-03 pending far ahead": _gains(NEVER, M14 + 40, requested=M14 + 3),
    "SUP-03 clean: Qualified on the day": _gains(SAME_DAY, M14),
    "SUP-03 clean: gained the day before": _gains(NEVER, M14 - 1),
    "SUP-04 first registration": _new_connection(NEVER, "2026-11-02"),
    "SUP-05 reversed on or after M14": _reverse_after_m14,
    "SUP-06 migrated, gained before M14": _migrated_then_gained(NEVER, M14 - 20),
    "SUP-06 migrated, gained on M14": _migrated_then_gained(NEVER, M14),
    "SUP-06 approval withdrawn": _migrates(WITHDRAWN, "2026-04-15"),
    "SUP-07 reversed without cause": _reverse_without_cause,
    "MEM-01 agent never Qualified": _migrates(GOOD, "2026-05-05", metering="ZULL"),
    "MEM-01 agent Qualified later": _migrates(GOOD, "2026-04-21", metering="ZGIL"),
    "DS-01 agent not Qualified in that role": _migrates(GOOD, "2026-05-06", data="ZTAR"),
    "DS-01 approval withdrawn": _migrates(GOOD, "2026-05-07", data="ZVEN"),
    "APP-01 no metering service": _migrates(GOOD, "2026-05-18", metering=None),
    "APP-02 no data service": _migrates(GOOD, "2026-05-20", data=None),
    "APP-03 legacy agent left": _legacy_left_open,
    "APP-03 MHHS agent under legacy": _mhhs_role_on_legacy,
    "REF-01 unknown Supplier": _holds(UNLISTED),
    "REF-01 unknown agent": _migrates(GOOD, "2026-05-21", data="ZX98"),
    "INT-01 overlap": _overlap,
    "INT-02 gap": _gap,
    "INT-03 check digit": _holds(GOOD),
    "INT-04 unknown distributor": _holds(GOOD),
    "INT-05 event without a registration": _events_only,
    "INT-05 appointment without a registration": _appointment_only,
    "regime: reversed and migrated again": _reversed_and_migrated_again,
    "time: a correction that changes the past": _late_correction,
    "time: an event entered in error": _mistaken_event,
    "time: a request taken out again": _mistaken_request,
}


def script() -> Script:
    """All cases, each as often as `_COPIES` says, on points 0 and up."""
    names = list(CASES)
    rows: dict[str, list[Row]] = {"registration": [], "migration": [], "appointment": []}
    for copy in range(_COPIES):
        for place, name in enumerate(names):
            CASES[name](Story(copy * len(names) + place, rows), copy)

    def points_of(name: str) -> list[int]:
        return [copy * len(names) + names.index(name) for copy in range(_COPIES)]

    return Script(
        points=_COPIES * len(names),
        wrong_mpans={
            "check_digit": points_of("INT-03 check digit"),
            "distributor": points_of("INT-04 unknown distributor"),
        },
        rows=rows,
    )
