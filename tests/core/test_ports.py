"""A plug-in that declares nothing else asks for nothing, lacks nothing and tells no schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind
from evalkit.core.errors import Place
from evalkit.core.model import Arm, Case, Message, Sample, Score, Snapshot
from evalkit.core.ports import (
    Costs,
    NoOptions,
    Provider,
    ProviderPlugin,
    Question,
    Recording,
    Remote,
    Request,
    ScorerPlugin,
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


def test_the_prompt_of_a_request_is_what_the_user_says_last_or_whoever_does() -> None:
    asked, answered = Message("user", "Where?"), Message("assistant", "Here.")

    def prompt(*turns: Message) -> str | None:
        return Request(Arm.CANDIDATE, Case("a", "q"), 0, turns).prompt

    assert prompt(Message("user", "Hi."), asked, answered) == "Where?"
    assert prompt(answered) == "Here."
    assert prompt() is None


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


# ---------------------------------------------------------------- scorers that ask


def asks(case: Case, sample: Sample) -> list[Question]:
    """Ask about an answer."""
    return [Question((Message("user", f"{case.id}: {sample.output}"),))]


def compares(case: Case, sample: Sample, baseline: Sample, options: Often) -> list[Question]:
    """Ask about two answers."""
    text = f"{case.id}: {baseline.output} or {sample.output}"
    return [Question((Message("user", text),), draw) for draw in range(options.times)]


def counts(case: Case, sample: Sample, answers: list[Sample]) -> float:
    """Count the answers."""
    del case, sample
    return float(len(answers))


@dataclass(frozen=True, slots=True)
class Often:
    """How often somebody is asked."""

    times: int = 2


CASE = Case("a", "?")
ANSWER = Sample("a", Arm.CANDIDATE, output="new")
COUNT = (Value("count", Kind.AMOUNT),)


def test_a_remote_scorer_asks_about_a_sample_and_reads_what_was_answered() -> None:
    plugin = ScorerPlugin("asking", 1, COUNT, counts, remote=Remote(asks))
    (question,) = plugin.questions(CASE, ANSWER, NoOptions())
    assert (question.messages[0].content, question.draw) == ("a: new", 0)
    assert plugin(CASE, ANSWER, NoOptions(), [ANSWER, ANSWER]) == Score((2.0,))
    assert plugin(CASE, ANSWER, NoOptions()) == Score((0.0,))


def test_a_remote_scorer_that_says_no_more_asks_once_and_demands_no_form() -> None:
    remote = Remote(asks)
    assert (remote.most(None), remote.schema(None), remote.compares) == (1, None, False)
    assert (dict(remote.by), dict(remote.params)) == ({}, {})


def test_a_remote_scorer_that_compares_is_shown_the_answer_of_the_baseline() -> None:
    remote = Remote(compares, compares=True)
    plugin = ScorerPlugin("both", 1, COUNT, counts, options=Often, remote=remote)
    old = Sample("a", Arm.BASELINE, output="old")
    found = plugin.questions(CASE, ANSWER, Often(), old)
    assert [question.draw for question in found] == [0, 1]
    assert found[0].messages[0].content == "a: old or new"


def test_the_values_of_a_scorer_may_hang_on_its_options() -> None:
    def shaped(options: Often) -> list[Value]:
        return [Value(f"v{number}", Kind.SCORE) for number in range(options.times)]

    plain = ScorerPlugin("plain", 1, COUNT, counts)
    shaping = ScorerPlugin("shaping", 1, COUNT, counts, options=Often, shaped=shaped)
    assert plain.under(NoOptions()) is plain
    assert [value.name for value in shaping.under(Often(3)).values] == ["v0", "v1", "v2"]
