"""A run that was broken off at any byte is gone on with: what was answered stays, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.core.model import Arm, Case, ErrorKind, Message, Sample, SampleError
from evalkit.files.writing import LOOKED_THROUGH
from evalkit.stages.store import CASES, SAMPLES, RunFolder

CASES_OF_A_RUN = [
    Case("a", "How are you?"),
    Case("b", (Message("user", "ä 𝄞"),), reference=None, tags=("x",)),
    Case("c", {"topic": "trains"}, cluster="doc"),
]
KNOWN = {case.id for case in CASES_OF_A_RUN}
ANSWERED = [
    Sample("a", Arm.BASELINE, output="yes"),
    Sample("a", Arm.CANDIDATE, output="ä\u2028\n𝄞"),
    Sample("b", Arm.CANDIDATE, 1, output=""),
]
LINE = '{"arm":"candidate","id":"c","sample":0,"output":"no"}\n'


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    found = RunFolder.create(tmp_path / "run")
    assert list(found.keep_cases(CASES_OF_A_RUN)) == CASES_OF_A_RUN
    return found


def mended(run: RunFolder) -> list[Sample]:
    """Return what stays of a run, having checked that the file holds nothing else."""
    told: list[Sample] = []
    run.mend(KNOWN, told.append)
    assert list(run.samples(KNOWN)) == told
    assert {path.name for path in run.path.iterdir()} == {CASES, SAMPLES}
    return told


# ---------------------------------------------------------------- going on


def test_a_log_of_samples_goes_on_behind_what_is_there(run: RunFolder) -> None:
    for sample in ANSWERED:
        with run.sample_log() as log:
            log.append({"arm": sample.arm.value, "id": sample.case_id, "output": "x"})
    assert [sample.case_id for sample in run.samples(KNOWN)] == ["a", "a", "b"]


def test_a_run_that_was_not_asked_anything_yet_is_whole(run: RunFolder) -> None:
    told: list[Sample] = []
    run.mend(KNOWN, told.append)
    assert told == []
    assert not (run.path / SAMPLES).exists()


def test_answers_stay_as_they_are_and_in_their_order(run: RunFolder) -> None:
    list(run.keep_samples(ANSWERED))
    before = (run.path / SAMPLES).read_bytes()
    assert mended(run) == ANSWERED
    assert (run.path / SAMPLES).read_bytes() == before


def test_a_failure_is_asked_again_and_a_timeout_is_not(run: RunFolder) -> None:
    failures = [
        Sample("c", Arm.CANDIDATE, index, error=SampleError(kind, "m"))
        for index, kind in enumerate(ErrorKind)
    ]
    list(run.keep_samples([*failures, ANSWERED[0]]))
    stay = [sample for sample in failures if sample.error == SampleError(ErrorKind.TIMEOUT, "m")]
    assert mended(run) == [*stay, ANSWERED[0]]
    assert len(stay) == 1


def test_a_run_in_which_everything_failed_has_answered_nothing(run: RunFolder) -> None:
    list(run.keep_samples([Sample("a", Arm.CANDIDATE, error=SampleError(ErrorKind.SERVER))]))
    assert mended(run) == []
    assert (run.path / SAMPLES).read_bytes() == b""


# ---------------------------------------------------------------- cut lines


def test_a_line_cut_at_any_byte_is_dropped_and_all_before_it_stay(run: RunFolder) -> None:
    list(run.keep_samples(ANSWERED))
    path = run.path / SAMPLES
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(whole) - 1):  # through the middle of a letter too
        path.write_bytes(whole[:end])
        assert mended(run) == ANSWERED[:2]
    path.write_bytes(whole[:-1])  # whole but for the end of its line: nobody is asked again
    assert mended(run) == ANSWERED
    assert path.read_bytes() == whole


def test_a_file_without_a_single_whole_line_holds_nothing(run: RunFolder) -> None:
    for text in ("", "{", LINE.rstrip("}\n")):
        (run.path / SAMPLES).write_text(text)
        assert mended(run) == []
        assert (run.path / SAMPLES).read_bytes() == b""


@pytest.mark.parametrize("longer", [LOOKED_THROUGH + n for n in (-1, 0, 1, 2 * LOOKED_THROUGH)])
def test_a_cut_line_may_be_longer_than_what_is_looked_at_once(run: RunFolder, longer: int) -> None:
    path = run.path / SAMPLES
    path.write_text(LINE + "{" * longer)
    assert [sample.case_id for sample in mended(run)] == ["c"]
    path.write_text("{" * longer)
    assert mended(run) == []


def test_a_whole_line_that_is_none_is_a_file_changed_by_hand_and_stays_as_it_is(
    run: RunFolder,
) -> None:
    path = run.path / SAMPLES
    path.write_text(LINE + "broken\n" + '{"cut')
    with pytest.raises(SpecError, match=r"samples\.jsonl:2: "):
        mended(run)
    assert path.read_text() == LINE + "broken\n"
    assert {item.name for item in run.path.iterdir()} == {CASES, SAMPLES}


# ---------------------------------------------------------------- cases one at a time


def test_cases_are_read_one_at_a_time_as_they_were(run: RunFolder) -> None:
    with run.case_lines() as lines:
        assert len(lines) == run.case_count() == 3
        assert [lines[number] for number in (2, 0, 1)] == [
            CASES_OF_A_RUN[2],
            CASES_OF_A_RUN[0],
            CASES_OF_A_RUN[1],
        ]
        assert list(lines.ids()) == ["a", "b", "c"]


def test_a_run_without_cases_has_none(run: RunFolder) -> None:
    (run.path / CASES).write_bytes(b"")
    assert run.case_count() == 0
    with run.case_lines() as lines:
        assert list(lines.ids()) == []
