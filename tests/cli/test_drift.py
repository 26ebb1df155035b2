"""A gate says what changed that no bound names, whoever asks again, and unless nobody wants to know."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.worlds import World, evalkit, world

WORDS = [
    "river",
    "stone",
    "paper",
    "window",
    "garden",
    "market",
    "engine",
    "winter",
    "letter",
    "button",
    "copper",
    "silver",
]


def texts(seed: int, *, opening: str = "") -> list[dict[str, Any]]:
    random = Random(seed)
    return [
        {"id": f"c{n:03d}", "output": f"{opening}{' '.join(random.choices(WORDS, k=12))}."}
        for n in range(60)
    ]


@pytest.fixture
def place(tmp_path: Path) -> World:
    """A world whose candidate opens every answer with a word, which no bound names."""
    cases = [{"id": f"c{n:03d}", "input": "?", "reference": "x"} for n in range(60)]
    bounds = [{"metric": "length.words", "statistic": "mean", "max": 40, "range": [0, 100]}]
    return world(
        tmp_path, bounds, cases=cases, baseline=texts(1), candidate=texts(2, opening="Certainly! ")
    )


def verdict_of(run: Path) -> dict[str, Any]:
    found = json.loads((run / "verdict.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_what_changed_is_told_and_decides_nothing(place: World) -> None:
    done = place.gate("-o", "run")
    assert done.code == 0
    assert "The texts are told apart in 100.0 % of 60 pairs" in done.out
    assert "opens with “Certainly!” 0.0 % → 100.0 %" in done.out
    drift = verdict_of(place.folder / "run")["drift"]
    assert drift["told"] == "told_apart"
    assert drift["separation"]["lower"] > 0.9


def test_the_verdict_holds_no_word_of_an_answer_and_says_where_it_stands(place: World) -> None:
    place.gate("-o", "run")
    run = place.folder / "run"
    assert "ertainly" not in (run / "verdict.json").read_text("utf-8")
    [opening] = [
        found for found in verdict_of(run)["drift"]["giveaways"] if found["trait"] == "opening"
    ]
    samples = [json.loads(line) for line in (run / "samples.jsonl").read_text("utf-8").splitlines()]
    where = opening["quoted"]
    [text] = [
        sample["output"] for sample in samples
        if (sample["id"], sample["arm"]) == (opening["case"], where["arm"])
    ]  # fmt: skip
    assert text[where["start"] : where["end"]] == "Certainly!"


def test_a_run_that_is_judged_again_says_the_same_to_the_byte(place: World) -> None:
    place.gate("-o", "run")
    run = place.folder / "run"
    before = (run / "verdict.json").read_bytes()
    assert evalkit("judge", "run", folder=place.folder).code == 0
    assert (run / "verdict.json").read_bytes() == before


def test_who_does_not_look_is_told_so_and_never_that_nothing_changed(place: World) -> None:
    done = place.gate("-o", "run", "--drift", "off")
    assert done.code == 0
    assert "not looked at" in done.out
    assert verdict_of(place.folder / "run")["drift"]["told"] == "not_looked_at"
    again = evalkit("judge", "run", folder=place.folder)
    assert "not looked at" in again.out
    looked = evalkit("judge", "run", "--drift", "on", folder=place.folder)
    assert "told apart" in looked.out


def test_to_look_is_no_other_question(place: World) -> None:
    place.gate("-o", "one", "--drift", "off")
    place.gate("-o", "two")
    assert verdict_of(place.folder / "two")["look"] == 1


def test_a_page_that_is_redacted_tells_the_numbers_alone(place: World) -> None:
    done = place.gate("-o", "run", "--redact")
    page = (place.folder / "run" / "report.html").read_text("utf-8")
    for told in (done.out, page):
        assert "opens with the same words" in told
        assert "ertainly" not in told


def test_it_is_told_on_standard_output_as_json(place: World) -> None:
    done = place.gate("--json")
    assert json.loads(done.out)["drift"]["told"] == "told_apart"
