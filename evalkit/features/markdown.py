"""The structure of a text is counted here: headings, lists, tables, fences, links, bold, emoji.

Structure is what CommonMark makes of a text, with tables, and with the bullets that models write
although CommonMark knows none (•). It is read line by line, because a parser of all of CommonMark
takes ten times as long and more than that on texts made to keep it busy; a test holds both against
each other on real answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

NO_BULLETS = "none"
SEVERAL_BULLETS = "mixed"
UNNAMED = "none"
"""The language of a fence that bears none."""

# A line that opens a block, or the sign of something inside one.
_MARKED = re.compile(
    r"^[ \t]*+(?:[-*+>#=|•●◦▪‣]|\d{1,9}[.)][ \t]|```|~~~)|\*\*|__|\]\(|://|\|[ \t]*+:?-",
    re.MULTILINE,
)
_DOTS = "•●◦▪‣"
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)")
_UNDERLINE = re.compile(r"(?:=+|-+)[ \t]*$")
_RULE = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_ITEM = re.compile(rf"(?:([-*+])|(\d{{1,9}})[.)])(?:[ \t]+|$)|([{_DOTS}])[ \t]*")
_OPENING = re.compile(r"(`{3,}|~{3,})[ \t]*([^`]*)$")
_CLOSING = re.compile(r"(`{3,}|~{3,})[ \t]*$")
_DASHES = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_FENCE = re.compile(
    r"^[ \t]{0,12}(?:[-*+][ \t]|\d{1,9}[.)][ \t])?[ \t]{0,4}(`{3,}|~{3,})", re.MULTILINE
)
_MARK = re.compile(r"[`~]{3}")
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")

DEEPEST = 4
"""So many items of lists are read in one line: a line of nothing but their marks is no list."""

_CODE = re.compile(r"`[^`\n]+`")
_BOLD = re.compile(
    r"\*\*(?=\S)(?:[^*\n]|\*(?!\*)|\n(?!\n))+(?<=\S)\*\*"
    r"|(?<!\w)__(?=\S)(?:[^_\n]|_(?!_)|\n(?!\n))+(?<=\S)__(?!\w)"
)
_LINK = re.compile(
    r"(?<!!)\[[^\[\]\n]*\]\([ ]?(?:[^()\s]|\([^()\s]*\))*(?:[ ](?:\"[^\"\n]*\"|'[^'\n]*'))?[ ]?\)"
)
_URL = re.compile(r"https?://\w")

# Signs that are shown as pictures of themselves, and signs that are so with U+FE0F behind them;
# flags and keycaps; all of them with skin tones, and joined to one picture by U+200D.
_PICTURE = (
    "[\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1"
    "\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705"
    "\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50"
    "\u2b55\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f201\U0001f21a\U0001f22f"
    "\U0001f232-\U0001f236\U0001f238-\U0001f23a\U0001f250\U0001f251\U0001f300-\U0001f3fa"
    "\U0001f400-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7eb\U0001f90c-\U0001f9ff"
    "\U0001fa70-\U0001faff]"
)
_DRAWN = "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u2328-\u27bf\u2934\u2935\u2b05-\u2b07]\ufe0f"
_ONE = f"(?:{_PICTURE}\ufe0f?|{_DRAWN})[\U0001f3fb-\U0001f3ff]?"
_EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d(?:{_ONE}|[\u2640\u2642]))*"
)


@dataclass(frozen=True, slots=True)
class Structure:
    """What stands in a text: how many of each, and in which languages its fences are."""

    headings: int = 0
    bullets: int = 0
    ordered: int = 0
    tables: int = 0
    fences: int = 0
    links: int = 0
    bold: int = 0
    quotes: int = 0
    bullet_style: str = NO_BULLETS
    languages: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether the text holds any structure at all."""
        return self != PLAIN


PLAIN = Structure()


@lru_cache(maxsize=2)  # several scorers ask about one answer
def structure(text: str) -> Structure:
    r"""Return the structure of a text.

    >>> found = structure("## Two\n- **one**\n- two\n\n```Python\nx = 1\n```")
    >>> found.headings, found.bullets, found.bold, found.bullet_style, found.languages
    (1, 2, 1, '-', ('python',))
    >>> structure("Plain words, 2 * 3 = 6.").any
    False
    """
    if not _MARKED.search(text):
        return PLAIN
    lines = _Lines()
    for line in text.splitlines():
        lines.read(line)
    kinds, styles = lines.kinds, lines.styles
    bold, links = _inside(without_code(text) if lines.languages else text)
    return Structure(
        headings=kinds["heading"],
        bullets=sum(styles.values()),
        ordered=kinds["ordered"],
        tables=kinds["table"],
        fences=len(lines.languages),
        links=links,
        bold=bold,
        quotes=kinds["quote"],
        bullet_style=_style(tuple(styles)),
        languages=tuple(lines.languages),
    )


def emoji(text: str) -> int:
    r"""Return how many emoji stand in a text: a joined sequence, a flag or a keycap is one.

    >>> emoji("Done \U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea"), emoji("✓ 3 ★ ©")
    (3, 0)
    """
    return 0 if text.isascii() else sum(1 for _ in _EMOJI.finditer(text))


