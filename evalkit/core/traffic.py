"""What production logs tell: one request, the answer it got, who asked it and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, Protocol

from evalkit.core.errors import SHOWN_PROBLEMS, Problem, SpecError
from evalkit.core.model import ABSENT, Absent, Arm, CaseInput, Json, Sample
from evalkit.core.quick import maker
from evalkit.core.records import RecordError, asked_of, sample_of

MANY_PROBLEMS = 1000
"""After so many malformed records the file is of another kind than its name says."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One logged request and its answer.

    ``sample.case_id`` is the id of the request, by which the arms of a mirrored request find each
    other; ``sample.arm`` is the baseline where the log names none. ``arm`` is the label as the log
    has it, such as ``canary`` or the name of a model; ``user`` whoever asked, or the conversation:
    what several requests share. ``when`` counts seconds since 1970 in UTC. ``None`` means that the
    log does not say, and is never read as 0.
    """

    sample: Sample
    arm: str | None = None
    user: str | None = None
    when: float | None = None
    input: CaseInput | None = None
    reference: Json | Literal[Absent.ABSENT] = ABSENT
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict)


class LogRecord(NamedTuple):
    """What a reader makes of one logged request, before anything of it is checked.

    ``fields`` are those of a recorded output with ``arm``, ``user``, ``created``, ``input``,
    ``reference``, ``tags`` and ``metadata`` beside them; ``source`` is what the log itself holds of
    the request, where the paths of a field map begin.
    """

    fields: Mapping[str, Json]
    source: Json


class RecordReader(Protocol):
    """Reads one log from its first record to its last."""

    def __call__(self, data: Json) -> Iterable[LogRecord]:
        """Return the logged requests that a record of the log completes: none, one or many.

        Raises:
            RecordError: it is no record of this format; the log is read on behind it.
        """
        ...

    def rest(self) -> Iterable[LogRecord]:
        """Return the requests that no record completed, after the last one."""
        ...


@dataclass(frozen=True, slots=True)
class LogExample:
    """One record of a reader's own documentation, run by the contract tests.

    ``expected`` holds some fields of each logged request that ``data``, and the records ``before``
    it, tell of.
    """

    data: Json
    expected: Sequence[Mapping[str, Json]]
    before: Sequence[Json] = ()
    note: str = ""


FOREIGN: Final = ("arm", "user", "input", "reference", "tags")
"""The fields that a request has beside those of a recorded output."""


def logged_of(fields: Mapping[str, Json]) -> Logged:
    """Return the logged request that the fields of a record tell of.

    Raises:
        RecordError: a field is of the wrong shape, or nothing was observed.

    >>> logged_of({"id": "r1", "output": "Hi", "arm": "canary", "created": 60}).when
    60.0
    """
    own = dict(fields)
    take = own.pop
    label, user, asked = take("arm", None), take("user", None), take("input", None)
    reference, tags = take("reference", None), take("tags", None)
    when, own["created"] = _moment(own.get("created"))
    arm = _label("arm", label)
    sample = sample_of(own, Arm.CANDIDATE if arm == "candidate" else Arm.BASELINE)
    return maker(Logged)(
        sample,
        arm,
        _label("user", user),
        when,
        None if asked is None else asked_of(asked),
        ABSENT if reference is None else reference,
        () if tags is None else _tags(tags),
        sample.metadata,
    )


def sound(found: Iterable[Logged | Problem], tolerance: Tolerance) -> Iterator[Logged]:
    """Yield the requests of a log; what is none is counted.

    Raises:
        SpecError: after the last record, or as soon as so many are malformed that no tolerance
            covers them; it names the first of them.
    """
    for item in found:
        if isinstance(item, Logged):
            yield item
        else:
            tolerance.see(item)
    tolerance.settle()


class Tolerance:
    """How many malformed records of a log may be passed over; none unless somebody says so."""

    def __init__(self, allowed: int = 0) -> None:
        self.allowed = allowed
        self.count = 0
        self.problems: list[Problem] = []
        """The first of them."""

    def see(self, problem: Problem) -> None:
        """Count one more.

        Raises:
            SpecError: there are more than any file of this kind has.
        """
        self.count += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)
        if self.count > self.allowed + MANY_PROBLEMS:
            self.settle()

    def settle(self) -> None:
        """Say whether that was too much.

        Raises:
            SpecError: more records are malformed than are allowed.
        """
        if self.count > self.allowed:
            raise SpecError(self.problems)


# ---------------------------------------------------------------- parts


def _label(key: str, value: Json) -> str | None:
    """Return a name; a number is one too, as many databases count their users."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RecordError(f"expected {key} to be text, found a value of another type")


def _tags(value: Json) -> tuple[str, ...]:
    match value:
        case str():
            return (value,)
        case list() if all(isinstance(item, str) for item in value):
            return tuple(str(item) for item in value)
    raise RecordError("expected tags to be a list of texts")


SECONDS, MILLI, MICRO, NANO = 1e11, 1e14, 1e17, 1e20
"""Below these numbers a time is in seconds (until the year 5138), milli-, micro-, nanoseconds."""


def _moment(value: Json) -> tuple[float | None, str | None]:
    """Return a time as seconds and as text."""
    if value is None or value == "":
        return None, None
    if isinstance(value, str):
        when = unix_seconds(value)
        return when, value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < NANO:
        raise RecordError("expected created to be a time: ISO 8601, or seconds since 1970")
    per_second = next(
        size for end, size in ((SECONDS, 1), (MILLI, 1e3), (MICRO, 1e6), (NANO, 1e9)) if value < end
    )
    when = value / per_second
    return when, datetime.fromtimestamp(when, UTC).isoformat().replace("+00:00", "Z")


def unix_seconds(text: str) -> float:
    """Return the seconds since 1970 of a time in ISO 8601; without a zone it is in UTC.

    Raises:
        RecordError: it is no time.

    >>> unix_seconds("2026-10-01T14:00:00.5+02:00"), unix_seconds("2026-10-01 12:00:01")
    (1790856000.5, 1790856001.0)
    """
    given = text.strip().removesuffix(" UTC")
    if len(given) > DATE and given[DATE] in "T ":
        try:
            found = datetime.fromisoformat(given)
        except ValueError:
            found = None
        if found is not None and found.year >= EARLIEST:
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    shown = text if len(text) <= 40 else f"{text[:37]}…"
    raise RecordError(
        f"expected created to be a time such as 2026-10-01T12:00:00Z, found {shown!r}"
    )


DATE = len("2026-10-01")
EARLIEST = 1971
"""Times before it are clocks that were never set, and zones cannot take a later one below 0."""
