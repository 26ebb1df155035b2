"""Templates become sentences: ``[one|another]`` is a choice and ``{slot}`` a blank to fill."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from golden_sets.writing.dice import Dice

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_GAP = re.compile(r" {2,}")


def told(template: str, slots: Mapping[str, str], dice: Dice) -> str:
    """Return a template with its choices made, innermost first, and its blanks filled.

    >>> told("[Good|Good] day, {name}[| and welcome|].", {"name": "Ada"}, Dice("x"))[:13]
    'Good day, Ada'
    """
    turn = 0
    while choice := _CHOICE.search(template):
        options = choice.group(1).split("|")
        template = (
            template[: choice.start()] + dice.at(turn).pick(options) + template[choice.end() :]
        )
        turn += 1
    return _GAP.sub(" ", template.format_map(slots)).strip()


def paragraph(templates: Iterable[str], slots: Mapping[str, str], dice: Dice) -> str:
    """Return templates as sentences one after another; an empty one leaves no gap."""
    sentences = (told(text, slots, dice.at(place)) for place, text in enumerate(templates))
    return " ".join(sentence for sentence in sentences if sentence)
