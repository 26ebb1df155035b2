"""A plan counts what instruments will ask about the answers, and so does a gate before it asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.asking import Forecast
from evalkit.core.plan import Price
from evalkit.flows.plan import Question, plan_gate
from evalkit.spec.envelope import load_envelope
from evalkit.stages.store import RunFolder
from tests.worlds import World, answer, case, evalkit

CASES = 20
HARD = 8
PRICES = {"input": 2.0, "output": 8.0}
LIVE = {"provider": "simulated", "model": "m-1"}
SENTINEL = {"share": 0.25, **LIVE}
BY = {"provider": "openai", "model": "gpt-4.1-2025-04-14", "prices": PRICES}
JUDGE = {"scorer": "judge", "rubric": "It is good.", "by": BY}
PREFERENCE = {"scorer": "preference", "rubric": "It is better.", "by": BY}


def place(folder: Path, metric: dict[str, Any], **keys: Any) -> World:
    """Write an envelope with one bound on one metric; both arms are recorded, the baseline twice a case."""
    found = World(folder)
    hard = [case(n, **({"tags": ["hard"]} if n < HARD else {})) for n in range(CASES)]
    found.write("golden.jsonl", hard)
    found.write("candidate.jsonl", (answer(n, "yes, it is") for n in range(CASES)))
    baseline = (answer(n, "yes", sample=k) for n in range(CASES) for k in range(2))
    found.write("baseline.jsonl", baseline)
    document = {
        "version": 1, "name": "x", "golden_set": "golden.jsonl", "metrics": {"good": metric},
        "candidate": {"provider": "replay", "path": "candidate.jsonl"},
        "baseline": {"provider": "replay", "path": "baseline.jsonl"},
        "bounds": [{"metric": "good", "min": 0.1}], **keys,
    }  # fmt: skip
    found.envelope.write_text(json.dumps(document))
    return found


def price(found: World, *, pilot: Path | None = None) -> Price:
    run = None if pilot is None else RunFolder.open(pilot)
    return plan_gate(load_envelope(found.envelope), Question({}, 0.9, 4, run)).price


def asked(found: World) -> int:
    return price(found).judged["good"].requests


def test_every_sample_of_both_arms_is_asked_about_so_often(tmp_path: Path) -> None:
    assert asked(place(tmp_path, JUDGE)) == 3 * CASES
    assert asked(place(tmp_path, {**JUDGE, "repeats": 5})) == 5 * 3 * CASES


def test_a_preference_is_asked_of_the_candidate_alone_in_both_orders(tmp_path: Path) -> None:
    assert asked(place(tmp_path, PREFERENCE)) == 2 * CASES


def test_only_the_cases_that_a_bound_needs_count(tmp_path: Path) -> None:
    bounds = [{"metric": "good", "on": "hard", "min": 0.1}]
    assert asked(place(tmp_path, JUDGE, bounds=bounds)) == 3 * HARD


def test_what_is_still_to_be_asked_or_recorded_counts_as_often_as_it_will_come(
    tmp_path: Path,
) -> None:
    assert asked(place(tmp_path, JUDGE, candidate=LIVE, repeats=3)) == (3 + 2) * CASES
    both = place(tmp_path, JUDGE, candidate=LIVE, baseline=LIVE, repeats=3)
    assert asked(both) == (3 + 3) * CASES
    to_come = place(tmp_path, JUDGE, repeats=3)
    for name in ("candidate", "baseline"):
        (to_come.folder / f"{name}.jsonl").unlink()
    assert asked(to_come) == (3 + 5) * CASES


def test_an_answer_that_failed_is_not_asked_about_and_what_a_sentinel_hears_is(
    tmp_path: Path,
) -> None:
    found = place(tmp_path, JUDGE)
    failed = [
        {"id": f"c{n:04d}", "error": {"kind": "timeout", "message": "late"}} for n in range(3)
    ]
    found.write("candidate.jsonl", [*failed, *(answer(n) for n in range(3, CASES))])
    assert asked(found) == 3 * CASES - 3
    watched = {"provider": "replay", "path": "baseline.jsonl", "sentinel": SENTINEL}
    delta = [{"metric": "good", "delta": 0.5}]
    sentinel = place(tmp_path, JUDGE, baseline=watched, bounds=delta)
    assert asked(sentinel) == 3 * CASES + CASES // 4


@pytest.mark.parametrize(
    ("metric", "times"), [(JUDGE, 3), (PREFERENCE, 2)], ids=["judge", "preference"]
)
def test_money_is_told_by_the_prices_and_by_how_long_the_questions_are(
    tmp_path: Path, metric: dict[str, Any], times: int
) -> None:
    found = place(tmp_path, metric)
    each = price(found).judged["good"].cost_usd
    assert each is not None
    # A rubric, the fences and the answers are some hundred letters, 4 a token, and a verdict up to 300.
    least, most = (300 / 4 * 2 + 300 / 4 * 8), (4000 / 4 * 2 + 300 / 4 * 8)
    assert times * CASES * least / 1e6 < each < times * CASES * most / 1e6


def test_money_is_not_known_without_prices_or_without_an_answer(tmp_path: Path) -> None:
    without = {key: value for key, value in BY.items() if key != "prices"}
    found = place(tmp_path, {**JUDGE, "by": without})
    assert price(found).judged == {"good": Forecast(3 * CASES)}
    assert (
        price(place(tmp_path, JUDGE, candidate=LIVE, baseline=LIVE)).judged["good"].cost_usd is None
    )


def test_nobody_who_is_not_asked_has_a_price(tmp_path: Path) -> None:
    assert price(place(tmp_path, {"scorer": "exact_match"})).judged == {}


def test_a_pilot_tells_what_its_judge_was_paid(tmp_path: Path) -> None:
    (tmp_path / "judge.py").write_text(
        "def judge(messages):\n"
        '    return {\'output\': \'{"reason": "So.", "verdict": "yes"}\', \'cost_usd\': 0.01}\n'
    )
    by = {"provider": "python", "function": "judge.py:judge"}
    found = place(tmp_path, {**JUDGE, "by": by})
    assert found.gate("-o", "run", "--limit", "10").code in {0, 3}
    assert price(found).judged == {"good": Forecast(3 * CASES)}
    judged = price(found, pilot=tmp_path / "run").judged["good"]
    assert judged.requests == 3 * CASES
    assert judged.cost_usd == pytest.approx(3 * CASES * 0.01)
    shown = evalkit("plan", "envelope.yaml", "--pilot", "run", folder=tmp_path)
    assert "good asks about the answers: up to 60 calls, about $0.600." in shown.out
