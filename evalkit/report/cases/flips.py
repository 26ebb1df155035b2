"""The cases that changed side become a section: groups of pairs, and the choices among them.

The choice among kinds works without a script. Search, and the choice of a tag or a bound, are shown
by the page's script, which alone can use them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.wording import count_text
from evalkit.report.cases.pairs import Group, groups_of
from evalkit.report.view import CaseText, View

MOST_FILTERS = 24
MOST_TAGS = 200


@dataclass(frozen=True, slots=True)
class Filter:
    """One choice: its words, how many flips it stands for, and what names it in the address.

    ``id`` is what it is called on the page.
    """

    id: str
    words: str
    count: str
    value: str


@dataclass(frozen=True, slots=True)
class Flips:
    """The cases that changed side; choices are left out where there is nothing to choose.

    ``elsewhere`` counts the flips that have no text on this page.
    """

    kinds: tuple[Filter, ...]
    tags: tuple[Filter, ...]
    bounds: tuple[Filter, ...]
    groups: tuple[Group, ...]
    elsewhere: str


def flips_of(view: View, texts: Mapping[str, CaseText]) -> tuple[Flips, str] | None:
    """Return the section and what it says first, or nothing where no case moved."""
    if not view.flips:
        return None
    kinds: Counter[str] = Counter()
    for group in view.flips:
        kinds[group.kind] += len(group.flips)
    choices = [
        Filter(f"kind-{place}", kind, f"{count:,}", kind)
        for place, (kind, count) in enumerate(list(kinds.items())[:MOST_FILTERS], start=1)
    ]
    total = kinds.total()
    shown = sum(group.shown for group in view.flips)
    everything = Filter("kind-0", "all", f"{total:,}", "")
    places = {row.bound.name: place for place, row in enumerate(view.rows)}
    moved = _bounds_by_case(view, places)
    filters = {choice.words: choice.id for choice in choices}
    found = Flips(
        kinds=(everything, *choices) if len(choices) > 1 else (),
        tags=_tags(view, texts),
        bounds=_bounds(view, moved),
        groups=groups_of(view.flips, texts, filters, places, moved),
        elsewhere=f"{total - shown:,}" if shown < total else "",
    )
    lead = f"{count_text(total, 'flip')}, grouped by kind; kinds that weigh on a broken bound come first."
    if any(not text.redacted for text in texts.values()):
        lead += " Words that only one answer has are marked; in a rewritten answer none is."
    return found, lead


def _bounds_by_case(view: View, places: Mapping[str, int]) -> dict[str, list[int]]:
    """Return the places of the bounds that each case moved for, in the order of the plot."""
    found: dict[str, list[int]] = {}
    for flip in view.verdict.facts.flips:
        if flip.bound in places:
            found.setdefault(flip.case, []).append(places[flip.bound])
    return {case: sorted(set(bounds)) for case, bounds in found.items()}


def _bounds(view: View, moved: Mapping[str, Sequence[int]]) -> tuple[Filter, ...]:
    counts = Counter(
        place
        for group in view.flips
        for flip in group.flips[: group.shown]
        for place in moved[flip.case]
    )
    rows = [(place, view.rows[place]) for place in sorted(counts)]
    found = tuple(
        Filter(str(place), row.title, f"{counts[place]:,}", row.bound.name) for place, row in rows
    )
    return found if len(found) > 1 else ()


def _tags(view: View, texts: Mapping[str, CaseText]) -> tuple[Filter, ...]:
    counts = Counter(
        tag
        for group in view.flips
        for flip in group.flips[: group.shown]
        if flip.case in texts
        for tag in dict.fromkeys(texts[flip.case].tags)
    )
    common = [tag for tag, _ in counts.most_common(MOST_TAGS)]
    return tuple(Filter("", tag, f"{counts[tag]:,}", tag) for tag in sorted(common))
