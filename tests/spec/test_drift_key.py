"""The ``drift`` key: whether texts are compared, how well they may be told apart, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jsonschema import Draft7Validator

from evalkit.core.envelope import Kind, LimitKind, Require, Severity
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.json_schema import envelope_schema
from evalkit.spec.overrides import Overrides
from evalkit.stages.ledger import paid, question

Load = Callable[..., LoadedEnvelope]
ProblemsOf = Callable[..., list[str]]

BASELINE = "baseline: {provider: replay, path: outputs.jsonl}\n"


def text(
    drift: str = "", *, baseline: str = BASELINE, bound: str = "metric: refusal, max: 3%"
) -> str:
    return (
        f"version: 1\nname: x\ngolden_set: golden.jsonl\n{baseline}"
        "candidate: {provider: replay, path: outputs.jsonl}\n"
        f"bounds:\n  - {{{bound}}}\n" + (f"drift: {drift}\n" if drift else "")
    )


@pytest.mark.parametrize(
    ("drift", "reads"),
    [("", True), ("on", True), ("off", False), ("{look: off}", False), ("{max: 60%}", True)],
)
def test_texts_are_compared_unless_the_envelope_says_otherwise(
    load: Load, drift: str, *, reads: bool
) -> None:
    assert load(text(drift)).envelope.reads_texts is reads


def test_a_bound_is_laid_on_how_well_the_arms_are_told_apart(load: Load) -> None:
    loaded = load(text("{max: 60%, severity: warn, confidence: 0.9}"))
    bound = loaded.envelope.drift_bound
    assert bound is not None
    assert (bound.name, bound.metric.kind, bound.limit.kind) == (
        "drift",
        Kind.RATE,
        LimitKind.ABSOLUTE,
    )
    assert (bound.limit.min, bound.limit.max, bound.confidence) == (None, 0.6, 0.9)
    assert (bound.severity, bound.require) == (Severity.WARN, Require.PROVEN)
    assert loaded.places["drift"].line == 8
    assert [each.name for each in loaded.envelope.bounds] == ["refusal"]


def test_what_the_bound_leaves_out_is_the_envelopes_own(load: Load) -> None:
    loaded = load(text("{max: 0.7}") + "require: not-disproven\nconfidence: 0.99\n")
    bound = loaded.envelope.drift_bound
    assert bound is not None
    assert (bound.require, bound.severity, bound.confidence) == (
        Require.NOT_DISPROVEN, Severity.BLOCK, 0.99,
    )  # fmt: skip


def test_a_bound_survives_that_nobody_looks(load: Load) -> None:
    loaded = load(text("{max: 0.7}"), overrides=Overrides(drift="off"))
    assert loaded.envelope.drift_bound is not None
    assert not loaded.envelope.reads_texts
    again = load(text("off"), overrides=Overrides(drift="on"))
    assert again.envelope.reads_texts


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        ("{max: 0.5}", "drift.max: expected a share above 0.5 and below 1, found 0.5"),
        ("{max: 1}", "drift.max: expected a share above 0.5 and below 1, found 1"),
        ("{severity: warn}", "drift.severity: says nothing without max"),
        ("{max: 0.6, min: 0.5}", "drift.min: unknown key 'min'"),
        ("0.6", "drift: expected on, off or {max}, found 0.6; did you mean {max: 0.6}?"),
        ("maybe", "drift.look: expected 'on' or 'off'"),
    ],
)
def test_what_is_wrong_is_named(problems_of: ProblemsOf, drift: str, expected: str) -> None:
    assert any(expected in line for line in problems_of(text(drift)))


def test_a_bound_needs_a_baseline(problems_of: ProblemsOf) -> None:
    found = problems_of(text("{max: 0.6}", baseline=""))
    assert any("drift: compares the candidate with a baseline" in line for line in found)


def test_no_other_bound_may_have_its_name(problems_of: ProblemsOf) -> None:
    found = problems_of(text("{max: 0.6}", bound="metric: refusal, max: 3%, name: drift"))
    assert any("a bound is named 'drift'" in line for line in found)


def test_only_that_bound_may_be_asked_for_and_another_leaves_it_out(load: Load) -> None:
    alone = load(text("{max: 0.6}"), overrides=Overrides(only=("drift",)))
    assert alone.envelope.bounds == ()
    assert alone.envelope.drift_bound is not None
    other = load(text("{max: 0.6}"), overrides=Overrides(only=("refusal",)))
    assert other.envelope.drift_bound is None


def test_to_look_or_not_to_look_is_the_same_question(load: Load) -> None:
    plain, off = load(text()), load(text(), overrides=Overrides(drift="off"))
    assert plain.digest == off.digest == load(text("on")).digest
    assert question(plain.document, "cases") == question(off.document, "cases")
    bound = load(text("{max: 0.6}"))
    assert bound.digest != plain.digest
    assert question(bound.document, "cases") != question(plain.document, "cases")
    assert bound.digest == load(text("{max: 0.6}"), overrides=Overrides(drift="off")).digest


def test_a_further_look_pays_for_this_bound_too(load: Load) -> None:
    envelope = load(text("{max: 0.6}")).envelope
    before, after = envelope.drift_bound, paid(envelope, 2).drift_bound
    assert before is not None
    assert after is not None
    assert after.alpha == pytest.approx(before.alpha / 6)
    assert paid(load(text()).envelope, 2).drift_bound is None


@pytest.mark.parametrize("drift", ["on", "off", {"max": 0.6}, {"max": "60%", "severity": "warn"}])
def test_the_schema_for_editors_knows_every_form(drift: object) -> None:
    document = {
        "version": 1, "name": "x", "golden_set": "g.jsonl", "bounds": [{"metric": "refusal", "max": 0.1}],
        "candidate": {"provider": "replay", "path": "o.jsonl"}, "drift": drift,
    }  # fmt: skip
    Draft7Validator(envelope_schema()).validate(document)
    wrong = {**document, "drift": {"maximum": 0.6}}
    assert list(Draft7Validator(envelope_schema()).iter_errors(wrong))
