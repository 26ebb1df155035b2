"""What every report in a terminal is made of: lines that fit, and nothing in them that acts.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from evalkit.core.verdict import Result
from evalkit.core.wording import SPACE
from evalkit.report.text.columns import TITLE_COLUMNS, fitted
from evalkit.report.text.safe import visible

WIDEST = 100
LABEL_COLUMNS = 8
DIM = "bright_black"

COLOURS = {
    Result.HOLDS: "green",
    Result.BROKEN: "red",
    Result.UNDECIDED: "yellow",
    Result.UNMEASURED: DIM,
}


def width_of(console: Console) -> int:
    """Return how wide a report may be."""
    return min(console.width, WIDEST)


def show(lines: Iterable[Text], console: Console) -> None:
    """Print lines as they are. They are cut by now: blanks become such that can be searched."""
    for line in lines:
        line.plain = line.plain.replace(SPACE, " ")
        console.print(line, soft_wrap=True, highlight=False)


def banner(mark: str, word: str, colour: str, sentence: str) -> Text:
    """Return the first line of a report: what it says in a word, and then in a sentence."""
    return Text.assemble(
        (f" {mark} {word} ", f"bold black on {colour}"), "  ", (visible(sentence), "bold")
    )


def banner_lines(mark: str, word: str, colour: str, sentence: str, width: int) -> Iterator[Text]:
    """Yield the same in lines no wider than asked."""
    head = f" {mark} {word} ".replace("  ", " ")
    first, *rest = textwrap.wrap(
        visible(sentence), max(40, width), initial_indent=" " * (len(head) + 2),
        break_on_hyphens=False,
    )  # fmt: skip
    yield Text.assemble((head, f"bold black on {colour}"), "  ", (first.lstrip(), "bold"))
    yield from (Text(line, "bold") for line in rest)


def labelled(label: str, texts: Iterable[str], width: int, style: str = "") -> Iterator[Text]:
    """Yield texts behind a label, the further lines below the first."""
    for line in (line for text in texts for line in wrapped(text, width - LABEL_COLUMNS)):
        line.style = style
        yield Text(f"{label:<{LABEL_COLUMNS}}").append_text(line)
        label = ""


def heading(text: str) -> Text:
    """Return the heading of a part."""
    return Text(text, "bold")


def titled(mark: str, colour: str, title: str) -> Text:
    """Return the start of a row: a mark and what the row is about, as wide in every row."""
    line = Text.assemble((f"{mark} ", colour), fitted(visible(title), TITLE_COLUMNS))
    line.append(" " * (TITLE_COLUMNS + 2 - line.cell_len))
    return line


def wrapped(text: str, width: int, *, style: str = "") -> Iterator[Text]:
    """Yield a text in lines no wider than asked; what a no-break space joins stays together."""
    for line in textwrap.wrap(visible(text), max(20, width), break_on_hyphens=False):
        yield Text(line, style)


def beside(title: Text, texts: Iterable[str], width: int) -> Iterator[Text]:
    """Yield texts beside a title, or below it where the terminal is narrow."""
    indent = TITLE_COLUMNS + 2
    if width < 80:
        title.rstrip()
        yield title
        title, indent = Text(), 4
    elif not title.plain.endswith(" "):
        indent += 1  # a title as long as its column does not touch the text
    for line in (line for text in texts for line in wrapped(text, width - indent)):
        title.append(" " * (indent - title.cell_len))
        yield title.append_text(line)
        title = Text()


def joined(
    parts: Iterable[str], width: int, style: str = "", *, indent: str = ""
) -> Iterator[Text]:
    """Yield parts side by side, as many in a line as it has room for."""
    line = ""
    for part in parts:
        longer = f"{line}   {part}" if line else indent + part
        if line and len(longer) > width:
            yield Text(line, style)
            longer = indent + part
        line = longer
    yield Text(line, style)
