"""Looks of a canary are read from Prometheus: counters of both arms, at the end of every look."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.canary import (
    ArmLook,
    CanaryPlan,
    Counted,
    Look,
    Observed,
    State,
    Sums,
    Trigger,
    Unread,
)
from evalkit.core.canary_wording import moment_text
from evalkit.core.errors import Place, Problem, SpecError, UsageError
from evalkit.core.model import Arm
from evalkit.core.prometheus import PrometheusQueries, TriggerQueries, written
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.wire.clock import SYSTEM_CLOCK, Clock
from evalkit.wire.prometheus import Answer, NoNumber, PrometheusServer, Query, UnansweredError

LOOKS_AT_ONCE = 500
"""A range of more looks is asked for in parts: Prometheus gives 11,000 moments at most."""
FEW = 1.5
"""By how many events a count may be out: what ``increase`` gives is drawn out to the ends of a look."""
REQUESTS, NEWEST = "requests", "newest"


def prometheus_source(
    loaded: LoadedEnvelope, environment: Mapping[str, str], clock: Clock = SYSTEM_CLOCK
) -> PrometheusSource:
    """Return where looks are read from, as an envelope says.

    Args:
        loaded: the envelope.
        environment: holds the token, proxies and certificates.
        clock: the time of this side.

    Raises:
        UsageError: it names no Prometheus.
        SpecError: a trigger has no query.
    """
    plan = loaded.canary
    if plan is None or plan.prometheus is None:
        raise UsageError(
            f"{loaded.path}: expected logs to read, or where Prometheus is under canary.prometheus"
        )
    asked = plan.prometheus
    missing = [trigger for trigger in plan.triggers if trigger.name not in asked.triggers]
    if missing:
        raise SpecError(
            [
                Problem(
                    Place(str(loaded.path)),
                    f"no query for the trigger {trigger.name} ({_needed(trigger)}); write one, or "
                    "list the bound under without",
                    "canary.prometheus.queries",
                )
                for trigger in missing
            ]
        )
    server = PrometheusServer(asked.url, asked.timeout, environment, asked.token, clock)
    return PrometheusSource(server, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose number a query gives: of which arm, which trigger, and what it is there."""

    arm: Arm
    trigger: str
    part: str


@dataclass(frozen=True, slots=True)
class _Missing:
    """Why the requests of a look are not known; ``lasts`` says that they may be, later."""

    why: str
    lasts: bool


