"""Making the report: contents of a publication into type, a PDF and its manifest.

The type is set by Typst as PDF/UA-1: it refuses a figure without alternative text, a table or a
heading that is no structure, a character that its fonts lack. No browser, no font of the machine
and no clock takes part, so the same publication gives the same bytes on every machine.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import font_source_sans_pro
import typst

from dashboards import data
from dashboards.data import View
from dashboards.report.contents import contents
from pipeline.errors import NoPublication, PipelineError
from pipeline.layout import replace_json
from pipeline.leftovers import scratch_folder
from pipeline.publication import file_sha256

_TEMPLATE = Path(__file__).resolve().parent / "paper.typ"
_WEIGHTS = ("Regular", "It", "Bold")


class ReportNotMade(PipelineError):
    """The contents could not be set in type."""


def make_of(publication_id: str, out_path: Path) -> dict[str, Any]:
    """`make` for a publication of the warehouse that the environment names."""
    for view in data.store.kept():
        if view.publication_id == publication_id:
            return make(view, out_path)
    raise NoPublication(f"The publication {publication_id} is no longer kept.")


def make(view: View, out_path: Path) -> dict[str, Any]:
    """Write the PDF to `out_path` and its manifest to `<out_path>.manifest.json`; gives it.

    Raises what stands in the way, and then leaves no file.
    """
    said = contents(view)
    with scratch_folder(out_path.parent) as scratch:
        part = scratch / "report"
        part.write_bytes(set_in_type(said, int(view.built_at.timestamp())))
        manifest = {
            "report": "board",
            "file": out_path.name,
            "bytes": part.stat().st_size,
            "sha256": file_sha256(part),
            "publication_id": view.publication_id,
            "as_of": view.as_of.isoformat(),
            "built_at": view.built_at.isoformat(),
            "title": said["title"],
        }
        part.replace(out_path)
        replace_json(out_path.with_name(f"{out_path.name}.manifest.json"), manifest)
    return manifest


def set_in_type(said: dict[str, Any], instant: int) -> bytes:
    """The PDF, dated by `instant` in seconds since 1970."""
    with tempfile.TemporaryDirectory() as fonts:
        # The package has each font in two formats; which one is found first must not be chance.
        for weight in _WEIGHTS:
            name = f"SourceSansPro-{weight}.ttf"
            shutil.copy(Path(font_source_sans_pro.font_directory) / name, fonts)
        try:
            pdf = typst.compile(
                str(_TEMPLATE),
                format="pdf",
                sys_inputs={"data": json.dumps(said)},
                font_paths=[fonts],
                ignore_system_fonts=True,
                pdf_standards=["ua-1"],
                timestamp=instant,
            )
        except typst.TypstError as error:
            raise ReportNotMade(f"The report could not be set in type: {error}") from None
    assert isinstance(pdf, bytes)
    return pdf
