"""The snapshots in use as a person reads them in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from rich.console import Console
from rich.text import Text

from evalkit.core.lifecycle import (
    STALE_DAYS,
    UNREADABLE,
    Classified,
    Inventory,
    Pin,
    SnapshotInUse,
    days_left,
)
from evalkit.core.wording import count_text
from evalkit.report.text.columns import TITLE_COLUMNS
from evalkit.report.text.lines import (
    DIM,
    banner_lines,
    beside,
    heading,
    labelled,
    show,
    titled,
    width_of,
    wrapped,
)
from evalkit.report.text.safe import visible


class _Tone(StrEnum):
    """How a row begins, the worst first."""

    WRONG = "✗"
    DUE = "!"
    UNSURE = "?"
    SOUND = "✓"
    RECORDED = "○"


COLOURS = {
    _Tone.WRONG: "red",
    _Tone.DUE: "yellow",
    _Tone.UNSURE: "yellow",
    _Tone.SOUND: "green",
    _Tone.RECORDED: DIM,
}
RECORDED = "recorded"
ARM_COLUMNS = 11


def print_snapshots(inventory: Inventory, console: Console) -> None:
    """Print what is known of the snapshots in use."""
    show(_lines(inventory, width_of(console)), console)


def _lines(inventory: Inventory, width: int) -> Iterator[Text]:
    tones = [_tone(used, inventory) for used in inventory.snapshots]
    worst = min(tones, key=list(_Tone).index, default=_Tone.RECORDED)
    yield Text()
    yield from banner_lines(worst, "SNAPSHOTS", COLOURS[worst], _sentence(inventory), width)
    for line in _lead(inventory):
        yield from wrapped(line, width)
    for envelope in inventory.envelopes:
        yield Text()
        yield heading(visible(envelope.path))
        for used in envelope.snapshots:
            yield from _row(used, inventory, width)
    yield Text()
    yield from labelled("Table", [_table(inventory)], width, style=DIM)
    yield from labelled("Dates", _sources(inventory), width, style=DIM)
    yield from labelled("Unread", inventory.unread, width)
    yield from labelled("Asked", inventory.unanswered, width)


def _sentence(inventory: Inventory) -> str:
    kinds = Counter(
        used.classified.pin.value if used.classified else RECORDED for used in inventory.snapshots
    )
    counted = [f"{kinds[kind]} {kind}" for kind in (*map(str, Pin), RECORDED) if kinds[kind]]
    return f"{count_text(len(inventory.snapshots), 'snapshot')} in use: {', '.join(counted)}."


def _lead(inventory: Inventory) -> Iterator[str]:
    soon = sum(map(inventory.retires_soon, inventory.snapshots))
    if soon:
        verb = "retires" if soon == 1 else "retire"
        yield f"{soon} {verb} within {count_text(inventory.warn_days, 'day')}, or should have."
    elsewhere = sum(bool(used.strangers) for used in inventory.snapshots)
    if elsewhere:
        yield f"{elsewhere} answered as another model than the one it holds to."


def _row(used: SnapshotInUse, inventory: Inventory, width: int) -> Iterator[Text]:
    tone = _tone(used, inventory)
    model = used.requested or ""
    fits = len(model) <= TITLE_COLUMNS - ARM_COLUMNS
    name = model if model and fits else used.provider
    line = titled(tone, COLOURS[tone], f"{used.name:<{ARM_COLUMNS}}{name}")
    facts = _facts(used, inventory)
    yield from beside(line, facts if fits else [model, *facts], width)


def _facts(used: SnapshotInUse, inventory: Inventory) -> Iterator[str]:
    known = used.classified
    if known is None:
        yield "recorded: played back, nobody is asked"
    else:
        yield f"{known.pin.value}: {known.why}"
        yield _retirement(known, days_left(known.retires_at, inventory.today))
    yield from _served(used)
    yield from _told(used, inventory)


def _told(used: SnapshotInUse, inventory: Inventory) -> Iterator[str]:
    """Yield what the responses of the newest run said of their format and of the model's end."""
    if used.formats:
        yield f"answers in format version {', '.join(used.formats)} ({used.run})"
    ends = used.deprecated_at
    if ends is not None:
        left = (ends - inventory.today).days
        days = count_text(abs(left), "day")
        when = f"as of {ends}, {days} left" if left >= 0 else f"since {ends}, {days} ago"
        yield f"deprecated by its endpoint's word {when} ({used.run})"
    if UNREADABLE in used.deprecated:
        yield f"its endpoint names a day of deprecation that cannot be read ({used.run})"


def _retirement(known: Classified, left: int | None) -> str:
    by = "; its vendor says so today" if known.asked else ""
    said = f"{known.status}, " if known.status else ""
    if left is None:
        return f"{said}no date of retirement known{by}"
    days = count_text(abs(left), "day")
    if left < 0:
        return f"{said}retirement was due {known.retires_at}, {days} ago{by}"
    return f"{said}retires {known.retires_at}, {days} left{by}"


def _served(used: SnapshotInUse) -> Iterator[str]:
    if used.run is None:
        if used.classified is not None and not used.sentinel and not used.metric:
            yield "not run yet"
    elif used.served is None:
        yield f"the newest run asked for another model ({used.run})"
    elif not used.served:
        yield f"no answer named its model ({used.run})"
    elif used.strangers:
        held = used.expected or used.requested
        yield f"served {', '.join(used.served)} where {held} was to answer ({used.run})"
    else:
        yield f"served {', '.join(used.served)} ({used.run})"


def _tone(used: SnapshotInUse, inventory: Inventory) -> _Tone:
    left = used.days_left(inventory.today)
    if used.strangers or (left is not None and left < 0):
        return _Tone.WRONG
    if used.classified is None:
        return _Tone.RECORDED
    if used.classified.pin is Pin.FLOATING or inventory.retires_soon(used):
        return _Tone.DUE
    return _Tone.SOUND if used.classified.pin is Pin.PINNED else _Tone.UNSURE


def _sources(inventory: Inventory) -> Iterator[str]:
    known = [used.classified for used in inventory.snapshots if used.classified]
    yield from dict.fromkeys(
        f"{one.source} (as of {one.checked_at})" for one in known if one.source is not None
    )


def _table(inventory: Inventory) -> str:
    age = f"of {inventory.table_of}, {count_text(inventory.table_age, 'day')} old"
    if inventory.table_age > STALE_DAYS:
        return f"{age}: newer dates are missing in it; update evalkit, or ask with --ask"
    return age
