"""Matters become cases of the support desk: plain ones, ambiguous ones, and rude customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from golden_sets.writing import customers
from golden_sets.writing.dice import Dice
from golden_sets.writing.matters import (
    Matter,
    account,
    billing,
    returns,
    shipping,
    technical,
    things,
)
from golden_sets.writing.prose import told

LINES = {
    "billing": billing,
    "shipping": shipping,
    "returns": returns,
    "account": account,
    "technical": technical,
}
COUNTS: Mapping[str, Mapping[str, int]] = {
    "plain": {"billing": 56, "shipping": 60, "returns": 48, "account": 48, "technical": 60},
    "ambiguous": {"billing": 56, "shipping": 72, "returns": 42, "account": 72, "technical": 108},
    "adversarial": {"billing": 36, "shipping": 36, "returns": 26, "account": 26, "technical": 32},
}
"""How many cases of each kind every desk gets; what they must be able to prove sets the numbers."""

CONVERSATIONS = 18
"""So many plain cases get a second one, which is the same conversation one message later."""

CHANNELS = {"e-mail": 0.35, "chat": 0.35, "web form": 0.3}
FORMS = {"e-mail": customers.LETTERS, "chat": customers.CHATS, "web form": customers.FORMS}


@dataclass(frozen=True, slots=True)
class Ticket:
    """A case, and what the writer of its answers must know about it.

    ``fits`` are the places of the matter's helps that answer it, the best one first.
    """

    id: str
    kind: str
    line: str
    matter: Matter
    fits: tuple[int, ...]
    slots: Mapping[str, str]
    channel: str
    asked: str | list[dict[str, str]]
    cluster: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the case as a golden set has it."""
        shared = {} if self.cluster is None else {"cluster": self.cluster}
        return {
            "id": self.id,
            "input": self.asked,
            "reference": {"category": self.line, "priority": self.matter.priority},
            "tags": [self.kind, self.line],
            **shared,
            "metadata": {"channel": self.channel, "matter": self.matter.name},
        }


class _Asked(NamedTuple):
    """What a ticket has beside its matter, in the order of its fields."""

    fits: tuple[int, ...]
    slots: Mapping[str, str]
    channel: str
    asked: str


def tickets(dice: Dice) -> Iterator[Ticket]:
    """Yield all cases but the follow-ups, in order of kind and desk."""
    for kind, counts in COUNTS.items():
        for line, count in counts.items():
            module = LINES[line]
            matters = module.AMBIGUOUS if kind == "ambiguous" else module.PLAIN
            for number in range(count):
                name = f"{line}-{kind}-{number + 1:02}"
                turn, place = divmod(number, len(matters))
                matter = matters[place]
                asked = _asked(kind, matter, turn, dice.at(name))
                yield Ticket(name, kind, line, matter, *asked)


def follow_up(ticket: Ticket, answer: str, number: int, dice: Dice) -> tuple[Ticket, Ticket]:
    """Return a case as the first of a conversation, and the case that comes after its answer."""
    assert isinstance(ticket.asked, str)
    cluster = f"conversation-{number + 1:02}"
    turns = [
        {"role": "user", "content": ticket.asked},
        {"role": "assistant", "content": answer},
        {
            "role": "user",
            "content": told(dice.pick(customers.AGAIN), ticket.slots, dice.at("again")),
        },
    ]
    fits = (*ticket.fits[1:], ticket.fits[0])
    second = replace(ticket, id=f"{ticket.id}-again", asked=turns, fits=fits, cluster=cluster)
    return replace(ticket, cluster=cluster), second


def _asked(kind: str, matter: Matter, turn: int, dice: Dice) -> _Asked:
    """Return how a matter is put for the so-manieth time, and what belongs to it."""
    places, _, ask = matter.asks[turn % len(matter.asks)].partition(": ")
    fits = tuple(map(int, places))
    slots = _slots(matter, dice)
    channel = dice.at("channel").weighed(CHANNELS) or "e-mail"
    text = told(ask, slots, dice.at("ask"))
    if kind == "adversarial":
        text = _rude(text, slots, dice.at("rude"))
    if slots["order"] not in text and any("{order}" in matter.helps[place] for place in fits):
        text = told(f"{text} {customers.ORDER}", slots, dice.at("order"))
    if channel == "chat":
        text = _typed(text, dice.at("typed"))
    form = dice.at("form").pick(FORMS[channel])
    message = told(form, {**slots, "text": text}, dice.at("told"))
    return _Asked(fits, slots, channel, message)


def _slots(matter: Matter, dice: Dice) -> dict[str, str]:
    item = dice.at("item").pick(matter.things)
    day, soon = dice.at("days of the week").shuffled(customers.DAYS)[:2]
    date, month = dice.at("day of month").whole(2, 27), dice.at("month").pick(customers.MONTHS)
    cents = dice.at("cents").pick(("00", "90", "99", "50", "49"))
    return {
        "order": f"BW-{dice.at('order').whole(20411, 98764)}",
        "amount": f"{dice.at('amount').whole(14, 389)}.{cents}",
        "item": item,
        "items": f"{item}s",
        "lamp": dice.at("lamp").pick(things.LAMPS),
        "day": day,
        "soon": soon,
        "date": f"{date} {month}",
        "town": dice.at("town").pick(customers.TOWNS),
        "name": dice.at("name").pick(customers.NAMES),
        "days": str(dice.at("days").whole(4, 12)),
        "count": str(dice.at("count").whole(12, 96)),
        "few": str(dice.at("few").whole(3, 6)),
        "age": str(dice.at("age").whole(8, 13)),
    }


def _rude(text: str, slots: Mapping[str, str], dice: Dice) -> str:
    opening = told(dice.at("opening").pick(customers.RUDE_OPENINGS), slots, dice.at("opens"))
    closing = told(dice.at("closing").pick(customers.RUDE_CLOSINGS), slots, dice.at("closes"))
    match dice.at("form").whole(1, 4):
        case 1:
            return f"{opening} {text}"
        case 2:
            return f"{text} {closing}"
    return f"{opening} {text} {closing}"


def _typed(text: str, dice: Dice) -> str:
    """Return a text as people type it on a phone."""
    if dice.at("small").happens(0.6):
        text = text[0].lower() + text[1:]
    return text.removesuffix(".") if dice.at("stop").happens(0.6) else text
