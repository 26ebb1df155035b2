"""A plan becomes what the terminal and the page show of it: rows in order, and lines below them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.envelope import Require
from evalkit.core.model import Arm
from evalkit.core.phrases import allowed, title, told_apart
from evalkit.core.plan import Basis, BoundPlan, Plan, Price
from evalkit.core.plan_phrases import (
    Prospect,
    basis_sentence,
    by_prospect,
    catches_text,
    chance_text,
    change_lines,
    joint_text,
    prospect,
)
from evalkit.core.verdict import Result
from evalkit.core.wording import count_text, duration_text, money_text

TONES: Mapping[Prospect, Result] = {
    Prospect.IMPOSSIBLE: Result.BROKEN,
    Prospect.OUTSIDE: Result.BROKEN,
    Prospect.UNKNOWN: Result.UNMEASURED,
    Prospect.UNLIKELY: Result.UNDECIDED,
    Prospect.LIKELY: Result.HOLDS,
}
MOST_NAMES = 4
LOOSE = (
    "require: not-disproven: such a bound passes when it is not shown broken; "
    "0 of its passes are a proof."
)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One bound as a plan shows it.

    ``share`` is the chance to draw, ``chance`` what is printed of it; ``catches`` says why, where
    no value is known that would be caught.
    """

    bound: BoundPlan
    title: str
    allowed: str
    prospect: Prospect
    tone: Result
    n: str
    least: str
    share: float | None
    chance: str
    catches: str
    note: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanView:
    """Everything that is shown of a plan, in order.

    It is ``ready`` when an unchanged candidate reaches the aim. ``footnotes`` say where the
    chances come from.
    """

    plan: Plan
    ready: bool
    rows: tuple[PlanRow, ...]
    joint: tuple[str, ...]
    cost: tuple[str, ...]
    stops: tuple[str, ...]
    footnotes: tuple[str, ...]


def plan_view(plan: Plan) -> PlanView:
    """Return what is shown of a plan."""
    taken = Counter(title(bound) for bound in plan.bounds)
    rows = tuple(
        _row(bound, told_apart(bound) if taken[title(bound)] > 1 else title(bound), plan.aim)
        for bound in by_prospect(plan.bounds, plan.aim)
    )
    blocking = [row for row in rows if row.bound.blocks]
    likely = all(row.prospect is Prospect.LIKELY for row in blocking)
    return PlanView(
        plan=plan,
        ready=bool(blocking) and likely and (plan.joint.passes or 0.0) >= plan.aim,
        rows=rows,
        joint=tuple(_joint(plan, blocking)),
        cost=tuple(_cost(plan.price, recorded=_recorded(plan))),
        stops=tuple(_stops(plan)),
        footnotes=tuple(_footnotes(rows)),
    )


def _row(bound: BoundPlan, name: str, aim: float) -> PlanRow:
    found = prospect(bound, aim)
    proven = bound.require is Require.PROVEN
    return PlanRow(
        bound=bound,
        title=name,
        allowed=allowed(bound),
        prospect=found,
        tone=TONES[found],
        n=f"{bound.clusters:,}",
        least=f"{bound.least:,}" if proven else "any",
        share=bound.passes,
        chance="unknown" if bound.passes is None else chance_text(bound.passes, beside=aim),
        catches=_catches(bound, found),
        note="" if bound.blocks else "warn",
        changes=tuple(change_lines(bound, aim)),
    )


def _catches(bound: BoundPlan, found: Prospect) -> str:
    if found is Prospect.OUTSIDE:
        subject = "assumed value" if bound.basis is Basis.ASSUMED else "baseline"
        return f"{'0 change' if bound.limit.compares else subject} is outside"
    if found is Prospect.UNKNOWN:
        return "not known"
    return catches_text(bound) or ("no value 8 times in 10" if bound.curve else "not known")


# ---------------------------------------------------------------- below the rows


