"""The contract and the fields of answers are shown as rows, and nothing in them can act."""

from __future__ import annotations

import math
from dataclasses import replace

from evalkit.core.contract import Change, ContractDiff, Effect, Version
from evalkit.core.fields import Fact, FieldDrift, FieldEffect, FieldRow, News
from evalkit.core.model import Arm
from evalkit.core.verdict import Verdict
from evalkit.report.text.redacted import without_words
from evalkit.report.verdict.structure import MOST_CHANGES, contract_of, field_lines, fields_of
from evalkit.report.view import View, view_of
from tests.report.verdicts import every_verdict, manifest

MANIFEST = manifest()

EFFECT = FieldEffect(0.25, 0.1, 0.4, "Gaffke", approximate=False, told=True)


def row(fact: Fact, of: str = "", **keys: object) -> FieldRow:
    found = FieldRow("a.b", fact, of, 0.25, 0.5, 40, 40, 40, EFFECT, None, {}, declared=False)
    return replace(found, **keys)  # type: ignore[arg-type]


def drift(*rows: FieldRow, left_out: int = 0, beyond: int = 0, chosen: int = 80) -> FieldDrift:
    arms = dict.fromkeys(Arm, 80)
    return FieldDrift(80, chosen, arms, arms, beyond, 3, 9, 1, rows, left_out, 0.95)


def shown(
    *, fields: FieldDrift | None = None, contract: ContractDiff | None = None
) -> tuple[View, Verdict]:
    verdict = next(iter(every_verdict().values()))
    verdict = replace(verdict, facts=replace(verdict.facts, fields=fields, contract=contract))
    return view_of(verdict, MANIFEST), verdict


def test_every_fact_is_said_in_words() -> None:
    ends = {Arm.BASELINE: (0.0, 9.0)}
    unbounded = replace(EFFECT, lower=-math.inf, upper=math.inf, told=False)
    view, _ = shown(
        fields=drift(
            row(Fact.JSON, path="$"),
            row(Fact.PRESENT, news=News.APPEARS),
            row(Fact.TYPE, "null"),
            row(Fact.VALUE, "x\x1b[31m\ny"),
            row(Fact.LENGTH, ranges=ends),
            row(Fact.NUMBER, effect=replace(EFFECT, approximate=True)),
            row(Fact.NUMBER, effect=unbounded),
        )
    )
    found = fields_of(view)
    assert found is not None
    assert [part.what for part in found.rows] == [
        "is JSON", "is there", "is null", "is “x\\x1b[31m y”", "length", "mean", "mean",
    ]  # fmt: skip
    assert found.rows[1].note == "only in the candidate, shown to have changed"
    assert found.rows[1].change == "+25.0\u00a0points [+10.0 to +40.0\u00a0points]"
    assert found.rows[4].baseline == "0.2\u00a0items (0.0 to 9.0)"
    assert found.rows[5].note == "shown to have changed, approximate"
    assert (found.rows[6].change, found.rows[6].note) == ("+0.2", "")
    lines = list(field_lines(view))
    assert lines[0].startswith("$ is JSON: 25.0")
    assert lines[-1] == "and 3 more in the report"


def test_what_was_looked_at_and_left_out_is_counted() -> None:
    found = fields_of(shown(fields=drift(left_out=2, beyond=1, chosen=50))[0])
    assert found is not None
    assert found.sentence == (
        "3 fields were looked at in the answers to 50 of 80 cases, chosen by the seed; "
        "1 of 9 facts about them is shown to have changed."
    )
    assert "2 further rows not shown" in found.note
    assert "1 answer with more fields" in found.note


def test_a_redacted_verdict_has_only_words_that_a_schema_names() -> None:
    _, verdict = shown(
        fields=drift(
            row(Fact.VALUE, "secret"),
            row(Fact.TYPE, "null"),
            row(Fact.VALUE, "open", declared=True),
        )
    )
    found = fields_of(view_of(without_words(verdict), MANIFEST))
    assert found is not None
    assert [(part.path, part.what) for part in found.rows] == [
        ("a field that no schema names", "has one of its values"),
        ("a field that no schema names", "is null"),
        ("a.b", "is “open”"),
    ]


def test_changes_of_a_contract_are_rows_and_the_rest_is_counted() -> None:
    changes = [Change("a", "type", Effect.BREAKING, None, '"null"', "Why.\x1b")]
    changes += [Change("b", "anyOf", Effect.UNCLEAR, None, None, "Why.")] * MOST_CHANGES
    version = Version("2", ("2",), "version")
    found = contract_of(
        shown(
            contract=ContractDiff(
                None, version, incremented=False, version_why="it is so", changes=(*changes,)
            )
        )[0]
    )
    assert found is not None
    assert found.versions == "baseline no format version → candidate format version 2 (version)"
    assert (len(found.rows), found.left_out) == (MOST_CHANGES, 1)
    assert (found.rows[0].words, found.rows[0].why) == ('type: nothing → "null"', "Why.\\x1b")
    assert found.rows[1].words == ""
    assert found.way_out


def test_nothing_is_shown_of_one_schema_and_of_no_fields() -> None:
    view, _ = shown(
        contract=ContractDiff(None, None, incremented=False, version_why="", changes=())
    )
    assert contract_of(view) is None
    assert fields_of(view) is None
    assert not list(field_lines(view))
