"""The main job, through the installed command."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.worlds import EVALKIT, World, answer, answers, case, evalkit, world

FLOOR = {"metric": "accuracy", "min": 0.85}


def cases(count: int) -> list[dict[str, object]]:
    return [case(number) for number in range(count)]


# ---------------------------------------------------------------- outcomes


def test_a_proven_floor_passes_with_0(tmp_path: Path) -> None:
    done = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(190, 10)).gate()
    assert done.code == 0
    assert "PASS" in done.out
    assert "keeps its one bound" in done.out


def test_a_broken_floor_fails_with_1(tmp_path: Path) -> None:
    done = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(120, 80)).gate()
    assert done.code == 1
    assert "breaks 1 of 1 blocking bound" in done.out


def test_a_floor_inside_the_interval_is_undecided_with_3_and_ways_out(tmp_path: Path) -> None:
    done = world(tmp_path, [FLOOR], cases=cases(100), candidate=answers(88, 12)).gate()
    assert done.code == 3
    assert "CANNOT TELL" in done.out
    assert "more cases" in done.out
    assert "min: 81" in done.out


def test_an_undecided_bound_can_be_let_through_and_every_output_says_so(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(100), candidate=answers(88, 12))
    done = place.gate("--inconclusive", "warn", "-o", "run")
    assert done.code == 0
    assert "let through by inconclusive: warn" in done.out
    assert json.loads((tmp_path / "run" / "verdict.json").read_text())["verdict"] == "inconclusive"
    assert "let through" in (tmp_path / "run" / "report.html").read_text()


def test_draws_that_nobody_asked_for_are_not_judged_and_are_told(tmp_path: Path) -> None:
    more = [answer(number, "no", sample=1) for number in range(60)]
    place = world(tmp_path, [FLOOR], cases=cases(60), candidate=[*answers(60), *more])
    done = place.gate()
    assert done.code == 0
    assert "60 cases · 1 sample each · 60 further samples not asked for · 0 errors" in " ".join(
        done.out.split()
    )


def test_too_many_missing_samples_could_not_be_measured_with_4(tmp_path: Path) -> None:
    errors = [{"id": f"c{n:04d}", "error": "429 too many requests"} for n in range(190, 200)]
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=[*answers(190), *errors])
    done = place.gate()
    assert done.code == 4
    assert "COULD NOT MEASURE" in done.out
    assert "10 have a rate limit error" in done.out


def test_few_missing_samples_are_put_at_their_worst(tmp_path: Path) -> None:
    whole = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200)).gate("--json").json
    part = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(197)).gate("--json").json
    assert part["exit_code"] == 0
    assert part["bounds"][0]["candidate"]["missing"] == 3
    assert part["bounds"][0]["candidate"]["lower"] < whole["bounds"][0]["candidate"]["lower"]
    assert part["arms"]["candidate"]["errors"] == {"no_record": 3}


def test_a_bound_that_only_warns_never_turns_the_gate(tmp_path: Path) -> None:
    bounds = [{**FLOOR, "severity": "warn"}, {"metric": "error_rate", "max": 0.05}]
    done = world(tmp_path, bounds, cases=cases(100), candidate=answers(10, 90)).gate()
    assert done.code == 0
    assert "warn" in done.out


def test_a_gate_without_a_blocking_bound_says_that_nothing_is_proven(tmp_path: Path) -> None:
    bounds = [{**FLOOR, "severity": "warn"}]
    done = world(tmp_path, bounds, cases=cases(100), candidate=answers(100)).gate()
    assert done.code == 0
    assert "Nothing is proven" in done.out


def test_not_disproven_is_satisfied_by_an_undecided_bound_and_the_sentence_says_so(
    tmp_path: Path,
) -> None:
    bounds = [{**FLOOR, "require": "not-disproven"}]
    done = world(tmp_path, bounds, cases=cases(100), candidate=answers(88, 12)).gate("--json")
    assert done.code == 0
    assert "1 bound only had to be not disproven" in done.json["lead"]
    assert done.json["bounds"][0]["detects"] < 0.85


# ---------------------------------------------------------------- small sets


def test_five_cases_all_right_on_both_sides_prove_no_two_point_margin(tmp_path: Path) -> None:
    bounds = [{"metric": "accuracy", "delta": 0.02}]
    place = world(tmp_path, bounds, cases=cases(5), candidate=answers(5), baseline=answers(5))
    done = place.gate("--json")
    assert done.code == 3
    [bound] = done.json["bounds"]
    assert bound["reason"] == "impossible"
    assert bound["settle"]["n_least"] == 149
    assert bound["effect"]["lower"] < -0.02 < 0.02 < bound["effect"]["upper"]
    assert "149 cases is the least that can prove this; there are 5" in bound["detail"]
    assert "144 more cases" in place.gate().out


def test_a_mean_without_a_range_is_never_passed_on_equal_values(tmp_path: Path) -> None:
    bounds = [{"metric": "output_tokens", "max": 100}]
    place = world(tmp_path, bounds, cases=cases(80), candidate=answers(80, output_tokens=50))
    done = place.gate("--json")
    assert done.code == 3
    assert done.json["bounds"][0]["reason"] == "zero_variance"


def test_an_unbounded_mean_of_few_cases_is_too_few(tmp_path: Path) -> None:
    bounds = [{"metric": "output_tokens", "max": 1000}]
    candidate = [answer(n, output_tokens=50 + n) for n in range(49)]
    done = world(tmp_path, bounds, cases=cases(49), candidate=candidate).gate("--json")
    assert done.code == 3
    assert done.json["bounds"][0]["reason"] == "too_few"


def test_outside_on_its_own_but_not_after_correction_is_undecided(tmp_path: Path) -> None:
    bounds = [{"metric": "accuracy", "min": 0.85, "name": f"b{n}"} for n in range(40)]
    done = world(tmp_path, bounds, cases=cases(100), candidate=answers(78, 22)).gate("--json")
    assert done.code == 3
    assert {bound["reason"] for bound in done.json["bounds"]} == {"multiplicity"}
    assert "not after correction for 40 bounds" in done.json["bounds"][0]["detail"]


# ---------------------------------------------------------------- smoke runs


def test_a_run_on_part_of_the_golden_set_is_never_a_pass(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(300), candidate=answers(300))
    assert place.gate().code == 0
    done = place.gate("--limit", "200")
    assert done.code == 3
    assert "smoke run" in done.out
    assert "200 cases" in done.out


def test_a_run_on_some_bounds_is_never_a_pass(tmp_path: Path) -> None:
    bounds = [FLOOR, {"metric": "error_rate", "max": 0.1}]
    place = world(tmp_path, bounds, cases=cases(300), candidate=answers(300))
    assert place.gate().code == 0
    done = place.gate("--only", "accuracy", "--json")
    assert done.code == 3
    assert [bound["name"] for bound in done.json["bounds"]] == ["accuracy"]


def test_an_unknown_bound_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    done = world(tmp_path, [FLOOR], cases=cases(5), candidate=answers(5)).gate("--only", "acuracy")
    assert done.code == 2
    assert "did you mean 'accuracy'?" in done.err


# ---------------------------------------------------------------- other arms


def test_another_candidate_is_a_recording_named_on_the_command_line(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200))
    place.write("other.jsonl", answers(100, 100))
    assert place.gate("--candidate", "other.jsonl").code == 1


def test_another_candidate_is_a_snapshot_file(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200))
    (tmp_path / "snapshots").mkdir()
    place.write("snapshots/other.jsonl", answers(100, 100))
    (tmp_path / "snapshots" / "other.yaml").write_text("provider: replay\npath: other.jsonl\n")
    assert place.gate("--candidate", "snapshots/other.yaml").code == 1


def test_a_candidate_in_no_known_form_is_refused(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(5), candidate=answers(5))
    done = place.gate("--candidate", "what")
    assert done.code == 2
    assert "expected a recording" in done.err


# ---------------------------------------------------------------- the run folder


def test_a_run_leaves_a_folder_that_judges_to_the_same_bytes(tmp_path: Path) -> None:
    place = world(
        tmp_path,
        [FLOOR, {"metric": "accuracy", "delta": 0.1}],
        cases=cases(120),
        candidate=answers(110, 10),
        baseline=answers(108, 12),
    )
    first = place.gate("-o", "run")
    before = (tmp_path / "run" / "verdict.json").read_bytes()
    page = (tmp_path / "run" / "report.html").read_bytes()
    again = evalkit("judge", "run", folder=tmp_path)
    assert again.code == first.code
    assert (tmp_path / "run" / "verdict.json").read_bytes() == before
    assert (tmp_path / "run" / "report.html").read_bytes() == page


def test_the_run_folder_judges_where_its_sources_are_gone(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(120), candidate=answers(110, 10))
    place.gate("-o", "run")
    for path in (place.envelope, tmp_path / "golden.jsonl", tmp_path / "candidate.jsonl"):
        path.unlink()
    (tmp_path / "run").rename(tmp_path / "artifact")
    assert evalkit("judge", "artifact", folder=tmp_path).code == 0


def test_a_run_is_judged_under_another_envelope_into_a_folder_of_its_own(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(120), candidate=answers(110, 10))
    place.gate("-o", "run")
    strict = json.loads(place.envelope.read_text()) | {
        "bounds": [{"metric": "accuracy", "min": 0.97}]
    }
    (tmp_path / "strict.yaml").write_text(json.dumps(strict))
    before = (tmp_path / "run" / "verdict.json").read_bytes()
    done = evalkit("judge", "run", "--envelope", "strict.yaml", "-o", "other", folder=tmp_path)
    assert done.code == 1
    assert (tmp_path / "run" / "verdict.json").read_bytes() == before
    assert json.loads((tmp_path / "other" / "verdict.json").read_text())["exit_code"] == 1


def test_another_envelope_that_the_run_cannot_answer_is_refused(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(20), candidate=answers(20))
    place.gate("-o", "run")
    tagged = json.loads(place.envelope.read_text()) | {
        "bounds": [{"metric": "accuracy", "min": 0.5, "on": "spanish"}]
    }
    (tmp_path / "tagged.yaml").write_text(json.dumps(tagged))
    done = evalkit("judge", "run", "--envelope", "tagged.yaml", "-o", "other", folder=tmp_path)
    assert done.code == 2
    assert "no case has the tag 'spanish'" in done.err
    assert not (tmp_path / "other").exists()


def test_report_renders_a_run_again_from_its_verdict(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(120), candidate=answers(110, 10))
    printed = place.gate("-o", "run").out
    page = (tmp_path / "run" / "report.html").read_bytes()
    (tmp_path / "run" / "report.html").unlink()
    assert evalkit("report", "run", folder=tmp_path).out == printed
    assert (tmp_path / "run" / "report.html").read_bytes() == page


def test_an_earlier_run_is_never_written_over(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(20), candidate=answers(20))
    place.gate("-o", "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    done = place.gate("-o", "run")
    assert done.code == 2
    assert "is not empty" in done.err
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_json_prints_exactly_the_verdict_file(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(20), candidate=answers(20))
    done = place.gate("--json", "-o", "run")
    assert done.out == (tmp_path / "run" / "verdict.json").read_text()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    done = evalkit("judge", ".", folder=tmp_path)
    assert done.code == 2
    assert "found no manifest.json" in done.err


# ---------------------------------------------------------------- bad files


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        ([], "no record answers a case"),
        ([{"id": "zzz", "output": "yes"}], "no record answers a case"),
        ([answer(0), answer(0)], "sample 0 of case 'c0000' stands twice"),
        ([answer(0), {"id": "c9999", "output": "yes"}], "'c9999' is not in the golden set"),
        ([{"id": 7, "output": "yes"}], 'write "7"'),
        ([{"id": "c0000"}], "expected output or error"),
        ([answer(0, latency_ms=-1)], "expected latency_ms to be at least 0"),
    ],
)
def test_a_bad_recording_is_refused_and_leaves_no_run(
    tmp_path: Path, candidate: list[dict[str, object]], words: str
) -> None:
    done = world(tmp_path, [FLOOR], cases=cases(5), candidate=candidate).gate("-o", "run")
    assert done.code == 2
    assert words in done.err
    assert "candidate.jsonl" in done.err
    assert not (tmp_path / "run").exists()


def test_a_missing_baseline_file_is_refused(tmp_path: Path) -> None:
    place = world(
        tmp_path,
        [{"metric": "accuracy", "delta": 0.1}],
        cases=cases(5),
        candidate=answers(5),
        baseline=answers(5),
    )
    (tmp_path / "baseline.jsonl").unlink()
    done = place.gate()
    assert done.code == 2
    assert "baseline.jsonl: no such file" in done.err


def test_half_a_baseline_is_named_and_not_measured(tmp_path: Path) -> None:
    place = world(
        tmp_path,
        [{"metric": "accuracy", "delta": 0.1}],
        cases=cases(200),
        candidate=answers(200),
        baseline=answers(100),
    )
    done = place.gate()
    assert done.code == 4
    assert "100 of 200 baseline samples are missing (100 have no record)" in done.out


def test_the_problems_of_every_file_are_reported_at_once(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(5), candidate=answers(5))
    (tmp_path / "golden.jsonl").write_text('{"id": "c0000", "inptu": "?"}\n{"id": 3}\n')
    place.write("candidate.jsonl", [{"id": "c0000"}])
    done = place.gate()
    assert done.code == 2
    assert "golden.jsonl:1: unknown key 'inptu'; did you mean 'input'?" in done.err
    assert "golden.jsonl:2: expected id to be text" in done.err


# ---------------------------------------------------------------- code in files


SCORER = '''
from __future__ import annotations
from dataclasses import dataclass
from evalkit.scorers import Kind, Value, scorer

@dataclass(frozen=True)
class Options:
    word: str = "yes"

@scorer("says", values=[Value("said", Kind.RATE)], options=Options)
def says(case, sample, options):
    """Finds a word."""
    return options.word in sample.output
'''


def with_scorer(place: World, text: str) -> None:
    (place.folder / ".git").mkdir(exist_ok=True)
    (place.folder / "says.py").write_text(text)
    document = json.loads(place.envelope.read_text())
    document["metrics"] = {"accuracy": {"scorer": "says.py", "word": "yes"}}
    place.envelope.write_text(json.dumps(document))


def test_a_custom_scorer_is_one_file_named_in_the_envelope(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(195, 5))
    with_scorer(place, SCORER)
    done = place.gate("--json", "-o", "run")
    assert done.code == 0
    assert done.json["digests"]["scorers"]["accuracy"].startswith("says@1:")
    assert evalkit("judge", "run", folder=tmp_path).code == 0


def test_a_custom_scorer_that_fails_makes_its_bound_unmeasured(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(50), candidate=answers(50))
    with_scorer(place, SCORER.replace("return options.word", "raise KeyError('x') or options.word"))
    done = place.gate()
    assert done.code == 4
    assert "a failure of says@1: KeyError('x')" in done.out


def test_a_scorer_that_fails_on_few_answers_is_named_and_quotes_none_of_them(
    tmp_path: Path,
) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(60), candidate=answers(60))
    once = "if case.id.endswith('03'):\n        raise KeyError(sample.output)\n    "
    with_scorer(place, SCORER.replace("return options.word", f"{once}return options.word"))
    done = place.gate("--json")
    assert done.code == 0, done.err
    told = "says@1 failed on 1 answer of the candidate (KeyError); what it failed on is missing."
    assert told in done.json["notes"]


def test_a_custom_scorer_that_cannot_be_loaded_ends_in_4_with_the_cause(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(50), candidate=answers(50))
    with_scorer(place, "import no_such_module_anywhere\n")
    done = place.gate()
    assert done.code == 4
    assert "no_such_module_anywhere" in done.err


def test_code_outside_the_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text(SCORER)
    inside = tmp_path / "repository"
    inside.mkdir()
    place = world(inside, [FLOOR], cases=cases(5), candidate=answers(5))
    with_scorer(place, SCORER)
    document = json.loads(place.envelope.read_text())
    document["metrics"]["accuracy"]["scorer"] = "../elsewhere.py"
    place.envelope.write_text(json.dumps(document))
    done = place.gate()
    assert done.code == 2
    assert "code runs only from the repository" in done.err


def test_a_run_of_some_bounds_judges_to_the_same_bytes(tmp_path: Path) -> None:
    bounds = [FLOOR, {"metric": "error_rate", "max": 0.1}]
    place = world(tmp_path, bounds, cases=cases(300), candidate=answers(300))
    place.gate("--only", "accuracy", "-o", "run")
    before = (tmp_path / "run" / "verdict.json").read_bytes()
    assert evalkit("judge", "run", folder=tmp_path).code == 3
    assert (tmp_path / "run" / "verdict.json").read_bytes() == before


def test_a_run_whose_cases_were_changed_is_not_judged_again(tmp_path: Path) -> None:
    world(tmp_path, [FLOOR], cases=cases(120), candidate=answers(110, 10)).gate("-o", "run")
    path = tmp_path / "run" / "cases.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    done = evalkit("judge", "run", folder=tmp_path)
    assert done.code == 2
    assert "other cases than the run was made with" in done.err


def test_a_run_whose_envelope_was_changed_is_not_judged_by_it(tmp_path: Path) -> None:
    world(tmp_path, [FLOOR], cases=cases(120), candidate=answers(60, 60)).gate("-o", "run")
    path = tmp_path / "run" / "envelope.json"
    whole = path.read_text()
    assert whole.count("0.85") == 1
    path.write_text(whole.replace("0.85", "0.35"))
    before = (tmp_path / "run" / "verdict.json").read_bytes()
    for command in ("judge", "approve"):
        done = evalkit(command, "run", folder=tmp_path)
        assert done.code == 2
        assert "run/envelope.json: is another envelope than the run was made with" in done.err
    assert (tmp_path / "run" / "verdict.json").read_bytes() == before
    path.write_text(whole)
    assert evalkit("judge", "run", folder=tmp_path).code == 1


def test_an_envelope_without_a_baseline_judges_a_run_that_has_one(tmp_path: Path) -> None:
    place = world(
        tmp_path,
        [{"metric": "accuracy", "delta": 0.2}],
        cases=cases(200),
        candidate=answers(200),
        baseline=answers(200),
    )
    place.gate("-o", "run")
    alone = json.loads(place.envelope.read_text()) | {"bounds": [FLOOR]}
    del alone["baseline"]
    (tmp_path / "alone.yaml").write_text(json.dumps(alone))
    done = evalkit("judge", "run", "--envelope", "alone.yaml", "--json", folder=tmp_path)
    assert done.code == 0
    assert list(done.json["arms"]) == ["candidate"]


def test_an_envelope_that_compares_needs_a_run_with_a_baseline(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200))
    place.gate("-o", "run")
    both = json.loads(place.envelope.read_text()) | {
        "bounds": [{"metric": "accuracy", "delta": 0.2}],
        "baseline": {"provider": "replay", "path": "candidate.jsonl"},
    }
    (tmp_path / "both.yaml").write_text(json.dumps(both))
    done = evalkit("judge", "run", "--envelope", "both.yaml", folder=tmp_path)
    assert done.code == 4
    assert "200 of 200 baseline samples are missing (200 have no record)" in done.out


def test_arms_that_answer_no_case_in_common_are_refused(tmp_path: Path) -> None:
    place = world(
        tmp_path,
        [{"metric": "accuracy", "delta": 0.2}],
        cases=cases(20),
        candidate=answers(20)[:10],
        baseline=answers(20)[10:],
    )
    done = place.gate()
    assert done.code == 2
    assert "candidate.jsonl: answers none of the cases that" in done.err


# ---------------------------------------------------------------- what must not turn green


def test_a_scorer_that_ends_the_program_is_a_failure_of_that_scorer(tmp_path: Path) -> None:
    (tmp_path / "quits.py").write_text(
        "import sys\nfrom evalkit.scorers import Kind, Value, scorer\n\n\n"
        '@scorer("quits", values=[Value("v", Kind.RATE)])\n'
        "def quits(case, sample):\n"
        '    """Ends the program."""\n'
        "    sys.exit(0)\n"
    )
    bound = {"metric": "quits", "min": 0.5}
    place = world(
        tmp_path, [bound], cases=cases(20), candidate=answers(20),
        metrics={"quits": {"scorer": "quits.py"}},
    )  # fmt: skip
    done = place.gate()
    assert done.code == 4
    assert "a failure of quits" in done.out


def test_one_recording_on_both_arms_is_named(tmp_path: Path) -> None:
    bound = {"metric": "accuracy", "delta": 0.2}
    place = world(tmp_path, [bound], cases=cases(200), candidate=answers(200))
    one = {"provider": "replay", "path": "candidate.jsonl"}
    envelope = json.loads(place.envelope.read_text()) | {"baseline": one}
    place.envelope.write_text(json.dumps(envelope))
    done = place.gate()
    assert done.code == 0
    assert "Both arms are the same snapshot" in " ".join(done.out.split())
    assert "the same bytes" not in done.out


@pytest.mark.parametrize("copy", ["candidate.jsonl", "copy.jsonl"])
def test_one_recording_under_another_name_is_named(tmp_path: Path, copy: str) -> None:
    bound = {"metric": "accuracy", "delta": 0.2}
    place = world(tmp_path, [bound], cases=cases(200), candidate=answers(200))
    place.write("copy.jsonl", answers(200))
    named = {"provider": "replay", "path": copy, "model": "m-1"}
    envelope = json.loads(place.envelope.read_text()) | {"baseline": named}
    place.envelope.write_text(json.dumps(envelope))
    said = "Warning: the recordings of both arms hold the same bytes"
    assert said in " ".join(place.gate("-o", "run").out.split())
    assert said in " ".join(evalkit("judge", "run", folder=tmp_path).out.split())
    place.write("copy.jsonl", answers(199, 1))
    assert ("the same bytes" in place.gate().out) is (copy == "candidate.jsonl")


def test_both_arms_of_a_run_lie_in_one_file_and_are_not_the_same(tmp_path: Path) -> None:
    bound = {"metric": "accuracy", "delta": 0.2}
    place = world(
        tmp_path, [bound], cases=cases(200), candidate=answers(200), baseline=answers(199, 1)
    )
    place.gate("-o", "run")
    arms = {
        arm: {"provider": "replay", "path": "run", "arm": arm} for arm in ("baseline", "candidate")
    }
    place.envelope.write_text(json.dumps(json.loads(place.envelope.read_text()) | arms))
    done = place.gate()
    assert done.code == 0
    assert "the same bytes" not in done.out


@pytest.mark.parametrize(
    ("served", "code", "words"),
    [
        ("new-1", 0, "keeps its one bound"),
        ("old-1", 2, "candidate.jsonl:1: expected_model is 'new-1', and 'old-1' answered"),
        (None, 2, "no record names the model that answered, to be held against expected_model"),
    ],
)
def test_another_model_than_the_expected_one_is_an_error(
    tmp_path: Path, served: str | None, code: int, words: str
) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200, model=served))
    envelope = json.loads(place.envelope.read_text())
    envelope["candidate"]["expected_model"] = "new-1"
    place.envelope.write_text(json.dumps(envelope))
    done = place.gate()
    assert done.code == code
    assert words in done.out + done.err


def test_another_envelope_does_not_say_who_answered(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200, model="old-1"))
    place.gate("-o", "run")
    other = json.loads(place.envelope.read_text())
    other["candidate"] = {"provider": "replay", "path": "nowhere.jsonl", "model": "brand-new"}
    (tmp_path / "other.yaml").write_text(json.dumps(other))
    done = evalkit("judge", "run", "--envelope", "other.yaml", "-o", "again", folder=tmp_path)
    assert done.code == 0
    assert "brand-new" not in done.out
    assert "old-1 keeps its one bound" in done.out
    assert "brand-new" not in (tmp_path / "again" / "envelope.json").read_text()


def test_samples_that_were_added_by_hand_are_refused_and_leave_the_judgement(
    tmp_path: Path,
) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(120), candidate=answers(120))
    place.gate("-o", "run")
    samples, scores = tmp_path / "run" / "samples.jsonl", tmp_path / "run" / "scores.jsonl"
    before = scores.read_bytes()
    samples.write_bytes(samples.read_bytes() * 2)
    done = evalkit("judge", "run", folder=tmp_path)
    assert done.code == 2
    assert "samples.jsonl:121: sample 0 of case 'c0000' stands twice" in done.err
    assert scores.read_bytes() == before
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]


def test_a_refused_run_leaves_nothing_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    place = world(tmp_path, [FLOOR], cases=cases(5), candidate=answers(5))
    recording = tmp_path / "candidate.jsonl"
    recording.write_text(recording.read_text()[:-8])
    assert place.gate("-o", "link").code == 2
    assert list((tmp_path / "real").iterdir()) == []
    assert (tmp_path / "link").is_symlink()


def test_a_value_of_metadata_that_no_case_has_is_named(tmp_path: Path) -> None:
    bound = {"metric": "accuracy", "min": 0.9, "on": {"where": {"tier": ["gold", "platnum"]}}}
    tiers = [case(n, metadata={"tier": "gold" if n % 9 else "platinum"}) for n in range(100)]
    done = world(tmp_path, [bound], cases=tiers, candidate=answers(100)).gate()
    assert done.code == 2
    assert 'no case has the metadata tier: "platnum"' in done.err


def test_a_record_of_neither_answer_nor_error_is_missing_for_the_error_rate(tmp_path: Path) -> None:
    bound = {"metric": "error_rate", "max": 0.05}
    records = [{"id": f"c{n:04d}", "latency_ms": 5} for n in range(200)]
    done = world(tmp_path, [bound], cases=cases(200), candidate=records).gate()
    assert done.code == 4
    assert "200 have no output and no error" in " ".join(done.out.split())


# ---------------------------------------------------------------- whoever reads the output


@pytest.mark.parametrize(("right", "code"), [(200, 0), (168, 3), (100, 1)])
def test_the_exit_code_is_the_verdict_s_whoever_stops_reading(
    tmp_path: Path, right: int, code: int
) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(right, 200 - right))
    for options in ([], ["--json"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [EVALKIT, "gate", place.envelope, *options],
            cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
        os.close(write)
        assert (done.returncode, done.stderr) == (code, b"")


def test_closed_output_and_other_alphabets_change_no_exit_code(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200))
    assert place.gate(PYTHONIOENCODING="ascii").code == 0
    done = subprocess.run(
        ["sh", "-c", f"exec {EVALKIT} gate {place.envelope} --json >&-"],  # noqa: S607
        cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0


def test_what_cannot_be_written_is_told_with_its_path(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=cases(200), candidate=answers(200))
    place.gate("-o", "run")
    page = tmp_path / "run" / "report.html"
    page.unlink()
    page.mkdir()
    done = evalkit("report", "run", folder=tmp_path)
    assert done.code == 2
    assert "report.html" in done.err
    assert "Traceback" not in done.err


def test_a_file_name_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [os.fsencode(EVALKIT), b"gate", b"e\xff.yaml"],
        cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"expected UTF-8; rename the file" in done.stderr
