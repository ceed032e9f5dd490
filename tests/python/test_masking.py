"""No MPAN reaches an analyst who may not see one, by any column of any mart."""

from __future__ import annotations

import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipeline.layout import Warehouse
from pipeline.mart_columns import personal
from pipeline.pseudonym import Pseudonyms
from pipeline.publication import Publication, current
from pipeline.sandbox import masking
from pipeline.sandbox.asking import ask
from pipeline.sandbox.terms import BadQuestion, Limits, Question, catalog_name
from tests.fixture_publication import contracts

KEY = "fedcba9876543210" * 2
MPAN = "1000000000012"
WHOLE = Limits(seconds=60, rows=None, size=None)
FORMS = (
    MPAN,
    f"{MPAN}-MSS-20261028",
    f"appointment|{MPAN}-SDS",
    f"R1,{MPAN},ALDE,INITIAL",
    f"Of {MPAN} and {MPAN}-2.",
    "10 000 000 000 12",
    "10-0000-0000-012",
    "MPAN 10 0000 0000 012, see file",
    "1000-0000-0001-2",
    "1000_0000_0001_2-B",
    "10  0000  0000  012",
    "10\t0000\u00a00000\u2009012",
    "10/0000/0000,012",
    "10 - 0000 - 0000 - 012",
    "R1|100000000|0012",
    "\uff11\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff11\uff12",
)


def masked(publication: Path, sql: str, key: str | None = KEY) -> pa.Table:
    home = catalog_name(publication.stem)
    return ask(Question(sql, home, {home: publication}, key), WHOLE).table


@pytest.fixture(scope="module")
def publication(market_warehouse: Path) -> Publication:
    return current(Warehouse(market_warehouse))


@pytest.fixture(scope="module")
def marts(publication: Publication) -> dict[str, tuple[pa.Table, pa.Table]]:
    """Every mart of the simulated market, in clear and masked, in one order."""
    names = [*publication.manifest["marts"], "rpt_publication"]
    clear = {name: f"select * from {name}" for name in names}
    with ThreadPoolExecutor(2) as pool:
        masks = list(pool.map(lambda sql: masked(publication.path, sql), clear.values()))
    clears = [masked(publication.path, sql, None) for sql in clear.values()]
    return dict(zip(names, zip(clears, masks, strict=True), strict=True))


def texts(table: pa.Table) -> set[str]:
    return {
        str(value)
        for column in table.columns
        for value in column.unique().to_pylist()
        if value is not None
    }


def test_no_identity_of_a_point_is_in_any_mart(marts: dict[str, tuple[pa.Table, pa.Table]]) -> None:
    identities: set[str] = set()
    for clear, _ in marts.values():
        for column in clear.column_names:
            if column.endswith(("mpan", "registration_id", "appointment_id", "exception_id")):
                identities |= {value for value in clear[column].unique().to_pylist() if value}
    assert len(identities) > 10_000
    for name, (clear, hidden) in marts.items():
        assert hidden.num_rows == clear.num_rows, name
        assert hidden.column_names == clear.column_names, name
        words = {word for text in texts(hidden) for word in re.findall(r"\w+", text)}
        assert not words & identities, (name, sorted(words & identities)[:3])


def test_what_tells_no_point_is_told_as_it_is(marts: dict[str, tuple[pa.Table, pa.Table]]) -> None:
    changed = {
        f"{name}.{column}"
        for name, (clear, hidden) in marts.items()
        for column in clear.column_names
        if not clear[column].equals(hidden[column])
    }
    assert changed == {
        "dim_metering_point.mpan",
        "dim_metering_point.registration_id",
        "fct_appointment.appointment_id",
        "fct_appointment.load_id",
        "fct_appointment.mpan",
        "fct_exception.appointment_id",
        "fct_exception.exception_id",
        "fct_exception.mpan",
        "fct_exception.registration_id",
        "fct_exception.subject_key",
        "fct_exception_history.exception_id",
        "fct_holding.load_id",
        "fct_holding.mpan",
        "fct_holding.registration_id",
        "fct_migration.holder_registration_id",
        "fct_migration.load_id",
        "fct_migration.mpan",
        "fct_noted_value.load_id",
        "fct_noted_value.value",
        "fct_quarantined_row.load_id",
        "fct_quarantined_row.row_text",
        "fct_regime.mpan",
        "rpt_ignored_message.load_id",
        "rpt_load.load_id",
        "rpt_load.sha256",
        "rpt_publication.checksum",
    }


