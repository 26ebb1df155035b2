"""The dials of the simulated model hold, and chance falls on both arms as the pairing says."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import pytest

from evalkit.core.model import (
    ABSENT,
    Arm,
    Case,
    ErrorKind,
    Json,
    Message,
    Sample,
    Snapshot,
    SystemPrompt,
)
from evalkit.core.ports import Provider, Request, Surroundings
from evalkit.core.records import record_of, sample_of
from evalkit.core.registry import PROVIDERS, SCORERS
from evalkit.core.text import word_count
from evalkit.providers.simulated import INSULTS, REFUSALS, SimulatedOptions

SIMULATED = PROVIDERS.get("simulated")
MANY = 4000
CALM: dict[str, Any] = {"refusal": 0.0, "toxicity": 0.0, "errors": 0.0}


def model(arm: Arm = Arm.CANDIDATE, **dials: Any) -> Provider:
    plain = {name: dials.pop(name) for name in list(dials) if name in Snapshot.__slots__}
    snapshot = Snapshot("simulated", SimulatedOptions(**dials), **plain)
    assert not list(SIMULATED.lacks(snapshot))
    found = SIMULATED.open(arm, snapshot, Surroundings())
    assert isinstance(found, Provider)
    return found


def asked(
    case_id: str = "c1", reference: Any = ABSENT, *, index: int = 0, arm: Arm = Arm.CANDIDATE
) -> Request:
    messages = (Message("user", "What is the capital of France?"),)
    return Request(arm, Case(case_id, messages[0].content, reference=reference), index, messages)


def answers(provider: Provider, *requests: Request) -> list[Sample]:
    async def run() -> list[Sample]:
        return [await provider.answer(request) for request in requests]

    return asyncio.run(run())


def many(arm: Arm = Arm.CANDIDATE, reference: Any = "Paris", **dials: Any) -> list[Sample]:
    requests = [asked(f"c{number}", reference, arm=arm) for number in range(MANY)]
    return answers(model(arm, **dials), *requests)


def share(samples: list[Sample], scorer: str) -> float:
    plugin = SCORERS.get(scorer)
    found = [
        plugin(Case("c", "?", reference="Paris"), sample, plugin.options()).values[0]
        for sample in samples
    ]
    return fmean(value >= 0.5 for value in found if isinstance(value, float))


def is_near(found: float, expected: float, *, spread: float | None = None) -> bool:
    """Return whether a mean is within four standard errors of what it should be."""
    deviation = math.sqrt(expected * (1 - expected)) if spread is None else spread
    return abs(found - expected) <= 4 * deviation / math.sqrt(MANY) + 1e-12


# ---------------------------------------------------------------- the dials


@pytest.mark.parametrize("accuracy", [0.0, 0.8, 1.0])
def test_so_many_answers_are_right_as_the_dial_says(accuracy: float) -> None:
    assert is_near(share(many(accuracy=accuracy, **CALM), "exact_match"), accuracy)
    assert is_near(share(many(accuracy=accuracy, words=30.0, **CALM), "contains"), accuracy)


@pytest.mark.parametrize("rate", [0.0, 0.1, 1.0])
def test_so_many_answers_decline_as_the_dial_says_and_the_scorer_finds_them(rate: float) -> None:
    assert is_near(share(many(refusal=rate, words=50.0), "refusal"), rate)


@pytest.mark.parametrize("rate", [0.0, 0.1, 1.0])
def test_so_many_answers_insult_as_the_dial_says_and_the_scorer_finds_them(rate: float) -> None:
    assert is_near(share(many(toxicity=rate, refusal=0.0, words=50.0), "toxicity"), rate)


def test_every_refusal_and_every_insult_is_found_by_the_scorers() -> None:
    for texts, scorer in ((REFUSALS, "refusal"), (INSULTS, "toxicity")):
        for text in texts:
            assert share([Sample("c", Arm.CANDIDATE, output=text)], scorer) == 1, text


@pytest.mark.parametrize("rate", [0.0, 0.1, 1.0])
def test_so_many_requests_fail_as_the_dial_says(rate: float) -> None:
    found = many(errors=rate)
    errors = [sample.error for sample in found if sample.error is not None]
    assert is_near(len(errors) / MANY, rate)
    assert {error.kind for error in errors} <= {ErrorKind.SERVER}
    assert all((sample.output is None) == (sample.error is not None) for sample in found)


@pytest.mark.parametrize("words", [5.0, 80.0, 600.0])
@pytest.mark.parametrize("reference", [ABSENT, "Paris"])
def test_answers_are_as_long_as_the_dial_says(words: float, reference: Any) -> None:
    found = [
        word_count(sample.output or "")
        for sample in many(reference=reference, words=words, accuracy=1.0, **CALM)
    ]
    assert is_near(fmean(found), words, spread=words)
    assert min(found) >= words / 2 - 1
    assert max(found) <= words * 1.5 + 1


def test_without_the_dial_an_answer_is_the_reference_alone_or_has_forty_words() -> None:
    assert {sample.output for sample in many(accuracy=1.0, **CALM)} == {"Paris"}
    found = [word_count(sample.output or "") for sample in many(reference=ABSENT, **CALM)]
    assert is_near(fmean(found), 40.0, spread=40.0)


def test_answers_take_as_long_as_the_dial_says_with_a_tail() -> None:
    found = sorted(sample.latency_ms or 0.0 for sample in many(latency_ms=200.0))
    assert is_near(fmean(found), 200.0, spread=60.0)
    assert 1.3 < found[int(0.95 * MANY)] / 200 < 1.5
    assert found[-1] > 400


def test_time_really_passes_only_where_it_is_wanted() -> None:
    [sleeping] = answers(model(latency_ms=1.0, sleep=True), asked())
    [told] = answers(model(latency_ms=1.0), asked())
    assert sleeping == told


def test_a_sample_tells_what_an_endpoint_would() -> None:
    [found] = answers(model(accuracy=1.0, **CALM), asked(reference="Paris"))
    assert (found.output, found.finish_reason, found.attempts) == ("Paris", "stop", 1)
    assert (found.model, found.model_requested) == ("simulated-1", "simulated-1")
    assert (found.input_tokens, found.output_tokens) == (30 // 4 + 1, 5 // 4 + 1)
    assert sample_of(record_of(found), found.arm) == found
    [named] = answers(model(model="m-2", system_prompt=SystemPrompt("x" * 400)), asked())
    assert (named.model, named.input_tokens) == ("m-2", 430 // 4 + 1)


@pytest.mark.parametrize(
    ("reference", "right", "wrong"),
    [
        (["Paris", "paris"], "Paris", None),
        (3, "3", "4"),
        (True, "true", "false"),
        ({"city": "Paris", "km": [3]}, '{"city":"Paris","km":[3]}', '{"city":"not Paris","km":[4]}'),
        (None, "null", '"something"'),
        ([], "", None),
    ],
)  # fmt: skip
def test_a_reference_of_any_kind_is_answered_right_and_wrong(
    reference: Json, right: str, wrong: str | None
) -> None:
    [good] = answers(model(accuracy=1.0, **CALM), asked(reference=reference))
    [bad] = answers(model(accuracy=0.0, **CALM), asked(reference=reference))
    assert good.output == right
    assert bad.output != right
    assert bad.output
    assert wrong in {None, bad.output}


@pytest.mark.parametrize("reference", ["Something", "stated", "the", "opposite", "not", "?", "e"])
def test_a_wrong_answer_does_not_hold_the_right_one(reference: str) -> None:
    [found] = answers(model(accuracy=0.0, **CALM), asked(reference=reference))
    assert found.output is not None
    assert reference.casefold() not in found.output.casefold()


# ---------------------------------------------------------------- chance


def outputs(samples: list[Sample]) -> list[str | None]:
    return [sample.output for sample in samples]


def test_the_same_model_says_the_same_in_every_run_and_in_any_order() -> None:
    requests = [asked(f"c{number}", index=index) for number in range(50) for index in range(2)]
    first = answers(model(), *requests)
    assert answers(model(), *reversed(requests)) == first[::-1]
    assert outputs(answers(model(seed=1), *requests)) != outputs(first)


def test_draws_of_one_case_differ() -> None:
    [*found] = outputs(answers(model(**CALM), *(asked(index=index) for index in range(20))))
    assert len(set(found)) > 15


def test_paired_snapshots_differ_only_where_their_dials_do() -> None:
    weak, strong = many(Arm.BASELINE, accuracy=0.7), many(accuracy=0.8)
    assert outputs(many(Arm.BASELINE)) == outputs(many())
    pairs = [
        (one.output == "Paris", other.output == "Paris")
        for one, other in zip(weak, strong, strict=True)
    ]
    assert (True, False) not in pairs
    assert 0 < pairs.count((False, True)) < 0.2 * MANY
    declining = zip(many(Arm.BASELINE, refusal=0.1), many(refusal=0.1, accuracy=0.2), strict=True)
    assert all((one.output in REFUSALS) == (two.output in REFUSALS) for one, two in declining)


def test_independent_snapshots_disagree_as_often_as_chance_has_it() -> None:
    dials: Mapping[str, Any] = {"accuracy": 0.8, "pairing": "independent", **CALM}
    one, other = many(Arm.BASELINE, **dials), many(**dials)
    differing = fmean(
        (a.output == "Paris") != (b.output == "Paris") for a, b in zip(one, other, strict=True)
    )
    assert is_near(differing, 2 * 0.8 * 0.2)


def test_the_dials_have_nothing_to_do_with_each_other() -> None:
    found = many(accuracy=0.5, toxicity=0.5, refusal=0.0)
    right = [(sample.output or "").startswith("Paris") for sample in found]
    rude = [any(text in (sample.output or "") for text in INSULTS) for sample in found]
    slow = [(sample.latency_ms or 0.0) > 400 * 0.9744 for sample in found]
    for one, other in ((right, rude), (right, slow), (rude, slow)):
        assert is_near(fmean(a == b for a, b in zip(one, other, strict=True)), 0.5)


# ---------------------------------------------------------------- the rest


@pytest.mark.parametrize(
    ("dials", "key"),
    [
        ({"accuracy": 1.01}, "accuracy"), ({"refusal": -0.1}, "refusal"), ({"toxicity": 3}, "toxicity"),
        ({"errors": math.nan}, "errors"), ({"words": 0.0}, "words"), ({"words": 1e9}, "words"),
        ({"latency_ms": -1.0}, "latency_ms"), ({"latency_ms": math.inf}, "latency_ms"),
    ],
)  # fmt: skip
def test_a_dial_beyond_its_range_is_a_lack(dials: Any, key: str) -> None:
    [lack] = SIMULATED.lacks(Snapshot("simulated", SimulatedOptions(**dials)))
    assert lack.key == key
    assert lack.message.startswith("expected")


def test_sampling_parameters_are_a_lack() -> None:
    snapshot = Snapshot("simulated", SimulatedOptions(), params={"temperature": 0})
    assert [lack.key for lack in SIMULATED.lacks(snapshot)] == ["params"]


def test_the_identity_holds_what_decides_an_answer_but_not_the_draw() -> None:
    first = model().identity(asked())
    assert model().identity(asked(index=3)) == first
    assert model(Arm.BASELINE).identity(asked(arm=Arm.BASELINE)) == first
    others = [
        model(accuracy=0.7).identity(asked()),
        model(seed=1).identity(asked()),
        model(model="m-2").identity(asked()),
        model(pairing="independent").identity(asked()),
        model(Arm.BASELINE, pairing="independent").identity(asked()),
        model().identity(asked("c2")),
        model().identity(asked(reference=None)),
        model().identity(asked(reference="x")),
    ]
    assert len({first, *others}) == 9
