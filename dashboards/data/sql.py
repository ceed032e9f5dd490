"""SQL of an analyst: asked in the sandbox, written into the audit log, MPANs replaced by role."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from dashboards import audit
from dashboards.auth import User, current_user, require
from dashboards.data import store
from dashboards.data.store import View
from dashboards.pseudonym import statement_facts
from pipeline.keys import pseudonym_key
from pipeline.query import question
from pipeline.sandbox import asking
from pipeline.sandbox.asking import Answer
from pipeline.sandbox.terms import BadQuestion, Limits, Question

LIMITS = Limits()
# Two cores: a third question would slow down every page.
AT_ONCE = 2
_turns = threading.BoundedSemaphore(AT_ONCE)
_TICK_SECONDS = 0.2


@dataclass(frozen=True)
class Table:
    """One mart as the schema browser shows it: its description, and name, type and description
    of each column."""

    name: str
    description: str
    columns: list[tuple[str, str, str]]


def sees_mpans(user: User) -> bool:
    """Whether a reader's answers hold MPANs in clear."""
    return user.may("compliance")


def ask(view: View, statement: str, on_wait: Callable[[float], None]) -> Answer:
    """The answer to a statement. Raises Forbidden, and BadQuestion where there is no answer.

    What `on_wait` raises stops the question. Either way a line is written; without it, no answer.
    """
    require("analyst")
    started = time.monotonic()
    outcome, rows = "stopped", None
    try:
        with _a_turn(on_wait):
            answer = asking.ask(to_ask(view, statement), LIMITS, on_wait)
        outcome, rows = "answered", answer.table.num_rows
        return answer
    except BadQuestion as error:
        outcome = error.kind
        raise
    finally:
        seconds = round(time.monotonic() - started, 2)
        _record(view, statement, outcome=outcome, rows=rows, seconds=seconds)


def to_ask(view: View, statement: str) -> Question:
    """A statement as this reader may ask it. Raises Forbidden."""
    require("analyst")
    key = None if sees_mpans(current_user()) else pseudonym_key(store.warehouse())
    return question(store.warehouse(), statement, view.publication_id, key)


@contextmanager
def _a_turn(on_wait: Callable[[float], None]) -> Iterator[None]:
    """One of the places for questions that run at the same time."""
    started = time.monotonic()
    while not _turns.acquire(timeout=_TICK_SECONDS):
        if time.monotonic() - started > LIMITS.seconds:
            raise BadQuestion(
                f"{AT_ONCE} other questions are still being answered. Try again soon.", "limit"
            )
        on_wait(0.0)
    try:
        yield
    finally:
        _turns.release()


def _record(view: View, statement: str, **facts: str | float | None) -> None:
    """Who asked what of which publication, without MPANs and other values."""
    user = current_user()
    audit.record(
        store.warehouse().audit_log,
        "sql",
        user.name,
        **user.identity(),
        publication_id=view.publication_id,
        **statement_facts(
            store.warehouse(), statement, is_readable=facts["outcome"] != "unreadable"
        ),
        mpans="in clear" if sees_mpans(user) else "hashed",
        **facts,
    )


def tables(view: View) -> list[Table]:
    """Every mart, with the descriptions that dbt gave it."""
    found = store.query(
        view.path,
        """
        select
            tables.table_name,
            coalesce(tables.comment, '') as description,
            columns.column_name,
            lower(columns.data_type) as data_type,
            coalesce(columns.comment, '') as column_description
        from duckdb_tables() as tables
        inner join duckdb_columns() as columns using (database_oid, table_oid)
        where tables.schema_name = 'marts'
        order by tables.table_name, columns.column_index
        """,
    )
    marts: list[Table] = []
    for (name, description), rows in found.group_by(
        "table_name", "description", maintain_order=True
    ):
        columns = rows.select("column_name", "data_type", "column_description").rows()
        marts.append(Table(str(name), str(description), columns))
    return marts


def frame_of(answer: Answer) -> pl.DataFrame:
    """An answer as a frame. Sums of whole numbers come as decimals that Streamlit cannot show."""
    frame = pl.from_arrow(answer.table)
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(
        pl.col(name).cast(pl.Int64 if kind.scale == 0 and _fits(frame[name]) else pl.Float64)
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Decimal)
    )


def _fits(column: pl.Series) -> bool:
    return column.cast(pl.Int64, strict=False).null_count() == column.null_count()
