"""What an audit log holds instead of an MPAN or a statement: a keyed hash.

Its key is not that of the pseudonyms that analysts see: those are replaced when they must be, and
the log stays searchable for those who have its key. HMAC-SHA-256, because old lines must match.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

from pipeline.keys import read_key
from pipeline.layout import Warehouse
from pipeline.sandbox import traces

KEY_VARIABLE = "MHHS_AUDIT_KEY"
_KEY_DIGITS = 64
_DIGITS = 24


def pseudonym(warehouse: Warehouse, text: str) -> str:
    """The same for the same text, as long as the key is. Raises KeyRefused."""
    content = text.encode(errors="surrogatepass")
    return hmac.new(_key(warehouse), content, hashlib.sha256).hexdigest()[:_DIGITS]


def statement_facts(
    warehouse: Warehouse, statement: str, *, is_readable: bool = True
) -> dict[str, Any]:
    """What the log holds of a statement: its hash and length, and its text without values.

    MPANs that it names as they are written in the marts leave their hashes. A statement that
    DuckDB cannot read leaves no text.
    """
    return {
        "sql": traces.without_values(statement) if is_readable else None,
        "sql_hash": pseudonym(warehouse, statement),
        "sql_length": len(statement),
        "mpan_hashes": sorted(pseudonym(warehouse, each) for each in traces.mpans_in(statement)),
    }


def _key(warehouse: Warehouse) -> bytes:
    """From the environment, else from a file, which is made when first needed."""
    if given := os.environ.get(KEY_VARIABLE):
        return given.encode()
    return read_key(warehouse.root / "history" / "audit.key", _KEY_DIGITS).encode()
