"""What stopping early costs and saves on three floors, beside Wald's bound."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from evalkit.stats.betting import bet_above_many, plan_for_floor
from evalkit.stats.planning import cases_for_floor, critical_successes, floor_power
from evalkit.testing.comparison.group_sequential import (
    nominal_levels,
    power_spending,
    upper_bounds,
)
from evalkit.testing.comparison.sprt import mean_sample_numbers
from tests.calibration.layout import ALPHA, RUNS, SEED, percent

DESIGNS = ((0.85, 0.90), (0.90, 0.95), (0.85, 0.88))


def early_lines() -> Iterator[str]:
    """Yield the cost of stopping early for three floors, beside Wald's bound."""
    yield (
        "| floor, truth | rule | passes if good | if on the floor "
        "| mean cases, of the fixed number: good | on the floor | as far below |"
    )
    yield "|---|---|---|---|---|---|---|"
    for floor, truth in DESIGNS:
        found = cases_for_floor(floor, truth, ALPHA, 0.9)
        assert found is not None
        n = found.first
        good, on, bad = (_early(floor, t, n) for t in (truth, floor, 2 * floor - truth))
        at_null, at_good = mean_sample_numbers(floor, truth, alpha=ALPHA, beta=0.1)
        design = f"{floor:g}, {truth:g} (n = {n:,})"
        for name, (passes, share) in good.items():
            wrong, (_, low) = on[name], bad[name]
            yield (
                f"| {design} | {name} | {percent(passes)} | {percent(wrong[0])} "
                f"| {share:.2f} | {wrong[1]:.2f} | {low:.2f} |"
            )
        bound = f"{at_good / n:.2f} | {at_null / n:.2f} |"
        yield f"| {design} | Wald's bound for any test | 90.0\u00a0% | 5.0\u00a0% | {bound} |"


def _early(floor: float, truth: float, n: int) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng([SEED, n])
    most = math.ceil(1.15 * n)
    values = (rng.random((RUNS, most)) < truth).astype(float)
    needed = critical_successes(n, floor, ALPHA)
    sums = values[:, :n].cumsum(axis=1)
    passes = floor_power(n, floor, truth, ALPHA)
    failures = np.arange(1, n + 1) - sums
    # Whatever comes, enough are right, or too many are wrong.
    ended = (sums >= needed) | (failures > n - needed)
    curtailed = ended.argmax(axis=1) + 1
    bets = bet_above_many(values, floor, ALPHA, plan_for_floor(floor), horizon=most)
    won = bets.stopped_at > 0
    stopped = np.where(won, bets.stopped_at, most)
    looks = [round(n * look / 10) for look in range(1, 11)]
    levels = nominal_levels(upper_bounds([k / 10 for k in range(1, 11)], power_spending(ALPHA, 2)))
    least = [
        critical_successes(size, floor, level) for size, level in zip(looks, levels, strict=True)
    ]
    reached = np.stack(
        [sums[:, size - 1] >= fewest for size, fewest in zip(looks, least, strict=True)]
    )
    grouped = np.where(reached.any(axis=0), np.array(looks)[reached.argmax(axis=0)], n)
    return {
        "fixed number": (passes, 1.0),
        "curtailed": (passes, float(curtailed.mean()) / n),
        "group sequential, 10 looks": (
            float(reached.any(axis=0).mean()), float(grouped.mean()) / n,
        ),
        "evalkit, betting, at most 1.15 times": (float(won.mean()), float(stopped.mean()) / n),
    }  # fmt: skip
