"""What people said of a scorer's answers, and which part of all answers they were asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from evalkit.core.model import Sample

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
    is the mean of what people said, or ``None`` where nobody was asked.
    """

    snapshot: str
    stratum: int
    value: float
    human: float | None


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

    def of(self, sample: Sample, value: float) -> Answer | None:
        """Return what is known of a sample that a scorer has given a value.

        That is nothing where the text is another one, for labels never speak of other answers, and
        nothing where the value is. An arm is looked for under its own name, and under every name
        where the calibration has none of its own.
        """
        found = self.answers.get((sample.case_id, sample.index, text_digest(sample)), ())
        own = sample.arm.value in self.snapshots
        for answer in found:
            if own and answer.snapshot != sample.arm.value:
                continue
            if abs(answer.value - value) <= SAME_WITHIN:
                return answer
        return None


def text_digest(sample: Sample) -> str:
    """Return what tells the text of an answer from others."""
    text = "\0" if sample.output is None else sample.output
    return sha256(text.encode()).hexdigest()[:16]
