"""Moves data: landing files -> lake -> build database -> publication -> readers."""

__version__ = "1.0.0"
# Of the columns and types of the marts: raise it when a reader's query may need a change.
CONTRACT_VERSION = 1
