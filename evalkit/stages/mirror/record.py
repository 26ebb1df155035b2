"""What an arm was asked and answered becomes a record of evalkit's own form.

What was heard is read by whoever reads such answers when evalkit itself asks. An answer that cannot be
read here is a record without an output; what the mirror or the caller is to blame for, and not the arm, is
a missing record, and no error of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from evalkit.core.mirror import Heard, Mode, Outgoing, Routed, Trouble
from evalkit.core.mirror_plan import MirrorPlan
from evalkit.core.model import (
    Arm,
    Case,
    ErrorKind,
    Json,
    Message,
    Prices,
    Sample,
    SampleError,
    billed,
)
from evalkit.core.ports import Overheard, Overhears, Request
from evalkit.core.records import record_of, turn_records
from evalkit.core.told import told_by_headers
from evalkit.files.json_text import JsonTextError, json_line, parse_json
from evalkit.stages.mirror.credentials import credentials_in, without_credentials
from evalkit.wire.exchange import HttpResponse, WireError
from evalkit.wire.failures import failure_of
from evalkit.wire.messages import received_headers, unpacked

UNSPLIT = "unsplit"
"""The arm of a request that could not be dealt to one: no command counts it for either."""
LONGEST = 16 * 2**20
"""Bytes of an answer when it is unpacked; a longer one is not read."""
MOST_METADATA = 32
"""Members of a request's own metadata that are taken over."""
_ERRORS: Mapping[Trouble, tuple[ErrorKind, str]] = {
    Trouble.CONNECTION: (ErrorKind.CONNECTION, "the connection broke"),
    Trouble.TIMEOUT: (ErrorKind.TIMEOUT, "no answer in time"),
    Trouble.TOO_LONG: (ErrorKind.MALFORMED, "the answer is too long"),
    Trouble.CALLER_LEFT: (ErrorKind.NO_RECORD, "the caller left before the answer was whole"),
    Trouble.DROPPED: (ErrorKind.NO_RECORD, "the mirror dropped the copy"),
}
"""Only the first three are the arm's own."""


