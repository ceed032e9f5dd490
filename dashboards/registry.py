"""Every page: its address, its words in the menu, and the role that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.auth import Role


@dataclass(frozen=True)
class PageEntry:
    """One page. `name` is its address and its file in `views`; without `role` every reader may."""

    name: str
    title: str
    icon: str
    section: str
    role: Role | None = None


# The first page is the one that the bare address shows.
PAGES = (
    PageEntry("overview", "Overview", ":material/dashboard:", "Where we stand"),
    PageEntry("report", "Board report", ":material/picture_as_pdf:", "Where we stand"),
    PageEntry("suppliers", "Suppliers", ":material/groups:", "Who is ready"),
    PageEntry("changes", "Changes", ":material/compare_arrows:", "How it moves"),
    PageEntry("supplier", "Supplier", ":material/person:", "Who is ready"),
    PageEntry("agents", "Agents", ":material/electric_meter:", "Who is ready"),
    PageEntry("networks", "Networks", ":material/electrical_services:", "Who is ready"),
    PageEntry("migration", "Migration", ":material/moving:", "How it moves"),
    PageEntry("plan", "Qualification plan", ":material/event_upcoming:", "How it moves"),
    PageEntry("exceptions", "Exceptions", ":material/rule:", "What to act on"),
    PageEntry("sql", "SQL", ":material/terminal:", "Look for yourself", role="analyst"),
    PageEntry("dictionary", "Data dictionary", ":material/menu_book:", "Look for yourself"),
    PageEntry("point", "Metering Point", ":material/electric_meter:", "What to act on"),
    PageEntry("health", "Data health", ":material/monitor_heart:", "Can it be trusted"),
)


def has_page(name: str) -> bool:
    """Whether there is a page of this name to link to."""
    return any(entry.name == name for entry in PAGES)
