"""Moves data: landing files -> lake -> build database -> publication -> readers."""
