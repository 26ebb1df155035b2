"""What rules do under known truth, on one set of grids: ``python -m tests.calibration.published``.

It writes docs/calibration.md. Rates and paired rates with one draw a case are summed exactly;
everything else is simulated, seeded, through the engines that judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from textwrap import fill

from tests.calibration import corrected, pairs, rates, scores, simulated
from tests.calibration.early import early_lines
from tests.calibration.layout import PAGE, RUNS, SEED, SIZES, line, percent

SHOWN = 200
"""The number of cases of the powers in the summary."""


@dataclass(frozen=True, slots=True)
class Row:
    """The name of a rule in the summary, and in each set of rules that has it."""

    name: str
    rate: str | None = None
    pair: str | None = None
    score: str | None = None


SUMMARY = (
    Row("**evalkit**", "evalkit (exact)", "evalkit (engine G)", scores.EVALKIT),
    Row("CLT / Wald interval", "CLT interval", "paired CLT", scores.CLT),
    Row("percentile bootstrap", "percentile bootstrap", "paired bootstrap", scores.BOOTSTRAP),
    Row("Wilson interval", "Wilson interval"),
    Row("Tango score (approximate)", pair="Tango score (approximate)"),
    Row("unpaired z on the same cases", pair="unpaired z interval"),
    Row("unpaired Newcombe on the same cases", pair="unpaired Newcombe interval"),
    Row("point comparison", "point comparison", "point comparison", "point comparison"),
    Row("not significant = pass", *["not significant = pass"] * 3),
    Row("not significant, unpaired = pass", pair="not significant, unpaired = pass"),
    Row("superiority test", pair="superiority test"),
)


def exact_cells(row: Row, wrong_fail_of_scores: float) -> list[str]:
    """Return what the summary says of a rule besides scores, empty where a rule is not for it.

    Wrong passes of rates, the same from more cases on, those of pairs; wrong fails, of scores too;
    right passes of rates, and of pairs.
    """
    cells, wrong_fails = [""] * 6, [wrong_fail_of_scores]
    if row.rate is not None:
        rate = rates.RULES[row.rate]
        cells[0] = percent(rates.worst_pass(rate))
        cells[1] = percent(rates.worst_pass(rate, least=SHOWN))
        cells[4] = percent(rates.passes(rate, SHOWN, 0.9, 0.95))
        wrong_fails.append(rates.worst_fail(rate))
    if row.pair is not None:
        wrong_pass, wrong_fail = pairs.worst(pairs.RULES[row.pair])
        cells[2], cells[5] = percent(wrong_pass), percent(unchanged(row.pair))
        wrong_fails.append(wrong_fail)
    cells[3] = percent(max(wrong_fails))
    return cells


def unchanged(rule: str, n: int = SHOWN) -> float:
    """Return how often an unchanged candidate passes −5 points, where 5 % of the pairs differ."""
    return pairs.chances(pairs.RULES[rule], n, pairs.Cell(0.05, 0.05), 0.0)[0]


def summary(found: scores.Found) -> Iterator[str]:
    """Yield the table that a reader sees first."""
    yield (
        "| at worst | wrong pass: rates | … from 200 cases on | … pairs | … scores, draws, groups "
        "| wrong fail | right pass: rate | … pair |"
    )
    yield f"|{'---|' * 8}"
    for row in SUMMARY:
        score, wrong_fail = "", 0.0
        if row.score is not None:
            score = percent(scores.worst(row.score, found)[0])
            wrong_fail = scores.worst_fail(row.score, found)
        exact = exact_cells(row, wrong_fail)
        yield line(row.name, *exact[:3], score, *exact[3:])


def exact_sentences() -> list[str]:
    """Return what is wrong with whom by how much, as far as it is exact."""
    clt, ours = rates.RULES["CLT interval"], rates.RULES["evalkit (exact)"]
    wilson = rates.RULES["Wilson interval"]
    cell = pairs.Cell(0.05, 0.05)
    silent = pairs.RULES["not significant, unpaired = pass"]
    paired_silent = pairs.RULES["not significant = pass"]
    point = rates.RULES["point comparison"]
    return [
        f"**A threshold on the score** passes about half of what sits on the limit, and "
        f"{percent(rates.worst_pass(point))} at worst. It also blocks the harmless: six floors kept by "
        f"0.5 to 5 points block {rates.blocked()}.",
        f"**CLT intervals and the percentile bootstrap** have no width where every answer is right: "
        f"with 20 cases and a floor of .99 they pass {percent(rates.passes(clt, 20, 0.99, 0.99))} of what "
        f"is on it, with 200 and a floor of .95 still {percent(rates.passes(clt, 200, 0.95, 0.95))}. "
        f"Their 90 % interval holds the truth {percent(rates.least_coverage(clt))} of the time at worst "
        f"(Wilson {percent(rates.least_coverage(wilson))}, evalkit {percent(rates.least_coverage(ours))}).",
        f"**Wilson** is fair to floors, and calls a rate that keeps its floor broken "
        f"{percent(rates.worst_fail(wilson))} of the time at worst.",
        f'**"Not significant = pass"** lets a drop of 5 points through '
        f"{percent(pairs.chances(paired_silent, 20, cell, -0.05)[0])} of the time at 20 cases and "
        f"discordance .05; by the unpaired test that leaderboards use, {percent(pairs.chances(silent, SHOWN, cell, -0.05)[0])} "
        f"of the time at {SHOWN} still.",
        f"**An unpaired test on the same cases** sees a fraction of what pairs show: at {SHOWN} cases it "
        f"passes an unchanged candidate {percent(unchanged('unpaired z interval'))} of the time, evalkit "
        f"{percent(unchanged('evalkit (engine G)'))}.",
        f"**What it costs evalkit to be right**: of candidates with .95 on a floor of .9 it proves "
        f"{percent(rates.passes(ours, 50, 0.9, 0.95))} at 50 cases and {percent(rates.passes(ours, SHOWN, 0.9, 0.95))} "
        f"at {SHOWN}; the CLT claims {percent(rates.passes(clt, 50, 0.9, 0.95))} and "
        f"{percent(rates.passes(clt, SHOWN, 0.9, 0.95))}. With 20 cases nobody can prove .9.",
    ]  # fmt: skip


def simulated_sentences(found: scores.Found, others: simulated.Found) -> list[str]:
    """Return the same of what is simulated."""
    share = {
        rule: scores.worst(rule, found)[1]
        for rule in (scores.EVALKIT, scores.CLT, scores.BOOTSTRAP)
    }
    echoes = {n: cells for (each, n), cells in found.items() if "equal draws" in each.name}
    calm, ran = _worst_approximate(found, others)
    return [
        f"**Scores, draws and groups taken for independent cases**: CLT {share[scores.CLT]}, bootstrap "
        f"{share[scores.BOOTSTRAP]}, evalkit {share[scores.EVALKIT]}. More cases do not cure it: five "
        f"equal draws a case at n = 1,000 pass {percent(echoes[1000][scores.CLT].wrong_pass)} by the CLT.",
        f"**Where evalkit is only approximate, and says so**: without a declared range, on ratios of "
        f"quantiles and on shifts. At worst {calm}; with rare runaways {ran}; declare a `range` there.",
    ]  # fmt: skip


def _worst_approximate(found: scores.Found, others: simulated.Found) -> tuple[str, str]:
    """Return the highest rate of wrong passes of approximate engines, and that with runaways."""
    wrong = [
        (cells[scores.EVALKIT].wrong_pass, bool(world.rare), f"{world.bare}, n = {n:,}")
        for (world, n), cells in found.items()
        if world.approximate
    ] + [
        (cell.wrong_pass, bool(grid.rare), f"{grid.name}, n = {n:,}")
        for (grid, n), cell in others.items()
        if "approximate" in grid.name
    ]
    calm, ran = (max(each for each in wrong if each[1] is rare) for rare in (False, True))
    return f"{percent(calm[0])} ({calm[2]})", f"{percent(ran[0])} ({ran[2]})"


TEXT = """# How often each rule is wrong

