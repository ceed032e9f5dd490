"""The cast: fictional Suppliers and agents, their size and their road to Qualification.

Every name and MPID here is invented; MPIDs begin with Z so that none is taken for a real party's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Classes of Metering Points between which Suppliers' shares differ.
CLASSES = ("domestic", "small business", "Advanced", "Unmetered")
SEGMENTS = ("S", "A", "U")
SEGMENT_OF_CLASS = (0, 0, 1, 2)


@dataclass(frozen=True)
class Supplier:
    """A Supplier: its share in per cent of each class, the day it is Qualified from, and its fate.

    Fates: EXEMPT (not Qualified for Smart), PARTIAL (one body still to approve), REJECTED, NEVER
    (no decision), DEFERRED, FUTURE (decided, from a later day), WITHDRAWN, REGAINED (lapsed, then
    approved again), LEFT (out of standing data while still Qualified), UNLISTED (holds Metering
    Points but is in no standing data).
    """

    mpid: str
    name: str
    shares: tuple[float, float, float, float]
    qualified_from: str | None
    tranche: str
    fate: str = ""
    company: str = ""


def _suppliers() -> tuple[Supplier, ...]:
    rows = [line.split("|") for line in _SUPPLIERS.strip().splitlines()]
    return tuple(
        Supplier(
            mpid.strip(),
            name.strip(),
            tuple(float(share) for share in shares.split()),  # type: ignore[arg-type]
            qualified.strip() or None,
            tranche.strip(),
            fate.strip(),
            company.strip() or f"{90000000 + 137 * number}",
        )
        for number, (mpid, name, shares, qualified, tranche, fate, company) in enumerate(rows, 1)
    )


# mpid | name | shares: domestic, small business, Advanced, Unmetered | Qualified from | tranche |
# fate | company number, where one company holds two MPIDs
_SUPPLIERS = """
ZWHI|Whimbrel Energy           |22.0 10.0  6.0  4.0|2025-10-20|T1||
ZALD|Alderbrook Energy         |18.0 13.0 11.0 10.0|2025-10-16|T1||90010001
ZSKI|Skiddaw Fell Power        |15.0  9.0 14.0 22.0|2025-11-27|T1||
ZCOQ|Coquet Vale Energy        |11.5  8.0  5.0  3.0|2025-10-20|T1||
ZIRT|Irthing Power             | 8.5  7.0 10.0 12.0|2026-01-29|T2||
ZFIE|Fieldfare Energy          | 6.5  5.0  2.0  1.0|2026-02-26|T2||
ZEAM|Eamont Supply             | 4.2  6.0 11.0 18.0|2026-03-26|T3||
ZLYV|Lyvennet Energy           | 3.0  4.0  9.0  9.0|2026-04-23|T3||
ZDOT|Dotterel Energy           | 2.2  3.0  1.0  0.5|2026-04-23|T3||
ZWHF|Wharfedene Power          | 1.8  2.5  4.0  3.0|2026-05-28|T4||
ZIN7|Ingleby Tarn Power        | 1.2  2.0  5.0  6.0|2026-05-28|T4||
ZROW|Rowanfell Energy          | 0.8  2.0  3.0  0.5|2026-02-26|T2|WITHDRAWN|
ZSIS|Siskinmoor Energy         | 0.8  1.2  1.0  1.0|2026-06-25|T4||
ZLAR|Larchdale Energy          | 0.6  1.5  0.5  0.5|2025-10-21|T1||
ZASH|Ashcombe Hollow Power     | 0.5  1.8  2.0  1.0|2026-06-25|T4|REGAINED|
ZPLO|Plovermoor Supply         | 0.4  1.0  0.5  0.5|2026-06-25|T4||
ZHAZ|Hazelmere Beck Energy     | 0.4  1.6  1.2  0.5|2026-07-23|T5||
ZBRE|Bredon Edge Energy        | 0.3  1.0  0.6  0.5|2026-07-23|T5||
ZCUR|Curlewgate Power          | 0.3  0.8  0.3  0.2|2026-05-28|T4||
ZELM|Elmstead Rise Energy      | 0.25 1.0  0.5  0.2|2026-07-23|T5||
ZTEV|Teviothead Energy         | 0.2  0.8  0.4  0.3|2026-08-27|T5||
ZYAF|Yaffle Energy             | 0.2  0.3  0.0  0.0|2026-03-26|T3||
ZWAG|Wagtail Beck Energy       | 0.2  0.3  0.0  0.0|2026-08-27|T5||
ZREP|Redpoll Supply            | 0.15 0.4  0.1  0.0|2026-08-27|T5||
ZOAK|Oakhanger Ridge Power     | 0.0  1.4  1.6  0.5|2026-06-25|T4||
ZBIR|Birchover Energy          | 0.15 0.6  0.2  0.1|2026-09-24|T6||
ZSTO|Stonechat Business Power  | 0.0  1.5  1.2  0.5|2026-07-23|T5||
ZWRE|Wrekin Side Supply        | 0.1  0.7  0.8  0.5|2026-08-27|T5||
ZMER|Merrick Hill Energy       | 0.1  0.5  0.2  0.2|2026-09-24|T6||
ZTAN|Tansy Burn Power          | 0.05 1.0  0.9  0.3|2026-09-24|T6||
ZK2L|Knott End Lapwing Energy  | 0.1  0.4  0.1  0.1|2026-10-22|T6||
ZDUN|Dunlin Bay Energy         | 0.1  0.3  0.0  0.0|2026-09-24|T6||
ZGOS|Goshawk Scar Power        | 0.0  0.9  1.0  0.5|2026-08-27|T5||
ZWIL|Willowmere Energy         | 0.1  0.2  0.0  0.0|2026-10-22|T6||
ZHOB|Hobby Down Energy         | 0.08 0.3  0.1  0.0|2026-07-23|T5||
ZNID|Nidderbeck Power          | 0.05 0.8  0.7  0.2|2026-10-22|T6||
ZSPR|Sprucetop Energy          | 0.08 0.2  0.0  0.0|2026-09-24|T6||
ZTWI|Twite Moss Energy         | 0.06 0.2  0.0  0.0|2026-10-28|T6||
ZCAR|Carnedd Supply            | 0.05 0.6  0.6  0.2|2026-09-24|T6||
ZJUN|Juniper Garth Energy      | 0.05 0.3  0.1  0.0|2026-10-22|T6||
ZBRA|Brambling Energy          | 0.05 0.2  0.0  0.0|2026-08-27|T5||
ZEHN|Ehenside Power            | 0.0  0.5  0.8  0.2|2026-10-22|T6||
ZFER|Ferret Hill Energy        | 0.04 0.2  0.0  0.0|2026-10-28|T6||
ZSYC|Sycamore Lane Supply      | 0.04 0.3  0.1  0.0|2026-07-23|T5||
ZWEL|Wheatear Lodge Energy     | 0.03 0.1  0.0  0.0|2026-10-22|T6||
ZGRE|Greenshank Business Energy| 0.0  0.6  0.6  0.2|2026-06-25|T4||
ZQ4R|Quarr Fell Power          | 0.0  0.3  0.6  0.5|2026-08-27|T5||
ZHOR|Hornbeam Croft Energy     | 0.03 0.2  0.1  0.0|2026-09-24|T6||
ZPIP|Pipit Meadow Energy       | 0.02 0.1  0.0  0.0|2026-07-23|T5||
ZRUS|Rusland Pool Supply       | 0.02 0.2  0.1  0.1|2026-10-22|T6||
ZDIP|Dipper Stone Energy       | 0.02 0.1  0.0  0.0|2026-08-27|T5||
ZCRA|Crakehill Power           | 0.3  1.2  4.0  2.0|2026-04-23|T3|EXEMPT|
ZAL2|Alderbrook Direct         | 0.15 0.3  0.1  0.1||T6|NEVER|90010001
ZTHO|Thornwick Energy          | 0.12 0.3  0.1  0.0||T5|PARTIAL|
ZMOR|Mornay Combe Power        | 0.05 0.4  0.3  0.1|2026-12-03|T6|FUTURE|
ZVAL|Valehead Energy           | 0.04 0.2  0.1  0.0|2027-02-11|T7|FUTURE|
ZGAN|Gannet Point Energy       | 0.06 0.2  0.1  0.0||T6|DEFERRED|
ZBUZ|Buzzard Clough Supply     | 0.03 0.1  0.1  0.0||T5|REJECTED|
ZOSP|Osprey Quay Energy        | 0.02 0.1  0.0  0.0||T7|NEVER|
ZSAN|Sandling Energy           | 0.0  0.0  0.0  0.0|2026-05-28|T4|LEFT|
ZX99|Unlisted                  | 0.002 0.002 0.001 0.0||T7|UNLISTED|
"""

SUPPLIERS = _suppliers()
SUPPLIER_MPIDS = [supplier.mpid for supplier in SUPPLIERS]


def supplier_index(mpid: str) -> int:
    """The position of a Supplier in the cast."""
    return SUPPLIER_MPIDS.index(mpid)


@dataclass(frozen=True)
class Agent:
    """An agent: the day from which each of its MHHS roles is Qualified (empty: never), or none."""

    mpid: str
    name: str
    roles: dict[str, str] = field(default_factory=dict)
    fate: str = ""


def _agent(mpid: str, name: str, roles: str, fate: str = "") -> Agent:
    pairs = (role.partition(":") for role in roles.split())
    return Agent(mpid, name, {role: qualified for role, _, qualified in pairs}, fate)


AGENTS: tuple[Agent, ...] = (
    _agent("ZCAI", "Cairngrove Metering", "MSS:2025-10-15 MSA:2025-10-15"),
    _agent("ZDRU", "Drumlin Meter Services", "MSS:2025-10-15 MDR:2025-10-15"),
    _agent("ZESK", "Eskholme Metering", "MSS:2025-10-20 MSA:2025-12-11"),
    _agent("ZFAL", "Falsgrave Asset Services", "MSS:2026-02-12"),
    _agent("ZGIL", "Gillbeck Meter Operations", "MSS:2026-06-18", "LATE"),
    _agent("ZHEL", "Helmside Advanced Metering", "MSA:2025-10-20 ADS:2025-10-20"),
    _agent("ZKEL", "Keldgate Metering", "MSA:2026-03-12"),
    _agent("ZLIN", "Linhope Data Services", "SDS:2025-10-15 ADS:2025-10-15 UMSDS:2025-10-15"),
    _agent("ZMAL", "Mallerstang Data", "SDS:2025-10-15 MDR:2025-10-15"),
    _agent("ZNOR", "Norber Data Collection", "SDS:2025-10-20 ADS:2025-11-13"),
    _agent("ZPEN", "Penhill Data Services", "SDS:2025-12-11 MDR:2025-12-11"),
    _agent("ZRAV", "Ravenscar Analytics", "SDS:2026-07-16", "LATE"),
    _agent("ZSWA", "Swaledene Data", "ADS:2026-01-15 UMSDS:2026-01-15"),
    # One MPID, two roles, one of them Qualified.
    _agent("ZTAR", "Tarnside Services", "MSS:2025-11-13 SDS:"),
    _agent("ZULL", "Ullock Metering", "MSS:", "NEVER"),
    # Approved, then withdrawn by one body.
    _agent("ZVEN", "Ventnor Rise Data", "SDS:2026-01-15", "WITHDRAWN"),
    _agent("ZBEC", "Beckermonds Meter Reading", "MDR:2025-12-11"),
    _agent("ZCOV", "Coverhead Retrieval", "MDR:2026-04-16"),
    # Agents of the legacy arrangements alone: no standing data of the MHHS roles.
    _agent("ZL1M", "Lowther Meter Operators", ""),
    _agent("ZL2M", "Lunds Meter Operators", ""),
    _agent("ZL3C", "Langstroth Collection", ""),
    _agent("ZL4C", "Levisham Collection", ""),
    _agent("ZL5A", "Littondale Aggregation", ""),
    _agent("ZL6A", "Lorton Aggregation", ""),
    # In no standing data although it is appointed in an MHHS role.
    _agent("ZX98", "Unlisted", "SDS:", "UNLISTED"),
)
AGENT_MPIDS = [agent.mpid for agent in AGENTS]


def agent_index(mpid: str) -> int:
    """The position of an agent in the cast."""
    return AGENT_MPIDS.index(mpid)


def with_role(role: str, before: str = "2026-02-01") -> list[int]:
    """Agents that are Qualified in a role before a day and stay so."""
    return [
        index
        for index, agent in enumerate(AGENTS)
        if "" < agent.roles.get(role, "") < before and not agent.fate
    ]
