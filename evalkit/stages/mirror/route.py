"""Where a request goes: who answers it, what is copied, and what of it each arm may see.

A user's arm is a hash of the run and the user: who has the candidate at a share has it at every larger
one, on every machine and after every restart. Whoever cannot be dealt is answered by the live arm,
and counts for neither: such callers are of another kind than those who name a user, so that the
arms would differ by them before any model answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import translate
from urllib.parse import unquote

from evalkit.core.mirror import (
    HeaderList,
    Incoming,
    KeyKind,
    Mode,
    Outgoing,
    Refused,
    Routed,
    Upstream,
    UserKey,
)
from evalkit.core.mirror_plan import MirrorPlan, Share
from evalkit.core.model import Json
from evalkit.files.json_edit import with_values
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.stages.mirror.credentials import (
    credentials_in,
    foreign_headers,
    foreign_target,
    may_hold_credentials,
    without_credentials,
)
from evalkit.stages.mirror.dealing import is_within, pseudonym

UNREADABLE = "unreadable"
"""Why a request is not copied: fields can be put into a plain JSON object only, and credentials found in one."""
_NO_TEXT = ("application/octet-stream", "audio/", "image/", "multipart/", "video/")
"""Kinds of bodies in which a name that looks like that of a credential stands by chance."""
_TARGET = re.compile(r"/[!-\"$-~]*")
"""Visible letters of ASCII without a fragment, which some libraries would cut off."""
_WRITTEN_BY_THE_CLIENT = frozenset(["content-length", "host"])
_READABLE = frozenset(["deflate", "gzip", "identity", "x-gzip"])
LOGGED, RUN = "log", "run "
"""What keys are dealt for: to be copied and written down, or to an arm in a run."""


class Body:
    """The body of a request, read once and only if somebody asks for it."""

    __slots__ = ("_plain", "_read", "_sound", "_text", "_textual", "_value", "raw")

    def __init__(self, incoming: Incoming) -> None:
        encodings = {
            value.strip().lower() for n, value in incoming.headers if n == "content-encoding"
        }
        self.raw = incoming.body
        kinds = [value.strip().lower() for n, value in incoming.headers if n == "content-type"]
        self._plain = encodings <= {"", "identity"}
        self._textual = not any(kind.startswith(_NO_TEXT) for kind in kinds)
        self._read = self._sound = False
        self._text = ""
        self._value: Json = None

    @property
    def value(self) -> dict[str, Json] | None:
        """What it says; nothing where it is no JSON object, or a compressed one."""
        if not self._read:
            self._read = True
            if self._plain and self.raw:
                try:
                    self._text = self.raw.decode()
                    self._value = parse_json(self._text)
                    self._sound = True
                except (UnicodeDecodeError, JsonTextError):
                    self._value = None
        return self._value if isinstance(self._value, dict) else None

    def of(self, upstream: Upstream) -> bytes | None:
        """Return what the candidate is sent; nothing where its fields cannot be put in.

        Members that hold a credential are left out, and every other byte stays as it is; where one could
        stand and cannot be found, nothing is sent.
        """
        if not self.raw:
            return self.raw
        if not upstream.body and self._plain and not may_hold_credentials(self.raw):
            return self.raw
        value = self.value
        if value is None:
            passes = self._sound or (self._plain and not self._textual)
            return self.raw if passes and not upstream.body else None
        without = credentials_in(value, upstream.keeps)
        cleaned = without_credentials(value, upstream.keeps)
        members = {**{n: v for n, v in cleaned.items() if n not in without}, **upstream.body}
        if not members and not without:
            return self.raw
        return with_values(self._text, members, without).encode()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request with its user's key, and whether its path is one that is looked at."""

    incoming: Incoming
    body: Body
    key: str | None
    fits: bool

    @property
    def asks(self) -> bool:
        """Whether it asks a model something: what changes or fetches other things is not copied."""
        return self.fits and self.incoming.method == "POST" and bool(self.incoming.body)

    def is_within(self, share: float) -> bool:
        """Return whether it is in a share of all; a user's requests are in it or out of it together."""
        return is_within(share, LOGGED, self.incoming.id if self.key is None else self.key)


