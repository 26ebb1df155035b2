"""The seams where plug-ins are put in: what a stage may ask of a provider, a scorer, a report.

A plug-in is a frozen declaration around a function or a class. It is found by looking (see
``core.registry``), it carries its own options as a frozen dataclass, and a stage sees nothing of
it but what stands here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Support
from evalkit.core.errors import Place
from evalkit.core.lifecycle import Lifecycle
from evalkit.core.model import (
    Arm,
    Case,
    Json,
    Message,
    Sample,
    Score,
    ScoreValue,
    Snapshot,
    Unscored,
)
from evalkit.core.traffic import LogExample, RecordReader


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For plug-ins that leave nothing to choose."""


# ---------------------------------------------------------------- providers


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one arm: the ``index``-th sample of a case.

    ``messages`` is what the snapshot's prompt makes of the case, without its system prompt.
    """

    arm: Arm
    case: Case
    index: int
    messages: tuple[Message, ...] = ()


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider may take from the world it runs in.

    ``environment`` holds the secrets that a snapshot names; ``seed`` makes what is random
    repeatable; below ``code_root`` code that an envelope names may run, and nowhere if it is not
    given; ``another`` is asked before every attempt that follows a failed one, and says whether
    the budget allows it; ``shared`` holds what the providers of one collection have in common, such
    as the limits of an endpoint that both arms ask.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    code_root: Path | None = None
    another: Callable[[], bool] = _always
    shared: dict[object, object] = field(default_factory=dict)


@runtime_checkable
class Provider(Protocol):
    """Turns a request into a sample; an infrastructure failure is a sample with an error."""

    def identity(self, request: Request) -> str:
        """Return everything that decides the answer, as text without a secret.

        Endpoint, model and the whole request belong to it; the index of the sample does not.
        """
        ...

    async def answer(self, request: Request) -> Sample:
        """Return the sample of this request, after as many attempts as it takes.

        Raises:
            SnapshotError: the snapshot asks for what the endpoint does not know; no request
                could succeed.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and processes; called once, after the last answer."""
        ...


class Memory(Protocol):
    """Answers that were paid for already."""

    def recall(self, identity: str, request: Request) -> Sample | None:
        """Return the answer to this request; nothing where it was never answered."""
        ...

    def keep(self, identity: str, request: Request, sample: Sample) -> None:
        """Keep an answer so that nobody pays for it again, whatever happens to this process."""
        ...


@runtime_checkable
class Recording(Protocol):
    """Answers that exist already: they are read from first to last instead of asked for."""

    @property
    def source(self) -> str:
        """What messages call it: a file, usually."""
        ...

    @property
    def there(self) -> bool:
        """Whether there is anything to read yet."""
        ...

    def samples(self) -> Iterator[tuple[Sample, Place]]:
        """Yield every recorded sample with its place.

        Raises:
            SpecError: after the last line, with every line that is no record.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lack:
    """What a provider cannot do with a snapshot: which key of it, and what was expected there."""

    key: str
    message: str


def _never(snapshot: Snapshot) -> bool:
    del snapshot
    return False


def always(snapshot: Snapshot) -> bool:
    """Say yes, whatever the snapshot."""
    del snapshot
    return True


def _nothing(snapshot: Snapshot) -> Iterable[Lack]:
    del snapshot
    return ()


class Costs(StrEnum):
    """How it is known what an answer costs.

    ``TOKENS``: by prices and the tokens it tells; ``TOLD``: it may tell its cost itself; ``FREE``:
    asking costs nothing; ``UNKNOWN``: it tells neither its cost nor its tokens.
    """

    TOKENS = "tokens"
    TOLD = "told"
    FREE = "free"
    UNKNOWN = "unknown"


def _by_tokens(snapshot: Snapshot) -> Costs:
    del snapshot
    return Costs.TOKENS


def told(snapshot: Snapshot) -> Costs:
    """Say that an answer may tell its cost itself, whatever the snapshot."""
    del snapshot
    return Costs.TOLD


@dataclass(frozen=True, slots=True)
class Overheard:
    """One exchange that somebody else had: ``asked`` is the body of the request, as a value.

    ``body`` is that of the answer, unpacked; the names of its headers are in lower case.
    """

    asked: Json
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Overhears:
    """How a wire format is read where somebody else asks; all parts are pure, and take anything.

    ``knows`` is given the path of a request; ``asked`` the body of one, and returns what the model was
    asked, nothing where that cannot be told. ``read`` is given the request that the sample is of, and
    the exchange: whatever was answered, whole or as a stream of events, becomes a sample.
    """

    knows: Callable[[str], bool]
    asked: Callable[[Json], tuple[Message, ...]]
    read: Callable[[Request, Overheard], Sample]


