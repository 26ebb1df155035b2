"""Stories become cases of the summariser, and summaries of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from golden_sets.writing import customers, summarizer
from golden_sets.writing.dice import Dice, fate
from golden_sets.writing.prose import paragraph, told
from golden_sets.writing.replies import Answer
from golden_sets.writing.snapshots import SummaryDials
from golden_sets.writing.stories import (
    Story,
    disputes,
    figures,
    incidents,
    minutes,
    notices,
    reviews,
    studies,
)

KINDS: Mapping[str, tuple[tuple[Story, ...], int]] = {
    "minutes": (minutes.STORIES, 88),
    "notice": (notices.STORIES, 66),
    "review": (reviews.STORIES, 60),
    "study": (studies.STORIES, 60),
    "incident": (incidents.STORIES, 84),
    "dispute": (disputes.STORIES, 84),
    "figures": (figures.STORIES, 42),
}
"""The stories of each kind, and how many cases are made of them."""

SENSITIVE = ("incident", "dispute")
FIRM = 0.8
SENTENCES_A_PARAGRAPH = 3
FIRMS = (
    "Ostrava & Lind",
    "Halden Works",
    "Merrow Joinery",
    "Tessel Group",
    "Quay & Sons",
    "Brodik",
)
STREETS = (
    "Mill Lane",
    "Tanner Street",
    "Orchard Road",
    "Canal Walk",
    "Linden Alley",
    "Foundry Hill",
)
SURNAMES = (
    *("Kerrigan", "Osei", "Lindqvist", "Marchetti", "Novak", "Palmgren", "Rahimi", "Sorensen"),
    *("Tanaka", "Ueland", "Varga", "Weir", "Yilmaz", "Zeman", "Abara", "Brandt"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A case, and what the writer of its summaries must know about it."""

    id: str
    kind: str
    story: Story
    slots: Mapping[str, str]
    text: str

    def record(self) -> dict[str, Any]:
        """Return the case as a golden set has it."""
        accepted = told(self.story.key, self.slots, Dice("")).split("|")
        return {
            "id": self.id,
            "input": self.text,
            "reference": accepted[0] if len(accepted) == 1 else accepted,
            "tags": [self.kind, *(["sensitive"] if self.kind in SENSITIVE else [])],
            "metadata": {"story": self.story.name},
        }


def documents(dice: Dice) -> Iterator[Document]:
    """Yield all cases of the summariser, kind by kind."""
    for kind, (stories, count) in KINDS.items():
        for number in range(count):
            name = f"{kind}-{number + 1:02}"
            own = dice.at(name)
            story, slots = stories[number % len(stories)], _slots(own)
            yield Document(name, kind, story, slots, _text(story, slots, own.at("text")))


def summary(document: Document, dials: SummaryDials, case: Dice, draw: Dice) -> Answer:
    """Return the summary of a snapshot in one draw; arguments as in ``replies.answer``."""
    slots = {**document.slots, "matter": document.story.matter}
    refuses = dials.refuses if document.kind in SENSITIVE else 0.0
    if fate(case.at("refuses"), draw.at("refuses"), refuses, firm=FIRM):
        return Answer(told(draw.at("refusal").pick(summarizer.REFUSALS), slots, draw.at("refused")))
    sentences = _sentences(document, dials, case, draw)
    if draw.at("padded").happens(dials.padded):
        sentences = _padded(sentences, draw.at("padding"))
    written = [told(text, slots, draw.at("told", place)) for place, text in enumerate(sentences)]
    if draw.at("markup").happens(dials.markup):
        heading = draw.at("heading").pick(summarizer.HEADINGS)
        return Answer("\n".join([heading, "", *(f"- {sentence}" for sentence in written)]))
    return Answer(" ".join(written))


def _sentences(document: Document, dials: SummaryDials, case: Dice, draw: Dice) -> list[str]:
    story = document.story
    missed = 1 - (dials.exact if document.kind == "figures" else dials.key)
    misses = fate(case.at("key"), draw.at("key"), missed, firm=FIRM)
    key = draw.at("said").pick(story.missed if misses else story.told)
    count = draw.at("how much").weighed(dials.rest) or max(dials.rest)
    rest = draw.at("rest").some(story.rest[1:], min(count, len(story.rest)) - 1)
    place = draw.at("place").whole(0, 2)
    return [story.rest[0], *rest[:place], key, *rest[place:]]


def _padded(sentences: list[str], dice: Dice) -> list[str]:
    asides = dice.shuffled(summarizer.PADDING_ASIDES)[:3]
    found = [dice.at("opening").pick(summarizer.PADDING_OPENINGS)]
    for place, sentence in enumerate(sentences):
        found.append(sentence)
        if place % 2 == 1 and asides:
            found.append(asides.pop())
    return [*found, dice.at("closing").pick(summarizer.PADDING_CLOSINGS)]


def _text(story: Story, slots: Mapping[str, str], dice: Dice) -> str:
    size = SENTENCES_A_PARAGRAPH
    parts = [story.document[start : start + size] for start in range(0, len(story.document), size)]
    return "\n\n".join(
        paragraph(part, slots, dice.at("paragraph", place)) for place, part in enumerate(parts)
    )


def _slots(dice: Dice) -> dict[str, str]:
    thousands = dice.at("thousands").whole(12, 96)
    names = dice.at("names").shuffled(customers.NAMES)
    surnames = dice.at("surnames").shuffled(SURNAMES)
    months = dice.at("months").some(customers.MONTHS, 2)
    small = f"${dice.at('small').whole(1, 4)},{dice.at('hundreds').whole(12, 98)}0"
    return {
        "person": f"{names[0]} {surnames[0]}",
        "other": f"{names[1]} {surnames[1]}",
        "place": dice.at("place").pick(customers.TOWNS),
        "street": dice.at("street").pick(STREETS),
        "firm": dice.at("firm").pick(FIRMS),
        "date": f"{dice.at('first').whole(2, 27)} {months[0]}",
        "later": f"{dice.at('second').whole(2, 27)} {months[1]}",
        "day": dice.at("day").pick(customers.DAYS),
        "few": str(dice.at("few").whole(3, 9)),
        "count": str(dice.at("count").whole(12, 38)),
        "more": str(dice.at("more").whole(112, 489)),
        "percent": str(dice.at("percent").whole(11, 48)),
        "minutes": str(dice.at("minutes").whole(12, 48)),
        "hours": str(dice.at("hours").whole(4, 9)),
        "weeks": str(dice.at("weeks").whole(3, 12)),
        "small": small,
        "amount": f"${thousands},{dice.at('rest').whole(113, 487)}",
        "about": f"{dice.at('about').pick(('about', 'roughly', 'around'))} ${thousands},000",
    }
