"""What the server does before its first reader comes, so that no reader waits for it."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

import plotly.graph_objects as go
import polars as pl

from dashboards import components
from dashboards.components import look


def warm() -> None:
    """Load what pages load, and take all that is there by then out of garbage collection."""
    for module in pkgutil.iter_modules(components.__path__, f"{components.__name__}."):
        import_module(module.name)
    # A first table loads pandas and Arrow, a first chart most of Plotly.
    pl.DataFrame({"points": [1]}).to_pandas()
    chart = go.Figure(layout={"template": look.template(look.LIGHT)})
    chart.add_scatter(x=[1], y=[1]).add_bar(x=[1], y=[1]).add_annotation(text="1").to_json()
    gc.collect()
    # A collection would walk these hundred thousand lasting objects anew, with every page waiting.
    gc.freeze()