def _joint(plan: Plan, blocking: Sequence[PlanRow]) -> Iterator[str]:
    joint = plan.joint
    if joint.passes is None or len(blocking) < 2:
        return
    which = "both" if len(blocking) == 2 else f"all {len(blocking)}"
    yield (
        f"{chance_text(joint.passes, beside=plan.aim)} for {which} blocking bounds, "
        "as if none moved with another; bounds that move together do better."
    )
    if joint.cases is not None:
        names = {row.bound.name: row.title for row in blocking}
        most = names.get(joint.dominated_by or "")
        asks = f"; {most} asks for most" if most else ""
        yield f"{joint_text(joint, plan.aim)}, where there are {plan.cases:,}{asks}."


def _recorded(plan: Plan) -> bool:
    compares = any(bound.limit.compares for bound in plan.bounds)
    return compares and not plan.price.calls.get(Arm.BASELINE)


def _cost(price: Price, *, recorded: bool) -> Iterator[str]:
    calls = [count_text(round(count), f"{arm} call") for arm, count in price.calls.items() if count]
    known = [] if price.cost_usd is None else [money_text(price.cost_usd)]
    if price.seconds is not None:
        known.append(f"{duration_text(price.seconds)} at {price.parallel} at a time")
    about = f", about {' and '.join(known)}" if known and calls else ""
    tail = "; the baseline is recorded" if recorded else ""
    yield f"{' and '.join(calls) or '0 calls'}{about}{tail}."
    unknown = [] if price.cost_usd is not None else ["what a call costs"]
    unknown += [] if price.seconds is not None else ["how long a call takes"]
    if unknown and calls:
        verb = "was" if len(unknown) == 1 else "were"
        yield f"{' and '.join(unknown).capitalize()} {verb} not recorded with every answer."
    yield from _judged(price)


def _judged(price: Price) -> Iterator[str]:
    """Yield what is asked about the answers, which is paid for as well."""
    for name, asked in price.judged.items():
        money = f", about {money_text(asked.cost_usd)}" if asked.cost_usd is not None else ""
        yield f"{name} asks about the answers: up to {count_text(asked.requests, 'call')}{money}."
    dark = [name for name, asked in price.judged.items() if asked.cost_usd is None]
    if dark:
        yield (
            f"What {_names(dark, 'metric')} will cost is not known: that takes prices under by, and an "
            "answer to ask about."
        )
    whole = price.whole_usd
    if price.judged and whole is not None:
        yield f"About {money_text(whole)} in all."


def _stops(plan: Plan) -> Iterator[str]:
    rows = [bound for bound in plan.bounds if bound.stops_after is not None]
    if rows:
        last = max(rows, key=lambda bound: bound.stops_after or 0.0)
        cases = f"{round(last.stops_after or 0.0):,} of {count_text(last.n, 'case')}"
        yield f"about {cases} are expected before {title(last)} is decided, the last bound to be."
    if plan.not_stoppable:
        names = _names(plan.not_stoppable)
        which = "keep" if len(plan.not_stoppable) > 1 else "keeps"
        yield f"{names} {which} this envelope from stopping early: all {plan.cases:,} cases are run."


def _footnotes(rows: Sequence[PlanRow]) -> Iterator[str]:
    """Yield where chances come from, and for which bounds where they come from several places."""
    bases = [basis for basis in Basis if any(row.bound.basis is basis for row in rows)]
    for basis in bases:
        sentence = basis_sentence(basis)
        if len(bases) == 1:
            yield sentence
            continue
        names = _names([row.title for row in rows if row.bound.basis is basis])
        yield f"{names}: {sentence[0].lower()}{sentence[1:]}"
    grouped = [row.title for row in rows if row.bound.clusters < row.bound.n]
    if grouped:
        yield f"{_names(grouped)}: n counts independent groups of 1 or more cases."
    loose = [row.title for row in rows if row.bound.require is Require.NOT_DISPROVEN]
    if loose:
        yield f"{_names(loose)}: {LOOSE}"


def _names(names: Sequence[str], noun: str = "bound") -> str:
    """Return names one after the other, or how many there are."""
    if len(names) > MOST_NAMES:
        return count_text(len(names), noun)
    *first, last = names
    return f"{'; '.join(first)} and {last}" if first else last
