"""Asks Gemini's ``generateContent``, or a proxy that speaks it.

``params`` are sent in ``generationConfig``; ``safetySettings``, ``tools``, ``toolConfig``,
``cachedContent``, ``labels``, ``serviceTier`` and ``store`` beside it. A ``response_schema`` is sent as
``responseJsonSchema``. System messages inside a case are sent behind the system prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import quote

from evalkit.core.model import Arm, ErrorKind, Json, Message, Sample, Snapshot
from evalkit.core.ports import Lack, ProviderPlugin, Request, always
from evalkit.core.secrets import Secrets
from evalkit.files.json_text import parse_json
from evalkit.wire.endpoint import (
    Endpoint,
    VendorKey,
    endpoint_lacks,
    reserved_lacks,
    same_origin,
    schema_lacks,
    spelling,
    without_slash,
)
from evalkit.wire.exchange import HttpRequest, HttpResponse
from evalkit.wire.failures import Failure
from evalkit.wire.http_provider import opening
from evalkit.wire.json_values import count_at, items_at, known, text_at, total, value_at
from evalkit.wire.objections import (
    OF_THE_CASE,
    Objection,
    Sent,
    answered,
    error_body,
    nothing_found,
    outcome,
    told_inside,
    usual_objection,
)
from evalkit.wire.overheard import (
    NOWHERE,
    error_in,
    first_known,
    last_known,
    nobodys,
    overhearing,
    turn,
)
from evalkit.wire.turns import turns_of

HOME = "https://generativelanguage.googleapis.com"
BESIDE = frozenset(
    ["safetysettings", "tools", "toolconfig", "cachedcontent", "labels", "servicetier", "store"]
)
"""The params that stand beside ``generationConfig``, as ``spelling`` writes them."""

RESERVED = {
    "contents": "the golden set and the prompt say what is asked",
    "system_instruction": "write system_prompt: instead",
    "generation_config": "write what is in it as params",
    "candidate_count": "one answer is read; write repeats: to ask more than once",
}
ANSWERED = frozenset(["STOP", "MAX_TOKENS", "CONTINUATION", "FINISH_REASON_UNSPECIFIED"])
FAILED = frozenset(
    [
        *("MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "MISSING_THOUGHT_SIGNATURE", "LANGUAGE"),
        *("TOO_MANY_TOOL_CALLS", "UNEXPECTED_TOOL_CALL", "OTHER", "NO_IMAGE", "IMAGE_OTHER"),
    ]
)
"""Endings that are neither an answer nor a filter's: no output, and no refusal either."""


@dataclass(frozen=True, slots=True)
class GeminiOptions:
    """Where content is asked for, and with which key.

    Attributes:
        base_url: the address up to and without the version and ``/models``.
        api_key: ``${env:NAME}`` with the variable that holds the key. Left out,
            ``GEMINI_API_KEY`` or ``GOOGLE_API_KEY`` is sent to Google's own address, and no key to
            any other.
        headers: headers to send beside these; a value may hold ``${env:NAME}``.
        version: the version of the API, a part of the address.
    """

    base_url: str = HOME
    api_key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str = "v1beta"