A rule passes wrongly where the truth is exactly on the limit: a promise of 5 % is tightest there, and
beyond the limit everything passes less. It fails wrongly where it calls such a candidate, which keeps its
limit, broken. evalkit promises at most 5 % of each.

{summary}

Wrong passes and fails: the worst cell of the tables below, n = 20 to 1,000 (of scores: those with a declared
range, simulated, so that the worst of 30 cells of 5 % may show 6). Right passes at {shown} cases: a rate of .95
on a floor of .9, and an unchanged candidate on −5 points, where 5 % of the pairs differ.

{sentences}

Written by `make calibration` (`python -m tests.calibration.published`), seed {seed}. Rates and paired rates
with one draw a case are exact sums over all outcomes. The rest is {runs} simulated gates a cell through
the engines that judge ({fewer} where each gate resamples): one standard error is {error} points at 5 %
({fewer_error} with {fewer}), {half} at 50 %. Rules of others are written anew by what they do.

Contents: [rates](#a-rate-has-to-be-at-least-a-floor) · [coverage and width](#coverage-and-width) ·
[paired differences](#a-paired-difference-must-not-be-below-a-margin) · [scores, draws, groups](#scores-draws-and-groups) ·
[everything else](#everything-else-through-the-engines-that-judge) ·
[labels](#labels-that-correct-a-judge) · [stopping early](#the-cost-of-stopping-early)

## A rate has to be at least a floor
{rates}

The same rules on candidates that keep their floor: what does not pass and is not broken is "cannot tell".
{rate_power}

## Coverage and width

Two one-sided limits of 95 % make an interval of 90 %. A width of 0 is a claim to know the rate exactly.
{coverage}

## A paired difference must not be below a margin

Where as many pairs differ as the margin allows, every one of them is a loss. "Superiority" passes only
what is shown to be better, "not significant = pass" whatever is not shown to be worse: neither has a
margin. Unpaired rules take the two arms for unrelated groups, although they answered the same cases; what
they do depends on the baseline's rate, here {baseline:g}. Tango judges 0s and 1s, in which nothing runs away.
{pairs}

A candidate that did not change:
{pair_power}

## Scores, draws and groups

Every rule but evalkit takes each value for a case of its own. Cells: wrong pass / wrong fail, in %.

{scores}

Candidates that keep the limit, by so much: passes / is called broken, in %.

{score_power}

The interval of 90 % around the same means: holds the truth in % / mean width in the unit
of the value.

{score_width}

## Everything else, through the engines that judge

Wrong pass / wrong fail, in %, where the truth is the limit; a quantile and all of engine G keep to 5 %
within their standard error. Rows marked approximate are what they really do, and every output says
`approximate` beside a pass that rests on one. Runaways: so many cases, in each arm of its own, at 100
times the median. No method without a declared range is right about a mean there; `range: [low, high]` on
the bound is the cure. A ratio of means on 1 is judged by the same differences as a delta on 0.

{simulated}

How often a bound passes that is wider than the truth:

{simulated_power}

Quantiles of ties and steps, missing samples and several bounds at once are held by
`tests/calibration/test_error_rates.py`; bets and the exact paired test by `test_alternatives.py`; shifts
and compared quantiles by `test_resampled.py`.

## Labels that correct a judge

How often the lower limit lies above the truth, and the upper below it, in %: a floor on the truth passes
wrongly as often as the first, a ceiling as the second. Behind the point the mean width of the interval.
{cases} cases, so many labels (of pairs, as many pairs), no group of answers fewer than {fewest}; judges with
(sensitivity, specificity). {label_runs} simulated gates a cell: one standard error is {label_error} points at 5 %.

{corrected}

The judge alone is as far off as its mistakes happen not to cancel out, and its interval knows nothing of
them. With few labels limits are wrong less often than they say, and wide; with more they narrow.

## The cost of stopping early

A bet saves cases on a candidate that keeps its bounds. On the floor it plays to the end, which is
further away; nothing here gives up on a bad candidate before that. Wald's bound is the least mean number
of cases with which any test that may stop at any time can have these two error rates.

{early}
"""


def page(found: scores.Found, others: simulated.Found, labels: Iterable[str]) -> str:
    """Return the page."""
    sentences = [*exact_sentences(), *simulated_sentences(found, others)]
    return TEXT.format(
        summary="\n".join(summary(found)),
        sentences="\n".join(bullet(sentence) for sentence in sentences),
        shown=SHOWN,
        seed=SEED,
        runs=f"{RUNS:,}",
        fewer=simulated.FEWER,
        error=_error(0.05, RUNS),
        fewer_error=_error(0.05, simulated.FEWER),
        half=_error(0.5, RUNS),
        baseline=pairs.BASELINE,
        rates="\n".join(rates.error_tables()),
        rate_power="\n".join(rates.power_tables()),
        coverage="\n".join(rates.coverage_tables()),
        pairs="\n".join(pairs.error_tables()),
        pair_power="\n".join(pairs.power_tables()),
        scores="\n".join(scores.error_table(found)),
        score_power="\n".join(scores.power_table(found)),
        score_width="\n".join(scores.width_table(found)),
        simulated="\n".join(simulated.rows(others)),
        simulated_power="\n".join(simulated.power_rows(others)),
        cases=corrected.CASES,
        fewest=corrected.FEWEST,
        label_runs=corrected.RUNS,
        label_error=_error(0.05, corrected.RUNS),
        corrected="\n".join(labels),
        early="\n".join(early_lines()),
    )


def bullet(sentence: str) -> str:
    """Return a sentence as an item of a list, in lines of the page."""
    return fill(sentence, 110, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _error(share: float, runs: int) -> str:
    return f"{100 * (share * (1 - share) / runs) ** 0.5:.1f}"


def _score(job: tuple[scores.Scores, int, int]) -> Mapping[str, scores.Rates]:
    world, n, runs = job
    return scores.cell(world, n, runs=runs)


def _other(job: tuple[simulated.Grid, int, int]) -> simulated.Errors:
    grid, n, runs = job
    return simulated.errors(grid, n, runs=runs)


def simulate(*, most: int = RUNS) -> tuple[scores.Found, simulated.Found]:
    """Return what is simulated, with at most so many runs a cell."""
    grids = [(grid, n, min(grid.runs, most)) for grid in simulated.GRIDS for n in grid.sizes[::-1]]
    worlds = [(world, n, most) for world in scores.WORLDS for n in SIZES[::-1]]
    with ProcessPoolExecutor(2) as pool:
        others, found = pool.map(_other, grids), pool.map(_score, worlds)
        return (
            {job[:2]: cells for job, cells in zip(worlds, found, strict=True)},
            {job[:2]: cell for job, cell in zip(grids, others, strict=True)},
        )


def main() -> None:
    """Compute every table and write the page."""
    PAGE.write_text(page(*simulate(), corrected.simulate()), encoding="utf-8")


if __name__ == "__main__":
    main()