@dataclass(frozen=True, slots=True)
class ProviderPlugin:
    """A wire format: how to open a provider for one arm of an envelope.

    ``open`` may need an event loop only once it is asked; ``lacks`` looks at a snapshot without
    asking anybody. ``recorded`` says that answers exist already, ``structured`` whether the endpoint
    is told the response schema, ``reads_input`` that it can take a case of variables without a
    prompt, ``runs_code`` that opening it runs what the envelope names, ``vendor`` whose table of
    models and prices its names belong to, ``costs`` how it is known what an answer costs.
    ``lifecycle`` asks the vendor until when it serves a snapshot's model; the answer is dated with
    the day given, and ``None`` where the vendor does not say.
    """

    room: ClassVar[str] = "providers"

    name: str
    options: type
    open: Callable[[Arm, Snapshot, Surroundings], Provider | Recording]
    doc: str = ""
    lacks: Callable[[Snapshot], Iterable[Lack]] = _nothing
    recorded: bool = False
    structured: Callable[[Snapshot], bool] = _never
    reads_input: bool = False
    runs_code: bool = False
    vendor: str | None = None
    costs: Callable[[Snapshot], Costs] = _by_tokens
    lifecycle: Callable[[Snapshot, Surroundings, date], Awaitable[Lifecycle | None]] | None = None
    overhears: Overhears | None = None


# ---------------------------------------------------------------- scorers


@dataclass(frozen=True, slots=True)
class Value:
    """One number (or category) that a scorer reads off a sample.

    ``labels`` are the words for 1 and 0 of a rate; ``fallback`` names another value of the same
    scorer that both arms are read with where one of them lacks this one. ``support`` follows
    from the kind where it is not given; ``limited_by`` names the sampling parameter that caps an
    amount, and so declares its range when the snapshot sets it.
    """

    name: str
    kind: Kind
    support: Support | None = None
    unit: str = ""
    labels: tuple[str, str] | None = None
    fallback: str | None = None
    limited_by: str | None = None

    @property
    def natural_support(self) -> Support:
        """The values this can take when nobody declares a range."""
        if self.support is not None:
            return self.support
        return UNIT_INTERVAL if self.kind in {Kind.RATE, Kind.SCORE} else NON_NEGATIVE


class Scorer(Protocol):
    """Pure: a case and one sample of it become a score."""

    def __call__(self, case: Case, sample: Sample, options: object) -> Score:
        """Return the score; the same arguments always give the same one."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a remote scorer asks about a sample.

    ``messages`` is all that whoever is asked sees of it; ``draw`` counts the same question asked again.
    """

    messages: tuple[Message, ...]
    draw: int = 0


def _one(options: object) -> int:
    del options
    return 1


def _no_schema(options: object) -> str | None:
    del options
    return None


