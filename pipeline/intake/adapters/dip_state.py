"""What DIP messages change in the state of an extract, as SQL over `raw.dip_event`.

A message changes what was known when it was sent: that is found among the *versions* of a row, each
at its `place` (of its file among all deltas) and `row` (within the file), so the result depends on
the set of files alone. The relations `own` (deltas of the extract itself) and `stood` (its full, at
place -1) have the extract's columns, change_type, load_id, place and row.
"""

from __future__ import annotations

from pipeline.contracts import DATA_ROLES, METERING_ROLES
from pipeline.intake.adapters.dip import ATTRIBUTES, STATUS

# The MPAN's segment tells which service it needs: that of its newest registration, S if unknown.
_ROLE = """
    CASE service
        WHEN 'METERING' THEN CASE segment WHEN 'A' THEN 'MSA' ELSE 'MSS' END
        ELSE CASE segment WHEN 'A' THEN 'ADS' WHEN 'U' THEN 'UMSDS' ELSE 'SDS' END
    END
"""
_BEFORE = "(version.place, version.row) < (event.place, event.row)"
_AFTER = "(change.place, change.row) > (latest.place, latest.row)"


def _appointment_id(role: str) -> str:
    return (
        f"lpad(mpan::VARCHAR, 13, '0') || '-' || {role} || '-' || agent_mpid || '-' || "
        "strftime(effective_from, '%Y%m%d')"
    )


def _is_of_service(role: str, service: str) -> str:
    metering, data = (", ".join(map(repr, roles)) for roles in (METERING_ROLES, DATA_ROLES))
    return (
        f"({service} = 'METERING' AND {role} IN ({metering}) "
        f"OR {service} = 'DATA' AND {role} IN ({data}))"
    )


_LATEST = """
    latest AS (
        SELECT * FROM version
        WHERE {key} IN (SELECT {key} FROM said UNION ALL SELECT {key} FROM change)
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY place DESC, row DESC) = 1
    )
"""

_STATUSES = ("rmp_status", "mp_status")
_AT = "(change.place, change.row)"
# The last of each column. In a struct, since the value of a change may be null: one that could not
# be read and was noted. What stood before it is not true any more.
_LAST = ",\n            ".join(
    f"arg_max(struct_pack(said := change.{column}), {_AT}) FILTER ({condition}) AS {column}"
    for column, condition in (
        *((column, f"change.{column} IS NOT NULL") for column in _STATUSES),
        *((column, f"change.change = '{kind}'") for kind, column in ATTRIBUTES.items()),
    )
)
_REPLACED = ",\n        ".join(
    f"CASE WHEN changed.{column} IS NULL THEN latest.{column} "
    f"ELSE changed.{column}.said END AS {column}"
    for column in (*_STATUSES, *ATTRIBUTES.values())
)
_KINDS = ", ".join(map(repr, (STATUS, *ATTRIBUTES)))

# IF-007, IF-009, IF-018, IF-043 and IF-044 change the MPAN's newest registration: the last in
# holding order at that moment.
REGISTRATION_CHANGES = f"""
    WITH own AS ({{own}}), stood AS ({{stood}}),
    event AS (SELECT * FROM raw.dip_event WHERE {{places}}),
    said AS (
        SELECT * FROM own
        UNION ALL BY NAME
        SELECT 'U' AS change_type, registration_id, mpan, supplier_mpid, registration_type,
            'ACTIVE' AS registration_status, effective_from, market_segment, connection_type,
            gsp_group_id, energisation_status, is_domestic, rmp_status, mp_status, annual_kwh,
            load_id, place, row
        FROM event WHERE change = 'REGISTERED'
    ),
    attribute AS (SELECT * EXCLUDE (registration_id) FROM event WHERE change IN ({_KINDS})),
    version AS (
        SELECT * FROM said
        UNION ALL BY NAME
        SELECT * FROM stood WHERE mpan IN (SELECT mpan FROM attribute)
    ),
    candidate AS (SELECT DISTINCT mpan, registration_id FROM version),
    known AS (
        SELECT event.mpan, event.place, event.row, registration_id,
            arg_max(
                {{{{'kind': version.change_type, 'mpan': version.mpan,
                    'status': version.registration_status, 'since': version.effective_from}}}},
                (version.place, version.row)
            ) AS seen
        FROM attribute AS event
        JOIN candidate USING (mpan)
        JOIN version USING (registration_id)
        WHERE {_BEFORE}
        GROUP BY ALL
    ),
    newest AS (
        SELECT mpan, place, row,
            arg_max(registration_id, (seen.since, registration_id)) AS registration_id
        FROM known
        WHERE seen.kind = 'U' AND seen.mpan = known.mpan AND seen.status = 'ACTIVE'
        GROUP BY ALL
    ),
    change AS (SELECT * FROM attribute JOIN newest USING (mpan, place, row)),
    {_LATEST.format(key="registration_id")},
    changed AS (
        SELECT registration_id,
            {_LAST}
        FROM change JOIN latest USING (registration_id)
        WHERE {_AFTER}
        GROUP BY registration_id
    )
    SELECT latest.* REPLACE (
        {_REPLACED}
    )
    FROM latest LEFT JOIN changed USING (registration_id)
"""

