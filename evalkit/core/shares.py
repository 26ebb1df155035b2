"""What is limited is dealt out fairly."""

from __future__ import annotations

from collections.abc import Sequence


def shares(sizes: Sequence[int], most: int) -> list[int]:
    """Return how much of each size fits into a whole; none has more while another goes short.

    >>> shares([300, 5, 100], 200), shares([2, 3], 200)
    ([98, 5, 97], [2, 3])
    """
    found, left = list(sizes), most
    for rank, place in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        found[place] = min(sizes[place], left // (len(sizes) - rank))
        left -= found[place]
    return found
