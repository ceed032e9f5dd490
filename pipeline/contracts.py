"""The six extracts: names, types, keys and allowed values of their columns.

One definition for everything that handles an extract: the reader types and checks with it, the
simulator writes with it, and the dbt sources are the relations that result from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a column's text must look like, and so the type it has in the lake."""

    MPID = "mpid"  # 4 of A-Z0-9
    MPAN = "mpan"  # 13 digits, stored as BIGINT: text is lpad(mpan, 13, '0')
    ID = "id"  # text up to `max_length`, no '|' and no control character
    TEXT = "text"
    CHOICE = "choice"  # one of `values`
    LETTERS = "letters"  # one or more letters out of `values`
    DIGITS_2 = "digits_2"
    DATE = "date"
    TIMESTAMP = "timestamp"  # ISO 8601 with offset, stored as an instant
    BOOLEAN = "boolean"
    NUMBER = "number"  # not negative
    HEAD = "head"  # of a message: one of `values`; BAD_FORMAT where it is a list of several


# A compressed file that unpacks to more than 1 GiB and more than so many times its size is refused.
MOST_TIMES_UNPACKED = 200

LAKE_TYPES: dict[Kind, str] = {
    Kind.MPAN: "BIGINT",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMPTZ",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.NUMBER: "DECIMAL(18,3)",
}


@dataclass(frozen=True)
class Column:
    """One column of an extract.

    `values_from_seed` names the seed (file and column) that lists the allowed labels of a column
    whose vocabulary is maintained as data. `required_if` narrows `required` to the rows for which a
    condition on their text holds. A bad value of a `noted` column becomes null and is noted, so
    that it does not hide the row: no rule depends on it.
    """

    name: str
    kind: Kind
    required: bool
    description: str = ""
    values: tuple[str, ...] = ()
    values_from_seed: tuple[str, str] | None = None
    max_length: int | None = None
    required_if: str | None = None
    noted: bool = False

    @property
    def lake_type(self) -> str:
        return LAKE_TYPES.get(self.kind, "VARCHAR")


