"""``calibration:`` on a metric: what is read, what is refused, and where it says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.digest import digest
from evalkit.core.envelope import Method
from evalkit.core.errors import SpecError
from evalkit.core.model import Arm, Sample
from evalkit.core.registry import SCORERS
from evalkit.spec.calibrations import options_digest
from evalkit.spec.envelope import LoadedEnvelope

ANSWER = {
    "id": "c1",
    "sample": 0,
    "output": "0" * 16,
    "value": 1.0,
    "stratum": 1,
    "labels": {"a": 1.0},
}
FILE: Mapping[str, Any] = {
    "schema": "evalkit.calibration/1",
    "scorer": "contains@1",
    "options": options_digest({"text": "yes"}),
    "value": "found",
    "kind": "rate",
    "support": [0.0, 1.0],
    "strata": ["called 0", "called 1"],
    "snapshots": [{"name": "candidate", "answers": [ANSWER]}],
}
TEXT = """
version: 1
name: e
golden_set: golden.jsonl
baseline: {{provider: replay, path: outputs.jsonl}}
candidate: {{provider: replay, path: outputs.jsonl}}
metrics:
  polite: {{scorer: contains, text: "yes", calibration: {path}}}
bounds: [{{metric: polite, {bound}}}]
{more}
"""

Load = Callable[..., LoadedEnvelope]


@pytest.fixture
def envelope(folder: Path, load: Load) -> Callable[..., LoadedEnvelope]:
    """Return how an envelope is loaded whose metric has a calibration with other keys."""

    def do(bound: str = "min: 0.5", more: str = "", **keys: Any) -> LoadedEnvelope:
        own = {**FILE, "scorer": SCORERS.get("contains").id, **keys}
        (folder / "people.json").write_text(json.dumps(own))
        return load(TEXT.format(path="people.json", bound=bound, more=more))

    return do


def test_the_labels_of_a_file_come_with_its_metric(
    folder: Path, envelope: Callable[..., LoadedEnvelope]
) -> None:
    loaded = envelope()
    found = loaded.envelope.bounds[0].metric.calibration
    assert found is not None
    assert found.digest == digest(json.loads((folder / "people.json").read_text()))
    assert found.strata == ("called 0", "called 1")
    assert found.of(Sample("c1", Arm.CANDIDATE, output="yes"), 1.0) is None
    # The document holds the labels: an envelope of its own, which needs no further file.
    document = loaded.document
    assert isinstance(document, dict)
    assert document["metrics"]["polite"]["calibration"]["schema"] == "evalkit.calibration/1"  # type: ignore[index,call-overload]


def test_other_labels_make_another_envelope(envelope: Callable[..., LoadedEnvelope]) -> None:
    before = envelope().digest
    assert envelope(strata=["a", "b"]).digest != before


def test_the_labels_are_those_of_one_value_only(folder: Path, load: Load) -> None:
    plugin = SCORERS.get("refusal")
    own = {**FILE, "scorer": plugin.id, "value": "refusal", "options": options_digest({})}
    (folder / "people.json").write_text(json.dumps(own))
    text = TEXT.replace("contains", "refusal").replace('text: "yes", ', "")
    text = text.replace("[{{metric: polite, {bound}}}]", "{bound}")
    bounds = "[{metric: polite, min: 0.5}, {metric: polite.full, min: 0.5}]"
    loaded = load(text.format(path="people.json", bound=bounds, more=""))
    one, other = (bound.metric.calibration for bound in loaded.envelope.bounds)
    assert one is not None
    assert other is None


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another scorer": (
        {"scorer": "contains@0"},
        "polite.calibration.scorer: the labels are of answers as",
    ),
    "other options": ({"options": "x"}, "polite.calibration.options: the labels are of answers as"),
    "another value": ({"value": "nothing"}, "has no value 'nothing'"),
    "another kind": ({"kind": "score"}, "polite.calibration.kind:"),
    "another schema": ({"schema": "x"}, "calibration.schema: expected 'evalkit.calibration/1'"),
    "a key nobody knows": ({"stratta": []}, "unknown key 'stratta'; did you mean 'strata'?"),
    "a stratum that is none": (
        {"snapshots": [{"name": "a", "answers": [{**ANSWER, "stratum": 2}]}]},
        "snapshots[0].answers[0].stratum: expected one of 2 strata, found 2",
    ),
    "a label out of range": (
        {"snapshots": [{"name": "a", "answers": [{**ANSWER, "labels": {"a": 2}}]}]},
        "snapshots[0].answers[0]: expected values from 0 to 1, found 2",
    ),
    "a doubled answer": (
        {"snapshots": [{"name": "a", "answers": [ANSWER, ANSWER]}]},
        "snapshots[0].answers[1]: sample 0 of case 'c1' stands twice",
    ),
    "a doubled snapshot": (
        {"snapshots": [{"name": "a", "answers": []}] * 2},
        "snapshots[1].name: a second snapshot 'a'",
    ),
    "no digest": (
        {"snapshots": [{"name": "a", "answers": [{**ANSWER, "output": "yes"}]}]},
        "snapshots[0].answers[0].output",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_does_not_fit_says_why_and_where(
    envelope: Callable[..., LoadedEnvelope], name: str
) -> None:
    keys, expected = WRONG[name]
    with pytest.raises(SpecError) as caught:
        envelope(**keys)
    assert expected in str(caught.value)
    assert "people.json" in str(caught.value)


def test_a_file_that_is_none_says_so(folder: Path, load: Load) -> None:
    with pytest.raises(SpecError, match=r"gone\.json.*no such file"):
        load(TEXT.format(path="gone.json", bound="min: 0.5", more=""))
    (folder / "people.json").write_text("{")
    with pytest.raises(SpecError, match=r"people\.json:1:2: not JSON") as caught:
        load(TEXT.format(path="people.json", bound="min: 0.5", more=""))
    assert len(caught.value.problems) == 1
    with pytest.raises(SpecError, match="expected the path of a file that evalkit calibrate wrote"):
        load(TEXT.format(path="3", bound="min: 0.5", more=""))


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ("shift: {max: 0.1}", "corrects its mean, not a distance; bound a delta"),
        ("min: 0.5, method: betting", "betting is not for a metric that is calibrated"),
        ("delta: 5%, method: exact", "exact is not for a metric that is calibrated"),
    ],
)
def test_what_labels_cannot_correct_is_refused(
    envelope: Callable[..., LoadedEnvelope], bound: str, expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        envelope(bound)
    assert expected in str(caught.value)


def test_a_quantile_of_a_score_is_not_corrected(folder: Path, load: Load) -> None:
    plugin = SCORERS.get("toxicity")
    own = {
        **FILE, "scorer": plugin.id, "value": plugin.values[0].name, "kind": "score",
        "options": options_digest({}),
    }  # fmt: skip
    (folder / "people.json").write_text(json.dumps(own))
    text = TEXT.replace("contains", "toxicity").replace('text: "yes", ', "")
    with pytest.raises(SpecError, match="corrects its mean, not a quantile"):
        load(text.format(path="people.json", bound="statistic: p95, max: 0.5", more=""))


def test_a_calibrated_bound_is_not_bet_on(envelope: Callable[..., LoadedEnvelope]) -> None:
    loaded = envelope(more="early_stop: betting")
    assert loaded.envelope.bounds[0].method is Method.USUAL


# ---------------------------------------------------------------- whoever asks somebody

JUDGED = """
version: 1
name: e
golden_set: golden.jsonl
baseline: {{provider: replay, path: outputs.jsonl}}
candidate: {{provider: replay, path: outputs.jsonl}}
metrics:
  good:
    scorer: judge
    rubric: It is good.
    scale: {scale}
    calibration: people.json
    by: {{provider: openai, model: {model}{pace}}}
