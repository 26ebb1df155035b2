"""How often the look at texts is wrong under known truth: ``python -m tests.calibration.drift``.

It writes the table of docs/drift.md. Everything is simulated, seeded, through the functions that look
at the texts of a gate: differences of paired answers for the detector, answers of chance words for
what gives them away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from evalkit.core.drift import Separation
from evalkit.stages.drift.reasons import reasons
from evalkit.stages.drift.signs import signs_of
from evalkit.stages.drift.texts import Pair, Text
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.told_apart import gram, separation
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "drift.md"
START, END = "<!-- table: python -m tests.calibration.drift -->\n", "<!-- end of table -->\n"
SIZES = (30, 100, 300)
MOST_TO_CLUSTER = 100
"""Of fewer pairs in clusters of 5 there are not the 20 units that a look needs."""
RUNS = 400
COLUMNS = 60
PERMUTATIONS = 199
WORDS = tuple(f"word{n}" for n in range(80))

Rng = np.random.Generator
World = Callable[[Rng, int], tuple[FloatArray, IntArray]]
"""Differences of so many pairs, and the unit of each."""


def _changed(shift: float, *, alike: float = 0.0, size: int = 1) -> World:
    """Return a world in which one of the things that differ leads, some pairs are alike, and so on."""

    def draw(rng: Rng, pairs: int) -> tuple[FloatArray, IntArray]:
        units = np.arange(pairs) // size
        shared = rng.normal(size=(int(units.max()) + 1, COLUMNS))[units]
        own = rng.normal(size=(pairs, COLUMNS))
        rows = (shared if size > 1 else 0 * own) + own
        rows *= np.arange(1, COLUMNS + 1) ** -0.5
        rows[:, 0] += shift
        rows[rng.random(pairs) < alike] = 0
        return rows, units

    return draw


WORLDS: Mapping[str, World] = {
    "nothing changed": _changed(0.0),
    "nothing changed, half of the pairs alike": _changed(0.0, alike=0.5),
    "nothing changed, clusters of 5": _changed(0.0, size=5),
    "a little changed": _changed(0.7),
    "much changed": _changed(2.0),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of many runs of one world: shares of them, and the mean of what was estimated."""

    mean: float
    told: float
    above: float
    below: float


def separations(world: World, pairs: int, runs: int, seed: int = 0) -> Iterator[Separation]:
    """Yield what the detector makes of each run."""
    rng = np.random.default_rng(seed)
    for run in range(runs):
        rows, units = world(rng, pairs)
        yield separation(gram(rows), units, seed=run, replicates=PERMUTATIONS)


def seen(world: World, pairs: int, runs: int, seed: int = 0, *, changed: bool = True) -> Seen:
    """Return how often limits exclude the truth: a half, or the mean of all runs where arms differ."""
    found = list(separations(world, pairs, runs, seed))
    mean = float(np.mean([each.value for each in found]))
    truth = mean if changed else 0.5
    return Seen(
        mean,
        float(np.mean([each.p <= 0.05 for each in found])),
        float(np.mean([each.lower > truth for each in found])),
        float(np.mean([each.upper < truth for each in found])),
    )


def false_reasons(pairs: int, runs: int, seed: int = 0) -> float:
    """Return how often anything at all is said to differ between answers of the same words."""
    random, wrong = Random(seed), 0
    for _ in range(runs):
        drawn = [
            Pair(str(n), ("case", str(n)), Text.of(_answer(random)), Text.of(_answer(random)))
            for n in range(pairs)
        ]
        found = reasons(drawn, signs_of(drawn), np.arange(pairs), alpha=0.05, moved={})
        wrong += bool(found.differ)
    return wrong / runs


def _answer(random: Random) -> str:
    start = random.choice(("", "Sure, ", "Certainly! ", "- "))
    words = " ".join(random.choices(WORDS, k=random.randrange(5, 40)))
    return f"{start}{words}{random.choice(('.', '!', '. Let me know.'))}"


def table() -> str:
    """Return the table as markdown."""
    lines = [
        "| truth | pairs | share told apart, mean | p ≤ 5 % | lower limit above the truth | upper limit below it |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, world in WORLDS.items():
        for pairs in SIZES:
            if "clusters" in name and pairs < MOST_TO_CLUSTER:
                continue
            got = seen(world, pairs, RUNS, changed="nothing" not in name)
            shares = (got.mean, got.told, got.above, got.below)
            lines.append(f"| {name} | {pairs} | {' | '.join(map(_percent, shares))} |")
    lines += [
        "",
        "| answers of the same words | pairs | anything said to differ |",
        "|---|---:|---:|",
    ]
    lines += [
        f"| openings, closings, forms and words by chance | {pairs} | {_percent(false_reasons(pairs, 100))} |"
        for pairs in (30, 100)
    ]
    return "\n".join(lines) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def written(page: Path = PAGE) -> None:
    """Write the table into the page."""
    text = page.read_text("utf-8")
    before, rest = text.split(START)
    _, after = rest.split(END)
    page.write_text(f"{before}{START}\n{table()}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    written()
