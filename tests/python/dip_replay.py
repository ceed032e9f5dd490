"""What DIP files come to, worked out one message after the other: slow, and obviously so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
ROLES = {"MS": {"S": "MSS", "A": "MSA"}, "DS": {"S": "SDS", "A": "ADS", "U": "UMSDS"}}

CHANGES: dict[str, Callable[[Any, Any], dict[str, Any]]] = {
    "MPANDisconnection": lambda _, __: {"mp": "X"},
    "MPANReconnection": lambda _, __: {"mp": "R"},
    "CSSDeRegistration": lambda _, __: {"rmp": "T"},
    "MarketSegmentChange": lambda _, custom: {"segment": custom["B026"]["marketSegmentIndicator"]},
    "ConnectionTypeChange": lambda _, custom: {
        "connection": custom["B023"]["connectionTypeIndicator"]
    },
    "EnergisationStatusChange": lambda _, custom: {
        "energised": custom["B025"]["energisationStatus"]
    },
    "GSPChg": lambda common, _: {"gsp_group": common["M0"]["GSPGroupID"]},
    "DomPremInd": lambda _, custom: {"domestic": custom["B028"]["domesticPremiseIndicator"]},
}

State = dict[str, dict[Any, dict[str, Any]]]


def replay(files: list[tuple[tuple[int, int], list[dict[str, Any]]]]) -> State:
    """The registrations, appointments and migrations after files, given with (day, sequence)."""
    state: State = {"registration": {}, "appointment": {}, "migration": {}}
    unseen = []
    for _, messages in sorted(files, key=lambda file: file[0]):
        for each in sorted(
            messages, key=lambda m: m["payload"]["CommonBlock"]["S1"]["senderTimestamp"]
        ):
            end = _apply(state, each["payload"])
            unseen += [end] if end else []
    for row in unseen:  # the segment that is known in the end names the role
        row["role"] = ROLES[row.pop("service")].get(_segment(state, row["mpan"]), None) or (
            "MSS" if row["is_metering"] else "SDS"
        )
    ended = {}
    for row in [*state["appointment"].values()]:
        ended[f"{row['mpan']}-{row['role']}-{row['agent']}-{row['since']:%Y%m%d}"] = row
    state["appointment"] = ended
    return state


def _uk(text: str) -> Any:
    return datetime.fromisoformat(text).astimezone(LONDON).date()


def _segment(state: State, mpan: str) -> str:
    newest = _newest(state, mpan)
    return newest["segment"] if newest else "S"


def _newest(state: State, mpan: str) -> dict[str, Any] | None:
    rows = [(r["since"], i, r) for i, r in state["registration"].items() if r["mpan"] == mpan]
    return max(rows, key=lambda row: row[:2])[2] if rows else None


def _apply(state: State, payload: dict[str, Any]) -> dict[str, Any] | None:
    common, custom = payload["CommonBlock"], payload["CustomBlock"]
    event, mpan = common["S0"]["eventCode"][1:-1], common["M0"]["MPANCore"]
    match event:
        case "InitialRegistration" | "ChangeOfSupplier":
            state["registration"][custom["B013"]["CSSRegistrationID"]] = {
                "mpan": mpan,
                "since": _uk(custom["B002"]["incomingSupplierEffectiveFromDate"]),
                "supplier": custom["B002"]["incomingSupplierMPID"],
                "segment": custom["B026"]["marketSegmentIndicator"],
                "connection": custom["B023"]["connectionTypeIndicator"],
                "energised": custom["B025"]["energisationStatus"],
                "gsp_group": common["M0"]["GSPGroupID"],
                "domestic": custom["B004"]["domesticPremiseIndicator"] == "T",
                "rmp": "O",
                "mp": "R",
            }
        case _ if event in CHANGES:
            newest = _newest(state, mpan)
            if newest:
                newest.update(CHANGES[event](common, custom))
        case "MSAppActive" | "DSAppActive":
            block = custom["B014" if event[0] == "M" else "B015"]
            word = "Metering" if event[0] == "M" else "Data"
            role = ROLES[event[:2]][custom["B026"]["marketSegmentIndicator"]]
            since = _uk(block[f"incoming{word}ServiceEffectiveFromDate"])
            agent = block[f"incoming{word}ServiceMPID"]
            key = (mpan, role, agent, since)
            state["appointment"][key] = {
                "mpan": mpan, "role": role, "agent": agent, "since": since, "to": None,
                "is_metering": event[0] == "M",
            }  # fmt: skip
            if event[0] == "D" and block["appointmentScenario"] in ("MCA", "MCS"):
                state["migration"][mpan, "FORWARD", since] = {}
        case "ReverseMigNotification":
            last = _uk(custom["B094"]["MHHSRegimeEndDate"])
            state["migration"][mpan, "REVERSE", last.fromordinal(last.toordinal() + 1)] = {}
        case _:
            return _end(state, mpan, event, custom)
    return None


def _end(state: State, mpan: str, event: str, custom: dict[str, Any]) -> dict[str, Any] | None:
    block = custom["B008" if event[0] == "M" else "B009"]
    word = "Metering" if event[0] == "M" else "Data"
    agent = block[f"deAppointed{word}ServiceMPID"]
    since = _uk(block[f"{word.lower()}ServiceEffectiveFromDate"])
    to = _uk(block[f"{word.lower()}ServiceEffectiveToDate"])
    found = [
        row
        for row in state["appointment"].values()
        if (row["mpan"], row["agent"], row["since"]) == (mpan, agent, since)
        and row["is_metering"] == (event[0] == "M")
    ]
    for row in found:
        row["to"] = to
    if found:
        return None
    new = {
        "mpan": mpan, "role": None, "agent": agent, "since": since, "to": to,
        "is_metering": event[0] == "M", "service": event[:2],
    }  # fmt: skip
    state["appointment"][mpan, event, agent, since] = new
    return new
