"""What logs say as a JSON document: ``evalkit.shadow/1``, described in docs/shadow.md."""

from __future__ import annotations

from evalkit.core.digest import plain
from evalkit.core.model import Json
from evalkit.core.shadow import Shadow
from evalkit.files.json_text import document_text

NOT_OF_LOGS = (
    "flips",
    "distributions",
    "slices_left_out",
    "look",
    "smoke",
    "contract",
    "fields",
    "stopped",
)
"""Keys of a verdict that logs have nothing to say to."""


def shadow_text(shadow: Shadow) -> str:
    """Return the document, the same bytes for the same logs; what is unbounded is ``null``."""
    record = plain(shadow.verdict)
    assert isinstance(record, dict)
    facts = record.pop("facts")
    assert isinstance(facts, dict)
    named: dict[str, Json] = {
        "schema": "evalkit.shadow/1",
        "envelope": record.pop("envelope"),
        "verdict": record.pop("outcome"),
    }
    found: dict[str, Json] = {**named, **record, **facts}
    for key in NOT_OF_LOGS:
        found.pop(key, None)
    found["traffic"] = plain(shadow.traffic)
    found["courses"] = plain(shadow.courses)
    found["slices"] = plain(shadow.slices)
    found["sampled"] = plain(shadow.sampled)
    return document_text(found)
