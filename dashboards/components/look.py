"""The visual system: colours of both themes, the style sheet, the Plotly template.

Colours are those of the Government Analysis Function, each at least 3:1 against its background
and text at least 4.5:1 (a test computes them).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

FONT = "'Source Sans', 'Source Sans Pro', sans-serif"


@dataclass(frozen=True)
class Palette:
    """The colours of one theme."""

    background: str
    surface: str
    text: str
    muted: str
    rule: str
    focus: str
    quiet: str
    series: tuple[str, ...]
    good: str
    warn_text: str
    warn_fill: str
    warn_line: str
    bad: str
    good_fill: str
    bad_fill: str
    plain_fill: str
    steps: tuple[tuple[str, str], ...]  # fill and text, from little to much


LIGHT = Palette(
    background="#ffffff",
    surface="#f3f5f7",
    text="#0b0c0c",
    muted="#4a5157",
    rule="#d5d9dd",
    focus="#12436d",
    quiet="#7d868e",
    series=("#12436d", "#28a197", "#801650", "#f46a25", "#3d3d3d", "#a285d1"),
    good="#00703c",
    warn_text="#0b0c0c",
    warn_fill="#fff3d6",
    warn_line="#b58105",
    bad="#c22d16",
    good_fill="#d3ecdf",
    bad_fill="#f8d7d1",
    plain_fill="#e3e7ea",
    steps=(
        ("#e4eef7", "#0b0c0c"),
        ("#b4d0e8", "#0b0c0c"),
        ("#6bace6", "#0b0c0c"),
        ("#2071b8", "#ffffff"),
        ("#12436d", "#ffffff"),
    ),
)
DARK = Palette(
    background="#0f1317",
    surface="#1b2127",
    text="#f3f5f7",
    muted="#b6bec6",
    rule="#39424b",
    focus="#6bace6",
    quiet="#8d979f",
    series=("#6bace6", "#28a197", "#e28bb5", "#f46a25", "#d9d9d9", "#a285d1"),
    good="#56c288",
    warn_text="#ffe9b8",
    warn_fill="#3a2f12",
    warn_line="#d9a521",
    bad="#ff8a73",
    good_fill="#1d4a35",
    bad_fill="#6b2418",
    plain_fill="#39424b",
    steps=(
        ("#1c2f42", "#ffffff"),
        ("#23507d", "#ffffff"),
        ("#2a6bab", "#ffffff"),
        ("#6bace6", "#0b0c0c"),
        ("#b9dbf8", "#0b0c0c"),
    ),
)


def palette() -> Palette:
    """The colours of the theme that the reader sees."""
    return DARK if st.context.theme.type == "dark" else LIGHT


@lru_cache(maxsize=2)
def template(colours: Palette) -> go.layout.Template:
    """The Plotly template, which figures copy.

    `colorway` must be set here: Streamlit's theme does not reach traces.
    """
    axis = {
        "gridcolor": colours.rule,
        "linecolor": colours.quiet,
        "zeroline": False,
        "automargin": True,
        "title": {"font": {"size": 13, "color": colours.muted}},
        "tickfont": {"size": 13, "color": colours.text},
    }
    return go.layout.Template(
        layout={
            "colorway": list(colours.series),
            "font": {"family": FONT, "size": 14, "color": colours.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": {**axis, "showgrid": False, "showline": True, "tickangle": 0},
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": colours.surface,
                "bordercolor": colours.quiet,
                "font": {"family": FONT, "size": 14, "color": colours.text},
            },
            "separators": ".,",
            "title": {"font": {"size": 14, "color": colours.muted}},
            "margin": {"l": 8, "r": 8, "t": 56, "b": 80},
            "showlegend": False,
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": colours.muted,
                "activecolor": colours.text,
            },
        }
    )


def style_sheet(colours: Palette) -> str:
    """The few styles that Streamlit's theme has no setting for."""
    return f"""<style>
[data-testid="stMainBlockContainer"] {{ max-width: 84rem; }}
.mhhs-strip {{ display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: .5rem .8rem;
  background: {colours.surface}; border-left: 4px solid {colours.good}; font-size: .95rem;
  line-height: 1.5; color: {colours.text}; }}
.mhhs-strip.warn {{ border-left-color: {colours.warn_line}; background: {colours.warn_fill};
  color: {colours.warn_text}; }}
.mhhs-strip.bad {{ border-left-color: {colours.bad}; }}
.mhhs-strip b {{ font-weight: 700; }}
.mhhs-strip .bad-text {{ color: {colours.bad}; font-weight: 700; }}
.mhhs-strip .good-text {{ color: {colours.good}; font-weight: 700; }}
.mhhs-strip.warn .good-text, .mhhs-strip.warn .bad-text {{ color: inherit; }}
.mhhs-lead {{ font-size: 1.35rem; line-height: 1.4; max-width: 60rem; color: {colours.text};
  margin: 0; text-wrap: balance; }}
.mhhs-lead strong {{ font-weight: 700; }}
.mhhs-card .label {{ font-size: 1rem; line-height: 1.3; color: {colours.text}; margin: 0; }}
.mhhs-card .value {{ font-size: 2rem; line-height: 1.2; font-weight: 700; margin: .15rem 0;
  font-variant-numeric: tabular-nums; color: {colours.text}; }}
.mhhs-card .value.bad {{ color: {colours.bad}; }}
.mhhs-card .value.good {{ color: {colours.good}; }}
.mhhs-card .note {{ font-size: .95rem; line-height: 1.4; color: {colours.muted}; margin: 0; }}
.mhhs-sub {{ color: {colours.muted}; font-size: .95rem; line-height: 1.4; margin: 0; }}
ul.mhhs-key {{ display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .3rem 0 0;
  padding: 0; list-style: none; font-size: .95rem; color: {colours.text}; }}
ul.mhhs-key li {{ display: flex; align-items: center; gap: .4rem; margin: 0; padding: 0; }}
.mhhs-key .swatch {{ display: inline-block; width: 1.1rem; height: 1.1rem;
  border: 1px solid {colours.quiet}; }}
.mhhs-key .line {{ display: inline-block; width: 1.75rem; height: 0; }}
.mhhs-sub code {{ font-size: .85em; overflow-wrap: anywhere; }}
.mhhs-badge {{ display: inline-block; padding: .05rem .5rem; border-radius: .25rem;
  font-size: .95rem; font-weight: 700; border: 1px solid currentColor; white-space: nowrap; }}
.mhhs-badge.good {{ color: {colours.good}; }}
.mhhs-badge.bad {{ color: {colours.bad}; }}
.mhhs-badge.warn {{ color: {colours.warn_text}; background: {colours.warn_fill};
  border-color: {colours.warn_line}; }}
.mhhs-badge.plain {{ color: {colours.text}; border-color: {colours.quiet}; }}
table.mhhs {{ border-collapse: collapse; width: 100%; font-size: .95rem; line-height: 1.4;
  color: {colours.text}; font-variant-numeric: tabular-nums; }}
table.mhhs th, table.mhhs td {{ text-align: left; padding: .35rem .9rem .35rem 0;
  border-bottom: 1px solid {colours.rule}; vertical-align: top; }}
table.mhhs thead th {{ font-weight: 700; border-bottom: 2px solid {colours.quiet}; }}
table.mhhs tbody th {{ font-weight: 400; }}
table.mhhs td {{ white-space: nowrap; }}
.mhhs-words table.mhhs td {{ white-space: normal; }}
table.mhhs td .wrap {{ display: block; white-space: normal; min-width: 14rem; }}
table.mhhs .number {{ text-align: right; white-space: nowrap; }}
.mhhs-copy-place {{ position: relative; }}
.mhhs-copy {{ display: flex; align-items: center; gap: .5rem; min-height: 2.5rem;
  padding: .25rem .75rem; border: 1px solid {colours.rule}; border-radius: .5rem; cursor: pointer;
  background: {colours.background}; color: {colours.text}; font: inherit; white-space: nowrap; }}
.mhhs-copy:hover {{ border-color: {colours.focus}; color: {colours.focus}; }}
.mhhs-copy .icon {{ font-family: 'Material Symbols Rounded'; font-size: 1.25rem; line-height: 1; }}
.mhhs-copy .icon::before {{ content: "link"; font-feature-settings: "liga"; }}
.mhhs-copy-place [role="status"] {{ position: absolute; inset: 1px; display: none;
  align-items: center; justify-content: center; border-radius: .5rem; font-weight: 700;
  background: {colours.background}; color: {colours.good}; pointer-events: none; }}
.mhhs-copy-place.copied [role="status"] {{ display: flex; }}
.mhhs-copy-place.copied [role="status"]::before {{ content: "✓" / ""; margin-right: .4rem; }}
.mhhs-copy-place .panel {{ position: absolute; top: calc(100% + .4rem); right: 0; z-index: 100;
  width: min(26rem, calc(100vw - 2rem)); padding: .8rem; border: 1px solid {colours.quiet};
  border-radius: .5rem; background: {colours.background}; color: {colours.text};
  font-size: .95rem; line-height: 1.4; box-shadow: 0 4px 16px rgb(0 0 0 / .25); }}
.mhhs-copy-place .panel[hidden] {{ display: none; }}
.mhhs-copy-place label {{ display: block; font-weight: 700; }}
.mhhs-copy-place input {{ display: block; width: 100%; margin-top: .3rem; padding: .4rem .5rem;
  border: 1px solid {colours.quiet}; border-radius: .25rem; font: inherit; font-weight: 400;
  background: {colours.surface}; color: {colours.text}; }}
.mhhs-copy-place .panel p {{ margin: .5rem 0 0; }}
.mhhs-scroll {{ overflow-x: auto; }}
.mhhs-scroll + .mhhs-sub {{ margin-top: .4rem; }}
.mhhs-hidden {{ position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }}
ul.mhhs-verdicts {{ list-style: none; margin: 0; padding: 0; }}
.mhhs-verdicts li {{ display: grid; grid-template-columns: 10rem 1fr; gap: .2rem 1rem; margin: 0;
  padding: .5rem 0; border-bottom: 1px solid {colours.rule}; color: {colours.text}; }}
.mhhs-verdicts li > .mhhs-badge {{ justify-self: start; align-self: start; }}
.mhhs-verdicts p, .mhhs-verdict + p, .mhhs-verdict ~ p {{ margin: 0; line-height: 1.45;
  font-size: 1rem; color: {colours.text}; max-width: 60rem; text-wrap: pretty; }}
.mhhs-verdict {{ display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center;
  margin-bottom: .3rem; }}
.mhhs-verdict h3 {{ font-size: 1.1rem; font-weight: 700; margin: 0; padding: 0;
  color: {colours.text}; }}
dl.mhhs-facts {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
  gap: .6rem 1.5rem; margin: 0; padding: 0; color: {colours.text}; }}
.mhhs-facts dt {{ color: {colours.muted}; font-size: .95rem; font-weight: 400; }}
.mhhs-facts dd {{ margin: 0; font-size: 1.1rem; font-weight: 700; }}
[data-testid="stPageLink-NavLink"] {{ padding: .15rem .25rem; margin-left: -.25rem; }}
[data-testid="stPageLink-NavLink"] p {{ color: {colours.focus}; text-decoration: underline;
  text-underline-offset: .2em; font-size: 1rem; line-height: 1.4; white-space: normal; }}
.st-key-sql textarea {{ font-family: 'Source Code Pro', monospace; font-size: .9rem;
  line-height: 1.5; }}
.mhhs-columns table.mhhs td {{ white-space: normal; }}
.mhhs-columns table.mhhs th, .mhhs-columns table.mhhs td:nth-child(2) {{ white-space: nowrap; }}
.mhhs-columns code, .mhhs-facts code {{ color: {colours.text}; background: none; padding: 0; }}
.mhhs-facts dd code {{ font-size: .95rem; }}
.mhhs-break {{ overflow-wrap: anywhere; }}
[class*="st-key-lineage"] [data-testid="stPageLink-NavLink"],
.st-key-rule_links [data-testid="stPageLink-NavLink"] {{ background: none; }}
[class*="st-key-lineage"] p {{ font-weight: 400; }}
.stApp button[data-variant="segmented_control"][data-selected="true"],
.stApp button[data-variant="segmented_control"][data-selected="true"] p {{
  color: {colours.text}; background: {colours.plain_fill}; }}
.stApp button kbd {{ color: inherit; opacity: 1; }}
.st-key-sql_layout {{ display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr);
  gap: 1rem 1.5rem; align-items: start; }}
.st-key-sql_layout > :has(> .st-key-sql_ask) {{ order: 1; }}
.st-key-sql_layout > :has(> .st-key-sql_there) {{ order: 2; }}
.st-key-sql_layout > :has(> .st-key-sql_answer_place) {{ order: 3; grid-column: 1 / -1; }}
.mhhs-check {{ display: block; color: {colours.muted}; font-size: .9rem; }}
.mhhs-schema {{ color: {colours.text}; font-size: .95rem; line-height: 1.45; }}
.mhhs-schema-kind {{ font-weight: 700; margin: .6rem 0 .2rem; }}
.mhhs-schema-kind:first-child {{ margin-top: 0; }}
.mhhs-schema summary {{ cursor: pointer; padding: .2rem 0; }}
.mhhs-schema summary:focus-visible {{ outline: 3px solid {colours.focus}; outline-offset: -2px; }}
.mhhs-schema code {{ color: {colours.text}; background: none; padding: 0; font-size: .9rem;
  overflow-wrap: anywhere; }}
.mhhs-schema details > p, .mhhs-schema dl {{ margin: .2rem 0 .5rem 1.1rem; }}
.mhhs-schema dt {{ font-weight: 400; margin-top: .3rem; }}
.mhhs-schema dt span, .mhhs-schema dd {{ color: {colours.muted}; font-size: .9rem; }}
.mhhs-schema dt em {{ color: {colours.text}; font-size: .85rem; font-style: normal;
  background: {colours.plain_fill}; padding: 0 .35rem; border-radius: .2rem; }}
.mhhs-schema dd {{ margin: 0; }}
a:focus-visible, button:focus-visible, .mhhs-copy-place input:focus-visible {{
  outline: 3px solid {colours.focus}; outline-offset: 2px; }}
@media (max-width: 640px) {{
  .st-key-sql_layout {{ grid-template-columns: minmax(0, 1fr); }}
  .st-key-sql_layout > :has(> .st-key-sql_answer_place) {{ order: 1; }}
  .mhhs-columns thead {{ display: none; }}
  .mhhs-columns tr {{ display: block; padding: .4rem 0; border-bottom: 1px solid {colours.rule}; }}
  .mhhs-columns table.mhhs th, .mhhs-columns table.mhhs td {{ display: inline-block; border: none;
    min-width: 0; padding: 0 .5rem 0 0; }}
  .mhhs-columns table.mhhs td:last-child {{ display: block; }}
  .mhhs-copy-place .panel {{ position: fixed; inset: auto 1rem 1rem; width: auto; }}
  .mhhs-lead {{ font-size: 1.2rem; }}
  table.mhhs {{ font-size: .9rem; }}
  table.mhhs th, table.mhhs td {{ padding-right: .4rem; }}
  table.mhhs th:last-child, table.mhhs td:last-child {{ padding-right: 0; }}
  table.mhhs thead th.number {{ white-space: normal; }}
  table.mhhs .long {{ white-space: normal; min-width: 5rem; }}
  table.mhhs td .wrap {{ min-width: 9rem; }}
  .mhhs-verdicts li {{ grid-template-columns: 1fr; }}
  .mhhs-card .value {{ font-size: 1.7rem; }}
}}
@media (prefers-reduced-motion: reduce) {{ * {{ transition: none !important; }} }}
</style>"""
