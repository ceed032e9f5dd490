"""Overview: will every Supplier be Qualified at M14, and after it, who is not?"""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import finished
from dashboards.components.burn_up import (
    forecast_of,
    points_burn_up,
    show_burn_up,
    suppliers_burn_up,
)
from dashboards.components.cards import show_cards
from dashboards.components.frame import Backdrop, Frame, current
from dashboards.components.headline import headline_sentence
from dashboards.components.headline_cards import headline_cards
from dashboards.components.largest_holders import largest_holders, show_largest_holders
from dashboards.components.what_changed import what_changed
from dashboards.data import View


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Overview", anchor=False)
    finished.show(frame, _figures, data.overview.previous(data.store.kept(), frame.view))


def _figures(frame: Backdrop, before: View | None) -> None:
    headline = data.overview.headline(frame.view)
    suppliers = data.suppliers.readiness(frame.view)
    if headline is None or not headline["live_metering_points"]:
        st.info(
            "This publication holds no live Metering Points. Check the loads: a registration file "
            "may be missing or refused.",
            icon=":material/info:",
        )
        return
    holders = suppliers.filter(pl.col("points_not_qualified") > 0)
    st.html(f'<p class="mhhs-lead">{headline_sentence(headline, holders.height)}</p>')
    show_cards(headline_cards(headline, frame.link_parameters))
    forecast = forecast_of(suppliers, frame.view.as_of)
    left, right = st.columns(2, gap="large")
    with left:
        show_burn_up(frame, suppliers_burn_up(frame.view, headline, forecast), headline)
    with right:
        show_burn_up(frame, points_burn_up(frame.view, headline, forecast), headline)
    left, right = st.columns(2, gap="large")
    with left:
        show_largest_holders(frame, largest_holders(headline, holders))
    with right:
        what_changed(frame, suppliers, before)


render(current())
