"""Every file an envelope names is read and checked; nothing is run, nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.core.envelope import Envelope
from evalkit.core.errors import Problem, SpecError
from evalkit.core.model import Arm
from evalkit.core.ports import Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.core.secrets import MissingSecretError
from evalkit.flows.comparable import Comparable
from evalkit.flows.inputs import asked_cases, recordings
from evalkit.flows.mirror.loading import loaded_mirror, unset
from evalkit.spec.document import read_document
from evalkit.spec.envelope import load_envelope
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import GoldenSource
from evalkit.stages.collect import collect

DOCUMENTS = {".yaml", ".yml", ".json"}
"""Files that may hold an envelope (a mapping) or a golden set (a list)."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sound file holds.

    ``unchecked`` names scorers in files, which are never run here; ``unset`` says which secrets of
    live arms are not in the environment; ``mirror`` is the mode of one.
    """

    path: str
    cases: int
    bounds: int = 0
    samples: int = 0
    unchecked: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    mirror: str | None = None


def validate(path: Path, environment: Mapping[str, str]) -> Checked:
    """Check an envelope with everything it names, the file of a mirror, or a golden set on its own.

    Args:
        path: the file.
        environment: where the secrets of live arms are looked for.

    Raises:
        SpecError: with every problem of every file.
    """
    data = read_document(path).data if path.suffix in DOCUMENTS else None
    if isinstance(data, dict):
        return _mirror(path, environment) if "listen" in data else _envelope(path, environment)
    reader = GoldenSetReader([GoldenSource(path=str(path))])
    cases = sum(1 for _ in reader.cases())
    if reader.problems:
        raise SpecError(reader.problems)
    return Checked(str(path), cases)


def _mirror(path: Path, environment: Mapping[str, str]) -> Checked:
    plan = loaded_mirror(path)
    return Checked(str(path), 0, mirror=plan.mode.value, unset=tuple(unset(plan, environment)))


def _envelope(path: Path, environment: Mapping[str, str]) -> Checked:
    loaded = load_envelope(path)
    problems: list[Problem] = []
    comparable, asked = Comparable.of(loaded, problems), set[str]()
    for case in asked_cases(loaded, problems):
        asked.add(case.id)
        comparable.see(case)
    comparable.finish()
    samples = 0
    try:
        for _ in collect(recordings(loaded.envelope), asked, strict=not problems):
            samples += 1
    except SpecError as error:
        problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    bounds = len(loaded.envelope.bounds)
    unset = tuple(_unset(loaded.envelope, Surroundings(environment)))
    return Checked(str(path), len(asked), bounds, samples, loaded.unchecked, unset)


def _unset(envelope: Envelope, surroundings: Surroundings) -> Iterator[str]:
    """Yield what live arms miss in the environment; nobody is asked, and no code is run."""
    for arm, snapshot in sorted(envelope.asked.items()):
        plugin = PROVIDERS.get(snapshot.provider)
        if not plugin.runs_code:
            try:
                plugin.open(arm, snapshot, surroundings)
            except MissingSecretError as error:
                name = arm.value if arm in envelope.live else "sentinel"
                yield f"{name}: {error}"
    for name, by in envelope.consulted.items():
        plugin = PROVIDERS.get(by.provider)
        if not plugin.runs_code:
            try:
                plugin.open(Arm.CANDIDATE, by, surroundings)
            except MissingSecretError as error:
                yield f"{name}: {str(error).removeprefix(f'{Arm.CANDIDATE}.')}"
