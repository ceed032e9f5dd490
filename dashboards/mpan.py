"""The number of a Metering Point: how people write it, and the digit that checks it."""

from __future__ import annotations

import re

DIGITS = 13
_WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def read(text: str) -> str:
    """What a person typed or pasted, without the spaces and hyphens that group digits."""
    return re.sub(r"[\s\u00a0-]", "", text)


def fault(mpan: str) -> str | None:
    """Why this can be no MPAN, in words; None if it can."""
    if not (mpan.isascii() and mpan.isdigit()):
        return "An MPAN is 13 digits and nothing else."
    if len(mpan) != DIGITS:
        return f"An MPAN has 13 digits; this has {len(mpan)}."
    return None


def check_digit(mpan: str) -> int:
    """The check digit that the first twelve digits ask for."""
    total = sum(
        weight * int(digit) for weight, digit in zip(_WEIGHTS, mpan[: DIGITS - 1], strict=True)
    )
    return total % 11 % 10


def has_right_digit(mpan: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    return int(mpan[-1]) == check_digit(mpan)


def in_groups(mpan: str | None) -> str | None:
    """12 345 678 901 23, on screen only."""
    if mpan is None or len(mpan) != DIGITS:
        return mpan
    return f"{mpan[:2]} {mpan[2:5]} {mpan[5:8]} {mpan[8:11]} {mpan[11:]}"
