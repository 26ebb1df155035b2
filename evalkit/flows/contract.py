"""Two response schemas, in files or on the arms of an envelope → what became of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalkit.core.contract import ContractDiff
from evalkit.core.contract_wording import contract_note
from evalkit.core.envelope import Envelope
from evalkit.core.errors import Place, Problem, SpecError, UserError
from evalkit.features.schema import SoundSchema, sound, sound_schema
from evalkit.files.json_text import json_document
from evalkit.files.text import whole_text
from evalkit.stages.contract import contract_diff


def diff_of_files(old: Path, new: Path) -> ContractDiff:
    """Return what became of a schema between two files.

    Raises:
        SpecError: with what is wrong with either file.
        UsageError: they are too large to be compared.
    """
    found: list[SoundSchema] = []
    problems: list[Problem] = []
    for path in (old, new):
        try:
            found.append(_schema(path))
        except SpecError as error:
            problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    return contract_diff(*found)


def _schema(path: Path) -> SoundSchema:
    file = str(path)
    data = json_document(whole_text(path), file)
    if not isinstance(data, dict):
        raise SpecError.single(Place(file), "expected a JSON Schema: an object of its words")
    try:
        return sound(data)
    except ValueError as error:
        raise SpecError.single(Place(file), f"expected a JSON Schema: {error}") from None


def diff_of_arms(envelope: Envelope) -> ContractDiff | str | None:
    """Return what became of the schema that answers are held to between baseline and candidate.

    Nothing where it is the same, or one arm has none; a sentence where they cannot be compared.
    """
    texts = [snapshot.response_schema for snapshot in envelope.snapshots.values()]
    if len(texts) < 2 or None in texts or texts[0] == texts[1]:
        return None
    try:
        return contract_diff(*(sound_schema(str(text)) for text in texts))
    except (ValueError, UserError) as error:
        return f"The response schemas of the arms cannot be compared: {error}"


def contract_notes(found: ContractDiff | str | None) -> Iterator[str]:
    """Yield what a reader of a verdict has to know of it: where readers break, it is said first."""
    if isinstance(found, str):
        yield found
    elif found is not None and found.changes:
        yield contract_note(found)
