"""Builds: what the gate tested, how long builds took, and which ones failed."""

from __future__ import annotations

from datetime import date
from statistics import median
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, numbers
from dashboards.components.frame import Backdrop
from dashboards.components.look import template
from dashboards.components.markup import plain

SHOWN_BUILDS = 60
_MODEL_PREFIXES = ("stg_", "int_", "exc_")


def tests(manifest: dict[str, Any]) -> None:
    """The tests of the gate and the seconds of every step."""
    passed, failed = manifest["tests"]["passed"], manifest["tests"]["failed"]
    st.header(
        f"{passed:,} tests passed and {failed:,} failed, in a build of "
        f"{numbers.duration(manifest['duration_seconds'])}",
        anchor=False,
    )
    nodes = manifest.get("nodes", {})
    if not nodes:
        st.markdown("The manifest of this publication names no steps.")
        return
    models = set(manifest.get("marts", {}))
    seeds = {name.rpartition("/")[2].removesuffix(".csv") for name in manifest.get("seeds", {})}
    rows = [
        {
            "Step": name,
            "Kind": _kind(name, models, seeds),
            "State": f"✓ {each['status'].capitalize()}",
            "Seconds": each["seconds"],
        }
        for name, each in nodes.items()
    ]
    frame = pl.DataFrame(rows).sort(["Kind", "Seconds"], descending=[True, True])
    with st.expander(f"Every step of the build: {frame.height:,}"):
        st.dataframe(
            frame,
            key="build_steps",
            hide_index=True,
            height=388,
            alt=f"{frame.height} steps of the build with their seconds, tests first.",
            column_config={
                "Step": st.column_config.TextColumn(pinned=True, width=480),
                "Seconds": st.column_config.NumberColumn(format="%.3f"),
            },
        )
    st.html(
        '<p class="mhhs-sub">Source: the manifest of the publication; commit '
        f"<code>{plain(str(manifest.get('code_version', numbers.NOT_AVAILABLE)))}</code></p>"
    )


def _kind(name: str, models: set[str], seeds: set[str]) -> str:
    if name in seeds:
        return "Seed"
    return "Model" if name in models or name.startswith(_MODEL_PREFIXES) else "Test"


def durations(frame: Backdrop) -> None:
    """How long builds took, in the order in which they ended."""
    # A held build ran nothing, so it has no duration.
    builds = data.health.builds(frame.view).filter(pl.col("gate") != "held").tail(SHOWN_BUILDS)
    if builds.is_empty():
        return
    seconds = builds["duration_seconds"].to_list()
    last = builds.row(-1, named=True)
    title = f"The newest build took {numbers.duration(last['duration_seconds'])}"
    if builds.height > 1:
        title += f", the median of {builds.height:,} is {numbers.duration(median(seconds))}"
    failed = builds.filter(pl.col("gate") == "failed").height
    colours = frame.colours
    key = [(colours.focus, "solid", "Published")]
    if failed:
        key.append((colours.bad, "solid", "▲ Failed its gate, hatched"))
    charts.show(
        frame.view,
        charts.Chart(
            key="build_durations",
            title=title,
            subtitle="Seconds of models and tests of each build on record, in the order in which "
            "they ended; each with its as-of day",
            measure="Seconds of models and tests",
            alt=f"Bars of {builds.height} builds, {failed} of which failed. {title}.",
            table=_table(builds),
            mart="rpt_publication",
            legend=charts.key_of(key),
        ),
        _figure(frame, builds),
        height=340,
    )


def _figure(frame: Backdrop, builds: pl.DataFrame) -> go.Figure:
    colours = frame.colours
    figure = go.Figure(layout={"template": template(colours)})
    for gate, fill, pattern in (("passed", colours.focus, ""), ("failed", colours.bad, "/")):
        found = builds.with_row_index("position").filter(pl.col("gate") == gate)
        figure.add_bar(
            x=found["position"].to_list(),
            y=found["duration_seconds"].to_list(),
            width=0.6,
            marker={
                "color": fill,
                "pattern": {
                    "shape": pattern,
                    "fillmode": "overlay",
                    "fgcolor": colours.background,
                    "fgopacity": 1,
                    "solidity": 0.2,
                },
            },
            customdata=[
                f"as of {numbers.day(row['as_of'])}, ended {numbers.instant(row['built_at'])}"
                for row in found.to_dicts()
            ],
            hovertemplate="%{customdata}: %{y:,.1f} s<extra></extra>",
        )
    # As many days as can stand side by side; the table names every one.
    step = -(-builds.height // 8)
    positions = list(range(0, builds.height, step))
    figure.update_xaxes(
        tickvals=positions,
        ticktext=[_day_in_two_lines(builds["as_of"][place]) for place in positions],
        range=[-0.7, max(builds.height, 6) - 0.3],
    )
    figure.update_yaxes(rangemode="tozero", tickformat=",", ticksuffix=" s")
    figure.update_layout(barmode="overlay")
    return figure


def _day_in_two_lines(day: date) -> str:
    return f"{day.day} {day:%b}<br>{day:%Y}"


def _table(builds: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "Ended": numbers.instant(row["built_at"]),
                "As of": numbers.day(row["as_of"]),
                "Gate": "✓ Passed" if row["gate"] == "passed" else "▲ Failed",
                "Duration": numbers.duration(row["duration_seconds"]),
                "Tests passed": row["tests_passed"],
                "Tests failed": row["tests_failed"],
            }
            for row in reversed(builds.to_dicts())
        ]
    )


def failed_now(failure: dict[str, Any]) -> None:
    """The build after the current publication that failed its gate or was held."""
    tests = data.health.said_of_failure(failure)
    with st.container(border=True):
        held = failure.get("held", False)
        st.header(f"The newest build {'is held' if held else 'failed its gate'}", anchor=False)
        st.markdown(
            f"As of {numbers.long_day(date.fromisoformat(failure['as_of']))}. Nothing was "
            "published, so the figures before it stand. Mend the cause and run again: "
            "`python -m pipeline run`."
        )
        _said(tests)


def failed_before(frame: Backdrop) -> None:
    """Gates that failed before this publication was made."""
    failures = data.health.failures(frame.view)
    if not failures:
        st.header("No earlier build failed its gate", anchor=False)
        return
    held = sum(failure["gate"] == "held" for failure in failures)
    parts = [
        f"{numbers.count_of(count, 'earlier build')} {what}"
        for count, what in ((len(failures) - held, "failed the gate"), (held, "held"))
        if count
    ]
    st.header(", ".join(parts), anchor=False)
    for failure in failures[:SHOWN_BUILDS]:
        is_held = failure["gate"] == "held"
        names = numbers.count_of(len(failure["tests"]), "reason" if is_held else "test")
        with st.expander(
            f"As of {numbers.day(failure['as_of'])}, {failure['gate']} "
            f"{numbers.instant(failure['failed_at'])}: {names}"
        ):
            _said(failure["tests"])


def _said(tests: list[tuple[str, str]]) -> None:
    for name, text in tests:
        st.markdown(f"**{plain(name)}**")
        st.code(text, language=None, wrap_lines=True)
