"""What the tests of the wire share: a server that fails on purpose, and both transports."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.fakes.fault_server import Running, fault_server


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server without faults, but for those of its strange paths."""
    with fault_server() as running:
        yield running


@pytest.fixture(params=["httpx", "aiohttp"])
def library(request: pytest.FixtureRequest) -> str:
    """The library that carries requests."""
    name = str(request.param)
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed (the extra fast)")
    return name
