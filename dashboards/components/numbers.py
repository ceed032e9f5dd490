"""How numbers, days and instants are written. Exact figures belong in tables and help texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from math import floor, log10
from typing import TypeAlias
from zoneinfo import ZoneInfo

Number: TypeAlias = "int | float | Decimal"

NOT_AVAILABLE = "[x]"
NOT_APPLICABLE = "[z]"
MINUS = "\u2212"
_SPACE = "\u00a0"  # a figure and its unit stay on one line
_LONDON = ZoneInfo("Europe/London")
_ENERGY_UNITS = ((1e9, "TWh"), (1e6, "GWh"), (1e3, "MWh"), (1.0, "kWh"))


def whole(value: Number | None) -> str:
    """98,121"""
    return NOT_AVAILABLE if value is None else f"{value:,.0f}"


def short(value: Number | None) -> str:
    """98,121 below a million; above, three significant figures: 23.2 million."""
    if value is None:
        return NOT_AVAILABLE
    # 999,999.5 rounds to a million; it must not read "1,000,000" beside "1 million".
    if abs(float(value)) < 999_999.5:
        return whole(value)
    if abs(float(value)) < 999.5e6:
        return f"{_three_figures(float(value) / 1e6)}{_SPACE}million"
    return f"{_three_figures(float(value) / 1e9)}{_SPACE}billion"


def rate(value: float | None) -> str:
    """0.4 below ten, whole above: something per day."""
    if value is None:
        return NOT_AVAILABLE
    return whole(value) if value >= 10 or value == 0 else f"{value:.1f}"


def energy(kwh: Number | None, beside: Number | None = None) -> str:
    """4.34 GWh; in the unit of the figure that it stands beside, if there is one"""
    if kwh is None:
        return NOT_AVAILABLE
    factor, unit = energy_unit(kwh if beside is None else beside)
    return f"{_three_figures(float(kwh) / factor)}{_SPACE}{unit}"


def energy_unit(kwh: Number) -> tuple[float, str]:
    """How many kWh the fitting unit has, and its name: 1,000,000 and GWh"""
    return next(
        ((size, name) for size, name in _ENERGY_UNITS if abs(float(kwh)) >= 0.9995 * size),
        _ENERGY_UNITS[-1],
    )


def percent(share: Number | None) -> str:
    """3.7 %; a share that is not nothing is never 0.0 %, one that is not all never 100.0 %."""
    if share is None:
        return NOT_AVAILABLE
    if 0 < share < 0.0005:
        return f"under 0.1{_SPACE}%"
    if 0.9995 <= share < 1:
        return f"over 99.9{_SPACE}%"
    return f"{float(share) * 100:.1f}{_SPACE}%"


def signed(value: Number | None) -> str:
    """+12, a minus sign and 4, 0"""
    return _with_sign(value, whole)


def signed_energy(kwh: Number | None) -> str:
    """+209 MWh"""
    return _with_sign(kwh, energy)


def signed_share(share: Number | None) -> str:
    """+0.87 pp: the difference of two shares, in percentage points."""
    if share is not None and 0 < abs(float(share)) < 0.00005:
        return f"under 0.01{_SPACE}pp"
    return _with_sign(share, lambda value: f"{float(value) * 100:.2f}{_SPACE}pp")


def _with_sign(value: Number | None, write: Callable[[Number], str]) -> str:
    if value is None:
        return NOT_AVAILABLE
    if value == 0:
        return "0"
    return f"+{write(value)}" if value > 0 else f"{MINUS}{write(-value)}"


def day(value: date | None) -> str:
    """28 Oct 2026"""
    return NOT_AVAILABLE if value is None else f"{value.day} {value:%b %Y}"


def long_day(value: date) -> str:
    """28 October 2026"""
    return f"{value.day} {value:%B %Y}"


def instant(value: datetime, zone: bool = True) -> str:
    """23 Nov 2026 14:15 GMT, on the clocks of Great Britain."""
    local = value.astimezone(_LONDON)
    return f"{day(local.date())} {local:%H:%M}" + (f" {local:%Z}" if zone else "")


def count_of(value: int, one: str, many: str | None = None) -> str:
    """1 Supplier, 4 Suppliers"""
    return f"{short(value)} {one if value == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """43 s, 12 min, 2 h 5 min"""
    if seconds < 120:
        return f"{seconds:.0f}{_SPACE}s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes}{_SPACE}min"
    return f"{minutes // 60}{_SPACE}h {minutes % 60}{_SPACE}min"


def file_size(size: int) -> str:
    """1.2 MB"""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{_three_figures(size / factor)}{_SPACE}{unit}"
    return f"{size} bytes"


def _three_figures(value: float) -> str:
    if value == 0:
        return "0"
    decimals = max(0, 2 - floor(log10(abs(value)) + 1e-9))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
