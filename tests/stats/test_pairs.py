"""What a paired difference of rates does when arms change names, or a case joins that agrees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import LimitKind
from evalkit.stats.engines.protocol import Engine
from tests.stats.arms import engine, evidence

Counts = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 60))


def delta(losses: int, gains: int, same: int, *, mirrored: bool = False) -> Engine:
    before = [1.0] * losses + [0.0] * gains + [1.0] * same
    after = [0.0] * losses + [1.0] * gains + [1.0] * same
    arms = (before, after) if mirrored else (after, before)
    return engine(evidence(*arms), LimitKind.DELTA)


@settings(deadline=None, max_examples=60)
@given(counts=Counts)
def test_a_case_that_agrees_never_moves_a_delta_away_from_0_nor_widens_it(
    counts: tuple[int, int, int],
) -> None:
    losses, gains, same = counts
    n = losses + gains + same
    if not n:
        return
    now, more = delta(losses, gains, same), delta(losses, gains, same + 1)
    assert abs(more.value) <= abs(now.value)
    if losses + gains <= n / 2:
        widths = [each.upper(0.05) - each.lower(0.05) for each in (now, more)]
        assert widths[1] <= widths[0] + 1e-9


@settings(deadline=None, max_examples=40)
@given(counts=Counts)
def test_arms_that_change_names_mirror_the_delta(counts: tuple[int, int, int]) -> None:
    if not sum(counts):
        return
    there, back = delta(*counts), delta(*counts, mirrored=True)
    assert back.value == -there.value
    assert back.lower(0.05) == pytest.approx(-there.upper(0.05), abs=1e-12)
    assert back.p_above(-0.1) == pytest.approx(there.p_below(0.1), abs=1e-12)
