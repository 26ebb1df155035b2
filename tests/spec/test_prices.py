"""Prices come from the table of the extra where somebody asks, and never in place of the user's own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.core.asking import Limits
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm, Prices
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.overrides import Overrides
from evalkit.spec.prices import missing_prices

Load = Callable[..., LoadedEnvelope]
MONEY = Limits(cost_usd=1.0)


def text(candidate: str, metric: str = "length", extra: str = "") -> str:
    return (
        "version: 1\nname: x\ngolden_set: golden.jsonl\n"
        f"candidate: {{{candidate}}}\n{extra}"
        f"bounds:\n  - {{metric: {metric}, max: 5}}\n"
    )


OPENAI = "provider: openai, model: gpt-4o-2024-08-06"


def table_of(**prices: Any) -> SimpleNamespace:
    """Return a module whose table knows one model by these prices, whenever it is asked."""

    def find(name: str, *_: object) -> tuple[None, object]:
        if name != "gpt-4o-2024-08-06":
            raise LookupError(name)
        return None, SimpleNamespace(get_prices=lambda _: SimpleNamespace(**prices))

    snapshot = SimpleNamespace(find_provider_model=find)
    return SimpleNamespace(data_snapshot=SimpleNamespace(get_snapshot=lambda: snapshot))


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a table in place of the extra's."""
    monkeypatch.setitem(sys.modules, "genai_prices", table_of(input_mtok=2.5, output_mtok=10))


@pytest.mark.usefixtures("shelf")
def test_prices_are_looked_up_where_money_is_limited_or_measured(load: Load) -> None:
    known = {Arm.CANDIDATE: {"input": 2.5, "output": 10.0}}
    assert missing_prices(load(text(OPENAI)), MONEY) == known
    assert missing_prices(load(text(OPENAI, "cost_usd")), Limits()) == known


@pytest.mark.usefixtures("shelf")
def test_prices_that_nobody_asks_for_are_not_looked_up(load: Load) -> None:
    assert missing_prices(load(text(OPENAI)), Limits(seconds=9, requests=9)) == {}


@pytest.mark.usefixtures("shelf")
def test_the_users_own_prices_stay(load: Load) -> None:
    loaded = load(text(f"{OPENAI}, prices: {{input: 1, output: 2}}"))
    assert missing_prices(loaded, MONEY) == {}


@pytest.mark.usefixtures("shelf")
def test_what_is_recorded_or_simulated_needs_no_prices(load: Load) -> None:
    for candidate in ("provider: replay, path: outputs.jsonl", "provider: simulated"):
        assert missing_prices(load(text(candidate)), MONEY) == {}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    "candidate",
    [
        "provider: openai, model: gpt-99",
        f"{OPENAI}, base_url: 'http://127.0.0.1:9/v1'",
    ],
)
def test_money_cannot_be_limited_where_nobody_knows_what_a_model_costs(
    load: Load, candidate: str
) -> None:
    loaded = load(text(candidate))
    with pytest.raises(UsageError, match=r"--max-cost: what candidate gpt-\S+ costs is not known"):
        missing_prices(loaded, MONEY)
    assert missing_prices(load(text(candidate, "cost_usd")), Limits()) == {}


def test_without_the_extra_money_cannot_be_limited(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(UsageError, match=r"pip install 'evalkit-gate\[prices\]'"):
        missing_prices(load(text(OPENAI)), MONEY)


def test_of_a_price_that_rises_the_first_step_counts(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    rising = SimpleNamespace(base="1.25", tiers=[])
    monkeypatch.setitem(sys.modules, "genai_prices", table_of(input_mtok=rising, output_mtok=10))
    assert missing_prices(load(text(OPENAI)), MONEY) == {
        Arm.CANDIDATE: {"input": 1.25, "output": 10.0}
    }


def test_half_a_price_is_none(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", table_of(input_mtok=2.5, output_mtok=None))
    with pytest.raises(UsageError, match="is not known"):
        missing_prices(load(text(OPENAI)), MONEY)


def test_prices_of_the_table_stand_in_the_envelope_as_if_they_were_written(load: Load) -> None:
    found = Overrides(prices={Arm.CANDIDATE: {"input": 2.5, "output": 10.0}})
    assert load(text(OPENAI), overrides=found).envelope.candidate.prices == Prices(2.5, 10.0)
    own = load(text(f"{OPENAI}, prices: {{input: 1, output: 2}}"), overrides=found)
    assert own.envelope.candidate.prices == Prices(1.0, 2.0)
    absent = Overrides(prices={Arm.BASELINE: {"input": 1.0, "output": 1.0}})
    assert load(text(OPENAI), overrides=absent).envelope.baseline is None


@pytest.mark.parametrize(
    "candidate",
    [
        OPENAI,
        "provider: anthropic, model: claude-3-5-haiku-20241022, params: {max_tokens: 9}",
        "provider: gemini, model: gemini-2.0-flash",
    ],
)
def test_the_real_table_knows_models_of_the_vendors(load: Load, candidate: str) -> None:
    pytest.importorskip("genai_prices")
    prices: Any = missing_prices(load(text(candidate)), MONEY)[Arm.CANDIDATE]
    assert 0 < prices["input"] < prices["output"] < 1000
