r"""Untrusted text becomes markdown that can only be read, on GitHub and on GitLab.

What would act is written as a character reference, which no reader of markdown takes for markup. A
mention or a reference to an issue is found after markdown was rendered, in whatever text came of it,
so that is not enough there: a character without a width behind ``@`` and its like is. Code is exempt
from all of it, and what is exact (names, ids, answers) is shown as code.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from evalkit.report.text.safe import one_line

APART = "&#8203;"
"""Keeps two characters from being read as one reference."""

_ACTS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_OPENS = re.compile(r"^[-+=#:]|^(\d{1,9})([.)])(?=\s|$)")
_LINKS = re.compile(r":(?=//)|\bww(?=w\.)", re.IGNORECASE)
_REFERS = re.compile(r"(?<!&)(?:[@#!%^]|&#126;|\bGH-)(?=\w)", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_RUN = re.compile("`+")


def prose(text: str, *, most: int = 500, opens: bool = False) -> str:
    r"""Return text as one line of markdown in which nothing acts, also where it ``opens`` a line.

    >>> prose("**a_b** @team #1 [x](http://y)")
    '&#42;&#42;a_b&#42;&#42; @&#8203;team #&#8203;1 &#91;x&#93;(http:&#8203;//y)'
    >>> prose("- a", opens=True), prose("1. <b>", opens=True)
    ('&#45; a', '1&#46; &lt;b&gt;')
    """
    plain = html.escape(one_line(text, most=most), quote=False)
    plain = _ACTS.sub(_reference, plain)
    if opens:
        plain = _OPENS.sub(_opening, plain)
    plain = _LINKS.sub(_apart, plain)
    return _REFERS.sub(_apart, plain)


def code(text: str, *, most: int = 200) -> str:
    """Return text as code, in a line or in a cell of a table.

    >>> code("style.lists"), code("a`|b"), code("")
    ('`style.lists`', '<code>a&#96;&#124;b</code>', '')
    """
    plain = one_line(text, most=most)
    if not plain:
        return ""
    if not set(plain) & set("`|\\"):
        return f"`{plain}`"
    # Whether a bar ends a cell depends on the backslashes before it, and on who reads.
    return f"<code>{_PUNCTUATION.sub(_reference, plain)}</code>".replace("&#64;", f"&#64;{APART}")


def block(lines: Iterable[str]) -> str:
    r"""Return lines as a block of code; none of them may hold a line end.

    >>> block(["a", "```b"])
    '````text\na\n```b\n````'
    """
    text = "\n".join(lines)
    fence = "`" * (1 + max(2, *map(len, _RUN.findall(text)), 0))
    return f"{fence}text\n{text}\n{fence}"


def marker(name: str) -> str:
    """Return the comment by which a later summary of the same envelope finds this one.

    >>> marker("my-support"), marker("a --> b")
    ('<!-- evalkit:my-support -->', '<!-- evalkit:a%20%2D%2D%3E%20b -->')
    """
    plain = _MARKED.sub(_percent, name[:200])
    return f"<!-- evalkit:{plain} -->"


_MARKED = re.compile(r"[^\w./-]|-(?=-)|(?<=-)-|-$", re.ASCII)


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found.group())};"


def _opening(found: re.Match[str]) -> str:
    """Return what would open a list, a heading or a quotation so that it does not."""
    number, dot = found.groups()
    return f"{number}&#{ord(dot)};" if number else f"&#{ord(found.group())};"


def _apart(found: re.Match[str]) -> str:
    return found.group() + APART


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "replace"))
