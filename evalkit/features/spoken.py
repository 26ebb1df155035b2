"""An answer becomes what it says to a reader: of a JSON document the texts in it, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalkit.core.model import Json
from evalkit.core.text import json_part
from evalkit.files.json_text import JsonTextError, parse_json

FEWEST_WORDS = 3
"""A shorter value is a name for a machine, such as a category, more often than something said."""

_DOCUMENT = re.compile(r"\s*(?:```(?:json)?\s*)?[{\[\"]")


def spoken(text: str) -> str:
    r"""Return what an answer says; the answer itself where it is no JSON, or says nothing in it.

    >>> spoken('{"category": "technical", "reply": "I cannot help with that."}')
    'I cannot help with that.'
    >>> spoken('{"label": "yes"}')
    '{"label": "yes"}'
    """
    if not _DOCUMENT.match(text):
        return text
    try:
        document = parse_json(json_part(text))
    except JsonTextError:
        return text
    found = [part for part in _texts(document) if len(part.split()) >= FEWEST_WORDS]
    return "\n".join(found) or text


def _texts(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from _texts(part)
        case list():
            for part in value:
                yield from _texts(part)
