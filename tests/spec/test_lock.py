"""A lock and a file of waivers are read as they were written, to the byte, and strictly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.errors import SpecError
from evalkit.core.lock import (
    Approved,
    Frozen,
    LockedSnapshot,
    LockedText,
    LockEntry,
    MayChange,
    MustMatch,
    Outputs,
)
from evalkit.core.model import Json
from evalkit.core.waiver import Subject, Waiver
from evalkit.spec.document import parse_yaml
from evalkit.spec.lock import lock_text, read_lock, read_waivers, write_lock, write_waivers
from evalkit.spec.yaml_text import yaml_text

SHA = "1" * 64
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SNAPSHOT = LockedSnapshot(
    "openai", "gpt", ("gpt-1",), LockedText(EMPTY, "", "3"), None, "format",
    {"temperature": 0, "stop": None}, SHA, {"base_url": "http://a"},
)  # fmt: skip
FROZEN = Frozen(
    "2026-11-26T12:00:00+00:00", "Ada <a@b>", "0.1.0",
    MustMatch(Outputs("a b.jsonl.gz", SHA, 4, 2, 8, 0), SHA, SNAPSHOT),
    MayChange(SHA, SHA, {"refusal": "refusal@2"}, {"x": SHA}),
)  # fmt: skip
APPROVED = Approved(
    "2026-11-27T12:00:00+00:00", "Eve", "r-1", SHA, SHA, SHA, LockedSnapshot("replay")
)
ENTRIES = {
    "b": LockEntry("b.yaml", FROZEN, APPROVED),
    "a": LockEntry("../a.yaml", None, APPROVED),
    "c": LockEntry("c.yaml", replace(FROZEN, may_change=MayChange(SHA, SHA, {}))),
}
WAIVER = Waiver(
    "a", Subject(SHA, SHA, SHA), "fail", {"x@y": "broken"}, "Ada", "it's: #1", "2026-11-26",
    "2026-12-24", "a-1",
)  # fmt: skip

texts = st.text(max_size=30) | st.sampled_from(
    ["no", "1e3", "a: b", "- x", "#", "a\n\nb\n", " lead\nx", "x\n\n", "\ttab\ny", "é\nü\n", "\x85a\nb", "1" * 40]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(texts, values, max_size=4))
def test_what_is_written_as_yaml_is_read_as_it_was(value: dict[str, Json]) -> None:
    if value:
        assert parse_yaml(yaml_text(value), "x").data == value


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "evalkit.lock"
    assert read_lock(path).entries == {}
    write_lock(path, ENTRIES)
    found = read_lock(path).entries
    assert found == ENTRIES
    assert list(found) == ["a", "b", "c"]
    assert path.read_text() == lock_text(dict(reversed(ENTRIES.items())))
    assert len({entry.digest for entry in found.values()}) == 3
    assert found["b"].prompts == (LockedText(EMPTY, "", "3"),)


def test_waivers_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "evalkit.waivers.yaml"
    assert read_waivers(path).waivers == ()
    waivers = (WAIVER, replace(WAIVER, bounds={}, verdict="unmeasured"))
    write_waivers(path, waivers)
    assert read_waivers(path).waivers == waivers


@pytest.mark.parametrize("until", ["2026-11-26", "2026-11-25", "2027-02-25"])
def test_a_waiver_for_no_day_or_for_too_long_is_refused(tmp_path: Path, until: str) -> None:
    path = tmp_path / "evalkit.waivers.yaml"
    write_waivers(path, [replace(WAIVER, until=until)])
    with pytest.raises(
        SpecError, match=r"waivers\[0\]\.until: expected a day at most 90 days after"
    ):
        read_waivers(path)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (f'inputs: "{SHA}"', 'inputs: "abc"', "expected a sha256 of 64 hexadecimal digits"),
        ("2026-11-26T12:00:00+00:00", "2026-11-26", "expected a moment of UTC"),
        ("2026-11-26T12:00:00+00:00", "yesterday", "expected a moment such as"),
        ('version: "3"', "version: true", "expected text or a whole number"),
        ("cases: 4", "cases: 4.5", "expected a whole number"),
        ("by: Eve", 'by: ""', "expected one line of at most 500 printable characters"),
        ("envelopes:", "envelope:", "unknown key 'envelope'; did you mean 'envelopes'?"),
    ],
)
def test_what_no_lock_holds_is_an_error_at_its_place(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    path = tmp_path / "evalkit.lock"
    text = lock_text(ENTRIES)
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(SpecError) as caught:
        read_lock(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
