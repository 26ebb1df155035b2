"""The word behind ``metric:`` becomes an instrument and the value that is read off it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, replace
from pathlib import Path

from evalkit.core.calibration import Calibration
from evalkit.core.envelope import Instrument, Kind, Metric, Support
from evalkit.core.errors import UserError, suggestion
from evalkit.core.model import Arm, Json, Snapshot
from evalkit.core.ports import ScorerPlugin, Value
from evalkit.core.registry import SCORERS
from evalkit.spec.calibrations import calibration_of
from evalkit.spec.consulted import BY, consulted
from evalkit.spec.document import Trail
from evalkit.spec.grammar import MetricFile
from evalkit.spec.options import options_of
from evalkit.spec.problems import Problems

KEEPS_TO_SCHEMA = "schema_valid"
"""The scorer that is asked wherever answers have a schema, whether a bound names it or not."""


class Metrics:
    """The metrics of one envelope, built as bounds ask for them.

    Scorers in files run only from below ``code_root``, and not at all where that is ``None``.
    """

    def __init__(
        self,
        files: Mapping[str, MetricFile],
        snapshots: Mapping[Arm, Snapshot],
        problems: Problems,
        *,
        code_root: Path | None,
    ) -> None:
        self._code_root = code_root
        self._files = files
        self._snapshots = snapshots
        self._problems = problems
        self._instruments: dict[str, Instrument | None] = {}
        self._plugins: dict[str, ScorerPlugin] = {}
        self._calibrations: dict[str, Calibration] = {}
        self._unchecked: list[str] = []

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments that have been asked for so far, by name."""
        return tuple(item for _, item in sorted(self._instruments.items()) if item is not None)

    def value(self, metric: Metric) -> Value:
        """Return the declaration of a metric's value."""
        values = {value.name: value for value in self._plugins[metric.instrument].values}
        return values[metric.value]

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The scorers in files that were not run, so that their bounds were not checked."""
        return tuple(self._unchecked)

    @property
    def plugins(self) -> Mapping[str, ScorerPlugin]:
        """The scorers behind the instruments, by the instrument's name."""
        return self._plugins

    def unbound(self, used: set[str]) -> tuple[Metric, ...]:
        """Return the first value of every instrument that no bound uses."""
        names = [name for name in self._files if name not in used]
        found = [self.named(name, ("metrics", name)) for name in names]
        return tuple(metric for metric in found if metric is not None)

    def check_calibrations(self, used: Iterable[Metric]) -> None:
        """Note labels that correct nothing, because no bound is on the value they are about."""
        values = {(metric.instrument, metric.value) for metric in used}
        for head, found in self._calibrations.items():
            if (head, found.value) not in values:
                names = [value for name, value in sorted(values) if name == head]
                self._problems.add(
                    ("metrics", head, "calibration", "value"),
                    f"the labels are about {head}.{found.value}, and what is used is "
                    f"{', '.join(f'{head}.{name}' for name in names)}: they would correct nothing",
                )

    def of_contract(self) -> tuple[Metric, ...]:
        """Return whether answers keep to the response schema, unless the envelope measures it itself."""
        measured = {item.scorer for item in self.instruments} | self._files.keys()
        given = self._snapshots[Arm.CANDIDATE].response_schema
        # Where anything is wrong, it may be the schema: nobody has to be told twice.
        if given is None or KEEPS_TO_SCHEMA in measured or self._problems.found:
            return ()
        found = self.named(KEEPS_TO_SCHEMA, (Arm.CANDIDATE.value, "response_schema"))
        return () if found is None else (found,)

    def named(self, name: str, trail: Trail) -> Metric | None:
        """Return the metric of this name, or ``None`` after noting why there is none."""
        head, dot, value_name = name.partition(".")
        if head not in self._instruments:
            self._instruments[head] = self._instrument(head, trail)
        if head not in self._plugins:
            return None
        plugin = self._plugins[head]
        values = {value.name: value for value in plugin.values}
        if dot and value_name not in values:
            known = [f"{head}.{known}" for known in values]
            hint = suggestion(name, known)
            self._problems.add(trail, f"unknown metric {name!r}{hint} (known: {', '.join(known)})")
            return None
        return self._metric(name, head, values[value_name] if dot else plugin.values[0])

    def ranged(self, metric: Metric, support: Support, trail: Trail) -> Metric | None:
        """Return a metric with a declared range, or ``None`` after noting why it has another."""
        kind, natural = metric.kind, self.value(metric).natural_support
        wider = support.lower < natural.lower or support.upper > natural.upper
        if (kind is Kind.RATE and support != natural) or (kind is Kind.SCORE and wider):
            self._problems.add(
                trail,
                f"{metric.name} is a {kind} between {natural.lower:g} and {natural.upper:g}; "
                f"its range cannot be [{support.lower:g}, {support.upper:g}]",
            )
            return None
        return replace(metric, support=support, range_declared=True)

    # ------------------------------------------------------------ parts

    def _metric(self, name: str, head: str, value: Value) -> Metric | None:
        metric = Metric(
            name=name,
            instrument=head,
            value=value.name,
            kind=value.kind,
            support=value.natural_support,
            unit=value.unit,
            labels=value.labels,
            fallback=value.fallback,
            range_declared=value.natural_support.bounded,
            calibration=self._calibration(head, value),
            of_asking=value.of_asking,
        )
        file = self._files.get(head)
        if file is None or file.range is None:
            return metric
        return self.ranged(metric, Support(*file.range), ("metrics", head, "range"))

    def _calibration(self, head: str, value: Value) -> Calibration | None:
        """Return the labels that correct a value; they are those of one value of an instrument."""
        found = self._calibrations.get(head)
        return found if found is not None and found.value == value.name else None

    def _instrument(self, head: str, trail: Trail) -> Instrument | None:
        plugin = self._loaded(head, trail)
        if plugin is None:
            return None
        self._plugins[head] = plugin
        file = self._files.get(head)
        inside: Trail = ("metrics", head) if file else trail
        given: dict[str, Json] = dict(file.model_extra or {}) if file else {}
        asked = given.pop(BY, None) if plugin.remote is not None else None
        unfilled = self._unfilled(plugin)
        for option, source in unfilled.items():
            self._problems.add(
                trail, f"{head} needs {source} on the candidate ({option} of {plugin.id})"
            )
        if unfilled:
            return None
        options = {
            arm: options_of(
                plugin.options, given, self._filled(plugin, arm), self._problems, inside
            )
            for arm in self._snapshots
        }
        ready = {arm: option for arm, option in options.items() if option is not None}
        if len(ready) < len(options):
            return None
        own = ready[Arm.CANDIDATE]
        shaped = self._plugins[head] = plugin.under(own)
        if file is not None and isinstance(file.calibration, dict):
            where: Trail = (*inside, "calibration")
            extra = file.model_extra or {}
            told = calibration_of(file.calibration, shaped, extra, self._problems, where)
            if told is not None:
                self._calibrations[head] = told
        by = None
        if plugin.remote is not None:
            if plugin.remote.compares and Arm.BASELINE not in self._snapshots:
                self._problems.add(trail, f"{head} compares with a baseline; add baseline:")
                return None
            by = consulted(plugin, asked, own, self._problems, (*inside, BY))
            if by is None:
                return None
        return Instrument(head, file.scorer if file else head, ready, by)

    def _loaded(self, head: str, trail: Trail) -> ScorerPlugin | None:
        file = self._files.get(head)
        try:
            if file and file.scorer.endswith(".py"):
                return self._from_file(Path(file.scorer), ("metrics", head, "scorer"))
            return SCORERS.get(file.scorer if file else head)
        except UserError as error:
            if file:
                self._problems.add(("metrics", head, "scorer"), str(error))
            else:
                known = tuple(dict.fromkeys((*self._files, *SCORERS.names())))
                hint = suggestion(head, known)
                self._problems.add(
                    trail, f"unknown metric {head!r}{hint} (known: {', '.join(known)})"
                )
            return None

    def _from_file(self, path: Path, trail: Trail) -> ScorerPlugin | None:
        if not path.is_file():
            self._problems.add(trail, f"{path}: no such file")
            return None
        if self._code_root is None:
            self._unchecked.append(str(path))
            return None
        if not path.is_relative_to(self._code_root):
            self._problems.add(
                trail, f"{path} lies outside {self._code_root}; code runs only from the repository"
            )
            return None
        return SCORERS.get(str(path))

    def _filled(self, plugin: ScorerPlugin, arm: Arm) -> dict[str, object]:
        own, contract = self._snapshots[arm], self._snapshots[Arm.CANDIDATE]
        return {
            **{option: getattr(own, name) for option, name in plugin.from_snapshot.items()},
            **{option: getattr(contract, name) for option, name in plugin.from_candidate.items()},
        }

    def _unfilled(self, plugin: ScorerPlugin) -> dict[str, str]:
        required = {field.name for field in fields(plugin.options) if _has_no_default(field)}
        filled = self._filled(plugin, Arm.CANDIDATE)
        sources = {**plugin.from_snapshot, **plugin.from_candidate}
        return {
            option: source
            for option, source in sources.items()
            if option in required and filled[option] is None
        }


def _has_no_default(field: Field[object]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
