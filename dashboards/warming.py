"""What the server does before its first reader comes, so that no reader waits for it."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

from dashboards import components


def warm() -> None:
    """Import what pages import, and take all that is loaded by then out of garbage collection."""
    for module in pkgutil.iter_modules(components.__path__, f"{components.__name__}."):
        import_module(module.name)
    gc.collect()
    # A collection would walk these hundred thousand lasting objects anew, with every page waiting.
    gc.freeze()
