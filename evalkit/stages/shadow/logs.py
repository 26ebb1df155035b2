"""Everything that was counted of logs, from which estimates are taken."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.stages.shadow.grouping import Grouping
from evalkit.stages.shadow.pairing import Pairing
from evalkit.stages.shadow.tally import Tally


@dataclass(frozen=True, slots=True, eq=False)
class Logs:
    """The rows of both arms, the requests that both answered, and the users behind them.

    ``pairs`` and ``groups`` are not there where nobody asked for them or the logs have no ids.
    """

    tally: Tally
    pairs: Pairing | None = None
    groups: Grouping | None = None

    def within(self, first: int, last: int) -> Logs:
        """Return what was counted of the hours from ``first`` to just before ``last``.

        Users are counted over all hours only: a window knows nothing of them.
        """
        pairs = None if self.pairs is None else self.pairs.within(first, last)
        return Logs(self.tally.within(first, last), pairs)
