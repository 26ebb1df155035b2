"""A slice is told of where something of its difference is certain."""

from __future__ import annotations

import pytest

from evalkit.core.model import Arm
from evalkit.core.shadow import Finding
from evalkit.core.verdict import Estimate


@pytest.mark.parametrize(("least", "told"), [(0.1, True), (-0.1, True), (0.0, False)])
def test_a_finding_is_told_where_its_limits_leave_out_nothing(least: float, *, told: bool) -> None:
    effect = Estimate(0.2, 0.1, 0.3, 0.95, 9, 9, 9, 0, "m")
    counts = dict.fromkeys(Arm, 60)
    found = Finding("m", None, "tag", "a", counts, 30, 0.1, 0.3, effect, None, least, 0.01)
    assert found.told is told
