"""How much work a pattern can be is known before any text is searched."""

from __future__ import annotations

import pytest

from evalkit.core.patterns import MOST_WAYS, ways


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abc", 1),
        (r"[A-Z]\d", 1),
        ("a?", 2),
        ("(?:ab){3}", 1),
        ("(?:ab|cd)", 2),
        ("(?:ab|cd){2}", 8),
        ("a{1,3}b{0,4}", 15),
        ("(?>a{1,3})", 3),
        ("a{1,3}+", 3),
        ("a{1,3}?", 3),
        ("(?=a{1,3})(?!b?)", 6),
        ("(x)?(?(1)a?|b)", 6),
        ("(x)?(?(1)a?)", 4),
        (r"(x)\1", 1),
        ("(?:a?){1}", 2),
    ],
)
def test_the_ways_of_its_parts_multiply(pattern: str, expected: int) -> None:
    assert ways(pattern) == expected


@pytest.mark.parametrize(
    "pattern", ["a+", ".*x", "(a+)+", "(a|aa)*", "(a?){40}", r"(\d{1,12} ?){1,7}", "a{0,90}b{0,90}"]
)
def test_what_may_search_for_long_is_above_the_limit(pattern: str) -> None:
    assert ways(pattern) > MOST_WAYS


@pytest.mark.parametrize("pattern", ["(", "a{99999999999999999999}", "[z-a]"])
def test_what_does_not_compile_is_told(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ways(pattern)
