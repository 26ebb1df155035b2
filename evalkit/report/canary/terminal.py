"""A canary's decision as a person reads it in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from evalkit.core.canary import (
    Action,
    CanaryPlan,
    Decision,
    ReasonCode,
    Standing,
    Trigger,
    TriggerKind,
)
from evalkit.core.canary_wording import moment_text, share_text, span_text
from evalkit.core.envelope import Kind
from evalkit.core.wording import MINUS, count_text, value_text
from evalkit.report.text.lines import (
    DIM,
    banner_lines,
    beside,
    heading,
    labelled,
    show,
    titled,
    width_of,
    wrapped,
)

LOW_RATE = 0.1
"""Below it, the first decimal of a percentage does not say enough."""
MARKS: Mapping[Action, tuple[str, str]] = {
    Action.PROMOTE: ("✓", "green"),
    Action.HOLD: ("○", "yellow"),
    Action.ROLLBACK: ("✗", "red"),
}


def print_canary(plan: CanaryPlan, decision: Decision, console: Console) -> None:
    """Print a decision and what it rests on."""
    show(canary_lines(plan, decision, width_of(console)), console)
    show([Text(f"exit {int(decision.exit_code)}", DIM)], console)


def canary_lines(plan: CanaryPlan, decision: Decision, width: int) -> Iterator[Text]:
    """Yield the lines of a decision."""
    mark, colour = MARKS[decision.action]
    yield Text()
    yield from banner_lines(mark, decision.action.upper(), colour, _sentence(plan, decision), width)
    for line in _lead(decision):
        yield from wrapped(line, width)
    yield Text()
    yield heading("Watched against the baseline of the same minutes")
    triggers = {trigger.name: trigger for trigger in plan.triggers}
    for standing in decision.standings:
        yield from _row(triggers[standing.trigger], standing, width)
    if plan.unwatched:
        yield Text()
        yield heading("Not watched")
        for item in plan.unwatched:
            yield from beside(titled("–", DIM, item.bound), [item.why], width)
    yield Text()
    yield from labelled("Run", [_run(plan, decision)], width, style=DIM)


def _sentence(plan: CanaryPlan, decision: Decision) -> str:
    stage, share = plan.stages[decision.stage].share, share_text(decision.share)
    match decision.action:
        case Action.ROLLBACK:
            return f"{plan.name}: take the candidate back, from {share_text(stage)} of the traffic to none."
        case Action.PROMOTE if decision.final:
            return f"{plan.name}: the candidate may have all of the traffic."
        case Action.PROMOTE:
            return f"{plan.name}: go on from {share_text(stage)} to {share} of the traffic."
    return f"{plan.name}: stay at {share} of the traffic."


def _lead(decision: Decision) -> Iterator[str]:
    """Yield the reasons; those of many triggers that are alike in one line."""
    few = [reason.trigger for reason in decision.reasons if reason.code is ReasonCode.TOO_FEW]
    for reason in decision.reasons:
        if reason.code is not ReasonCode.TOO_FEW:
            yield f"{_first(reason.text)}."
    if few:
        names = ", ".join(name for name in few if name)
        yield f"Not enough traffic yet to have found out a bad candidate: {names}."
    if decision.final:
        yield f"This is final for run {decision.run}."


def _first(text: str) -> str:
    """Return a sentence with a capital; the name of a trigger keeps its own."""
    return text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]


def _row(trigger: Trigger, standing: Standing, width: int) -> Iterator[Text]:
    alarmed = standing.alarmed
    enough = standing.needed is not None and standing.seen >= standing.needed
    mark, colour = ("✗", "red") if alarmed else ("✓", "green") if enough else ("○", "yellow")
    yield from beside(titled(mark, colour, trigger.name), _facts(trigger, standing), width)


def _facts(trigger: Trigger, standing: Standing) -> Iterator[str]:
    yield trigger.said.removeprefix(trigger.metric.name).lstrip(":, ")
    baseline, candidate = standing.rates
    if baseline is None or candidate is None:
        yield "nothing was seen of it in both arms"
        return
    yield (
        f"{_what(trigger, standing)}baseline {_number(trigger, baseline)}, "
        f"candidate {_number(trigger, candidate)}"
    )
    verb = "alarm" if standing.alarmed else "no alarm"
    seen = f"{standing.seen:,} seen"
    if standing.needed is not None:
        seen += f" of {standing.needed:,} needed"
    evidence = f"{standing.log_e:.1f}".replace("-", MINUS)
    evidence += f" of {standing.alarm_at:.1f}{', approximate' if trigger.approximate else ''}"
    yield f"evidence {evidence}, {verb}; {seen}"


def _what(trigger: Trigger, standing: Standing) -> str:
    if trigger.kind is TriggerKind.BEYOND and standing.threshold is not None:
        metric = trigger.metric
        return f"beyond {value_text(standing.threshold, metric.kind, metric.unit)}: "
    if trigger.absence:
        words = trigger.metric.labels
        return f"{words[1]}: " if words else "without it: "
    return ""


def _number(trigger: Trigger, value: float) -> str:
    metric = trigger.metric
    if trigger.kind in {TriggerKind.EVENTS, TriggerKind.BEYOND}:
        return value_text(value, Kind.RATE, "", extra=1 if value < LOW_RATE else 0)
    return value_text(value, metric.kind, metric.unit)


def _run(plan: CanaryPlan, decision: Decision) -> str:
    baseline, candidate = decision.requests
    realised = ""
    if decision.realised is not None:
        realised = f", {share_text(decision.realised)} of the newest look's"
    ended = "" if decision.look is None else f"; newest look until {moment_text(decision.look)}"
    return (
        f"{decision.run}, decision {decision.number}, stage {decision.stage + 1} of "
        f"{len(plan.stages)}: "
        f"{count_text(decision.looks, 'look')}, {span_text(decision.covered)} at its share; "
        f"{baseline:,} requests of the baseline, {candidate:,} of the candidate{realised}{ended}"
    )
