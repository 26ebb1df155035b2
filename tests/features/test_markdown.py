"""The structure of a text is what a parser of CommonMark finds, read line by line."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from evalkit.features.markdown import Structure, emoji, structure, without_code

PARSER = MarkdownIt("commonmark").enable("table")
TEXTS = (
    "Plain words.\n\nAnd a second paragraph, 2 * 3 = 6.",
    "# One\n\n## Two ##\n\n####### Seven\n\n#nothing",
    "Title\n=====\n\nLess\n---\n\ntext",
    "- one\n- two\n  - nested\n    - deeper\n\n- three",
    "* one\n+ two\n- three",
    "1. one\n2. two\n   - nested\n3) three",
    "text\n- a list may break a paragraph",
    "In the year of\n1986. A great one.",
    "In the end\n1. one",
    "- - both",
    "1. - # heading in an item",
    "---\n\n***\n\n* * *\n\n- - -",
    "```python\n- no item\n# no heading\n```\n\n- item",
    "~~~\n```\n~~~\nafter\n```sh",
    "- item\n\n  ```js\n  - no item\n  ```\n- item",
    "```one``` is no fence",
    "    - code by its indent\n\ntext",
    "text\n\n    - code again",
    "| a | b |\n|---|:-:|\n| 1 | 2 |",
    "a | b\n--- | ---\n1 | 2\n\ntext | no table",
    "| a | b |\n|---|\n| 1 | 2 |",
    "> quoted\n> more\n\n> another\n\ntext",
    "> - item in a quote\n> 1. no\n>\n> # heading",
    "**bold** and __bold__, not a**b or snake__case__name",
    "**not closed and not ** opened",
    "**over\ntwo lines**",
    "`**code**` and **bold**",
    "[one](https://a.example) ![picture](b.png) [two](c 'd')",
    "[a](b(c)d) [no link] (there)",
    "1. **Bold**: text\n\n   More of it.\n\n2. **Bold**: text",
    "A list:\n\n- a\n\nparagraph\n\n- b",
    "-\n- a",
    "\\| no | table\n",
)


def parsed(text: str) -> Structure:
    """Return the structure that the parser finds; it knows no • and no bare address."""
    kinds: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    languages = []
    for token in PARSER.parse(text):
        kinds[token.type] += 1
        kinds.update(child.type for child in token.children or ())
        if token.type == "list_item_open":
            marks[token.markup] += 1
        if token.type == "fence":
            languages.append(token.info.strip().split(" ")[0].lower() or "none")
    bullets = [mark for mark in "-*+" if marks[mark]]
    return Structure(
        headings=kinds["heading_open"],
        bullets=sum(marks[mark] for mark in bullets),
        ordered=marks["."] + marks[")"],
        tables=kinds["table_open"],
        fences=kinds["fence"],
        links=kinds["link_open"],
        bold=kinds["strong_open"],
        quotes=kinds["blockquote_open"],
        bullet_style="none" if not bullets else bullets[0] if len(bullets) == 1 else "mixed",
        languages=tuple(languages),
    )


@pytest.mark.parametrize("text", TEXTS)
def test_a_parser_finds_the_same(text: str) -> None:
    assert structure(text) == parsed(text)


@pytest.mark.parametrize("snapshot", ["gpt-4-0314", "gpt-4-0613", "gpt-3.5-turbo-0125"])
def test_a_parser_finds_the_same_in_recorded_answers(shared_data: Path, snapshot: str) -> None:
    source = shared_data / "arena_hard" / "outputs" / f"{snapshot}.jsonl.gz"
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["output"] for line in lines]
    texts = [text for text in texts[:250] if "•" not in text and "://" not in text]
    differ = [text for text in texts if structure(text) != parsed(text)]
    assert len(differ) <= 2
    assert len(texts) > 200


def test_readers_see_bullets_and_addresses_that_commonmark_does_not() -> None:
    found = structure("• one\n• two\n- three\n\nSee https://a.example/b or <https://c.example>.")
    assert (found.bullets, found.bullet_style, found.links) == (3, "mixed", 2)
    assert structure("• one").bullet_style == "•"


def test_what_stands_in_fenced_code_counts_for_nothing_else() -> None:
    found = structure("```md\n**bold** [a](b)\n- item\n• item\n```")
    assert found == Structure(fences=1, languages=("md",))


def test_code_is_taken_out_with_its_fences() -> None:
    assert without_code("a\n```\nb\n```\nc\n```\nd") == "a\n\nc\n"
    assert without_code("a\n~~~\n```\nb\n~~~\nc") == "a\n\nc"
    assert without_code("a ```b``` c") == "a ```b``` c"
    assert without_code("```b``` c\nd") == "```b``` c\nd"
    assert without_code("- x\n  ```\n  y\n  ```") == "- x\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("none", 0),
        ("é ü ✓ → ★ ©", 0),
        ("🙂🙂", 2),
        ("👍🏽", 1),
        ("👨‍👩‍👧", 1),
        ("🏳️‍🌈", 1),
        ("🇩🇪🇫🇷", 2),
        ("1️⃣", 1),
        ("❤️ and ❤", 1),
        ("🤷‍♀️", 1),
    ],
)
def test_an_emoji_is_what_is_shown_as_one(text: str, count: int) -> None:
    assert emoji(text) == count
