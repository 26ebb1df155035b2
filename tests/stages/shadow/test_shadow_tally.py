"""Tallies of logs: what is counted, what is missing, and that they add to the same bits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import UNIT_INTERVAL, Kind
from evalkit.stages.shadow import gathering
from evalkit.stages.shadow.block import (
    Block,
    Labels,
    Measure,
    hours_of,
    joined_blocks,
)
from evalkit.stages.shadow.cells import NOTHING, Cells
from evalkit.stages.shadow.gathering import Gathering, runs
from evalkit.stages.shadow.tally import Tally, tally_of, total
from tests.stages.shadow.logged import LATENCY, MEASURES, REFUSAL, SCORE, START, mirrored


def rows_of(**metrics: list[float]) -> Block:
    """Return rows of the baseline in one hour."""
    size = len(next(iter(metrics.values())))
    return Block(
        np.zeros(size, np.int8),
        np.full(size, START, np.int32),
        {name: np.array(values) for name, values in metrics.items()},
    )


@given(seed=st.integers(0, 99), parts=st.integers(1, 6))
@settings(derandomize=True, deadline=None, max_examples=12)
def test_any_split_of_rows_in_any_order_gives_the_same_bytes(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    block = mirrored(150, seed=seed)
    whole = tally_of([block], MEASURES)
    pieces = [block.only(part) for part in np.array_split(rng.permutation(block.rows), parts)]
    found = [tally_of([piece], MEASURES) for piece in pieces]
    assert total(found).digest() == whole.digest()
    assert tally_of(reversed(pieces), MEASURES).digest() == whole.digest()
    added = Tally.nothing(MEASURES)
    for tally in reversed(found):
        added += tally
    assert added.digest() == whole.digest()


def test_a_changed_bit_changes_the_digest() -> None:
    block = mirrored(50)
    block.metrics["latency"][3] *= 1 + 1e-9
    assert tally_of([block], MEASURES).digest() != tally_of([mirrored(50)], MEASURES).digest()


def test_what_is_counted_of_a_measure_is_what_is_there() -> None:
    tally = tally_of(
        [rows_of(latency=[1.0, math.nan, math.inf, 3.0, 1e95], refusal=[1, 0, 2, math.nan, 1],
                 score=[0.5, 1.5, -0.5, math.nan, 0.25])],
        MEASURES,
    )  # fmt: skip
    cells = tally.cells
    assert tally.rows() == tally.rows(0) == 5
    assert tally.rows(1) == 0
    found = {name: cells.count(name) for name in sorted(cells.counts)}
    assert found == {
        "latency infinite": 2, "latency known": 4, "refusal known": 3, "refusal outside": 1,
        "refusal yes": 2, "rows": 5, "score known": 4, "score outside": 2,
    }  # fmt: skip
    assert cells.sums["latency^1"].everything() == 4
    assert cells.sums["latency^3"].everything() == 28
    assert (cells.least["latency"].min(), cells.most["latency"].max()) == (1.0, math.inf)
    assert cells.bins["latency"].counts.sum() == 4
    assert cells.count("nothing of this name") == 0


def test_a_metric_that_a_block_does_not_have_is_missing() -> None:
    tally = tally_of([rows_of(latency=[1.0]), rows_of(refusal=[1.0])], MEASURES)
    assert [tally.cells.count(f"{m.name} known") for m in MEASURES] == [1, 0, 1]
    assert tally.rows() == 2


def test_all_missing_is_no_value_and_no_zero() -> None:
    tally = tally_of([rows_of(latency=[math.nan] * 3, refusal=[math.nan] * 3)], MEASURES)
    assert tally.cells.count("latency known") == 0
    assert tally.cells.count("refusal known") == 0
    assert tally.cells.least["latency"].tolist() == [math.inf]
    assert "latency" not in tally.cells.bins


def test_a_window_is_what_its_hours_counted() -> None:
    block = mirrored(300)
    tally = tally_of([block], MEASURES)
    inside = (block.hour >= START + 3) & (block.hour < START + 9)
    found = tally.within(START + 3, START + 9)
    assert found.digest() == tally_of([block.only(inside)], MEASURES).digest()
    assert found.hours.tolist() == sorted(set(block.hour[inside].tolist()))
    assert tally.within(0, 10**6).cells is tally.cells
    assert tally.of_arm(1).rows() == 300


def test_rows_without_a_time_are_counted_and_in_no_window() -> None:
    block = replace(rows_of(latency=[1.0, 2.0]), hour=np.array([-1, START], np.int32))
    tally = tally_of([block], MEASURES)
    assert tally.rows() == 2
    assert tally.hours.tolist() == [START]
    assert tally.within(0, 10**6).rows() == 1


def test_no_rows_make_an_empty_tally() -> None:
    empty = tally_of([], MEASURES)
    assert empty.digest() == Tally.nothing(MEASURES).digest()
    assert (empty + empty).rows() == 0
    assert empty.hours.size == 0
    assert tally_of([mirrored(1).only(slice(0, 0))], MEASURES).rows() == 0
    full = tally_of([mirrored(3)], MEASURES)
    assert (full + empty).digest() == full.digest()


def test_tallies_of_different_measures_do_not_add() -> None:
    with pytest.raises(ValueError, match="of the same measures"):
        tally_of([], MEASURES) + tally_of([], MEASURES[:1])


def test_hours_are_those_that_can_be_meant() -> None:
    seconds = np.array([0.0, 3599.9, 3600.0, np.nan, np.inf, -1.0, 7.3e9])
    assert hours_of(seconds).tolist() == [0, 0, 1, -1, -1, -1, -1]


def test_labels_and_ids_go_along_with_rows_that_are_picked() -> None:
    block = mirrored(2)
    labelled = replace(
        block, labels={"model": Labels(np.array([0, 1, -1, 0], np.int32), ("a", "b"))}
    )
    picked = labelled.only(np.array([1, 2]))
    assert picked.labels["model"].codes.tolist() == [1, -1]
    assert picked.request is not None
    assert block.request is not None
    assert picked.request.tolist() == block.request[1:3].tolist()
    bare = rows_of(latency=[1.0])
    assert bare.only(slice(0, 1)).request is None
    assert joined_blocks([replace(bare), bare]).user is None
    assert joined_blocks([bare]).metrics["latency"].tolist() == [1.0]
    both = joined_blocks([block, picked])
    assert both.rows == 6
    assert both.request is not None


def test_many_pieces_are_carried_and_large_histograms_put_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    block = mirrored(400, hours=200)
    wide = replace(block, metrics={"latency": block.metrics["latency"] ** 4})
    whole = tally_of([wide], (LATENCY,))
    monkeypatch.setattr(gathering, "PIECES_BEFORE_CARRY", 3)
    monkeypatch.setattr(gathering, "LARGEST_GRID", 1 << 15)
    monkeypatch.setattr(gathering, "APART_AT_MOST", 2)
    blocks = [wide.only(slice(start, start + 50)) for start in range(0, 800, 50)]
    assert tally_of(blocks, (LATENCY,)).digest() == whole.digest()


def test_codes_far_apart_are_ordered_as_near_ones_are() -> None:
    codes = np.array([5, -2, 10**9, 5])
    order, starts, found = runs(codes)
    assert order is not None
    assert codes[order].tolist() == [-2, 5, 5, 10**9]
    assert (starts.tolist(), found.tolist()) == ([0, 1, 3], [-2, 5, 10**9])
    assert runs(np.array([1, 1, 2]))[0] is None


def test_cells_that_nobody_counted_are_nothing() -> None:
    assert Gathering().cells().codes.size == 0
    assert (NOTHING + NOTHING).codes.size == 0
    some = Cells(np.array([1]), {"n": np.array([2])})
    assert (some + NOTHING).counts["n"].tolist() == [2]
    assert (some + Cells(np.array([3]), {"m": np.array([1])})).counts["n"].tolist() == [2, 0]


def test_only_amounts_have_percentiles_where_they_are_asked_for() -> None:
    assert not Measure("x", Kind.AMOUNT).quantiles
    tally = tally_of([mirrored(5)], (SCORE, REFUSAL))
    assert tally.cells.bins == {}
    assert SCORE.support == UNIT_INTERVAL
