"""A plain value becomes YAML that people review: stable bytes, texts of several lines as such."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from evalkit.core.model import Json

_PLAIN = re.compile(r"[A-Za-z][\w./@+-]*(?: [\w./@+-]+)*", re.ASCII)
_DIGEST = re.compile("[0-9a-f]{32,}")
"""Quoted whatever it begins with: some are numbers to a reader of YAML, and all are to look alike."""
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""What some reader of YAML takes for more than a word."""
_BLOCK = re.compile("[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]+")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def yaml_text(value: Json) -> str:
    r"""Return a mapping as YAML of one form: keys in their order, everything else quoted where in doubt.

    >>> print(yaml_text({"a": {"b": "x y", "c": ["1", 2]}, "d": "two\nlines\n", "e": {}}), end="")
    a:
      b: x y
      c:
        - "1"
        - 2
    d: |
      two
      lines
    e: {}
    """
    assert isinstance(value, dict)
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def _mapping(value: dict[str, Json], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_text(key)}:", item, indent + "  ")


def _entry(head: str, value: Json, indent: str) -> Iterator[str]:
    match value:
        case dict() if value:
            yield head
            yield from _mapping(value, indent)
        case list() if value:
            yield head
            for item in value:
                yield from _item(item, indent)
        case str() if _fits_a_block(value):
            keeps = "" if value.endswith("\n") else "-"
            yield f"{head} |{keeps}"
            lines = value.removesuffix("\n").split("\n")
            yield from (f"{indent}{line}" if line else "" for line in lines)
        case _:
            yield f"{head} {_scalar(value)}"


def _item(value: Json, indent: str) -> Iterator[str]:
    """Yield an entry of a list: a mapping begins in the line of its dash."""
    if isinstance(value, dict) and value:
        first, *rest = _mapping(value, indent + "  ")
        yield f"{indent}- {first.removeprefix(indent + '  ')}"
        yield from rest
    else:
        yield from _entry(f"{indent}-", value, indent + "  ")


def _fits_a_block(text: str) -> bool:
    """Return whether a block of lines holds a text as it is, and several lines are in it."""
    if "\n" not in text or not _BLOCK.fullmatch(text):
        return False
    first = text.split("\n", 1)[0]
    return bool(first) and not first[0].isspace() and not text.endswith("\n\n")


def _scalar(value: Json) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value, allow_nan=False)


def _text(value: str) -> str:
    plain = _PLAIN.fullmatch(value) and not _DIGEST.fullmatch(value)
    if plain and value.lower() not in _WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