@dataclass(frozen=True, slots=True)
class Routing:
    """How one plan routes: ``salt`` makes pseudonyms of users; the headers of its arms are filled in."""

    plan: MirrorPlan
    salt: bytes
    paths: re.Pattern[str] | None = None

    @classmethod
    def of(cls, plan: MirrorPlan, salt: bytes) -> Routing:
        """Return the routing of a plan."""
        patterns = "|".join(map(translate, plan.paths))
        return cls(plan, salt, re.compile(patterns) if patterns else None)

    def routed(self, share: Share, incoming: Incoming) -> Routed | Refused:
        """Return where a request goes.

        Args:
            share: whom the candidate answers now; of no meaning in a shadow.
            incoming: the request.
        """
        if not _TARGET.fullmatch(incoming.target) or _climbs(incoming.target):
            return Refused(
                400, "bad_target", "expected a path without .. and #, in visible letters"
            )
        body = Body(incoming)
        key = None if self.plan.user is None else key_of(self.plan.user, incoming, body)
        fits = self.paths is None or bool(self.paths.match(incoming.target.partition("?")[0]))
        asked = _Asked(incoming, body, key, fits)
        found = self._copied(asked) if self.plan.mode is Mode.SHADOW else self._split(asked, share)
        return found if key is None else replace(found, user=pseudonym(key, self.salt))

    def _copied(self, asked: _Asked) -> Routed:
        """Return the live arm's request, and the copy of it where it is one that is copied."""
        live = self._live(asked.incoming)
        if not asked.asks or not asked.is_within(self.plan.copy_share):
            return self._noted(asked, live, sampled=False)
        copy = self._candidate(asked)
        if copy is None:
            return replace(self._noted(asked, live, sampled=False), uncopied=UNREADABLE)
        return replace(self._noted(asked, live), copy=copy)

    def _split(self, asked: _Asked, share: Share) -> Routed:
        """Return the request to the arm that the user was dealt."""
        incoming, key = asked.incoming, asked.key
        if not asked.fits:
            return self._noted(asked, self._live(incoming), sampled=False)
        if key is None:
            return replace(self._noted(asked, self._live(incoming)), unsplit=True)
        if not is_within(share.value, RUN + share.run, key):
            return self._noted(asked, self._live(incoming))
        found = self._candidate(asked)
        if found is None:
            live = self._noted(asked, self._live(incoming))
            return replace(live, unsplit=True, uncopied=UNREADABLE)
        return self._noted(asked, found)

    def _noted(self, asked: _Asked, answers: Outgoing, *, sampled: bool = True) -> Routed:
        """Return a request with what is to be heard of its answer."""
        log = self.plan.log
        written = sampled and asked.asks and log is not None and asked.is_within(log.sample)
        checked = self.plan.schema is not None and asked.asks
        return Routed(asked.incoming, answers, logged=written or checked, sampled=written)

    def _live(self, incoming: Incoming) -> Outgoing:
        return self._outgoing(
            self.plan.live, incoming, incoming.target, incoming.headers, incoming.body
        )

    def _candidate(self, asked: _Asked) -> Outgoing | None:
        arm, incoming = self.plan.candidate, asked.incoming
        content = asked.body.of(arm)
        if content is None:
            return None
        target = _rewritten(foreign_target(incoming.target, arm.keeps), arm)
        if _climbs(target):
            return None
        headers = foreign_headers(incoming.headers, arm.keeps)
        return self._outgoing(arm, incoming, target, headers, content)

    def _outgoing(
        self, arm: Upstream, incoming: Incoming, target: str, headers: HeaderList, body: bytes
    ) -> Outgoing:
        kept = [
            (name, self._accepted(value) if name == "accept-encoding" else value)
            for name, value in headers
            if name not in arm.headers and name not in _WRITTEN_BY_THE_CLIENT
        ]
        url = arm.url.rstrip("/") + target
        return Outgoing(
            arm.arm, incoming.method, url, (*kept, *arm.headers.items()), body, arm.timeout
        )

    def _accepted(self, value: str) -> str:
        """Return the encodings of an answer that the caller takes and that can be read here."""
        plan = self.plan
        if plan.metadata.in_body is not None:
            return "identity"
        if plan.log is None and plan.schema is None:
            return value
        named = [part.strip() for part in value.split(",")]
        kept = [part for part in named if part.partition(";")[0].strip().lower() in _READABLE]
        return ", ".join(kept) or "identity"


def key_of(user: UserKey, incoming: Incoming, body: Body) -> str | None:
    """Return what names whoever asks; nothing where a request does not say it."""
    found: Json
    match user.kind:
        case KeyKind.IP:
            found = incoming.client
        case KeyKind.HEADER:
            found = dict(reversed(incoming.headers)).get(user.name, "").strip()
        case _:
            found = body.value
            for step in user.name.split("."):
                found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and found else None


def _rewritten(target: str, arm: Upstream) -> str:
    """Return a target whose path has the arm's own pieces; it begins with a slash whatever they are."""
    if not arm.path:
        return target
    path, mark, query = target.partition("?")
    for old, new in arm.path.items():
        path = path.replace(old, new)
    return f"{path if path.startswith('/') else f'/{path}'}{mark}{query}"


def _climbs(target: str) -> bool:
    """Return whether a path leaves the folder that an arm's address names, for anybody who reads it.

    >>> _climbs("/v1/%2e%2E/admin"), _climbs("/v1/..%5cadmin"), _climbs("/v1/a..b?c=../d")
    (True, True, False)
    """
    path = target.partition("?")[0]
    if ".." not in path and "%2e" not in path.lower() and "%25" not in path:
        return False
    for _ in range(3):  # whoever decodes it behind somebody who decoded it
        path = unquote(path)
    return ".." in path.replace("\\", "/").split("/")
