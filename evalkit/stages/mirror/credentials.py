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
_ENDS = (
    *("accesskey", "apikey", "authkey", "password", "privatekey", "secret", "secretkey"),
    *("sessionid", "subscriptionkey", "token"),
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_VALUE = re.compile(
    r"\s*(?:(?:basic|bearer|digest|token|apikey|negotiate|dpop|aws4-hmac-sha256)\s"
    r"|eyJ[\w-]+\.[\w-]+\.|sk-\w|AIza\w|gh[opsu]_\w|gsk_\w|hf_\w|xai-\w|ya29\.)",
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
"""Members of a body that are no question: some gateways take keys there, and tools are called with some."""
_END_IN_BODIES = ("accesstoken", "apikey", "authtoken", "authorizationtoken", "secretkey")
_HEADERS = frozenset(["extraheaders", "headers"])
_SAID = frozenset(["contents", "input", "messages", "prompt", "system"])
"""Members that are the question itself: what stands in them is whatever the user wrote."""
_HINT = re.compile(
    rb"key|token|authorization|secret|password|credentials|cookie|\\u", re.IGNORECASE
)


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
        if name.lower() in keeps or not _lets_in(name, value, keeps)
    )


def _lets_in(name: str, value: str, keeps: Collection[str]) -> bool:
    """Return whether a header is a credential, or the address of a request that has one in its query."""
    if is_credential(name) or _VALUE.match(value):
        return True
    return "?" in value and foreign_target(value, keeps) != value


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
    return frozenset(name for name in body if _is_member(name, keeps))


def without_credentials(body: dict[str, Json], keeps: Collection[str]) -> dict[str, Json]:
    """Return the members of a JSON body in which credentials stand, as they are without them.

    >>> without_credentials({"n": 1, "tools": [{"url": "u", "authorization": "T"}]}, ())
    {'tools': [{'url': 'u'}]}
    >>> without_credentials({"extra_headers": {"X-Api-Key": "K", "a": "b"}}, ())
    {'extra_headers': {'a': 'b'}}
    """
    asked = {name: value for name, value in body.items() if name not in _SAID}
    found = {name: _cleaned(name, value, keeps) for name, value in asked.items()}
    return {name: value for name, value in found.items() if value != body[name]}


def _cleaned(name: str, value: Json, keeps: Collection[str]) -> Json:
    if isinstance(value, list):
        return [_cleaned("", item, keeps) for item in value]
    if not isinstance(value, dict):
        return value
    if _letters(name) in _HEADERS:
        return {
            key: item
            for key, item in value.items()
            if key.lower() in keeps
            or not _lets_in(key, item if isinstance(item, str) else "", keeps)
        }
    return {
        key: _cleaned(key, item, keeps) if _letters(key) in _HEADERS else item
        for key, item in value.items()
        if not (isinstance(item, str) and _is_member(key, keeps))
    }


def _is_member(name: str, keeps: Collection[str]) -> bool:
    letters = _letters(name)
    return (letters in _IN_BODIES or letters.endswith(_END_IN_BODIES)) and name.lower() not in keeps


def _letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


SHORTEST = 8
"""A shorter value is none, and blotting it out would tear holes into what people wrote."""


def credential_values(headers: HeaderList, target: str) -> frozenset[str]:
    """Return the credentials of a request themselves: an endpoint may repeat them in what it says.

    >>> sorted(credential_values((("authorization", "Bearer abcdefgh"), ("accept", "text/plain")), "/?key=12345678"))
    ['12345678', 'abcdefgh']
    """
    said: list[str] = []
    for name, value in headers:
        if name == "cookie":
            said += [pair.partition("=")[2].strip() for pair in value.split(";")]
        elif value.strip() and (is_credential(name) or _VALUE.match(value)):
            said.append(value.split()[-1])
    for parameter in re.split("[&;]", target.partition("?")[2]):
        name, _, value = parameter.partition("=")
        if is_credential(unquote_plus(name)):
            said.append(unquote_plus(value))
    return frozenset(value for value in said if len(value) >= SHORTEST)
