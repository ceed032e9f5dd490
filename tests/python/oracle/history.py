"""The life of exceptions, told from the findings of each day: spans, and why each ended."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from oracle.evaluate import evaluate
from oracle.finding import Finding
from oracle.random_markets import Landing, random_landing

OPEN_END = date(9999, 12, 31)
KEYS = {
    "participant": ("mpid", "market_role", "effective_from"),
    "approval": ("mpid", "market_role", "approval_body", "effective_from"),
    "stage": ("mpid", "market_role", "stage"),
    "registration": ("registration_id",),
    "migration": ("mpan", "direction", "effective_from"),
    "appointment": ("appointment_id",),
}
# What has no date of its own, and so holds from the day of the file that says it.
UNDATED = {
    "registration": ("market_segment", "gsp_group_id", "rmp_status", "mp_status", "annual_kwh"),
    "stage": ("planned_on", "forecast_on"),
    "approval": (),
    "participant": (),
}
SEVERITIES = ("BREACH", "WARNING", "REVIEW", "EXPOSURE", "DATA")
Row = dict[str, str | None]
State = dict[str, dict[tuple[str | None, ...], Row]]


class RandomHistory:
    """A market whose files of every day add rows, change them and take them back.

    `pace` is how much of that happens: with 1 a quarter of all rows a day.
    """

    def __init__(
        self, numbers: Sequence[int], seed: int, days: Sequence[date], pace: float = 1
    ) -> None:
        self.random = random.Random(f"history|{seed}")
        self.pace = pace
        self.days = list(days)
        self.states: dict[date, State] = {}
        self.deltas: dict[date, Landing] = {}
        first = _by_key(random_landing(numbers, seed, days[0]))
        others = [_by_key(random_landing(numbers, seed + 1000 * n, days[0])) for n in (1, 2)]
        late = {
            extract: {key: row for key, row in rows.items() if self.random.random() < 0.2}
            for extract, rows in first.items()
        }
        self.states[days[0]] = {
            extract: {key: row for key, row in rows.items() if key not in late[extract]}
            for extract, rows in first.items()
        }
        for before, day in pairwise(days):
            self._tell(before, day, late, self.random.choice(others))

    def _tell(self, before: date, day: date, late: State, other: State) -> None:
        """The deltas of a day: rows told of late, changed, new and taken back."""
        state: State = {}
        self.deltas[day] = {}
        for extract, rows in self.states[before].items():
            state[extract] = dict(rows)
            said: dict[tuple[str | None, ...], Row] = {}
            strangers = list(other[extract].values())
            for key, row in rows.items():
                chance = self.random.random() / self.pace
                if chance < 0.04:
                    said[key] = {"change_type": "D", **row}
                elif chance < 0.2 and strangers:
                    said[key] = {"change_type": "U", **self._changed(extract, row, strangers)}
            for key, row in late[extract].items():
                if self.random.random() < 0.3 * self.pace:
                    said[key] = {"change_type": "U", **row}
            for key, row in other[extract].items():
                if self.random.random() < 0.03 * self.pace:
                    said[key] = {"change_type": "U", **row}
            for key, row in said.items():
                state[extract].pop(key, None)
                if row["change_type"] == "U":
                    state[extract][key] = {k: v for k, v in row.items() if k != "change_type"}
            if said:
                self.deltas[day][extract] = list(said.values())
        self.states[day] = state

    def _changed(self, extract: str, row: Row, strangers: list[Row]) -> Row:
        """Some columns as another row of the same market has them."""
        model = self.random.choice(strangers)
        kept = {*KEYS[extract], *(() if self.random.random() < 0.1 else ("mpan",))}
        taken = [name for name in row if name not in kept and self.random.random() < 0.4]
        changed = {**row, **{name: model.get(name) for name in taken}}
        ends, starts = changed.get("effective_to"), changed.get("effective_from")
        if ends and starts and ends < starts:
            changed["effective_to"] = None
        return changed

    def landing(self, day: date) -> Landing:
        return {extract: list(rows.values()) for extract, rows in self.states[day].items()}

    def expected(self) -> set[tuple[Any, ...]]:
        """The rows of `fct_exception_history` of the last day, every day built and judged."""
        found = {
            day: {
                each.exception_id: each for each in evaluate(self.landing(day), str(day)).findings
            }
            for day in self.days
        }
        lasting = {day: _not_closed(findings) for day, findings in found.items()}
        rows = set()
        following = dict(pairwise(self.days))
        causes = {
            day: self._causes(found[day], lasting[after], day, after)
            for day, after in following.items()
        }
        for exception_id in {each for findings in lasting.values() for each in findings}:
            span: list[date] = []
            for day in self.days:
                if exception_id not in lasting[day]:
                    continue
                span.append(day)
                after = following.get(day)
                if after is not None and exception_id in lasting[after]:
                    continue
                first, last = lasting[span[0]][exception_id], lasting[day][exception_id]
                ranks = [SEVERITIES.index(lasting[each][exception_id].severity) for each in span]
                steps = [(on, b - a) for on, (a, b) in zip(span[1:], pairwise(ranks), strict=True)]
                rows.add(
                    (
                        exception_id,
                        span[0],
                        after or OPEN_END,
                        day,
                        last.rule_id,
                        last.mpid,
                        last.severity,
                        first.severity,
                        max((on for on, step in steps if step < 0), default=None),
                        max((on for on, step in steps if step > 0), default=None),
                        last.status,
                        causes[day][exception_id] if after else None,
                    )
                )
                span = []
        return rows

    def _causes(
        self, before: dict[str, Finding], after: dict[str, Finding], day: date, next_day: date
    ) -> dict[str, str]:
        hindsight = {
            each.exception_id: each
            for each in evaluate(self._in_hindsight(day, next_day), str(day)).findings
        }

        in_hindsight = _not_closed(hindsight)
        gone = {key: each for key, each in _not_closed(before).items() if key not in after}
        causes = {key: "REAL" if key in in_hindsight else "CORRECTION" for key in gone}
        ways = [
            (old, new)
            for old, x in gone.items()
            if causes[old] == "CORRECTION"
            for new, y in after.items()
            if (y.rule_id, y.subject_key) == (x.rule_id, x.subject_key)
            and new in hindsight
            and new not in before
        ]
        for old, new in ways:
            if sum(old == a or new == b for a, b in ways) == 1:
                causes[old] = "RE_STATED"
        return causes

    def _in_hindsight(self, day: date, next_day: date) -> Landing:
        """What was known on the next day, as it was on the day."""
        then, now = self.states[day], self.states[next_day]
        landing: Landing = {}
        for extract, rows in now.items():
            told = []
            for key, row in rows.items():
                known = then[extract].get(key)
                if known is not None:
                    told.append({**row, **{c: known[c] for c in UNDATED.get(extract, ())}})
                elif (
                    extract not in UNDATED
                    or extract == "stage"
                    or str(row["effective_from"]) <= str(day)
                ):
                    told.append(row)
            landing[extract] = told
        return landing


def _not_closed(findings: dict[str, Finding]) -> dict[str, Finding]:
    return {key: each for key, each in findings.items() if each.status != "CLOSED"}


def _by_key(landing: Landing) -> State:
    return {
        extract: {tuple(row[name] for name in KEYS[extract]): row for row in rows}
        for extract, rows in landing.items()
    }
