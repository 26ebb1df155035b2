"""Samples of a run + whoever remote instruments ask about them → judgements in the run folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain

from evalkit.core.asking import Ending, Progress
from evalkit.core.envelope import Envelope
from evalkit.core.errors import ProviderError, SnapshotError, SpecError
from evalkit.core.model import Arm, Case, Sample, Snapshot
from evalkit.core.ports import Memory, Request, ScorerPlugin
from evalkit.core.registry import PROVIDERS
from evalkit.core.secrets import MissingSecretError
from evalkit.files.writing import LineLog
from evalkit.flows.forecasts import Forecasts, forecast
from evalkit.flows.judgements import consultations_of
from evalkit.flows.terms import Terms, live_arm
from evalkit.spec.document import Document
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.ask import Budget, ask
from evalkit.stages.cache import AnswerCache
from evalkit.stages.consult import Consultations, Inquiry, in_turn, is_usable
from evalkit.stages.consult.kept import Judgement, Judgements, judgement_record
from evalkit.stages.score import Lookup
from evalkit.stages.store import RunFolder

ASKED_AS = Arm.CANDIDATE
"""Providers know arms only; whoever is asked about samples is none of them."""


def prepare(run: RunFolder, loaded: LoadedEnvelope, terms: Terms) -> None:
    """Say what the remote instruments will ask, and refuse what could not be asked, before anybody is.

    Raises:
        MissingSecretError: a variable that is needed is not set.
        SpecError: what an instrument asks cannot be opened.
    """
    envelope = loaded.envelope
    if not envelope.consulted:
        return
    for name, by in envelope.consulted.items():
        with _blamed_on(f"metrics.{name}.by", loaded.source):
            PROVIDERS.get(by.provider).open(ASKED_AS, by, terms.surroundings)
    cases = run.cases()
    forecasts = Forecasts(envelope, loaded.plugins, cases)
    for _ in forecasts.passing(_samples(run, loaded, cases)):
        pass
    for name, found in forecasts.all(dict.fromkeys(envelope.live, envelope.most_repeats)):
        terms.announce(name, found)


def consult(
    run: RunFolder, loaded: LoadedEnvelope, terms: Terms, budget: Budget
) -> tuple[Mapping[str, str], bool]:
    """Ask what the remote instruments of an envelope have not been answered yet.

    Every answer is written into the run folder as it comes, a failure too.

    Args:
        run: the folder, with all samples in it.
        loaded: the envelope.
        terms: where answers are kept, and who watches.
        budget: what may still be spent.

    Returns:
        Why somebody could not be asked to the end, by the instrument's name, and whether somebody
        interrupted it.

    Raises:
        SpecError: an endpoint does not know what its snapshot asks for.
    """
    envelope, cases, unasked = loaded.envelope, run.cases(), {}
    consultations = consultations_of(run, loaded, cases)
    for name, by in envelope.consulted.items():
        asking = _Asking(
            lambda: _samples(run, loaded, cases), cases, consultations, name, by, envelope.seed
        )
        place = f"metrics.{name}.by"
        with (
            _blamed_on(place, loaded.source),
            AnswerCache(terms.cache) as cache,
            Judgements(run.judgements_path) as there,
            run.judgement_log() as log,
        ):
            memory = cache.of(by.provider, by.model, since=terms.since.get(f"metrics.{name}", 0.0))
            ending = asking.asked(
                terms, budget, memory,
                there=there, kept=_writing(log),
            )  # fmt: skip
        why = _why(ending)
        if why:
            unasked[name] = why
        if ending.interrupted:
            return unasked, True
    return unasked, False


def asked_about(
    samples: Sequence[Sample],
    cases: Mapping[str, Case],
    envelope: Envelope,
    plugins: Mapping[str, ScorerPlugin],
    *,
    terms: Terms,
    source: Document,
) -> Lookup:
    """Ask about samples that belong to no run, and return what finds the answers.

    Raises:
        SpecError: an endpoint does not know what it is asked for.
        ProviderError: somebody could not be asked to the end.
    """
    consultations, answers = Consultations(envelope, plugins), dict[str, Sample]()
    for name, by in envelope.consulted.items():
        instrument = next(item for item in envelope.instruments if item.name == name)
        counts = Counter(sample.arm for sample in samples if is_usable(sample))
        known = ((cases[sample.case_id], sample) for sample in samples if is_usable(sample))
        terms.announce(name, forecast(instrument, plugins[name], counts, known))
        asking = _Asking(lambda: iter(samples), cases, consultations, name, by, envelope.seed)
        with _blamed_on("by", source), AnswerCache(terms.cache) as cache:
            memory = cache.of(by.provider, by.model, since=terms.since.get("by", 0.0))
            ending = asking.asked(
                terms, Budget(terms.limits), memory,
                there=answers, kept=lambda item: answers.update({item.key: item.answer}),
            )  # fmt: skip
        if why := _why(ending):
            raise ProviderError(f"{name} was not asked to the end: {why}")
    return consultations.lookup(answers.get)


# ---------------------------------------------------------------- one instrument


@dataclass(frozen=True, slots=True)
class _Asking:
    """All that one instrument asks about samples; ``samples`` gives all of them anew."""

    samples: Callable[[], Iterator[Sample]]
    cases: Mapping[str, Case]
    consultations: Consultations
    name: str
    by: Snapshot
    seed: int

    def asked(
        self,
        terms: Terms,
        budget: Budget,
        memory: Memory,
        *,
        there: Container[str],
        kept: Callable[[Judgement], None],
    ) -> Ending:
        """Ask what is not there, and return how it ended."""
        surroundings = replace(
            terms.surroundings, another=budget.another, seed=self.seed, shared={}
        )
        total = sum(1 for _ in self._inquiries(there))
        if not total:
            return Ending()
        waiting: dict[str, Inquiry] = {}

        def keep(answer: Sample) -> None:
            kept(_judgement(waiting.pop(answer.case_id), answer))

        def watch(progress: Progress) -> None:
            terms.watch(replace(progress, about=self.name))

        provider = PROVIDERS.get(self.by.provider).open(ASKED_AS, self.by, surroundings)
        live = live_arm(self.by, provider, memory, total=total)
        requests = self._requests(there, waiting)
        return ask([requests], {ASKED_AS: live}, budget=budget, watch=watch, keep=keep)

    def _inquiries(self, there: Container[str]) -> Iterator[Inquiry]:
        """Yield every question that was not answered yet, once."""
        seen: set[str] = set()
        for sample in in_turn(self.samples):
            case = self.cases[sample.case_id]
            for inquiry in self.consultations.needed(self.name, case, sample):
                if inquiry.key not in there and inquiry.key not in seen:
                    seen.add(inquiry.key)
                    yield inquiry

    def _requests(self, there: Container[str], waiting: dict[str, Inquiry]) -> Iterator[Request]:
        for inquiry in self._inquiries(there):
            waiting[inquiry.key] = inquiry
            question = inquiry.question
            # The question is the case: what is asked has nothing else to do with the golden set.
            asked = Case(inquiry.key, question.messages)
            yield Request(ASKED_AS, asked, question.draw, question.messages)


def _writing(log: LineLog) -> Callable[[Judgement], None]:
    return lambda item: log.append(judgement_record(item))


def _judgement(inquiry: Inquiry, answer: Sample) -> Judgement:
    sample = inquiry.sample
    return Judgement(
        inquiry.instrument, sample.arm, sample.case_id, sample.index, inquiry.number, inquiry.key,
        answer,
    )  # fmt: skip


def _samples(run: RunFolder, loaded: LoadedEnvelope, cases: Mapping[str, Case]) -> Iterator[Sample]:
    """Yield the samples that are scored: of the arms, and what a sentinel was answered."""
    arms = loaded.envelope.snapshots.keys()
    everything: Iterable[Sample] = ()
    if run.has_samples:
        everything = run.samples(cases)
    for sample in chain(everything, run.fresh_samples(cases)):
        if sample.arm in arms:
            yield sample


def _why(ending: Ending) -> str:
    """Return why somebody was not asked to the end; nothing where he was."""
    if ending.spent:
        return f"{ending.spent} was reached"
    return "interrupted" if ending.interrupted else next(iter(ending.stopped.values()), "")


@contextmanager
def _blamed_on(place: str, source: Document) -> Iterator[None]:
    """Say of what cannot be asked where it is written."""
    try:
        yield
    except SnapshotError as error:
        part = error.key.partition(".")[2]
        key = f"{place}.{part}".rstrip(".")
        found = source.place(tuple(key.split(".")))
        # Nobody wrote the schema of a verdict: it is the scorer's, and its options leave it out.
        more = " (judge, preference: structured: false)" if part == "response_schema" else ""
        raise SpecError.single(found, f"{error.message}{more}", where=key) from error
    except MissingSecretError as error:
        text = str(error)
        prefix = f"{ASKED_AS}."
        text = f"{place}.{text.removeprefix(prefix)}" if text.startswith(prefix) else text
        raise MissingSecretError(text) from error
