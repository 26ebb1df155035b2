"""What a sentinel was answered has a file of its own in the run folder, and is no arm's answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.core.model import Arm, Case, ErrorKind, Sample, SampleError
from evalkit.core.records import record_of
from evalkit.stages.baseline_drift import DriftLog, Seen
from evalkit.stages.store import SENTINEL, RunFolder

CASES = [Case("a", "How are you?"), Case("b", "And you?")]
KNOWN = {"a", "b"}
FRESH = [Sample("a", Arm.BASELINE, output="yes"), Sample("b", Arm.BASELINE, output="no")]
RECORDED = [Sample("a", Arm.BASELINE, output="recorded"), Sample("a", Arm.CANDIDATE, output="x")]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    found = RunFolder.create(tmp_path / "run")
    list(found.keep_cases(CASES))
    list(found.keep_samples(RECORDED))
    return found


def write(run: RunFolder, *samples: Sample) -> None:
    with run.sentinel_log() as log:
        for sample in samples:
            log.append(record_of(sample))


def test_where_nobody_was_asked_there_is_nothing(run: RunFolder) -> None:
    assert list(run.fresh_samples(KNOWN)) == []
    run.mend_fresh(KNOWN, lambda _: pytest.fail("nobody answered"))
    assert not (run.path / SENTINEL).exists()


def test_they_are_not_among_the_answers_that_are_judged(run: RunFolder) -> None:
    write(run, *FRESH)
    assert list(run.fresh_samples(KNOWN)) == FRESH
    assert list(run.samples(KNOWN)) == RECORDED


def test_after_an_end_at_any_moment_a_failure_and_half_a_line_are_asked_again(
    run: RunFolder,
) -> None:
    write(run, FRESH[0], Sample("b", Arm.BASELINE, error=SampleError(ErrorKind.SERVER)))
    with (run.path / SENTINEL).open("a") as stream:
        stream.write('{"arm":"baseline","id":"b","outp')
    told: list[Sample] = []
    run.mend_fresh(KNOWN, told.append)
    assert told == FRESH[:1]
    write(run, FRESH[1])
    assert list(run.fresh_samples(KNOWN)) == FRESH
    assert list(run.samples(KNOWN)) == RECORDED


def test_what_was_changed_by_hand_is_named_with_its_line(run: RunFolder) -> None:
    write(run, FRESH[0], FRESH[0])
    with pytest.raises(SpecError, match=r"sentinel\.jsonl:2: sample 0 of case 'a' stands twice"):
        list(run.fresh_samples(KNOWN))


def test_a_run_that_is_judged_otherwise_takes_them_along(run: RunFolder, tmp_path: Path) -> None:
    seen = Seen("k", "earlier", "m", {"a": 0.5})
    write(run, *FRESH)
    DriftLog(run.drift_path).add([seen])
    other = run.branch(tmp_path / "other")
    assert list(other.fresh_samples(KNOWN)) == FRESH
    assert DriftLog(other.drift_path).of({"k"}) == [seen]
