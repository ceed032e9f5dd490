"""The same rules in other engines: each script as somebody who knows that engine would write it."""
