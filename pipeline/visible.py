"""Text from outside on a terminal, in a notice, in a file for people.

Names of files and participants come from other companies. A terminal obeys control characters,
and characters that change the direction of text or have no width make one name look like another.
"""

from __future__ import annotations


def visible(text: str) -> str:
    """The text on one line, with every character that cannot be seen written as an escape."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8
        code -= 0xDC00
        return f"\\x{code:02x}"
    return character.encode("unicode_escape").decode()
