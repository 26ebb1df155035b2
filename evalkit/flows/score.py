"""One scorer over recorded outputs: a line a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.core.digest import canonical_json
from evalkit.core.envelope import Envelope, Instrument, Metric
from evalkit.core.errors import SpecError, UsageError
from evalkit.core.model import ABSENT, Arm, Case, Json, Sample, ScoredSample, Snapshot, Unscored
from evalkit.core.ports import Recording, ScorerPlugin, Surroundings
from evalkit.core.registry import PROVIDERS, SCORERS
from evalkit.spec.consulted import BY, consulted
from evalkit.spec.document import Document, parse_yaml, read_document
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import GoldenSource
from evalkit.spec.inline import metric_inlined
from evalkit.spec.options import options_of
from evalkit.spec.problems import Problems
from evalkit.stages.score import Lookup, score, unanswered

if TYPE_CHECKING:
    from evalkit.flows.terms import Terms


def score_outputs(
    scorer: str,
    outputs: Path,
    *,
    golden_set: Path | None = None,
    options: Sequence[str] = (),
    terms: Callable[[Snapshot], Terms] | None = None,
) -> Iterator[dict[str, Json]]:
    """Yield the line of each recorded sample: ``{id, sample, value, score, …}``.

    ``value`` is the scorer's first value, ``null`` with a ``reason`` where there is none;
    ``score`` is a detector's probability; ``values`` holds all values where there are several.

    Args:
        scorer: a registered name, or the path of a file with one scorer.
        outputs: recorded outputs.
        golden_set: the cases; needed by scorers that compare with a reference.
        options: ``key=value`` pairs, the value as YAML would read it.
        terms: on what terms whoever the scorer asks is asked; without it nobody is.

    Raises:
        SpecError: a file is wrong.
        UsageError: an option is wrong, or a golden set is needed.
    """
    plugin = SCORERS.get(scorer)
    cases = _cases(plugin, golden_set)
    shaped = plugin.under(_options(plugin, options)[0])
    for scored in scored_outputs(plugin, scorer, outputs, cases, options, terms=terms):
        yield _line(shaped, scorer, scored)


def cases_for(plugin: ScorerPlugin, golden_set: Path | None) -> dict[str, Case]:
    """Return the cases of a golden set that a scorer is used on; none where no file is given.

    Raises:
        SpecError: the file is wrong.
        UsageError: the scorer needs references.
    """
    return _cases(plugin, golden_set)


def scored_outputs(
    plugin: ScorerPlugin,
    scorer: str,
    outputs: Path,
    cases: dict[str, Case],
    options: Sequence[str],
    *,
    terms: Callable[[Snapshot], Terms] | None = None,
) -> Iterator[ScoredSample]:
    """Yield the recorded samples with their scores; without cases every id becomes one.

    Raises:
        SpecError: a file is wrong.
        UsageError: an option is wrong, or the scorer asks somebody, and there are no terms.
    """
    replay = PROVIDERS.get("replay")
    snapshot = Snapshot("replay", replay.options(path=outputs))
    own, by = _options(plugin, options)
    plugin = plugin.under(own)
    instrument = Instrument(scorer, scorer, {Arm.CANDIDATE: own}, by)
    value = plugin.values[0]
    metric = Metric(scorer, scorer, value.name, value.kind, value.natural_support)
    envelope = Envelope("score", snapshot, (), instruments=(instrument,), metrics=(metric,))
    recording = replay.open(Arm.CANDIDATE, snapshot, Surroundings())
    assert isinstance(recording, Recording)
    plugins = {scorer: plugin}
    samples: Iterable[Sample] = _known(recording, cases)
    answers: Lookup = unanswered
    if by is not None:
        if terms is None:
            raise UsageError(f"{plugin.name} asks somebody about every answer, which this does not")
        from evalkit.flows.consulting import asked_about  # it alone can ask anybody

        samples = list(samples)
        source = Document("--option", None)
        answers = asked_about(samples, cases, envelope, plugins, terms=terms(by), source=source)
    yield from score(samples, cases, envelope, plugins, answers)


def _known(recording: Recording, cases: dict[str, Case]) -> Iterator[Sample]:
    """Yield the samples; where no golden set is given, every id is a case without a prompt."""
    closed = bool(cases)
    seen: set[tuple[str, int]] = set()
    for sample, place in recording.samples():
        key = (sample.case_id, sample.index)
        if key in seen:
            raise SpecError.single(place, f"sample {key[1]} of case {key[0]!r} stands twice")
        seen.add(key)
        if sample.case_id not in cases:
            if closed:
                raise SpecError.single(place, f"case {sample.case_id!r} is not in the golden set")
            cases[sample.case_id] = Case(sample.case_id, "")
        yield sample


def _cases(plugin: ScorerPlugin, golden_set: Path | None) -> dict[str, Case]:
    if golden_set is None:
        if plugin.needs_reference:
            raise UsageError(
                f"{plugin.name} compares with a reference; name the cases with --golden"
            )
        return {}
    reader = GoldenSetReader([GoldenSource(path=str(golden_set))])
    cases = {case.id: case for case, _ in reader.cases()}
    if reader.problems:
        raise SpecError(reader.problems)
    lacking = [case.id for case in cases.values() if case.reference is ABSENT]
    if plugin.needs_reference and lacking:
        raise UsageError(f"{len(lacking):,} cases have no reference, {lacking[0]!r} among them")
    return cases


def _options(plugin: ScorerPlugin, pairs: Sequence[str]) -> tuple[object, Snapshot | None]:
    """Return the options of a scorer, and whom it asks, if anybody."""
    given: dict[str, Json] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--option {pair}: expected key=value")
        given[key] = parse_yaml(text, f"--option {key}").data
    filled: dict[str, object] = dict.fromkeys(plugin.from_snapshot)
    for option in plugin.from_candidate:
        # What an envelope takes from the candidate is named by its file here.
        path = given.pop(option, None)
        filled[option] = canonical_json(read_document(str(path)).data) if path else None
    problems = Problems(Document("--option", given))
    remote = plugin.remote
    if remote is not None and remote.compares:
        raise UsageError(f"{plugin.name} compares two arms, and here is one recording; gate them")
    inlined = metric_inlined(given, (), problems, Path())
    assert isinstance(inlined, dict)
    asked = inlined.pop(BY, None) if remote is not None else None
    made = options_of(plugin.options, inlined, filled, problems, ())
    by = None
    if made is not None and remote is not None:
        by = consulted(plugin, asked, made, problems, (BY,))
    if made is None or problems.found:
        raise SpecError(problems.found)
    return made, by


def _line(plugin: ScorerPlugin, name: str, scored: ScoredSample) -> dict[str, Json]:
    found = scored.scores[name]
    first = found.values[0]
    line: dict[str, Json] = {"id": scored.sample.case_id, "sample": scored.sample.index}
    line["value"] = None if isinstance(first, Unscored) else first
    if isinstance(first, Unscored):
        line["reason"] = first.reason
    if found.probability is not None:
        line["score"] = found.probability
    if len(found.values) > 1:
        line["values"] = {
            value.name: None if isinstance(item, Unscored) else item
            for value, item in zip(plugin.values, found.values, strict=True)
        }
    return {**line, "detail": found.detail} if found.detail else line
