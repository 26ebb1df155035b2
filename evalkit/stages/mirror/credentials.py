"""What of a caller's request is a credential, which the other arm's vendor must not see."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote_plus

from evalkit.core.mirror import HeaderList
from evalkit.core.model import Json

_WORDS = frozenset(
    [
        *("apikey", "assertion", "auth", "authentication", "authorization", "bearer", "cert"),
        *("cookie", "cookie2", "credential", "credentials", "csrf", "jwt", "key", "oidc", "otp"),
        *("passphrase", "passwd", "password", "pwd", "saml", "secret", "session", "sessionid"),
        *("sid", "sig", "signature", "ticket", "token", "xsrf", "referer"),
    ]
)
"""The words of a name that say that its value lets somebody in; a referer is an address with a query."""
_ENDS = ("apikey", "accesskey", "password", "secret", "sessionid", "token")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_VALUE = re.compile(
    r"\s*(?:(?:basic|bearer|digest|token|apikey|negotiate|dpop|aws4-hmac-sha256)\s"
    r"|eyJ[\w-]+\.[\w-]+\.|sk-\w|AIza\w)",
    re.IGNORECASE | re.ASCII,
)
"""How a value begins that lets somebody in, under whatever name: a scheme, a signed token, a vendor's key."""
_SEPARATORS = re.compile("([&;])")
_IN_BODIES = frozenset(
    [
        *("apikey", "accesstoken", "authtoken", "authorization", "bearertoken", "clientsecret"),
        *("password", "secretkey", "awsaccesskeyid", "awssecretaccesskey", "awssessiontoken"),
        *("azureadtoken", "vertexcredentials"),
    ]
)
"""Top-level members of a body that are no question: some gateways take keys there."""
_HINT = re.compile(rb"key|token|authorization|secret|password|credentials|\\u", re.IGNORECASE)


def is_credential(name: str) -> bool:
    """Return whether the name of a header, or of a parameter of a query, is that of a credential.

    >>> [is_credential(name) for name in ("X-Api-Key", "accessToken", "sig", "key", "x-user-id")]
    [True, True, True, True, False]
    """
    words = [word.lower() for word in _PARTS.findall(name)]
    return not _WORDS.isdisjoint(words) or "".join(words).endswith(_ENDS)


def foreign_headers(headers: HeaderList, keeps: Collection[str]) -> HeaderList:
    """Return the headers that somebody else's vendor may see.

    Args:
        headers: those of the caller.
        keeps: names, in lower case, that it may see whatever they are.
    """
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() in keeps or not (is_credential(name) or _VALUE.match(value))
    )


def foreign_target(target: str, keeps: Collection[str]) -> str:
    """Return a path and query without the parameters that are credentials; the rest as it stands.

    >>> foreign_target("/v1/chat?a=1&key=K&b=%20", ())
    '/v1/chat?a=1&b=%20'
    >>> foreign_target("/v1/chat?%6Bey=K;access_token=T", ())
    '/v1/chat'
    """
    path, mark, query = target.partition("?")
    if not mark:
        return target
    kept = "".join(_kept_parameters(query, keeps))
    return f"{path}?{kept}" if kept else path


def _kept_parameters(query: str, keeps: Collection[str]) -> Iterator[str]:
    """Yield the parameters that are none, each but the first with what separates it from the last."""
    pieces = ["", *_SEPARATORS.split(query)]
    first = True
    for separator, parameter in zip(pieces[::2], pieces[1::2], strict=True):
        name, _, value = parameter.partition("=")
        name = unquote_plus(name)
        if name.lower() not in keeps and (is_credential(name) or _VALUE.match(unquote_plus(value))):
            continue
        yield parameter if first else separator + parameter
        first = False


def may_hold_credentials(body: bytes) -> bool:
    """Return whether it is worth looking for credentials in a body."""
    return _HINT.search(body) is not None


def credentials_in(body: dict[str, Json], keeps: Collection[str]) -> frozenset[str]:
    """Return the names of the members of a JSON body that are credentials."""
    return frozenset(
        name
        for name in body
        if re.sub("[^a-z]", "", name.lower()) in _IN_BODIES and name.lower() not in keeps
    )


SHORTEST = 8
"""A shorter value is none, and blotting it out would tear holes into what people wrote."""


def credential_values(headers: HeaderList, target: str) -> frozenset[str]:
    """Return the credentials of a request themselves: an endpoint may repeat them in what it says.

    >>> sorted(credential_values((("authorization", "Bearer abcdefgh"), ("accept", "text/plain")), "/?key=12345678"))
    ['12345678', 'abcdefgh']
    """
    said = [
        value.split()[-1]
        for name, value in headers
        if value.strip() and (is_credential(name) or _VALUE.match(value))
    ]
    for parameter in re.split("[&;]", target.partition("?")[2]):
        name, _, value = parameter.partition("=")
        if is_credential(unquote_plus(name)):
            said.append(unquote_plus(value))
    return frozenset(value for value in said if len(value) >= SHORTEST)
