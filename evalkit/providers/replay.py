"""Recorded outputs are played back: a file of JSON lines, or the samples of an earlier run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Arm, Json, Sample, Snapshot
from evalkit.core.ports import ProviderPlugin, Surroundings
from evalkit.core.records import RecordError, sample_of
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.files.text import file_name, numbered_lines

RUN_SAMPLES = "samples.jsonl"
MANY_PROBLEMS = 1000
"""After so many problems the file is of another kind than its name says: reading stops."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Where recorded outputs lie.

    Attributes:
        path: a file of recorded outputs (``.jsonl``, ``.gz``), or the folder of an earlier run.
        arm: which arm of an earlier run to play back, ``baseline`` or ``candidate``.
    """

    path: Path
    arm: Arm | None = None


class _WhichArmError(RecordError):
    """The file holds two arms and nobody said which one to play back."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The records of one file, as the samples of one arm."""

    arm: Arm
    options: ReplayOptions
    expected_model: str | None = None

    @property
    def source(self) -> str:
        """The file that is played back."""
        return file_name(self._path)

    @property
    def there(self) -> bool:
        """Whether the file has been recorded yet."""
        return self._path.exists()

    @property
    def _path(self) -> Path:
        path = self.options.path
        return path / RUN_SAMPLES if (path / RUN_SAMPLES).is_file() else path

    def samples(self) -> Iterator[tuple[Sample, Place]]:
        """Yield every recorded sample with its place; see ``core.ports.Recording``."""
        file = self.source
        problems: list[Problem] = []
        served: set[str] = set()
        for line in numbered_lines(self._path):
            try:
                sample = self._sample(parse_json(line.text))
            except JsonTextError as error:
                problems.append(Problem(Place(file, line.number, error.offset + 1), str(error)))
            except _WhichArmError as error:
                problems.append(Problem(Place(file, line.number), str(error)))
                break  # it would be said of every line
            except RecordError as error:
                problems.append(Problem(Place(file, line.number), str(error)))
            else:
                if sample is not None:
                    problems += self._strangers(sample, served, Place(file, line.number))
                    yield sample, Place(file, line.number)
            if len(problems) > MANY_PROBLEMS:
                break
        if not problems and self.expected_model is not None and not served:
            message = "no record names the model that answered, to be held against expected_model"
            problems.append(Problem(Place(file), message))
        if problems:
            raise SpecError(problems)

    def _strangers(self, sample: Sample, served: set[str], place: Place) -> Iterator[Problem]:
        """Yield a problem for each model that is seen for the first time and is not expected."""
        if sample.model is None or sample.model in served:
            return
        served.add(sample.model)
        if self.expected_model not in {None, sample.model}:
            message = f"expected_model is {self.expected_model!r}, and {sample.model!r} answered"
            yield Problem(place, message)

    def _sample(self, data: Json) -> Sample | None:
        """Return the sample of one record, or ``None`` for a record of the other arm."""
        recorded = data.get("arm") if isinstance(data, dict) else None
        if recorded is not None:
            if recorded not in tuple(Arm):
                raise RecordError(f"expected arm to be baseline or candidate, found {recorded!r}")
            if self.options.arm is None:
                raise _WhichArmError("the file holds the arms of a run; say which with arm:")
            if recorded != self.options.arm:
                return None
        return sample_of(data, self.arm)


def _open(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Replay:
    del surroundings  # what is recorded needs nothing more
    return Replay(arm, cast("ReplayOptions", snapshot.options), snapshot.expected_model)


replay = ProviderPlugin("replay", ReplayOptions, _open, doc=__doc__, recorded=True)
