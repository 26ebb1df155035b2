"""What an endpoint says about a request that it refuses: is it the snapshot's fault or the case's?

A snapshot that asks for what the endpoint does not know ends the run, with the key to correct. What
is wrong with one case must not: a blocked or an overlong prompt is a sample, the rest a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from evalkit.core.errors import SnapshotError
from evalkit.core.model import ErrorKind, Json, Sample, Snapshot
from evalkit.core.ports import Request
from evalkit.core.records import error_kind
from evalkit.wire.endpoint import spelling
from evalkit.wire.exchange import HttpResponse, WireError
from evalkit.wire.failures import Failure, failure_of
from evalkit.wire.json_values import text_at, value_at

OF_THE_CASE = ""
"""The key of what a case brings along: no key of the snapshot is to blame for it."""

CONTEXT_OVERFLOW = "context_overflow"
CONTENT_FILTER = "content_filter"

_REFUSING = frozenset([400, 404, 405, 422])
_SHOWN = 300
_READ = 2000

_BLOCKED_CODES = frozenset(
    [
        *("biopolicy", "contentfilter", "contentpolicyviolation", "cyberpolicy"),
        *("datainspectionfailed", "imagecontentpolicyviolation", "invalidprompt"),
        *("misalignmentpolicyviolation", "responsibleaipolicyviolation"),
    ]
)
_BLOCKED = re.compile(
    r"content[ _-](?:filter(?:ing)?|management)(?:ing)?(?:'s)? polic|usage polic(?:y|ies)"
    r"|contentpolicyviolation|responsible_?ai_?policy|inappropriate content"
    r"|blocked by (?:the |our )?content"
)
_OVERFLOW = re.compile(
    r"context[ _](?:length|window|size|limit)|maximum context|prompt is too long|input is too long"
    r"|exceeds? the maximum number of (?:input )?tokens"
)
_LONGEST_CONTEXT = re.compile(r"maximum context length is ([0-9]{1,12})")
_NO_MODEL_CODES = frozenset(["modelnotfound", "deploymentnotfound", "modelnotavailable"])
_NO_MODEL = re.compile(
    r"\b(?:model|deployment)\b.{0,120}?\b(?:does ?n.t exist|not found|not_found|is invalid"
    r"|isn.t supported|not available|no longer|end of its life|has been (?:retired|deprecated))"
    r"|\b(?:unknown|invalid|no such|unsupported) model\b|resolve the foundation model"
    r"|\bpinned to\b.{0,200}?\brequested\b",
    re.DOTALL,
)
_NO_SYSTEM_PROMPT = re.compile(
    r"\b(?:system (?:message|prompt|role|instruction)|developer instruction)s?\b"
    r".{0,40}?n.t (?:be )?(?:support|enabled|allowed)"
    r"|n.t support.{0,40}?\bsystem (?:message|prompt|role|instruction)",
    re.DOTALL,
)
_NOT_KNOWN = re.compile(
    r"deprecat|unsupported|(?:not|n.t) (?:\w+ )?(?:support|permit|recogni|allow)|unknown|unrecogni"
    r"|unexpected|extraneous|extra inputs"
)


@dataclass(frozen=True, slots=True)
class Objection:
    """An endpoint's own words, its codes, and the names that it says are wrong."""

    text: str
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def lowered(self) -> str:
        """The text as signs are looked for in it."""
        return self.text[:_READ].lower()

    def has_code(self, codes: frozenset[str]) -> bool:
        """Return whether one of its codes is among these."""
        return any(spelling(code) in codes for code in self.codes)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a snapshot makes a request hold, and which of its keys each part comes from.

    ``keys`` leads from the vendor's names to the snapshot's keys; ``required`` are the params
    that cannot be left out; ``path`` is what is added to the base address.
    """

    snapshot: Snapshot
    path: str
    keys: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        *,
        path: str,
        own: Mapping[str, str],
        required: frozenset[str] = frozenset(),
    ) -> Sent:
        """Return what a snapshot sends.

        Args:
            snapshot: whose params are sent under their own names.
            path: what is added to the base address.
            own: where the vendor takes everything else, and the key that it comes from; what the
                snapshot does not hold is left out.
            required: the params that cannot be left out.
        """
        held = {
            "system_prompt": snapshot.system_prompt is not None,
            "response_schema": snapshot.response_schema is not None,
        }
        names = {name: key for name, key in own.items() if held.get(key, True)}
        names |= {name: f"params.{name}" for name in snapshot.params}
        return cls(snapshot, path, {_spelled(name): key for name, key in names.items()}, required)

    def key_of(self, name: str) -> str | None:
        """Return the key that a vendor's name stands for; the longest part of it that is known."""
        parts = _spelled(name).split(".")
        for length in range(len(parts), 0, -1):
            for start in range(len(parts) - length + 1):
                key = self.keys.get(".".join(parts[start : start + length]))
                if key is not None:
                    return key
        return None


