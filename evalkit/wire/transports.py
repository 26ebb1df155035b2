"""The faster library carries requests where it is installed, and the usual one elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Protocol

from evalkit.core.errors import UsageError
from evalkit.wire.exchange import Transport

CHOICE = "EVALKIT_TRANSPORT"
"""The environment variable that says which library is used."""


class NamedTransport(Transport, Protocol):
    """A transport that says which library it is."""

    @property
    def name(self) -> str:
        """The library: ``httpx`` or ``aiohttp``."""
        ...


def open_transport(environment: Mapping[str, str]) -> NamedTransport:
    """Return a transport; it connects nowhere before it is asked to send.

    Args:
        environment: EVALKIT_TRANSPORT chooses; proxies and certificates are named in it too.

    Raises:
        UsageError: the variable names no transport, or one that is not installed.
    """
    wanted = environment.get(CHOICE, "").strip()
    if wanted not in {"", "httpx", "aiohttp"}:
        raise UsageError(f"expected {CHOICE} to be httpx or aiohttp, found {wanted!r}")
    # Only the one that is used is imported: each costs a tenth of a second of the start.
    if wanted != "httpx" and find_spec("aiohttp") is not None:
        from evalkit.wire.aiohttp_transport import AiohttpTransport

        return AiohttpTransport(environment)
    if wanted == "aiohttp":
        raise UsageError(
            f"{CHOICE} asks for aiohttp, which is not installed; pip install 'evalkit-gate[fast]'"
        )
    from evalkit.wire.httpx_transport import HttpxTransport

    return HttpxTransport(environment)