@dataclass(frozen=True, slots=True)
class GenerateContent:
    """The wire format: ``fixed`` is what stands in every body of this snapshot."""

    endpoint: Endpoint
    fixed: Mapping[str, Json]
    sent: Sent

    @classmethod
    def of(cls, arm: Arm, snapshot: Snapshot, secrets: Secrets) -> GenerateContent:
        """Return the format of one snapshot.

        Raises:
            MissingSecretError: a variable that it names is not set.
        """
        options = cast("GeminiOptions", snapshot.options)
        key = VendorKey(
            header="x-goog-api-key",
            variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            at_home=same_origin(options.base_url, HOME),
        )
        path = _path(options, snapshot)
        url = without_slash(options.base_url) + path
        return cls(
            Endpoint.of(url, options, key=key, owner=arm.value, secrets=secrets),
            _fixed(snapshot),
            Sent.of(
                snapshot,
                path=path,
                own={
                    "model": "model",
                    "contents": OF_THE_CASE,
                    "system_instruction": "system_prompt",
                    "response_json_schema": "response_schema",
                    "response_schema": "response_schema",
                    "response_mime_type": "response_schema",
                },
            ),
        )

    def request(self, request: Request) -> HttpRequest:
        """Return the HTTP request, without the headers that hold a secret.

        Raises:
            SnapshotError: a message has a role that there is no place for.
        """
        system, said = turns_of(request, self.sent.snapshot, model_role="model")
        body: dict[str, Json] = {
            "contents": [{"role": turn.role, "parts": [{"text": turn.content}]} for turn in said]
        }
        if system:
            body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
        return self.endpoint.post({**body, **self.fixed})

    def secret_headers(self) -> dict[str, str]:
        """Return the headers that hold a secret, filled in."""
        return dict(self.endpoint.secret)

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return what a response says; see ``wire.http_provider.WireFormat``."""
        if response.status // 100 != 2:
            return self._refused(request, response)
        body = response.json()
        if value_at(body, "error") is not None:
            return told_inside(usual_objection(body), request, response)
        candidate = value_at(body, "candidates", 0)
        blocked = text_at(body, "promptFeedback", "blockReason")
        finish = text_at(candidate, "finishReason") or (blocked if candidate is None else None)
        parts = items_at(candidate, "content", "parts")
        if finish is None and not parts:
            return nothing_found(response, "candidates with content")
        output = "".join(
            text_at(part, "text") or "" for part in parts if value_at(part, "thought") is not True
        )
        usage = value_at(body, "usageMetadata")
        thoughts = count_at(usage, "thoughtsTokenCount")
        asked = count_at(usage, "promptTokenCount")
        tools = count_at(usage, "toolUsePromptTokenCount")
        return answered(
            request,
            output=output,
            refusal=_refusal(body, finish, output),
            finish_reason=finish,
            model=text_at(body, "modelVersion"),
            model_deprecated_at=text_at(body, "modelStatus", "retirementTime"),
            request_id=text_at(body, "responseId"),
            input_tokens=None if asked is None else total(asked, tools),
            output_tokens=total(count_at(usage, "candidatesTokenCount"), thoughts),
            reasoning_tokens=thoughts,
            extra=known(
                cached_input_tokens=count_at(usage, "cachedContentTokenCount"),
                service_tier=text_at(usage, "serviceTier"),
                model_stage=text_at(body, "modelStatus", "modelStage"),
                safety_ratings=_ratings(body) if not output else None,
            ),
        )

    def _refused(self, request: Request, response: HttpResponse) -> Sample | Failure:
        body = error_body(response)
        if isinstance(body, list) and len(body) == 1:  # some of its servers wrap what they say
            body = body[0]
        objection = usual_objection(body)
        details = items_at(body, "error", "details")
        if objection is not None and any(
            value_at(detail, "reason") == "API_KEY_INVALID" for detail in details
        ):
            return Failure(ErrorKind.DENIED, objection.text, again=False)
        if objection is not None:
            fields = tuple(
                name
                for detail in details
                for violation in items_at(detail, "fieldViolations")
                if (name := text_at(violation, "field"))
            )
            objection = Objection(objection.text, objection.codes, (*objection.names, *fields))
        return outcome(objection, request, response, self.sent)


def _refusal(body: Json, finish: str | None, output: str) -> str | None:
    """Return what a filter said, ``""`` where it said nothing, ``None`` where none intervened."""
    if output or finish is None:
        return None
    if value_at(body, "candidates", 0) is None:
        return text_at(body, "promptFeedback", "blockReasonMessage") or ""
    if finish in ANSWERED | FAILED:
        return None
    return text_at(body, "candidates", 0, "finishMessage") or ""


def _ratings(body: Json) -> Json:
    """Return the ratings that go with a filter's decision."""
    ratings = items_at(body, "candidates", 0, "safetyRatings")
    return ratings or items_at(body, "promptFeedback", "safetyRatings") or None


def _path(options: GeminiOptions, snapshot: Snapshot) -> str:
    model = snapshot.model or ""
    name = model if "/" in model else f"models/{model}"
    return f"/{quote(options.version, safe='')}/{quote(name, safe='/')}:generateContent"


def _fixed(snapshot: Snapshot) -> dict[str, Json]:
    beside = {name: value for name, value in snapshot.params.items() if spelling(name) in BESIDE}
    config = {name: value for name, value in snapshot.params.items() if name not in beside}
    if snapshot.response_schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = parse_json(snapshot.response_schema)
    return {**beside, "generationConfig": config} if config else beside


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    options = cast("GeminiOptions", snapshot.options)
    yield from endpoint_lacks(snapshot, base_url=options.base_url, path=_path(options, snapshot))
    yield from reserved_lacks(snapshot, RESERVED)
    yield from schema_lacks(
        snapshot,
        *(
            (name,)
            for name in snapshot.params
            if spelling(name) in {"responsejsonschema", "responseschema", "responsemimetype"}
        ),
    )


# ---------------------------------------------------------------- what others ask and are answered


def _asked(body: Json) -> Iterator[Message]:
    system = value_at(body, "systemInstruction") or value_at(body, "system_instruction")
    if system is not None:
        yield turn("system", _texts(system))
    for content in items_at(body, "contents"):
        yield turn(text_at(content, "role"), _texts(content))


def _texts(content: Json) -> Json:
    """Return the parts of a content in the form that others write them."""
    return [
        {"text": text} if (text := text_at(part, "text")) is not None else {"type": kind}
        for part in items_at(content, "parts")
        for kind in [next(iter(part), "part") if isinstance(part, dict) else "part"]
    ]


def _whole(events: Sequence[Json]) -> Json:
    """Return the body of an answer that came in pieces, each of the form of a whole one."""
    failed = error_in(events)
    if failed is not None:
        return dict(failed)
    body = {
        **first_known(events, "responseId", "modelVersion", "promptFeedback", "modelStatus"),
        **last_known(events, "usageMetadata"),
    }
    pieces = [
        candidate
        for event in events
        for candidate in items_at(event, "candidates")
        if value_at(candidate, "index") in {0, None}
    ]
    if pieces:
        parts = [part for piece in pieces for part in items_at(piece, "content", "parts")]
        ended = last_known(pieces, "finishReason", "finishMessage", "safetyRatings")
        body["candidates"] = [{"content": {"parts": parts, "role": "model"}, **ended}]
    return body


_NOBODYS = GenerateContent(NOWHERE, {}, nobodys("gemini"))

gemini = ProviderPlugin(
    "gemini",
    GeminiOptions,
    opening(GenerateContent.of),
    doc=__doc__,
    lacks=_lacks,
    structured=always,
    vendor="google",
    overhears=overhearing(
        ":generateContent",
        ":streamGenerateContent",
        read=_NOBODYS.read,
        asked=_asked,
        whole=_whole,
    ),
)
