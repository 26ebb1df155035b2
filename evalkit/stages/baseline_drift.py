"""What sentinels saw of a recorded baseline is added up here, run after run.

One run asks too few cases anew to see anything. Its differences, fresh − recorded, are a line of JSON
a metric in a file that is only ever appended to, under a key of everything that decides them; a bound
is then judged by those of all runs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from evalkit.core.digest import SetDigest, chance_of, digest
from evalkit.core.envelope import Bound, Instrument
from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Arm, Json, Sample, ScoredSample, Snapshot
from evalkit.core.ports import ScorerPlugin
from evalkit.core.records import record_of
from evalkit.core.verdict import BaselineDrift
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.files.text import file_name, numbered_lines
from evalkit.files.writing import TAKE_OUT, LineLog
from evalkit.stats.baseline_drift import moved_after
from evalkit.stats.evidence import Exhibit, case_means


@dataclass(frozen=True, slots=True)
class Seen:
    """What the sentinel of one run saw of one metric: fresh − recorded, by case, as they were asked."""

    key: str
    run: str
    metric: str
    differences: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DriftLog:
    """What sentinels saw, in one file."""

    path: Path

    def of(self, keys: Collection[str]) -> list[Seen]:
        """Return what was seen under some keys, in the order it came; a run that is there twice, once.

        Raises:
            SpecError: a line of the file is none.
        """
        found: dict[tuple[str, str], Seen] = {}
        for seen in self._lines():
            if seen.key in keys:
                found[seen.key, seen.run] = seen
        return list(found.values())

    def add(self, seen: Iterable[Seen]) -> None:
        """Write down what a run saw, behind all others."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with LineLog(self.path) as log:
            for item in seen:
                log.append(
                    {
                        "key": item.key,
                        "run": item.run,
                        "metric": item.metric,
                        "differences": dict(item.differences),
                    }
                )

    def _lines(self) -> Iterator[Seen]:
        if not self.path.exists():
            return
        problems = []
        for line in numbered_lines(self.path):
            try:
                yield _seen(parse_json(line.text))
            except (JsonTextError, ValueError) as error:
                place = Place(file_name(self.path), line.number)
                problems.append(
                    Problem(place, f"is no line of what sentinels saw: {error}; {TAKE_OUT}")
                )
        if problems:
            raise SpecError(problems)


def _seen(data: Json) -> Seen:
    match data:
        case {"key": str(key), "run": str(run), "metric": str(metric), "differences": dict(found)}:
            numbers = {
                case: float(value)
                for case, value in found.items()
                if isinstance(value, (int, float)) and not isinstance(value, bool)
            }
            if len(numbers) == len(found):
                return Seen(key, run, metric, numbers)
    raise ValueError("expected key, run, metric and differences")


@dataclass(slots=True)
class Recorded:
    """The digest of what was recorded of the baseline, taken as it passes; its order does not matter."""

    _content: SetDigest = field(default_factory=SetDigest)

    def see(self, sample: Sample) -> None:
        """Take a sample into it, if it is the baseline's."""
        if sample.arm is Arm.BASELINE:
            self._content.add(record_of(sample))

    def key(self, sentinel: Snapshot, instrument: Instrument, value: str, scorer: str) -> str:
        """Return the key of what is seen of one value of an instrument.

        Args:
            sentinel: who is asked; what it costs and how fast it is asked says nothing about it.
            instrument: what reads the answers.
            value: which of its values.
            scorer: the name and version of its scorer.
        """
        who = replace(sentinel, prices=None, concurrency=1, timeout=1.0)
        how = [scorer, instrument.options[Arm.BASELINE], value]
        return digest({"recorded": self._content.hex(), "asked": who, "read": how})


def differences(
    fresh: Iterable[ScoredSample],
    exhibits: Sequence[Exhibit],
    scorer: ScorerPlugin,
    column: tuple[str, str],
    run: str,
) -> dict[str, float]:
    """Return fresh − recorded of one value, by case, in an order that chance chose beforehand.

    Args:
        fresh: what the sentinel was answered, scored.
        exhibits: the evidence of the bounds on this value: what was recorded of their cases.
        scorer: who read the answers.
        column: the instrument, and which of its values.
        run: the name of the run, by which its cases were chosen.
    """
    recorded: dict[str, float] = {}
    for exhibit in exhibits:
        means = case_means(exhibit.evidence, Arm.BASELINE, (0.0, 0.0))
        there = zip(exhibit.case_ids, means.seen.tolist(), means.known.tolist(), strict=True)
        recorded |= {case_id: mean for case_id, mean, known in there if known}
    instrument, name = column
    place = [value.name for value in scorer.values].index(name)
    found = {}
    for item in fresh:
        score, case_id = item.scores.get(instrument), item.sample.case_id
        value = score.values[place] if score else None
        if isinstance(value, float) and math.isfinite(value) and case_id in recorded:
            found[case_id] = value - recorded[case_id]
    return dict(sorted(found.items(), key=lambda item: chance_of(run, item[0])))


def drift(bound: Bound, exhibit: Exhibit, seen: Sequence[Seen]) -> BaselineDrift | None:
    """Return how far the baseline of a bound has moved; nothing where no case of it was asked anew.

    Args:
        bound: a bound that is watched.
        exhibit: its evidence, for the cases that it speaks about.
        seen: what was seen of its metric, run after run.
    """
    inside = frozenset(exhibit.case_ids)
    runs = [
        [value for case_id, value in each.differences.items() if case_id in inside] for each in seen
    ]
    values = np.array([value for run in runs for value in run], np.float64)
    if not values.size:
        return None
    return BaselineDrift(
        cases=values.size,
        runs=sum(map(bool, runs)),
        value=math.fsum(values) / values.size,
        stale=moved_after(values, bound.metric.support, bound.limit) is not None,
    )
