"""A plan as one self-contained page: what cannot pass, what to change, and what would be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.core.plan import Plan
from evalkit.core.plan_phrases import Prospect, chance_text
from evalkit.core.verdict import Result
from evalkit.core.wording import count_text
from evalkit.report.figures.curve import curve_of, drawable
from evalkit.report.figures.curves import Curves, curves_of
from evalkit.report.figures.plot import percent
from evalkit.report.plan.view import TONES, PlanRow, PlanView, plan_view
from evalkit.report.template import filled
from evalkit.report.verdict.card import Note, Tally, VerdictCard
from evalkit.report.verdict.page import Section


@dataclass(frozen=True, slots=True)
class PlanPage:
    """Everything on the page, in order."""

    card: VerdictCard
    envelope: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class PlanText:
    """Everything the page says about one bound; ``bar`` is how much of its chance is full."""

    name: str
    where: str
    tone: Result
    state: str
    allowed: str
    n: str
    least: str
    bar: str
    chance: str
    catches: str
    why: str
    ways: tuple[str, ...]


def render_plan_html(plan: Plan) -> str:
    """Return the page of a plan, the same bytes for the same plan."""
    view = plan_view(plan)
    page = PlanPage(card=_card(view), envelope=plan.envelope, sections=tuple(_sections(view)))
    return filled("plan.html", page)


def _card(view: PlanView) -> VerdictCard:
    plan = view.plan
    return VerdictCard(
        tone=Result.HOLDS if view.ready else Result.UNDECIDED,
        word="PLAN",
        advice="no call was made",
        sentence=plan.sentence,
        lead=(plan.lead, "", ""),
        tallies=tuple(_tallies(view)),
        notes=tuple(Note(about, says) for about, says in _below(view)),
        next="",
        facts=f"{count_text(plan.cases, 'case')} · {count_text(len(plan.bounds), 'bound')}",
    )


def _below(view: PlanView) -> Iterator[tuple[str, str]]:
    for about, lines in (("Together", view.joint), ("Cost", view.cost), ("Early stop", view.stops)):
        if lines:
            yield about, " ".join(lines)


def _tallies(view: PlanView) -> Iterator[Tally]:
    counts = Counter(row.prospect for row in view.rows)
    for prospect in Prospect:
        if counts[prospect]:
            words = _state(prospect, view.plan.aim)
            yield Tally(TONES[prospect], f"{counts[prospect]:,} {words}")


def _state(prospect: Prospect, aim: float) -> str:
    match prospect:
        case Prospect.UNLIKELY:
            return f"below {chance_text(aim)}"
        case Prospect.LIKELY:
            return f"at {chance_text(aim)} or more"
    return str(prospect)


# ---------------------------------------------------------------- sections


def _sections(view: PlanView) -> Iterator[Section]:
    texts = [_text(row, view.plan.aim) for row in view.rows]
    aim = chance_text(view.plan.aim)
    yield Section(
        "prospects", "Bounds", "What an unchanged candidate may expect",
        f"Chances are for a candidate that does not differ from the baseline; the aim is {aim}. "
        "A bound would catch what it shows broken 8 times in 10.",
        texts,
    )  # fmt: skip
    changes = [text for text in texts if text.why]
    if changes:
        lead = f"Each bound below {aim}, and what would bring an unchanged candidate there."
        yield Section("changes", "What to change", "What to change", lead, changes)
    curves = _curves(view.rows)
    if curves is not None:
        lead = "For every true value, how often a run of this size says holds, undecided or broken."
        yield Section("curves", "What it can see", "What this gate can see", lead, curves)
    yield Section("sources", "Sources", "Where the chances come from", "", view.footnotes)


def _curves(rows: Sequence[PlanRow]) -> Curves | None:
    return curves_of(
        [
            curve_of(
                row.bound,
                row.bound.curve,
                row.title,
                catches=row.bound.catches,
                unchanged=row.bound.truth,
            )
            for row in rows
            if drawable(row.bound.curve)
        ],
        under="○ an unchanged candidate",
        elsewhere="evalkit plan --json has their numbers",
    )


def _text(row: PlanRow, aim: float) -> PlanText:
    why, *ways = row.changes or ("",)
    note = f" · {row.note}s only" if row.note else ""
    return PlanText(
        name=row.title.removesuffix(f" on {row.bound.on}"),
        where=f"on {row.bound.on}" if row.bound.on else "",
        tone=row.tone,
        state=f"{_state(row.prospect, aim)}{note}",
        allowed=row.allowed,
        n=row.n,
        least=row.least,
        bar="" if row.share is None else percent(row.share),
        chance=row.chance,
        catches=row.catches,
        why=why,
        ways=tuple(ways),
    )