# A de-appointment ends what was appointed; of an appointment not seen before it tells the whole.
APPOINTMENT_CHANGES = f"""
    WITH own AS ({{own}}), stood AS ({{stood}}),
    event AS (SELECT * FROM raw.dip_event WHERE {{places}}),
    appointed AS (
        SELECT * FROM own
        UNION ALL BY NAME
        SELECT 'U' AS change_type, {_appointment_id("service_role")} AS appointment_id, mpan,
            service_role, agent_mpid, 'ACTIVE' AS appointment_status, scenario, effective_from,
            load_id, place, row
        FROM event WHERE change = 'APPOINTED'
    ),
    ended AS (SELECT * FROM event WHERE change = 'ENDED'),
    before AS (
        SELECT * FROM appointed
        UNION ALL BY NAME
        SELECT * FROM stood
        WHERE (mpan, agent_mpid, effective_from)
            IN (SELECT (mpan, agent_mpid, effective_from) FROM ended)
    ),
    candidate AS (
        SELECT DISTINCT mpan, agent_mpid, effective_from, appointment_id FROM before
    ),
    known AS (
        SELECT event.mpan, event.agent_mpid, event.effective_from, event.service, event.place,
            event.row, appointment_id,
            arg_max(
                {{{{'kind': version.change_type, 'mpan': version.mpan, 'agent': version.agent_mpid,
                    'since': version.effective_from, 'role': version.service_role,
                    'status': version.appointment_status}}}},
                (version.place, version.row)
            ) AS seen
        FROM ended AS event
        JOIN candidate USING (mpan, agent_mpid, effective_from)
        JOIN before AS version USING (appointment_id)
        WHERE {_BEFORE}
        GROUP BY ALL
    ),
    found AS (
        SELECT mpan, place, row, appointment_id FROM known
        WHERE seen.kind = 'U' AND seen.status = 'ACTIVE' AND seen.mpan = known.mpan
            AND seen.agent = known.agent_mpid AND seen.since = known.effective_from
            AND {_is_of_service("seen.role", "service")}
    ),
    change AS (
        SELECT found.appointment_id, effective_to, place, row
        FROM ended JOIN found USING (mpan, place, row)
    ),
    segments AS (
        SELECT mpan, arg_max(market_segment, (effective_from, registration_id)) AS segment
        FROM raw.registration
        WHERE registration_status = 'ACTIVE' AND mpan IN (SELECT mpan FROM ended)
        GROUP BY mpan
    ),
    unseen AS (
        SELECT ended.*, {_ROLE} AS role
        FROM ended ANTI JOIN found USING (mpan, place, row)
        LEFT JOIN segments USING (mpan)
    ),
    said AS (
        SELECT * FROM appointed
        UNION ALL BY NAME
        SELECT 'U' AS change_type, {_appointment_id("role")} AS appointment_id, mpan,
            role AS service_role, agent_mpid, 'ACTIVE' AS appointment_status, effective_from,
            effective_to, load_id, place, row
        FROM unseen
    ),
    version AS (
        SELECT * FROM said
        UNION ALL BY NAME
        SELECT * FROM before WHERE place < 0
    ),
    {_LATEST.format(key="appointment_id")},
    changed AS (
        SELECT appointment_id, arg_max(change.effective_to, (change.place, change.row)) AS ended_on
        FROM change JOIN latest USING (appointment_id)
        WHERE {_AFTER}
        GROUP BY ALL
    )
    SELECT latest.* REPLACE (coalesce(ended_on, latest.effective_to) AS effective_to)
    FROM latest LEFT JOIN changed USING (appointment_id)
"""

MIGRATION_CHANGES = """
    WITH own AS ({own}),
    said AS (
        SELECT * FROM own
        UNION ALL BY NAME
        SELECT 'U' AS change_type, mpan,
            CASE change WHEN 'REVERSED' THEN 'REVERSE' ELSE 'FORWARD' END AS direction,
            effective_from, CASE change WHEN 'APPOINTED' THEN scenario END AS scenario,
            supplier_mpid, load_id, place, row
        FROM raw.dip_event
        WHERE {places} AND (
            change = 'REVERSED'
            OR change = 'APPOINTED' AND service = 'DATA' AND scenario IN ('MCA', 'MCS')
        )
    )
    SELECT * FROM said
    QUALIFY row_number() OVER (
        PARTITION BY mpan, direction, effective_from ORDER BY place DESC, row DESC
    ) = 1
"""

CHANGES = {
    "registration": REGISTRATION_CHANGES,
    "appointment": APPOINTMENT_CHANGES,
    "migration": MIGRATION_CHANGES,
}
