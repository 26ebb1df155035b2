"""What a snapshot answers at the support desk: one JSON object, and the ways it can go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from golden_sets.writing import desk
from golden_sets.writing.dice import Dice, fate
from golden_sets.writing.prose import paragraph, told
from golden_sets.writing.snapshots import SupportDials
from golden_sets.writing.tickets import Ticket

PRIORITIES = ("low", "normal", "high", "urgent")
FIRM = 0.8
"""How often the case and not the draw decides whether it is refused or filed wrongly."""

GRIEF = ("memorial urn", "account of the deceased")
"""Where a cheerful opening would hurt."""


class Answer(NamedTuple):
    """What comes back for one request: a text, or a provider's own refusal in its place."""

    output: str | None
    finish_reason: str = "stop"
    refusal: str | None = None


def answer(ticket: Ticket, dials: SupportDials, case: Dice, draw: Dice) -> Answer:
    """Return the answer of a snapshot to a case in one draw.

    Args:
        ticket: the case.
        dials: what the snapshot is like.
        case: chance that belongs to the case, the same for every snapshot and draw.
        draw: chance of this snapshot and draw.
    """
    if ticket.kind == "adversarial" and draw.at("filter").happens(dials.filtered):
        return Answer("", "content_filter")
    category = _category(ticket, dials, case, draw)
    priority = _priority(ticket, dials, case, draw)
    refuses = fate(
        case.at("refuses"), draw.at("refuses"), dials.refuses.get(ticket.kind, 0.0), firm=FIRM
    )
    if refuses and draw.at("native").happens(dials.native):
        return Answer(None, refusal=draw.at("blunt").pick(desk.BLUNT_REFUSALS))
    slots = _words(ticket)
    if refuses:
        reply = told(draw.at("refusal").pick(desk.REFUSALS), slots, draw.at("refused"))
    elif draw.at("gushing").happens(dials.gushing):
        reply = paragraph(_gushing(ticket, draw), slots, draw.at("reply"))
    else:
        templates = _sentences(ticket, category, dials, draw)
        reply = paragraph(templates, slots, draw.at("reply"))
    fault = draw.at("fault").weighed(dials.faults)
    return _written({"category": category, "priority": priority, "reply": reply}, fault, draw)


def good_answer(ticket: Ticket, dials: SupportDials, dice: Dice) -> str:
    """Return what a snapshot answers on a good day, as the middle of a conversation."""
    reply = paragraph(
        _sentences(ticket, ticket.line, dials, dice), _words(ticket), dice.at("reply")
    )
    good = {"category": ticket.line, "priority": ticket.matter.priority, "reply": reply}
    return json.dumps(good, ensure_ascii=False)


# ---------------------------------------------------------------- labels


def _category(ticket: Ticket, dials: SupportDials, case: Dice, draw: Dice) -> str:
    wrong = 1 - dials.right[ticket.line]
    if not fate(case.at("category"), draw.at("category"), wrong, firm=FIRM):
        return ticket.line
    return case.at("neighbour").pick(desk.NEIGHBOURS[ticket.line])


def _priority(ticket: Ticket, dials: SupportDials, case: Dice, draw: Dice) -> str:
    right = ticket.matter.priority
    if not fate(case.at("priority"), draw.at("priority"), 1 - dials.priority, firm=FIRM):
        return right
    place = PRIORITIES.index(right)
    near = [level for level in (place - 1, place + 1) if 0 <= level < len(PRIORITIES)]
    return PRIORITIES[case.at("level").pick(near)]


# ---------------------------------------------------------------- sentences


def _words(ticket: Ticket) -> dict[str, str]:
    instead = ticket.matter.instead or "our colleagues on the phone"
    return {
        **ticket.slots,
        "topic": ticket.matter.topic or "this request",
        "instead": instead,
        "instead_upper": instead[0].upper() + instead[1:],
    }


def _sentences(ticket: Ticket, category: str, dials: SupportDials, draw: Dice) -> Iterator[str]:
    """Yield the templates of a usual reply: an opening, the help itself, and what goes around it."""
    rude = ticket.kind == "adversarial"
    if rude and draw.at("snaps").happens(dials.snaps):
        yield draw.at("snap").pick(desk.SNAPS)
    elif ticket.matter.name not in GRIEF and draw.at("opens").happens(0.9 if rude else 0.5):
        yield draw.at("opening").pick(desk.CALMING if rude else desk.OPENINGS)
    helps = [ticket.matter.helps[place] for place in ticket.fits]
    wrong = category != ticket.line
    if wrong and ticket.kind != "ambiguous" and draw.at("misreads").happens(0.7):
        yield draw.at("misreading").pick(desk.MISREADINGS[category])
        yield from helps[:1]
    else:
        wanted = draw.at("how much").weighed(dials.helps) or max(dials.helps)
        yield from [helps[0], *draw.at("helps").some(helps[1:], min(wanted, len(helps)) - 1)]
    if wrong or draw.at("desk").happens(0.3):
        yield desk.DESKS[category]
    if draw.at("closes").happens(0.4):
        yield draw.at("closing").pick(desk.CLOSINGS)


def _gushing(ticket: Ticket, draw: Dice) -> Iterator[str]:
    """Yield the templates of a reply that says everything, and how happy it is to say it."""
    yield draw.at("opening").pick(desk.GUSHING_OPENINGS)
    asides = draw.at("asides").shuffled(desk.GUSHING_ASIDES)
    for place, aside in zip(ticket.fits[:3], asides, strict=False):
        yield ticket.matter.helps[place]
        yield aside
    yield draw.at("closing").pick(desk.GUSHING_CLOSINGS)


# ---------------------------------------------------------------- form


def _written(parts: Mapping[str, str], fault: str | None, draw: Dice) -> Answer:
    form = _FORMS.get(fault or "")
    text = form(parts) if form else json.dumps(parts, ensure_ascii=False)
    if fault == "cut off":
        share = 0.4 + 0.5 * draw.at("cut").unit()
        return Answer(text[: int(len(text) * share)], "length")
    return Answer(text)


def _fenced(parts: Mapping[str, str]) -> str:
    return f"```json\n{json.dumps(parts, ensure_ascii=False, indent=2)}\n```"


def _numbered(parts: Mapping[str, str]) -> str:
    level = PRIORITIES.index(parts["priority"]) + 1
    return json.dumps({**parts, "priority": level}, ensure_ascii=False)


def _renamed(parts: Mapping[str, str]) -> str:
    renamed = {"message" if key == "reply" else key: value for key, value in parts.items()}
    return json.dumps(renamed, ensure_ascii=False)


def _introduced(parts: Mapping[str, str]) -> str:
    return f"Here is the ticket:\n{json.dumps(parts, ensure_ascii=False)}"


_FORMS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "fenced": _fenced,
    "priority as a number": _numbered,
    "field renamed": _renamed,
    "introduced": _introduced,
}
