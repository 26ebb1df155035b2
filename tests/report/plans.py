"""Plans and noise floors built by hand, one for each thing a report must be able to say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from evalkit.core.asking import Forecast
from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Severity
from evalkit.core.model import Arm
from evalkit.core.noise import BoundNoise, NoiseFloor, Share
from evalkit.core.plan import Basis, BoundPlan, Cases, Joint, Plan, Price
from evalkit.core.plan_phrases import noise_sentences, plan_sentences
from evalkit.core.verdict import Chance
from tests.report.verdicts import absolute, delta, estimate

AIM = 0.9


def curve(low: float, high: float, *, floor: float | None, ceiling: float | None) -> list[Chance]:
    """Return what becomes of a bound whose estimates scatter by a twentieth of the axis."""
    scatter = (high - low) / 20
    found = []
    for step in range(41):
        truth = round(low + (high - low) * step / 40, 6)
        inside, under, over = 1.0, 0.0, 0.0
        if floor is not None:
            inside = min(inside, _normal((truth - floor) / scatter - 1.6))
            under = _normal((floor - truth) / scatter - 1.6)
        if ceiling is not None:
            inside = min(inside, _normal((ceiling - truth) / scatter - 1.6))
            over = _normal((truth - ceiling) / scatter - 1.6)
        broken = max(under, over)
        found.append(Chance(truth, round(min(inside, 1 - broken), 6), round(broken, 6)))
    return found


def _normal(deviate: float) -> float:
    return 0.5 * math.erfc(-deviate / math.sqrt(2))


ACCURACY = BoundPlan(
    name="accuracy", metric="accuracy", kind=Kind.RATE, statistic="rate", on="prime",
    limit=absolute(0.8), unit="", labels=("right", "wrong"), require=Require.PROVEN,
    severity=Severity.BLOCK, n=1000, clusters=1000, least=14, basis=Basis.BASELINE, detail="",
    baseline=estimate(0.84, 0.82, 0.859), truth=0.84, passes=0.944, alarm=0.0001,
    catches=(0.767, None), needs=Cases(712, 744),
    curve=tuple(curve(0.7, 0.9, floor=0.8, ceiling=None)),
)  # fmt: skip
REFUSAL = replace(
    ACCURACY, name="refusal", metric="refusal", on="opinionqa", limit=delta(0.03), n=1506,
    clusters=1506, least=99, basis=Basis.DRAWS, baseline=estimate(0.021, 0.015, 0.028), truth=0.0,
    passes=0.9997, catches=(-0.0431, 0.0431), needs=Cases(401, 401),
    curve=tuple(curve(-0.08, 0.08, floor=-0.03, ceiling=0.03)),
)  # fmt: skip
IMPOSSIBLE = replace(
    REFUSAL, on="ambiguous", n=60, clusters=60, passes=0.0, basis=Basis.LAST_RUN,
    needs=Cases(379, 401), margin=delta(0.049), curve=(), catches=(None, None),
)  # fmt: skip
OUTSIDE = replace(
    ACCURACY, name="length.tokens", metric="length.tokens", kind=Kind.AMOUNT, statistic="mean",
    on="arena-hard", unit="tokens", limit=absolute(80, 400), n=500, clusters=500, truth=423.2,
    baseline=estimate(423.2, 407, 452), passes=0.0, alarm=0.71, needs=None,
    margin=absolute(80, 460), catches=(71.0, 412.6), basis=Basis.DRAWS,
    curve=tuple(curve(60, 480, floor=80, ceiling=400)),
)  # fmt: skip
UNKNOWN = replace(
    ACCURACY, name="latency_ms", metric="latency_ms", kind=Kind.TIME, statistic="p95",
    on="arena-hard", unit="ms", limit=Limit(LimitKind.RATIO, None, 1.2), n=500, clusters=500,
    least=59, basis=Basis.UNKNOWN, baseline=None, truth=None, passes=None, alarm=None, needs=None,
    catches=(None, None), curve=(),
    detail="how far latency_ms scatters was never seen; record the baseline, twice a case, "
    "or plan with a pilot run",
)  # fmt: skip
UNLIKELY = replace(
    UNKNOWN, on="prime", n=1000, clusters=1000, basis=Basis.DRAWS, detail="", truth=1.0,
    baseline=estimate(21470, 19000, 22000), passes=0.74, alarm=0.004, catches=(None, 1.463),
    needs=Cases(1630, 1630), margin=Limit(LimitKind.RATIO, None, 1.27), repeats=2,
    curve=tuple(curve(0.8, 1.6, floor=None, ceiling=1.2)),
)  # fmt: skip
GROUPED = replace(
    ACCURACY, name="format", metric="format", on="", n=484, clusters=60, basis=Basis.ASSUMED,
    baseline=None, truth=0.9, passes=0.8962, needs=Cases(379, 512), margin=absolute(0.78),
    stops_after=203.4, severity=Severity.WARN, curve=(), catches=(None, None),
)  # fmt: skip
LOOSE = replace(
    ACCURACY, name="toxicity", metric="toxicity", on="", limit=absolute(None, 0.01), n=80,
    clusters=80, least=299, require=Require.NOT_DISPROVEN, truth=0.002, passes=0.9999, needs=None,
    baseline=estimate(0.002, 0.0, 0.01), catches=(None, 0.0634), stops_after=None,
    curve=tuple(curve(0.0, 0.1, floor=None, ceiling=0.01)),
)  # fmt: skip
EVERY_PLAN_BOUND = (
    ACCURACY, REFUSAL, IMPOSSIBLE, OUTSIDE, UNKNOWN, UNLIKELY, GROUPED, LOOSE,
)  # fmt: skip


def plan(bounds: Sequence[BoundPlan], joint: Joint | None = None, **changes: object) -> Plan:
    """Return the plan of some bounds."""
    chances = [bound.passes for bound in bounds if bound.blocks]
    if joint is None:
        known = [chance for chance in chances if chance is not None]
        all_known = bool(chances) and len(known) == len(chances)
        joint = Joint(math.prod(known) if all_known else None, None, None)
    sentence, lead = plan_sentences(bounds, joint, AIM)
    made = Plan(
        envelope="assistant",
        aim=AIM,
        cases=3006,
        bounds=tuple(bounds),
        joint=joint,
        price=Price({Arm.CANDIDATE: 3006.0}, 5.97, 720.0, 8),
        sentence=sentence,
        lead=lead,
        sound=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


JUDGED = {"good": Forecast(9018, 4.5), "better": Forecast(1, 0.0213)}


def every_plan() -> dict[str, Plan]:
    """Return a plan for each thing that may be said first."""
    low = replace(ACCURACY, passes=0.936)
    return {
        "impossible": plan(EVERY_PLAN_BOUND, not_stoppable=("latency_ms",)),
        "outside": plan((ACCURACY, REFUSAL, OUTSIDE, UNLIKELY)),
        "unknown": plan(
            (ACCURACY, UNKNOWN),
            price=Price({Arm.CANDIDATE: 20.0}, None, None, 1, {"good": Forecast(60)}),
        ),
        "unlikely": plan((ACCURACY, REFUSAL, UNLIKELY, GROUPED), Joint(0.698, 4900, "latency_ms")),
        "together": plan((low, REFUSAL, replace(low, on="")), Joint(0.876, 3120, "accuracy")),
        "ready": plan(
            (ACCURACY, REFUSAL),
            Joint(0.9437, 2236, "accuracy"),
            price=Price({Arm.CANDIDATE: 3006.0}, 5.97, 720.0, 8, JUDGED),
        ),
        "assumed": plan(
            (replace(ACCURACY, basis=Basis.ASSUMED, baseline=None, truth=0.9),),
            price=Price(dict.fromkeys(Arm, 500.0), None, 7200.0, 16),
        ),
        "one bound": plan((UNLIKELY,), price=Price({}, 0.0, None, 8)),
        "loose": plan((LOOSE, REFUSAL), Joint(0.9996, 402, "refusal")),
        "nothing blocks": plan((GROUPED,)),
        "many bounds": plan(
            [
                replace(each, name=f"{each.name}-{place}", on=f"W{place}")
                for place in range(40)
                for each in (ACCURACY, REFUSAL, UNLIKELY)
            ],
            Joint(0.000001, None, None),
            not_stoppable=("a", "b", "c", "d", "e"),
        ),
    }


# ---------------------------------------------------------------- noise


NOISY = BoundNoise(
    name="refusal", metric="refusal", kind=Kind.RATE, statistic="rate", on="ambiguous",
    limit=delta(0.03), unit="", labels=None, require=Require.PROVEN, severity=Severity.BLOCK,
    low=-0.012, high=0.013, width=0.42, broken=Share(3, 200, 0.0041, 0.0384),
    undecided=Share(41, 200, 0.159, 0.258),
)  # fmt: skip
WAVERING = replace(
    NOISY, name="accuracy", metric="accuracy", on="", limit=absolute(0.85), low=0.891, high=0.913,
    width=None, broken=Share(0, 200, 0.0, 0.0149), undecided=Share(4, 200, 0.0069, 0.0451),
)  # fmt: skip
STILL = replace(
    WAVERING, name="latency_ms", metric="latency_ms", kind=Kind.TIME, statistic="p95", unit="ms",
    limit=Limit(LimitKind.RATIO, None, 1.2), low=0.94, high=1.07,
    undecided=Share(0, 200, 0.0, 0.0149), severity=Severity.WARN,
)  # fmt: skip
UNSEEN = replace(
    STILL, name="cost_usd", metric="cost_usd", kind=Kind.AMOUNT, statistic="mean", unit="usd",
    low=None, high=None, broken=None, undecided=None,
    detail="cost_usd was recorded 1 time a case, 2 are the least",
)  # fmt: skip


def noise(
    bounds: Sequence[BoundNoise],
    alarm: Share = NOISY.broken or Share(0, 0, 0, 1),  # noqa: B008 - frozen
    blocked: Share = NOISY.undecided or Share(0, 0, 0, 1),  # noqa: B008 - frozen
    noisiest: str | None = None,
) -> NoiseFloor:
    """Return the noise floor of some bounds."""
    sentence, lead = noise_sentences(bounds, alarm, blocked, noisiest)
    return NoiseFloor(
        envelope="assistant",
        how="pairs of the 5 draws that the baseline has of each case",
        cases=344,
        samples=1720,
        comparisons=alarm.of,
        bounds=tuple(bounds),
        alarm=alarm,
        blocked=blocked,
        noisiest=noisiest,
        sentence=sentence,
        lead=lead,
    )


def every_floor() -> dict[str, NoiseFloor]:
    """Return a noise floor for each thing that may be said."""
    none, nothing = Share(0, 200, 0.0, 0.0149), Share(0, 0, 0.0, 1.0)
    return {
        "noisy": noise((STILL, UNSEEN, NOISY, WAVERING), noisiest="refusal"),
        "wavering": noise((STILL, WAVERING), none, Share(4, 200, 0.0069, 0.0451), "accuracy"),
        "still": noise(
            (STILL, replace(STILL, limit=Limit(LimitKind.DELTA, None, 90.0))), none, none
        ),
        "unseen": noise((UNSEEN,), nothing, nothing),
    }
