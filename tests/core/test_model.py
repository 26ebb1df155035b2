"""Money is known or it is not: no answer that hides its tokens is free."""

from __future__ import annotations

import pytest

from evalkit.core.model import Arm, Prices, Sample, billed

PRICES = Prices(input=1.0, output=10.0)


def sample(
    tokens: tuple[int | None, int | None] = (None, None), cost_usd: float | None = None
) -> Sample:
    asked, answered = tokens
    return Sample("a", Arm.CANDIDATE, input_tokens=asked, output_tokens=answered, cost_usd=cost_usd)


def test_prices_say_what_an_answer_costs() -> None:
    assert billed(sample((900, 100)), PRICES) == pytest.approx(0.0019)
    assert billed(sample((0, 0)), PRICES) == 0.0


def test_prices_go_before_what_was_recorded() -> None:
    assert billed(sample((900, 100), cost_usd=7.0), PRICES) == pytest.approx(0.0019)


def test_without_prices_a_cost_is_what_was_recorded() -> None:
    assert billed(sample((900, 100), cost_usd=7.0), None) == 7.0
    assert billed(sample((900, 100)), None) is None


@pytest.mark.parametrize("tokens", [(None, 100), (900, None), (None, None)])
def test_a_cost_that_cannot_be_known_is_none_and_never_nothing(
    tokens: tuple[int | None, int | None],
) -> None:
    assert billed(sample(tokens, cost_usd=7.0), PRICES) is None
