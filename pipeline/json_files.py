"""The JSON files that are read back, each with its schema: a file is checked before it is used.

A file can be cut short, edited by hand or restored wrongly. Every reader gets a checked document or
`DamagedFile`, and decides whether to stop or not to show what the file describes.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import PipelineError

# Text that Python and DuckDB print, convert and compare without an overflow.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


class DamagedFile(PipelineError):
    """A file that was read back is not what its schema says."""

    exit_code = 4


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    if day.isoformat() != text or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError("not a day written as YYYY-MM-DD")
    return text


def _instant(text: str) -> str:
    instant = datetime.fromisoformat(text)
    if (
        instant.isoformat() != text
        or instant.tzinfo is None
        or not _FIRST_YEAR <= instant.year <= _LAST_YEAR
    ):
        raise ValueError("not an instant in ISO 8601 with its offset")
    return text


Day = Annotated[str, AfterValidator(_day)]
Instant = Annotated[str, AfterValidator(_instant)]
Count = Annotated[int, Field(ge=0, le=2**62)]
Seconds = Annotated[float, Field(ge=0, le=1e12)]
Mart = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
PublicationId = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$")]
FileName = Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,199}$")]


class _Known(BaseModel):
    """Only the fields named here; others are dropped."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class _Open(BaseModel):
    """The fields named here are checked; others are kept as they are."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class Tests(_Known):
    passed: Count
    failed: Count


class MartFigures(_Known):
    rows: Count
    checksum: str


class KnownFile(_Known):
    file: str
    sha256: str | None  # none of what was never opened: NOT_A_FILE
    outcome: str
    error: str | None


class Loss(_Known):
    """Why a build was held, or would have been without `--accept-loss`."""

    reason: str
    message: str
    files: list[str] = []


class Node(_Known):
    status: str
    seconds: Seconds


class DictionaryFile(_Known):
    file: FileName
    sha256: str
    bytes: Count = 0


class Scope(_Known):
    because: str = ""
    points: Count = 0
    of: Count = 0
    since: str = ""
    renewed: Count = 0


class PublicationManifest(_Open):
    """`published/<id>.manifest.json`."""

    publication_id: PublicationId
    as_of: Day
    built_at: Instant
    gate: str
    contract: Count = 1
    is_first_of_contract: bool = False
    tests: Tests
    duration_seconds: Seconds
    marts: dict[Mart, MartFigures]
    files: list[KnownFile] = []
    state_rows: dict[Mart, Count] = {}
    accepted_loss: list[Loss] = []
    allow_future_dates: bool = False
    code_version: str = ""
    duckdb_version: str = ""
    proven: str | None = None
    scope: Scope = Scope()
    seeds: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    orders: dict[Mart, list[str]] = {}
    sha256: str = ""
    bytes: Count = 0
    dictionary: DictionaryFile | None = None


class Failure(_Known):
    test: str
    message: str
    rows: list[dict[str, str]]


class LastFailure(_Known):
    """`published/LAST_FAILURE.json`: a gate that failed or, if `held`, a build that was held."""

    as_of: Day
    failed_at: Instant
    failures: list[Failure]
    held: bool = False
    files: list[str] = []


class PublicationLogLine(_Known):
    """A line of `history/publication_log.jsonl`."""

    publication_id: str
    as_of: Day
    built_at: Instant
    gate: Literal["passed", "failed", "held"]
    duration_seconds: Seconds
    tests: Tests
    marts: dict[Mart, MartFigures] = {}
    failures: list[Failure] = []


class ReusableBuild(_Known):
    """`build/standing.json`."""

    publication_id: PublicationId
    code: str
    renewed: Count
    databases: list[list[int]]


class DbtManifest(_Open):
    """`build/target/manifest.json`, as far as it is used."""

    nodes: dict[str, dict[str, Any]]
    sources: dict[str, dict[str, Any]]
    unit_tests: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, Any]]
    exposures: dict[str, dict[str, Any]]


class DictionaryColumn(_Known):
    name: str
    type: str
    description: str
    required: bool


class DictionaryTest(_Open):
    column: str | None
    words: str


class DictionaryUnitTest(_Known):
    name: str
    words: str


class DictionaryModel(_Known):
    kind: str
    group: str
    owner: str
    description: str
    key: list[str]
    columns: list[DictionaryColumn]
    tests: list[DictionaryTest]
    unit_tests: list[DictionaryUnitTest]
    made_from: list[str]
    used_by: list[str]
    extracts: list[str]
    sql: str


class DictionaryPage(_Known):
    name: str
    title: str
    reads: list[str]


class Dictionary(_Known):
    """`published/<id>.dictionary.json`."""

    form: int
    models: dict[str, DictionaryModel]
    pages: list[DictionaryPage]


class PublicationSummary(_Known):
    path: str
    publication_id: PublicationId
    as_of: Day
    gate: str
    contract: Count = 1


class Change(_Known):
    rule_id: str
    mpid: str
    change: str
    cause: str
    exceptions: Count


Figure = Annotated[int, Field(ge=-(2**62), le=2**62)] | Annotated[float, Field(ge=-1e18, le=1e18)]


class HeadlineChange(_Known):
    figure: str
    before: Figure | None
    after: Figure | None
    real: Figure | None
    correction: Figure | None


class Comparison(_Known):
    """`history/comparisons/<id>--<id>.json`."""

    before: PublicationSummary
    after: PublicationSummary
    changes: list[Change]
    headline: list[HeadlineChange]


class ExportManifest(_Open):
    """The manifest beside an exported list, answer or report; a report has no rows."""

    file: FileName
    report: str | None = None
    rows: Count | None = None
    format: Literal["csv", "parquet", "xlsx"] = "csv"
    bytes: Count
    sha256: str
    publication_id: PublicationId | None = None
    as_of: Day | None = None
    built_at: Instant | None = None

    @model_validator(mode="after")
    def _has_rows(self) -> ExportManifest:
        if self.report is None and self.rows is None:
            raise ValueError("it names no rows")
        return self


class SavedQuery(_Known):
    name: str
    sql: str
    saved_at: str


class SavedQueries(_Known):
    """`history/queries/<reader>.json`."""

    queries: list[SavedQuery]


class AuditLine(_Open):
    """A line of `logs/audit.jsonl`."""

    at: str
    kind: str
    user: str


def read(path: Path, schema: type[BaseModel]) -> dict[str, Any]:
    """The document in a file. Raises `DamagedFile`, and OSError if it cannot be opened."""
    try:
        return parse(path.read_bytes(), schema)
    except ValueError as error:
        raise DamagedFile(
            f"{path} is damaged ({reason(error)}): take it from a backup, or make it again."
        ) from None


def parse(content: bytes, schema: type[BaseModel]) -> dict[str, Any]:
    """The document in some bytes, without fields that are absent. Raises ValueError."""
    return schema.model_validate_json(content).model_dump(mode="json", exclude_unset=True)


def reason(error: ValueError) -> str:
    """The first fault that a schema names, without what the file holds: it may be personal data."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
