"""Which proxy carries a request, by the variables everybody sets: HTTP_PROXY and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from evalkit.core.errors import UsageError


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the proxy that the environment names for a URL, or ``None``.

    Lower case wins over upper case; ``HTTP_PROXY`` in upper case is not read where a web server
    set it from a request's header (CVE-2016-5385).

    Raises:
        UsageError: it names one of a kind that nobody here speaks.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    proxy = _named(f"{parts.scheme}_proxy", environment) or _named("all_proxy", environment)
    if not proxy or _bypassed(host, _named("no_proxy", environment)):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    scheme = urlsplit(proxy).scheme
    if scheme not in {"http", "https"}:
        raise UsageError(
            f"the environment names a proxy of the kind {scheme}:// for {host}; expected http:// or"
            " https://; set NO_PROXY to reach it without one"
        )
    return proxy


def _named(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "").strip()
    if not value and not (name == "http_proxy" and "REQUEST_METHOD" in environment):
        value = environment.get(name.upper(), "").strip()
    return value


def _bypassed(host: str, listed: str) -> bool:
    """Return whether a host, or a domain it belongs to, is on the list."""
    for entry in listed.lower().split(","):
        name = entry.strip().lstrip(".")
        if name and (name in {"*", host} or host.endswith(f".{name}")):
            return True
    return False
