"""Everything that was counted of logs, from which estimates are taken."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evalkit.stages.shadow.grouping import Grouping
from evalkit.stages.shadow.pairing import PAIRS, Pairing
from evalkit.stages.shadow.tally import ROWS, Tally


@dataclass(frozen=True, slots=True, eq=False)
class Logs:
    """The rows of both arms, the requests that both answered, and the users behind them.

    ``pairs`` and ``groups`` are not there where nobody asked for them or the logs have no ids.
    """

    tally: Tally
    pairs: Pairing | None = None
    groups: Grouping | None = None

    def of_measure(self, name: str) -> Logs:
        """Return what was counted of rows and of one measure, without their users."""
        tally = replace(self.tally, cells=self.tally.cells.of(name, beside=ROWS))
        pairs = self.pairs
        if pairs is not None:
            pairs = replace(pairs, cells=pairs.cells.of(name, beside=PAIRS))
        return Logs(tally, pairs)

    def within(self, first: int, last: int) -> Logs:
        """Return what was counted of the hours from ``first`` to just before ``last``.

        Users are counted over all hours only: a window knows nothing of them.
        """
        pairs = None if self.pairs is None else self.pairs.within(first, last)
        return Logs(self.tally.within(first, last), pairs)
