"""What is limited is dealt out without waste."""

from __future__ import annotations

import pytest

from evalkit.core.shares import shares


@pytest.mark.parametrize("most", [0, 1, 7, 100])
@pytest.mark.parametrize("sizes", [[], [0], [5, 0, 9], [1, 1, 1, 1], [100, 3, 3]])
def test_shares_take_all_there_is_and_no_more_than_there_is(sizes: list[int], most: int) -> None:
    found = shares(sizes, most)
    assert sum(found) == min(most, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(found, sizes, strict=True))
