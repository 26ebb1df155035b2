"""The summary is within GitHub's limits whatever it holds, and nothing in it acts.

What GitHub and GitLab do beyond common markdown (mentions, references, autolinks) is checked by its
rule: it is found in text that is no code, after markdown was rendered.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from evalkit.core.verdict import BoundResult, Flip, Outcome, Verdict
from evalkit.report.format import Material
from evalkit.report.formats.summary import LIMIT, summary
from evalkit.report.text.markdown import block, code, marker, prose
from evalkit.report.view import CaseText, view_of
from tests.fakes.hostile import HOSTILE
from tests.report.stored import assert_stored
from tests.report.verdicts import (
    ACCURACY,
    EVERY_BOUND,
    LISTS,
    REFUSAL,
    alone,
    every_verdict,
    facts,
    flips,
    manifest,
    many,
    text,
    verdict,
)

VERDICTS = every_verdict()
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {
    "h3", "p", "strong", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "br", "details",
    "summary", "sub", "ul", "li",
}  # fmt: skip
_LINKS = re.compile(r"https?://|www\.|[\w.+-]+@[\w-]+\.\w", re.IGNORECASE)
_REFERS = re.compile(r"(?:[@#!%^~]|\bgh-)\w", re.IGNORECASE)


def written(made: Verdict, texts: dict[str, CaseText] | None = None) -> str:
    origin = manifest(made.bounds, smoke="--limit 20" if made.facts.smoke else "")
    return summary(Material(view_of(made, origin), origin, texts or {}))


class _Page(HTMLParser):
    """What a browser would make of it: elements, comments, and the text outside of code."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.texts: list[str] = []
        self.code = ""
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag == "code"

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.code += data
        else:
            self.texts.append(data)


def page(markdown: str) -> _Page:
    """Return a summary as it is rendered."""
    found = _Page()
    found.feed(READER.render(markdown))
    found.close()
    return found


def faults(markdown: str) -> Iterator[str]:
    """Yield whatever in a summary would do something."""
    found = page(markdown)
    for tag, attributes in found.elements:
        if tag not in OURS:
            yield f"<{tag}>"
        yield from (f"<{tag} {name}>" for name in attributes if name not in {"class", "style"})
    if len(found.comments) != 1:
        yield f"comments: {found.comments}"
    for words in found.texts:
        yield from (f"a link: {words}" for _ in _LINKS.findall(words))
        yield from (f"a reference: {words}" for _ in _REFERS.findall(words))


def hostile(words: str) -> Verdict:
    """Return a verdict in which everything that somebody else wrote is the same text."""
    bounds = [
        replace(bound, metric=words, on=words, name=words, detail=words) for bound in EVERY_BOUND
    ]
    found = replace(facts(flips=[Flip("c", words, words, 1.0)]), notes=(words,) * 20)
    return verdict(Outcome.FAIL, bounds, found, sentence=words, lead=words, envelope=words)


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize("name", [name for name in VERDICTS if name != "many bounds"])
def test_a_verdict_is_summed_up_as_it_is_stored(name: str) -> None:
    told = {flip.case: text("(B). Better", "It depends.") for flip in VERDICTS[name].facts.flips}
    assert_stored(written(VERDICTS[name], told), f"summary-{name}")


@pytest.mark.parametrize("name", VERDICTS)
def test_it_opens_with_the_marker_and_the_verdict(name: str) -> None:
    made = VERDICTS[name]
    first, second, *rest = written(made).splitlines()
    assert first == "<!-- evalkit:assistant -->"
    assert second.startswith("### ")
    assert prose(made.sentence) in second
    assert f"exit {int(made.exit_code)}" in "\n".join(rest[:4])
    assert list(faults(written(made))) == []


def test_every_bound_stands_in_the_plot_and_in_the_table() -> None:
    lines = written(VERDICTS["fail"]).splitlines()
    for sign in "✗?∅✓":
        plotted = [line for line in lines if line.startswith(f"{sign} ")]
        listed = [line for line in lines if line.startswith(f"| {sign} ")]
        assert len(plotted) == len(listed) > 0


def test_limits_stand_in_the_same_column_of_every_row() -> None:
    plot = written(VERDICTS["fail"]).split("```")[1].splitlines()
    columns = {line.index("│") for line in plot if "│" in line}
    assert len(columns) <= 2


def test_a_run_without_a_baseline_or_a_bound_has_a_summary() -> None:
    assert "baseline" not in written(VERDICTS["no baseline"]).split("```")[1]
    bare = written(verdict(Outcome.UNMEASURED, [], alone()))
    assert "No bound · **do not merge yet · exit 4**" in bare
    assert "```" not in bare


