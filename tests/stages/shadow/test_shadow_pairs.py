"""Pairs and users: who is joined with whom, who is left out, and the same bits in any order."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stages.shadow.block import Block, joined_blocks
from evalkit.stages.shadow.grouping import NAMELESS, PAIRS, Grouping, grouped
from evalkit.stages.shadow.hashing import id_hashes
from evalkit.stages.shadow.pairing import Pairing, matched, paired
from tests.stages.shadow.logged import MEASURES, START, in_buckets, mirrored


def rows_of(ids: list[str | None], arms: list[int], latency: list[float]) -> Block:
    """Return rows with these requests."""
    return Block(
        np.array(arms, np.int8),
        np.full(len(ids), START, np.int32),
        {"latency": np.array(latency)},
        id_hashes(ids),
        id_hashes(["someone"] * len(ids)),
    )


@given(seed=st.integers(0, 99), parts=st.integers(1, 4), buckets=st.integers(1, 5))
@settings(derandomize=True, deadline=None, max_examples=10)
def test_any_split_and_any_number_of_buckets_give_the_same_bytes(
    seed: int, parts: int, buckets: int
) -> None:
    rng = np.random.default_rng(seed)
    block = mirrored(120, seed=seed)
    some = np.append(np.arange(block.rows), rng.integers(0, block.rows, 40))
    torn = block.only(some[rng.random(some.size) < 0.8])
    request, user, metrics = torn.request, torn.user, dict(torn.metrics)
    assert request is not None
    assert user is not None
    request[rng.random(request.size) < 0.05] = 0
    user[rng.random(user.size) < 0.1] = 0
    metrics["latency"] = rng.permutation(metrics["latency"])
    torn = replace(torn, metrics=metrics)
    pieces = [torn.only(part) for part in np.array_split(rng.permutation(torn.rows), parts)]
    pairs, groups = in_buckets(pieces, buckets)
    assert pairs.digest() == paired([torn], MEASURES).digest()
    assert groups.digest() == grouped([torn], MEASURES).digest()


def test_each_request_of_both_arms_is_a_pair_and_the_others_are_told() -> None:
    ids = ["a", "a", "b", "c", None, "d", "d", "d", ""]
    block = rows_of(ids, [1, 0, 0, 1, 1, 0, 1, 1, 0], [5, 3, 1, 1, 9, 10, 12, 11, 9])
    found = paired([block], MEASURES)
    assert found.pairs == 2
    assert (found.alone(0), found.alone(1)) == (1, 1)
    assert (found.again(0), found.again(1)) == (0, 1)
    assert (found.unnamed(0), found.unnamed(1)) == (1, 1)
    # Of the two rows of d that the candidate logged the one with the smaller values counts.
    assert found.cells.sums["latency d"].everything() == 2 + 1
    assert found.cells.sums["latency bd"].everything() == 3 * 2 + 10 * 1
    assert found.within(START, START + 1).pairs == 2
    assert found.within(0, START).pairs == 0


def test_a_pair_without_a_value_in_an_arm_is_counted_and_not_compared() -> None:
    block = mirrored(200)
    block.metrics["refusal"][:40] = math.nan
    block.metrics["latency"][1] = math.inf
    found = paired([block], MEASURES).cells
    score = block.metrics["score"].reshape(-1, 2)
    both = ~np.isnan(score).any(axis=1)
    assert found.count("score known") == both.sum()
    assert found.count("score missing") == 200 - both.sum()
    assert (found.count("latency known"), found.count("latency missing")) == (199, 1)
    assert found.count("refusal ??") == 20
    states = ("00", "01", "10", "11")
    assert sum(found.count(f"refusal {state}") for state in states) == 180
    assert float(found.sums["score d"].everything()) == pytest.approx(
        float((score[both, 1] - score[both, 0]).sum())
    )


def test_a_pair_has_the_hour_of_the_baseline_or_else_of_the_candidate() -> None:
    block = mirrored(2)
    block.hour[:] = [-1, START + 5, START, START + 1]
    found = paired([block], MEASURES)
    assert found.within(START + 5, START + 6).pairs == 1
    assert found.within(START, START + 1).pairs == 1


def test_hashes_that_differ_only_where_places_are_put_are_told_apart() -> None:
    requests = np.array([7, 1, 5, 7, 5, 1, 2**60, 2**60], np.uint64)
    block = replace(mirrored(4), request=requests, arm=np.array([0, 0, 0, 1, 1, 1, 1, 0], np.int8))
    matches = matched(block)
    found = set(zip(matches.baseline.tolist(), matches.candidate.tolist(), strict=True))
    assert found == {(0, 3), (1, 5), (2, 4), (7, 6)}


def test_no_rows_make_no_pairs_and_no_users() -> None:
    assert paired([], MEASURES).digest() == Pairing.nothing(MEASURES).digest()
    assert grouped([], MEASURES).digest() == Grouping.nothing(MEASURES).digest()
    empty = mirrored(1).only(slice(0, 0))
    assert paired([empty], MEASURES).pairs == 0
    assert grouped([empty], MEASURES).users == 0
    lone = mirrored(3).only(np.array([0, 2, 4]))
    assert paired([lone], MEASURES).pairs == 0
    assert grouped([lone], MEASURES).people.count(PAIRS) == 0


def test_a_metric_that_nobody_logged_has_no_cells() -> None:
    block = replace(mirrored(5), metrics={"latency": mirrored(5).metrics["latency"]})
    assert "score d" not in paired([block], MEASURES).cells.sums
    found = grouped([block], MEASURES)
    assert found.arms["score"].codes.size == found.pairs["score"].codes.size == 0


def test_rows_without_hashes_cannot_be_joined() -> None:
    block = mirrored(2)
    bare = Block(block.arm, block.hour, block.metrics)
    with pytest.raises(ValueError, match="hash of each request"):
        paired([bare], MEASURES)
    with pytest.raises(ValueError, match="hash of each user"):
        grouped([bare], MEASURES)


def test_counts_of_different_measures_do_not_add() -> None:
    for nothing in (Pairing.nothing, Grouping.nothing):
        with pytest.raises(ValueError, match="of the same measures"):
            nothing(MEASURES) + nothing(MEASURES[:1])  # type: ignore[operator]


def test_users_are_counted_with_their_sums() -> None:
    block = mirrored(300, users=9)
    found = grouped([block], MEASURES)
    assert found.users == 9
    assert found.people.count(PAIRS) == 300
    cells = found.arms["latency"]
    assert int((cells.counts["users"] * (cells.codes >> 1)).sum()) == 600
    assert float(cells.sums["^1"].everything()) == pytest.approx(block.metrics["latency"].sum())
    assert found.both["latency"].count("users") == 9


def test_rows_of_nobody_are_users_of_their_own() -> None:
    block = replace(mirrored(10), user=np.zeros(20, np.uint64))
    found = grouped([block], MEASURES)
    assert (found.users, found.people.count(NAMELESS)) == (0, 20)
    assert found.arms["latency"].codes.tolist() == [2, 3]
    assert found.arms["latency"].counts["users"].tolist() == [10, 10]
    # A pair whose rows nobody is named in is one unit all the same.
    assert found.pairs["latency"].counts["users"].tolist() == [10]
    without = grouped([replace(block, request=None)], MEASURES)
    assert without.people.count(PAIRS) == 0


def test_rows_of_a_request_by_different_users_are_no_pair_of_one_user() -> None:
    block = mirrored(10)
    assert block.user is not None
    block.user[0] = 12345
    assert paired([block], MEASURES).pairs == 10
    assert grouped([block], MEASURES).people.count(PAIRS) == 9


def test_a_user_of_many_rows_is_added_exactly() -> None:
    block = joined_blocks([mirrored(40_000, users=1, seed=seed) for seed in (1, 2)])
    block = replace(block, request=None)
    found = grouped([block], MEASURES)
    again = grouped([block.only(np.random.default_rng(1).permutation(block.rows))], MEASURES)
    assert found.digest() == again.digest()
