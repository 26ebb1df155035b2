"""What a gate costs is known as a whole or not at all."""

from __future__ import annotations

import pytest

from evalkit.core.asking import Forecast
from evalkit.core.model import Arm
from evalkit.core.plan import Price


def price(cost_usd: float | None, **judged: float | None) -> Price:
    asked = {name: Forecast(9, cost) for name, cost in judged.items()}
    return Price({Arm.CANDIDATE: 3.0}, cost_usd, None, 1, asked)


def test_what_is_asked_about_the_answers_is_added_to_what_the_answers_cost() -> None:
    assert price(1.5).whole_usd == 1.5
    assert price(1.5, good=0.25, better=0.0).whole_usd == 1.75


@pytest.mark.parametrize("dark", [price(None, good=1.0), price(1.0, good=1.0, better=None)])
def test_the_whole_is_not_known_where_a_part_is_not(dark: Price) -> None:
    assert dark.whole_usd is None
