"""A plug-in that declares nothing else asks for nothing, lacks nothing and tells no schema."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind
from evalkit.core.errors import Place
from evalkit.core.model import Arm, Sample, Snapshot
from evalkit.core.ports import (
    Costs,
    NoOptions,
    Provider,
    ProviderPlugin,
    Recording,
    Request,
    Surroundings,
    Value,
    always,
    told,
)

SNAPSHOT = Snapshot("quiet", NoOptions())


class Quiet:
    """Answers nothing."""

    def identity(self, request: Request) -> str:
        """Return the case."""
        return request.case.id

    async def answer(self, request: Request) -> Sample:
        """Return an empty answer."""
        return Sample(request.case.id, request.arm, output="")

    async def close(self) -> None:
        """Let go of nothing."""


class Shelf:
    """Holds nothing."""

    source = "shelf"
    there = False

    def samples(self) -> Iterator[tuple[Sample, Place]]:
        """Yield nothing."""
        yield from ()


def opened(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Provider:
    """Open a provider."""
    del arm, snapshot, surroundings
    return Quiet()


def test_a_provider_that_declares_no_more_is_asked_and_takes_every_snapshot() -> None:
    plugin = ProviderPlugin("quiet", NoOptions, opened)
    assert list(plugin.lacks(SNAPSHOT)) == []
    assert plugin.structured(SNAPSHOT) is False
    assert (plugin.recorded, plugin.reads_input, plugin.vendor) == (False, False, None)


def test_a_provider_may_be_told_the_schema_of_every_snapshot() -> None:
    plugin = ProviderPlugin("quiet", NoOptions, opened, structured=always)
    assert plugin.structured(SNAPSHOT) is True


def test_what_an_answer_costs_is_known_by_its_tokens_unless_it_is_told() -> None:
    assert ProviderPlugin("quiet", NoOptions, opened).costs(SNAPSHOT) is Costs.TOKENS
    assert ProviderPlugin("quiet", NoOptions, opened, costs=told).costs(SNAPSHOT) is Costs.TOLD


def test_surroundings_without_a_budget_allow_every_further_attempt() -> None:
    surroundings = Surroundings()
    assert all(surroundings.another() for _ in range(100))
    assert surroundings.code_root is None
    assert Surroundings().shared is not surroundings.shared


def test_who_is_asked_is_told_from_what_is_read() -> None:
    provider = opened(Arm.CANDIDATE, SNAPSHOT, Surroundings())
    assert isinstance(provider, Provider)
    assert not isinstance(provider, Recording)
    assert isinstance(Shelf(), Recording)
    assert not isinstance(Shelf(), Provider)


def test_rates_and_scores_lie_between_0_and_1_and_amounts_from_0_on() -> None:
    for kind in Kind:
        bounded = kind in {Kind.RATE, Kind.SCORE}
        assert Value("x", kind).natural_support == (UNIT_INTERVAL if bounded else NON_NEGATIVE)
    assert Value("x", Kind.AMOUNT, UNIT_INTERVAL).natural_support == UNIT_INTERVAL
