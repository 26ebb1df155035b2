"""What labels of people make of a judge, on worlds whose truth is the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL, LimitKind
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats import binomial
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.calibrated import Uncalibrated, calibrated_engine
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.labels import Labels
from tests.calibration.layout import ALPHA, SEED, both, line

CASES = 400
LABELS = (40, 200)
RUNS = 400
FEWEST = 20
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Judge:
    """How often a judge says yes where people do, and no where people do not."""

    sensitivity: float
    specificity: float

    def says(self, rng: Rng, human: BoolArray) -> BoolArray:
        """Return the verdicts of a judge."""
        chance = rng.random(human.size)
        found: BoolArray = np.where(human, chance < self.sensitivity, chance > self.specificity)
        return found


@dataclass(frozen=True, slots=True)
class Drawn:
    """One gate: what the judge says, and what people say of some answers."""

    evidence: Evidence
    labels: Mapping[Arm, Labels]


@dataclass(frozen=True, slots=True)
class Row:
    """A world, its truth, and what is measured in it."""

    name: str
    truth: float
    kind: LimitKind
    draw: Callable[[Rng, int], Drawn]


def _observed(values: FloatArray | BoolArray) -> Observed:
    n = values.size
    return Observed(np.arange(n), values.astype(np.float64), np.ones(n, np.bool_))


def _chosen(rng: Rng, stratum: IntArray, labels: int) -> BoolArray:
    """Return which answers are labelled: of each stratum a random part, no fewer than it needs."""
    found = np.zeros(stratum.size, np.bool_)
    codes, sizes = np.unique(stratum, return_counts=True)
    share = sizes ** (2 / 3) / (sizes ** (2 / 3)).sum()
    for code, size, part in zip(codes, sizes, share, strict=True):
        count = min(int(size), max(FEWEST, round(labels * float(part))))
        found[rng.choice(np.flatnonzero(stratum == code), count, replace=False)] = True
    return found


def _labels(stratum: IntArray, human: FloatArray | BoolArray, known: BoolArray) -> Labels:
    names = tuple(f"of stratum {code}" for code in range(int(stratum.max()) + 1))
    return Labels(stratum, np.where(known, human.astype(np.float64), np.nan), names)


def rate(truth: float, judge: Judge) -> Callable[[Rng, int], Drawn]:
    """Return gates on a rate that a judge reads."""

    def draw(rng: Rng, labels: int) -> Drawn:
        human = rng.random(CASES) < truth
        says = judge.says(rng, human)
        stratum = says.astype(np.int64)
        known = _chosen(rng, stratum, labels)
        evidence = Evidence(CASES, {Arm.CANDIDATE: _observed(says)})
        return Drawn(evidence, {Arm.CANDIDATE: _labels(stratum, human, known)})

    return draw


def change(
    rates: tuple[float, float], judges: tuple[Judge, Judge], same: float, *, pairs: bool = True
) -> Callable[[Rng, int], Drawn]:
    """Return gates on a difference: candidate first, ``same`` the share of cases that are alike."""

    def draw(rng: Rng, labels: int) -> Drawn:
        chance = rng.random(CASES)
        alike = rng.random(CASES) < same
        human = np.where(alike, chance, rng.random(CASES)) < rates[0], chance < rates[1]
        says = [judge.says(rng, found) for judge, found in zip(judges, human, strict=True)]
        if pairs:
            strata = [(2 * says[0] + says[1]).astype(np.int64)] * 2
            known = [_chosen(rng, strata[0], labels)] * 2
        else:
            strata = [found.astype(np.int64) for found in says]
            known = [_chosen(rng, stratum, labels) for stratum in strata]
        arms = (Arm.CANDIDATE, Arm.BASELINE)
        evidence = Evidence(
            CASES, {arm: _observed(found) for arm, found in zip(arms, says, strict=True)}
        )
        told = zip(arms, strata, human, known, strict=True)
        return Drawn(evidence, {arm: _labels(code, said, seen) for arm, code, said, seen in told})

    return draw


def score(rng: Rng, labels: int) -> Drawn:
    """Return a gate on a mean score, from a judge that leans to the middle and is kind."""
    human = rng.beta(4, 1, CASES)
    judge = (0.25 + 0.7 * human + rng.normal(0.05, 0.1, CASES)).clip(0, 1)
    stratum = np.minimum((judge * 4).astype(np.int64), 3)
    known = _chosen(rng, stratum, labels)
    evidence = Evidence(CASES, {Arm.CANDIDATE: _observed(judge)})
    return Drawn(evidence, {Arm.CANDIDATE: _labels(stratum, human, known)})


ABSOLUTE, DELTA = LimitKind.ABSOLUTE, LimitKind.DELTA
GOOD, KIND, POOR, BLIND = Judge(0.95, 0.95), Judge(0.97, 0.8), Judge(0.8, 0.6), Judge(0.6, 0.97)
ROWS = (
    Row("rate .85, kind judge (.97, .8)", 0.85, ABSOLUTE, rate(0.85, KIND)),
    Row("rate .85, poor judge (.8, .6)", 0.85, ABSOLUTE, rate(0.85, POOR)),
    Row("rate .1, good judge (.95, .95)", 0.1, ABSOLUTE, rate(0.1, GOOD)),
    Row("rate .1, blind judge (.6, .97)", 0.1, ABSOLUTE, rate(0.1, BLIND)),
    Row("rate .02, good judge (.95, .95)", 0.02, ABSOLUTE, rate(0.02, GOOD)),
    Row("score, mean .8, judge leans to the middle", 0.8, ABSOLUTE, score),
    Row("change 0 of .2, good on both arms", 0.0, DELTA, change((0.2, 0.2), (GOOD, GOOD), 0.9)),
    Row("change 0 of .2, blind on the candidate", 0.0, DELTA,
        change((0.2, 0.2), (BLIND, GOOD), 0.9)),
    Row("change +.1 of .2, blind on the candidate", 0.1, DELTA,
        change((0.3, 0.2), (BLIND, GOOD), 0.9)),
    Row("change 0 of .5, poor on both arms, unlike cases", 0.0, DELTA,
        change((0.5, 0.5), (POOR, POOR), 0.0)),
    Row("the same, each arm labelled by itself", 0.0, DELTA,
        change((0.5, 0.5), (POOR, POOR), 0.0, pairs=False)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """How often each limit was on the wrong side of the truth, and how wide the interval was."""

    above: float
    below: float
    width: float


def missed(row: Row, labels: int, *, runs: int = RUNS) -> Found:
    """Return how often the limits of a row miss the truth."""
    rng = np.random.default_rng([SEED, ROWS.index(row), labels])
    above, below, width = 0, 0, 0.0
    for _ in range(runs):
        drawn = row.draw(rng, labels)
        engine = calibrated_engine(
            drawn.evidence, row.kind, Arm.CANDIDATE, UNIT_INTERVAL, drawn.labels
        )
        assert not isinstance(engine, (Uncalibrated, Unmeasured)), engine
        lower, upper = engine.lower(ALPHA), engine.upper(ALPHA)
        above += lower > row.truth
        below += upper < row.truth
        width += upper - lower
    return Found(above / runs, below / runs, width / runs)


def uncorrected(row: Row, *, runs: int = RUNS) -> tuple[float, float]:
    """Return how often the limits of the judge alone miss the truth of a rate."""
    rng = np.random.default_rng([SEED, ROWS.index(row)])
    found = np.zeros(2)
    for _ in range(runs):
        says = int(row.draw(rng, LABELS[0]).evidence.arms[Arm.CANDIDATE].values.sum())
        lower, upper = (
            limit(says, CASES, ALPHA) for limit in (binomial.lower_limit, binomial.upper_limit)
        )
        found += lower > row.truth, upper < row.truth
    return float(found[0]) / runs, float(found[1]) / runs


def table(
    found: Mapping[tuple[str, int], Found], plain: Mapping[str, tuple[float, float]]
) -> Iterator[str]:
    """Yield the table of the page."""
    yield line("world", "judge alone", *(f"{labels} labels" for labels in LABELS))
    yield f"|{'---|' * (2 + len(LABELS))}"
    for row in ROWS:
        cells = [found[row.name, labels] for labels in LABELS]
        alone = both(*plain[row.name]) if row.name in plain else ""
        yield line(
            row.name,
            alone,
            *(f"{both(cell.above, cell.below)} · {cell.width:.3f}" for cell in cells),
        )


def simulate(*, runs: int = RUNS) -> Iterator[str]:
    """Yield the table, computed anew."""
    found = {
        (row.name, labels): missed(row, labels, runs=runs) for row in ROWS for labels in LABELS
    }
    plain = {row.name: uncorrected(row, runs=runs) for row in ROWS if row.name.startswith("rate")}
    yield from table(found, plain)
