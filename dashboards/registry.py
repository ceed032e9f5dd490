"""Every page: its address, its words in the menu, and the role that it needs."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.auth import Role, User


@dataclass(frozen=True)
class PageEntry:
    """One page. `name` is its address and its file in `views`; without `role` any role will do."""

    name: str
    title: str
    icon: str
    section: str
    role: Role | None = None

    def is_open_to(self, user: User) -> bool:
        return user.may(self.role) if self.role else bool(user.roles)


# The first page is the one that the bare address shows.
PAGES = (
    PageEntry("overview", "Overview", ":material/dashboard:", "Where we stand"),
    PageEntry("suppliers", "Suppliers", ":material/groups:", "Who is ready"),
    PageEntry("exceptions", "Exceptions", ":material/rule:", "What to act on"),
    PageEntry(
        "downloads", "Downloads", ":material/receipt_long:", "Can it be trusted", role="admin"
    ),
    PageEntry("help", "Help", ":material/help:", "Can it be trusted"),
)


def entry(name: str) -> PageEntry:
    """The page at an address; the bare address is the first one's."""
    return next((page for page in PAGES if page.name == name), PAGES[0])
