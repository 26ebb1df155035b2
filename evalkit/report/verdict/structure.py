"""What became of the contract and of the fields of answers becomes rows, and a line or two."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.core.contract import Change, ContractDiff, Effect
from evalkit.core.contract_wording import contract_sentence, way_out
from evalkit.core.envelope import Kind
from evalkit.core.fields import Fact, FieldDrift, FieldRow, News
from evalkit.core.model import Arm
from evalkit.core.wording import SPACE, count_text, difference_text, value_text
from evalkit.report.text.safe import one_line
from evalkit.report.view import View

MOST_TOLD = 3
"""So many fields are told beside a verdict; the report has them all."""
MOST_CHANGES = 100
MOST_WORD, MOST_PATH, MOST_SCHEMA = 60, 120, 200
UNNAMED = "a field that no schema names"

TYPES = {
    "object": "an object", "array": "a list", "string": "a text", "integer": "a whole number",
    "number": "a number with a fraction", "boolean": "a boolean", "null": "null",
}  # fmt: skip
NEWS = {News.APPEARS: "only in the candidate", News.DISAPPEARS: "only in the baseline"}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of a schema."""

    path: str
    effect: str
    tone: str
    why: str
    words: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What became of a response schema between the arms."""

    sentence: str
    way_out: str
    versions: str
    rows: tuple[ChangeRow, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class FieldText:
    """One fact about one field; ``note`` says what a reader should see first of it."""

    path: str
    what: str
    n: str
    baseline: str
    candidate: str
    change: str
    note: str
    told: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that speak for a change, and what they were chosen from."""

    rows: tuple[FieldText, ...]
    sentence: str
    note: str


TONES = {
    Effect.BREAKING: "bad",
    Effect.UNCLEAR: "warn",
    Effect.ADDITIVE: "good",
    Effect.COSMETIC: "none",
}


def contract_of(view: View) -> Contract | None:
    """Return what became of the schema between the arms, or nothing where it is one."""
    found = view.verdict.facts.contract
    if found is None or not found.changes:
        return None
    return Contract(
        sentence=contract_sentence(found),
        way_out=way_out(found),
        versions=_versions(found),
        rows=tuple(_change(change) for change in found.changes[:MOST_CHANGES]),
        left_out=max(0, len(found.changes) - MOST_CHANGES),
    )


def _versions(found: ContractDiff) -> str:
    texts = [
        f"{arm} {f'format version {version.text} ({version.where})' if version else 'no format version'}"
        for arm, version in zip(Arm, (found.old_version, found.new_version), strict=True)
    ]
    return one_line(" → ".join(texts))


def _change(change: Change) -> ChangeRow:
    words = ""
    if change.before is not None or change.after is not None:
        before, after = (
            "nothing" if text is None else one_line(text, most=MOST_SCHEMA)
            for text in (change.before, change.after)
        )
        words = f"{change.keyword}: {before} → {after}"
    return ChangeRow(
        path=one_line(change.path, most=MOST_PATH),
        effect=change.effect.value,
        tone=TONES[change.effect],
        why=one_line(change.why),
        words=one_line(words, most=3 * MOST_SCHEMA),
    )


# ---------------------------------------------------------------- fields


def fields_of(view: View) -> Fields | None:
    """Return what the fields of both arms differ by, or nothing where there are none."""
    found = view.verdict.facts.fields
    if found is None:
        return None
    return Fields(
        rows=tuple(_field(row) for row in found.rows), sentence=_sentence(found), note=_note(found)
    )


def field_lines(view: View) -> Iterator[str]:
    """Yield what is told of fields beside a verdict: only what changed."""
    found = view.verdict.facts.fields
    changed = [row for row in found.rows if row.effect.told or row.news] if found else []
    for row in changed[:MOST_TOLD]:
        text = _field(row)
        news = f", {NEWS[row.news]}" if row.news else ""
        where = f"{text.path} {text.what}".strip()
        yield f"{where}: {text.baseline} → {text.candidate}, {text.change}{news}"
    if len(changed) > MOST_TOLD:
        yield f"and {len(changed) - MOST_TOLD:,} more in the report"


def _sentence(found: FieldDrift) -> str:
    looked = count_text(found.paths, "field")
    where = count_text(found.cases, "case")
    if found.chosen < found.cases:
        where = f"{found.chosen:,} of {where}, chosen by the seed"
    told = f"{found.differ:,} of {count_text(found.looked_at, 'fact')} about them"
    verb = "is" if found.differ == 1 else "are"
    were = "was" if found.paths == 1 else "were"
    return (
        f"{looked} {were} looked at in the answers to {where}; {told} {verb} shown to have changed."
    )


def _note(found: FieldDrift) -> str:
    parts = [
        f"{found.parsed[arm]:,} of {count_text(found.answered[arm], 'answer')} of the {arm} are JSON"
        for arm in Arm
    ]
    if found.left_out:
        parts.append(f"{count_text(found.left_out, 'further row')} not shown, with less evidence")
    if found.beyond:
        parts.append(
            f"{count_text(found.beyond, 'answer')} with more fields, deeper or longer ones than are looked at"
        )
    parts.append(
        f"every interval holds at {100 * found.confidence:g}{SPACE}% for all of these facts at once"
    )
    text = "; ".join(parts)
    return f"{text}."


def _field(row: FieldRow) -> FieldText:
    kind = Kind.RATE if row.fact.share else Kind.AMOUNT
    unit = "items" if row.fact is Fact.LENGTH else ""
    effect = row.effect
    low, high = (difference_text(end, kind, unit) for end in (effect.lower, effect.upper))
    change = difference_text(effect.value, kind, unit)
    if math.isfinite(effect.lower) or math.isfinite(effect.upper):
        change += f" [{low.rpartition(SPACE)[0] or low} to {high}]"
    notes = [NEWS[row.news]] if row.news else []
    notes += ["shown to have changed"] if effect.told else []
    notes += ["approximate"] if effect.approximate and effect.told else []
    return FieldText(
        path=one_line(row.path, most=MOST_PATH) or UNNAMED,
        what=_what(row),
        n=f"{row.pairs:,}",
        baseline=_level(row, Arm.BASELINE, row.baseline, kind, unit),
        candidate=_level(row, Arm.CANDIDATE, row.candidate, kind, unit),
        change=change,
        note=", ".join(notes),
        told=effect.told,
    )


def _what(row: FieldRow) -> str:
    match row.fact:
        case Fact.JSON:
            return "is JSON"
        case Fact.PRESENT:
            return "is there"
        case Fact.TYPE:
            return f"is {TYPES.get(row.of, row.of)}"
        case Fact.VALUE:
            word = one_line(row.of, most=MOST_WORD)
            return f"is “{word}”" if word else "has one of its values"
        case Fact.LENGTH:
            return "length"
    return "mean"


def _level(row: FieldRow, arm: Arm, value: float, kind: Kind, unit: str) -> str:
    text = value_text(value, kind, unit)
    ends = row.ranges.get(arm)
    if ends is None:
        return text
    low, high = (value_text(end, kind, "") for end in ends)
    return f"{text} ({low} to {high})"
