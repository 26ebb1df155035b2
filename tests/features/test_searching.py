"""A pattern finds what ``re`` finds, and no text keeps it searching for ever."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from evalkit.features.searching import SlowPatternError, pattern

USUAL = (
    r"\d+", r"\b[A-Z]{3}-\d+\b", r"^\d{4}-\d{2}-\d{2}$", r"^[^@\s]+@[^@\s]+\.[^@\s]+$", r"\s+$",
    r"(?i)\b(?:yes|no|maybe)\b", r"Answer: (.+)$", r"(?s)<think>.*?</think>", r"a.*b.*c", r"^.*$",
    r"https?://[^\s/]+(?:/\S*)?", r"^(?:[a-z]+,\s*)*[a-z]+$", r"^\+?[0-9][0-9 ()-]{6,}$", r"[.!?]$",
    r"(['\"]).*?\1", r"^#{1,6} .+$", r"(?m)^\s*[-*] ", r"^(?=.*\d)(?=.*[a-z]).{8,}$", r"\$\d+(?:\.\d\d)?",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"^\S+$", r"\bnot\b(?!\s+only)", r"(?<![\w.])\d{1,3}(?:,\d{3})*",
    r"^[A-Z]{2}-[0-9]+$", r"^(GET|POST|PUT) /\S*$", r"^0x[0-9a-f]+$", r"```(?:json)?\n.*?```",
    r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", r"(\w+) \1", r"^(?:\d{1,3}\.){3}\d{1,3}$",
    r"I(?:'m| am) sorry", r"(?:\w+\.)+\w+", r"^\[.*\]$", r"(?x) \d + # a number", r"[\w.]+@[\w.]+\.org",
    r"^(?!.*foo).*$", r"\A(?:yes|no)\Z", r"^v?\d+\.\d+\.\d+(?:-[\w.]+)?$", r"(?i:usd|eur) ?\d+", r"^$",
)  # fmt: skip
ANSWER = "Answer: 42, says jane.doe@example.org on 2024-05-13: 'Not only that, $5.00 for ABC-123.' "


@pytest.mark.parametrize("text", USUAL)
@pytest.mark.parametrize("answer", [ANSWER * 20, "", "yes", "x" * 300, "a b\nc, d.\n" * 100])
def test_a_usual_pattern_finds_what_re_finds(text: str, answer: str) -> None:
    expected = [found.span() for found in re.finditer(text, answer)]
    assert [found.span() for found in pattern(text).all(answer)] == expected
    assert pattern(text).search(answer) is bool(expected)


# ---------------------------------------------------------------- any pattern

TEXTS = st.text("aaabbc x1\n", max_size=9)
ATOMS = st.sampled_from(
    ["a", "b", "c", "[ab]", "[^a]", ".", r"\w", r"\s", r"\d", "(?i:A)", r"\b", "$", "^", "", "a?",
     r"\Z", r"\A", "(?<=a)", "(?<!ab)", "(?<=[ab]b)", "(?!)"]
)  # fmt: skip
REPEATS = st.sampled_from(
    ["*", "+", "?", "*?", "+?", "??", "{0,2}", "{2}", "{1,3}?", "{2,}", "{0,70}"]
)


def parts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        inner.map(lambda part: f"({part})"),
        st.tuples(inner, REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        st.tuples(st.sampled_from(["=", "!", ">"]), inner).map(lambda p: f"(?{p[0]}{p[1]})"),
        st.tuples(inner, inner).map(lambda pair: rf"({pair[0]}){pair[1]}\1"),
        st.sampled_from(["a", "[ab]"]).flatmap(lambda part: REPEATS.map(lambda r: part + r[:1] + "+")),
    )  # fmt: skip


PATTERNS = st.recursive(ATOMS, parts, max_leaves=8)
FLAGS = st.sampled_from([0, re.IGNORECASE, re.MULTILINE, re.DOTALL])


@settings(max_examples=1_500, suppress_health_check=list(HealthCheck))
@given(PATTERNS, FLAGS, st.lists(TEXTS, min_size=3, max_size=3))
def test_any_pattern_of_res_finds_what_re_finds(text: str, flags: int, answers: list[str]) -> None:
    r"""But for `\B` in an empty text, and `(?(1)…)` after a try that failed: neither is drawn."""
    try:
        compiled = re.compile(text, flags)
    except re.error:
        reject()
    for answer in answers:
        expected = [found.span() for found in compiled.finditer(answer)]
        assert [found.span() for found in pattern(text, flags).all(answer)] == expected


@pytest.mark.parametrize(
    ("text", "answer", "found"),
    [
        (r"^\p{L}+$", "straße", "straße"),
        (r"^[[:alpha:]]+$", "abc", "abc"),
        (r"(?|a(b)|c(d))", "cd", "cd"),
        (r"(?:hello){e<=1}", "helo", "helo"),
        (r"\w+", "हिन्दी", "हिन्दी"),
    ],
)
def test_what_re_does_not_read_is_read(text: str, answer: str, found: str) -> None:
    (match,) = pattern(text).all(answer)
    assert match.group() == found


# ---------------------------------------------------------------- for ever

ENDLESS = [
    (r"^(a|aa)+$", "a" * 60 + "!"),
    (r"\s+$", " " * 90_000 + "x"),
    (r"a.*b.*c", "ab" * 20_000),
    (r"((a{1,50}){1,50}){1,50}b", "a" * 5_000),
]


@pytest.mark.parametrize(("text", "answer"), ENDLESS)
def test_what_would_search_for_ever_is_given_up(text: str, answer: str) -> None:
    told = f"^pattern {re.escape(repr(text))} takes more than 0.05 s$"
    with pytest.raises(SlowPatternError, match=told):
        pattern(text).search(answer, 0.05)
    with pytest.raises(SlowPatternError, match=told):
        list(pattern(text).all(answer, 0.05))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"^(a+)+$", "a" * 60 + "!"),
        (r"^(\w+\s?)+$", "hello world " * 300 + "!"),
        (r"(x+x+)+y", "x" * 60),
        (r"(.*)(.*)(.*)(.*)(.*)x", "a" * 3_000),
        (r"(?s)^(.+)\1x", "b" * 90_000),
        (r"^(?>(?:a|aa)+)$", "a" * 60 + "!"),
        (r"^(?:aa?)++$", "a" * 60 + "!"),
    ],
)
def test_most_of_what_re_searches_for_ever_is_searched_to_its_end(text: str, answer: str) -> None:
    assert not pattern(text).search(answer)


def test_groups_are_told_by_number_and_by_name() -> None:
    (found,) = pattern(r"(?P<name>[a-z]+)+(x)?:").all("12 abc: ")
    assert (found.span(), found.span("name"), found.span(1)) == ((3, 7), (3, 6), (3, 6))
    assert found.span(2) == (-1, -1)


@pytest.mark.parametrize(
    "text", ["(", "[z-a]", "a{99999999999999999999}", "(" * 5_000 + ")" * 5_000]
)
def test_what_does_not_compile_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        pattern(text)
