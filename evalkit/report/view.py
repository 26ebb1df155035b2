"""A verdict becomes what every report shows: rows in order, words, and places on a plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.corridor import Corridor, corridor, in_order
from evalkit.core.digest import canonical_json
from evalkit.core.envelope import Kind
from evalkit.core.model import ABSENT, Arm, Case, Json, Sample
from evalkit.core.phrases import (
    allowed,
    arm_text,
    interval_name,
    judged_text,
    settle_lines,
    title,
    told_apart,
)
from evalkit.core.run import Manifest
from evalkit.core.shares import shares
from evalkit.core.verdict import (
    ArmSummary,
    BoundResult,
    Estimate,
    Flip,
    Outcome,
    Result,
    Unmeasured,
    Verdict,
)
from evalkit.core.wording import WARNING, count_text, interval_text, value_text
from evalkit.report.text.safe import one_line

VERDICT_WORDS: Mapping[Outcome, str] = {
    Outcome.PASS: "PASS",
    Outcome.FAIL: "FAIL",
    Outcome.INCONCLUSIVE: "CANNOT TELL",
    Outcome.UNMEASURED: "COULD NOT MEASURE",
}
ADVICE: Mapping[Outcome, str] = {
    Outcome.PASS: "may be merged",
    Outcome.FAIL: "do not merge",
    Outcome.INCONCLUSIVE: "do not merge yet",
    Outcome.UNMEASURED: "do not merge yet",
}

MOST_TEXTS = 200
"""So many flips of one bound are shown with their texts; the rest are counted."""

MOST_OF_A_WAIVER = 1200

MOST_TEXTS_IN_ALL = 1000
"""And so many of all bounds together: more than that nobody reads, and a page opens at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """One bound as a report shows it.

    ``baseline`` and ``candidate`` are where marks are drawn: the estimate the limit was laid on,
    beside what it is compared with. ``note`` says what else a reader must know about the row.
    """

    bound: BoundResult
    title: str
    allowed: str
    value: str
    interval: str
    change: str
    note: str
    settle: Sequence[str]
    scale: Corridor
    judged: Estimate | None
    reference: Estimate | float | None


@dataclass(frozen=True, slots=True)
class CaseText:
    """What the model was asked and what both arms answered, for a case that a report shows.

    The texts are untrusted. ``facts`` is what is known about an answer beside its text, such as
    ``234 tokens · 11.81 s``, by arm. What was ``redacted`` has no text at all.
    """

    prompt: str
    reference: str
    answers: Mapping[Arm, str]
    facts: Mapping[Arm, str]
    tags: Sequence[str] = ()
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class FlipGroup:
    """The flips of one kind for one bound by effect, and of how many the texts are ``shown``."""

    kind: str
    bound: BoundResult
    flips: Sequence[Flip]
    shown: int


