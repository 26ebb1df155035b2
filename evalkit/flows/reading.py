"""What of the answers is kept while they are scored, to tell afterwards what no bound names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from evalkit.core.contract import Version
from evalkit.core.envelope import Envelope
from evalkit.core.errors import UserError
from evalkit.core.fields import FieldDrift
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.wording import count_text
from evalkit.features.format_version import declared_version, is_number, same_version
from evalkit.features.schema import named_in, sound_schema
from evalkit.stages.drift.texts import Texts
from evalkit.stages.fields import field_drift
from evalkit.stages.fields.reading import Fields

NAMED = 3
"""So many other versions are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Read:
    """What is kept of the answers: some texts to compare, and what stands in their fields."""

    envelope: Envelope
    texts: Texts | None
    fields: Fields

    @classmethod
    def of(cls, envelope: Envelope, cases: Mapping[str, Case]) -> Read:
        """Return what reads the answers to these cases."""
        texts = Texts(cases, envelope.seed) if envelope.reads_texts else None
        return cls(envelope, texts, Fields(cases, envelope.seed))

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield samples as they pass by."""
        samples = samples if self.texts is None else self.texts.passing(samples)
        return self.fields.passing(samples)

    def field_drift(self) -> FieldDrift | None:
        """Return what the fields of both arms differ by; nothing where one of them has none."""
        texts = [snapshot.response_schema for snapshot in self.envelope.snapshots.values()]
        words = [named_in(text) for text in texts if text is not None]
        return field_drift(self.fields, declared=frozenset().union(*words))

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each arm whose answers name another version than its schema."""
        for arm, snapshot in self.envelope.snapshots.items():
            version = _declared(snapshot.response_schema)
            if version is not None:
                yield from self._other_versions(arm, version)

    def _other_versions(self, arm: Arm, version: Version) -> Iterator[str]:
        named = self.fields.versions.get(arm, Counter())
        others = {
            text: count
            for text, count in sorted(named.items(), key=lambda item: (-item[1], item[0]))
            if not any(same_version(text, value) for value in version.values)
        }
        if others:
            # What is no number may be anything that a model has written.
            shown = [text for text in others if is_number(text)][:NAMED]
            more = len(others) - len(shown)
            also = [f"{count_text(more, 'other')}" if shown else "no number"] if more else []
            looked = count_text(sum(named.values()), "answer")
            yield (
                f"{sum(others.values()):,} of {looked} of the {arm} that name a format version name "
                f"another one ({', '.join([*shown, *also])}) than its response schema declares: "
                f"{version.text}."
            )


def _declared(schema: str | None) -> Version | None:
    try:
        return None if schema is None else declared_version(sound_schema(schema))
    except (ValueError, UserError):
        return None  # whoever compares the schemas, or holds answers to one, says what is wrong
