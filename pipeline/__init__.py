"""Moves data: landing files -> lake -> build database -> publication -> readers."""

__version__ = "1.0.0"
# Of the columns, types and definitions of the marts: raise it when a reader's query may need a
# change, or when a figure means something else.
CONTRACT_VERSION = 2
