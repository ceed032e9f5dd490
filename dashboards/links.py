"""Signed, short-lived links to finished exports.

The token names the file, the key of the reader (`auth.User.key`), the role that the file needs and
the last second at which it is valid. The route also asks who is signed in, so a link is worth
nothing to other readers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass

from dashboards.auth import Role

LIFETIME_SECONDS = 300
ROUTE = "/api/export/{token}"

# The page that signs and the route that verifies run in one process. Several processes behind
# one address would share the secret through the environment.
_SECRET = os.environ.get("MHHS_LINK_SECRET", "").encode() or secrets.token_bytes(32)


@dataclass(frozen=True)
class Claim:
    """What a token grants: one file below the exports folder, to one reader.

    With `role` None any role will do.
    """

    file: str
    reader: str
    expires: int
    role: Role | None = "compliance"


def sign(claim: Claim) -> str:
    """The token of a claim, fit for a URL."""
    body = _encode(json.dumps(asdict(claim)).encode())
    return f"{body}.{_signature(body)}"


def link(file: str, reader: str, role: Role | None = "compliance") -> str:
    """The address at which this reader can fetch a file for the next minutes."""
    claim = Claim(file, reader, int(time.time()) + LIFETIME_SECONDS, role)
    return ROUTE.format(token=sign(claim))


def verify(token: str) -> Claim | None:
    """The claim of a token, or None if it is tampered with or has expired."""
    body, _, signature = token.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(body).encode()):
        return None
    try:
        claim = Claim(**json.loads(base64.urlsafe_b64decode(body + "==")))
    except (ValueError, TypeError, binascii.Error):
        return None
    return claim if claim.expires >= time.time() else None


def _signature(body: str) -> str:
    return _encode(hmac.new(_SECRET, body.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