@dataclass(frozen=True, slots=True)
class Remote:
    """The half of a remote scorer that asks; its function is the half that reads the answers.

    Both are pure. ``questions`` is given a case, a sample and the options, and returns what is asked
    about it: nothing where there is nothing to ask. Where the scorer ``compares``, it is given the
    baseline's sample of the case between the sample and the options, and only the candidate gets a
    score. ``most`` is how many questions a sample takes at most, ``schema`` the JSON Schema of an
    answer, for those who can be told it, ``letters`` about how long an answer is. ``by`` is who is
    asked, in whatever the user leaves out; its headers, which may name a key, go to its own address
    only. ``params`` are the sampling parameters of a vendor's model where the user writes none.
    """

    questions: Callable[..., Sequence[Question]]
    compares: bool = False
    most: Callable[[Any], int] = _one
    schema: Callable[[Any], str | None] = _no_schema
    letters: int = 200
    by: Mapping[str, Json] = field(default_factory=dict)
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Across:
    """The half of a scorer that looks at the answers of all cases of an arm; both parts are pure.

    ``signature`` is given a sample and the options, and returns a whole number below 2^64. ``shared``
    is given the signatures of the k-th draws of all cases, with a number for the case of each, and
    returns those for which the others matter. The scorer's function is called with these behind its
    options, so that no answer has to be remembered, and the order in which they came does not show.
    """

    signature: Callable[..., int]
    shared: Callable[[Sequence[int], Sequence[int]], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Example:
    """One line of a scorer's own documentation, run by the contract tests.

    ``expected`` holds the values in the scorer's order; a string stands for ``Unscored``'s reason
    where the value is a number, and for the category where it is one. ``answers`` are what a remote
    scorer is answered, ``baseline`` what it compares the output with, ``others`` the outputs of
    other cases.
    """

    output: str
    expected: tuple[float | str, ...]
    reference: Json = None
    options: Mapping[str, Json] = field(default_factory=dict)
    sample: Mapping[str, Json] = field(default_factory=dict)
    input: str = ""
    note: str = ""
    answers: tuple[str, ...] = ()
    baseline: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How one value of a detector agrees with people, on answers that it was not made with.

    Of ``labelled`` answers of one ``model`` in one ``source`` people called ``positive`` ones 1; the
    detector found ``hits`` of those, and ``false_alarms`` among the others.
    """

    value: str
    source: str
    model: str | None
    labelled: int
    positive: int
    hits: int
    false_alarms: int

    @property
    def bias(self) -> float:
        """How far the measured rate is from what people say: measured − labelled."""
        return (self.hits + self.false_alarms - self.positive) / self.labelled


def nothing_published() -> Sequence[Accuracy]:
    """Say that nobody compared a detector with people."""
    return ()


ScoreFunction: TypeAlias = Callable[..., "Score | ScoreValue | bool"]


@dataclass(frozen=True, slots=True)
class ScorerPlugin:
    """A behaviour that can be measured, as declared by the ``scorer`` decorator.

    ``id`` is the name with the version of its rules: it stands in every verdict. The metric NAME
    reads the first value, NAME.VALUE any of them. ``reads_output`` says that a sample without a
    recorded text tells this scorer nothing, ``reads_errors`` that it is handed samples with an
    error too; otherwise such samples are missing without asking. Some options are not the user's to
    give: ``from_snapshot`` fills them with a field of the arm's own snapshot, ``from_candidate``
    with a field of the candidate's for both arms, because both are held to its contract; a field
    that is filled and has no default must be there. ``accuracy`` reads the published table of how
    the detector agrees with people; it is empty for what needs no judgement. A ``remote`` scorer asks
    somebody, and is called with the answers behind the options. ``shaped`` returns the values as they
    are under some options: of the same names, but for those that come last. A scorer with ``across``
    reads an answer beside those of the other cases.
    """

    room: ClassVar[str] = "scorers"

    name: str
    version: int
    values: tuple[Value, ...]
    function: ScoreFunction
    options: type = NoOptions
    needs_reference: bool = False
    reads_output: bool = True
    reads_errors: bool = False
    from_snapshot: Mapping[str, str] = field(default_factory=dict)
    from_candidate: Mapping[str, str] = field(default_factory=dict)
    examples: Sequence[Example] = ()
    doc: str = ""
    accuracy: Callable[[], Sequence[Accuracy]] = nothing_published
    remote: Remote | None = None
    shaped: Callable[[Any], Sequence[Value]] | None = None
    across: Across | None = None

    @property
    def id(self) -> str:
        """The name and the version of the rules, such as ``refusal@1``."""
        return f"{self.name}@{self.version}"

    def __call__(
        self,
        case: Case,
        sample: Sample,
        options: object,
        answers: Sequence[Sample] = (),
        others: frozenset[int] = frozenset(),
    ) -> Score:
        """Return the score, whatever short form the function gave it in."""
        given: list[object] = [case, sample, *self._options(options)]
        given += [] if self.remote is None else [answers]
        given += [] if self.across is None else [others]
        found = self.function(*given)
        if isinstance(found, Score):
            return found
        if isinstance(found, (str, Unscored)):
            return Score((found,))
        return Score((float(found),))

    def questions(
        self, case: Case, sample: Sample, options: object, baseline: Sample | None = None
    ) -> Sequence[Question]:
        """Return what a remote scorer asks about a sample."""
        assert self.remote is not None
        samples = (sample,) if baseline is None else (sample, baseline)
        return self.remote.questions(case, *samples, *self._options(options))

    def signature(self, sample: Sample, options: object) -> int:
        """Return what of a sample the other cases are told."""
        assert self.across is not None
        return self.across.signature(sample, *self._options(options))

    def under(self, options: object) -> ScorerPlugin:
        """Return the scorer with its values as they are under some options."""
        return self if self.shaped is None else replace(self, values=tuple(self.shaped(options)))

    def _options(self, options: object) -> tuple[object, ...]:
        return () if self.options is NoOptions else (options,)


# ---------------------------------------------------------------- readers


@dataclass(frozen=True, slots=True)
class ReaderPlugin:
    """A format of logs, as declared by the ``reader`` decorator.

    ``open`` gives what reads one log. ``recognises`` is shown the first records of a log whose
    format nobody named, one after the other, and says yes only to one that no other format has.
    ``alone`` says that every record stands for itself, so that parts of a log can be read apart from
    each other. ``members`` is a pattern of the files to read where a log is a ZIP archive.
    """

    room: ClassVar[str] = "readers"

    name: str
    open: Callable[[], RecordReader]
    recognises: Callable[[Json], bool]
    alone: bool = True
    members: str | None = None
    examples: Sequence[LogExample] = ()
    doc: str = ""