@dataclass(frozen=True, slots=True)
class Recording:
    """How one plan's traffic is recorded.

    ``formats`` read what others ask and answer; ``output`` is the compiled JMESPath expression of where the text of
    any other answer stands, if somebody says so.
    """

    mode: Mode
    formats: tuple[Overhears, ...] = ()
    prices: Mapping[Arm, Prices] | None = None
    output: Any = None

    @classmethod
    def of(cls, plan: MirrorPlan, formats: Iterable[Overhears]) -> Recording:
        """Return the recording of a plan."""
        output = None
        if plan.log is not None and plan.log.output is not None:
            import jmespath

            output = jmespath.compile(plan.log.output)
        return cls(plan.mode, tuple(formats), plan.prices, output)

    def record(self, routed: Routed, arm: Arm, heard: Heard) -> dict[str, Json]:
        """Return the line of the log about what one arm answered, its texts as they are."""
        sent = routed.answers if routed.answers.arm is arm else routed.copy
        assert sent is not None
        asked = _value(sent.body)
        sample = self.sample(routed, arm, heard)
        found = record_of(sample)
        del found["sample"]
        first: dict[str, Json] = {
            "id": found.pop("id"),
            "arm": UNSPLIT if routed.unsplit else found.pop("arm"),
        }
        if routed.user is not None:
            first["user"] = routed.user
        question = self._question(urlsplit(sent.url).path, asked, sent.body)
        if question is not None:
            first["input"] = question
        found.pop("arm", None)
        metadata: dict[str, Json] = {**_own_metadata(asked), **_circumstances(routed, heard)}
        return {**first, **found, "metadata": metadata}

    def sample(self, routed: Routed, arm: Arm, heard: Heard) -> Sample:
        """Return what one arm answered, with what was measured of it."""
        sent = routed.answers if routed.answers.arm is arm else routed.copy
        assert sent is not None
        request = Request(arm, Case(routed.incoming.id, ""), 0)
        asked = _value(sent.body)
        sample = self._heard(request, sent, asked, heard)
        model = asked.get("model") if isinstance(asked, dict) else None
        moment = datetime.fromtimestamp(routed.incoming.when, UTC)
        answered = sample.error is None
        streamed = answered and _streams(heard)
        return replace(
            sample,
            model_requested=model if isinstance(model, str) and model else None,
            created=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            latency_ms=heard.latency_ms if answered else None,
            ttft_ms=heard.first_byte_ms if streamed else None,
            cost_usd=billed(sample, (self.prices or {}).get(arm)) if answered else None,
        )

    def output_of(self, routed: Routed, heard: Heard) -> str | None:
        """Return the text of a live answer; nothing where there is none, or none that can be read."""
        sample = self.sample(routed, routed.answers.arm, heard)
        declined = sample.refusal is not None or sample.error is not None
        return None if declined or not sample.output else sample.output

    # ------------------------------------------------------------ what was answered

    def _heard(self, request: Request, sent: Outgoing, asked: Json, heard: Heard) -> Sample:
        nothing = Sample(request.case.id, request.arm)
        if heard.trouble is not None or heard.head is None:
            kind, said = _ERRORS[heard.trouble or Trouble.CONNECTION]
            return replace(nothing, error=SampleError(kind, heard.message or said))
        headers = received_headers(
            (n.encode("latin-1"), v.encode("latin-1")) for n, v in heard.head.headers
        )
        body = None if heard.cut else _unpacked(heard.body, headers)
        plain = HttpResponse(heard.head.status, headers, body or b"", heard.latency_ms)
        if body is None and heard.head.status // 100 == 2:
            found = nothing
        elif (reading := self._format_of(urlsplit(sent.url).path)) is not None:
            found = reading.read(request, Overheard(asked, heard.head.status, headers, body or b""))
        elif heard.head.status // 100 == 2:
            found = replace(nothing, output=self._picked(plain))
        else:
            failure = failure_of(plain)
            found = replace(nothing, error=SampleError(failure.kind, failure.message))
        told = {
            name: value
            for name, value in told_by_headers(headers).items()
            if getattr(found, name) is None
        }
        return replace(found, **told)  # type: ignore[arg-type]

    def _format_of(self, path: str) -> Overhears | None:
        return next((found for found in self.formats if found.knows(path)), None)

    def _picked(self, response: HttpResponse) -> str | None:
        """Return the text of an answer of no known form: where the plan says, or else all of it."""
        try:
            text = response.body.decode()
        except UnicodeDecodeError:  # sound, images
            return None
        if self.output is None:
            return text
        from jmespath.exceptions import JMESPathError

        try:
            found = self.output.search(parse_json(text))
        except (
            JsonTextError,
            JMESPathError,
            ArithmeticError,
            TypeError,
            RecursionError,
            ValueError,
        ):
            return None
        if found is None or isinstance(found, str):
            return found
        return json_line(found).rstrip("\n")

    # ------------------------------------------------------------ what was asked

    def _question(self, path: str, asked: Json, body: bytes) -> Json:
        reading = self._format_of(path)
        turns: tuple[Message, ...] = () if reading is None else reading.asked(asked)
        if turns:
            return turn_records(turns)
        if isinstance(asked, dict):
            foreign = credentials_in(asked, ())
            own = {**asked, **without_credentials(asked, ())}
            return {key: value for key, value in own.items() if key not in foreign}
        try:
            return body.decode()
        except UnicodeDecodeError:
            return None


# ---------------------------------------------------------------- parts


def _value(body: bytes) -> Json:
    try:
        return parse_json(body.decode())
    except (UnicodeDecodeError, JsonTextError):
        return None


def _unpacked(body: bytes, headers: Mapping[str, str]) -> bytes | None:
    """Return a body without its encoding, nothing where that is not known here or too long."""
    try:
        return unpacked(body, headers, LONGEST)
    except (WireError, zlib.error):
        return None


def _streams(heard: Heard) -> bool:
    head = heard.head
    kinds = () if head is None else (v for n, v in head.headers if n == "content-type")
    return any(kind.lower().startswith("text/event-stream") for kind in kinds)


def _own_metadata(asked: Json) -> dict[str, Json]:
    """Return what a request says of itself under ``metadata``, where a log is sliced by it."""
    given = asked.get("metadata") if isinstance(asked, dict) else None
    if not isinstance(given, dict):
        return {}
    plain = {key: value for key, value in given.items() if isinstance(value, (str, int, float))}
    return dict(list(plain.items())[:MOST_METADATA])


def _circumstances(routed: Routed, heard: Heard) -> dict[str, Json]:
    """Return what is known of an exchange beside what was said in it; of headers nothing."""
    found: dict[str, Json] = {"path": routed.incoming.target.partition("?")[0]}
    if heard.head is not None:
        found["status"] = heard.head.status
        found["stream"] = _streams(heard)
    if heard.cut:
        found["cut"] = True
    if heard.trouble is not None:
        found["trouble"] = heard.trouble.value
    return found