def test_parties_keep_their_key(publication: Publication) -> None:
    sql = "select subject_key from fct_exception where subject_type = 'PARTICIPANT' order by all"
    assert masked(publication.path, sql).equals(masked(publication.path, sql, None))


@pytest.mark.parametrize(
    "sql",
    [
        "select count(distinct mpan) from fct_holding",
        "select count(*) from fct_holding join dim_metering_point using (registration_id)",
        "select count(*) from fct_exception join dim_metering_point using (mpan)",
        "select count(*) from fct_exception join fct_appointment using (appointment_id)",
        "select count(*) from fct_migration join rpt_load using (load_id)",
        "select count(*) from fct_exception join fct_exception_history using (exception_id)",
        "select count(*) from fct_exception where subject_key = mpan::varchar",
        "select rule_id, mpid, count(*) from fct_exception group by all order by all",
    ],
)
def test_joins_and_counts_hold(publication: Publication, sql: str) -> None:
    assert masked(publication.path, sql).equals(masked(publication.path, sql, None))


def test_another_publication_has_the_same_hashes_and_another_secret_others(
    publication: Publication,
) -> None:
    sql = "select min(mpan) as mpan from fct_holding"
    one = masked(publication.path, sql)
    assert one.equals(masked(publication.path, sql))
    assert not one.equals(masked(publication.path, sql, "0" * 32))


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication whose every text holds an MPAN, in one of the forms that text may hold it."""
    path = tmp_path_factory.mktemp("poisoned") / "p.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        extra = {"fct_new": dict.fromkeys(("note", "old_mpan", "anything"), "varchar")}
        extra["fct_new"] |= {"points": "varchar[]", "detail": "struct(mpan varchar)"}
        extra["fct_new"] |= {"mpan": "bigint", "number": "bigint", "size": "decimal(38,3)"}
        for mart, columns in (contracts() | extra).items():
            typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table marts.{mart} ({typed})")
            for form in FORMS:
                values = [_poison(kind, form) for kind in columns.values()]
                places = ", ".join("?" for _ in values)
                connection.execute(f"insert into marts.{mart} values ({places})", values)
    return path


def _poison(kind: str, form: str) -> object:
    return {
        "varchar": form,
        "bigint": int(MPAN),
        "decimal(38,3)": int(MPAN),
        "varchar[]": [form],
        "struct(mpan varchar)": {"mpan": form},
    }.get(kind)


@pytest.mark.parametrize("mart", [*contracts(), "fct_new"])
def test_a_text_that_holds_an_mpan_does_not_tell_it(poisoned: Path, mart: str) -> None:
    table = masked(poisoned, f"from {mart}")
    for column in table.column_names:
        if personal().get(mart, {}).get(column) == "false":
            continue
        found = " ".join(texts(table.select([column])))
        found = unicodedata.normalize("NFKC", re.sub(r"h_[0-9a-f]{16}", "", found))
        assert "000000000" not in re.sub(r"[^0-9A-Za-z]", "", found), column


@pytest.mark.parametrize(
    "sql",
    [
        "select mpan::int from fct_holding",
        "select error(coalesce(row_text, '')) from fct_quarantined_row",
        "select error(reason_detail) from fct_exception",
        f"select error('boom ' || '{MPAN}')",
        f"select '{MPAN}'::smallint",
    ],
)
def test_an_error_tells_no_mpan_either(poisoned: Path, sql: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        masked(poisoned, sql)
    assert caught.value.kind == "failed"
    assert MPAN not in str(caught.value)


def test_what_nothing_is_said_of_is_withheld() -> None:
    """Every text and number of the marts says what it holds; these alone may hold anything."""
    silent = {
        f"{mart}.{column}"
        for mart, columns in contracts().items()
        for column, kind in columns.items()
        if kind not in ("date", "boolean") and column not in personal()[mart]
    }
    assert silent == {"fct_quarantined_row.row_text", "fct_noted_value.value"}


def test_left_plain_are_codes_alone() -> None:
    """What is neither hashed nor searched: a text added here must be unable to hold an MPAN."""
    plain = {
        column
        for mart, columns in contracts().items()
        for column, kind in columns.items()
        if kind == "varchar" and personal()[mart].get(column) == "false"
    }
    assert plain == {
        "agent_mpid",
        "appointment_status",
        "baselines",
        "cannot_be_judged_reasons",
        "current_stage",
        "data_service_mpid",
        "direction",
        "energisation_status",
        "flow",
        "gsp_group_id",
        "holder_mpid",
        "ldso_mpid",
        "market_role",
        "market_segment",
        "metering_service_mpid",
        "mp_status",
        "mpid",
        "next_stage",
        "not_applicable_reasons",
        "readiness_status",
        "reason_code",
        "regime",
        "registration_type",
        "responsible_mpid",
        "rmp_status",
        "rule_id",
        "service_role",
        "severity",
        "stage",
        "status",
        "subject_type",
        "supplier_mpid",
    }


@pytest.mark.parametrize(
    ("said", "kind", "expected"),
    [
        ("id", "BIGINT", "hashed"),
        ("id", "VARCHAR", "hashed"),
        ("id_unless_party", "VARCHAR", "hashed_unless_party"),
        ("text", "VARCHAR", "searched"),
        ("dip_id", "VARCHAR", "dip_id"),
        ("false", "VARCHAR", "plain"),
        ("false", "DECIMAL(18,3)", "plain"),
        ("false", "HUGEINT", "plain"),
        (None, "VARCHAR", "withheld"),
        (None, "BIGINT", "withheld"),
        (None, "DOUBLE", "withheld"),
        (None, "DECIMAL(38,3)", "withheld"),
        (None, "BLOB", "withheld"),
        # What is said of a column is said of its type of then.
        ("text", "BIGINT", "withheld"),
        ("dip_id", "BIGINT", "withheld"),
        ("id_unless_party", "BIGINT", "withheld"),
        ("false", "BLOB", "withheld"),
        ("false", "VARCHAR[]", "withheld"),
        ("a misspelling", "VARCHAR", "withheld"),
        (None, "DATE", "plain"),
        (None, "BOOLEAN", "plain"),
        (None, "TIMESTAMP WITH TIME ZONE", "plain"),
    ],
)
def test_how_a_column_is_treated(said: str | None, kind: str, expected: str) -> None:
    assert masking.treatment(said, kind) == expected


def test_a_number_and_a_text_have_one_pseudonym(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "p.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_regime (mpan bigint)")
        connection.execute("create table marts.fct_holding (mpan varchar)")
        connection.execute("insert into marts.fct_regime values (900000000010)")
        connection.execute("insert into marts.fct_holding values ('0900000000010')")
    sql = "select mpan from fct_regime join fct_holding using (mpan)"
    assert masked(tmp_path / "p.duckdb", sql)["mpan"].to_pylist() == [
        Pseudonyms(KEY).of("0900000000010")
    ]


def test_python_and_sql_make_the_same_pseudonym(publication: Publication) -> None:
    clear = masked(publication.path, "select mpan from fct_holding order by mpan limit 50", None)
    mpans = clear["mpan"].to_pylist()
    hashes = masked(publication.path, "select distinct mpan from fct_holding")["mpan"].to_pylist()
    assert {Pseudonyms(KEY).of(mpan) for mpan in mpans} <= set(hashes)


def test_the_dip_id_of_a_participant_is_told_and_an_mpan_in_its_place_is_not(
    tmp_path: Path,
) -> None:
    with duckdb.connect(str(tmp_path / "p.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_participant (dip_id varchar)")
        connection.execute(f"insert into marts.dim_participant values ('1000000001'), ('{MPAN}')")
    found = masked(tmp_path / "p.duckdb", "select dip_id from dim_participant order by all")
    assert found["dip_id"].to_pylist() == ["1000000001", masking.WITHHELD]


def test_no_sentence_about_an_exception_tells_the_id_of_a_registration(
    marts: dict[str, tuple[pa.Table, pa.Table]],
) -> None:
    clear, _ = marts["fct_exception"]
    ids = {each for each in marts["fct_holding"][0]["registration_id"].to_pylist() if each}
    assert any(rule == "INT-01" for rule in clear["rule_id"].to_pylist())
    words = {
        word
        for text in clear["reason_detail"].to_pylist()
        for word in re.findall(r"\S+", text or "")
    }
    assert not words & ids
