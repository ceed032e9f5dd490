"""The head of a DIP message: the interface and the event that it names.

Senders write the two fields in more than one way. Each is looked up in the seed of the interfaces
and events of DIP 2.1.0: a message that is not in it is quarantined, never counted as ignored.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

ANY = "*"  # in the seed: the events of this interface are not listed, or the contract names none
_SEED = Path(__file__).parents[3] / "seeds" / "reference" / "dip_event.csv"
_SPELLINGS = ("interfaceID", "InterfaceID", "interfaceId")
_INTERFACE = re.compile("if-?([0-9]{3})")
_CODE = re.compile("[A-Za-z0-9_-]{1,40}")
_LONGEST = 100  # longer texts name nothing, and would only fill the cache


@dataclass(frozen=True, slots=True)
class Head:
    """An interface and an event of the seed, or the JSON of a value that is neither.

    `said` is the event in the sender's words if the seed has `ANY` for it.
    """

    interface: str
    event: str
    is_known: bool = False
    is_used: bool = False
    said: str = ""


@cache
def known() -> dict[str, dict[str, tuple[str, bool]]]:
    """The events of each interface: lower case -> the event as the seed spells it, and its use."""
    found: dict[str, dict[str, tuple[str, bool]]] = defaultdict(dict)
    with _SEED.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            event = row["event_code"]
            found[row["interface"]][event.lower()] = (event, row["is_used"] == "true")
    return dict(found)


def read_head(block: dict[str, Any]) -> Head:
    """The interface and the event that a block S0 names."""
    interface, event = block.get("interfaceID"), block.get("eventCode")
    if not isinstance(interface, str) or "InterfaceID" in block or "interfaceId" in block:
        interface = _interface(block)
    if isinstance(interface, str) and isinstance(event, str):
        if len(interface) + len(event) <= _LONGEST:
            return _of_texts(interface, event)
        return _of_texts.__wrapped__(interface, event)
    return _of_values(interface, event)


def _interface(block: dict[str, Any]) -> Any:
    """The value of the spelling that the head has; a list of them if they name different things."""
    values = [block[name] for name in _SPELLINGS if block.get(name) is not None]
    alike = {_interface_name(_one_text(value) or "") for value in values}
    if len(values) > 1 and (len(alike) > 1 or None in alike):
        return values
    return values[0] if values else None


@lru_cache(maxsize=4096)
def _of_texts(interface: str, event: str) -> Head:
    return _of_values(interface, event)


def _of_values(interface: Any, event: Any) -> Head:
    text = _one_text(interface)
    name = _interface_name(text) if text is not None else None
    if name is None:
        return Head(_unread(interface), "")
    text = _one_text(event)
    said = _without_brackets(text) if text is not None else ""
    events = known()[name]
    if said.lower() in events and said != ANY:
        spelt, is_used = events[said.lower()]
        return Head(name, spelt, True, is_used, spelt)
    if ANY in events and _CODE.fullmatch(said):
        spelt, is_used = events[ANY]
        return Head(name, spelt, True, is_used, said)
    return Head(name, _unread(event))


def _one_text(value: Any) -> str | None:
    """The text that a value is, or the only element of."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else None


def _interface_name(text: str) -> str | None:
    found = _INTERFACE.fullmatch(_without_brackets(text).lower())
    name = f"IF-{found[1]}" if found else ""
    return name if name in known() else None


def _without_brackets(text: str) -> str:
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].strip()
    return text


def _unread(value: Any) -> str:
    """The JSON of a value. Only that of a list of several begins with `[`: BAD_FORMAT."""
    if isinstance(value, list) and len(value) < 2:
        return "null"
    return json.dumps(value)
