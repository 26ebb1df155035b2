"""An earlier run that is gone on with: its cases come first, its answers stay, new cases follow.

Only bets may be gone on with. A bet is right whenever one looks; an interval of a fixed number of
cases is not, once somebody has looked at it and asks for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from evalkit.core.envelope import Method, Require
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm, Case, Json, Sample
from evalkit.spec.document import read_document
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.store import RunFolder

MAY_DIFFER = {"golden_set", "seed", "inconclusive"}
PLACE = {"path", "arm"}
"""Where the answers of a recorded snapshot lie says nothing about who gave them."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run to go on with, and how many cases it and those before it had judged.

    ``cases`` are all of the run, ``judged`` those of them that it had asked whole. A run that ended
    early has left some: it is as if they came now, for no bet was laid on them.
    """

    run: RunFolder
    cases: Mapping[str, Case]
    judged: Mapping[str, Case]
    asked: tuple[int, ...]

    @classmethod
    def of(
        cls,
        run: RunFolder,
        loaded: LoadedEnvelope,
        cases: Mapping[str, Case],
        judged: Mapping[str, Case],
    ) -> Earlier:
        """Return an earlier run of an envelope.

        Args:
            run: its folder.
            loaded: the envelope, whose golden set has grown.
            cases: those of the run.
            judged: those of them that were judged.

        Raises:
            UsageError: the run cannot be gone on with under this envelope.
        """
        fixed = [
            bound.name
            for bound in loaded.envelope.bounds
            if bound.blocks
            and bound.require is Require.PROVEN
            and bound.method is not Method.BETTING
        ]
        if fixed:
            raise UsageError(
                f"{run.path} cannot be gone on with: {fixed[0]} is judged on a fixed number of cases, "
                "and looking twice would make its claims wrong more often; write early_stop: betting "
                "before the first run"
            )
        before = read_document(run.envelope_path).data
        if _question(before) != _question(loaded.document):
            raise UsageError(
                f"{run.path} was judged under another envelope; only its golden set may have grown"
            )
        if run.manifest().smoke:
            raise UsageError(f"{run.path} was a smoke run: there is nothing to go on with")
        return cls(run, cases, judged, (*run.manifest().asked, len(judged)))

    def first(self, cases: Iterable[Case]) -> Iterator[Case]:
        """Yield the cases that were judged in their order, and then those that are new.

        Raises:
            UsageError: a case of the run is gone or changed, or no case is new.
        """
        now = {case.id: case for case in cases}
        for case in self.cases.values():
            if now.get(case.id) != case:
                raise UsageError(
                    f"case {case.id!r} of {self.run.path} is gone or changed; a golden set may only grow"
                )
        yield from self.judged.values()
        new = [case for case in now.values() if case.id not in self.judged]
        if not new:
            raise UsageError(f"the golden set has no case that {self.run.path} did not ask")
        groups = {case.cluster for case in self.judged.values()} - {None}
        for case in new:
            if case.cluster in groups:
                raise UsageError(
                    f"case {case.id!r} belongs to group {case.cluster!r} of {self.run.path}; groups have "
                    "to come whole"
                )
            yield case

    def samples(self, recorded: Iterable[Sample]) -> Iterator[Sample]:
        """Yield the answers of the run as they were, and those that are recorded of new cases."""
        yield from self.run.samples(self.cases)
        yield from (sample for sample in recorded if sample.case_id not in self.cases)


def _question(document: Json) -> Json:
    """Return what an envelope asks of whom, wherever the answers lie."""
    assert isinstance(document, dict)
    kept = {name: value for name, value in document.items() if name not in MAY_DIFFER}
    for arm in Arm:
        snapshot = kept.get(arm.value)
        if isinstance(snapshot, dict):
            kept[arm.value] = {key: value for key, value in snapshot.items() if key not in PLACE}
    return kept
