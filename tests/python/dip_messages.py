"""DIP messages to try things with, in the shape of the published examples."""

from __future__ import annotations

import json
from typing import Any

MPAN = "1900012374324"


def message(
    interface: str,
    event: str,
    custom: dict[str, Any],
    mpan: Any = MPAN,
    sent_at: str = "2026-09-01T09:00:00+00:00",
    spelling: str = "interfaceID",
) -> dict[str, Any]:
    return {
        "payload": {
            "CommonBlock": {
                "A0": {"primaryRecipients": ["0000000000"]},
                "M0": {
                    "GSPGroupID": "_J",
                    "MPANCore": mpan,
                    "distributorDIPID": "0000000000",
                },
                "S0": {"eventCode": f"[{event}]", spelling: interface, "schemaVersion": "009"},
                "S1": {"senderRoleID": "REGS", "senderTimestamp": sent_at},
            },
            "CustomBlock": custom,
        }
    }


def registered(
    registration_id: str = "R-1",
    since: str = "2026-08-31T23:00:00+00:00",
    supplier: str = "ALDR",
    event: str = "ChangeOfSupplier",
    segment: str = "S",
    **options: Any,
) -> dict[str, Any]:
    return message(
        "IF-001",
        event,
        {
            "B002": {
                "incomingSupplierDIPID": "2300000012",
                "incomingSupplierMPID": supplier,
                "incomingSupplierEffectiveFromDate": since,
            },
            "B004": {"domesticPremiseIndicator": "T"},
            "B013": {"CSSRegistrationID": registration_id},
            "B023": {"connectionTypeIndicator": "W", "connectionTypeEffectiveFromDate": since},
            "B025": {"energisationStatus": "E", "energisationStatusEffectiveFromDate": since},
            "B026": {
                "marketSegmentIndicator": segment,
                "marketSegmentIndicatorEffectiveFromDate": since,
            },
            "B027": {"annualConsumption": "3100.5"},
        },
        **options,
    )


def appointed(
    service: str = "MS",
    agent: str = "MSA1",
    since: str = "2026-09-01T00:00:00+01:00",
    scenario: str = "COS",
    segment: str = "S",
    supplier: str = "ALDR",
    **options: Any,
) -> dict[str, Any]:
    word, block = {"MS": ("Metering", "B014"), "DS": ("Data", "B015")}[service]
    return message(
        "IF-036",
        f"{service}AppActive",
        {
            "B012": {"serviceProviderAppointmentRequestingSupplierMPID": supplier},
            block: {
                f"incoming{word}ServiceDIPID": "1200000015",
                f"incoming{word}ServiceMPID": agent,
                f"incoming{word}ServiceEffectiveFromDate": since,
                "appointmentScenario": scenario,
            },
            "B026": {"marketSegmentIndicator": segment},
        },
        **options,
    )


def ended(
    service: str = "MS",
    agent: str = "MSA1",
    since: str = "2026-09-01T00:00:00+01:00",
    until: str = "2026-10-01T00:00:00+01:00",
    interface: str = "IF-037",
    event: str = "",
    **options: Any,
) -> dict[str, Any]:
    word, block = {"MS": ("Metering", "B008"), "DS": ("Data", "B009")}[service]
    return message(
        interface,
        event or f"{service}DeApp",
        {
            block: {
                f"deAppointed{word}ServiceMPID": agent,
                f"{word.lower()}ServiceEffectiveFromDate": since,
                f"{word.lower()}ServiceEffectiveToDate": until,
                "deAppointmentReasonCode": "CSUPP",
            }
        },
        **options,
    )


def reversed_(last_day: str = "2026-10-27T00:00:00+00:00", **options: Any) -> dict[str, Any]:
    return message(
        "IF-003",
        "ReverseMigNotification",
        {
            "B094": {"MHHSRegimeEndDate": last_day},
            "B002": {"incomingSupplierMPID": "NOTQ", "incomingSupplierEffectiveFromDate": last_day},
        },
        **options,
    )


def status(event: str = "MPANDisconnection", **options: Any) -> dict[str, Any]:
    return message("IF-009", event, {"B079": {"status": "X"}}, **options)


# What a message changes -> its interface, event, block, field and the field of its date.
CHANGES = {
    "market_segment": (
        "IF-044", "MarketSegmentChange", "B026", "marketSegmentIndicator",
        "marketSegmentIndicatorEffectiveFromDate",
    ),
    "connection_type": (
        "IF-043", "ConnectionTypeChange", "B023", "connectionTypeIndicator",
        "connectionTypeEffectiveFromDate",
    ),
    "energisation_status": (
        "IF-007", "EnergisationStatusChange", "B025", "energisationStatus",
        "energisationStatusEffectiveFromDate",
    ),
    "gsp_group_id": ("IF-018", "GSPChg", "B001", "", "GSPGroupEffectiveFromDate"),
    "is_domestic": (
        "IF-018", "DomPremInd", "B028", "domesticPremiseIndicator",
        "domesticPremiseIndicatorEffectiveFromDate",
    ),
}  # fmt: skip


def changed(
    column: str,
    value: Any,
    since: str | None = "2026-09-01T00:00:00+01:00",
    **options: Any,
) -> dict[str, Any]:
    """A change of one column of the MPAN's newest registration."""
    interface, event, block, field, dated = CHANGES[column]
    content = ({field: value} if field else {}) | ({dated: since} if since else {})
    found = message(interface, event, {block: content} if content else {}, **options)
    if not field:
        found["payload"]["CommonBlock"]["M0"]["GSPGroupID"] = value
    return found


def lines(*messages: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in messages)
