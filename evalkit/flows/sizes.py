"""Do the cases suffice for any answers at all to prove a bound? Asked before the first is paid for."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.core.envelope import Bound, Envelope, Require
from evalkit.core.errors import UsageError
from evalkit.core.model import Case
from evalkit.core.wording import count_text
from evalkit.stats.requirements import least_of


class Sizes:
    """How many cases, and how many independent units, stand on the slice of each bound."""

    def __init__(self, envelope: Envelope) -> None:
        self._bounds = [
            bound for bound in envelope.bounds if bound.blocks and bound.require is Require.PROVEN
        ]
        self._cases = [0] * len(self._bounds)
        self._alone = [0] * len(self._bounds)
        self._clusters: list[set[str]] = [set() for _ in self._bounds]

    def see(self, case: Case) -> None:
        """Count a case."""
        for place, bound in enumerate(self._bounds):
            if bound.slice.holds(case.tags, case.metadata):
                self._cases[place] += 1
                if case.cluster is None:
                    self._alone[place] += 1
                else:
                    self._clusters[place].add(case.cluster)

    def refuse_the_impossible(self) -> None:
        """Refuse to pay for answers that could prove nothing, whatever they were.

        Raises:
            UsageError: with every bound that cannot be proven.
        """
        lacking = list(self._lacking())
        if lacking:
            raise UsageError(
                "\n".join(lacking)
                + "\nNothing was asked. evalkit plan names the margin that these "
                "cases can prove; --anyway asks all the same, and such a bound stays undecided."
            )

    def _lacking(self) -> Iterator[str]:
        for place, bound in enumerate(self._bounds):
            cases = self._cases[place]
            units = self._alone[place] + len(self._clusters[place])
            least = least_of(bound, cases=cases, units=units)
            if units < least:
                yield _sentence(bound, cases, units, least)


def _sentence(bound: Bound, cases: int, units: int, least: int) -> str:
    what = count_text(cases, "case")
    if units < cases:
        what += f" in {count_text(units, 'independent group')}"
    return (
        f"{bound.name} cannot be proven on {what}, whatever is answered: {least:,} are the least."
    )
