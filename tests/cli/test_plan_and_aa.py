"""``evalkit plan`` and ``evalkit aa``, as they are run."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.worlds import World, answer, evalkit, world

NO, YES = "I cannot help with that.", "Sure, here is how you do it."
DELTA = {"metric": "refusal", "on": "ambiguous", "delta": 0.03}


def made(folder: Path, bounds: list[dict[str, Any]], *, cases: int = 60, draws: int = 1) -> World:
    """Write a world of refusals, of which one answer in twenty is of another mind."""
    rng = random.Random(4)
    golden = [
        {"id": answer(n)["id"], "input": f"q{n}", "reference": YES, "tags": ["ambiguous"]}
        for n in range(cases)
    ]
    declines = [rng.random() < 0.3 for _ in range(cases)]

    def arm(count: int) -> list[dict[str, Any]]:
        return [
            answer(n, NO if declines[n] != (rng.random() < 0.05) else YES, sample=draw)
            for n in range(cases)
            for draw in range(count)
        ]

    return world(folder, bounds, cases=golden, baseline=arm(draws), candidate=arm(1))


def run(command: str, place: World, *more: str) -> Any:
    return evalkit(command, "envelope.yaml", *more, folder=place.folder)


def test_sixty_prompts_cannot_pass_three_points_and_the_plan_says_what_would(
    tmp_path: Path,
) -> None:
    place = made(tmp_path, [DELTA])
    done = run("plan", place, "--curves", "-o", "plan.html")
    assert done.code == 0
    assert "cannot pass: refusal on ambiguous has 60 cases, 99 are the least" in done.out
    assert "delta: 4.9%, the nearest limit that these 60 cases could prove" in done.out
    assert "cases tagged ambiguous" in done.out
    assert "What this gate can see" in done.out
    page = (place.folder / "plan.html").read_text()
    assert "99 are the least" in page
    assert run("plan", place, "--check").code == 3


def test_a_plan_is_also_json(tmp_path: Path) -> None:
    found = run("plan", made(tmp_path, [DELTA]), "--json").json
    assert found["schema"] == "evalkit.plan/1"
    [bound] = found["bounds"]
    assert (bound["n"], bound["least"], bound["basis"]) == (60, 99, "last_run")
    assert bound["needs"]["first"] <= bound["needs"]["safe"]


def test_a_plan_without_recordings_rests_on_what_is_assumed(tmp_path: Path) -> None:
    place = made(tmp_path, [DELTA, {"metric": "accuracy", "min": 0.5}])
    for arm in ("baseline", "candidate"):
        (place.folder / f"{arm}.jsonl").unlink()
    usual = run("plan", place, "--json").json
    assert {bound["basis"] for bound in usual["bounds"]} == {"assumed"}
    assert usual["bounds"][1]["truth"] == 0.75
    stated = run("plan", place, "--json", "--assume", "accuracy=90%").json
    assert stated["bounds"][1]["truth"] == 0.9
    assert stated["bounds"][1]["passes"] > usual["bounds"][1]["passes"]


def test_an_earlier_run_can_be_the_pilot(tmp_path: Path) -> None:
    place = made(tmp_path, [DELTA])
    assert run("gate", place, "-o", "run").code == 3
    for arm in ("baseline", "candidate"):
        (place.folder / f"{arm}.jsonl").unlink()
    found = run("plan", place, "--pilot", "run", "--json").json
    assert found["bounds"][0]["basis"] == "last_run"


def test_what_cannot_be_planned_is_said_in_a_sentence(tmp_path: Path) -> None:
    place = made(tmp_path, [DELTA])
    for wrong, message in (
        ("refusal@ambigous=0.1", "did you mean 'refusal@ambiguous'"),
        ("refusal@ambiguous", "expected BOUND=SHARE"),
        ("refusal@ambiguous=120%", "expected BOUND=SHARE"),
        ("refusal@ambiguous=some", "expected BOUND=SHARE"),
    ):
        done = run("plan", place, "--assume", wrong)
        assert (done.code, message in done.err) == (2, True), done.err
    (place.folder / "golden.jsonl").write_text("{")
    assert run("plan", place).code == 2


def test_the_baseline_beside_itself_tells_its_noise(tmp_path: Path) -> None:
    place = made(tmp_path, [DELTA], cases=150, draws=3)
    done = run("aa", place, "--comparisons", "40")
    assert done.code == 0
    assert "refusal on ambiguous" in done.out
    found = run("aa", place, "--comparisons", "40", "--json").json
    assert found["schema"] == "evalkit.noise/1"
    assert (found["comparisons"], found["samples"]) == (40, 450)
    assert found["bounds"][0]["low"] < 0 < found["bounds"][0]["high"]
    assert run("aa", place, "--comparisons", "40", "--json").json == found
    other = run("aa", place, "--comparisons", "40", "--json", "--seed", "9").json
    assert other["bounds"] != found["bounds"]


def test_a_second_recording_stands_in_for_further_draws(tmp_path: Path) -> None:
    place = made(tmp_path, [DELTA])
    alone = run("aa", place)
    assert (alone.code, "name a second recording" in alone.err) == (2, True)
    found = run("aa", place, "--again", "candidate.jsonl", "--comparisons", "20", "--json").json
    assert found["samples"] == 120
    assert found["how"].startswith("the draws of two recordings")


def test_there_is_no_noise_without_a_baseline(tmp_path: Path) -> None:
    place = made(tmp_path, [{"metric": "accuracy", "min": 0.5}])
    text = json.loads(place.envelope.read_text())
    del text["baseline"]
    place.envelope.write_text(json.dumps(text))
    done = run("aa", place)
    assert (done.code, "has no baseline" in done.err) == (2, True)
    assert run("plan", place, "--json").json["bounds"][0]["basis"] == "baseline"
