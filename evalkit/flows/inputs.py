"""What a gate starts from: the cases that are asked and the recordings that answer them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalkit.core.envelope import Envelope
from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Arm, Case
from evalkit.core.ports import Recording
from evalkit.core.registry import PROVIDERS
from evalkit.spec.coverage import Coverage
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.golden_set import GoldenSetReader


def asked_cases(
    loaded: LoadedEnvelope, problems: list[Problem], *, limit: int | None = None
) -> Iterator[Case]:
    """Yield the cases that are asked; all of them are checked, whatever the limit.

    What is wrong with them, or missing for the envelope, is added to ``problems``.
    """
    reader = GoldenSetReader(loaded.golden_set, problems)
    coverage = Coverage(loaded)
    for case, place in reader.cases():
        coverage.see(case, place)
        if limit is None or coverage.count <= limit:
            yield case
    coverage.finish()
    problems.extend(coverage.problems)


def sound_cases(loaded: LoadedEnvelope) -> dict[str, Case]:
    """Return all cases of an envelope, by id.

    Raises:
        SpecError: with everything that is wrong with them.
    """
    problems: list[Problem] = []
    cases = {case.id: case for case in asked_cases(loaded, problems)}
    if problems:
        raise SpecError(problems)
    return cases


def uncovered(loaded: LoadedEnvelope, cases: Iterable[Case], source: str) -> list[Problem]:
    """Return what cases that are known already lack for an envelope."""
    coverage = Coverage(loaded)
    for case in cases:
        coverage.see(case, Place(source))
    coverage.finish()
    return coverage.problems


def recordings(envelope: Envelope) -> dict[Arm, Recording]:
    """Return the opened recordings of an envelope's snapshots."""
    found = {}
    for arm, snapshot in envelope.snapshots.items():
        opened = PROVIDERS.get(snapshot.provider).open(arm, snapshot)
        assert isinstance(opened, Recording)
        found[arm] = opened
    return found
