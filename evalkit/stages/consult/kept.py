"""What was answered about samples is a file of the run: a line a question, written once, found by its key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from evalkit.core.errors import Place, SpecError
from evalkit.core.model import Arm, Json, Prices, Sample, billed
from evalkit.core.records import RecordError, record_of, sample_of
from evalkit.files.json_text import JsonTextError, json_line, parse_json
from evalkit.files.writing import cut_to_whole_lines, replacing

OWN = ("arm", "id", "sample")
"""Of an answer: whom it is about stands beside it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One line: who asked about which sample, under which key, and what he was answered."""

    instrument: str
    arm: Arm
    case_id: str
    index: int
    question: int
    key: str
    answer: Sample


def judgement_record(item: Judgement) -> dict[str, Json]:
    """Return the line of a question that was answered, or failed."""
    answer = record_of(item.answer)
    for name in OWN:
        del answer[name]
    return {
        "instrument": item.instrument, "arm": item.arm.value, "id": item.case_id,
        "sample": item.index, "question": item.question, "key": item.key, "answer": answer,
    }  # fmt: skip


def _judgement(data: Json) -> Judgement:
    match data:
        case {
            "instrument": str(instrument), "arm": str(arm), "id": str(case_id),
            "sample": int(index), "question": int(question), "key": str(key),
            "answer": dict(answer),
        } if arm in tuple(Arm):  # fmt: skip
            found = sample_of({**answer, "id": case_id, "sample": index}, Arm(arm))
            return Judgement(instrument, Arm(arm), case_id, index, question, key, found)
    raise RecordError("expected a judgement: instrument, arm, id, sample, question, key and answer")


class Judgements:
    """The judgements of a run, read one at a time from where they stand."""

    def __init__(self, path: Path) -> None:
        """Open the file, if it is there, and note where each line begins.

        Raises:
            SpecError: the file was changed by hand and holds no judgements any more.
        """
        self._path = path
        self._stream: BinaryIO | None = None
        self._starts: dict[str, tuple[int, int]] = {}
        if path.is_file():
            self._stream = path.open("rb")
            try:
                self._note()
            except SpecError:
                self._stream.close()
                raise

    def __call__(self, key: str) -> Sample | None:
        """Return the answer under a key; nothing where there is none."""
        place = self._starts.get(key)
        return None if place is None else self._at(*place).answer

    def __contains__(self, key: object) -> bool:
        return key in self._starts

    def all(self) -> Iterator[Judgement]:
        """Yield every judgement, in the order they came."""
        for place in self._starts.values():
            yield self._at(*place)

    def _note(self) -> None:
        assert self._stream is not None
        start = 0
        for number, line in enumerate(self._stream, start=1):
            item = self._read(line, number)
            self._starts[item.key] = (start, number)
            start += len(line)

    def _at(self, start: int, number: int) -> Judgement:
        assert self._stream is not None
        self._stream.seek(start)
        return self._read(self._stream.readline(), number)

    def _read(self, line: bytes, number: int) -> Judgement:
        try:
            return _judgement(parse_json(line.decode()))
        except (UnicodeDecodeError, JsonTextError, RecordError) as error:
            raise SpecError.single(Place(str(self._path), number), str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()


def mend_judgements(path: Path) -> None:
    """Prepare the judgements of a run that was broken off: what failed, or was cut, is asked again.

    Raises:
        SpecError: the file was changed by hand.
    """
    if not path.is_file():
        return
    cut_to_whole_lines(path)
    with Judgements(path) as there, replacing(path) as beside:
        kept = (item for item in there.all() if item.answer.error is None)
        lines = "".join(json_line(judgement_record(item)) for item in kept)
        beside.write_text(lines, encoding="utf-8")


# ---------------------------------------------------------------- what they cost


@dataclass(frozen=True, slots=True)
class Consulted:
    """What an instrument asked: how many answers, how many failures, and what the answers cost."""

    answers: int = 0
    failures: int = 0
    cost_usd: float | None = None
    served: tuple[str, ...] = ()


def consulted(there: Judgements, prices: Mapping[str, Prices | None]) -> dict[str, Consulted]:
    """Return what each instrument asked, by name, in the order of ``prices``."""
    answers: dict[str, list[float | None]] = {name: [] for name in prices}
    failures = dict.fromkeys(prices, 0)
    served: dict[str, set[str]] = {name: set() for name in prices}
    for item in there.all():
        if item.instrument not in answers:
            continue
        if item.answer.error is not None:
            failures[item.instrument] += 1
            continue
        answers[item.instrument].append(billed(item.answer, prices[item.instrument]))
        if item.answer.model is not None:
            served[item.instrument].add(item.answer.model)
    return {
        name: Consulted(len(costs), failures[name], _sum(costs), tuple(sorted(served[name])))
        for name, costs in answers.items()
    }


def _sum(costs: list[float | None]) -> float | None:
    """Return what all of them cost, added exactly; nothing where one does not say."""
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None
