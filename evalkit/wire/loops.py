"""The event loop that is taken: the faster one, where it is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return how uvloop's is made (the extras ``fast`` and ``mirror``), or ``None`` for Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
