"""Verdicts built by hand, one for each thing a report must be able to say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Scope, Severity
from evalkit.core.model import Arm
from evalkit.core.run import Manifest
from evalkit.core.verdict import (
    ArmSummary,
    BoundResult,
    Digests,
    Estimate,
    ExitCode,
    Facts,
    Flip,
    Histogram,
    MetricResult,
    Outcome,
    Reason,
    Result,
    Settle,
    SnapshotSummary,
    Unmeasured,
    Verdict,
)
from evalkit.report.view import CaseText

DIGESTS = Digests(
    golden_set="e9991d68ce1b956b",
    envelope="5687d68557ef4344",
    prompts={Arm.BASELINE: "74380c235754a809", Arm.CANDIDATE: "74380c235754a80a"},
    schemas={Arm.CANDIDATE: "0c1d2e3f40516273"},
    scorers={"accuracy": "choice@1", "length": "length@1"},
)


def estimate(value: float, lower: float, upper: float, *, n: int = 1000) -> Estimate:
    return Estimate(value, lower, upper, 0.95, n, n, n, 0, "Clopper–Pearson")


def bound(
    name: str,
    limit: Limit,
    judged: Estimate | Unmeasured,
    result: Result,
    *,
    kind: Kind = Kind.RATE,
    on: str = "",
    metric: str = "",
    statistic: str = "rate",
    unit: str = "",
    baseline: Estimate | Unmeasured | None = None,
    candidate: Estimate | Unmeasured | None = None,
    severity: Severity = Severity.BLOCK,
    require: Require = Require.PROVEN,
    settle: Settle | None = None,
    reason: Reason | None = None,
    detail: str = "476 of 1,000 cases went from right to wrong, 147 the other way.",
) -> BoundResult:
    return BoundResult(
        name=name,
        metric=metric or name,
        kind=kind,
        statistic=statistic,
        on=on,
        limit=limit,
        unit=unit,
        labels=None,
        require=require,
        severity=severity,
        scope=Scope.POPULATION,
        result=result,
        reason=reason,
        detail=detail,
        baseline=baseline,
        candidate=(candidate or judged) if limit.compares else judged,
        effect=judged if limit.compares else None,
        p_broken=None,
        p_holm=None,
        settle=settle,
    )


def absolute(low: float | None = None, high: float | None = None) -> Limit:
    return Limit(LimitKind.ABSOLUTE, low, high)


def delta(margin: float) -> Limit:
    return Limit(LimitKind.DELTA, -margin, margin)


REFUSAL = bound(
    "refusal", delta(0.03), estimate(0.746, 0.726, 0.765, n=1506), Result.BROKEN, on="opinionqa",
    baseline=estimate(0.021, 0.015, 0.028), candidate=estimate(0.767, 0.748, 0.785),
    detail="1,125 of 1,506 cases went from answered to declined, 1 the other way.",
)  # fmt: skip
ACCURACY = bound(
    "accuracy", absolute(0.8), estimate(0.511, 0.484, 0.537), Result.BROKEN, on="prime",
    baseline=estimate(0.84, 0.82, 0.859),
    detail="51.1 %, where at least 80 % is required; the baseline has 84.0 %.",
)  # fmt: skip
LENGTH = bound(
    "length.tokens", absolute(80, 400), estimate(2.9, 2.87, 5.95), Result.BROKEN, on="prime",
    kind=Kind.AMOUNT, statistic="mean", unit="tokens", baseline=estimate(215, 206.7, 225.2),
)  # fmt: skip
COST = bound(
    "cost_usd", Limit(LimitKind.RATIO, None, 1.1), estimate(1.115, 1.108, 1.121), Result.BROKEN,
    on="opinionqa", kind=Kind.AMOUNT, statistic="mean", unit="usd", severity=Severity.WARN,
    baseline=estimate(0.00292, 0.0029, 0.003), candidate=estimate(0.00325, 0.003, 0.0035),
)  # fmt: skip
LISTS = bound(
    "style.lists", delta(0.1), estimate(-0.128, -0.162, -0.094, n=500), Result.UNDECIDED,
    on="arena-hard", baseline=estimate(0.564, 0.53, 0.6), candidate=estimate(0.436, 0.4, 0.47),
    reason=Reason.TOO_NOISY, settle=Settle(n=1012, n_unchanged=155, margin=delta(0.163)),
    detail="−12.8 points observed, within ±10 points of baseline required.",
)  # fmt: skip
FORMAT = bound(
    "format.bracketed", absolute(0.95), estimate(0.947, 0.934, 0.958), Result.UNDECIDED,
    on="prime", baseline=estimate(0.996, 0.99, 0.999), reason=Reason.AT_MARGIN,
    settle=Settle(margin=absolute(0.933)), detail="94.7 % observed, at least 95 % required.",
)  # fmt: skip
SLOW = bound(
    "latency_ms", Limit(LimitKind.RATIO, None, 1.2),
    Unmeasured(Reason.NO_VALUES, "500 of 500 candidate samples are missing (500 have no latency_ms)"),
    Result.UNMEASURED, on="arena-hard", kind=Kind.TIME, statistic="p95", unit="ms",
    detail="500 of 500 candidate samples are missing (500 have no latency_ms).",
)  # fmt: skip
SHORT = bound(
    "length.chars", absolute(80, 400), estimate(355, 343, 381, n=500), Result.HOLDS,
    on="arena-hard", kind=Kind.AMOUNT, statistic="mean", unit="tokens",
    baseline=estimate(423, 410, 440),
)  # fmt: skip
CODE = bound(
    "style.code", delta(0.03), estimate(-0.002, -0.018, 0.014, n=500), Result.HOLDS,
    on="arena-hard", baseline=estimate(0.548, 0.5, 0.6), candidate=estimate(0.546, 0.5, 0.6),
)  # fmt: skip
FAST = bound(
    "latency_ms.p95", Limit(LimitKind.RATIO, None, 1.2),
    replace(estimate(0.58, 0.54, 0.65), approximate=True, samples=2000, method="paired bootstrap"),
    Result.HOLDS, on="prime", metric="latency_ms", kind=Kind.TIME, statistic="p95", unit="ms",
    baseline=estimate(21470, 19000, 22000), candidate=estimate(12370, 12000, 12900),
)  # fmt: skip
SHIFTED = bound(
    "length.shift", Limit(LimitKind.SHIFT, None, 0.1, "ks"), estimate(0.04, 0.02, 0.07),
    Result.HOLDS, metric="length.words", kind=Kind.AMOUNT, statistic="mean", unit="words",
    baseline=estimate(215, 206, 225), candidate=estimate(210, 206, 225),
)  # fmt: skip
TAIL = bound(
    "ttft_ms", absolute(None, 2000), estimate(667, 647, math.inf), Result.UNDECIDED,
    kind=Kind.TIME, statistic="p95", unit="ms", reason=Reason.IMPOSSIBLE,
    require=Require.NOT_DISPROVEN, settle=Settle(n_least=59),
)  # fmt: skip
EVERY_BOUND = (
    REFUSAL, ACCURACY, LENGTH, COST, LISTS, FORMAT, SLOW, SHORT, CODE, FAST, SHIFTED, TAIL,
)  # fmt: skip

TOKENS = Histogram(
    metric="length.tokens",
    unit="tokens",
    logarithmic=True,
    edges=(1, 5, 25, 125, 625),
    counts={Arm.BASELINE: (0, 10, 700, 290), Arm.CANDIDATE: (990, 0, 0, 0)},
    zeros={Arm.BASELINE: 0, Arm.CANDIDATE: 10},
    marks={
        Arm.BASELINE: {"p50": 181, "p95": 601, "max": 625},
        Arm.CANDIDATE: {"p50": 3, "p95": 3, "max": 5},
    },
)
TIMES = Histogram(
    metric="latency_ms",
    unit="ms",
    logarithmic=True,
    edges=tuple(300 * 1.15**place for place in range(45)),
    counts={
        Arm.BASELINE: tuple(place for place in range(44)),
        Arm.CANDIDATE: tuple(44 - place for place in range(44)),
    },
    zeros={Arm.BASELINE: 0, Arm.CANDIDATE: 0},
    marks={
        Arm.BASELINE: {"p50": 6700, "p95": 21470, "max": 140000},
        Arm.CANDIDATE: {"p50": 1460, "p95": 12370, "max": 102120},
    },
)
TONE = MetricResult(
    "tone.warm", Kind.SCORE, "mean", "", estimate(0.41, 0.4, 0.42), estimate(0.44, 0.43, 0.45)
)


def facts(*, missing: int = 0, flips: Sequence[Flip] = (), smoke: bool = False) -> Facts:
    errors: Mapping[str, int] = {"rate_limited": missing} if missing else {}
    return Facts(
        digests=DIGESTS,
        snapshots={
            Arm.BASELINE: SnapshotSummary(None, ("gpt-4-0314",)),
            Arm.CANDIDATE: SnapshotSummary("gpt-4-0613", ("gpt-4-0613",)),
        },
        arms={
            Arm.BASELINE: ArmSummary(1000, 1000, 0, {}, None),
            Arm.CANDIDATE: ArmSummary(1000, 1000, missing, errors, 1042, cost_usd=1.07364),
        },
        flips=tuple(flips),
        distributions=(TOKENS, TIMES),
        smoke=smoke,
    )


def verdict(
    outcome: Outcome, bounds: Sequence[BoundResult], found: Facts | None = None, **changes: object
) -> Verdict:
    sentence, lead = {
        Outcome.FAIL: (
            "gpt-4-0613 breaks 3 of 11 blocking bounds.",
            "Furthest out: refusal on opinionqa rose from 2.1\u00a0% to 76.7\u00a0%, +74.6\u00a0points.",
        ),
        Outcome.PASS: ("gpt-4-0613 keeps all 4 bounds.", "Closest to a limit: style.code."),
        Outcome.INCONCLUSIVE: (
            "2 of 4 bounds are undecided; none is shown broken.",
            "style.lists on arena-hard needs 1,012 more cases tagged arena-hard.",
        ),
        Outcome.UNMEASURED: (
            "1 of 1 blocking bound could not be measured.",
            "latency_ms, p95 on arena-hard: 500 of 500 candidate samples are missing.",
        ),
    }[outcome]
    made = Verdict(
        envelope="assistant",
        outcome=outcome,
        exit_code=ExitCode[outcome.name],
        sentence=sentence,
        lead=lead,
        bounds=tuple(bounds),
        metrics=(TONE,),
        facts=found or facts(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def manifest(bounds: Sequence[BoundResult] = EVERY_BOUND, *, smoke: str = "") -> Manifest:
    return Manifest(
        run="assistant-20261123T194020-3e13",
        created="2026-11-23T19:40:20+00:00",
        evalkit="0.1.0",
        envelope="envelopes/assistant.yaml",
        golden_set=("golden_sets/assistant.jsonl",),
        seed=7,
        lines={found.name: 20 + place for place, found in enumerate(bounds)},
        digests=DIGESTS,
        smoke=smoke,
        commit="e07745100",
        versions={"python": "3.11.7", "numpy": "2.4.6"},
    )


def flips(
    count: int, *, of: BoundResult = REFUSAL, kind: str = "answered → declined"
) -> list[Flip]:
    return [Flip(f"case-{place}", of.name, kind, 1.0) for place in range(count)]


def text(before: str, after: str, *, prompt: str = "How will things be in 2050?") -> CaseText:
    return CaseText(
        prompt=prompt,
        reference="(A)",
        answers={Arm.BASELINE: before, Arm.CANDIDATE: after},
        facts={Arm.BASELINE: "5 tokens · 771 ms", Arm.CANDIDATE: "12 tokens"},
    )


def every_verdict() -> dict[str, Verdict]:
    """Return a verdict for each outcome and each way to come to it."""
    holding = (CODE, FAST, SHORT, SHIFTED)
    undecided = (LISTS, FORMAT, CODE, SHORT)
    warning = [replace(one, severity=Severity.WARN) for one in holding]
    return {
        "fail": verdict(Outcome.FAIL, EVERY_BOUND, facts(missing=12, flips=flips(7))),
        "pass": verdict(Outcome.PASS, holding),
        "cannot tell": verdict(Outcome.INCONCLUSIVE, undecided),
        "let through": verdict(Outcome.INCONCLUSIVE, undecided, exit_code=ExitCode.PASS),
        "could not measure": verdict(Outcome.UNMEASURED, (SLOW,), facts(missing=870)),
        "smoke run": verdict(Outcome.INCONCLUSIVE, holding, facts(smoke=True)),
        "nothing blocks": verdict(Outcome.PASS, warning),
        "one bound": verdict(Outcome.FAIL, (ACCURACY,)),
        "many bounds": verdict(Outcome.INCONCLUSIVE, many(200)),
        "no baseline": verdict(Outcome.FAIL, (replace(ACCURACY, baseline=None),), alone()),
    }


def alone() -> Facts:
    """Return the facts of a run without a baseline."""
    both = facts()
    return replace(
        both,
        snapshots={Arm.CANDIDATE: both.snapshots[Arm.CANDIDATE]},
        arms={Arm.CANDIDATE: both.arms[Arm.CANDIDATE]},
        distributions=(),
    )


def many(count: int) -> list[BoundResult]:
    """Return so many bounds over slices: every fifth undecided, the others hold."""
    templates = (LISTS, CODE, SHORT, FAST, CODE)
    return [
        replace(templates[place % 5], name=f"bound-{place}", on=f"W{place}")
        for place in range(count)
    ]
