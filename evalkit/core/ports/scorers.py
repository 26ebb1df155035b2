"""What a stage may ask of a scorer, and what a scorer declares of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeAlias

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Support
from evalkit.core.model import Case, Json, Message, Sample, Score, ScoreValue, Unscored


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For plug-ins that leave nothing to choose."""


@dataclass(frozen=True, slots=True)
class Value:
    """One number (or category) that a scorer reads off a sample.

    ``labels`` are the words for 1 and 0 of a rate; ``fallback`` names another value of the same
    scorer that both arms are read with where one of them lacks this one. ``support`` follows
    from the kind where it is not given; ``limited_by`` names the sampling parameter that caps an
    amount, and so declares its range when the snapshot sets it. ``of_asking`` says that it is about those who
    were asked, such as how often a judge agrees with himself: no person could say otherwise.
    """

    name: str
    kind: Kind
    support: Support | None = None
    unit: str = ""
    labels: tuple[str, str] | None = None
    fallback: str | None = None
    limited_by: str | None = None
    of_asking: bool = False

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


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody answered about a sample, and the sample it was compared with, if with any."""

    answers: Sequence[Sample] = ()
    beside: Sample | None = None


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
    ``criteria`` is what people have to read who are asked the same; such people see the reference too.
    """

    questions: Callable[..., Sequence[Question]]
    compares: bool = False
    most: Callable[[Any], int] = _one
    schema: Callable[[Any], str | None] = _no_schema
    letters: int = 200
    by: Mapping[str, Json] = field(default_factory=dict)
    params: Mapping[str, Json] = field(default_factory=dict)
    criteria: Callable[[Any], str] | None = None


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
