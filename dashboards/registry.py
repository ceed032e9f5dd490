"""Every page: its address, its words in the menu, and the role that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.auth import ROLES, Role, User


@dataclass(frozen=True)
class PageEntry:
    """One page. `name` is its address and its file in `views`.

    One of the roles that it `needs` opens it; where it names none, any role does.
    """

    name: str
    title: str
    icon: str
    section: str
    needs: tuple[Role, ...] = ()

    def is_open_to(self, user: User) -> bool:
        return bool(user.roles.intersection(self.needs or ROLES))


_TRUSTED = "Can it be trusted"

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
    PageEntry("sql", "SQL", ":material/terminal:", "Look for yourself", needs=("analyst",)),
    PageEntry("dictionary", "Data dictionary", ":material/menu_book:", "Look for yourself"),
    PageEntry(
        "point",
        "Metering Point",
        ":material/electric_meter:",
        "What to act on",
        needs=("compliance", "analyst"),
    ),
    PageEntry("health", "Data health", ":material/monitor_heart:", _TRUSTED),
    PageEntry("downloads", "Downloads", ":material/receipt_long:", _TRUSTED, needs=("admin",)),
    PageEntry("help", "Help", ":material/help:", _TRUSTED),
)


def entry(name: str) -> PageEntry:
    """The page at an address; the bare address is the first one's."""
    return next((page for page in PAGES if page.name == name), PAGES[0])


def has_page(name: str) -> bool:
    """Whether there is a page of this name to link to."""
    return any(page.name == name for page in PAGES)
