"""The manifest beside a file: what its sender says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic_core import from_json

from pipeline.intake.opening import open_plain

_LARGEST = 1_000_000


class BadManifest(Exception):
    """The manifest is not what the contract says; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """The checked fields; None is unchecked."""

    rows: int | None = None
    sha256: str | None = None
    extracted_at: str | None = None

    def mismatch(self, rows: int | None, sha256: str) -> str | None:
        """What differs from the file, in words, or None."""
        if self.sha256 is not None and self.sha256 != sha256:
            return f"the manifest says sha256 {self.sha256}, the file has {sha256}"
        if None not in (rows, self.rows) and self.rows != rows:
            return f"the manifest says {self.rows:,} rows, the file has {rows:,}"
        return None


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`, a plain file. Raises Gone, Unreached."""
    with open_plain(path) as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise BadManifest("the manifest is larger than a manifest can be")
    try:
        fields = from_json(content)  # unlike Python's it refuses half of a surrogate pair
    except ValueError:
        raise BadManifest("the manifest is not JSON") from None
    if not isinstance(fields, dict):
        raise BadManifest("the manifest is not a JSON object")
    rows, sha256, extracted_at = (fields.get(n) for n in ("rows", "sha256", "extracted_at"))
    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int)):
        raise BadManifest("`rows` of the manifest is not a whole number")
    if sha256 is not None and not isinstance(sha256, str):
        raise BadManifest("`sha256` of the manifest is not text")
    if extracted_at is not None:
        extracted_at = _instant(extracted_at)
    return Manifest(rows, sha256.lower() if sha256 is not None else None, extracted_at)


def _instant(value: object) -> str:
    """ISO 8601 text as an instant in UTC whose text sorts in time; without offset it is UTC."""
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    except (TypeError, ValueError, OverflowError):
        raise BadManifest("`extracted_at` of the manifest is not an ISO 8601 time") from None
