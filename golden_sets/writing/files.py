"""Cases and answers become files: two golden sets, and a recording for each snapshot."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from golden_sets.writing.dice import Dice
from golden_sets.writing.documents import Document, documents, summary
from golden_sets.writing.recordings import recorded, tokens
from golden_sets.writing.replies import Answer, answer, good_answer
from golden_sets.writing.snapshots import BASELINE, CANDIDATES, SNAPPISH, Snapshot
from golden_sets.writing.tickets import CONVERSATIONS, Ticket, follow_up, tickets

Asked = TypeVar("Asked", Ticket, Document)


def write_example(into: Path, *, seed: int, prompts: Path) -> None:
    """Write every file of the example.

    Args:
        into: the folder of the golden sets; recordings go into its ``outputs``.
        seed: which draw of the world it is.
        prompts: where the system prompts lie, whose length is part of every price.
    """
    world = Dice(f"evalkit {seed}")
    (into / "outputs").mkdir(parents=True, exist_ok=True)
    for endpoint, snapshots in (
        (_support(world.at("support")), (BASELINE, *CANDIDATES, SNAPPISH)),
        (_summarize(world.at("summarize")), (BASELINE, *CANDIDATES)),
    ):
        golden_set = into / f"{endpoint.name}.jsonl"
        golden_set.write_bytes(_lines(case.record() for case in endpoint.cases))
        prompt = tokens((prompts / f"{endpoint.name}.md").read_text(encoding="utf-8"))
        for snapshot in snapshots:
            recording = into / "outputs" / f"{endpoint.name}.{snapshot.model}.jsonl.gz"
            recording.write_bytes(_packed(_lines(endpoint.records(snapshot, prompt))))


# ---------------------------------------------------------------- endpoints


@dataclass(frozen=True, slots=True)
class _Endpoint(Generic[Asked]):
    """One endpoint: its cases, and how a snapshot answers one of them in one draw.

    ``answered`` takes the case, the snapshot, the case's own chance and that of the draw.
    """

    name: str
    world: Dice
    cases: Sequence[Asked]
    answered: Callable[[Asked, Snapshot, Dice, Dice], Answer]

    def records(self, snapshot: Snapshot, prompt: int) -> Iterable[dict[str, Any]]:
        """Yield a snapshot's recorded outputs; ``prompt`` are the tokens of the system prompt."""
        draws = [(sample, case) for sample in range(snapshot.draws) for case in self.cases]
        for place, (sample, case) in enumerate(draws):
            draw = self.world.at(snapshot.model, case.id, sample)
            record = case.record()
            yield recorded(
                case.id,
                sample,
                answer=self.answered(case, snapshot, self.world.at(case.id), draw),
                asked=prompt + tokens(json.dumps(record["input"], ensure_ascii=False)),
                snapshot=snapshot,
                place=place,
                dice=draw,
            )


def _support(world: Dice) -> _Endpoint[Ticket]:
    def answered(ticket: Ticket, snapshot: Snapshot, case: Dice, draw: Dice) -> Answer:
        return answer(ticket, snapshot.support, case, draw)

    cases = world.at("order").shuffled(_with_conversations(list(tickets(world)), world))
    return _Endpoint("support", world, cases, answered)


def _summarize(world: Dice) -> _Endpoint[Document]:
    def answered(document: Document, snapshot: Snapshot, case: Dice, draw: Dice) -> Answer:
        return summary(document, snapshot.summarize, case, draw)

    cases = world.at("order").shuffled(list(documents(world)))
    return _Endpoint("summarize", world, cases, answered)


def _with_conversations(asked: Sequence[Ticket], world: Dice) -> list[Ticket]:
    """Return the cases with a second one after some of the plain ones."""
    found = list(asked)
    plain = [place for place, ticket in enumerate(asked) if ticket.kind == "plain"]
    for number, place in enumerate(world.at("conversations").some(plain, CONVERSATIONS)):
        dice = world.at("conversation", number)
        before = good_answer(asked[place], BASELINE.support, dice)
        found[place], second = follow_up(asked[place], before, number, dice)
        found.append(second)
    return found


# ---------------------------------------------------------------- bytes


def _lines(records: Iterable[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(item, ensure_ascii=False)}\n" for item in records).encode()


def _packed(content: bytes) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0, filename="") as file:
        file.write(content)
    return packed.getvalue()
