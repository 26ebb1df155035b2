"""Spans of OpenTelemetry, in any of the JSON forms they are written in, become plain mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evalkit.core.model import Json
from evalkit.core.records import RecordError
from evalkit.core.told import told_by_headers
from evalkit.core.traffic import unix_seconds

HEADER = "http.response.header."
"""Before the name of a header of the answer, in lower case; older ones write ``_`` for ``-``."""
ERROR_STATUSES = (2, "2", "ERROR", "STATUS_CODE_ERROR", "Error", "StatusCode.ERROR")


@dataclass(frozen=True, slots=True)
class Span:
    """One span, or one event that was logged beside the spans.

    ``source`` holds everything of it, the attributes under their own names. Times are those of the
    file: nanoseconds since 1970 in OTLP, ISO 8601 elsewhere.
    """

    name: str
    trace: str | None
    id: str | None
    attributes: Mapping[str, Json]
    resource: Mapping[str, Json] = field(default_factory=dict)
    events: tuple[tuple[str, Mapping[str, Json]], ...] = ()
    start: Json = None
    end: Json = None
    failed: bool = False
    message: str = ""

    @property
    def source(self) -> Json:
        """What paths of a field map begin at."""
        return {
            "name": self.name,
            "trace_id": self.trace,
            "span_id": self.id,
            "start": self.start,
            "end": self.end,
            "status_message": self.message,
            "attributes": dict(self.attributes),
            "resource": dict(self.resource),
        }

    @property
    def begun(self) -> float | None:
        """When it began, in seconds since 1970.

        Raises:
            RecordError: that is no time.
        """
        return _seconds(self.start)

    @property
    def told(self) -> dict[str, Json]:
        """What the headers of the answer say, as fields of a record, where they were captured."""
        headers = {}
        for name, value in self.attributes.items():
            if name.startswith(HEADER):
                first = value[0] if isinstance(value, list) and value else value
                if isinstance(first, str):
                    headers[name.removeprefix(HEADER).lower().replace("_", "-")] = first
        return told_by_headers(headers)

    @property
    def lasted(self) -> float | None:
        """How long it took, in milliseconds.

        Raises:
            RecordError: one of its times is none.
        """
        if isinstance(self.start, int) and isinstance(self.end, int):
            return (self.end - self.start) / 1e6  # whole nanoseconds: seconds would lose some
        start, end = _seconds(self.start), _seconds(self.end)
        return None if start is None or end is None else round((end - start) * 1e3, 3)

    def first(self, *names: str) -> Json:
        """Return the first of some attributes that is there."""
        for name in names:
            found = self.attributes.get(name)
            if found is not None:
                return found
        return None


def spans_in(data: Json) -> Iterator[Span]:
    """Yield the spans in a record: of an OTLP export, of an SDK's console, or of a table of spans.

    Log records of OTLP come as spans of their event's name, without an end. What is none of these
    yields nothing.
    """
    if not isinstance(data, dict):
        return
    match data:
        case {"resourceSpans": list(resources)}:
            yield from _otlp(resources, ("scopeSpans", "instrumentationLibrarySpans"), "spans")
        case {"resourceLogs": list(resources)}:
            yield from _otlp(resources, ("scopeLogs",), "logRecords")
        case {"context": {"span_id": _}, "attributes": dict()}:
            yield _of_sdk(data)
        case {"context.span_id": _} | {"span_id": _}:
            yield _of_table(data)


# ---------------------------------------------------------------- OTLP


def _otlp(resources: list[Json], scopes: tuple[str, ...], items: str) -> Iterator[Span]:
    for resource in _mappings(resources):
        own = _mapping(resource.get("resource"))
        known = attributes_of(own.get("attributes"))
        for key in scopes:
            for scope in _mappings(resource.get(key)):
                for item in _mappings(scope.get(items)):
                    yield _of_otlp(item, known)


def _of_otlp(item: Mapping[str, Json], resource: Mapping[str, Json]) -> Span:
    attributes = attributes_of(item.get("attributes"))
    body = value_of(item.get("body"))
    if isinstance(body, dict):
        attributes = {**body, **attributes}
    status = _mapping(item.get("status"))
    named = item.get("name") or item.get("eventName") or attributes.get("event.name")
    return Span(
        name=_text(named) or "",
        trace=_text(item.get("traceId")),
        id=_text(item.get("spanId")),
        attributes=attributes,
        resource=resource,
        events=tuple(
            (_text(event.get("name")) or "", attributes_of(event.get("attributes")))
            for event in _mappings(item.get("events"))
        ),
        start=_nanoseconds(item.get("startTimeUnixNano") or item.get("timeUnixNano")),
        end=_nanoseconds(item.get("endTimeUnixNano")),
        failed=status.get("code") in ERROR_STATUSES,
        message=_text(status.get("message")) or "",
    )


def attributes_of(given: Json) -> dict[str, Json]:
    """Return the attributes of OTLP, ``[{key, value: {stringValue: …}}]``, as a mapping.

    >>> attributes_of([{"key": "a", "value": {"intValue": "3"}}, {"key": "b", "value": {}}])
    {'a': 3, 'b': None}
    """
    return {
        key: value_of(item.get("value"))
        for item in _mappings(given)
        if isinstance(key := item.get("key"), str)
    }


def value_of(given: Json) -> Json:
    """Return the value that OTLP wraps in its type; what is of no type is nothing."""
    match given:
        case {"intValue": str(text)} if text.removeprefix("-").isdecimal() and len(text) < 20:
            return int(text)
        case {"arrayValue": {"values": list(values)}}:
            return [value_of(value) for value in values]
        case {"kvlistValue": {"values": list(values)}}:
            return attributes_of(values)
        case dict() if len(given) == 1:
            (kind, value), *_ = given.items()
            return value if kind in _PLAIN and not isinstance(value, (dict, list)) else None
    return None


_PLAIN = ("stringValue", "boolValue", "intValue", "doubleValue", "bytesValue")


def _nanoseconds(given: Json) -> Json:
    """Return a time of OTLP, which writes 64 bits as text; 0 is none."""
    if isinstance(given, str) and given.isdecimal() and len(given) < 20:
        given = int(given)
    return given or None


# ---------------------------------------------------------------- other forms


def _of_sdk(data: Mapping[str, Json]) -> Span:
    """Return the span of an SDK that writes JSON to a console or a file."""
    context, status = _mapping(data.get("context")), _mapping(data.get("status"))
    events = _mappings(data.get("events"))
    return Span(
        name=_text(data.get("name")) or "",
        trace=_text(context.get("trace_id")),
        id=_text(context.get("span_id")),
        attributes=_mapping(data.get("attributes")),
        resource=_mapping(_mapping(data.get("resource")).get("attributes")),
        events=tuple(
            (_text(event.get("name")) or "", _mapping(event.get("attributes"))) for event in events
        ),
        start=data.get("start_time"),
        end=data.get("end_time"),
        failed=status.get("status_code") in ERROR_STATUSES,
        message=_text(status.get("description")) or "",
    )


def _of_table(data: Mapping[str, Json]) -> Span:
    """Return the span in the row of a table whose columns are ``attributes.NAME`` and the like."""
    prefix = "attributes."
    attributes = {
        key.removeprefix(prefix): value for key, value in data.items() if key.startswith(prefix)
    }
    nested = data.get("attributes")
    kind = data.get("span_kind")
    if isinstance(nested, dict):
        attributes |= nested
    if isinstance(kind, str):
        attributes.setdefault("openinference.span.kind", kind)
    return Span(
        name=_text(data.get("name")) or "",
        trace=_text(data.get("context.trace_id") or data.get("trace_id")),
        id=_text(data.get("context.span_id") or data.get("span_id")),
        attributes=attributes,
        start=data.get("start_time"),
        end=data.get("end_time"),
        failed=data.get("status_code") in ERROR_STATUSES,
        message=_text(data.get("status_message")) or "",
    )


# ---------------------------------------------------------------- parts


def _seconds(given: Json) -> float | None:
    """Return a time as seconds: whole nanoseconds in OTLP, text elsewhere."""
    if given is None:
        return None
    if isinstance(given, str):
        return unix_seconds(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given / 1e9
    raise RecordError("expected the time of a span to be nanoseconds since 1970 or ISO 8601")


def _mapping(given: Json) -> Mapping[str, Json]:
    return given if isinstance(given, dict) else {}


def _mappings(given: Json) -> list[dict[str, Json]]:
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _text(given: Json) -> str | None:
    return given if isinstance(given, str) and given else None
