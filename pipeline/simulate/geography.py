"""GSP groups and distributors: who distributes where, and in what proportion."""

from __future__ import annotations

# GSP group, its share of Metering Points in per cent, distributor id, MPID and name of its DNO.
DNOS: tuple[tuple[str, float, int, str, str], ...] = (
    ("_A", 12.2, 10, "EELC", "Eastern Power Networks"),
    ("_B", 8.8, 11, "EMEB", "National Grid Electricity Distribution East Midlands"),
    ("_C", 7.8, 12, "LOND", "London Power Networks"),
    ("_D", 5.1, 13, "MANW", "SP Manweb"),
    ("_E", 8.4, 14, "MIDE", "National Grid Electricity Distribution West Midlands"),
    ("_F", 5.4, 15, "NEEB", "Northern Powergrid Northeast"),
    ("_G", 8.1, 16, "NORW", "Electricity North West"),
    ("_P", 2.6, 17, "HYDE", "Scottish Hydro Electric Power Distribution"),
    ("_N", 6.7, 18, "SPOW", "SP Distribution"),
    ("_J", 7.7, 19, "SEEB", "South Eastern Power Networks"),
    ("_H", 10.3, 20, "SOUT", "Southern Electric Power Distribution"),
    ("_K", 3.8, 21, "SWAE", "National Grid Electricity Distribution South Wales"),
    ("_L", 5.4, 22, "SWEB", "National Grid Electricity Distribution South West"),
    ("_M", 7.7, 23, "YELG", "Northern Powergrid Yorkshire"),
)

# Share among independent distributors, distributor id, MPID, name.
IDNOS: tuple[tuple[float, int, str, str], ...] = (
    (18, 24, "IPNL", "Independent Power Networks"),
    (16, 25, "LENG", "ESP Electricity"),
    (10, 26, "GUCL", "Last Mile Electricity"),
    (24, 27, "ETCL", "The Electricity Network Company"),
    (6, 28, "EDFI", "UK Power Networks (IDNO)"),
    (4, 29, "HARL", "Harlaxton Energy Networks"),
    (5, 30, "PENL", "Leep Electricity Networks"),
    (2, 31, "UKPD", "UK Power Distribution"),
    (4, 32, "UDNL", "Energy Assets Networks"),
    (4, 33, "GGEN", "Eclipse Power Networks"),
    (1, 34, "MPDL", "Murphy Power Distribution"),
    (3, 35, "FEAL", "Fulcrum Electricity Assets"),
    (1, 36, "VATT", "Vattenfall Networks"),
    (1, 37, "FORB", "Optimal Power Networks"),
    (1, 38, "INDI", "Indigo Power"),
)

IDNO_SHARE = 0.05
# A distributor id that no distributor has.
UNKNOWN_DISTRIBUTOR = 95

GSP_GROUPS: list[str] = [dno[0] for dno in DNOS]
GSP_SHARES: list[float] = [dno[1] for dno in DNOS]
IDNO_SHARES: list[float] = [idno[0] for idno in IDNOS]
# Distributors by index: the DNOs in the order of their GSP groups, then the independent ones.
DISTRIBUTOR_IDS: list[int] = [dno[2] for dno in DNOS] + [idno[1] for idno in IDNOS]
DISTRIBUTOR_MPIDS: list[str] = [dno[3] for dno in DNOS] + [idno[2] for idno in IDNOS]
DISTRIBUTOR_NAMES: list[str] = [dno[4] for dno in DNOS] + [idno[3] for idno in IDNOS]
