"""Form, style, openings, language, reasoning and collapse are held by bounds, through the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import World, answer, case, evalkit, world

CASES = 240
PLAIN = "The parcel of order {0} leaves the depot on day {0}. The answer is [yes]."
LISTED = "Certainly!\n\n- order {0}\n- day {0} of the month\n- it leaves the depot\n\nIt is so."
GERMAN = "Das Paket der Bestellung {0} ist noch im Lager, und es geht bald auf die Reise. [yes]"
USUAL = (*(PLAIN,) * 9, GERMAN)
CANNED = "I'm sorry, but I can't help with that. Please ask somebody else about your parcel."


def written(*shapes: str, **fields: Any) -> list[dict[str, Any]]:
    """Return an answer to each case, in shapes by turns."""
    return [
        answer(number, shapes[number % len(shapes)].format(number), **fields)
        for number in range(CASES)
    ]


def judged(
    folder: Path, bounds: list[dict[str, Any]], candidate: list[dict[str, Any]], **keys: Any
) -> tuple[World, dict[str, Any]]:
    """Return the world and what its gate says of each bound, by name."""
    place = world(
        folder, bounds,
        cases=[case(number) for number in range(CASES)],
        baseline=written(*USUAL), candidate=candidate, **keys,
    )  # fmt: skip
    verdict = place.gate("--json", "--drift", "off", "-o", "run").json
    return place, {bound["name"]: bound for bound in verdict["bounds"]}


BOUNDS: list[dict[str, Any]] = [
    {"metric": "format.bullets", "delta": 1, "range": [0, 20]},
    {"metric": "opening", "shift": {"max": 0.2, "distance": "tv"}},
    {"metric": "language", "shift": {"max": 0.2, "distance": "tv"}},
    {"metric": "reasoning.extracted", "min": "90%"},
    {"metric": "collapse", "max": "20%"},
]


def test_what_is_written_as_before_holds_every_bound(tmp_path: Path) -> None:
    bounds = BOUNDS[:4]
    _, found = judged(tmp_path, bounds, written(*reversed(USUAL)))
    assert [found[bound["metric"]]["result"] for bound in bounds] == ["holds"] * 4


def test_another_form_breaks_the_bounds_that_name_it(tmp_path: Path) -> None:
    _, found = judged(tmp_path, BOUNDS[:4], written(LISTED))
    assert [found[bound["metric"]]["result"] for bound in BOUNDS[:2]] == ["broken"] * 2
    assert found["reasoning.extracted"]["result"] == "broken"
    assert found["format.bullets"]["effect"]["value"] == 3.0
    assert found["opening"]["effect"]["value"] == 1.0


def test_another_language_is_a_shift(tmp_path: Path) -> None:
    _, found = judged(tmp_path, [BOUNDS[2]], written(PLAIN, GERMAN))
    assert found["language"]["result"] == "broken"
    assert found["language"]["effect"]["value"] == 0.4


def test_one_answer_to_many_cases_is_a_collapse_and_is_judged_again_to_the_same_bytes(
    tmp_path: Path,
) -> None:
    distinct = [f"{word} {number}" for number, word in enumerate(unlike())]
    candidate = [answer(n, CANNED if n % 2 else text) for n, text in enumerate(distinct)]
    place, found = judged(tmp_path, [BOUNDS[4]], candidate)
    assert found["collapse"]["result"] == "broken"
    assert found["collapse"]["candidate"]["value"] == 0.5
    before = (tmp_path / "run" / "verdict.json").read_bytes()
    scores = (tmp_path / "run" / "scores.jsonl").read_bytes()
    again = evalkit("judge", "run", folder=place.folder)
    assert again.code == 1
    assert (tmp_path / "run" / "verdict.json").read_bytes() == before
    assert (tmp_path / "run" / "scores.jsonl").read_bytes() == scores


def test_missing_samples_and_a_part_of_the_cases_leave_collapse_as_it_is(tmp_path: Path) -> None:
    candidate = [answer(n, text) for n, text in enumerate(unlike())]
    candidate[1] = {"id": "c0001", "error": "429 too many requests"}
    candidate[7] = {"id": "c0007", "output": candidate[3]["output"]}
    place, found = judged(tmp_path, [BOUNDS[4]], candidate)
    assert found["collapse"]["candidate"]["value"] == pytest.approx(2 / 239, abs=1e-6)
    assert found["collapse"]["candidate"]["missing"] == 1
    part = place.gate("--json", "--drift", "off", "--limit", "200").json
    assert part["bounds"][0]["candidate"]["value"] == pytest.approx(2 / 199, abs=1e-6)


def test_one_recording_is_scored_beside_its_own_cases(tmp_path: Path) -> None:
    place = World(tmp_path)
    texts = list(unlike())[:3]
    place.write("outputs.jsonl", [answer(n, text) for n, text in enumerate([*texts, texts[0]])])
    done = evalkit("score", "collapse", "outputs.jsonl", folder=tmp_path)
    assert [json.loads(line)["value"] for line in done.out.splitlines()] == [1.0, 0.0, 0.0, 1.0]


def test_options_that_could_measure_nothing_are_problems_of_the_envelope(tmp_path: Path) -> None:
    wrong = {
        "a": {"scorer": "opening", "words": 0},
        "b": {"scorer": "closing", "phrases": ["…"]},
        "c": {"scorer": "language", "expected": "xx"},
        "d": {"scorer": "repetition", "run": 0},
        "e": {"scorer": "reasoning", "answer": "regex"},
        "f": {"scorer": "reasoning", "answer": "regex", "pattern": "("},
        "g": {"scorer": "reasoning", "choices": ["yes", "no"]},
        "h": {"scorer": "closing", "words": 11},
        "i": {"scorer": "opening", "phrases": ["!"]},
    }
    bounds = [{"metric": f"{name}.{VALUES[name]}", "max": 1} for name in wrong]
    place = world(
        tmp_path, bounds, cases=[case(0)], candidate=[answer(0)], baseline=[answer(0)],
        metrics=wrong,
    )  # fmt: skip
    done = place.gate()
    assert done.code == 2
    for said in (
        *("words: expected 1 to 10, found 0", "phrases: expected phrases with a word in each"),
        *("expected: expected prompt or one of ar, ", "run: expected 1 to 20 words, found 0"),
        *("pattern: expected one where answer is regex", "pattern: expected a regular expression"),
        *("choices: expected texts, and answer: choice", "words: expected 1 to 10, found 11"),
    ):
        assert said in done.err


VALUES = {
    **dict.fromkeys("abhi", "listed"), "c": "matches", "d": "share", **dict.fromkeys("efg", "bare"),
}  # fmt: skip


def unlike() -> list[str]:
    """Return a text for each case, no two alike."""
    words = [
        f"{first}{second}" for first in "bdfgklmnprst" for second in ("al", "en", "ir", "ot", "um")
    ]
    texts = []
    for number in range(CASES):
        picked = [
            words[(number * 7 + step * (number + 11)) % len(words)] + str(number * step)
            for step in range(14)
        ]
        texts.append(" ".join(picked))
    return texts
