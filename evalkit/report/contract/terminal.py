"""What became of a contract, as a person reads it in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from evalkit.core.contract import Change, ContractDiff, Effect, Standing, Version
from evalkit.core.contract_wording import contract_sentence, way_out
from evalkit.core.wording import count_text
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
from evalkit.report.text.safe import one_line

BANNERS = {
    Standing.KEPT: ("✓", "green"),
    Standing.BROKEN: ("✗", "red"),
    Standing.UNCLEAR: ("?", "yellow"),
}
SIGNS = {
    Effect.BREAKING: ("✗", "red", "Breaking: an answer may come that the old schema ruled out"),
    Effect.UNCLEAR: ("?", "yellow", "Not understood: any of the others"),
    Effect.ADDITIVE: ("+", "green", "Additive: readers of the old schema go on"),
    Effect.COSMETIC: ("·", DIM, "Cosmetic: no answer is held to it"),
}
LONGEST = 300
MOST = 60
"""So many changes of one kind are told here; ``--json`` has them all."""


def print_contract(
    diff: ContractDiff, console: Console, *, old: str, new: str, exit_code: int
) -> None:
    """Print what became of the schema in one file in another.

    Args:
        diff: what was found.
        console: where to.
        old: the file readers know.
        new: the file that answers are held to now.
        exit_code: what the process returns.
    """
    show(_lines(diff, width_of(console), old=old, new=new, exit_code=exit_code), console)


def _lines(diff: ContractDiff, width: int, *, old: str, new: str, exit_code: int) -> Iterator[Text]:
    mark, colour = BANNERS[diff.standing]
    yield Text()
    yield from banner_lines(mark, "CONTRACT", colour, contract_sentence(diff), width)
    if way := way_out(diff):
        yield from wrapped(way, width)
    for effect in Effect:
        changes = diff.of(effect)
        if changes:
            yield Text()
            yield heading(SIGNS[effect][2])
            for change in changes[:MOST]:
                yield from _change(change, width)
            if len(changes) > MOST:
                yield from wrapped(f"  {len(changes) - MOST:,} more: --json has them all", width)
    yield Text()
    yield from labelled("Old", [_named(old, diff.old_version)], width)
    yield from labelled("New", [_named(new, diff.new_version)], width)
    yield Text(f"exit {exit_code}", DIM)


def _change(change: Change, width: int) -> Iterator[Text]:
    mark, colour, _ = SIGNS[change.effect]
    texts = [change.why]
    if change.before is not None or change.after is not None:
        before, after = (_said(one) for one in (change.before, change.after))
        texts.append(f"{change.keyword}: {before} → {after}")
    if change.places > 1:
        texts.append(f"and in {count_text(change.places - 1, 'further place')}")
    yield from beside(titled(mark, colour, one_line(change.path)), texts, width)


def _said(text: str | None) -> str:
    return "nothing" if text is None else one_line(text, most=LONGEST)


def _named(file: str, version: Version | None) -> str:
    return f"{file} · {f'format version {version.text}' if version else 'no format version'}"
