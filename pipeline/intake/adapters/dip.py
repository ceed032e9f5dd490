"""DIP events -> what they change in `registration`, `migration` and `appointment`.

A message of the Data Integration Platform says one thing of one MPAN at one time. It is kept as
such: which row it changes depends on what was known before it, so `dip_state` works that out
whenever a state is asked for. Fields are read by their exact names: a part of a name would also
fit its neighbours, `annualConsumptionQualityIndicator` for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from pipeline.contracts import (
    APPOINTMENT,
    DATA_ROLES,
    METERING_ROLES,
    REGISTRATION,
    Column,
    Extract,
    Kind,
)
from pipeline.intake.adapters.dip_head import Head, known, read_head
from pipeline.intake.adapters.opened import (
    Adapted,
    Element,
    adapt,
    is_text,
    json_array,
    json_lines,
    load_json,
    plain,
    uk_date,
)
from pipeline.intake.records import Record, canonical

_Block = dict[str, Any]

REGISTERED, APPOINTED, ENDED, REVERSED = "REGISTERED", "APPOINTED", "ENDED", "REVERSED"
STATUS, SEGMENT, CONNECTION = "STATUS", "SEGMENT", "CONNECTION"
ENERGISATION, GSP_GROUP, DOMESTIC = "ENERGISATION", "GSP_GROUP", "DOMESTIC"

# A change of the MPAN's newest registration -> the column that it sets. STATUS sets one of two.
ATTRIBUTES = {
    SEGMENT: "market_segment",
    CONNECTION: "connection_type",
    ENERGISATION: "energisation_status",
    GSP_GROUP: "gsp_group_id",
    DOMESTIC: "is_domestic",
}


def _of(extract: Extract, name: str, *needed_by: str) -> Column:
    """A column of an extract, needed by some kinds of change alone."""
    condition = " OR ".join(f"change = '{change}'" for change in needed_by)
    return replace(extract.column(name), required=bool(needed_by), required_if=condition or None)


DIP_EVENT = Extract(
    "dip",
    "What a DIP message changes.",
    ("subject",),
    (
        Column(
            "interfaceID",
            Kind.HEAD,
            False,
            "an interface of DIP 2.1.0, such as IF-001",
            tuple(known()),
        ),
        Column(
            "eventCode",
            Kind.HEAD,
            False,
            "an event of its interface in DIP 2.1.0",
            tuple(sorted({event for events in known().values() for event, _ in events.values()})),
        ),
        Column(
            "change",
            Kind.CHOICE,
            True,
            "What the message does.",
            (REGISTERED, APPOINTED, ENDED, REVERSED, STATUS, *ATTRIBUTES),
        ),
        _of(REGISTRATION, "registration_id", REGISTERED),
        Column("mpan", Kind.MPAN, True, "M0.MPANCore."),
        _of(REGISTRATION, "supplier_mpid", REGISTERED),
        Column("registration_type", Kind.CHOICE, False, "", ("INITIAL", "SWITCH")),
        Column("service", Kind.CHOICE, False, "", ("METERING", "DATA")),
        Column(
            "service_role",
            Kind.CHOICE,
            True,
            "By segment.",
            (*METERING_ROLES, *DATA_ROLES),
            required_if=f"change = '{APPOINTED}'",
        ),
        _of(APPOINTMENT, "agent_mpid", APPOINTED, ENDED),
        _of(APPOINTMENT, "scenario"),
        _of(REGISTRATION, "effective_from", REGISTERED, APPOINTED, ENDED, REVERSED),
        _of(REGISTRATION, "effective_to", ENDED),
        _of(REGISTRATION, "market_segment", REGISTERED, SEGMENT),
        _of(REGISTRATION, "connection_type", CONNECTION),
        _of(REGISTRATION, "gsp_group_id", REGISTERED, GSP_GROUP),
        _of(REGISTRATION, "energisation_status", ENERGISATION),
        _of(REGISTRATION, "is_domestic", DOMESTIC),
        _of(REGISTRATION, "rmp_status"),
        _of(REGISTRATION, "mp_status"),
        _of(REGISTRATION, "annual_kwh"),
        Column("sent_at", Kind.TIMESTAMP, True, "S1.senderTimestamp: orders messages."),
        Column("subject", Kind.TEXT, True, "What two messages must share to speak of one thing."),
    ),
)
# The state needs no head, and files loaded before heads were checked have none.
STATE_COLUMNS = tuple(column for column in DIP_EVENT.columns if column.kind is not Kind.HEAD)
_COLUMNS = [column.name for column in DIP_EVENT.columns]
_BY_SEGMENT = {
    "METERING": {"S": "MSS", "A": "MSA"},
    "DATA": {"S": "SDS", "A": "ADS", "U": "UMSDS"},
}
_TYPES = {"InitialRegistration": "INITIAL", "ChangeOfSupplier": "SWITCH"}


@dataclass(frozen=True)
class _Appointment:
    """The block of an appointment and its fields."""

    block: str
    agent: str
    since: str


@dataclass(frozen=True)
class _End:
    """The block of a de-appointment and its fields."""

    service: str
    agent: str
    since: str
    until: str


@dataclass(frozen=True)
class _Attribute:
    """A change of a registration: what it sets, where its value is or which it is, and its date."""

    change: str
    column: str
    value: tuple[str, str] | str
    dated: tuple[str, str]


_APPOINTMENTS = {
    "METERING": _Appointment(
        "B014", "incomingMeteringServiceMPID", "incomingMeteringServiceEffectiveFromDate"
    ),
    "DATA": _Appointment("B015", "incomingDataServiceMPID", "incomingDataServiceEffectiveFromDate"),
}
_ENDS = {
    "B008": _End(
        "METERING",
        "deAppointedMeteringServiceMPID",
        "meteringServiceEffectiveFromDate",
        "meteringServiceEffectiveToDate",
    ),
    "B009": _End(
        "DATA",
        "deAppointedDataServiceMPID",
        "dataServiceEffectiveFromDate",
        "dataServiceEffectiveToDate",
    ),
}
_STATUSES = {
    "MPANDisconnection": _Attribute(
        STATUS, "mp_status", "X", ("B041", "disconnectionEffectiveFromDate")
    ),
    "MPANReconnection": _Attribute(
        STATUS, "mp_status", "R", ("B098", "reconnectionEffectiveFromDate")
    ),
    "CSSDeRegistration": _Attribute(
        STATUS, "rmp_status", "T", ("B042", "CSSMPANDeRegistrationDate")
    ),
}


def _set(change: str, block: str, field: str, dated: str, dated_in: str = "") -> _Attribute:
    return _Attribute(change, ATTRIBUTES[change], (block, field), (dated_in or block, dated))


_SEGMENT = _set(
    SEGMENT, "B026", "marketSegmentIndicator", "marketSegmentIndicatorEffectiveFromDate"
)
_CONNECTION = _set(CONNECTION, "B023", "connectionTypeIndicator", "connectionTypeEffectiveFromDate")
_ENERGISATION = _set(
    ENERGISATION, "B025", "energisationStatus", "energisationStatusEffectiveFromDate"
)
_GSP_GROUP = _set(GSP_GROUP, "M0", "GSPGroupID", "GSPGroupEffectiveFromDate", "B001")
_DOMESTIC = _set(
    DOMESTIC, "B028", "domesticPremiseIndicator", "domesticPremiseIndicatorEffectiveFromDate"
)


def open_dip(path: Path, ext: str, scratch: Path) -> Adapted:
    """Read a file of messages: one per line, or a JSON array of them."""
    adapted = Adapted("")
    elements = _from_lines if ext.startswith("jsonl") else json_array
    read = partial(_records, elements=elements, ignored=adapted.ignored)
    return adapt(path, ext, scratch, _COLUMNS, read, adapted)


def _from_lines(blocks: Iterator[bytes]) -> Iterator[tuple[int, str, Any]]:
    for line, text in json_lines(blocks):
        try:
            yield line, text, load_json(text)
        except ValueError:
            yield line, text, None


def _records(
    blocks: Iterator[bytes], elements: Any, ignored: Counter[tuple[str, str]]
) -> Iterator[Record]:
    """A record per message; those that change nothing here are counted by interface and event."""
    for line, text, value in elements(blocks):
        message = _Message.of(value)
        if message is None:
            yield Element(line, text, [])
            continue
        head = message.head
        if head.is_known and not head.is_used:
            ignored[head.interface, head.said] += 1
            continue
        values = message.change() if head.is_known else {}
        values["interfaceID"], values["eventCode"] = head.interface, head.event
        fields = [values.get(name, "") for name in _COLUMNS]
        if not is_text(fields):
            yield Element(line, text, [])
            continue
        # Two messages whose heads cannot be read are alike only to the letter.
        alike = _alike(values) if head.is_known else text
        yield Element(line, text, fields, alike)


def _alike(values: dict[str, str]) -> str:
    return canonical(values.get(name, "") for name in _COLUMNS if name not in _NOT_COMPARED)


_NOT_COMPARED = ("interfaceID", "eventCode", "sent_at")


class _Message:
    """The blocks of one message, read by what they hold."""

    def __init__(self, common: _Block, custom: _Block) -> None:
        self._common = common
        self._custom = custom
        self.head: Head = read_head(_block(common, "S0"))

    @classmethod
    def of(cls, value: Any) -> _Message | None:
        """The message, or None if the value is none that can be read."""
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        payload = value.get("payload", value) if isinstance(value, dict) else None
        if not isinstance(payload, dict):
            return None
        common, custom = payload.get("CommonBlock"), payload.get("CustomBlock")
        if custom is None:  # what a message has to say may be all in its other block
            custom = {}
        if not isinstance(common, dict) or not isinstance(custom, dict):
            return None
        return cls(common, custom)

    def change(self) -> dict[str, str]:
        """The fields of a `DIP_EVENT`."""
        match self.head.interface, self.head.event:
            case "IF-001", _:
                values = self._registered()
            case "IF-036", "MSAppActive":
                values = self._appointed("METERING")
            case "IF-036", _:
                values = self._appointed("DATA")
            case "IF-003", "ReverseMigNotification":
                values = self._reversed()
            case "IF-003" | "IF-037", event:
                values = self._ended("B008" if event.startswith("MS") else "B009")
            case "IF-009", event:
                values = self._attribute(_STATUSES[event])
            case "IF-044", _:
                values = self._attribute(_SEGMENT)
            case "IF-043", _:
                values = self._attribute(_CONNECTION)
            case "IF-007", _:
                values = self._attribute(_ENERGISATION)
            case "IF-018", "GSPChg":
                values = self._attribute(_GSP_GROUP)
            case "IF-018", "DomPremInd":
                values = self._attribute(_DOMESTIC)
            case interface, event:
                raise AssertionError(f"{interface} {event} is marked as used and is not read")
        values["mpan"] = self._text("M0", "MPANCore")
        values["sent_at"] = self._text("S1", "senderTimestamp")
        values["subject"] = _subject(values)
        return values

    def _registered(self) -> dict[str, str]:
        since = self._text("B002", "incomingSupplierEffectiveFromDate")
        identity = self._text("B013", "CSSRegistrationID")
        return {
            "change": REGISTERED,
            "registration_id": identity or self._text("B013", "CSSRegistrationRequestID"),
            "registration_type": _TYPES[self.head.event],
            "supplier_mpid": self._text("B002", "incomingSupplierMPID"),
            "effective_from": _date(since or self._text("B002", "supplierEffectiveFromDate")),
            "market_segment": self._text("B026", "marketSegmentIndicator"),
            "connection_type": self._text("B023", "connectionTypeIndicator"),
            "energisation_status": self._text("B025", "energisationStatus"),
            "is_domestic": self._text("B004", "domesticPremiseIndicator"),
            "annual_kwh": self._text("B027", "annualConsumption"),
            "gsp_group_id": self._text("M0", "GSPGroupID"),
            "rmp_status": "O",
            "mp_status": "R",
        }

    def _appointed(self, service: str) -> dict[str, str]:
        names = _APPOINTMENTS[service]
        segment = self._text("B026", "marketSegmentIndicator")
        return {
            "change": APPOINTED,
            "service": service,
            "service_role": _BY_SEGMENT[service].get(segment, segment),
            "agent_mpid": self._text(names.block, names.agent),
            "scenario": self._text(names.block, "appointmentScenario"),
            "effective_from": _date(self._text(names.block, names.since)),
            "supplier_mpid": self._text("B012", "serviceProviderAppointmentRequestingSupplierMPID"),
        }

    def _ended(self, expected: str) -> dict[str, str]:
        """By the block that is there: published examples bear the code of the other."""
        present = [name for name in _ENDS if name in self._custom]
        block = present[0] if len(present) == 1 else expected
        names = _ENDS[block]
        return {
            "change": ENDED,
            "service": names.service,
            "agent_mpid": self._text(block, names.agent),
            "effective_from": _date(self._text(block, names.since)),
            "effective_to": _date(self._text(block, names.until)),
        }

    def _reversed(self) -> dict[str, str]:
        return {
            "change": REVERSED,
            "effective_from": _date(self._text("B094", "MHHSRegimeEndDate"), days_later=1),
            "supplier_mpid": self._text("B002", "incomingSupplierMPID"),
        }

    def _attribute(self, attribute: _Attribute) -> dict[str, str]:
        value = attribute.value
        text = value if isinstance(value, str) else self._text(*value)
        date = _date(self._text(*attribute.dated))
        return {"change": attribute.change, attribute.column: text, "subject": f"{text}|{date}"}

    def _text(self, block: str, field: str) -> str:
        blocks = self._common if block in ("M0", "S1") else self._custom
        found = blocks.get(block)
        return plain(found.get(field)) if isinstance(found, dict) else ""


def _block(blocks: _Block, name: str) -> _Block:
    block = blocks.get(name)
    return block if isinstance(block, dict) else {}


@lru_cache(maxsize=4096)
def _date(text: str, days_later: int = 0) -> str:
    return uk_date(text, needs_offset=True, days_later=days_later)


def _subject(values: dict[str, str]) -> str:
    match values["change"]:
        case "REGISTERED":
            names = ["registration_id"]
        case "APPOINTED":
            names = ["mpan", "service_role", "agent_mpid", "effective_from"]
        case "ENDED":
            names = ["mpan", "service", "agent_mpid", "effective_from"]
        case "REVERSED":
            names = ["mpan", "effective_from"]
        case _:  # two changes of one attribute are two things, in the order in which they were sent
            names = ["mpan", "subject"]
    return "|".join([values["change"], *(values.get(name, "") for name in names)])
