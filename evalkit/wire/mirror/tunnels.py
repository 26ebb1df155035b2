"""The way to an upstream: direct or through the proxy that the environment names, with TLS or without."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from evalkit.core.errors import UsageError
from evalkit.wire.proxies import proxy_for
from evalkit.wire.tls import tls_context

_Spoken = TypeVar("_Spoken", bound=asyncio.Protocol)
_PORTS = {"http": 80, "https": 443}
_LONGEST_HEAD = 16 * 1024


@dataclass(frozen=True, slots=True)
class Way:
    """How the server of an origin is reached.

    ``host`` is what the Host header says, ``at`` is where connections go, ``secure`` whether they speak
    TLS from there on. Through a proxy, ``tunnel`` is where it is asked to connect to in turn;
    ``absolute`` is put before a target where it is asked for the whole URL; ``greets`` what it wants to
    know.
    """

    host: str
    at: tuple[str, int]
    secure: bool
    trust: ssl.SSLContext | None
    tunnel: tuple[str, int] | None = None
    absolute: str = ""
    greets: tuple[tuple[str, str], ...] = ()


def way_to(origin: str, environment: Mapping[str, str]) -> Way:
    """Return the way to an origin such as ``https://host:8443``.

    Raises:
        UsageError: it is none, or the environment names a proxy or certificates that cannot be used.
    """
    parts = urlsplit(origin)
    at = _address(parts)
    if at is None:
        raise UsageError(f"expected an upstream such as https://host/v1, found {origin!r}")
    host, secure = parts.netloc.rpartition("@")[2], parts.scheme == "https"
    named = proxy_for(origin, environment)
    if named is None:
        return Way(host, at, secure, tls_context(environment) if secure else None)
    proxy = urlsplit(named)
    through = _address(proxy)
    if through is None:
        raise UsageError("expected a proxy such as http://host:3128 in the environment, found none")
    to_proxy = proxy.scheme == "https"
    trust = tls_context(environment) if secure or to_proxy else None
    greets = _greeting(proxy)
    if secure:
        return Way(host, through, to_proxy, trust, tunnel=at, greets=greets)
    return Way(host, through, to_proxy, trust, absolute=f"http://{host}", greets=greets)


async def connected(way: Way, spoken: Callable[[], _Spoken]) -> _Spoken:
    """Return a protocol that is connected to an origin.

    Raises:
        OSError: there is no way, or no trust.
    """
    loop = asyncio.get_running_loop()
    trust = way.trust if way.secure else None
    if way.tunnel is None:
        return (await loop.create_connection(spoken, *way.at, ssl=trust))[1]
    transport, tunnel = await loop.create_connection(lambda: _Tunnel(loop), *way.at, ssl=trust)
    try:
        transport.write(_connect(way.tunnel, way.greets))
        await tunnel.open
        assert way.trust is not None
        found = spoken()
        inner = await loop.start_tls(transport, found, way.trust, server_hostname=way.tunnel[0])
        assert inner is not None
    except BaseException:
        transport.abort()
        raise
    found.connection_made(inner)
    return found


def _address(parts: SplitResult) -> tuple[str, int] | None:
    try:
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port) if parts.hostname else None


def _connect(at: tuple[str, int], greets: tuple[tuple[str, str], ...]) -> bytes:
    where = f"[{at[0]}]:{at[1]}" if ":" in at[0] else f"{at[0]}:{at[1]}"
    lines = [f"CONNECT {where} HTTP/1.1", f"host: {where}"]
    lines += [f"{name}: {value}" for name, value in greets]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _greeting(proxy: SplitResult) -> tuple[tuple[str, str], ...]:
    if not proxy.username:
        return ()
    both = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return (("proxy-authorization", f"Basic {base64.b64encode(both.encode()).decode()}"),)


class _Tunnel(asyncio.Protocol):
    """Waits until a proxy has opened a tunnel."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.open: asyncio.Future[None] = loop.create_future()
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """Read the proxy's answer."""
        self._head += data
        if b"\r\n\r\n" not in self._head and len(self._head) < _LONGEST_HEAD:
            return
        words = self._head.split(b"\r\n", 1)[0].split(None, 2)
        if len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1] == b"200":
            self._settle(None)
        else:
            said = self._head.split(b"\r\n", 1)[0][:100].decode("latin-1")
            self._settle(ConnectionError(f"the proxy did not open a tunnel: {said}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up."""
        self._settle(ConnectionError(f"the proxy hung up{f': {exc}' if exc else ''}"))

    def _settle(self, error: Exception | None) -> None:
        if self.open.done():
            return
        if error is None:
            self.open.set_result(None)
        else:
            self.open.set_exception(error)