@dataclass(frozen=True, slots=True)
class View:
    """Everything a report shows, in order; ``waived`` is what it says before all else, or nothing."""

    verdict: Verdict
    word: str
    advice: str
    rows: Sequence[Row]
    flips: Sequence[FlipGroup]
    tallies: Sequence[tuple[Result, bool, int]]
    names: Mapping[Arm, str]
    facts: str
    interval_name: str
    waived: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What every output has to warn of, each a sentence."""
        notes = self.verdict.facts.notes
        return tuple(note.removeprefix(WARNING) for note in notes if note.startswith(WARNING))

    @property
    def remarks(self) -> tuple[str, ...]:
        """The other notes of the verdict."""
        return tuple(note for note in self.verdict.facts.notes if not note.startswith(WARNING))


def view_of(verdict: Verdict, manifest: Manifest) -> View:
    """Return what reports show of a verdict."""
    bounds = in_order(verdict.bounds)
    confidences = {
        bound.judged.confidence for bound in bounds if isinstance(bound.judged, Estimate)
    }
    return View(
        verdict=verdict,
        word=VERDICT_WORDS[verdict.outcome],
        advice=_advice(verdict),
        rows=_rows(bounds),
        flips=_flip_groups(verdict, bounds),
        tallies=_tallies(bounds),
        names={arm: _name(verdict, arm) for arm in verdict.facts.snapshots},
        facts=_facts(verdict, manifest),
        interval_name=interval_name(min(confidences, default=0.95)),
        waived=_waived(verdict),
    )


def case_text(case: Case, samples: Mapping[Arm, Sample], *, redact: bool = False) -> CaseText:
    """Return what a report shows of a case and one sample of each arm.

    Where it is to ``redact``, no text is left that a model or the golden set wrote: neither answers
    nor what a provider said about a failure, nor prompts, nor references. Ids, tags and counts are.
    """
    if redact:
        counts = {arm: " · ".join(_counts(sample)) for arm, sample in samples.items()}
        return CaseText("", "", dict.fromkeys(samples, ""), counts, case.tags, redacted=True)
    reference = "" if case.reference is ABSENT else _plain_text(case.reference)
    return CaseText(
        prompt=_prompt_text(case),
        reference=reference,
        answers={arm: _answer_text(sample) for arm, sample in samples.items()},
        facts={arm: _answer_facts(sample) for arm, sample in samples.items()},
        tags=case.tags,
    )


def _prompt_text(case: Case) -> str:
    match case.input:
        case str():
            return case.input
        case tuple():
            return "\n\n".join(f"{turn.role}: {turn.content}" for turn in case.input)
    return "\n".join(f"{name}: {_plain_text(value)}" for name, value in case.input.items())


def _plain_text(value: Json) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _answer_text(sample: Sample) -> str:
    if sample.error is not None:
        return f"no answer: {sample.error.kind} {sample.error.message}".strip()
    return sample.output or sample.refusal or ""


def _answer_facts(sample: Sample) -> str:
    # A provider's own word, and as untrusted as the answer.
    finished = [one_line(sample.finish_reason, most=40)] if sample.finish_reason else []
    return " · ".join([*_counts(sample), *finished])


def _counts(sample: Sample) -> Iterator[str]:
    if sample.output_tokens is not None:
        yield count_text(sample.output_tokens, "token")
    if sample.latency_ms is not None:
        yield value_text(sample.latency_ms, Kind.TIME, "ms")


def cases_to_show(view: View) -> set[str]:
    """Return the cases whose texts a report needs."""
    flipped = {flip.case for group in view.flips for flip in group.flips[: group.shown]}
    drift = view.verdict.facts.drift
    return flipped | {giveaway.case for giveaway in drift.giveaways} if drift else flipped


def _waived(verdict: Verdict) -> str:
    """Return who lets a verdict through that is no pass, until when, and why."""
    waiver = verdict.facts.waiver
    return "" if waiver is None else one_line(waiver.sentence, most=MOST_OF_A_WAIVER)


def _advice(verdict: Verdict) -> str:
    if verdict.facts.waiver is not None:
        return "let through by a waiver"
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.exit_code == 0:
        return "let through by inconclusive: warn"
    return ADVICE[verdict.outcome]


def _rows(bounds: Sequence[BoundResult]) -> list[Row]:
    """Return the rows; bounds on the same number are told apart by what their limit compares."""
    taken = Counter(title(bound) for bound in bounds)
    return [
        _row(bound, told_apart(bound) if taken[title(bound)] > 1 else title(bound))
        for bound in bounds
    ]


def _row(bound: BoundResult, name: str) -> Row:
    judged = bound.judged if isinstance(bound.judged, Estimate) else None
    scale = corridor(bound)
    return Row(
        bound=bound,
        title=name,
        allowed=allowed(bound),
        value=judged_text(bound),
        interval=interval_text(bound, judged) if judged else "",
        change=_change(bound),
        note=_note(bound, judged),
        settle=settle_lines(bound),
        scale=scale,
        judged=judged,
        reference=_reference(bound, scale),
    )


def _change(bound: BoundResult) -> str:
    """Return the values of both arms; nothing where they are categories, of which no arm has a value."""
    arms = bound.baseline, bound.candidate
    if not any(isinstance(arm, Estimate) for arm in arms):
        return ""
    return " → ".join(arm_text(bound, arm) for arm in arms)


def _note(bound: BoundResult, judged: Estimate | None) -> str:
    notes = [] if bound.blocks else ["warn"]
    if judged is not None and judged.approximate:
        notes.append("approximate")
    return ", ".join(notes)


def _reference(bound: BoundResult, scale: Corridor) -> Estimate | float | None:
    if bound.limit.compares:
        return scale.reference
    return bound.baseline if isinstance(bound.baseline, Estimate) else None


def _flip_groups(verdict: Verdict, bounds: Sequence[BoundResult]) -> list[FlipGroup]:
    """Return flips by bound and kind; a case that two bounds on one metric share is shown once."""
    found = []
    seen: set[tuple[str, str]] = set()
    flips: dict[str, list[Flip]] = {}
    for flip in verdict.facts.flips:
        flips.setdefault(flip.bound, []).append(flip)
    for bound in bounds:
        by_kind: dict[str, list[Flip]] = {}
        for flip in flips.get(bound.name, ()):
            if (bound.metric, flip.case) not in seen:
                by_kind.setdefault(flip.kind, []).append(flip)
        seen |= {(bound.metric, flip.case) for kind in by_kind.values() for flip in kind}
        found.append((bound, sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0]))))
    sizes = [min(MOST_TEXTS, sum(len(kind) for _, kind in kinds)) for _, kinds in found]
    return [
        FlipGroup(kind, bound, moved, shown)
        for (bound, kinds), most in zip(found, shares(sizes, MOST_TEXTS_IN_ALL), strict=True)
        for (kind, moved), shown in zip(
            kinds, shares([len(moved) for _, moved in kinds], most), strict=True
        )
    ]


def _tallies(bounds: Sequence[BoundResult]) -> list[tuple[Result, bool, int]]:
    counts = Counter((bound.result, bound.blocks) for bound in bounds)
    order = [Result.BROKEN, Result.UNDECIDED, Result.UNMEASURED, Result.HOLDS]
    return [
        (result, blocks, counts[result, blocks])
        for result in order
        for blocks in (True, False)
        if counts[result, blocks]
    ]


def _name(verdict: Verdict, arm: Arm) -> str:
    summary = verdict.facts.snapshots[arm]
    if summary.requested:
        return summary.requested
    return " and ".join(summary.served) if 0 < len(summary.served) < 3 else str(arm)


def _facts(verdict: Verdict, manifest: Manifest) -> str:
    arms = verdict.facts.arms
    candidate = arms[Arm.CANDIDATE]
    errors = sum(arm.missing for arm in arms.values())
    parts = [
        count_text(candidate.cases, "case"),
        _draws(arms),
        count_text(errors, "error"),
        f"{100 * max((b.judged.confidence for b in verdict.bounds if isinstance(b.judged, Estimate)), default=0.95):.6g}\u00a0% confidence",
        f"seed\u00a0{manifest.seed}",
    ]
    if unused := sum(arm.unused for arm in arms.values()):
        parts.insert(2, f"{count_text(unused, 'further sample')} not asked for")
    if verdict.facts.smoke:
        parts.append(f"smoke run ({manifest.smoke})")
    return " · ".join(parts)


def _draws(arms: Mapping[Arm, ArmSummary]) -> str:
    """Return how often each case was drawn: ``1 sample each, paired with 5 of the baseline``."""
    each = {arm: facts.samples / max(1, facts.cases) for arm, facts in arms.items()}
    own, other = each[Arm.CANDIDATE], each.get(Arm.BASELINE)
    text = f"{own:.3g} sample{'' if own == 1 else 's'} each"
    if other is None:
        return text
    day = arms[Arm.BASELINE].recorded
    when = f" recorded on {day}" if day and day != arms[Arm.CANDIDATE].recorded else ""
    if own == other and not when:
        return f"{text}, paired"
    return f"{text}, paired with {other:.3g} of the baseline{when}"


def unmeasured_text(estimate: Estimate | Unmeasured | None) -> str:
    """Return why there is no estimate, or nothing."""
    return estimate.detail if isinstance(estimate, Unmeasured) else ""
