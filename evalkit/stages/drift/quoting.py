"""Words that answers share are found again in one of them: a verdict says where, and not what."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalkit.core.drift import Quoted, Trait
from evalkit.core.model import Arm
from evalkit.stages.drift.texts import Pair
from evalkit.stages.drift.things import Thing

LONGEST = 60
"""Of longer words the start is quoted."""


def quoted(thing: Thing, pair: Pair, effect: float) -> Quoted | None:
    """Return where the words of a thing stand in the answer of a pair that has them.

    Nothing is returned where a report would look in another answer: one whose first draw failed.
    """
    if not pair.first:
        return None
    arm, text = (Arm.CANDIDATE, pair.after) if effect > 0 else (Arm.BASELINE, pair.before)
    found = next(_matches(thing, text.read), None)
    if found is None:
        return None
    start, end = found
    return Quoted(arm, text.place(start), text.place(min(end, start + LONGEST)))


def _matches(thing: Thing, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a thing may stand, the likeliest place first."""
    words = [re.escape(word).replace("'", "['\u2019]") for word in thing.what.split()]
    if thing.trait is not Trait.PHRASE:
        spans = [found.span() for found in re.finditer(r"\s+".join(words), text)]
        yield from (reversed(spans) if thing.trait is Trait.CLOSING else spans)
        return
    pattern = r"\s*".join(words)
    for apart in (rf"(?<!\w){pattern}(?!\w)", pattern):
        yield from (found.span() for found in re.finditer(apart, text, re.IGNORECASE))