@dataclass(frozen=True)
class Extract:
    """One extract: its columns in the order in which they are checked, and its key."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def type_inside(self, column: Column) -> str:
        """The type that the models see.

        Labels of the extracts with a row per Metering Point are an ENUM, which is sorted and stored
        as a byte and orders as its text does.
        """
        if column.kind is not Kind.CHOICE or all(c.kind is not Kind.MPAN for c in self.columns):
            return column.lake_type
        return f"ENUM ({', '.join(repr(label) for label in sorted(column.values))})"

    @property
    def dated(self) -> bool:
        """Whether rows carry an interval `effective_from` .. `effective_to`."""
        return any(column.name == "effective_to" for column in self.columns)


CHANGE_TYPE = Column(
    "change_type",
    Kind.CHOICE,
    True,
    "In a delta: U inserts or replaces by key, D deletes by key.",
    ("U", "D"),
)

MARKET_ROLES = ("SUP", "LDSO", "REGS", "UMSO", "MSS", "MSA", "SDS", "ADS", "UMSDS", "MDR")
METERING_ROLES = ("MSS", "MSA")
DATA_ROLES = ("SDS", "ADS", "UMSDS")
LEGACY_ROLES = ("MOP", "DC", "DA")
GSP_GROUPS = tuple(f"_{letter}" for letter in "ABCDEFGHJKLMNP")


def _mpid(name: str = "mpid", required: bool = True, description: str = "") -> Column:
    return Column(name, Kind.MPID, required, description or "Market Participant Identifier.")


def _role(name: str, values: tuple[str, ...], description: str) -> Column:
    return Column(name, Kind.CHOICE, True, description, values)


def _date(name: str, required: bool, description: str) -> Column:
    return Column(name, Kind.DATE, required, description)


def _mpan(
    description: str = "Leading zeros count. A wrong check digit is a finding (INT-03), no reject.",
) -> Column:
    return Column("mpan", Kind.MPAN, True, description)


_FROM = _date("effective_from", True, "First day on which the row holds.")
_TO = _date("effective_to", False, "Last inclusive day; empty or 9999-12-31 = open.")
_MARKET_ROLE = _role(
    "market_role",
    MARKET_ROLES,
    "DIP role code. MEM = MSS and MSA; a DNO is an LDSO with distributor id 10 to 23.",
)

PARTICIPANT = Extract(
    "participant",
    "Who may act in which role (the shape of Industry Standing Data, entity M16).",
    ("mpid", "market_role", "effective_from"),
    (
        _mpid(),
        _MARKET_ROLE,
        Column("participant_name", Kind.TEXT, True, "Name of the party."),
        Column(
            "company_number",
            Kind.TEXT,
            False,
            "Registered number of the company, which may hold several MPIDs.",
        ),
        Column("dip_id", Kind.TEXT, False, "DIP participant id."),
        Column("distributor_id", Kind.DIGITS_2, False, "LDSO only."),
        _FROM,
        _TO,
    ),
)

APPROVAL = Extract(
    "approval",
    "Decisions of the approving bodies.",
    ("mpid", "market_role", "approval_body", "effective_from"),
    (
        _mpid(),
        _MARKET_ROLE,
        Column(
            "approval_body",
            Kind.CHOICE,
            True,
            "BSC Performance Assurance Board, REC Code Manager or DIP Manager.",
            ("BSC_PAB", "REC_CM", "DIP_MGR"),
        ),
        Column(
            "decision",
            Kind.CHOICE,
            True,
            "Mapped by the seed `approval_decision`; an unmapped label rejects the row.",
            values_from_seed=("rulebook/approval_decision.csv", "decision"),
        ),
        Column(
            "segments",
            Kind.LETTERS,
            False,
            "Market segments that the decision covers, Suppliers only (BSC P476 Smart exemption = "
            "AU); empty = SAU.",
            ("S", "A", "U"),
        ),
        _date("decided_on", True, "Day of the decision."),
        _FROM,
        _TO,
        Column("reference", Kind.TEXT, False, "Minute or decision reference."),
    ),
)

STAGE = Extract(
    "stage",
    "The road to Qualification, plan and actuals.",
    ("mpid", "market_role", "stage"),
    (
        _mpid(),
        _MARKET_ROLE,
        Column(
            "stage",
            Kind.CHOICE,
            True,
            "In this order; approvals follow, then going live.",
            ("PQS", "PIT", "QAD_INITIAL", "TESTING", "QAD_FINAL"),
        ),
        Column("tranche", Kind.TEXT, False, "Tranche or wave label, for example T1."),
        Column(
            "test_route",
            Kind.CHOICE,
            False,
            "Route of PIT and TESTING.",
            ("SIT", "QT", "PLACING_RELIANCE"),
        ),
        _date("planned_on", False, "Baseline plan."),
        _date("forecast_on", False, "The party's own forecast."),
        _date("completed_on", False, "Actual."),
        Column("evidence_reference", Kind.TEXT, False, "Where the evidence is kept."),
    ),
)

REGISTRATION = Extract(
    "registration",
    "Who supplies a Metering Point.",
    ("registration_id",),
    (
        Column("registration_id", Kind.ID, True, "No `|`, no control character.", max_length=40),
        _mpan(),
        _mpid("supplier_mpid", description="Supplier of the Metering Point."),
        Column(
            "registration_type",
            Kind.CHOICE,
            True,
            "A Switch is a change of Supplier.",
            ("INITIAL", "SWITCH"),
        ),
        Column(
            "registration_status",
            Kind.CHOICE,
            True,
            "Only ACTIVE registrations hold a Metering Point.",
            ("ACTIVE", "PENDING", "CANCELLED"),
        ),
        Column(
            "requested_at",
            Kind.TIMESTAMP,
            False,
            "Request for the registration; its settlement date is its date in Europe/London.",
        ),
        _FROM,
        _TO,
        Column(
            "market_segment",
            Kind.CHOICE,
            True,
            "Smart (with Traditional), Advanced, Unmetered.",
            ("S", "A", "U"),
        ),
        Column(
            "connection_type",
            Kind.CHOICE,
            False,
            "Whole current, low, high, extra high voltage, unmetered.",
            ("W", "L", "H", "E", "U"),
            noted=True,
        ),
        Column(
            "gsp_group_id",
            Kind.CHOICE,
            True,
            "GSP group; never derived from the MPAN.",
            GSP_GROUPS,
        ),
        Column("ldso_mpid", Kind.MPID, False, "Distributor of the Metering Point.", noted=True),
        Column(
            "energisation_status",
            Kind.CHOICE,
            False,
            "Energised, de-energised, undefined.",
            ("E", "D", "U"),
            noted=True,
        ),
        Column("is_domestic", Kind.BOOLEAN, False, "Domestic premises.", noted=True),
        Column(
            "rmp_status",
            Kind.CHOICE,
            True,
            "Created, operational, terminated.",
            ("C", "O", "T"),
        ),
        Column(
            "mp_status",
            Kind.CHOICE,
            True,
            "New, registered, traded, disconnected.",
            ("N", "R", "T", "X"),
        ),
        Column(
            "annual_kwh",
            Kind.NUMBER,
            False,
            "Annual consumption in kWh: the weight of energy.",
            noted=True,
        ),
    ),
)

MIGRATION = Extract(
    "migration",
    "A Metering Point enters or leaves the MHHS arrangements.",
    ("mpan", "direction", "effective_from"),
    (
        _mpan(),
        Column(
            "direction",
            Kind.CHOICE,
            True,
            "Into MHHS, or back under the legacy arrangements.",
            ("FORWARD", "REVERSE"),
        ),
        _date(
            "effective_from",
            True,
            "FORWARD: first day under MHHS. REVERSE: first day back under legacy.",
        ),
        Column(
            "scenario",
            Kind.CHOICE,
            False,
            "FORWARD only: by the current Supplier, or on gain.",
            ("MCA", "MCS"),
        ),
        _mpid("supplier_mpid", False, "Supplier that the event names."),
    ),
)

APPOINTMENT = Extract(
    "appointment",
    "Which agent serves a Metering Point.",
    ("appointment_id",),
    (
        Column("appointment_id", Kind.ID, True, "No `|`, no control character.", max_length=40),
        _mpan(),
        _role(
            "service_role",
            (*METERING_ROLES, "UMSO", *DATA_ROLES, *LEGACY_ROLES),
            "MHHS service role, or legacy MOP, DC, DA.",
        ),
        _mpid("agent_mpid", description="The agent appointed."),
        Column(
            "appointment_status",
            Kind.CHOICE,
            True,
            "Only ACTIVE appointments count.",
            ("ACTIVE", "PENDING", "REJECTED", "LAPSED", "CANCELLED"),
        ),
        Column(
            "scenario",
            Kind.CHOICE,
            False,
            "Appointment scenario.",
            ("COS", "CSP", "USP", "SEG", "MCA", "MCS", "ALG"),
        ),
        _FROM,
        _TO,
    ),
)

EXTRACTS: dict[str, Extract] = {
    extract.name: extract
    for extract in (PARTICIPANT, APPROVAL, STAGE, REGISTRATION, MIGRATION, APPOINTMENT)
}
