"""Logs without texts: their numbers are measured as they stand, and who measured them is told.

One rule for a whole log, found out before it is read. Where any of the records that are looked at has
a text, everything is scored anew and what the log says about a metric is not looked at. Where none has,
what stands under the name of a metric is taken as logged; what stands nowhere is not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from evalkit.core.envelope import Envelope, Kind, Metric
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm, Json
from evalkit.core.ports import ScorerPlugin
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.flows.shadow.parts import Parts, holds_lines
from evalkit.flows.shadow.plan import Measurable, measure_of, metrics_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.traffic import FieldMap
from evalkit.spec.traffic.mapping import Key, Keys, Nothing
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.log_rows import FAILED, value_of
from evalkit.wire.log_columns import column_kinds
from evalkit.wire.log_lines import line_chunks, numbered

PLAIN = "plain"
OUTPUT, ERROR, REFUSAL = "output", "error", "refusal"
FIELDS = {
    "latency_ms": "latency_ms",
    "ttft_ms": "ttft_ms",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cost_usd": "cost_usd",
    "error_rate": ERROR,
}
"""Scorers that read a field of the record and no text, and that field."""

LOOKED_AT = 2000
"""So many records of all files together say whether there are texts, but some of each."""
LEAST_LOOKED_AT = 20
LOOKED_AT_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which columns are measured as they stand, and what can be measured of them."""

    columns: Columns
    of: Measurable


def numbers_of(
    loaded: LoadedEnvelope,
    of: Measurable,
    parts: Parts,
    *,
    mapped: FieldMap,
    arms: Mapping[str, Arm],
) -> Numbers | None:
    """Return where the numbers of logs without texts stand; nothing of logs with texts.

    Args:
        loaded: the envelope.
        of: what of it can be read off texts.
        parts: the parts of the logs; their numbers stand alone in JSON lines and in Parquet only.
        mapped: where fields, and the values of metrics, stand under other names.
        arms: whose answers a label marks.

    Raises:
        SpecError: a file cannot be read.
    """
    readable = all(part.kind is PartKind.ROWS or holds_lines(part.path) for part in parts.parts)
    places = _Places(mapped)
    if parts.reader != PLAIN or not parts.parts or not readable or not places.plain:
        return None
    looks = _Looks(places, _candidates(loaded, places))
    looks.at(parts.parts)
    if looks.texts or not (looks.whole or looks.numbers):
        return None
    return _taken(loaded, of, looks, arms)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where fields stand in a record."""

    mapped: FieldMap

    @property
    def plain(self) -> bool:
        """Whether every mapped field stands under a name, and none has to be searched for."""
        kinds = (Key, Keys, Nothing)
        found = self.mapped.paths.values()
        return all(isinstance(path, kinds) for path in found) and not any(
            "." in name for path in found if isinstance(path, Keys) for name in path.names
        )

    def of(self, name: str) -> str | None:
        """Return under which name a field stands; nothing where it is absent on purpose."""
        match self.mapped.paths.get(name):
            case None:
                return name
            case Key(found):
                return found
            case Keys(names):
                return ".".join(names)
        return None

    def said(self, name: str) -> bool:
        """Return whether somebody said where a field stands."""
        return name in self.mapped.sought


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A metric, where its values would stand, and whether somebody else would have measured them."""

    metric: Metric
    column: str
    as_logged: bool


def _candidates(loaded: LoadedEnvelope, places: _Places) -> list[_Candidate]:
    found = []
    for metric in metrics_of(loaded.envelope):
        plugin = loaded.plugins[metric.instrument]
        if metric.kind is Kind.CATEGORY or plugin.across is not None:
            continue
        own = _field_of(metric, plugin, loaded.envelope)
        column = places.of(own or metric.name)
        if column is not None:
            found.append(_Candidate(metric, column, as_logged=own is None))
    return found


def _field_of(metric: Metric, plugin: ScorerPlugin, envelope: Envelope) -> str | None:
    """Return the field that a scorer reads and nothing but that."""
    priced = plugin.name == "cost_usd" and any(
        snapshot is not None and snapshot.prices is not None
        for snapshot in (envelope.baseline, envelope.candidate)
    )
    return None if priced or metric.value != plugin.values[0].name else FIELDS.get(plugin.name)


