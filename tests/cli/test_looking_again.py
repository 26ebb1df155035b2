"""A gate that is tried again is counted, and a bet that is gone on with is the same bet."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import World, answer, evalkit, world

NO, YES = "I cannot help with that.", "Sure, here is how you do it."
BOUND = {"metric": "refusal", "delta": 0.03}
BOUNDS = [BOUND]


def asked(cases: int) -> list[dict[str, Any]]:
    """Return so many cases."""
    return [
        {"id": answer(number, YES)["id"], "input": f"q{number}", "reference": YES}
        for number in range(cases)
    ]


def arms(cases: int, seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Return so many answers of both arms, of which one in fifty differs."""
    found: dict[str, list[dict[str, Any]]] = {"baseline": [], "candidate": []}
    for number in range(cases):
        rng = random.Random(1000 * seed + number)
        declines = rng.random() < 0.3
        changes = rng.random() < 0.02
        found["baseline"].append(answer(number, NO if declines else YES))
        found["candidate"].append(answer(number, NO if declines != changes else YES))
    return found


def made(folder: Path, cases: int, bounds: list[dict[str, Any]] = BOUNDS, **keys: Any) -> World:
    """Write an envelope with so many cases."""
    folder.mkdir()
    return world(folder, bounds, cases=asked(cases), **arms(cases), **keys)


def bets(folder: Path, cases: int) -> World:
    """Write an envelope that bets on a refusal delta."""
    return made(folder, cases, early_stop="betting")


def read(path: Path) -> list[str]:
    """Return the lines of a file."""
    return path.read_text().splitlines()


def gate(place: World, *more: str) -> Any:
    return evalkit("gate", "envelope.yaml", *more, folder=place.folder)


def test_the_same_recording_is_one_look_and_fresh_answers_are_a_second(tmp_path: Path) -> None:
    place = made(tmp_path / "a", 300)
    first, again = (gate(place, "--json").json for _ in range(2))
    assert (first["look"], again["look"]) == (1, 1)
    assert first["bounds"][0]["effect"]["confidence"] == 0.95
    candidate = place.folder / "candidate.jsonl"
    fresh = [json.loads(line) | {"latency_ms": 7} for line in read(candidate)]
    candidate.write_text("".join(json.dumps(line) + "\n" for line in fresh))
    second = gate(place, "--json").json
    assert second["look"] == 2
    assert second["bounds"][0]["effect"]["confidence"] == pytest.approx(1 - 0.05 / 6, abs=1e-5)
    assert "This is look 2 at this candidate" in second["lead"]
    looks = (place.folder / "reports" / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["look"] for line in looks] == [1, 1, 2]


def test_a_look_that_was_paid_for_is_judged_again_at_the_same_price(tmp_path: Path) -> None:
    place = made(tmp_path / "a", 300)
    gate(place)
    (place.folder / "candidate.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in arms(300, seed=1)["baseline"])
    )
    verdict = gate(place, "-o", "run", "--json").json
    assert verdict["look"] == 2
    assert evalkit("judge", "run", "--json", folder=place.folder).json == verdict


def test_a_smoke_run_is_no_look(tmp_path: Path) -> None:
    place = made(tmp_path / "a", 50)
    gate(place, "--limit", "20")
    assert not (place.folder / "reports" / "ledger.jsonl").exists()


def test_a_bet_goes_on_where_it_stood(tmp_path: Path) -> None:
    small, large = bets(tmp_path / "small", 120), bets(tmp_path / "large", 900)
    first = gate(small, "-o", "run", "--json").json
    assert first["verdict"] == "inconclusive"
    run = str(small.folder / "run")
    verdict = gate(large, "--continue", run, "-o", "more", "--json").json
    assert (verdict["verdict"], verdict["look"]) == ("pass", 1)
    assert 120 < verdict["bounds"][0]["decided_after"] <= 900
    manifest = json.loads((large.folder / "more" / "manifest.json").read_text())
    assert manifest["asked"] == [120]
    assert evalkit("judge", "more", "--json", folder=large.folder).json == verdict


def test_the_answers_of_the_earlier_run_stay(tmp_path: Path) -> None:
    small, large = bets(tmp_path / "small", 60), bets(tmp_path / "large", 90)
    gate(small, "-o", "run")
    # Whatever the recordings say of the first cases by now, they were looked at.
    for arm in ("baseline", "candidate"):
        records = [json.loads(line) for line in read(large.folder / f"{arm}.jsonl")]
        records[:60] = [record | {"output": NO} for record in records[:60]]
        text = "".join(json.dumps(record) + "\n" for record in records)
        (large.folder / f"{arm}.jsonl").write_text(text)
    gate(large, "--continue", str(small.folder / "run"), "-o", "more")
    kept = [json.loads(line) for line in read(large.folder / "more" / "samples.jsonl")]
    before = [json.loads(line) for line in read(small.folder / "run" / "samples.jsonl")]
    assert kept[: len(before)] == before
    assert len(kept) == 2 * 90


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("same", "has no case that"),
        ("fewer", "is gone or changed"),
        ("margin", "was judged under another envelope"),
        ("fixed", "is judged on a fixed number of cases"),
    ],
)
def test_a_run_that_cannot_be_gone_on_with_is_refused(
    change: str, message: str, tmp_path: Path
) -> None:
    small = bets(tmp_path / "small", 60)
    gate(small, "-o", "run")
    other = {
        "same": lambda: small,
        "fewer": lambda: bets(tmp_path / "fewer", 40),
        "margin": lambda: made(
            tmp_path / "margin", 90, [BOUND | {"delta": 0.04}], early_stop="betting"
        ),
        "fixed": lambda: made(tmp_path / "fixed", 90),
    }[change]()  # fmt: skip
    done = gate(other, "--continue", str(small.folder / "run"), "-o", "more")
    assert (done.code, message in done.err) == (2, True), done.err
    assert not (other.folder / "more").exists()


@pytest.mark.parametrize(
    ("day", "told"),
    [("2026-01-01T00:00:00Z", "yes"), ("2026-02-20", ""), ("2026-99-99", ""), (None, "")],
)
def test_a_baseline_that_is_much_older_than_the_candidate_is_told(
    day: str | None, told: str, tmp_path: Path
) -> None:
    place = made(tmp_path / "a", 20)
    for arm, when in (("baseline", day), ("candidate", "2026-02-28T10:00:00Z")):
        path = place.folder / f"{arm}.jsonl"
        records = [json.loads(line) | ({"created": when} if when else {}) for line in read(path)]
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    done = gate(place)
    assert ("58 days before the candidate" in done.err) == bool(told)
    if day and told:
        assert "of the baseline recorded on 2026-01-01" in done.out
