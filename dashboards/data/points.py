"""One Metering Point: every fact of the marts about it, for readers whose role allows.

`dim_metering_point` and the facts of core are sorted by MPAN: a bare `mpan = ?` reads one block of
each. A cast or a function around the column would read all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import streamlit as st

from dashboards import audit
from dashboards.auth import Forbidden, current_user, require
from dashboards.data import store
from dashboards.data.store import View
from dashboards.mpan import has_right_digit
from dashboards.pseudonym import pseudonym
from pipeline.sql_text import mpan_text

MASK = "[c]"
_LAST_LOOK_UP = "_last_look_up"
_MPAN = mpan_text("mpan")
_OPEN_END = date(9999, 12, 31)


@dataclass(frozen=True)
class Point:
    """What the marts hold about one MPAN; without the role compliance the MPAN is `[c]`."""

    mpan: str
    attributes: dict[str, Any] | None  # its row of dim_metering_point; none without a holding
    holdings: list[dict[str, Any]]
    regimes: list[dict[str, Any]]  # of every day; empty if it was never under MHHS
    migrations: list[dict[str, Any]]
    appointments: list[dict[str, Any]]
    qualifications: list[dict[str, Any]]  # of every holder as SUP and every agent in its role
    exceptions: list[dict[str, Any]]
    names: dict[str | None, str]  # MPID to name
    digit_is_right: bool

    @property
    def is_known(self) -> bool:
        """Whether any mart names it."""
        found = (self.holdings, self.migrations, self.appointments, self.exceptions)
        return self.attributes is not None or any(found)


def look_up(view: View, mpan: str) -> Point:
    """A Metering Point by its MPAN. Raises Forbidden without the role compliance."""
    _record(view, "mpan", mpan, allowed=current_user().may("compliance"))
    require("compliance")
    return _read(view, mpan)


def of_exception(view: View, exception_id: str) -> Point | None:
    """The Metering Point of an exception, its MPAN masked for readers without compliance.

    They do not get it by an id that is made from the MPAN itself: whoever knows an MPAN could work
    out such an id, and would look up by MPAN after all. Raises Forbidden.
    """
    sees_mpans = current_user().may("compliance")
    if not sees_mpans:
        require("analyst")
    found = store.query(
        view.path,
        f"select {_MPAN}, contains(subject_key, {_MPAN}) as key_tells "
        "from marts.fct_exception where exception_id = ? and mpan is not null",
        (exception_id,),
    )
    if found.is_empty():
        return None
    mpan, key_tells = found.row(0)
    allowed = sees_mpans or not key_tells
    _record(view, "exception", mpan, allowed=allowed)
    if not allowed:
        raise Forbidden("compliance")
    return _read(view, mpan) if sees_mpans else _masked(_read(view, mpan))


def rules(view: View) -> list[dict[str, Any]]:
    """The rules that can apply to a Metering Point, in the order of the register."""
    return store.query(
        view.path,
        "from marts.dim_rule where subject_type = 'METERING_POINT' "
        "order by family <> 'Suppliers', family, rule_id",
    ).to_dicts()


def distributor(view: View, distributor_id: str) -> str | None:
    """The name of the distributor with this id, where standing data has it."""
    found = store.query(
        view.path,
        "select participant_name from marts.dim_participant "
        "where market_role = 'LDSO' and distributor_id = ? order by is_in_force desc, mpid limit 1",
        (distributor_id,),
    )
    return str(found.item()) if found.height else None


def milestones(view: View) -> dict[str, Any]:
    """The date in use of each milestone."""
    found = store.query(view.path, "select milestone, milestone_date from marts.dim_milestone")
    return dict(found.iter_rows())


def decisions(view: View, party: str, role: str, segment: str) -> list[dict[str, Any]]:
    """Every decision of the Code Bodies on a party in a role, for a segment."""
    return store.query(
        view.path,
        "from marts.fct_approval where mpid = ? and market_role = ? and market_segment = ? "
        "order by approval_body, valid_from",
        (party, role, segment),
    ).to_dicts()


def loads(view: View, files: Sequence[str]) -> list[dict[str, Any]]:
    """What is on record about these files."""
    return store.query(
        view.path,
        "select file, business_date, outcome, lines, accepted, quarantined, sha256 "
        "from marts.rpt_load where list_contains(?, file) order by file, load_id",
        (sorted(files),),
    ).to_dicts()


def _record(view: View, by: str, mpan: str, *, allowed: bool) -> None:
    """The audit line of a look-up, refused or not; a page that draws itself again leaves none."""
    look_up = (view.publication_id, by, mpan)
    if st.session_state.get(_LAST_LOOK_UP) == look_up:
        return
    st.session_state[_LAST_LOOK_UP] = look_up
    warehouse, user = store.warehouse(), current_user()
    audit.record(
        warehouse.audit_log,
        "point",
        user.name,
        **user.identity(),
        by=by,
        mpan_hash=pseudonym(warehouse, mpan),
        allowed=allowed,
        publication_id=view.publication_id,
    )


_ORDERS = {
    "dim_metering_point": "registration_id",
    "fct_holding": "valid_from, registration_id",
    "fct_regime": "valid_from",
    "fct_migration": "effective_from, direction",
    "fct_appointment": "valid_from, appointment_id",
    "fct_exception": "rule_id, occurred_on, exception_id",
}


def _statement(mart: str) -> str:
    """SQL: what a mart says of one Metering Point, by its MPAN as a number."""
    shown = f"select * replace ({_MPAN} as mpan) from marts.{mart}"
    return f"{shown} where mpan = ? order by {_ORDERS[mart]}"


def _read(view: View, mpan: str) -> Point:
    def rows(mart: str) -> list[dict[str, Any]]:
        return store.query(view.path, _statement(mart), (int(mpan),)).to_dicts()

    attributes, exceptions = rows("dim_metering_point"), rows("fct_exception")
    holdings, migrations = rows("fct_holding"), rows("fct_migration")
    appointments = rows("fct_appointment")
    roles = {(row["supplier_mpid"], "SUP") for row in holdings}
    roles |= {(row["agent_mpid"], row["service_role"]) for row in appointments}
    roles |= {
        (mpid, "SUP")
        for row in migrations
        for mpid in (row["holder_mpid"], row["supplier_mpid"])
        if mpid
    }
    return Point(
        mpan=mpan,
        attributes=attributes[0] if attributes else None,
        holdings=holdings,
        regimes=_arrangements(rows("fct_regime")),
        migrations=migrations,
        appointments=appointments,
        qualifications=_qualifications(view, roles),
        exceptions=exceptions,
        digit_is_right=has_right_digit(mpan),
        names=_names(view, {mpid for mpid, _ in roles} | {row["mpid"] for row in exceptions}),
    )


def _arrangements(spells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The regime of every day, from the spells under MHHS; nothing if there is none."""
    found: list[dict[str, Any]] = []
    reached = date.min
    for spell in spells:
        if reached < spell["valid_from"]:
            found.append(_legacy(reached, spell["valid_from"]))
        found.append(
            {"regime": "MHHS", "valid_from": spell["valid_from"], "valid_to": spell["valid_to"]}
        )
        reached = spell["valid_to"]
    return [*found, _legacy(reached, _OPEN_END)] if found and reached < _OPEN_END else found


def _legacy(first: date, end: date) -> dict[str, Any]:
    return {"regime": "LEGACY", "valid_from": first, "valid_to": end}


def _masked(point: Point) -> Point:
    """The same without the MPAN, in ids and sentences too: some ids are made from it."""

    def mask(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(point.mpan, MASK)
        if isinstance(value, list):
            return [mask(each) for each in value]
        if isinstance(value, dict):
            return {name: mask(each) for name, each in value.items()}
        return value

    return Point(**{field.name: mask(getattr(point, field.name)) for field in fields(point)})


def _qualifications(view: View, roles: set[tuple[str, str]]) -> list[dict[str, Any]]:
    return store.query(
        view.path,
        "from marts.fct_qualification where list_contains(?, mpid || '|' || market_role) "
        "order by mpid, market_role, market_segment, valid_from",
        (sorted("|".join(role) for role in roles),),
    ).to_dicts()


def _names(view: View, mpids: set[str | None]) -> dict[str | None, str]:
    found = store.query(
        view.path,
        "select mpid, min(participant_name) as name from marts.dim_participant "
        "where list_contains(?, mpid) group by mpid",
        (sorted(mpid for mpid in mpids if mpid),),
    )
    return dict(found.iter_rows())