bounds: [{{metric: {metric}, min: 0.5}}]
"""


@pytest.fixture
def judged(folder: Path, load: Load) -> Callable[..., LoadedEnvelope]:
    """Return how an envelope is loaded whose judge was compared with people."""

    def do(
        metric: str = "good", model: str = "judge-1", pace: str = "", **keys: Any
    ) -> LoadedEnvelope:
        scale = keys.pop("scale", "yes-no")
        by = {"provider": "openai", "model": "judge-1", "timeout": 5}
        told = {"rubric": "It is good.", "scale": scale, "by": by}
        own = {
            **FILE, "scorer": SCORERS.get("judge").id, "value": "score", "kind": "rate",
            "options": options_digest(told), **keys,
        }  # fmt: skip
        (folder / "people.json").write_text(json.dumps(own))
        return load(JUDGED.format(metric=metric, model=model, pace=pace, scale=scale))

    return do


@pytest.mark.parametrize(("scale", "kind"), [("yes-no", "rate"), ("1-5", "score")])
def test_labels_of_a_judge_are_of_the_kind_that_his_scale_makes(
    judged: Callable[..., LoadedEnvelope], scale: str, kind: str
) -> None:
    found = judged(scale=scale, kind=kind).envelope.bounds[0].metric.calibration
    assert found is not None
    with pytest.raises(SpecError, match=r"calibration\.kind"):
        judged(scale=scale, kind="score" if kind == "rate" else "rate")


def test_another_judge_needs_labels_of_his_own_and_another_price_does_not(
    judged: Callable[..., LoadedEnvelope],
) -> None:
    pace = ", prices: {input: 1, output: 2}, concurrency: 3"
    assert judged(pace=pace).envelope.bounds[0].metric.calibration is not None
    with pytest.raises(SpecError, match="other options"):
        judged(model="judge-2")


def test_labels_of_a_value_that_nothing_uses_are_refused(
    judged: Callable[..., LoadedEnvelope],
) -> None:
    with pytest.raises(SpecError, match=r"about good\.score, and what is used is good\.agreement"):
        judged(metric="good.agreement")


def test_what_was_asked_is_a_digest(envelope: Callable[..., LoadedEnvelope]) -> None:
    snapshots = [{"name": "candidate", "answers": [{**ANSWER, "asked": "no digest"}]}]
    with pytest.raises(SpecError, match="asked"):
        envelope(snapshots=snapshots)
