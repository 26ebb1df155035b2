"""How far two raters agree beyond what chance would have them agree.

Assumes: both say yes or no of the same answers; answers that stand for several count as so many.
Reference: Cohen (1960), "A coefficient of agreement for nominal scales", Educational and Psychological
Measurement 20.
"""

from __future__ import annotations

from collections.abc import Sequence


def kappa(table: Sequence[Sequence[float]]) -> float | None:
    """Return Cohen's κ of a table of what one rater said (rows) and the other (columns).

    Nothing where both always said the same one thing: then chance alone would have them agree.

    Cohen's example of 1960 by its two outer categories:

    >>> round(kappa([[20, 5], [10, 15]]), 9)
    0.4
    """
    total = sum(map(sum, table))
    if not total:
        return None
    agree = sum(row[place] for place, row in enumerate(table)) / total
    columns = [sum(column) for column in zip(*table, strict=True)]
    chance = sum(sum(row) * columns[place] for place, row in enumerate(table)) / total**2
    return None if chance >= 1 else (agree - chance) / (1 - chance)
