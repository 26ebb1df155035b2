"""A noise floor counts; its rates follow from its counts."""

from __future__ import annotations

import pytest

from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Severity
from evalkit.core.noise import BoundNoise, Share


@pytest.mark.parametrize(("count", "of", "value"), [(0, 40, 0.0), (10, 40, 0.25), (40, 40, 1.0)])
def test_a_share_is_a_count_of_comparisons(count: int, of: int, value: float) -> None:
    assert Share(count, of, 0.0, 1.0).value == value


@pytest.mark.parametrize(("severity", "blocks"), [(Severity.BLOCK, True), (Severity.WARN, False)])
def test_a_bound_that_only_warns_cannot_turn_the_gate(severity: Severity, *, blocks: bool) -> None:
    noise = BoundNoise(
        "n", "m", Kind.RATE, "rate", "", Limit(LimitKind.DELTA, max=0.1), "", None,
        Require.PROVEN, severity,
    )  # fmt: skip
    assert noise.blocks is blocks