@dataclass(frozen=True, slots=True)
class PrometheusSource:
    """Looks from Prometheus; see ``core.canary.LookSource``."""

    server: PrometheusServer
    asked: PrometheusQueries

    def looks(self, plan: CanaryPlan, state: State, now: float) -> Iterator[Look]:
        """Yield the looks that ended long enough ago for their last values to have come in.

        Raises:
            UnansweredError: Prometheus does not answer, or does not say how many requests there
                were; the looks are asked for again the next time.
        """
        last = math.floor((now - self.asked.settles) / plan.look) * plan.look
        first = last - plan.look if state.watermark is None else state.watermark
        ends = [
            first + plan.look * index
            for index in range(1, math.floor((last - first) / plan.look + 0.5) + 1)
        ]
        for start in range(0, len(ends), LOOKS_AT_ONCE):
            yield from self._looks(plan, state, tuple(ends[start : start + LOOKS_AT_ONCE]))

    def _looks(self, plan: CanaryPlan, state: State, ends: tuple[float, ...]) -> Iterator[Look]:
        named = dict(self._queries(plan, state))
        texts = list(dict.fromkeys(named.values()))
        told = self.server.answers([Query(text, ends) for text in texts])
        answers = dict(zip(texts, told, strict=True))
        for end in ends:
            at = {asked: answers[text][end] for asked, text in named.items()}
            missing = self._missing(at, end)
            if missing and (missing.lasts or len(ends) == 1):
                raise UnansweredError(missing.why)
            if missing and end == ends[-1]:
                return  # what is newest may only be late: it is asked for once more
            yield Look(end - plan.look, end, dict(self._arms(plan, at, end)))

    def _missing(self, at: Mapping[_Asked, Answer], end: float) -> _Missing | None:
        """Return why it is not known how many requests an arm had; nothing where it is."""
        for arm in Arm:
            answer = at[_Asked(arm, "", REQUESTS)]
            if isinstance(answer, NoNumber):
                why = f"the requests of the {arm} until {moment_text(end)}: {answer.why}"
                return _Missing(why, lasts=not answer.absent)
        return None

    def _arms(
        self, plan: CanaryPlan, at: Mapping[_Asked, Answer], end: float
    ) -> Iterator[tuple[Arm, ArmLook]]:
        """Yield what each arm showed; one without a request is left out."""
        for arm in Arm:
            answer = at[_Asked(arm, "", REQUESTS)]
            requests = 0 if isinstance(answer, NoNumber) else round(answer)
            if requests > 0:
                yield arm, ArmLook(requests, dict(self._observed(plan, arm, at, end)))

    def _queries(self, plan: CanaryPlan, state: State) -> Iterator[tuple[_Asked, str]]:
        """Yield every query that a look needs."""
        for arm in Arm:
            name = self.asked.arms[arm]
            for part in (REQUESTS, NEWEST):
                text = getattr(self.asked, part)
                if text is not None:
                    yield _Asked(arm, "", part), written(text, name, plan.look, None)
            for trigger in plan.triggers:
                threshold = state.thresholds.get(trigger.name, trigger.threshold)
                for part, text in _parts(self.asked.triggers[trigger.name]):
                    yield (
                        _Asked(arm, trigger.name, part),
                        written(text, name, plan.look, threshold),
                    )

    def _observed(
        self, plan: CanaryPlan, arm: Arm, at: Mapping[_Asked, Answer], end: float
    ) -> Iterator[tuple[str, Observed]]:
        stale = self._stale(at.get(_Asked(arm, "", NEWEST)), end)
        for trigger in plan.triggers:
            told = {
                part: at[_Asked(arm, trigger.name, part)]
                for part, _ in _parts(self.asked.triggers[trigger.name])
            }
            told.setdefault("chances", at[_Asked(arm, "", REQUESTS)])
            yield trigger.name, stale or observed(told)

    def _stale(self, newest: Answer | None, end: float) -> Unread | None:
        """Return that the newest sample is older than the look, where it is known and so."""
        if newest is None:
            return None
        if isinstance(newest, NoNumber):
            return Unread(f"when the newest sample was taken is not known: {newest.why}")
        if end - newest <= self.asked.settles:
            return None
        return Unread(
            f"the newest sample is of {moment_text(newest)}, and the look ends {moment_text(end)}"
        )


def observed(told: Mapping[str, Answer]) -> Observed:
    """Return what a trigger saw of an arm, from the numbers of its queries by their part.

    >>> observed({"found": 3.2, "chances": 100.0})
    Counted(found=3, chances=100)
    """
    for part, answer in told.items():
        if isinstance(answer, NoNumber):
            return Unread(f"{part}: {answer.why}")
        if answer < 0:
            return Unread(f"{part}: {answer:g}, and nothing is counted below 0")
    values = {part: answer for part, answer in told.items() if isinstance(answer, float)}
    if "total" in values:
        return Sums(round(values["count"]), values["total"], values["squares"])
    if values["found"] > values["chances"] + FEW:
        return Unread(f"{values['found']:g} events among {values['chances']:g} chances")
    chances = round(values["chances"])
    return Counted(min(round(values["found"]), chances), chances)


def _parts(queries: TriggerQueries) -> Sequence[tuple[str, str]]:
    parts = ("found", "chances", "count", "total", "squares")
    return [(part, text) for part in parts if (text := getattr(queries, part)) is not None]


def _needed(trigger: Trigger) -> str:
    return (
        "count, total and squares"
        if trigger.kind == "mean"
        else "found, and chances unless requests"
    )
