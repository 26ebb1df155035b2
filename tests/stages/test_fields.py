"""What stands in the fields of both arms is compared in pairs, however odd the answers are."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from evalkit.core.fields import Fact, FieldDrift, FieldRow, News
from evalkit.core.model import Arm, Case, Sample
from evalkit.stages.fields import field_drift, reading
from evalkit.stages.fields.reading import Fields

Answer = Callable[[int], Any]


def text_of(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)


def read(baseline: Answer, candidate: Answer, *, cases: int = 80, clusters: int = 0) -> Fields:
    named = {
        f"c{n:04d}": Case(f"c{n:04d}", "?", cluster=f"g{n % clusters}" if clusters else None)
        for n in range(cases)
    }
    fields = Fields(named, 0)
    samples: Iterable[Sample] = [
        Sample(name, arm, output=text_of(answer(number)))
        for arm, answer in ((Arm.BASELINE, baseline), (Arm.CANDIDATE, candidate))
        for number, name in enumerate(named)
    ]
    assert list(fields.passing(samples)) == samples
    return fields


def drift(baseline: Answer, candidate: Answer, **keys: Any) -> FieldDrift:
    found = field_drift(read(baseline, candidate, **keys))
    assert found is not None
    return found


def rows(found: FieldDrift) -> dict[tuple[str, str, str], FieldRow]:
    return {(row.path, row.fact.value, row.of): row for row in found.rows}


def usual(n: int) -> Any:
    return {"kind": "ab"[n % 2], "price": n % 7, "items": [{"sku": "x"}] * (1 + n % 3), "ok": True}


def test_answers_of_equal_fields_are_not_told_apart() -> None:
    found = drift(usual, usual)
    assert (found.rows, found.differ, found.left_out) == ((), 0, 0)
    assert (found.cases, found.chosen, found.paths, found.beyond) == (80, 80, 6, 0)
    assert found.parsed == found.answered == {Arm.BASELINE: 80, Arm.CANDIDATE: 80}
    assert found.looked_at > 6


def test_each_fact_of_a_field_is_told_where_it_changed() -> None:
    def changed(n: int) -> Any:
        answer = usual(n)
        answer["price"] = None if n % 2 else answer["price"] + 3
        answer["items"] = [{"sku": "x"}, {"sku": "y"}, {}, {"sku": "x"}]
        answer["kind"] = "c" if n % 3 else "a"
        answer["ok"] = n % 4 > 0
        answer["more"] = 1
        return answer

    found = rows(drift(usual, changed))
    news = {key: row.news for key, row in found.items()}
    assert news["more", "present", ""] is News.APPEARS
    assert news["kind", "value", "c"] is News.APPEARS
    assert news["kind", "value", "b"] is News.DISAPPEARS
    assert news["price", "type", "null"] is News.APPEARS
    assert news["ok", "value", "false"] is News.APPEARS
    presence = found["items[].sku", "present", ""]
    assert (presence.baseline, presence.candidate, presence.effect.told) == (1.0, 0.75, True)
    price = found["price", "number", ""]
    assert (price.pairs, price.ranges[Arm.CANDIDATE]) == (40, (3.0, 9.0))
    assert price.effect.lower <= 3 <= price.effect.upper
    assert price.effect.approximate
    length = found["items", "length", ""]
    assert (length.candidate, length.ranges[Arm.BASELINE]) == (4.0, (1.0, 3.0))
    assert all(row.effect.told for row in found.values() if row.news)


def test_what_is_rare_and_new_stands_behind_what_is_shown() -> None:
    found = drift(
        lambda n: {"kind": "ab"[n % 2], "a": 1},
        lambda n: {"kind": "z" if n == 5 else "ab"[n % 2], **({"a": 1} if n % 2 else {})},
    )
    assert [(row.path, row.of, row.effect.told) for row in found.rows] == [
        ("a", "", True),
        ("kind", "z", False),
    ]
    assert found.differ == 1


def test_answers_that_stop_being_json_are_told() -> None:
    found = drift(lambda n: {"a": n}, lambda n: {"a": n} if n % 2 else "Sorry, no.")
    (row,) = found.rows
    assert (row.path, row.fact, row.baseline, row.candidate) == ("$", Fact.JSON, 1.0, 0.5)
    assert row.news is None
    assert found.parsed[Arm.CANDIDATE] == 40


def test_fenced_json_counts_and_lists_at_the_top_are_read() -> None:
    found = drift(lambda n: [n, "x"], lambda n: f"Here:\n```json\n[{n}]\n```")
    assert ("$", "length", "") in rows(found)
    assert found.parsed[Arm.CANDIDATE] == 80


@pytest.mark.parametrize("other", ["I am a text.", '"a text"', "17", "{broken", ""])
def test_an_arm_that_does_not_answer_in_json_is_given_up_soon(other: str) -> None:
    fields = read(usual, lambda _: other)
    assert fields.hopeless == {Arm.CANDIDATE}
    assert len(fields.answered[Arm.CANDIDATE].places) == reading.FIRST
    assert field_drift(fields) is None
    assert field_drift(Fields({}, 0)) is None
    assert field_drift(read(usual, usual, cases=19)) is None


def test_only_first_answers_with_a_text_are_looked_at() -> None:
    fields = Fields({"a": Case("a", "?")}, 0)
    samples = [
        Sample("a", Arm.CANDIDATE, 1, output="{}"),
        Sample("a", Arm.CANDIDATE, 0, output=None),
        Sample("b", Arm.CANDIDATE, 0, output="{}"),
    ]
    assert list(fields.passing(samples)) == samples
    assert not fields.answered


def test_of_many_cases_a_part_is_chosen_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CASES", 30)
    found = drift(usual, usual)
    assert (found.cases, found.chosen, found.answered[Arm.BASELINE]) == (80, 30, 30)
    named = {f"c{n}": Case(f"c{n}", "?") for n in range(80)}
    assert Fields(named, 1).cases == Fields(dict(reversed(named.items())), 1).cases
    assert Fields(named, 1).cases != Fields(named, 2).cases


def test_what_an_answer_may_hold_is_bounded_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deep: Any = 1
    for _ in range(20):
        deep = {"d": deep}
    long = {"x" * 200: 1, "a": 2}
    wide = {"items": [{"n": 1}] * 1000, "b": 1}
    for odd in (deep, long, wide):
        found = drift(lambda _, odd=odd: odd, usual)  # type: ignore[misc]
        assert found.beyond == 80
        assert found.paths <= 6 + reading.MOST_DEPTH
    assert rows(drift(lambda _: wide, usual))["items", "length", ""].baseline == 1000
    monkeypatch.setattr(reading, "MOST_PATHS", 10)
    many = drift(lambda n: {f"k{n}": 1}, usual)
    assert many.paths == 9
    assert many.beyond > 70


def test_texts_are_no_choices_and_huge_numbers_are_no_numbers() -> None:
    chance = random.Random(1)
    found = drift(
        lambda n: {
            "t": f"text {n}",
            "u": "long " * 50,
            "n": 10**200,
            "v": f"{chance.random()}"[:4],
        },
        lambda n: {"t": f"other {n}", "u": "short", "n": 10**201, "v": f"{chance.random()}"[:4]},
    )
    assert found.rows == ()


def test_fewer_occurrences_than_values_could_need_are_no_choice() -> None:
    found = drift(lambda n: {"t": f"v{n % 22}"}, lambda n: {"t": f"v{n % 23}"}, cases=40)
    assert not [row for row in found.rows if row.fact is Fact.VALUE]


def test_whole_numbers_written_with_a_point_are_whole() -> None:
    found = drift(lambda _: '{"a": 1}', lambda n: '{"a": 1.0}' if n % 2 else '{"a": 1.5}')
    assert rows(found)["a", "type", "number"].candidate == 0.5


def test_three_types_are_told_each_and_of_two_the_rarer() -> None:
    found = drift(lambda _: {"a": "x"}, lambda n: {"a": ["x", None, {"b": 1}, "x"][n % 4]})
    types = {row.of for row in found.rows if row.fact is Fact.TYPE}
    assert types == {"string", "null", "object"}


def test_cases_of_one_cluster_count_as_one() -> None:
    def lost(n: int) -> Any:
        return usual(n) if n % 2 else {**usual(n), "ok": None}

    alone, together = drift(usual, lost), drift(usual, lost, clusters=40)
    key = ("ok", "type", "null")
    assert "clusters" in rows(together)[key].effect.method
    assert rows(alone)[key].effect.upper < rows(together)[key].effect.upper
    one = rows(drift(lambda n: {"a": n}, lambda n: {"a": n + 1}, clusters=1))["a", "number", ""]
    assert (one.effect.told, one.effect.upper) == (False, math.inf)


def test_no_more_rows_than_can_be_read_are_kept() -> None:
    names = [f"f{n:02d}" for n in range(30)]
    found = drift(lambda _: dict.fromkeys(names, 1), lambda _: {})
    assert (len(found.rows), found.left_out, found.differ) == (20, 10, 20)


def test_what_a_schema_names_is_declared() -> None:
    fields = read(
        lambda _: {"a": "x", "b": "x"}, lambda n: {"a": "y" if n % 2 else "x", "b": "zy"[n % 2]}
    )
    found = field_drift(fields, declared=frozenset({"a", "b", "x", "y"}))
    assert found is not None
    declared = {(row.path, row.of): row.declared for row in found.rows}
    assert declared["a", "y"]
    assert declared["b", "y"]
    assert not declared["b", "z"]


def test_the_versions_that_answers_name_are_counted() -> None:
    fields = read(lambda n: {"format_version": n % 2}, lambda n: {"format_version": f"v{n:04d}"})
    assert fields.versions[Arm.BASELINE] == {"0": 40, "1": 40}
    assert len(fields.versions[Arm.CANDIDATE]) == reading.MOST_VERSIONS + 1
    recorded = Fields({"a": Case("a", "?")}, 0)
    list(recorded.passing([Sample("a", Arm.CANDIDATE, output="no JSON", format_version="3")]))
    assert recorded.versions[Arm.CANDIDATE] == {"3": 1}


def test_the_baseline_against_itself_is_told_apart_as_seldom_as_promised() -> None:
    chance = random.Random(7)

    def answer(_: int) -> Any:
        return {
            "kind": chance.choice("abcd"),
            "score": chance.gauss(5, 2),
            "items": [1] * chance.randint(0, 4),
            **({"note": "x"} if chance.random() < 0.3 else {}),
        }

    wrong = sum(drift(answer, answer, cases=60).differ > 0 for _ in range(60))
    assert wrong <= 7  # 5 % of 60 are 3
