"""How often remote instruments will ask somebody, and about what that costs, is told here before they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from evalkit.core.asking import Forecast
from evalkit.core.envelope import Envelope, Instrument
from evalkit.core.model import PER_MILLION, Arm, Case, Sample
from evalkit.core.ports import ScorerPlugin
from evalkit.flows.asked import FORECAST_FROM, LETTERS_PER_TOKEN
from evalkit.stages.consult import Consultations, is_usable


@dataclass(slots=True)
class Sights:
    """The samples of which an instrument has seen that it will ask about them, and some to ask about.

    ``needed`` are the cases that some bound or metric needs it on, by id.
    """

    needed: Mapping[str, Case]
    counts: Counter[Arm] = field(default_factory=Counter)
    known: list[tuple[Case, Sample]] = field(default_factory=list)

    def see(self, sample: Sample) -> None:
        """Take note of a sample."""
        case = self.needed.get(sample.case_id)
        if case is not None and is_usable(sample):
            self.counts[sample.arm] += 1
            if len(self.known) < FORECAST_FROM:
                self.known.append((case, sample))


class Forecasts:
    """Looks at the samples that are there, and tells what will be asked about them and those to come."""

    def __init__(
        self,
        envelope: Envelope,
        plugins: Mapping[str, ScorerPlugin],
        cases: Mapping[str, Case],
    ) -> None:
        """Find out which cases each instrument is needed on."""
        consultations = Consultations(envelope, plugins)
        self._envelope = envelope
        self._plugins = plugins
        self._sights = {
            item.name: Sights(
                {key: case for key, case in cases.items() if consultations.needs(item.name, case)}
            )
            for item in envelope.instruments
            if item.by is not None
        }

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield samples as they are, and look at each."""
        for sample in samples:
            for sights in self._sights.values():
                sights.see(sample)
            yield sample

    def all(self, draws: Mapping[Arm, int]) -> Iterator[tuple[str, Forecast]]:
        """Yield what each instrument will ask at most, by its name.

        Args:
            draws: of an arm whose samples are still to come, how many a case it will have; of all others
                those count that passed.
        """
        for item in self._envelope.instruments:
            if item.by is not None:
                sights = self._sights[item.name]
                counts = Counter(sights.counts)
                for arm, each in draws.items():
                    counts[arm] = len(sights.needed) * each
                if self._envelope.sentinel is not None:
                    counts[Arm.BASELINE] += round(
                        len(sights.needed) * self._envelope.sentinel.share
                    )
                yield item.name, forecast(item, self._plugins[item.name], counts, sights.known)


def forecast(
    instrument: Instrument,
    plugin: ScorerPlugin,
    counts: Mapping[Arm, int],
    there: Iterable[tuple[Case, Sample]],
) -> Forecast:
    """Return how many requests an instrument makes at most, and about what they cost.

    Where no answer is there yet that could be asked about, nobody knows how long the questions will be.

    Args:
        instrument: a remote one.
        plugin: its scorer.
        counts: how many samples of each arm it is asked about.
        there: some samples, each with its case.
    """
    remote, by = plugin.remote, instrument.by
    assert remote is not None
    assert by is not None
    arms = [Arm.CANDIDATE] if remote.compares else list(instrument.options)
    each = {arm: remote.most(instrument.options[arm]) for arm in arms}
    total = sum(counts.get(arm, 0) * each[arm] for arm in arms)
    lengths = [
        sum(len(turn.content) for turn in question.messages)
        for case, sample in islice(there, FORECAST_FROM)
        for question in islice(
            plugin.questions(
                case, sample, instrument.options[sample.arm], _another(sample, remote.compares)
            ),
            1,
        )
    ]
    if by.prices is None or not lengths:
        return Forecast(total)
    asked = sum(lengths) / len(lengths) / LETTERS_PER_TOKEN * by.prices.input
    answered = remote.letters / LETTERS_PER_TOKEN * by.prices.output
    return Forecast(total, total * (asked + answered) * PER_MILLION)


def _another(sample: Sample, compares: bool) -> Sample | None:  # noqa: FBT001 - a property of a scorer
    """Return an answer as long as a sample to compare it with; about the same one nothing is asked."""
    return replace(sample, output=f"{sample.output} ") if compares else None
