"""Recordings become samples, and every way in which they do not answer the golden set is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import pytest

from evalkit.core.errors import SHOWN_PROBLEMS, SpecError
from evalkit.core.model import Sample, Snapshot
from evalkit.core.ports import Recording, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.stages.collect import FEW_ENOUGH_TO_GUESS, collect
from tests.stages.trials import BASELINE, CANDIDATE

Record = Mapping[str, object]


def recording(path: Path, records: Sequence[Record | str], arm: str = "candidate") -> Recording:
    """Write records, or lines as they are, and open them as the recording of one arm."""
    lines = [line if isinstance(line, str) else json.dumps(line) for line in records]
    path.write_text("".join(f"{line}\n" for line in lines))
    replay = PROVIDERS.get("replay")
    opened = replay.open(
        CANDIDATE if arm == "candidate" else BASELINE,
        Snapshot("replay", replay.options(path=path)),
        Surroundings(),
    )
    assert isinstance(opened, Recording)
    return opened


def answer(case_id: str, output: str = "yes", **fields: object) -> Record:
    return {"id": case_id, "output": output, **fields}


def collected(
    tmp_path: Path,
    candidate: Sequence[Record | str],
    case_ids: Collection[str],
    *,
    baseline: Sequence[Record | str] | None = None,
    strict: bool = True,
) -> list[Sample]:
    recordings = {CANDIDATE: recording(tmp_path / "candidate.jsonl", candidate)}
    if baseline is not None:
        older = recording(tmp_path / "baseline.jsonl", baseline, "baseline")
        recordings = {BASELINE: older, **recordings}
    return list(collect(recordings, case_ids, strict=strict))


def problems(
    tmp_path: Path,
    candidate: Sequence[Record | str],
    case_ids: Collection[str],
    *,
    baseline: Sequence[Record | str] | None = None,
    strict: bool = True,
) -> list[str]:
    """Return every problem that ends the reading, files by their names alone."""
    with pytest.raises(SpecError) as caught:
        collected(tmp_path, candidate, case_ids, baseline=baseline, strict=strict)
    return [str(found).replace(f"{tmp_path}/", "") for found in caught.value.problems]


# ---------------------------------------------------------------- what is yielded


def test_samples_come_one_arm_after_the_other_as_they_were_recorded(tmp_path: Path) -> None:
    found = collected(
        tmp_path,
        [answer("b", "1"), answer("a", "2"), answer("b", "3", sample=1)],
        {"a", "b"},
        baseline=[answer("a", "0")],
    )
    assert [(each.arm, each.case_id, each.index, each.output) for each in found] == [
        (BASELINE, "a", 0, "0"),
        (CANDIDATE, "b", 0, "1"),
        (CANDIDATE, "a", 0, "2"),
        (CANDIDATE, "b", 1, "3"),
    ]


def test_a_case_without_a_record_is_no_fault_of_the_recording(tmp_path: Path) -> None:
    assert [each.case_id for each in collected(tmp_path, [answer("a")], ["a", "b"])] == ["a"]


@pytest.mark.parametrize("of", [list, tuple, set, frozenset, dict.fromkeys])
def test_the_cases_may_be_any_collection(
    tmp_path: Path, of: Callable[[list[str]], Collection[str]]
) -> None:
    case_ids = of(["a", "b"])
    assert len(collected(tmp_path, [answer("a"), answer("b")], case_ids)) == 2
    (found,) = problems(tmp_path, [answer("a"), answer("bb")], case_ids)
    assert "'bb' is not in the golden set" in found


def test_what_is_sound_is_yielded_before_the_problems_are_told(tmp_path: Path) -> None:
    tape = recording(tmp_path / "candidate.jsonl", [answer("a"), "{", answer("b")])
    seen: list[Sample] = []
    with pytest.raises(SpecError, match=r"candidate\.jsonl:2"):
        seen.extend(collect({CANDIDATE: tape}, {"a", "b"}))
    assert [each.case_id for each in seen] == ["a", "b"]


# ---------------------------------------------------------------- what is refused


def test_a_sample_that_stands_twice_is_named_with_its_line(tmp_path: Path) -> None:
    twice = [answer("a", sample=1), answer("a"), answer("a", "no"), answer("a", sample=1)]
    assert problems(tmp_path, twice, {"a"}) == [
        "candidate.jsonl:3: sample 0 of case 'a' stands twice",
        "candidate.jsonl:4: sample 1 of case 'a' stands twice",
    ]


def test_the_second_of_two_samples_is_never_scored(tmp_path: Path) -> None:
    tape = recording(tmp_path / "candidate.jsonl", [answer("a", "no"), answer("a", "yes")])
    seen: list[Sample] = []
    with pytest.raises(SpecError, match="stands twice"):
        seen.extend(collect({CANDIDATE: tape}, {"a"}))
    assert [each.output for each in seen] == ["no"]


def test_an_unknown_case_is_named_with_the_id_that_was_meant(tmp_path: Path) -> None:
    found = problems(tmp_path, [answer("berlin"), answer("pariss")], {"berlin", "paris"})
    assert found == [
        "candidate.jsonl:2: case 'pariss' is not in the golden set; did you mean 'paris'?"
    ]


def test_no_id_is_guessed_among_very_many(tmp_path: Path) -> None:
    many = {f"case-{number}" for number in range(FEW_ENOUGH_TO_GUESS)}
    (found,) = problems(tmp_path, [answer("case-1"), answer("case-1x")], many)
    assert found == "candidate.jsonl:2: case 'case-1x' is not in the golden set"


def test_unknown_cases_beyond_those_that_are_shown_are_not_kept(tmp_path: Path) -> None:
    strangers = [answer(f"x{number}") for number in range(SHOWN_PROBLEMS + 20)]
    found = problems(tmp_path, [answer("a"), *strangers], {"a"})
    assert len(found) == SHOWN_PROBLEMS


def test_a_run_on_part_of_the_golden_set_passes_over_the_other_cases(tmp_path: Path) -> None:
    records = [answer("a"), answer("b"), answer("b")]
    found = collected(tmp_path, records, {"a"}, strict=False)
    assert [each.case_id for each in found] == ["a"]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("records", [[], [answer("zzz")]])
def test_a_recording_that_answers_no_case_is_asked_whose_it_is(
    tmp_path: Path, records: list[Record], *, strict: bool
) -> None:
    assert problems(tmp_path, records, {"a"}, baseline=[answer("a")], strict=strict) == [
        "candidate.jsonl: no record answers a case of the golden set; "
        "is this the candidate's recording?"
    ]


def test_a_recording_without_a_sound_record_is_not_asked_whose_it_is(tmp_path: Path) -> None:
    assert problems(tmp_path, ["{"], {"a"}) == [
        "candidate.jsonl:1:2: not JSON: expecting property name enclosed in double quotes"
    ]


def test_arms_that_answer_no_case_in_common_cannot_be_compared(tmp_path: Path) -> None:
    found = problems(tmp_path, [answer("b")], {"a", "b"}, baseline=[answer("a")])
    assert found == ["candidate.jsonl: answers none of the cases that baseline.jsonl answers"]
    both = [answer("a"), answer("b")]
    assert len(collected(tmp_path, [answer("b")], {"a", "b"}, baseline=both)) == 3


def test_the_problems_of_every_recording_are_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        [answer("a"), answer("a"), answer("q"), {"id": "b"}],
        {"a", "b"},
        baseline=["not JSON", answer("b"), answer("b")],
    )
    assert [line.split(": ", 1)[0] for line in found] == [
        "baseline.jsonl:1:1",
        "baseline.jsonl:3",
        "candidate.jsonl:2",
        "candidate.jsonl:3",
        "candidate.jsonl:4",
    ]
