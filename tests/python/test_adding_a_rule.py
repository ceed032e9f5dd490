"""A rule is added as docs/rules.md says: one row, one model and its name, one unit test."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.command import PROJECT, pipeline

CASE = PROJECT / "tests" / "golden" / "cases" / "integrity" / "landing"
ROW = (
    "INT-99,Integrity,Even MPAN,An MPAN ends with an even digit.,METERING_POINT,M14,DATA,DATA,"
    "Nothing: it is an example.,none\n"
)
MODEL = """\
with

registrations as (

    select * from {{ ref('fct_holding') }}

),

final as (

    select
        'INT-99' as rule_id,
        {{ mpan_text('mpan') }} as subject_key,
        mpan,
        'OPEN' as status,
        min(valid_from) as occurred_on,
        'ends with an even digit' as what_happened
    from registrations
    where mpan % 2 = 0
    group by mpan

)

select * from final
"""
UNIT_TEST = """\
unit_tests:
  - name: int_99_even_alone
    description: An odd MPAN is left alone.
    model: exc_int_99
    given:
      - input: ref('fct_holding')
        rows:
          - {mpan: 1000000000012, valid_from: 2026-01-01}
          - {mpan: 1000000000021, valid_from: 2026-01-01}
    expect:
      rows:
        - {subject_key: "1000000000012", occurred_on: 2026-01-01}
"""


def test_one_row_one_model_one_unit_test(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("models", "macros", "seeds", "tests/dbt", "pipeline"):
        shutil.copytree(PROJECT / name, project / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, project / name)
    register = project / "seeds" / "rulebook" / "rule.csv"
    register.write_text(register.read_text("utf-8").rstrip("\n") + "\n" + ROW, "utf-8")
    run = ("run", "--landing", CASE, "--warehouse", tmp_path / "warehouse")

    # A rule without model and unit test does not pass the gate.
    done = pipeline(*run, project=project, expect=1)
    assert "rule_id=INT-99" in done.stderr

    rules = project / "models" / "marts" / "compliance" / "rules"
    (rules / "exc_int_99.sql").write_text(MODEL)
    (rules / "_new__unit_tests.yml").write_text(UNIT_TEST)

    # A model that nobody reads does not build.
    done = pipeline(*run, project=project, expect=1)
    assert "exc_int_99 finds: add it to the list" in done.stderr

    union = project / "models" / "intermediate" / "compliance" / "int_rule_finding.sql"
    union.write_text(union.read_text().replace("'exc_int_05',", "'exc_int_05', 'exc_int_99',"))
    pipeline(*run, project=project)
    asked = (
        "select count(*) as found, bool_and(severity = 'DATA') as is_data, "
        "(select unit_test_names from dim_rule where rule_id = 'INT-99') as tests "
        "from fct_exception where rule_id = 'INT-99'"
    )
    said = pipeline("sql", "--json", "--warehouse", tmp_path / "warehouse", asked).stdout
    told = json.loads(said)
    assert told["found"] > 0
    assert told["is_data"] is True
    assert "int_99_even_alone" in str(told["tests"])

    # After a change the unit tests, which held, are tried again.
    (rules / "exc_int_99.sql").write_text(MODEL.replace("mpan % 2 = 0", "mpan % 2 = 1"))
    done = pipeline(*run, project=project, expect=1)
    assert "int_99_even_alone" in done.stderr
