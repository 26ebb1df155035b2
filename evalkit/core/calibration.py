"""What people said of a scorer's answers, and which part of all answers they were asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from evalkit.core.digest import digest
from evalkit.core.model import ABSENT, Case, Sample

NOT_DRAWN = -1
"""The stratum of an answer that no label was drawn from."""

SAME_WITHIN = 1e-6
"""Two values this near to each other are one: those of a file have been rounded."""

AnswerKey: TypeAlias = tuple[str, int, str]
"""A case, the index of the sample, and the digest of its text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that labels could have been drawn from: where it stood, and what was said of it.

    ``stratum`` is a place among the strata of the calibration; ``value`` is the scorer's; ``human``
    is the mean of what people said, or ``None`` where nobody was asked. ``asked`` is the digest of what
    it answered, or ``None`` where nobody knew.
    """

    snapshot: str
    stratum: int
    value: float
    human: float | None
    asked: str | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The labels of one value of a scorer, with all the answers that they are a random part of.

    ``scorer`` is the id with its version, ``options`` the digest of what it was told. Two
    calibrations are equal where their files are.
    """

    file: str = field(compare=False)
    digest: str
    scorer: str = field(compare=False)
    options: str = field(compare=False)
    value: str = field(compare=False)
    kind: str = field(compare=False)
    strata: tuple[str, ...] = field(compare=False)
    snapshots: frozenset[str] = field(compare=False)
    answers: Mapping[AnswerKey, tuple[Answer, ...]] = field(compare=False, repr=False)

    def of(self, sample: Sample, value: float, asked: str | None = None) -> Answer | None:
        """Return what is known of a sample that a scorer has given a value.

        That is nothing where the text is another one, for labels never speak of other answers, and
        nothing where the value is, or what was asked. An arm is looked for under its own name, and under every name
        where the calibration has none of its own.
        """
        found = self.answers.get((sample.case_id, sample.index, text_digest(sample)), ())
        own = sample.arm.value in self.snapshots
        for answer in found:
            if own and answer.snapshot != sample.arm.value:
                continue
            if answer.asked is not None and asked is not None and answer.asked != asked:
                continue
            if abs(answer.value - value) <= SAME_WITHIN:
                return answer
        return None


def text_digest(sample: Sample) -> str:
    """Return what tells the text of an answer from others."""
    text = "\0" if sample.output is None else sample.output
    return sha256(text.encode()).hexdigest()[:16]


def asked_digest(case: Case, beside: Sample | None) -> str:
    """Return what tells apart what people see beside an answer: question, reference, another answer."""
    other = None if beside is None else text_digest(beside)
    reference = [] if case.reference is ABSENT else [case.reference]
    return digest([case.input, reference, other])[:16]
