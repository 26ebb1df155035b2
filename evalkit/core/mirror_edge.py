"""What is found about live answers at the edge, and what a caller is told of one that is kept back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.mirror import Refused


class OnViolation(StrEnum):
    """What becomes of an answer that breaks the response schema."""

    COUNT = "count"
    LOG = "log"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """The schema that live answers are held to, as text; ``None`` stands for the envelope's own."""

    text: str | None = None
    on_violation: OnViolation = OnViolation.COUNT


class Checked(StrEnum):
    """What a check came to.

    ``too_long`` is what is long, or so much work that it is not checked, and ``skipped`` where there
    is no text: the snapshot declined, called a tool, or answers in a form that nobody here reads.
    """

    VALID = "valid"
    VIOLATED = "violated"
    NOT_JSON = "not_json"
    TOO_LONG = "too_long"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; of a violation where in the answer, and the word of the schema it breaks.

    ``place`` holds no text of the model: a key that the schema does not name is a star in it.
    """

    checked: Checked
    place: str = ""
    rule: str = ""

    @property
    def sound(self) -> bool:
        """Whether an answer may pass where violations are rejected."""
        return self.checked in {Checked.VALID, Checked.SKIPPED}

    @property
    def sentence(self) -> str:
        """What is said of it, to the caller and in a log.

        >>> Finding(Checked.VIOLATED, "$.items[2].price", "type").sentence
        'the answer breaks the response schema at $.items[2].price (type)'
        """
        match self.checked:
            case Checked.VIOLATED:
                return f"the answer breaks the response schema at {self.place} ({self.rule})"
            case Checked.NOT_JSON:
                return "the answer is no JSON, and the response schema asks for it"
            case Checked.TOO_LONG:
                return "the answer takes too long to be held to the response schema"
        return ""

    def refused(self) -> Refused:
        """Return what the caller gets in place of the answer."""
        return Refused(502, "schema_violation", self.sentence)
