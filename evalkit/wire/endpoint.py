"""Where a snapshot's requests go and with which headers; a key goes to no other host than its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import urlsplit

from evalkit.core.model import Json, Snapshot
from evalkit.core.ports import Lack
from evalkit.core.secrets import NAMED, MissingSecretError, Secrets
from evalkit.wire.exchange import HttpRequest

_ADDRESS = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(?::[0-9]{1,5})?(?:/[!-\"$->@-\[\]-~]*)?"
)
"""A scheme, a host, a port and a path: what could hide a password or another host is no address."""

_VERSION = re.compile(r"/v[0-9][a-z0-9]*(?=/)")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t -~]*")
_BEARS_A_KEY = frozenset(
    ["api-key", "authorization", "cookie", "proxy-authorization", "x-api-key", "x-goog-api-key"]
)
_OF_THE_TRANSPORT = frozenset(
    ["accept-encoding", "connection", "content-length", "host", "transfer-encoding"]
)

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class EndpointOptions(Protocol):
    """What the options of every vendor hold."""

    @property
    def api_key(self) -> str | None:
        """The key, as ``${env:NAME}``."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that are sent beside the vendor's own."""
        ...


@dataclass(frozen=True, slots=True)
class VendorKey:
    """How a vendor takes its key: in which header, and which variables usually hold it.

    ``at_home`` says whether the address is the vendor's own: only there is a usual variable read.
    """

    header: str
    variables: tuple[str, ...]
    at_home: bool
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address with its headers; ``secret`` holds those that nobody may see."""

    url: str
    plain: Mapping[str, str]
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        url: str,
        options: EndpointOptions,
        *,
        key: VendorKey | None,
        owner: str,
        secrets: Secrets,
        headers: Mapping[str, str] | None = None,
    ) -> Endpoint:
        """Return the endpoint of a snapshot, its secrets filled in.

        Args:
            url: the whole address.
            options: the snapshot's.
            key: how the vendor takes its key; nothing where it is asked without one.
            owner: the arm whose snapshot it is, for messages.
            secrets: where the values of variables come from.
            headers: what the vendor wants to be sent; the user's own headers go before them.

        Raises:
            MissingSecretError: a variable that is needed is not set.
        """
        given = {name.lower(): value for name, value in options.headers.items()}
        plain = {"content-type": "application/json", **(headers or {})}
        secret = {}
        for name, value in given.items():
            if NAMED.search(value):
                plain.pop(name, None)
                secret[name] = filled_value(value, secrets, f"{owner}.headers.{name}")
            else:
                plain[name] = value
        if key is not None and key.header not in given:
            found = _key(options.api_key, key, secrets, f"{owner}.api_key")
            if found is not None:
                secret[key.header] = key.prefix + found
        return cls(url, plain, secret)

    def post(self, body: Mapping[str, Json]) -> HttpRequest:
        """Return the request that sends a body here, without its secret headers."""
        return HttpRequest("POST", self.url, self.plain, _ENCODER.encode(body).encode())


def without_slash(base_url: str) -> str:
    """Return a base address to which a path can be added."""
    return base_url.rstrip("/")


def same_origin(one: str, other: str) -> bool:
    """Return whether two addresses are of the same host, reached in the same way.

    >>> same_origin("https://api.vendor.com/v1", "https://API.vendor.com:443/v2")
    True
    >>> same_origin("https://api.vendor.com", "http://api.vendor.com")
    False
    """
    return _origin(one) == _origin(other)


def host_of(url: str) -> str:
    """Return the host of an address in lower case."""
    return _origin(url)[1]


def endpoint_lacks(snapshot: Snapshot, *, base_url: str, path: str) -> Iterator[Lack]:
    """Yield what keeps a snapshot from having an endpoint: its model, address, key and headers.

    Args:
        snapshot: whose options are ``EndpointOptions``.
        base_url: the address its options name.
        path: what is added to the address; it must not stand in it already.
    """
    options = cast("EndpointOptions", snapshot.options)
    if not snapshot.model:
        yield Lack(
            "model", "expected the model to ask; write model: with the endpoint's name of it"
        )
    yield from _address_lacks(base_url, path)
    key = options.api_key
    if key is not None and not NAMED.fullmatch(key):
        yield Lack(
            "api_key",
            "expected ${env:NAME} with the name of the environment variable that holds the key, "
            "found something else; a key itself must not stand in a file",
        )
    for name, value in options.headers.items():
        message = header_fault(name, value)
        if message:
            yield Lack(f"headers.{name}", message)


def reserved_lacks(snapshot: Snapshot, reserved: dict[str, str]) -> Iterator[Lack]:
    """Yield the params that would change what is asked or how it is answered.

    Args:
        snapshot: whose params are looked at.
        reserved: the vendor's names that are not the user's to give, and what to do instead.
    """
    names = {spelling(name): advice for name, advice in (_NEVER | reserved).items()}
    for name, value in snapshot.params.items():
        advice = names.get(spelling(name))
        if advice and not _changes_nothing(name, value):
            yield Lack(f"params.{name}", f"is not a sampling parameter here; {advice}")


def schema_lacks(snapshot: Snapshot, *places: tuple[str, ...]) -> Iterator[Lack]:
    """Yield a param that says what ``response_schema`` says already.

    Args:
        snapshot: whose params are looked at.
        places: where the vendor takes a schema, as names inside the params.
    """
    if snapshot.response_schema is None:
        return
    for place in places:
        inside: Json = dict(snapshot.params)
        for name in place:
            inside = inside.get(name) if isinstance(inside, dict) else None
        if inside is not None:
            yield Lack(
                f"params.{'.'.join(place)}", "response_schema says this already; leave one out"
            )


def spelling(name: str) -> str:
    """Return a name as it is compared: ``max_tokens``, ``maxTokens`` and ``MaxTokens`` are one.

    >>> spelling("maxOutput_tokens")
    'maxoutputtokens'
    """
    return name.replace("_", "").lower()


# ---------------------------------------------------------------- parts


_NEVER = {
    "stream": "answers are read whole; leave it out",
    "stream_options": "answers are read whole; leave it out",
    "model": "write model: beside provider",
    "messages": "the golden set and the prompt say what is asked",
}


def _changes_nothing(name: str, value: Json) -> bool:
    usual: Json = {"stream": False, "background": False, "n": 1, "candidatecount": 1}.get(
        spelling(name)
    )
    return usual is not None and type(value) is type(usual) and value == usual


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or usual


def filled_value(text: str, secrets: Secrets, key: str) -> str:
    """Return the value of a header with the secrets that it names.

    Raises:
        MissingSecretError: one is not set, or fits in no header; ``key`` is where it is named.
    """
    try:
        value = secrets.filled(text)
    except MissingSecretError as error:
        raise MissingSecretError(f"{key}: {error}") from None
    if not _VALUE.fullmatch(value):
        raise MissingSecretError(
            f"{key}: the environment variable holds a line end or letters that no header may hold; "
            "export it again"
        )
    return value


def _key(text: str | None, key: VendorKey, secrets: Secrets, place: str) -> str | None:
    if text is not None:
        return filled_value(text, secrets, place)
    if not key.at_home:
        return None
    for name in key.variables:
        try:
            secrets.value(name)
        except MissingSecretError:
            continue
        return filled_value(f"${{env:{name}}}", secrets, place)
    first, *others = key.variables
    also = f" ({' and '.join(others)} would do as well)" if others else ""
    raise MissingSecretError(
        f"{place}: the environment variable {first} is not set; export {first}=…{also}, "
        "or name another variable with api_key: ${env:NAME}"
    )


def _address_lacks(base_url: str, path: str) -> Iterator[Lack]:
    if not is_address(base_url):
        # What was found is not shown: it may hold a password.
        yield Lack("base_url", "expected an address such as https://host/path, without @, ? and #")
        return
    given = urlsplit(base_url).path.rstrip("/")
    version = _VERSION.match(path)
    for end in (path, version[0] if version else path):
        if given.endswith(end):
            yield Lack(
                "base_url", f"evalkit adds {path} by itself; write the address without {end}"
            )
            return


def is_address(base_url: str) -> bool:
    """Return whether a text is an address to which a path can be added, and nothing but that."""
    try:
        return bool(_ADDRESS.fullmatch(base_url)) and urlsplit(base_url).port != 0
    except ValueError:  # no such port, or numbers that are no address of the sixth version
        return False


def header_fault(name: str, value: str) -> str:
    """Return what keeps a header from standing in a file; nothing where it can."""
    lowered = name.lower()
    if not _NAME.fullmatch(name):
        return f"expected the name of a header, found {name!r}"
    if lowered in _OF_THE_TRANSPORT:
        return "is written by what carries the request; leave it out"
    if not _VALUE.fullmatch(value):
        return "expected text without line ends in letters of ASCII"
    if lowered in _BEARS_A_KEY and not NAMED.search(value):
        return "holds a key, which must not stand in a file; write ${env:NAME} for it"
    return ""
