"""Times, tokens, money and errors: what is read off the fields of a sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.core.model import ErrorKind, Prices, SampleError, Score, Unscored
from evalkit.core.registry import SCORERS

Ask = Callable[..., Score]
FAILURES = [kind for kind in ErrorKind if kind is not ErrorKind.NO_RECORD]


def _failed(kind: ErrorKind) -> dict[str, Any]:
    return {"error": SampleError(kind, "upstream said no")}


@pytest.mark.parametrize("scorer", ["latency_ms", "ttft_ms"])
def test_a_timeout_took_longer_than_anything(score: Ask, scorer: str) -> None:
    assert score(scorer, None, sample=_failed(ErrorKind.TIMEOUT)).values == (math.inf,)


@pytest.mark.parametrize("scorer", ["latency_ms", "ttft_ms"])
@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind is not ErrorKind.TIMEOUT])
def test_any_other_failure_has_no_time(score: Ask, scorer: str, kind: ErrorKind) -> None:
    sample = {**_failed(kind), "latency_ms": 5.0, "ttft_ms": 5.0}
    assert score(scorer, None, sample=sample).values == (Unscored(f"the error {kind}"),)


@pytest.mark.parametrize("kind", FAILURES)
def test_every_failure_counts_and_says_what_it_was(score: Ask, kind: ErrorKind) -> None:
    found = score("error_rate", None, sample=_failed(kind))
    assert found.values == (1.0,)
    assert found.detail == f"{kind}: upstream said no"


def test_a_case_that_was_not_recorded_did_not_fail(score: Ask) -> None:
    found = score("error_rate", None, sample=_failed(ErrorKind.NO_RECORD))
    assert found.values == (Unscored("no record"),)


def test_prices_make_the_cost_from_tokens_and_overrule_what_was_recorded(score: Ask) -> None:
    sample = {"input_tokens": 2_000, "output_tokens": 500, "cost_usd": 99.0}
    found = score("cost_usd", "x", sample=sample, prices=Prices(input=2.5, output=10.0))
    assert list(found.values) == pytest.approx([0.01])


@pytest.mark.parametrize("missing", ["input_tokens", "output_tokens"])
def test_prices_without_tokens_make_no_cost(score: Ask, missing: str) -> None:
    sample: dict[str, Any] = {"input_tokens": 2, "output_tokens": 5, "cost_usd": 1.0}
    sample[missing] = None
    found = score("cost_usd", "x", sample=sample, prices=Prices(input=1, output=1))
    assert found.values == (Unscored(f"no {missing}"),)


@pytest.mark.parametrize(
    "scorer",
    ["latency_ms", "ttft_ms", "input_tokens", "output_tokens", "cost_usd", "error_rate", "refusal"],
)
def test_what_does_not_read_the_text_needs_none(score: Ask, scorer: str) -> None:
    assert not SCORERS.get(scorer).reads_output
    score(scorer, None)


def test_more_reasoning_than_output_is_no_length(score: Ask) -> None:
    sample = {"output_tokens": 5, "reasoning_tokens": 9}
    found = score("length", "text", sample=sample)
    assert found.values[1] == Unscored("more reasoning_tokens than output_tokens")


def test_rare_letters_may_take_several_tokens_each(score: Ask) -> None:
    assert score("length", "🙂" * 10, sample={"output_tokens": 35}).values[1] == 35.0
    assert score("length", "a" * 10, sample={"output_tokens": 35}).values[1] == Unscored(
        "more output_tokens than text"
    )


def test_a_text_of_no_tokens_is_not_believed(score: Ask) -> None:
    assert score("length", "text", sample={"output_tokens": 0}).values[1] == Unscored(
        "a text of 0 output_tokens"
    )
