"""The outbox of a canary: in order, until it is taken, each webhook by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.core.canary import CanaryPlan, Stage
from evalkit.core.errors import SpecError, UsageError
from evalkit.core.watching import Delivery
from evalkit.flows.canary.outbox import FIRST_WAIT, LONGEST_WAIT, Outbox
from evalkit.flows.canary.watch import stage_of
from evalkit.testing.server import Heard, Reply, scripted
from evalkit.wire.clock import Clock
from evalkit.wire.webhook import Webhook

PLAN = CanaryPlan("chat", (Stage(0.05, 1, 2), Stage(0.2, 1, 2)), ())


class Hands:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 0.0

    @property
    def clock(self) -> Clock:
        """The clock."""
        return Clock(monotonic=lambda: self.now, wall=lambda: 1000.0 + self.now)


def decide(state: Path, *numbers: int) -> None:
    """Write decisions into the journal of a state file."""
    with state.with_name(f"{state.name}.journal.jsonl").open("a") as journal:
        journal.writelines(
            json.dumps({"number": number, "action": "hold"}) + "\n" for number in numbers
        )


def numbers(heard: list[Heard]) -> list[int]:
    """Return the decisions that a receiver was told of."""
    return [json.loads(item.body)["decision"]["number"] for item in heard]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the state file would be."""
    return tmp_path / "canary.json"


def test_a_webhook_hears_what_was_decided_since_it_is_there(state: Path) -> None:
    decide(state, 1, 2)
    with scripted([Reply(200)]) as server:
        outbox = Outbox(state, PLAN, Webhook(server.url, {}), Hands().clock)
        assert outbox.deliver().announced == 2
        decide(state, 3, 4)
        assert outbox.deliver() == Delivery(4)
        decide(state, 5)
        assert Outbox(state, PLAN, Webhook(server.url, {}), Hands().clock).deliver().announced == 5
        assert numbers(server.heard) == [3, 4, 5]
        keys = {heard.headers["webhook-id"] for heard in server.heard}
        assert len(keys) == 3


def test_what_is_not_taken_waits_longer_each_time_and_nothing_overtakes_it(state: Path) -> None:
    hands = Hands()
    with scripted([Reply(500)] * 12 + [Reply(200)]) as server:
        outbox = Outbox(state, PLAN, Webhook(server.url, {}), hands.clock)
        decide(state, 1, 2)
        waits = []
        for _ in range(12):
            delivery = outbox.deliver()
            assert (delivery.waiting, delivery.trouble) == (2, "127.0.0.1: HTTP 500")
            assert outbox.deliver() == delivery, "before its time nothing is tried"
            assert outbox.due_in is not None
            waits.append(outbox.due_in)
            hands.now += outbox.due_in
        assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
        assert waits[-1] == LONGEST_WAIT
        assert outbox.deliver().waiting == 0
        assert outbox.due_in is None
        assert numbers(server.heard) == [1] * 13 + [2]
        assert len({heard.headers["webhook-id"] for heard in server.heard[:13]}) == 1


def test_a_line_that_is_half_written_is_not_sent(state: Path) -> None:
    with scripted([Reply(200)]) as server:
        outbox = Outbox(state, PLAN, Webhook(server.url, {}), Hands().clock)
        journal = state.with_name(f"{state.name}.journal.jsonl")
        journal.write_text('{"number":1}\n{"number":2')
        assert outbox.deliver().announced == 1
        assert numbers(server.heard) == [1]


@pytest.mark.parametrize("text", ["{", '{"a": "b"}', "[]"])
def test_a_file_that_was_changed_by_hand_is_refused(state: Path, text: str) -> None:
    state.with_name(f"{state.name}.announced.json").write_text(text)
    with pytest.raises(SpecError, match="changed by hand"):
        Outbox(state, PLAN, Webhook("http://x.example", {}), Hands().clock)


def test_a_stage_is_named_by_its_share() -> None:
    assert [stage_of(PLAN, share) for share in (0.05, 0.2)] == [0, 1]
    with pytest.raises(UsageError, match="expected the share of a stage"):
        stage_of(PLAN, 0.5)
