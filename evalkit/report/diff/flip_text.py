"""Flips as they stand in a terminal: groups of cases, each with both answers and what differs.

What one answer has and the other has not stands in ``[-…-]`` and ``{+…+}``, with colour and without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from evalkit.core.comparison import JudgedRun
from evalkit.core.model import Arm
from evalkit.core.shares import shares
from evalkit.core.verdict import Flip
from evalkit.core.wording import count_text
from evalkit.report.cases.pairs import Answer, Excerpt, Group, Pair, groups_of
from evalkit.report.figures.corridor_text import SIGNS
from evalkit.report.text.lines import COLOURS, DIM, heading
from evalkit.report.text.safe import one_line, visible
from evalkit.report.view import CaseText, FlipGroup, view_of

INDENT = 4
LABELS = 11
MOST_PROMPT = 240
SIGNS_OF_ARM = {Arm.BASELINE: ("[-", "-]", "red"), Arm.CANDIDATE: ("{+", "+}", "green")}


def flip_groups(run: JudgedRun, flips: Sequence[Flip]) -> list[FlipGroup]:
    """Return some flips of a run as its report groups them: by bound and kind."""
    verdict = run.verdict
    facts = replace(verdict.facts, flips=tuple(flips))
    return list(view_of(replace(verdict, facts=facts), run.manifest).flips)


def limited(groups: Sequence[FlipGroup], most: int) -> list[FlipGroup]:
    """Return groups of which only so many flips in all are shown; none goes short for another."""
    sizes = [len(group.flips) for group in groups]
    return [
        replace(group, shown=shown)
        for group, shown in zip(groups, shares(sizes, most), strict=True)
    ]


def shown_cases(groups: Sequence[FlipGroup]) -> set[str]:
    """Return the cases whose texts it takes to show groups."""
    return {flip.case for group in groups for flip in group.flips[: group.shown]}


def group_lines(
    groups: Sequence[FlipGroup],
    texts: Mapping[str, CaseText],
    names: Mapping[Arm, str],
    console: Console,
    width: int,
) -> Iterator[Text]:
    """Yield groups of flips with the texts of the cases that are shown.

    Args:
        groups: in order.
        texts: what was asked and answered, by case.
        names: what stands before the answer of an arm.
        console: what the lines are made for.
        width: how wide they may be.
    """
    bounds = list(dict.fromkeys(group.bound.name for group in groups))
    places = {name: place for place, name in enumerate(bounds)}
    moved = {flip.case: () for group in groups for flip in group.flips}
    counted_only = []
    for found in groups_of(groups, texts, {}, places, moved):
        pairs = [*found.first, *(pair for page in found.pages for pair in page.pairs)]
        if not pairs:
            counted_only.append(_head(found))
            continue
        yield Text()
        yield from _wrapped(_head(found), width, "", console)
        for pair in pairs:
            yield Text()
            yield from _pair(pair, names, console, width)
        if found.rest:
            yield Text(f"  {found.rest} more of this kind", DIM)
    if counted_only:
        yield Text()
        yield heading("Counted only")
    for head in counted_only:
        head.stylize("not bold")
        yield from _wrapped(head, width, "  ", console)


def _head(group: Group) -> Text:
    bound = group.bound
    where = f" on {one_line(bound.on)}" if bound.on else ""
    return Text.assemble(
        (one_line(group.kind), "bold"),
        "   ",
        (f"{SIGNS[bound.result]} ", COLOURS[bound.result]),
        f"{one_line(bound.metric)}{where} {bound.result}   {group.count}",
    )


def _pair(pair: Pair, names: Mapping[Arm, str], console: Console, width: int) -> Iterator[Text]:
    parts = [f"reference {pair.reference}" if pair.reference else "", pair.effect]
    parts += [f"also {pair.also}" if pair.also else "", pair.note]
    head = Text.assemble((one_line(pair.case, most=200), "bold"))
    for part in [", ".join(pair.tags), *parts]:
        if part:
            head.append(f"   {one_line(part)}", DIM)
    yield from _wrapped(head, width, "  ", console)
    if pair.prompt.head:
        asked = "".join(part.text for part in (*pair.prompt.head, *pair.prompt.tail))
        text = Text(one_line(asked, most=MOST_PROMPT), DIM)
        yield from _labelled("asked", text, width, console)
    for answer in pair.answers:
        text = _answer(answer)
        yield from _labelled(names[answer.arm], text, width, console)


def _answer(answer: Answer) -> Text:
    text = Text(answer.nothing, DIM) if answer.nothing else _marked(answer.text, answer.arm)
    if answer.facts:
        text.append(f"  ({one_line(answer.facts)})", DIM)
    return text


def _marked(excerpt: Excerpt, arm: Arm) -> Text:
    opens, closes, colour = SIGNS_OF_ARM[arm]
    text = Text()
    for part in excerpt.head:
        text.append_text(_part(part.text, opens, closes, colour if part.changed else ""))
    if excerpt.left_out:
        text.rstrip()
        text.append(f"\n… {excerpt.left_out} left out …\n", DIM)
    for part in excerpt.tail:
        text.append_text(_part(part.text, opens, closes, colour if part.changed else ""))
    return text


def _part(text: str, opens: str, closes: str, colour: str) -> Text:
    shown = visible(text)
    return Text(f"{opens}{shown}{closes}", f"bold {colour}") if colour else Text(shown)


# ---------------------------------------------------------------- lines


def _labelled(label: str, text: Text, width: int, console: Console) -> Iterator[Text]:
    """Yield a text behind a label, its further lines below the first."""
    indent = INDENT + LABELS
    for line in _lines(text, width - indent, console):
        start = Text(" " * INDENT)
        start.append(f"{label:<{LABELS}}", DIM)
        yield start.append_text(line)
        label = ""


def _wrapped(text: Text, width: int, indent: str, console: Console) -> Iterator[Text]:
    for number, line in enumerate(_lines(text, width - len(indent) - 2, console)):
        yield Text(indent if number == 0 else f"{indent}  ").append_text(line)


def _lines(text: Text, width: int, console: Console) -> Iterator[Text]:
    for line in text.wrap(console, max(20, width), overflow="fold", tab_size=4):
        line.rstrip()
        yield line


def counted(groups: Sequence[FlipGroup]) -> str:
    """Return how many flips of how many cases groups hold."""
    flips = sum(len(group.flips) for group in groups)
    cases = len({flip.case for group in groups for flip in group.flips})
    if flips == cases:
        return f"{count_text(cases, 'case')} changed"
    return f"{count_text(cases, 'case')} changed in {flips:,} ways"
