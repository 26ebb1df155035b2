"""What the tests of the mirror share: what passes through it passes on both event loops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evalkit.wire.loops import fast_loop
from tests.wire.mirror import worlds


@pytest.fixture(params=["uvloop", "asyncio"])
def each_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run mirrors on one event loop after the other."""
    before = worlds.LOOP[0]
    if request.param == "uvloop" and fast_loop() is None:
        pytest.skip("uvloop is not installed (the extra mirror)")
    worlds.LOOP[0] = fast_loop() if request.param == "uvloop" else None
    yield
    worlds.LOOP[0] = before
