"""From versions to rows: the columns of the extracts as the contract names them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipeline.contracts import CHANGE_TYPE, EXTRACTS
from pipeline.simulate import appointments, days, geography, regimes, switching
from pipeline.simulate.cast import SEGMENTS, SUPPLIER_MPIDS
from pipeline.simulate.points import CONNECTIONS, ENERGISATION
from pipeline.simulate.randomness import pick

# Ids are numbers of fixed width: ten serials a point, and a hundred for appointments.
_FIRST_REGISTRATION = 10**10
_FIRST_APPOINTMENT = 2 * 10**11
REGISTRATIONS_A_POINT, APPOINTMENTS_A_POINT = 10, 100

# Requests are tabulated day by day for the text of their timestamp.
_REQUESTS_FROM = days.day("2021-09-01")
_REQUEST_DAYS = range(_REQUESTS_FROM, days.day("2029-12-31"))


def _labels(labels: Sequence[str], column: str) -> pl.Expr:
    return pick(pl.Series(list(labels), dtype=pl.String), pl.col(column)).alias(column)


def _date(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int32).cast(pl.Date)


class _RequestTimes:
    """The text of the instants at which registrations were requested, in UK clock time."""

    days_text = pl.Series([f"{days.to_date(number)}T" for number in _REQUEST_DAYS])
    offsets = pl.Series(
        ["+01:00" if days.british_summer_time(number) else "+00:00" for number in _REQUEST_DAYS]
    )
    # Office hours and evenings: minute 0 to 1439 of the draw is 06:00 to 22:59.
    minutes = pl.Series(
        [
            f"{6 + number * 17 // 1440:02d}:{number * 1020 // 1440 % 60:02d}:00"
            for number in range(1440)
        ]
    )
    late = pl.Series([f"23:{number % 60:02d}:00+00:00" for number in range(1440)])

    @classmethod
    def text(cls) -> pl.Expr:
        position = pl.col("requested") - _REQUESTS_FROM
        offset = pick(cls.offsets, position)
        # In summer 23:30 UTC is the next day in the UK: the trap in cutting dates out of text.
        in_utc = (offset == "+01:00") & (pl.col("minute") % 50 == 7)
        usual = pl.concat_str(
            pick(cls.days_text, position), pick(cls.minutes, pl.col("minute")), offset
        )
        utc = pl.concat_str(pick(cls.days_text, position - 1), pick(cls.late, pl.col("minute")))
        return pl.when(in_utc).then(utc).otherwise(usual)


def _of_point(points: pl.DataFrame, column: str) -> pl.Expr:
    """An attribute of the row's Metering Point; `points` is a run of points without a hole."""
    first = int(points["point"][0])
    return pl.lit(points[column]).gather((pl.col("point") - first).cast(pl.UInt32)).alias(column)


_ATTRIBUTES = (
    *("mpan", "segment", "connection", "gsp"),
    *("distributor", "energisation", "is_domestic", "annual_kwh"),
)


def _registration(versions: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    identity = pl.col("point").cast(pl.Int64) * REGISTRATIONS_A_POINT + pl.col("serial")
    return versions.with_columns(_of_point(points, name) for name in _ATTRIBUTES).with_columns(
        registration_id=identity + _FIRST_REGISTRATION,
        supplier_mpid=_labels(SUPPLIER_MPIDS, "supplier"),
        registration_type=_labels(switching.TYPES, "type"),
        registration_status=_labels(switching.STATUSES, "status"),
        requested_at=_RequestTimes.text(),
        effective_from=_date("effective_from"),
        effective_to=_date("effective_to"),
        market_segment=_labels(SEGMENTS, "segment"),
        connection_type=_labels(CONNECTIONS, "connection"),
        gsp_group_id=_labels(geography.GSP_GROUPS, "gsp"),
        ldso_mpid=_labels(geography.DISTRIBUTOR_MPIDS, "distributor"),
        energisation_status=_labels(ENERGISATION, "energisation"),
        is_domestic=_labels(("F", "T"), "is_domestic"),
        rmp_status=_labels(switching.RMP_STATUSES, "rmp"),
        mp_status=_labels(switching.MP_STATUSES, "mp"),
    )


def _migration(versions: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    return versions.with_columns(
        _of_point(points, "mpan"),
        _labels(regimes.DIRECTIONS, "direction"),
        _labels(regimes.SCENARIOS, "scenario"),
        _date("effective_from"),
        supplier_mpid=_labels(SUPPLIER_MPIDS, "supplier"),
    )


def _appointment(versions: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    identity = pl.col("point").cast(pl.Int64) * APPOINTMENTS_A_POINT + pl.col("serial")
    return versions.with_columns(
        _of_point(points, "mpan"),
        _labels(appointments.APPOINTMENT_SCENARIOS, "scenario"),
        _date("effective_from"),
        _date("effective_to"),
        appointment_id=identity + _FIRST_APPOINTMENT,
        service_role=_labels(appointments.ROLES, "role"),
        agent_mpid=_labels(appointments.AGENTS, "agent"),
        appointment_status=_labels(appointments.STATUSES, "status"),
    )


_OF_POINTS = {
    "registration": _registration,
    "migration": _migration,
    "appointment": _appointment,
}


def rows(extract: str, versions: pl.DataFrame, points: pl.DataFrame | None) -> pl.DataFrame:
    """The rows of an extract in the order of its contract; changes keep `change_type` and `day`."""
    columns = [column.name for column in EXTRACTS[extract].columns]
    if "change_type" in versions.columns:
        columns = ["day", CHANGE_TYPE.name, *columns]
    if points is not None:
        versions = _OF_POINTS[extract](versions, points)
    return versions.select(columns)
