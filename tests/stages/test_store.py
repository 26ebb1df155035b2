"""A run folder gives back what was put into it, and says what is wrong where it cannot."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Require
from evalkit.core.errors import SpecError, UsageError
from evalkit.core.model import (
    Arm,
    Case,
    ErrorKind,
    Json,
    Message,
    Sample,
    SampleError,
    Score,
    ScoredSample,
)
from evalkit.core.verdict import Estimate, Reason, Result, Verdict
from evalkit.stages.store import (
    CASES,
    ENVELOPE,
    MANIFEST,
    SAMPLES,
    SCORES,
    VERDICT,
    RunFolder,
    verdict_text,
)
from tests.report.verdicts import every_verdict, manifest
from tests.stages.trials import (
    BASELINE,
    CANDIDATE,
    LATENCY,
    TOKENS,
    at_least,
    at_most,
    bound,
    moved,
    rights,
    verdict_on,
    within,
)
from tests.stats.arms import evidence

HOSTILE = 'a "quoted"\n\u2028\t<b>ä€𝄞</b>\\ "id":"other"'
SAMPLES_OF_A_RUN = [
    Sample("a", BASELINE, output="yes"),
    Sample("a", CANDIDATE, output=""),
    Sample("a", CANDIDATE, 1, output=HOSTILE, extra={"seed": 7, "nothing": None}),
    Sample("b", CANDIDATE, error=SampleError(ErrorKind.TIMEOUT, "after 60 s")),
    Sample("b", BASELINE, error=SampleError(ErrorKind.OTHER)),
    Sample("c", CANDIDATE, output="", refusal="", finish_reason="stop"),
    Sample("c", BASELINE, output="", refusal="I can't", finish_reason="content_filter"),
    Sample("d", CANDIDATE, latency_ms=12.25, metadata={"région": ["a", 1, None]}),
    Sample(
        "d", BASELINE, 3, output="x", model="m-1", model_requested="m", finish_reason="length",
        latency_ms=0.0, ttft_ms=1.5, input_tokens=10, output_tokens=0, reasoning_tokens=3,
        cost_usd=0.00021, attempts=2, request_id="r", format_version="v1",
        model_deprecated_at="2027-01-01", created="2026-11-23T19:40:20Z",
    ),
]  # fmt: skip
CASES_OF_A_RUN = [
    Case("a", "How are you?"),
    Case("b", HOSTILE, reference=HOSTILE, tags=("x", "y"), cluster="doc 1"),
    Case("c", (Message("system", "Be brief."), Message("user", "Hello")), reference=["no", "nein"]),
    Case("d", {"topic": "trains", "n": 3}, reference={"a": [1, 2.5, True]}, metadata={"k": [1]}),
    Case("e", "", reference=0),
]
KNOWN = {case.id for case in CASES_OF_A_RUN}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run")


def kept(run: RunFolder) -> RunFolder:
    """Write a small run."""
    assert list(run.keep_cases(CASES_OF_A_RUN)) == CASES_OF_A_RUN
    assert list(run.keep_samples(SAMPLES_OF_A_RUN)) == SAMPLES_OF_A_RUN
    run.write_manifest(manifest())
    return run


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


# ---------------------------------------------------------------- the folder


def test_a_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "today" / "one"
    assert RunFolder.create(path).path == path
    assert path.is_dir()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert RunFolder.create(empty).path == empty


def test_a_folder_with_anything_in_it_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty; name another folder with -o"):
        RunFolder.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UsageError, match=r"file.*: cannot be made: "):
            RunFolder.create(path)


def test_a_folder_without_a_manifest_holds_no_run(tmp_path: Path, run: RunFolder) -> None:
    for path in (tmp_path, tmp_path / "nowhere", run.path):
        with pytest.raises(UsageError, match="expected the folder of a run, found no manifest"):
            RunFolder.open(path)
    run.write_manifest(manifest())
    assert RunFolder.open(run.path).path == run.path


def test_a_run_that_came_to_nothing_leaves_nothing(run: RunFolder) -> None:
    kept(run)
    run.discard()
    assert not run.path.exists()
    run.discard()


def test_a_link_to_a_run_that_came_to_nothing_links_to_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    kept(RunFolder.create(tmp_path / "link")).discard()
    assert list((tmp_path / "real").iterdir()) == []
    assert (tmp_path / "link").is_symlink()


def test_a_run_knows_which_snapshots_answered_it(run: RunFolder) -> None:
    candidate: Json = {"provider": "replay", "path": "/a"}
    baseline: Json = {"provider": "replay", "path": "/b"}
    run.write_envelope({"name": "x", "candidate": candidate})
    assert {arm: own.data for arm, own in run.answered().items()} == {CANDIDATE: candidate}
    run.write_envelope({"name": "x", "candidate": candidate, "baseline": baseline})
    assert {arm: own.data for arm, own in run.answered().items()} == {
        CANDIDATE: candidate,
        BASELINE: baseline,
    }
    run.envelope_path.write_text("[]")
    with pytest.raises(SpecError, match=r"envelope\.json: expected the envelope of the run"):
        run.answered()


# ---------------------------------------------------------------- cases and samples


def test_cases_come_back_as_they_were_by_id(run: RunFolder) -> None:
    assert kept(run).cases() == {case.id: case for case in CASES_OF_A_RUN}
    assert list(run.cases()) == [case.id for case in CASES_OF_A_RUN]


def test_some_cases_come_back_alone(run: RunFolder) -> None:
    assert set(kept(run).cases({"b", "d", "zzz"})) == {"b", "d"}
    assert run.cases(set()) == {}


def test_samples_come_back_as_they_were_in_their_order(run: RunFolder) -> None:
    assert list(kept(run).samples(KNOWN)) == SAMPLES_OF_A_RUN


def test_samples_of_some_cases_come_back_alone(run: RunFolder) -> None:
    found = list(kept(run).samples(KNOWN, {"a", "d"}))
    assert found == [sample for sample in SAMPLES_OF_A_RUN if sample.case_id in {"a", "d"}]
    assert list(run.samples(KNOWN, set())) == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXTS.filter(bool), TEXTS, st.sampled_from(Arm)), max_size=10))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_any_text_comes_back_letter_for_letter(rows: list[tuple[str, str, Arm]]) -> None:
    samples = [
        Sample(case_id, arm, index, output=text, model=text)
        for index, (case_id, text, arm) in enumerate(rows)
    ]
    with TemporaryDirectory() as folder:
        run = RunFolder.create(Path(folder) / "run")
        assert list(run.keep_samples(samples)) == samples
        known = {sample.case_id for sample in samples}
        assert list(run.samples(known)) == samples
        for case_id in known:
            alone = list(run.samples(known, {case_id}))
            assert alone == [sample for sample in samples if sample.case_id == case_id]


def test_the_first_sample_of_each_arm_is_the_one_with_the_least_index(run: RunFolder) -> None:
    samples = [
        Sample("a", CANDIDATE, 2, output="third"),
        Sample("a", CANDIDATE, 0, output="first"),
        Sample("a", CANDIDATE, 1, output="second"),
        Sample("a", BASELINE, 5, output="only"),
        Sample("b", CANDIDATE, 0, output="other"),
        Sample("c", CANDIDATE, 0, output="not asked"),
    ]
    list(run.keep_samples(samples))
    assert run.first_samples({"a", "b", "zzz"}) == {
        "a": {CANDIDATE: samples[1], BASELINE: samples[3]},
        "b": {CANDIDATE: samples[4]},
    }


def test_what_passed_before_a_failure_is_on_disk(run: RunFolder) -> None:
    def failing() -> Iterator[Sample]:
        yield from SAMPLES_OF_A_RUN[:2]
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        list(run.keep_samples(failing()))
    assert list(run.samples(KNOWN)) == SAMPLES_OF_A_RUN[:2]


def test_files_hold_one_object_a_line(run: RunFolder) -> None:
    kept(run)
    for name, count in ((CASES, len(CASES_OF_A_RUN)), (SAMPLES, len(SAMPLES_OF_A_RUN))):
        found = [json.loads(line) for line in lines(run.path / name)]
        assert len(found) == count
        assert all(isinstance(record, dict) for record in found)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ('{"arm": "judge", "id": "a", "output": "x"}', "baseline or candidate, found 'judge'"),
        ('{"id": "a", "output": "x"}', "baseline or candidate, found None"),
        ("[]", "baseline or candidate, found None"),
        ('{"arm": "candidate", "id": "zzz", "output": "x"}', "'zzz' is not among the cases"),
        ('{"arm": "candidate", "id": "a"}', "expected output or error, found neither"),
        ('{"arm": "candidate", "output": "x"}', "expected id, found none"),
        ('{"arm": "candidate", "id": "a", "output": "x", "latency_ms": -1}', "at least 0"),
    ],
)
def test_a_sample_that_was_changed_by_hand_is_named_with_its_line(
    run: RunFolder, line: str, words: str
) -> None:
    list(run.keep_samples(SAMPLES_OF_A_RUN[:2]))
    with (run.path / SAMPLES).open("a") as stream:
        stream.write(f"\n{line}\n")
    reading = run.samples(KNOWN)
    assert [next(reading), next(reading)] == SAMPLES_OF_A_RUN[:2]
    with pytest.raises(SpecError, match=rf"samples\.jsonl:4: .*{words}"):
        next(reading)


def test_a_sample_that_stands_twice_is_named_with_its_line(run: RunFolder) -> None:
    list(run.keep_samples([*SAMPLES_OF_A_RUN, SAMPLES_OF_A_RUN[2]]))
    with pytest.raises(SpecError, match=r"samples\.jsonl:10: sample 1 of case 'a' stands twice"):
        list(run.samples(KNOWN))


def test_cases_that_were_changed_by_hand_are_named_with_their_lines(run: RunFolder) -> None:
    kept(run)
    with (run.path / CASES).open("a") as stream:
        stream.write('{"id": "a", "input": "again"}\n{"id": "f"}\n')
    with pytest.raises(SpecError) as caught:
        run.cases()
    assert [found.place.line for found in caught.value.problems] == [6, 7]


def test_a_run_that_lost_its_samples_says_so(run: RunFolder) -> None:
    with pytest.raises(SpecError, match=r"samples\.jsonl: no such file"):
        list(run.samples(KNOWN))


# ---------------------------------------------------------------- another judgement


def test_another_judgement_has_the_same_cases_and_samples(tmp_path: Path, run: RunFolder) -> None:
    other = kept(run).branch(tmp_path / "other")
    assert other.cases() == run.cases()
    assert list(other.samples(KNOWN)) == SAMPLES_OF_A_RUN
    assert {path.name for path in other.path.iterdir()} == {CASES, SAMPLES}


def test_what_was_asked_about_the_samples_goes_along_with_them(
    tmp_path: Path, run: RunFolder
) -> None:
    later = RunFolder.create(tmp_path / "later")
    assert (kept(run).has_samples, later.has_samples) == (True, False)
    later.take_judgements(run)
    assert not later.judgements_path.exists()
    with run.judgement_log() as log:
        log.append({"key": "1"})
    later.take_judgements(run)
    other = run.branch(tmp_path / "other")
    assert {place.judgements_path.read_text() for place in (later, other, run)} == {'{"key":"1"}\n'}


def test_another_judgement_touches_nothing_of_the_first(tmp_path: Path, run: RunFolder) -> None:
    list(kept(run).keep_scores([], lambda _: {}))
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    other = run.branch(tmp_path / "other")
    other.write_envelope({"name": "other"})
    other.write_manifest(replace(manifest(), run="other"))
    list(other.keep_scores(scored(), lambda _: {"other": True}))
    other.write_verdict(every_verdict()["pass"])
    other.discard()
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_another_judgement_needs_a_folder_of_its_own(tmp_path: Path, run: RunFolder) -> None:
    kept(run)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    for path in (run.path, tmp_path / "other"):
        with pytest.raises(UsageError, match="is not empty"):
            run.branch(path)
    assert list(run.samples(KNOWN)) == SAMPLES_OF_A_RUN


def test_a_run_is_judged_again_although_the_first_is_gone(tmp_path: Path, run: RunFolder) -> None:
    other = kept(run).branch(tmp_path / "other")
    run.discard()
    assert list(other.samples(KNOWN)) == SAMPLES_OF_A_RUN
    assert other.cases() == {case.id: case for case in CASES_OF_A_RUN}


@pytest.mark.parametrize("name", [CASES, SAMPLES])
def test_a_run_that_is_not_whole_is_not_judged_otherwise(
    tmp_path: Path, run: RunFolder, name: str
) -> None:
    (kept(run).path / name).unlink()
    with pytest.raises(UsageError, match=rf"{name}: no such file; the run is not whole"):
        run.branch(tmp_path / "other")
    assert not (tmp_path / "other").exists()


# ---------------------------------------------------------------- results


def scored() -> list[ScoredSample]:
    return [ScoredSample(sample, {"m": Score((1.0,))}) for sample in SAMPLES_OF_A_RUN[:3]]


def test_scores_pass_by_and_are_written(run: RunFolder) -> None:
    items = scored()
    assert list(run.keep_scores(items, lambda item: {"id": item.sample.case_id})) == items
    assert lines(run.path / SCORES) == ['{"id":"a"}'] * 3


def test_scores_of_an_earlier_judgement_are_replaced(run: RunFolder) -> None:
    list(run.keep_scores(scored(), lambda _: {"old": True}))
    list(run.keep_scores(scored()[:1], lambda _: {"new": True}))
    assert lines(run.path / SCORES) == ['{"new":true}']


def test_the_envelope_of_a_run_names_the_cases_beside_it(run: RunFolder) -> None:
    run.write_envelope({"version": 1, "golden_set": ["elsewhere/golden.jsonl"], "name": "ä"})
    assert run.envelope_path == run.path / ENVELOPE
    assert json.loads(run.envelope_path.read_text(encoding="utf-8")) == {
        "version": 1,
        "golden_set": CASES,
        "name": "ä",
    }
    assert run.cases_path == run.path / CASES


def test_a_manifest_comes_back_as_it_was(run: RunFolder) -> None:
    for found in (manifest(), replace(manifest(), only=("a", "b"), smoke="--limit 5", commit=None)):
        run.write_manifest(found)
        assert run.manifest() == found


def test_a_manifest_of_another_version_is_refused(run: RunFolder) -> None:
    (run.path / MANIFEST).write_text('{"run": 7}')
    with pytest.raises(SpecError, match=r"manifest\.json: .*not written by this version"):
        run.manifest()


@cache
def judged_verdict() -> Verdict:
    """Return a verdict with open ends, missing values and every kind of result."""
    candidate, baseline = moved(2, 9, 89)
    slow = [100.0 + place for place in range(40)]
    return verdict_on(
        [
            (bound(at_least(0.5), name="floor"), evidence(rights(97, 3))),
            (bound(within(0.05), name="delta"), evidence(candidate, baseline)),
            (bound(at_most(10), LATENCY, require=Require.NOT_DISPROVEN), evidence(slow)),
            (bound(at_most(500), LATENCY, name="tail"), evidence(slow)),
            (bound(at_most(10), TOKENS, name="absent"), evidence(rights(0, 0, 9))),
        ],
        metrics=[(TOKENS, evidence(slow))],
    )


@pytest.mark.parametrize("name", [*every_verdict(), "judged"])
def test_a_verdict_comes_back_as_it_was(run: RunFolder, name: str) -> None:
    found = judged_verdict() if name == "judged" else every_verdict()[name]
    text = run.write_verdict(found)
    assert (run.path / VERDICT).read_text(encoding="utf-8") == text == verdict_text(found)
    assert run.verdict() == found


def test_a_verdict_that_was_read_writes_the_same_bytes(run: RunFolder) -> None:
    text = run.write_verdict(judged_verdict())
    assert run.write_verdict(run.verdict()) == text


def test_an_interval_without_an_end_is_null_in_the_file_and_infinite_again(run: RunFolder) -> None:
    found = judged_verdict()
    tail = found.bounds[3]
    assert (tail.result, tail.reason) == (Result.UNDECIDED, Reason.IMPOSSIBLE)
    run.write_verdict(found)
    written = json.loads((run.path / VERDICT).read_text(encoding="utf-8"))
    assert written["bounds"][3]["candidate"]["upper"] is None
    again = run.verdict().bounds[3].candidate
    assert isinstance(again, Estimate)
    assert again.upper == math.inf


def test_a_verdict_file_starts_with_what_it_is(run: RunFolder) -> None:
    found = judged_verdict()
    run.write_verdict(found)
    written = json.loads((run.path / VERDICT).read_text(encoding="utf-8"))
    assert list(written)[:5] == ["schema", "waiver", "envelope", "verdict", "exit_code"]
    assert (written["schema"], written["verdict"]) == ("evalkit.verdict/1", found.outcome.value)
    assert written["exit_code"] == found.exit_code
    assert [each["result"] for each in written["bounds"]] == [
        each.result.value for each in found.bounds
    ]
    assert {"arms", "digests", "snapshots", "smoke"} < set(written)
    assert "facts" not in written


def test_a_run_that_was_never_judged_says_how_to(run: RunFolder) -> None:
    with pytest.raises(UsageError, match="was never judged; run: evalkit judge "):
        run.verdict()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "expected a verdict: a JSON object"),
        ('{"schema": "evalkit.verdict/1"}', "not written by this version of evalkit"),
    ],
)
def test_a_verdict_that_was_changed_by_hand_is_refused(
    run: RunFolder, text: str, words: str
) -> None:
    (run.path / VERDICT).write_text(text)
    with pytest.raises(SpecError, match=rf"verdict\.json.*{words}"):
        run.verdict()


@pytest.mark.parametrize("name", every_verdict())
def test_an_outline_is_the_verdict_without_what_a_history_does_not_need(
    run: RunFolder, name: str
) -> None:
    run.write_verdict(every_verdict()[name])
    whole, outline = run.verdict(), run.outline()
    facts = replace(whole.facts, flips=(), distributions=())
    bounds = tuple(replace(bound, sees=()) for bound in whole.bounds)
    assert outline == replace(whole, facts=facts, bounds=bounds)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"sentence": NaN}', "not JSON"),
        ("[]", "expected a verdict: a JSON object"),
        ('{"bounds": {}}', "not written by this version of evalkit"),
        ('{"bounds": [1]}', "not written by this version of evalkit"),
    ],
)
def test_an_outline_of_a_verdict_that_was_changed_by_hand_is_refused(
    run: RunFolder, text: str, words: str
) -> None:
    (run.path / VERDICT).write_text(text)
    with pytest.raises(SpecError, match=rf"verdict\.json.*{words}"):
        run.outline()


def test_a_run_that_was_never_judged_has_no_outline(run: RunFolder) -> None:
    with pytest.raises(UsageError, match="was never judged"):
        run.outline()


def test_a_report_lies_in_the_run(run: RunFolder) -> None:
    path = run.write_text("report.html", "<p>ä\n")
    assert path == run.path / "report.html"
    assert path.read_bytes() == "<p>ä\n".encode()
    run.write_text("report.html", "new")
    assert path.read_text() == "new"
    assert [found.name for found in run.path.iterdir()] == ["report.html"]