def test_answers_that_were_redacted_are_not_shown() -> None:
    made = verdict(Outcome.FAIL, [REFUSAL], facts(flips=flips(3)))
    hidden = {f"case-{place}": replace(text("", ""), redacted=True) for place in range(3)}
    assert "case-0" not in written(made, hidden)
    assert "case-0" in written(made, {"case-0": text("a", "b")})


# ---------------------------------------------------------------- limits


def large(bounds: int, cases: int, words: str) -> tuple[Verdict, dict[str, CaseText]]:
    """Return a verdict with so many bounds and flips, all about the same words."""
    found: list[BoundResult] = [
        replace(
            random.Random(place).choice([LISTS, ACCURACY, REFUSAL]),
            name=f"{words}{place}", metric=f"{words}{place}", on=f"{words}{place}", labels=("a", "b"),
        )
        for place in range(bounds)
    ]  # fmt: skip
    changed = [
        Flip(f"{words}{place}", found[place % bounds].name, f"{words}{place % 50} → b", 1.0)
        for place in range(cases)
    ]
    made = verdict(
        Outcome.FAIL, found, replace(facts(flips=changed), notes=(words,) * bounds),
        sentence=words, lead=words, envelope=words,
    )  # fmt: skip
    return made, {flip.case: text(words, words, prompt=words) for flip in changed[:300]}


@pytest.mark.parametrize("name", ["plain", *list(HOSTILE)[16:40:2]])
def test_500_bounds_and_10000_flips_stay_within_64_kb(name: str) -> None:
    found = written(*large(500, 10_000, HOSTILE.get(name, "bound")[:2_000]))
    assert len(found) <= len(found.encode()) <= LIMIT
    assert re.search(r"^[\d,]+ more bounds", found, re.MULTILINE)
    assert list(faults(found)) == []
    assert found.endswith("</sub>\n")


def test_what_has_no_room_is_counted_and_what_has_room_is_whole() -> None:
    made, texts = large(500, 10_000, "bound")
    found = written(made, texts)
    plotted = len(re.findall(r"^[✗?∅✓] ", found, re.MULTILINE))
    listed = len(re.findall(r"^\| [✗?∅✓] ", found, re.MULTILINE))
    counts = [
        int(count.replace(",", ""))
        for count in re.findall(r"^([\d,]+) more bounds", found, re.MULTILINE)
    ]
    assert plotted + counts[0] == 500
    assert listed + counts[-1] == 500
    assert found.count("<details>") == found.count("</details>")
    assert len(found.encode()) > LIMIT * 0.9


def test_200_bounds_are_all_listed() -> None:
    found = written(verdict(Outcome.INCONCLUSIVE, many(200)))
    assert len(re.findall(r"^\| [✗?∅✓] ", found, re.MULTILINE)) == 200


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_others_wrote_does_anything(name: str) -> None:
    words = HOSTILE[name]
    told = {"c": text(words, words, prompt=words)}
    assert list(faults(written(hostile(words), told))) == []


def test_the_checks_of_these_tests_find_what_acts() -> None:
    acting = "<!-- a -->\n![x](y) <b>b</b> @team #1 GH-2 https://x.example a@b.example [l](m)\n"
    found = " ".join(faults(acting))
    for fault in ("<img>", "<b>", "<a>", "a link", "a reference"):
        assert fault in found


@pytest.mark.parametrize("name", HOSTILE)
def test_code_shows_exactly_the_text(name: str) -> None:
    shown = page(f"| a |\n|---|\n| {code(HOSTILE[name])} |\n").code.replace("\u200b", "")
    assert shown == " ".join(code_of(HOSTILE[name]).split())


def code_of(words: str) -> str:
    """Return what a cell of code is to show."""
    from evalkit.report.text.safe import one_line

    return one_line(words, most=200)


@pytest.mark.parametrize("name", HOSTILE)
def test_prose_is_one_paragraph_of_text(name: str) -> None:
    found = page(prose(HOSTILE[name], opens=True) + "\n")
    assert [tag for tag, _ in found.elements] in (["p"], [])
    assert found.comments == []


@pytest.mark.parametrize("words", ["```\nx", "````", "~~~", "a ``` b"])
def test_a_block_ends_where_it_is_meant_to(words: str) -> None:
    line = words.replace("\n", " ")
    found = page(block([line, "last"]))
    assert [tag for tag, _ in found.elements] == ["pre", "code"]
    assert found.code == f"{line}\nlast\n"


def test_two_envelopes_have_two_markers() -> None:
    names = ["a", "a b", "a%20b", "a--b", "a-b", "-->", "é", "e"]
    assert len({marker(name) for name in names}) == len(names)
    for name in names:
        assert re.fullmatch(r"<!-- evalkit:[\w./%-]+ -->", marker(name), re.ASCII)
        assert "--" not in marker(name)[4:-3]
