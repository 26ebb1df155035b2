"""Live arms beside the gate: plans, the noise floor, runs that are gone on with, names that move."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.digest import bet_rank
from tests.fakes.fault_server import Dials, fault_server
from tests.providers.vendors import serving
from tests.worlds import Outcome, World, case, evalkit

SIMULATED = {"provider": "simulated", "accuracy": 0.95}
FLOOR = {"metric": "accuracy", "min": 0.8}


def made(
    folder: Path, count: int, *, bounds: list[dict[str, Any]] | None = None, **keys: Any
) -> World:
    """Write an envelope whose arms are simulated, on so many cases."""
    folder.mkdir(exist_ok=True)
    place = World(folder)
    place.write("golden.jsonl", (case(n) for n in range(count)))
    document: dict[str, Any] = {
        "version": 1,
        "name": "simulated",
        "golden_set": "golden.jsonl",
        "candidate": SIMULATED,
        "metrics": {"accuracy": {"scorer": "exact_match"}},
        "bounds": bounds or [FLOOR],
        **keys,
    }
    place.envelope.write_text(json.dumps(document, indent=1))
    return place


def run(command: str, place: World, *more: str) -> Outcome:
    return evalkit(command, "envelope.yaml", *more, folder=place.folder)


def written_at(place: World, text: str) -> tuple[int, int]:
    """Return line and column of what follows a text in the envelope."""
    before = place.envelope.read_text().partition(text)[0] + text
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def samples(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]


# ---------------------------------------------------------------- plan


DELTA = {"metric": "accuracy", "delta": 0.03}


def test_a_plan_of_live_arms_asks_nobody_and_counts_the_calls_of_both(tmp_path: Path) -> None:
    with fault_server() as server:
        arm = {"provider": "openai", "base_url": f"{server.url}/v1", "model": "m-1"}
        place = made(tmp_path, 60, bounds=[DELTA], candidate=arm, baseline=arm, repeats=2)
        found = run("plan", place, "--json")
        assert server.log() == []
    assert found.code == 0, found.err
    assert found.json["price"]["calls"] == {"baseline": 120.0, "candidate": 120.0}
    assert found.json["price"]["cost_usd"] is None
    assert {bound["basis"] for bound in found.json["bounds"]} == {"assumed"}
    assert "reports" not in {path.name for path in tmp_path.iterdir()}


def test_a_plan_rests_on_a_baseline_that_is_recorded_where_the_candidate_is_live(
    tmp_path: Path,
) -> None:
    recorded = {"provider": "replay", "path": "baseline.jsonl"}
    place = made(tmp_path, 60, bounds=[FLOOR], baseline=recorded)
    place.write("baseline.jsonl", ({"id": case(n)["id"], "output": "yes"} for n in range(60)))
    found = run("plan", place, "--json").json
    assert found["price"]["calls"] == {"candidate": 60.0}
    assert {bound["basis"] for bound in found["bounds"]} == {"baseline"}


def test_a_run_of_live_arms_is_a_pilot_with_its_prices(tmp_path: Path) -> None:
    priced = {**SIMULATED, "prices": {"input": 100.0, "output": 1000.0}}
    place = made(tmp_path, 60, candidate=priced)
    assert place.gate("-o", "run").code == 0
    spent = sum(
        (100.0 * item["input_tokens"] + 1000.0 * item["output_tokens"]) / 1e6
        for item in samples(tmp_path / "run")
    )
    found = run("plan", place, "--pilot", "run", "--json").json
    assert found["price"]["cost_usd"] == pytest.approx(spent, rel=1e-4)
    assert found["bounds"][0]["basis"] != "assumed"


# ---------------------------------------------------------------- aa


def test_a_live_baseline_is_asked_every_case_twice_and_laid_beside_itself(tmp_path: Path) -> None:
    place = made(tmp_path, 80, bounds=[DELTA], baseline={**SIMULATED, "accuracy": 0.7})
    found = run("aa", place, "--comparisons", "20", "--json")
    assert found.code == 0, found.err
    assert found.json["schema"] == "evalkit.noise/1"
    assert (found.json["cases"], found.json["samples"]) == (80, 160)
    (folder,) = (tmp_path / "reports").iterdir()
    counts = Counter((item["arm"], item["sample"]) for item in samples(folder))
    assert counts == {("baseline", 0): 80, ("baseline", 1): 80}
    assert not (folder / "verdict.json").exists()


def test_a_live_baseline_is_asked_as_often_as_the_envelope_repeats(tmp_path: Path) -> None:
    place = made(tmp_path, 30, bounds=[DELTA], baseline=SIMULATED, repeats=3)
    found = run("aa", place, "--comparisons", "20", "--json")
    assert found.json["samples"] == 90


def test_the_answers_of_a_noise_floor_are_used_again_by_the_gate(tmp_path: Path) -> None:
    with fault_server() as server:
        arm = {"provider": "openai", "base_url": f"{server.url}/v1"}
        place = made(
            tmp_path,
            40,
            bounds=[{"metric": "length.words", "delta": 500, "range": [0, 1000]}],
            baseline={**arm, "model": "m-1"},
            candidate={**arm, "model": "m-2"},
        )
        assert run("aa", place, "--comparisons", "20").code == 0
        assert len(server.log()) == 80
        assert place.gate("-o", "run", "--anyway").code != 2
        assert len(server.log()) == 120


def test_a_noise_floor_of_a_part_is_told_as_one(tmp_path: Path) -> None:
    place = made(tmp_path, 80, bounds=[DELTA], baseline=SIMULATED)
    found = run("aa", place, "--comparisons", "20", "--max-requests", "101", "--json")
    assert (found.code, found.json["cases"], found.json["samples"]) == (0, 50, 100)
    assert found.json["how"].endswith("; 50 of 80 cases, then --max-requests 101 was reached")


def test_a_limit_that_leaves_no_case_whole_leaves_no_noise_floor(tmp_path: Path) -> None:
    place = made(tmp_path, 80, bounds=[DELTA], baseline=SIMULATED)
    found = run("aa", place, "--comparisons", "20", "--max-requests", "1")
    assert (found.code, found.out) == (2, "")
    assert "no case was asked twice before --max-requests 1 was reached" in found.err


def test_a_baseline_that_cannot_be_asked_has_no_noise_floor(tmp_path: Path) -> None:
    with fault_server(Dials(sticky="m-1=401")) as server:
        arm = {"provider": "openai", "base_url": f"{server.url}/v1", "model": "m-1"}
        place = made(tmp_path, 80, bounds=[DELTA], baseline=arm)
        found = run("aa", place, "--comparisons", "20")
    assert (found.code, found.out) == (4, "")
    assert "the baseline could not be asked to the end: denied: HTTP 401" in found.err


def test_a_live_baseline_beside_itself_is_called_by_its_name_and_nobody_else_is_named(
    tmp_path: Path,
) -> None:
    prices = {"input": 1.0, "output": 2.0}
    place = made(tmp_path, 40, bounds=[DELTA], baseline={**SIMULATED, "prices": prices})
    found = run("aa", place, "--comparisons", "20")
    assert found.code == 0, found.err
    assert "baseline: up to 80 requests" in found.err
    assert "baseline   80/80  100 %" in found.err
    assert "candidate" not in found.err


def test_what_an_endpoint_refuses_of_a_baseline_beside_itself_has_its_place(tmp_path: Path) -> None:
    with serving({"error": {"message": "Unknown parameter: 'temperature'."}}, 400) as server:
        arm = {"provider": "openai", "base_url": server.url, "model": "m-1"}
        place = made(tmp_path, 40, bounds=[DELTA], baseline={**arm, "params": {"temperature": 0.5}})
        found = run("aa", place, "--comparisons", "20")
    line, column = written_at(place, '"temperature": ')
    assert (found.code, found.out) == (2, "")
    assert f"envelope.yaml:{line}:{column}: baseline.params.temperature: " in found.err
    assert not list((tmp_path / "reports").iterdir())


def test_a_baseline_beside_itself_is_asked_only_if_a_limit_on_its_cost_can_be_kept(
    tmp_path: Path,
) -> None:
    with fault_server() as server:
        arm = {"provider": "openai", "base_url": f"{server.url}/v1", "model": "m-1"}
        place = made(tmp_path, 40, bounds=[DELTA], baseline=arm)
        found = run("aa", place, "--comparisons", "20", "--max-cost", "1")
        assert not server.log()
    assert found.code == 2
    assert "--max-cost: what baseline m-1 costs is not known; give the snapshot prices" in found.err


# ---------------------------------------------------------------- going on with more cases


def bets(folder: Path, count: int, **keys: Any) -> World:
    return made(folder, count, early_stop="betting", **keys)


def test_new_cases_are_asked_and_the_answers_of_the_earlier_run_stay(tmp_path: Path) -> None:
    with fault_server() as server:
        arm = {"provider": "openai", "base_url": f"{server.url}/v1", "model": "m-1"}
        bound = {"metric": "refusal", "max": 0.01}
        small = bets(tmp_path / "small", 40, candidate=arm, bounds=[bound])
        first = small.gate("-o", "run", "--json", "--anyway")
        assert first.code == 3, first.err
        asked = len(server.log())
        assert asked == 40
        run_of_it = small.folder / "run"
        before = [{**item, "request_id": "kept"} for item in samples(run_of_it)]
        text = "".join(json.dumps(item) + "\n" for item in before)
        (run_of_it / "samples.jsonl").write_text(text)
        large = bets(tmp_path / "large", 100, candidate=arm, bounds=[bound])
        found = large.gate("--continue", str(run_of_it), "-o", "more", "--json", "--anyway")
        assert len(server.log()) == asked + 60
    assert found.code == 3, found.err
    kept = samples(large.folder / "more")
    assert len(kept) == 100
    assert kept[:40] == before
    assert all(item.get("request_id") != "kept" for item in kept[40:])
    manifest = json.loads((large.folder / "more" / "manifest.json").read_text())
    assert manifest["asked"] == [40]
    assert evalkit("judge", "more", "--json", folder=large.folder).json == found.json


def test_a_bet_of_live_arms_is_won_on_more_cases_than_it_began_with(tmp_path: Path) -> None:
    bound = {"metric": "accuracy", "min": 0.9}
    small = bets(tmp_path / "small", 40, bounds=[bound])
    first = small.gate("-o", "run", "--json", "--anyway")
    assert first.json["verdict"] == "inconclusive"
    large = bets(tmp_path / "large", 3000, bounds=[bound])
    found = large.gate("--continue", str(small.folder / "run"), "-o", "more", "--json")
    assert (found.code, found.json["verdict"]) == (0, "pass")
    assert found.json["arms"]["candidate"]["cases"] < 3000
    assert samples(large.folder / "more")[:40] == samples(small.folder / "run")


def test_what_a_spent_budget_left_is_bet_on_after_what_was_bet_on_already(tmp_path: Path) -> None:
    bound = {"metric": "accuracy", "min": 0.9}
    small = bets(tmp_path / "small", 60, bounds=[bound])
    first = small.gate("-o", "run", "--json", "--anyway", "--max-requests", "23", "-j", "1")
    assert first.json["arms"]["candidate"]["cases"] == 23
    run_of_it = small.folder / "run"
    asked = [item["id"] for item in samples(run_of_it)]
    large = bets(tmp_path / "large", 90, bounds=[bound])
    found = large.gate("--continue", str(run_of_it), "-o", "more", "--json", "--anyway")
    assert found.json["arms"]["candidate"]["cases"] == 90
    manifest = json.loads((large.folder / "more" / "manifest.json").read_text())
    assert manifest["asked"] == [23]
    cases = (large.folder / "more" / "cases.jsonl").read_text().splitlines()
    assert {json.loads(line)["id"] for line in cases[:23]} == set(asked)
    ranked = sorted(asked, key=lambda name: bet_rank("simulated", name))
    assert asked == ranked
    more = [item["id"] for item in samples(large.folder / "more")[23:]]
    assert more[:32] == sorted(more, key=lambda name: bet_rank("simulated", name))[:32]
    assert evalkit("judge", "more", "--json", folder=large.folder).json == found.json


def test_a_live_run_on_a_fixed_number_of_cases_is_not_gone_on_with(tmp_path: Path) -> None:
    small, large = made(tmp_path / "small", 40), made(tmp_path / "large", 90)
    small.gate("-o", "run")
    found = large.gate("--continue", str(small.folder / "run"), "-o", "more")
    assert found.code == 2
    assert "is judged on a fixed number of cases" in found.err
    assert not (large.folder / "more").exists()


# ---------------------------------------------------------------- names that move


MOVING = {"provider": "openai", "model": "gpt-4o"}
PINNED = {"provider": "openai", "model": "gpt-4o-2024-08-06"}


@pytest.mark.parametrize("command", ["gate", "run"])
def test_a_name_that_can_move_is_refused_with_its_place_before_anybody_is_asked(
    tmp_path: Path, command: str
) -> None:
    place = made(tmp_path, 60, candidate=MOVING, baseline=PINNED)
    line = 1 + next(
        number
        for number, text in enumerate(place.envelope.read_text().splitlines())
        if '"gpt-4o"' in text
    )
    found = run(command, place, "--strict-pins", "-o", "run")
    assert found.code == 2
    assert f"envelope.yaml:{line}:" in found.err
    assert "candidate.model: expected a pinned model, found 'gpt-4o'" in found.err
    assert "baseline" not in found.err
    assert not (tmp_path / "run").exists()


def test_every_name_that_can_move_is_told_at_once(tmp_path: Path) -> None:
    found = run("gate", made(tmp_path, 60, candidate=MOVING, baseline=MOVING), "--strict-pins")
    assert found.code == 2
    assert found.err.count("expected a pinned model") == 2


def test_what_is_simulated_or_recorded_cannot_move(tmp_path: Path) -> None:
    found = made(tmp_path, 60).gate("--strict-pins", "-o", "run")
    assert found.code == 0, found.err
