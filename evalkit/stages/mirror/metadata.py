"""An answer is told whose it is, in which format and until when: in its head, and in its JSON body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import chain

from evalkit.core.mirror import Head, HeaderList
from evalkit.core.mirror_metadata import (
    ENDS,
    SNAPSHOT,
    InBody,
    MetadataPlan,
    SnapshotFacts,
    header_value_fault,
)
from evalkit.core.model import Arm, Json
from evalkit.files.json_edit import with_members
from evalkit.files.json_text import JsonTextError, parse_json

LARGEST_BODY = 2**20
"""Into bodies of more bytes nothing is put: they would be held for too long."""

_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.ASCII)
_SEALED = frozenset(["content-md5", "digest", "content-digest", "repr-digest", "signature"])
"""Who sends one of these does not want the body changed, and would be caught in a lie."""
_NO_CONTENT = frozenset([204, 205, 206])
"""Statuses of success whose body is none, or a piece."""


def headed(plan: MetadataPlan, arm: Arm, head: Head, *, named: str | None = None) -> Head:
    """Return a head that tells what is known of an arm; what the upstream says of itself stays.

    Where the upstream says one of the headers about the end, none of them is added: two that were
    not written by the same hand would contradict each other.

    Args:
        plan: what is told.
        arm: who answered.
        head: the upstream's head.
        named: the snapshot that the answer itself names, which is nearer to the truth than the plan.
    """
    facts = plan.arms.get(arm)
    told = _told(facts)
    if named is not None and not header_value_fault(named):
        told = ((SNAPSHOT, named), *(line for line in told if line[0] != SNAPSHOT))
    if not told:
        return head
    said = {name for name, _ in head.headers}
    if not said.isdisjoint(ENDS):
        said.update(ENDS)
    return Head(head.status, head.headers + tuple(line for line in told if line[0] not in said))


def wants_body(plan: MetadataPlan, arm: Arm, head: Head, *, method: str) -> bool:
    """Return whether the body of an answer is to tell it too, and so has to be whole first."""
    if plan.in_body is None or method == "HEAD" or not _told(plan.arms.get(arm)):
        return False
    if head.status // 100 != 2 or head.status in _NO_CONTENT:
        return False
    headers = dict(reversed(head.headers))  # the first of a name counts
    length = headers.get("content-length", "0")
    return (
        _JSON.fullmatch(headers.get("content-type", "").partition(";")[0].strip().lower())
        is not None
        and headers.get("content-encoding", "identity").lower() == "identity"
        and "no-transform" not in headers.get("cache-control", "").lower()
        and _SEALED.isdisjoint(headers)
        and len(length) <= len(str(LARGEST_BODY))
        and length.isdecimal()
        and int(length) <= LARGEST_BODY
    )


def finished(plan: MetadataPlan, arm: Arm, head: Head, body: bytes) -> tuple[Head, bytes, InBody]:
    """Return the head and the body of an answer for which ``wants_body`` said yes.

    The fields stand in front in the object at the plan's key; every other byte stays, and so does
    the whole body where it is no JSON object with a place for them.
    """
    assert plan.in_body is not None
    text, value = _read(body)
    said = value.get("model") if isinstance(value, dict) else None
    named = said if isinstance(said, str) and not header_value_fault(said) else None
    head = headed(plan, arm, head, named=named)
    facts = plan.arms.get(arm, SnapshotFacts())
    fields: dict[str, Json] = dict(replace(facts, snapshot=named or facts.snapshot).fields())
    changed = with_members(text, value, plan.in_body, fields)
    if changed is None or changed == text:
        return head, body, InBody.UNTOUCHED
    content = changed.encode()
    return Head(head.status, tuple(_resized(head.headers, len(content)))), content, InBody.ADDED


# ---------------------------------------------------------------- parts


def _read(body: bytes) -> tuple[str, Json]:
    """Return the text of a body and its value; that of what is no JSON in UTF-8 is ``None``."""
    if len(body) > LARGEST_BODY:
        return "", None
    try:
        text = body.decode()
        return text, parse_json(text)
    except (UnicodeDecodeError, JsonTextError):
        return "", None


@lru_cache(maxsize=64)
def _told(facts: SnapshotFacts | None) -> HeaderList:
    return facts.headers() if facts is not None else ()


def _resized(headers: HeaderList, length: int) -> Iterator[tuple[str, str]]:
    """Yield the headers of a body that is another now: its length, and no strong validator."""
    kept = (
        (name, value)
        for name, value in headers
        if name not in {"content-length", "transfer-encoding"}
        and (name != "etag" or value.startswith("W/"))
    )
    yield from chain(kept, [("content-length", str(length))])
