"""A noise floor as a person reads it in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from evalkit.core.noise import BoundNoise, NoiseFloor, Share
from evalkit.core.phrases import title, told_apart
from evalkit.core.plan_phrases import limits_text, noise_span_text, share_text
from evalkit.core.verdict import Result
from evalkit.core.wording import SPACE, count_text
from evalkit.report.text.columns import TITLE_COLUMNS, short
from evalkit.report.text.lines import (
    COLOURS,
    DIM,
    WIDEST,
    banner_lines,
    beside,
    labelled,
    show,
    titled,
    width_of,
    wrapped,
)

NOISE_COLUMNS = 22
REGION_COLUMNS = 11
COUNT_COLUMNS = 12
HEAD = (
    f"  {'bound':<{TITLE_COLUMNS}}{'noise floor':>{NOISE_COLUMNS}}{'of region':>{REGION_COLUMNS}}"
    f"{'broken':>{COUNT_COLUMNS}}{'undecided':>{COUNT_COLUMNS}}"
)
MARKS = {Result.BROKEN: "✗", Result.UNDECIDED: "?", Result.UNMEASURED: "∅", Result.HOLDS: "✓"}
FOOTNOTES = (
    "Noise is where the judged number lay in 9 of 10 comparisons of the baseline with itself.",
    "Limits at 95\u00a0% allow for the number of comparisons alone, all of which are about this golden set.",
)


def print_noise(floor: NoiseFloor, console: Console) -> None:
    """Print a noise floor."""
    show(_lines(floor, width_of(console)), console)


def _lines(floor: NoiseFloor, width: int) -> Iterator[Text]:
    tones = [_tone(bound) for bound in floor.bounds]
    worst = min(tones, key=list(MARKS).index, default=Result.UNMEASURED)
    yield Text()
    yield from banner_lines(MARKS[worst], "A/A", COLOURS[worst], floor.sentence, width)
    yield from wrapped(floor.lead, width)
    yield Text()
    if width >= WIDEST:
        yield Text(HEAD, DIM)
    taken = Counter(title(bound) for bound in floor.bounds)
    for bound in sorted(floor.bounds, key=_order):
        name = told_apart(bound) if taken[title(bound)] > 1 else title(bound)
        yield from _row(bound, name, width)
    yield Text()
    yield from labelled("Gate", _gate(floor), width)
    yield from labelled("From", [_source(floor)], width)
    for footnote in FOOTNOTES:
        yield from wrapped(footnote, width, style=DIM)


def _row(bound: BoundNoise, name: str, width: int) -> Iterator[Text]:
    tone = _tone(bound)
    line = titled(MARKS[tone], COLOURS[tone], name)
    if bound.broken is None or bound.undecided is None:
        yield from beside(line, [f"not compared: {bound.detail}"], width)
        return
    note = "" if bound.blocks else " warn"
    counts = (share_text(bound.broken), share_text(bound.undecided))
    if width < WIDEST:
        part = f", {_region(bound)} of the region" if bound.width is not None else ""
        told = f"broken {counts[0]}, undecided {counts[1]}"
        yield from beside(line, [f"{noise_span_text(bound)}{part}; {told}{note}"], width)
        return
    line.append(f"{short(noise_span_text(bound)):>{NOISE_COLUMNS}}", "bold")
    line.append(f"{_region(bound):>{REGION_COLUMNS}}")
    for count in counts:
        line.append(f"{count:>{COUNT_COLUMNS}}")
    yield line.append(note, DIM)


def _region(bound: BoundNoise) -> str:
    """Return how much of the acceptable region the noise takes, where the region has a width."""
    return "open" if bound.width is None else f"{100 * bound.width:.0f}{SPACE}%"


def _gate(floor: NoiseFloor) -> Iterator[str]:
    for word, share in (("FAIL", floor.alarm), ("CANNOT TELL", floor.blocked)):
        yield f"{word} {_with_limits(share)}"


def _with_limits(share: Share) -> str:
    return f"{share_text(share)} ({limits_text(share)})" if share.of else share_text(share)


def _source(floor: NoiseFloor) -> str:
    cases, samples = count_text(floor.cases, "case"), count_text(floor.samples, "sample")
    counted = count_text(floor.comparisons, "comparison")
    return f"{counted}, {cases}, {samples}: {floor.how}"


def _tone(bound: BoundNoise) -> Result:
    if bound.broken is None or bound.undecided is None:
        return Result.UNMEASURED
    if bound.broken.count:
        return Result.BROKEN
    return Result.UNDECIDED if bound.undecided.count else Result.HOLDS


def _order(bound: BoundNoise) -> tuple[int, int, int]:
    broken, undecided = (
        0 if share is None else share.count for share in (bound.broken, bound.undecided)
    )
    return list(MARKS).index(_tone(bound)), -broken, -undecided
