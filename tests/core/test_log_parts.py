"""A part of a log says where it is, and how much it is."""

from __future__ import annotations

import pytest

from evalkit.core.log_parts import LogPart, PartKind


@pytest.mark.parametrize(
    ("kind", "start", "end", "said", "weight"),
    [
        (PartKind.LINES, 0, 5000, "a", 5000),
        (PartKind.LINES, 1000, 5000, "a (bytes 1,000 to 5,000)", 4000),
        (PartKind.ROWS, 2, 3, "a (row group 2)", 5000),
        (PartKind.ROWS, 2, 5, "a (row groups 2–4)", 5000),
        (PartKind.WHOLE, 0, 5000, "a", 5000),
    ],
)
def test_a_part_is_named_by_its_file_and_its_ends(
    kind: PartKind, start: int, end: int, said: str, weight: int
) -> None:
    part = LogPart("a", kind, start, end, 5000)
    assert str(part) == said
    assert part.weight == weight
