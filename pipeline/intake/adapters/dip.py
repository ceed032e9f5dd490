"""DIP events -> what they change in `registration`, `migration` and `appointment`.

A message of the Data Integration Platform says one thing of one MPAN at one time. It is kept as
such: which row it changes depends on what was known before it, so `dip_state` works that out
whenever a state is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
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

REGISTERED, APPOINTED, ENDED, REVERSED, STATUS = (
    "REGISTERED",
    "APPOINTED",
    "ENDED",
    "REVERSED",
    "STATUS",
)


def _of(extract: Extract, name: str, *needed_by: str) -> Column:
    """A column of an extract, needed by some kinds of change alone."""
    column = extract.column(name)
    condition = " OR ".join(f"change = '{change}'" for change in needed_by)
    return Column(
        name,
        column.kind,
        bool(needed_by),
        column.description,
        column.values,
        max_length=column.max_length,
        required_if=condition or None,
        noted=column.noted,
    )


DIP_EVENT = Extract(
    "dip",
    "What a DIP message changes.",
    ("subject",),
    (
        Column(
            "change",
            Kind.CHOICE,
            True,
            "What the message does.",
            (REGISTERED, APPOINTED, ENDED, REVERSED, STATUS),
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
        _of(REGISTRATION, "market_segment", REGISTERED),
        _of(REGISTRATION, "connection_type"),
        _of(REGISTRATION, "gsp_group_id", REGISTERED),
        _of(REGISTRATION, "energisation_status"),
        _of(REGISTRATION, "is_domestic"),
        _of(REGISTRATION, "rmp_status"),
        _of(REGISTRATION, "mp_status"),
        _of(REGISTRATION, "annual_kwh"),
        Column("sent_at", Kind.TIMESTAMP, True, "S1.senderTimestamp: orders messages."),
        Column("subject", Kind.TEXT, True, "What two messages must share to speak of one thing."),
    ),
)
_COLUMNS = [column.name for column in DIP_EVENT.columns]
_BY_SEGMENT = {
    "METERING": {"S": "MSS", "A": "MSA"},
    "DATA": {"S": "SDS", "A": "ADS", "U": "UMSDS"},
}
_REGISTRATIONS = {"InitialRegistration": "INITIAL", "ChangeOfSupplier": "SWITCH"}
_APPOINTMENTS = {"MSAppActive": ("METERING", "B014"), "DSAppActive": ("DATA", "B015")}
_SERVICES = {"B008": "METERING", "B009": "DATA"}
# Published examples bear the code of one interface under the other: either is read under both.
_ENDS = {"MSDeApp": "B008", "MSDeAppRM": "B008", "DSDeApp": "B009", "DSDeAppRM": "B009"}
_STATUS = {"MPANDisconnection": ("mp_status", "X"), "CSSDeRegistration": ("rmp_status", "T")}


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
        values = message.change()
        if values is None:
            ignored[message.interface, message.event] += 1
            continue
        fields = [values.get(name, "") for name in _COLUMNS]
        if not is_text(fields):
            yield Element(line, text, [])
            continue
        alike = canonical(values.get(name, "") for name in _COLUMNS if name != "sent_at")
        yield Element(line, text, fields, alike)


class _Message:
    """The blocks of one message, read by what they hold."""

    def __init__(self, common: _Block, custom: _Block, interface: str, event: str) -> None:
        self._common = common
        self._custom = custom
        self.interface = interface
        self.event = event

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
        head = _block(common, "S0")
        interface = plain(head.get("interfaceID", head.get("InterfaceID")))
        event = plain(head.get("eventCode")).removeprefix("[").removesuffix("]")
        if not interface or not is_text([interface, event]):
            return None
        return cls(common, custom, interface, event)

    def change(self) -> dict[str, str] | None:
        """The fields of a `DIP_EVENT`, or None for a message that is not used."""
        match self.interface:
            case "IF-001" if self.event in _REGISTRATIONS:
                values = self._registered()
            case "IF-036" if self.event in _APPOINTMENTS:
                values = self._appointed()
            case "IF-037" | "IF-003" if self.event in _ENDS:
                values = self._ended()
            case "IF-003" if self.event == "ReverseMigNotification":
                values = self._reversed()
            case "IF-009" if self.event in _STATUS:
                name, status = _STATUS[self.event]
                values = {"change": STATUS, name: status}
            case _:
                return None
        values["mpan"] = plain(_block(self._common, "M0").get("MPANCore"))
        values["sent_at"] = plain(_block(self._common, "S1").get("senderTimestamp"))
        values["subject"] = _subject(values)
        return values

    def _registered(self) -> dict[str, str]:
        ids, supplier = self._custom_block("B013"), self._custom_block("B002")
        since = supplier.get("incomingSupplierEffectiveFromDate")
        if since is None:
            since = supplier.get("supplierEffectiveFromDate")
        identity = ids.get("CSSRegistrationID")
        if identity is None:
            identity = ids.get("CSSRegistrationRequestID")
        return {
            "change": REGISTERED,
            "registration_id": plain(identity),
            "registration_type": _REGISTRATIONS[self.event],
            "supplier_mpid": plain(supplier.get("incomingSupplierMPID")),
            "effective_from": _date(plain(since)),
            "market_segment": self._attribute("B026", "marketsegment"),
            "connection_type": self._attribute("B023", "connectiontype"),
            "energisation_status": self._attribute("B025", "energisationstatus"),
            "is_domestic": self._attribute("B004", "domestic"),
            "annual_kwh": self._attribute("B027", "annualconsumption"),
            "gsp_group_id": plain(_block(self._common, "M0").get("GSPGroupID")),
            "rmp_status": "O",
            "mp_status": "R",
        }

    def _appointed(self) -> dict[str, str]:
        service, name = _APPOINTMENTS[self.event]
        block = self._custom_block(name)
        segment = self._attribute("B026", "marketsegment")
        supplier = self._custom_block("B012").get(
            "serviceProviderAppointmentRequestingSupplierMPID"
        )
        return {
            "change": APPOINTED,
            "service": service,
            "service_role": _BY_SEGMENT[service].get(segment, segment),
            "agent_mpid": _ending(block, "mpid"),
            "scenario": plain(block.get("appointmentScenario")),
            "effective_from": _date(_ending(block, "effectivefromdate")),
            "supplier_mpid": plain(supplier),
        }

    def _ended(self) -> dict[str, str]:
        present = [name for name in _SERVICES if name in self._custom]
        name = present[0] if len(present) == 1 else _ENDS[self.event]
        block = self._custom_block(name)
        return {
            "change": ENDED,
            "service": _SERVICES[name],
            "agent_mpid": _ending(block, "mpid"),
            "effective_from": _date(_ending(block, "effectivefromdate")),
            "effective_to": _date(_ending(block, "effectivetodate")),
        }

    def _reversed(self) -> dict[str, str]:
        last_day = _ending(self._custom_block("B094"), "regimeenddate")
        return {
            "change": REVERSED,
            "effective_from": _date(last_day, days_later=1),
            "supplier_mpid": plain(self._custom_block("B002").get("incomingSupplierMPID")),
        }

    def _custom_block(self, name: str) -> _Block:
        return _block(self._custom, name)

    def _attribute(self, block: str, word: str) -> str:
        """The value whose name holds a word; dates beside it have that word too."""
        names = [n for n in self._custom_block(block) if word in n.lower()]
        return _agreed(self._custom_block(block), [n for n in names if "date" not in n.lower()])


def _block(blocks: _Block, name: str) -> _Block:
    block = blocks.get(name)
    return block if isinstance(block, dict) else {}


def _ending(block: _Block, ending: str) -> str:
    return _agreed(block, [name for name in block if name.lower().endswith(ending)])


def _agreed(block: _Block, names: list[str]) -> str:
    """The value of these fields; values that differ are no value, which the checks then find."""
    return " or ".join(sorted({plain(block[name]) for name in names}))


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
        case _:
            names = ["mpan", "rmp_status", "mp_status"]
    return "|".join([values["change"], *(values.get(name, "") for name in names)])