def outcome(
    objection: Objection | None, request: Request, response: HttpResponse, sent: Sent
) -> Sample | Failure:
    """Return what a response without success means for one request.

    Raises:
        SnapshotError: the endpoint names something that the snapshot makes every request hold.
    """
    if response.status not in _REFUSING:
        return failure_of(response)
    if objection is not None and response.status in {400, 422}:
        found = _behaviour(objection, request, sent)
        if found is not None:
            return found
    key = _key_at_fault(objection, response.status, sent)
    if key is None or key == OF_THE_CASE:
        return failure_of(response)
    raise _snapshot_error(key, objection, request, sent)


def usual_outcome(request: Request, response: HttpResponse, sent: Sent) -> Sample | Failure:
    """Return what a response without success means, where it says why as OpenAI and most others do.

    Raises:
        SnapshotError: the endpoint names something that the snapshot makes every request hold.
    """
    return outcome(usual_objection(error_body(response)), request, response, sent)


def error_body(response: HttpResponse) -> Json:
    """Return the body of a refusal as a value, ``None`` where it is no JSON."""
    try:
        return response.json()
    except WireError:
        return None


def blocked(request: Request, text: str = "") -> Sample:
    """Return the sample of a prompt that the endpoint did not let pass; ``text`` is what it said."""
    return answered(request, output="", finish_reason=CONTENT_FILTER, refusal=text)


def answered(request: Request, **fields: object) -> Sample:
    """Return a sample of this request."""
    return Sample(request.case.id, request.arm, request.index, **fields)  # type: ignore[arg-type]


def nothing_found(response: HttpResponse, expected: str) -> Failure:
    """Return the failure of a success that holds no answer."""
    message = f"expected {expected} in the answer, found {response.text[:200]!r}"
    return Failure(ErrorKind.MALFORMED, message, again=True)


def told_inside(
    objection: Objection | None, request: Request, response: HttpResponse
) -> Sample | Failure:
    """Return what a success means that holds an error in place of an answer."""
    if objection is None:
        return nothing_found(response, "an answer or an error with a message")
    if _is_blocking(objection):
        return blocked(request, objection.text)
    kind = error_kind(f"{' '.join(objection.codes)} {objection.text}")
    if kind is ErrorKind.OTHER and objection.has_code(frozenset(["servererror"])):
        kind = ErrorKind.SERVER
    return Failure(kind, objection.text, again=kind not in {ErrorKind.DENIED, ErrorKind.QUOTA})


# ---------------------------------------------------------------- behaviour


def _is_blocking(objection: Objection) -> bool:
    """Return whether an endpoint says that it withholds an answer because of what it is about."""
    return objection.has_code(_BLOCKED_CODES) or bool(_BLOCKED.search(objection.lowered))


def _behaviour(objection: Objection, request: Request, sent: Sent) -> Sample | None:
    if _is_blocking(objection):
        return blocked(request, objection.text)
    signs = " ".join([*objection.codes, objection.lowered]).lower()
    if not _OVERFLOW.search(signs) or _is_too_large_for_any_case(objection, sent):
        return None
    said = _line(objection.text)
    return answered(
        request, output="", finish_reason=CONTEXT_OVERFLOW, extra={"endpoint_said": said}
    )


def _is_too_large_for_any_case(objection: Objection, sent: Sent) -> bool:
    """Return whether the snapshot asks for longer answers than the whole context is."""
    longest = _LONGEST_CONTEXT.search(objection.lowered)
    wanted = [
        value
        for name, value in sent.snapshot.params.items()
        if spelling(name).startswith("max") and isinstance(value, int)
    ]
    return longest is not None and any(value >= int(longest[1]) for value in wanted)


# ---------------------------------------------------------------- whose fault it is


