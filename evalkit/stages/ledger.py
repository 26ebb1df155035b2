"""Every gate on one candidate is written down here, so that trying until it passes can be seen.

The ledger is a file of JSON lines that is only ever appended to. A look is a gate on answers that
were not seen before: the same recording judged again is no new chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from evalkit.core.digest import SetDigest, digest
from evalkit.core.envelope import Envelope
from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Arm, Json, Sample
from evalkit.core.records import record_of
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.files.text import file_name, numbered_lines
from evalkit.files.writing import TAKE_OUT, LineLog
from evalkit.spec.drift import DRIFT, demanded

FREE = {"golden_set", "seed", "inconclusive"}
"""What an envelope may say otherwise and still ask the same question; cases have a digest."""


@dataclass(frozen=True, slots=True)
class Look:
    """One gate: what was asked (``key``), how often by then, of which answers, and what came out.

    ``inputs`` is the digest of everything that decides the verdict but live answers; it is empty where
    that cannot be told, and in lines of earlier versions.
    """

    key: str
    look: int
    answers: str
    run: str
    created: str
    envelope: str
    candidate: str
    verdict: str
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The looks that are known in one place."""

    path: Path

    def number(self, key: str, answers: str) -> int:
        """Return which look at a question these answers are, from 1; a known one keeps its number.

        Raises:
            SpecError: a line of the ledger is none.
        """
        earlier: dict[str, int] = {}
        for line in self._looks():
            if line.key == key:
                earlier.setdefault(line.answers, len(earlier) + 1)
        return earlier.get(answers, len(earlier) + 1)

    def check(self) -> None:
        """Read every line, so that what is wrong is told before anybody is asked and paid.

        Raises:
            SpecError: a line of the ledger is none.
        """
        for _ in self._looks():
            pass

    def newest(self, inputs: str) -> Look | None:
        """Return the newest look at the same inputs; nothing where there is none.

        Raises:
            SpecError: a line of the ledger is none.
        """
        found = None
        for line in self._looks():
            if inputs and line.inputs == inputs:
                found = line
        return found

    def add(self, look: Look) -> None:
        """Write a look down, behind all others."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with LineLog(self.path) as log:
            log.append(asdict(look))

    def _looks(self) -> Iterator[Look]:
        if not self.path.exists():
            return
        problems = []
        for line in numbered_lines(self.path):
            place = Place(file_name(self.path), line.number)
            try:
                yield _look(parse_json(line.text))
            except (JsonTextError, TypeError, ValueError) as error:
                problems.append(Problem(place, f"is no line of a ledger: {error}; {TAKE_OUT}"))
        if problems:
            raise SpecError(problems)


@dataclass(slots=True)
class Answers:
    """The digest of the candidate's answers, taken as they pass by; their order does not matter."""

    _content: SetDigest = field(default_factory=SetDigest)

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield the samples as they are."""
        for sample in samples:
            if sample.arm is Arm.CANDIDATE:
                self._content.add(record_of(sample))
            yield sample

    @property
    def digest(self) -> str:
        """The digest of the answers that have passed."""
        return self._content.hex()


def question(document: Json, golden_set: str) -> str:
    """Return the key of a gate: who is asked what, and what is acceptable; never the seed.

    Args:
        document: the envelope with everything it names inside.
        golden_set: the digest of the cases.
    """
    assert isinstance(document, dict)
    kept = {name: value for name, value in document.items() if name not in FREE}
    if isinstance(baseline := kept.get(Arm.BASELINE), dict):
        # Whoever watches the baseline asks nothing of the candidate.
        watched = {name: value for name, value in baseline.items() if name != "sentinel"}
        kept[Arm.BASELINE.value] = watched
    kept |= demanded(kept.pop(DRIFT, None))
    return digest({"envelope": kept, "golden_set": golden_set})


def paid(envelope: Envelope, look: int) -> Envelope:
    """Return the envelope whose claims a further look has paid for.

    Look r ≥ 2 makes its claims at α/(r(r + 1)): however often somebody tries again, all looks beyond
    the first add half of α to the chance of a wrong one.
    """
    if look < 2:
        return envelope
    bounds = tuple(
        replace(bound, confidence=1 - bound.alpha / (look * (look + 1)))
        for bound in envelope.bounds
    )
    drift = envelope.drift_bound
    if drift is not None:
        drift = replace(drift, confidence=1 - drift.alpha / (look * (look + 1)))
    return replace(envelope, bounds=bounds, drift_bound=drift)


def _look(data: Json) -> Look:
    if not isinstance(data, Mapping):
        raise TypeError("expected a mapping")
    names = Look.__dataclass_fields__.keys()
    found = {"inputs": "", **{name: data[name] for name in names if name in data}}
    number = found.pop("look", None)
    if (
        len(found) < len(names) - 1
        or not isinstance(number, int)
        or not all(isinstance(value, str) for value in found.values())
    ):
        raise ValueError(f"expected {', '.join(names)}")
    return Look(look=number, **{name: str(value) for name, value in found.items()})
