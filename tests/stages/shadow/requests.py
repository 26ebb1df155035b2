"""Logged requests and blocks of them, as short as tests want to write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL, Kind, Metric
from evalkit.core.model import Arm, Json, Sample, SampleError
from evalkit.core.traffic import Logged
from evalkit.stages.shadow.block import Block, Measure
from evalkit.stages.shadow.grouping import grouped
from evalkit.stages.shadow.hashing import id_hashes
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.pairing import paired
from evalkit.stages.shadow.tally import tally_of

HOUR = 500_000
REFUSAL = Metric("refusal", "refusal", "refusal", Kind.RATE, UNIT_INTERVAL, labels=("no", "yes"))


def logged(
    name: str,
    *,
    user: str | None = None,
    when: float | None = None,
    asked: Any = None,
    tags: tuple[str, ...] = (),
    metadata: dict[str, Json] | None = None,
    output: str | None = "a b c",
    error: SampleError | None = None,
    model: str | None = None,
) -> Logged:
    """Return a logged request."""
    sample = Sample(name, Arm.BASELINE, output=output, error=error, model=model)
    return Logged(sample, None, user, when, asked, tags=tags, metadata=metadata or {})


def logs_of(
    measure: Measure,
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    hours: tuple[Sequence[int], Sequence[int]] | None = None,
    ids: tuple[Sequence[str | None], Sequence[str | None]] | None = None,
    users: tuple[Sequence[str | None], Sequence[str | None]] | None = None,
    beside: dict[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    measures: Sequence[Measure] = (),
) -> Logs:
    """Return what is counted of the values of both arms; requests with ids are paired."""
    sizes = len(baseline), len(candidate)
    arm = np.repeat(np.array([0, 1], np.int8), sizes)
    when = ([HOUR] * sizes[0], [HOUR] * sizes[1]) if hours is None else hours
    columns = {measure.name: (baseline, candidate), **(beside or {})}
    block = Block(
        arm,
        np.array([*when[0], *when[1]], np.int32),
        {name: np.array([*a, *b], np.float64) for name, (a, b) in columns.items()},
        request=None if ids is None else id_hashes([*ids[0], *ids[1]]),
        user=None if users is None else id_hashes([*users[0], *users[1]]),
    )
    all_measures = (measure, *measures)
    return Logs(
        tally_of([block], all_measures),
        None if ids is None else paired([block], all_measures),
        None if users is None else grouped([block], all_measures),
    )
