"""Logged requests for the tests of this folder: seeded, with gaps, timeouts and users."""

from __future__ import annotations

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL, Kind
from evalkit.stages.shadow.block import Block, Measure
from evalkit.stages.shadow.grouping import Grouping, grouped
from evalkit.stages.shadow.hashing import id_hashes, split
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.pairing import Pairing, paired
from evalkit.stages.shadow.tally import tally_of

LATENCY = Measure("latency", Kind.TIME, quantiles=True)
SCORE = Measure("score", Kind.SCORE, UNIT_INTERVAL)
REFUSAL = Measure("refusal", Kind.RATE)
MEASURES = (LATENCY, SCORE, REFUSAL)
START = 490_000


def mirrored(requests: int, *, seed: int = 1, users: int = 20, hours: int = 30) -> Block:
    """Return requests that both arms answered, a candidate's row after the baseline's."""
    rng = np.random.default_rng(seed)
    rows = 2 * requests
    request = np.repeat(np.arange(requests), 2)
    user = np.repeat(rng.integers(0, users, requests), 2)
    score = rng.beta(8, 2, rows)
    score[rng.random(rows) < 0.1] = np.nan
    latency = rng.lognormal(6, 0.6, rows) * (1 + user / users)
    return Block(
        np.tile(np.array([0, 1], np.int8), requests),
        np.repeat(START + np.sort(rng.integers(0, hours, requests)), 2).astype(np.int32),
        {
            "latency": latency,
            "score": score,
            "refusal": (rng.random(rows) < 0.1).astype(np.float64),
        },
        id_hashes([f"request-{number}" for number in request.tolist()]),
        id_hashes([f"user {number}" for number in user.tolist()]),
    )


def logs_of(block: Block, *, pairs: bool = True, users: bool = True) -> Logs:
    """Return everything that is counted of a block."""
    return Logs(
        tally_of([block], MEASURES),
        paired([block], MEASURES) if pairs else None,
        grouped([block], MEASURES) if users else None,
    )


def in_buckets(blocks: list[Block], buckets: int) -> tuple[Pairing, Grouping]:
    """Return pairs and users of blocks that are dealt into buckets."""
    pairs, groups = Pairing.nothing(MEASURES), Grouping.nothing(MEASURES)
    for bucket in range(buckets):
        pairs += paired([split(block, buckets)[bucket] for block in blocks], MEASURES)
        dealt = [split(block, buckets, by="user")[bucket] for block in blocks]
        groups += grouped(dealt, MEASURES)
    return pairs, groups