def _key_at_fault(objection: Objection | None, status: int, sent: Sent) -> str | None:
    if objection is not None:
        if objection.has_code(_NO_MODEL_CODES):
            return "model"
        said = [(name, True) for name in objection.names]
        for name, surely in (*said, *_names_in(objection.text[:_READ])):
            key = sent.key_of(name)
            if key is not None and (surely or key.startswith("params.")):
                return key
        if sent.snapshot.system_prompt is not None and _NO_SYSTEM_PROMPT.search(objection.lowered):
            return "system_prompt"
        if _NO_MODEL.search(objection.lowered):
            return "model"
    if status not in {404, 405}:
        return None
    model = (sent.snapshot.model or "").lower()
    return "model" if objection is not None and model in objection.lowered else "base_url"


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.\[\]/]+[a-z0-9_][A-Za-z0-9_]*)*")
_HUMP = re.compile(r"[a-z][A-Z]")
_AHEAD = re.compile(r"(?:parameter|argument|field|option|key)s?:? $", re.IGNORECASE)
_BEHIND = re.compile(
    r" (?:value|parameter|field|option|argument|may|must|should|cannot"
    r"|(?:is|are) (?:not|deprecated|unsupported))\b"
)
_COLON = re.compile(r":(?!//)")
_QUOTES = frozenset("`'\"‘’“”")


def _names_in(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words of a message that stand there as names, and whether they surely do.

    >>> list(_names_in("`top_k` is fine, but temperature: not with a seed value"))
    [('top_k', True), ('temperature', True), ('seed', False)]
    """
    for word in _WORD.finditer(text):
        found, end = word[0], word.end()
        quoted = text[word.start() - 1 : word.start()] in _QUOTES and text[end : end + 1] in _QUOTES
        distinct = "_" in found or "." in found or "[" in found or _HUMP.search(found)
        before = text[max(0, word.start() - 12) : word.start()]
        if quoted or distinct or _COLON.match(text, end):
            yield found, True
        elif _BEHIND.match(text, end) or _AHEAD.search(before):
            yield found, False


def _spelled(name: str) -> str:
    """Return a path of names as it is compared: ``messages[0].role`` is ``messages.0.role``."""
    return spelling(".".join(re.findall(r"[A-Za-z0-9_]+", name)))


# ---------------------------------------------------------------- what is said


def _snapshot_error(
    key: str, objection: Objection | None, request: Request, sent: Sent
) -> SnapshotError:
    said = _line(objection.text) if objection is not None else ""
    quoted = f": '{said}'" if said else ""
    message = f"the endpoint refuses it{quoted}; {_advice(key, objection, sent)}"
    return SnapshotError(f"{request.arm.value}.{key}", message)


_ADVICE = {
    "model": "write the name of a model that it serves",
    "response_schema": "change the schema to what it takes, or leave it out",
    "system_prompt": "leave it out, or put its text into prompt",
}


def _advice(key: str, objection: Objection | None, sent: Sent) -> str:
    lowered = objection.lowered if objection is not None else ""
    if key == "base_url":
        path = urlsplit(sent.path).path
        return f"write the address up to and without {path}, which evalkit adds by itself"
    if key in _ADVICE:
        return _ADVICE[key]
    if key == "params.max_tokens" and "max_completion_tokens" in lowered:
        return "write max_completion_tokens instead"
    if key.removeprefix("params.") in sent.required:
        return "write a value that it takes"
    if _NOT_KNOWN.search(lowered):
        return "leave it out"
    return "write a value that it takes, or leave it out"


def _line(text: str) -> str:
    """Return a stranger's text as one line that a terminal only shows."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(plain.split()).rstrip(".")
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


# ---------------------------------------------------------------- the usual body


def usual_objection(body: Json) -> Objection | None:
    """Return what an error body says in the form that OpenAI and most others write.

    That is an object ``error`` with message, code, type and param; some write a bare text there,
    or the fields without ``error`` around them, or ``detail``.
    """
    inner = value_at(body, "error")
    if isinstance(inner, str):
        return Objection(inner)
    found = inner if isinstance(inner, dict) else body
    text = text_at(found, "message") or text_at(found, "detail")
    if text is None:
        return _located(body)
    codes = [
        code
        for code in (
            text_at(found, "code"),
            text_at(found, "type"),
            text_at(found, "status"),
            text_at(found, "innererror", "code"),
        )
        if code
    ]
    param = text_at(found, "param")
    return Objection(text, tuple(codes), (param,) if param else ())


def _located(body: Json) -> Objection | None:
    """Return the first of the places that a framework's validation lists under ``detail``."""
    text = text_at(body, "detail", 0, "msg")
    if text is None:
        return None
    place = value_at(body, "detail", 0, "loc")
    steps = [str(step) for step in place] if isinstance(place, list) else []
    name = ".".join(steps)
    return Objection(f"{name}: {text}" if name else text, names=(name,) if name else ())