@lru_cache(maxsize=2)
def without_code(text: str) -> str:
    r"""Return a text without its fenced code; a fence that is not closed takes all that follows.

    >>> without_code("Run this:\n```sh\nls\n```\nDone.")
    'Run this:\n\nDone.'
    """
    if "```" not in text and "~~~" not in text:
        return text
    kept, start, opened = [], 0, ""
    for fence in _fences(text):
        mark = fence.group(1)
        end = text.find("\n", fence.end())
        end = len(text) if end < 0 else end
        rest = text[fence.end() : end]
        if not opened:
            if "`" not in rest:
                kept.append(text[start : fence.start()])
                opened = mark
        elif mark[0] == opened[0] and len(mark) >= len(opened) and not rest.strip():
            start, opened = end, ""
    if not opened:
        kept.append(text[start:])
    return "".join(kept)


def _fences(text: str) -> Iterator[re.Match[str]]:
    """Yield the fences of a text; only the lines that hold their marks are looked at."""
    end = 0
    while end >= 0 and (mark := _MARK.search(text, end)):
        if fence := _FENCE.match(text, text.rfind("\n", end, mark.start()) + 1):
            yield fence
        end = text.find("\n", mark.end())


@dataclass(slots=True)
class _Lines:
    """What was counted so far, and what the next line may go on with."""

    kinds: Counter[str] = field(default_factory=Counter)
    styles: Counter[str] = field(default_factory=Counter)
    languages: list[str] = field(default_factory=list)
    fence: str = ""
    in_list: bool = False
    quoted: bool = False
    before: str = ""
    """The line of a paragraph that the next may underline or go on with; empty where there is none."""

    def read(self, line: str) -> None:
        """Take the next line."""
        body = line.lstrip(" \t")
        if self.fence:
            found = _CLOSING.match(body)
            if found and found[1].startswith(self.fence):
                self.fence = ""
            return
        if not body:
            self.before, self.quoted = "", False
            return
        indent = len(line) - len(body)
        if not self.in_list and not self.before and (indent > 3 or line[0] == "\t"):
            return  # code by its indent
        if body[0] == ">":
            body = self._quoted(body)
        else:
            self.quoted = False
        self._block(body, indent)

    def _quoted(self, body: str) -> str:
        if not self.quoted:
            self.kinds["quote"] += 1
            self.before = ""
        self.quoted = True
        return body.lstrip("> \t")

    def _block(self, body: str, indent: int) -> None:
        """Take what stands in a line: items, and behind their marks whatever can open there."""
        for _ in range(DEEPEST):
            if not body or self._opened(body, indent):
                return
            found = _ITEM.match(body)
            if not found or not self._item(found):
                self._text(body, indent)
                return
            indent += found.end()
            body = body[found.end() :]

    def _opened(self, body: str, indent: int) -> bool:
        """Take a fence, a heading or a rule, and say whether it was one."""
        first = body[0]
        if first in "`~" and (found := _OPENING.match(body)):
            self._open_fence(found, indent)
        elif (first == "#" and _HEADING.match(body)) or (
            first in "=-" and self.before and _UNDERLINE.match(body)
        ):
            self._close("heading", in_list=self.in_list and indent > 0)
        elif first in "-*_" and _RULE.match(body):
            self._close("rule", in_list=False)
        else:
            return False
        return True

    def _open_fence(self, found: re.Match[str], indent: int) -> None:
        language = _LANGUAGE.match(found[2])
        self.languages.append(language[0].lower() if language else UNNAMED)
        self.fence = found[1]
        self.in_list = self.in_list and indent > 0
        self.before = ""

    def _close(self, kind: str, *, in_list: bool) -> None:
        self.kinds[kind] += 1
        self.in_list, self.before = in_list, ""

    def _item(self, found: re.Match[str]) -> bool:
        """Count an item, unless it is the rest of a sentence: a paragraph is broken by "1." only."""
        mark, number, dot = found.groups()
        goes_on = self.before and not self.in_list
        if goes_on and ((number and int(number) != 1) or (not dot and found.end() == found.endpos)):
            return False
        if number:
            self.kinds["ordered"] += 1
        else:
            self.styles[mark or "•"] += 1
        self.in_list, self.before = True, ""
        return True

    def _text(self, body: str, indent: int) -> None:
        if not indent and not self.before:
            self.in_list = False
        if "|" in self.before and body[0] in "|:-" and _DASHES.match(body):
            self.kinds["table"] += _cells(body) == _cells(self.before)
        self.before = body


def _cells(row: str) -> int:
    return row.strip().strip("|").replace("\\|", "").count("|")


def _inside(text: str) -> tuple[int, int]:
    """Return how many bold spans and links stand in a text; a bare address is a link.

    Every reader's screen makes it one.
    """
    bold = "**" in text or "__" in text
    address = "://" in text
    if not (bold or address or "](" in text):
        return 0, 0
    if "`" in text:
        text = _CODE.sub("``", text)
    links = 0
    if "](" in text:
        text, links = _LINK.subn("", text)
    if address:
        links += len(_URL.findall(text))
    return (sum(1 for _ in _BOLD.finditer(text)) if bold else 0), links


def _style(found: tuple[str, ...]) -> str:
    if not found:
        return NO_BULLETS
    return found[0] if len(found) == 1 else SEVERAL_BULLETS