# ---------------------------------------------------------------- what logs hold


@dataclass(slots=True)
class _Looks:
    """What is seen of logs before they are read.

    ``whole`` says that every column of every file is known: then what is not there is nowhere.
    """

    places: _Places
    candidates: list[_Candidate]
    columns: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    texts: bool = False
    whole: bool = True

    def at(self, parts: Iterable[LogPart]) -> None:
        """Look at the beginning of every file."""
        firsts = {part.path: part for part in reversed(list(parts))}
        each = max(LEAST_LOOKED_AT, LOOKED_AT // len(firsts))
        for part in reversed(firsts.values()):
            if part.kind is PartKind.ROWS:
                self._see_columns(column_kinds(part.path))
            else:
                self.whole = False
                self._see_records(_records(part, each))
            if self.texts:
                return

    def _see_columns(self, kinds: Mapping[str, bool]) -> None:
        self.columns |= kinds.keys()
        self.numbers |= {item.column for item in self.candidates if kinds.get(item.column)}
        self.texts = self.places.of(OUTPUT) in kinds

    def _see_records(self, records: Iterator[dict[str, Json]]) -> None:
        output, wanted = self.places.of(OUTPUT), {item.column for item in self.candidates}
        wanted.discard(self.places.of(ERROR) or "")
        for record in records:
            self.texts = output is not None and value_of(record, output) is not None
            self.texts = self.texts or isinstance(value_of(record, REFUSAL), str)
            if self.texts:
                return
            found = {name: value_of(record, name) for name in wanted}
            self.numbers |= {
                name for name, value in found.items() if isinstance(value, (bool, int, float))
            }

    def holds(self, item: _Candidate) -> bool:
        """Return whether the values of a metric are logged; lines name an error only where one is."""
        if item.column != self.places.of(ERROR):
            return item.column in self.numbers
        return not self.whole or item.column in self.columns

    def column(self, name: str) -> str | None:
        """Return where a field stands, if it does."""
        found = self.places.of(name)
        there = not self.whole or found in self.columns or self.places.said(name)
        return found if there else None


def _records(part: LogPart, most: int) -> Iterator[dict[str, Json]]:
    """Yield the first records of a file; what is none is told by whoever reads the whole."""
    for chunk in line_chunks(part, LOOKED_AT_BYTES):
        for _, text in numbered(chunk, part):
            try:
                record = parse_json(text)
            except JsonTextError:
                continue
            if isinstance(record, dict):
                yield record
            most -= 1
            if not most:
                return


# ---------------------------------------------------------------- what is taken


def _taken(
    loaded: LoadedEnvelope, of: Measurable, looks: _Looks, arms: Mapping[str, Arm]
) -> Numbers:
    there = {item.metric.name: item for item in looks.candidates if looks.holds(item)}
    metrics = {name: item.column for name, item in there.items()}
    failed = looks.column(ERROR)
    if failed is not None and failed not in metrics.values():
        metrics[FAILED] = failed
    columns = Columns(
        metrics,
        arm=looks.column("arm"),
        arms=arms,
        time=looks.column("created"),
        request=looks.column("id"),
        user=looks.column("user"),
        failed=failed,
    )
    reasons = {
        metric.name: _nowhere(metric.name, of, looks.places)
        for metric in metrics_of(loaded.envelope)
        if metric.name not in there
    }
    measures = tuple(measure_of(loaded.envelope, item.metric) for item in there.values())
    logged = frozenset(name for name, item in there.items() if item.as_logged)
    return Numbers(columns, Measurable(measures, reasons, {}, logged))


def _nowhere(name: str, of: Measurable, places: _Places) -> str:
    """Return why a metric cannot be measured."""
    field_name = places.of(FIELDS.get(name, name)) or name
    why = of.unmeasurable.get(name)
    return why or f"these logs hold no texts, and no number under {field_name!r}"


def logged_note(of: Measurable) -> str:
    """Return what is to be said of values that evalkit did not read off answers itself."""
    named = sorted(of.as_logged)
    if not named:
        return "These logs hold numbers and no texts."
    return (
        f"These logs hold numbers and no texts. Taken as logged: {', '.join(named)}. No detector of evalkit "
        "read these answers, and how often the logged values are mistaken is not known."
    )
