"""What a stage may ask of a provider, and what a provider declares of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from evalkit.core.errors import Place
from evalkit.core.lifecycle import Lifecycle
from evalkit.core.model import Arm, Case, Json, Message, Sample, Snapshot


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one arm: the ``index``-th sample of a case.

    ``messages`` is what the snapshot's prompt makes of the case, without its system prompt.
    """

    arm: Arm
    case: Case
    index: int
    messages: tuple[Message, ...] = ()

    @property
    def prompt(self) -> str | None:
        """What the user says last, or whoever does where no user says anything."""
        said = [turn for turn in self.messages if turn.role == "user"] or self.messages
        return said[-1].content if said else None


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
