"""Untrusted text becomes text that can only be read: no control, no hidden direction, no colour."""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f"  # control characters, escape sequences among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of what follows
    "\u2028\u2029\u200b\u2060\ufeff"  # line ends, and characters without a width
    "\ud800-\udfff\ufffe\uffff"  # what is no character, and no file of text may hold
    "\U000e0000-\U000e007f]"  # tags: a whole alphabet that is not seen
)


def visible(text: str) -> str:
    r"""Return a text in which whatever hides or acts is shown by its number.

    >>> visible("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    return _HIDDEN.sub(_number, text)


def one_line(text: str, *, most: int = 500) -> str:
    r"""Return the same in one line, cut where it is longer than so many characters.

    >>> one_line("a\n  b\x1b"), one_line("abcdef", most=4)
    ('a b\\x1b', 'abc…')
    """
    start = text[: 8 * most]  # what is untrusted may be a megabyte of blanks
    shown = visible(" ".join(start.split()))
    if len(shown) > most or len(start) < len(text):
        return f"{shown[: most - 1]}…"
    return shown


def _number(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
