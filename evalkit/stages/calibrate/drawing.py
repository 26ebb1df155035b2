"""The answers of a run become strata, and an order to label them in that chance decides.

An answer stands in the stratum of what the scorer says of it, and apart where the other arm's answer to
the same case is said to be otherwise: there is most to learn. Where each case has one answer in both
arms, both are labelled together, so that differences can be taken pair by pair. Within a stratum the
order is nobody's choice: whenever labelling stops, what is labelled is a random part of each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.digest import chance_of
from evalkit.core.envelope import Kind, Support
from evalkit.core.labelling import ReadAnswer
from evalkit.core.model import Arm, Sample

FEWEST = 20
"""Labels that every stratum is given first."""

SCORE_STRATA = 4
"""Into so many equal parts the values of a score are divided."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer of a snapshot with the value that a scorer gave it.

    ``text`` is the digest of the answer, ``asked`` that of what people see beside it, where that is
    known; ``beside`` is the answer that it was compared with, where it was.
    """

    snapshot: str
    sample: Sample
    text: str
    value: float
    asked: str | None = None
    beside: Sample | None = None

    @property
    def key(self) -> AnswerName:
        """What the answer is called."""
        return self.snapshot, self.sample.case_id, self.sample.index


AnswerName = tuple[str, str, int]
"""A snapshot, a case, and the index of the sample."""


@dataclass(frozen=True, slots=True)
class Frame:
    """All answers that can be labelled: the stratum of each, and which are labelled together."""

    strata: tuple[str, ...]
    stratum: Mapping[AnswerName, int]
    units: tuple[tuple[Scored, ...], ...]


def frame_of(answers: Sequence[Scored], kind: Kind, support: Support) -> Frame:
    """Return the strata of all answers.

    Args:
        answers: those that have a value.
        kind: a rate or a score.
        support: the values there can be.
    """
    others = _others(answers)
    named = {each.key: _name(each, others.get(each.key), kind, support) for each in answers}
    strata = tuple(sorted(set(named.values())))
    place = {name: code for code, name in enumerate(strata)}
    return Frame(strata, {key: place[name] for key, name in named.items()}, _units(answers))


def _name(each: Scored, other: float | None, kind: Kind, support: Support) -> str:
    if kind is Kind.RATE:
        said, across = f"called {each.value:g}", "" if other is None else f"{other:g}"
        differs = other is not None and other != each.value
    else:
        said, differs = f"scored {_range(each.value, support)}", False
        across = ""
    return f"{said} where the other arm's is called {across}" if differs else said


def _range(value: float, support: Support) -> str:
    part = min(int((value - support.lower) / support.width * SCORE_STRATA), SCORE_STRATA - 1)
    low, high = (support.lower + support.width * step / SCORE_STRATA for step in (part, part + 1))
    return f"{low:g} to {high:g}"


def _others(answers: Sequence[Scored]) -> dict[AnswerName, float]:
    """Return what the first answer of the other arm to the same case was given, where there is one."""
    first: dict[tuple[str, str], Scored] = {}
    for each in answers:
        place = each.snapshot, each.sample.case_id
        if place not in first or each.sample.index < first[place].sample.index:
            first[place] = each
    other = {Arm.BASELINE.value: Arm.CANDIDATE.value, Arm.CANDIDATE.value: Arm.BASELINE.value}
    found = {}
    for each in answers:
        beside = first.get((other.get(each.snapshot, ""), each.sample.case_id))
        if beside is not None:
            found[each.key] = beside.value
    return found


def _units(answers: Sequence[Scored]) -> tuple[tuple[Scored, ...], ...]:
    """Return what is labelled together: both answers to a case where there is one in each arm."""
    by_case: dict[str, list[Scored]] = defaultdict(list)
    for each in answers:
        by_case[each.sample.case_id].append(each)
    arms = {arm.value for arm in Arm}
    paired = {each.snapshot for each in answers} == arms and all(
        len({each.snapshot for each in found}) == len(found) for found in by_case.values()
    )
    if paired:
        return tuple(tuple(found) for found in by_case.values())
    return tuple((each,) for each in answers)


# ---------------------------------------------------------------- order


def to_label(
    frame: Frame, done: Iterable[AnswerName], *, seed: int
) -> Iterator[tuple[Scored, ...]]:
    """Yield what should be labelled next, until nothing is left.

    Every stratum gets its fewest labels first; from then on each gets them by its size to the power of
    ⅔, which is best where a stratum's labels are nearly all alike.

    Args:
        frame: all answers.
        done: those that are labelled already.
        seed: what makes the order.
    """
    labelled = set(done)
    waiting: dict[tuple[int, ...], list[tuple[Scored, ...]]] = defaultdict(list)
    counts: Counter[tuple[int, ...]] = Counter()
    sizes: Counter[tuple[int, ...]] = Counter()
    for unit in frame.units:
        group = tuple(frame.stratum[each.key] for each in unit)
        sizes[group] += 1
        if all(each.key in labelled for each in unit):
            counts[group] += 1
        else:
            waiting[group].append(unit)
    for units in waiting.values():
        units.sort(key=lambda unit: (chance_of(str(seed), repr(unit[0].key[1:])), unit[0].key))
        units.reverse()
    while waiting:
        group = min(waiting, key=lambda group: (*_turn(counts[group], sizes[group]), group))
        yield waiting[group].pop()
        counts[group] += 1
        if not waiting[group]:
            del waiting[group]


def _turn(labelled: int, size: int) -> tuple[bool, float]:
    """Return how far a stratum has come: the least is next."""
    fewest = min(FEWEST, size)
    if labelled < fewest:
        return False, labelled / fewest
    return True, labelled / size ** (2 / 3)


def read_answers(
    frame: Frame, answers: Sequence[Scored], labels: Mapping[AnswerName, Mapping[str, float]]
) -> dict[str, tuple[ReadAnswer, ...]]:
    """Return the answers by snapshot, as a calibration keeps them, in the order of their cases."""
    found: dict[str, list[ReadAnswer]] = defaultdict(list)
    for each in sorted(answers, key=lambda each: each.key):
        said = labels.get(each.key, {})
        found[each.snapshot].append(
            ReadAnswer(
                each.sample.case_id, each.sample.index, each.text, each.value,
                frame.stratum[each.key], dict(sorted(said.items())), each.asked,
            )
        )  # fmt: skip
    return {name: tuple(read) for name, read in found.items()}


def wanted(frame: Frame, done: Iterable[AnswerName]) -> int:
    """Return how many more answers have to be labelled until every stratum has its fewest labels."""
    sizes = Counter((key[0], code) for key, code in frame.stratum.items())
    counts = Counter((key[0], frame.stratum[key]) for key in set(done))
    return sum(max(0, min(FEWEST, size) - counts[part]) for part, size in sizes.items())
