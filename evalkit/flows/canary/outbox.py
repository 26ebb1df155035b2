"""Decisions are announced in the order they were made, each until it was taken.

The journal of the canary is what is to be sent; beside it stands how far it was. A process that
dies between the two sends one decision again, under the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.core.canary import CanaryPlan
from evalkit.core.errors import Place, SpecError
from evalkit.core.model import Json
from evalkit.core.watching import Delivery
from evalkit.files.json_text import JsonTextError, document_text, json_line, parse_json
from evalkit.files.text import whole_text
from evalkit.files.writing import write_whole
from evalkit.flows.canary.opened import journal_path, last_number
from evalkit.wire.clock import Clock
from evalkit.wire.webhook import Webhook

SCHEMA = "evalkit.canary-decision/1"
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds between two attempts at what was not taken: twice as many each time."""
KEY_LETTERS = 32


@dataclass(frozen=True, slots=True)
class _Letter:
    """A decision on its way."""

    number: int
    key: str
    body: bytes


class Outbox:
    """What a webhook is still to be told of the decisions of one state file."""

    def __init__(self, state: Path, plan: CanaryPlan, webhook: Webhook, clock: Clock) -> None:
        self._journal = journal_path(state)
        self._kept = state.with_name(f"{state.name}.announced.json")
        self._plan = plan
        self._webhook = webhook
        self._clock = clock
        self._trouble: str | None = None
        self._wait = 0.0
        self._not_before = -float("inf")
        self._announced = self._begun()

    def deliver(self, *, now: bool = False) -> Delivery:
        """Announce what was not, until one is not taken.

        Args:
            now: try at once, however lately it failed.
        """
        letters = list(self._letters())
        if now or self._clock.monotonic() >= self._not_before:
            while letters and self._sent(letters[0]):
                letters.pop(0)
        return Delivery(self._announced, len(letters), self._trouble if letters else None)

    @property
    def due_in(self) -> float | None:
        """In how many seconds the next attempt is due; nothing where nothing failed."""
        return None if self._trouble is None else max(self._not_before - self._clock.monotonic(), 0)

    def _sent(self, letter: _Letter) -> bool:
        self._trouble = self._webhook.post(letter.body, key=letter.key, moment=self._clock.wall())
        if self._trouble is not None:
            self._wait = min(max(2 * self._wait, FIRST_WAIT), LONGEST_WAIT)
            self._not_before = self._clock.monotonic() + self._wait
            return False
        self._wait = 0.0
        self._keep(letter.number)
        return True

    # ------------------------------------------------------------ on disk

    def _letters(self) -> Iterator[_Letter]:
        """Yield the decisions that were not announced, the oldest first."""
        if not self._journal.is_file():
            return
        for line in self._journal.read_text("utf-8").splitlines(keepends=True):
            # A line without an end is being written, or was when somebody died.
            record = _parsed(line) if line.endswith("\n") else None
            number = record.get("number") if isinstance(record, dict) else None
            if isinstance(number, int) and number > self._announced:
                key = hashlib.sha256(line.encode()).hexdigest()[:KEY_LETTERS]
                message: dict[str, Json] = {
                    "schema": SCHEMA, "key": key, "envelope": self._plan.name, "decision": record,
                }  # fmt: skip
                yield _Letter(number, key, json_line(message).encode())

    def _begun(self) -> int:
        """Return up to where decisions were announced: a new webhook hears of new ones only."""
        kept = self._read()
        number = kept.get(self._webhook.name)
        if number is None:
            number = last_number(self._journal)
            self._keep(number)
        return number

    def _keep(self, number: int) -> None:
        self._announced = number
        write_whole(self._kept, document_text({**self._read(), self._webhook.name: number}))

    def _read(self) -> Mapping[str, int]:
        if not self._kept.exists():
            return {}
        found = _parsed(whole_text(self._kept))
        if isinstance(found, dict):
            numbers = {name: item for name, item in found.items() if isinstance(item, int)}
            if len(numbers) == len(found):
                return numbers
        raise SpecError.single(
            Place(str(self._kept)),
            "expected a number for each webhook; the file was changed by hand",
        )


def _parsed(text: str) -> Json:
    try:
        return parse_json(text)
    except JsonTextError:
        return None
