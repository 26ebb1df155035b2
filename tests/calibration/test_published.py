"""The page of error rates is what its code gives, and keeps the promise it publishes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from evalkit.stats import binomial
from evalkit.stats.arrays import BoolArray
from evalkit.stats.planning import Changes, paired_chances
from tests.calibration import pairs, rates, scores, simulated
from tests.calibration.layout import ALPHA, PAGE, RUNS, SIZES, both, percent
from tests.calibration.published import SUMMARY, Row, bullet, exact_sentences, unchanged

TEXT = PAGE.read_text(encoding="utf-8")
LINES = TEXT.splitlines()
CHEAP = (20, 50, 100)
"""Numbers of cases at which every paired rule is computed in no time."""

Table = Callable[[Sequence[int]], Iterator[str]]


def row(*names: str, lines: Sequence[str] = LINES) -> list[str]:
    """Return the cells behind the names of the one row that has them."""
    found = [line for line in lines if line.startswith(f"| {' | '.join(names)} |")]
    assert len(found) == 1, (names, found)
    return [cell.strip() for cell in found[0].split("|")[1 + len(names) : -1]]


def shares(cells: Iterable[str]) -> list[tuple[float, float]]:
    """Return the two shares of each cell that has any."""
    both_of = [re.fullmatch(r"([0-9.]+) / ([0-9.]+)", cell) for cell in cells if cell]
    return [(float(each[1]) / 100, float(each[2]) / 100) for each in both_of if each]


def section(start: str, end: str = "\n## ") -> str:
    """Return the page from a text up to another."""
    return TEXT.partition(start)[2].partition(end)[0]


# ---------------------------------------------------------------- exact


@pytest.mark.parametrize("table", [rates.error_tables, rates.power_tables, rates.coverage_tables])
def test_the_tables_of_rates_are_those_of_the_page(table: Callable[[], Iterator[str]]) -> None:
    assert "\n".join(table()) in TEXT


@pytest.mark.parametrize("table", [pairs.error_tables, pairs.power_tables])
def test_the_tables_of_pairs_are_those_of_the_page(table: Table) -> None:
    lines = "\n".join(table(CHEAP)).splitlines()
    first = next(place for place, line in enumerate(LINES) if line == lines[1])
    for place, line in enumerate(lines, first - 1):
        assert LINES[place].startswith(line.rstrip("| ")), line


def test_the_sentences_of_the_first_screen_are_those_of_the_page() -> None:
    sentences = exact_sentences()
    assert all(bullet(sentence) in TEXT for sentence in sentences)
    assert TEXT.index(bullet(sentences[0])) < TEXT.index("## ")


@pytest.mark.parametrize("each", SUMMARY, ids=lambda each: each.name)
def test_the_summary_is_the_worst_of_the_tables(each: Row) -> None:
    cells = row(each.name, lines=TEXT.partition("\n## ")[0].splitlines())
    wrong_fails = []
    if each.rate is not None:
        found = rates.RULES[each.rate]
        assert cells[0] == percent(rates.worst_pass(found))
        assert cells[1] == percent(rates.worst_pass(found, least=200))
        assert cells[5] == percent(rates.passes(found, 200, 0.9, 0.95))
        wrong_fails.append(rates.worst_fail(found))
    if each.pair is not None:
        start = f"**{each.pair}**: passes / is called broken"
        table = section("## A paired", "\nA candidate").partition(start)[2].partition("\n**")[0]
        listed = shares(re.findall(r"[0-9.]+ / [0-9.]+", table))
        assert len(listed) == len(pairs.CELLS) * len(SIZES)
        assert cells[2] == percent(max(passed for passed, _ in listed))
        assert cells[6] == percent(unchanged(each.pair))
        wrong_fails.append(max(broken for _, broken in listed))
    if each.score is not None:
        worlds = [world for world in scores.WORLDS if not world.approximate]
        listed = [cell for world in worlds for cell in shares(row(world.name, each.score))]
        assert cells[3] == percent(max(passed for passed, _ in listed))
        wrong_fails.append(max(broken for _, broken in listed))
    assert cells[4] == percent(max(wrong_fails))


def test_exact_rules_are_wrong_at_most_as_often_as_promised() -> None:
    for n, floor in product(SIZES, (0.5, 0.6, 0.97, 0.99)):
        assert rates.passes(rates.exact, n, floor, floor) <= ALPHA
        assert rates.fails(rates.exact, n, floor, floor) <= ALPHA


def test_an_interval_misses_where_either_of_its_limits_does() -> None:
    for name, n, truth in product(rates.INTERVALS, CHEAP, (0.5, 0.9, 0.99)):
        rule = rates.RULES[name]
        missed_above = rates.passes(rule, n, truth + 1e-9, truth)
        missed_below = rates.fails(rule, n, truth - 1e-9, truth)
        assert rates.coverage(rule, n, truth) == pytest.approx(1 - missed_above - missed_below)


@pytest.mark.parametrize("successes", [0, 7, 20])
def test_limits_are_those_of_others(successes: int) -> None:
    for rule, method in ((rates.exact, "exact"), (rates.wilson, "wilson")):
        lower, upper = rule(20)
        known = binomtest(successes, 20).proportion_ci(0.9, method)
        assert (lower[successes], upper[successes]) == pytest.approx((known.low, known.high))
    assert rates.exact(20)[1][successes] == pytest.approx(
        binomial.upper_limit(successes, 20, ALPHA)
    )


# ---------------------------------------------------------------- chances of pairs


def everything(n: int, margin: float) -> BoolArray:
    """Pass whatever happens to pairs."""
    return np.ones_like(pairs.tango(n, margin))


def every_group(n: int, margin: float) -> BoolArray:
    """Pass whatever happens to groups."""
    return np.ones_like(pairs.newcombe(n, margin))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("cell", pairs.CELLS, ids=str)
def test_no_outcome_of_any_weight_is_left_out(n: int, cell: pairs.Cell) -> None:
    rules = [pairs.Rule(everything)]
    if n <= max(CHEAP):
        rules.append(pairs.Rule(every_group, groups=True))
    for rule in rules:
        passed, broken = pairs.chances(rule, n, cell, -cell.margin)
        assert passed == pytest.approx(1, abs=1e-6)
        assert broken == 0


def test_chances_are_those_that_plans_are_made_with() -> None:
    ours, margin = pairs.RULES["evalkit (engine G)"], 0.05
    cell = pairs.Cell(0.3, margin)
    planned = paired_chances(1000, -margin, None, Changes.of(0.3, -margin), ALPHA)
    assert pairs.chances(ours, 1000, cell, -margin) == pytest.approx(planned, abs=1e-9)


def outcomes(
    n: int, gain: float, loss: float, right: float
) -> Iterator[tuple[int, int, int, float]]:
    """Yield losses, gains and pairs that are right in both arms, each with its probability."""
    for losses, gains, rights in product(range(n + 1), repeat=3):
        wrong = n - losses - gains - rights
        if wrong >= 0:
            ways = comb(n, losses) * comb(n - losses, gains) * comb(n - losses - gains, rights)
            chance = loss**losses * gain**gains * (right - loss) ** rights
            yield losses, gains, rights, ways * chance * (1 - right - gain) ** wrong


def test_a_rule_s_chances_are_those_of_brute_force() -> None:
    n, cell = 6, pairs.Cell(0.2, 0.4)
    rules = [
        pairs.Rule(pairs.tango, pairs.tango_breaks),
        pairs.Rule(pairs.two_proportions, pairs.two_proportions_breaks, groups=True),
    ]
    for rule in rules:
        passes, fails = rule.passes(n, cell.margin), rule.fails(n, cell.margin)
        passed = broken = 0.0
        for losses, gains, rights, chance in outcomes(n, 0.05, 0.15, pairs.BASELINE):
            place = (rights + losses, rights + gains) if rule.groups else (losses, gains)
            passed += chance * bool(passes[place])
            broken += chance * bool(fails[place])
        assert pairs.chances(rule, n, cell, -0.1) == pytest.approx((passed, broken), abs=1e-9)


def test_the_bootstrap_of_pairs_is_that_of_resampled_pairs() -> None:
    n, margin = 8, 0.25
    passes, fails = pairs.paired_bootstrap(n, margin), pairs.paired_bootstrap_breaks(n, margin)
    for losses, gains in product(range(n + 1), repeat=2):
        if losses + gains > n:
            assert not passes[losses, gains] | fails[losses, gains]
            continue
        below = sum(
            comb(n, down) * comb(n - down, up) * (losses / n) ** down * (gains / n) ** up
            * (1 - (losses + gains) / n) ** (n - down - up)
            for down, up in product(range(n + 1), repeat=2)
            if down + up <= n and up - down < -margin * n
        )  # fmt: skip
        assert passes[losses, gains] == (below < ALPHA)
        assert fails[losses, gains] == (below >= 1 - ALPHA)


# ---------------------------------------------------------------- simulated


def test_a_simulated_cell_is_that_of_the_page() -> None:
    grid = next(each for each in simulated.GRIDS if "lognormal" in each.name)
    found = simulated.errors(grid, 50, runs=grid.runs)
    assert row(grid.name, "")[1] == both(found.wrong_pass, found.wrong_fail)


def test_what_rules_do_with_equal_draws_is_on_the_page() -> None:
    world = next(each for each in scores.WORLDS if "equal draws" in each.name)
    for rule, found in scores.cell(world, 20).items():
        assert row(world.name, rule)[0] == both(found.wrong_pass, found.wrong_fail)
        assert row(f"{world.short}: {world.room:g}", rule)[0] == both(found.kept, found.blocked)


def test_engine_g_and_quantiles_keep_to_five_percent_in_every_cell_of_the_page() -> None:
    most = ALPHA + 3 * (ALPHA * (1 - ALPHA) / RUNS) ** 0.5
    worlds = [world for world in scores.WORLDS if not world.approximate]
    held = [row(world.name, "evalkit") for world in worlds]
    held += [row(grid.name, "") for grid in simulated.GRIDS if "approximate" not in grid.name]
    assert len(held) == 7
    found = [shares(cells) for cells in held]
    assert all(len(each) == len(SIZES) for each in found)
    assert max(share for each in found for cell in each for share in cell) <= most


def test_draws_taken_for_cases_pass_wrongly_however_many_cases_there_are() -> None:
    cells = shares(row("rate, 5 equal draws a case, at least .9", "CLT interval"))
    assert min(passed for passed, _ in cells) > 3 * ALPHA


def test_what_is_approximate_says_so_and_how_runaways_move_it() -> None:
    for line in LINES:
        if re.match(r"\| (mean|delta of means|ratio|KS|Tango|lognormal|amount)", line):
            assert "approximate" in line
    for name in ("KS shift (approximate)", "ratio of p95 (approximate)"):
        for rare in ("0", "1", "2"):
            assert shares(row(name, f"{rare}\u00a0%"))
