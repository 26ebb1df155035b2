"""What is asked about samples, and under which key the answers to it are kept, are worked out here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from evalkit.core.digest import digest
from evalkit.core.envelope import EVERYTHING, Envelope, Instrument, Slice
from evalkit.core.model import Arm, Case, Sample, Snapshot, Unscored
from evalkit.core.ports import Heard, Question, ScorerPlugin

Kept: TypeAlias = "Callable[[str], Sample | None]"
"""Finds the answer to a question by its key; nothing where it was never answered."""

NO_JUDGEMENT = Unscored("no judgement")
NO_BASELINE = Unscored("no answer of the baseline to compare with")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One question about a sample: who asks, about what, which of several, and its key.

    The key is the digest of who is asked and of all that he is asked. The same question about two
    samples, such as the same answer of both arms, is one question.
    """

    instrument: str
    sample: Sample
    number: int
    question: Question
    key: str


def asker(by: Snapshot) -> str:
    """Return the digest of who is asked; how fast, and for how much, says nothing about him."""
    return digest(replace(by, concurrency=1, timeout=1.0, prices=None))


class Consultations:
    """Knows of every sample what the remote instruments of an envelope ask about it."""

    def __init__(self, envelope: Envelope, scorers: Mapping[str, ScorerPlugin]) -> None:
        self._askers = {
            item.name: _Asker.of(item, envelope, scorers[item.name])
            for item in envelope.instruments
            if item.by is not None
        }
        self._baselines: dict[str, list[Sample]] = {}

    @property
    def compare(self) -> bool:
        """Whether some instrument compares the candidate's samples with the baseline's."""
        return any(asker.compares for asker in self._askers.values())

    def see(self, samples: Iterable[Sample]) -> None:
        """Take the baseline's samples, which others are compared with."""
        for sample in samples:
            if sample.arm is Arm.BASELINE and is_usable(sample):
                self._baselines.setdefault(sample.case_id, []).append(sample)
        for drawn in self._baselines.values():
            drawn.sort(key=lambda sample: sample.index)

    def about(self, name: str, case: Case, sample: Sample) -> Sequence[Inquiry] | Unscored:
        """Return what an instrument asks about a sample, or why it can ask nothing."""
        asker = self._askers[name]
        baseline = None
        if asker.compares:
            baseline = self._partner(sample)
            if baseline is None:
                return NO_BASELINE
        return asker.inquiries(case, sample, baseline)

    def needs(self, name: str, case: Case) -> bool:
        """Return whether some bound or metric needs an instrument on a case."""
        return self._askers[name].needs(case)

    def needed(self, name: str, case: Case, sample: Sample) -> Sequence[Inquiry]:
        """Return what an instrument has to ask about a sample, where any bound or metric needs it."""
        asker = self._askers[name]
        if not (asker.reads(sample) and asker.needs(case)):
            return ()
        found = self.about(name, case, sample)
        return () if isinstance(found, Unscored) else found

    def lookup(self, kept: Kept) -> Callable[[str, Case, Sample], Heard | Unscored]:
        """Return what finds the answers about a sample for an instrument; see ``stages.score``."""

        def found(name: str, case: Case, sample: Sample) -> Heard | Unscored:
            inquiries = self.about(name, case, sample)
            if isinstance(inquiries, Unscored):
                return inquiries
            answers = [kept(inquiry.key) for inquiry in inquiries]
            there = [answer for answer in answers if answer is not None]
            if len(there) < len(answers):
                return NO_JUDGEMENT
            return Heard(there, self._partner(sample) if self._askers[name].compares else None)

        return found

    def _partner(self, sample: Sample) -> Sample | None:
        """Return the draw of the baseline that a draw of the candidate is compared with."""
        drawn = self._baselines.get(sample.case_id)
        return drawn[sample.index % len(drawn)] if drawn else None


def is_usable(sample: Sample) -> bool:
    """Return whether there is an answer that can be asked about."""
    return sample.error is None and sample.output is not None


def in_turn(samples: Callable[[], Iterable[Sample]]) -> Iterator[Sample]:
    """Yield the samples of both arms by turns, so that a day of the judge falls on both alike.

    Args:
        samples: returns all samples anew.
    """
    arms = [iter(_of(arm, samples())) for arm in Arm]
    while arms:
        for turn in list(arms):
            sample = next(turn, None)
            if sample is None:
                arms.remove(turn)
            else:
                yield sample


def _of(arm: Arm, samples: Iterable[Sample]) -> Iterator[Sample]:
    return (sample for sample in samples if sample.arm is arm)


@dataclass(frozen=True, slots=True)
class _Asker:
    """A remote instrument at work; ``slices`` are the parts of the cases that some bound needs."""

    instrument: Instrument
    scorer: ScorerPlugin
    compares: bool
    slices: Sequence[Slice]
    who: str
    _needs: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, instrument: Instrument, envelope: Envelope, scorer: ScorerPlugin) -> _Asker:
        assert instrument.by is not None
        assert scorer.remote is not None
        name = instrument.name
        slices = [bound.slice for bound in envelope.bounds if bound.metric.instrument == name]
        if any(metric.instrument == name for metric in envelope.metrics):
            slices = [EVERYTHING]
        return cls(instrument, scorer, scorer.remote.compares, slices, asker(instrument.by))

    def reads(self, sample: Sample) -> bool:
        return is_usable(sample) and not (self.compares and sample.arm is Arm.BASELINE)

    def needs(self, case: Case) -> bool:
        if case.id not in self._needs:
            self._needs[case.id] = any(part.holds(case.tags, case.metadata) for part in self.slices)
        return self._needs[case.id]

    def inquiries(
        self, case: Case, sample: Sample, baseline: Sample | None
    ) -> Sequence[Inquiry] | Unscored:
        options = self.instrument.options[sample.arm]
        try:
            questions = list(self.scorer.questions(case, sample, options, baseline))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a stranger's code, which may call sys.exit
            return Unscored(f"a failure of {self.scorer.id}: {error!r}"[:200])
        return [
            Inquiry(self.instrument.name, sample, number, question, self._key(question))
            for number, question in enumerate(questions)
        ]

    def _key(self, question: Question) -> str:
        turns = [[turn.role, turn.content] for turn in question.messages]
        return digest([self.who, turns, question.draw])[:32]
