"""``--map field=path`` says where in a record of a log a field stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from evalkit.core.errors import UsageError, suggestion
from evalkit.core.model import Json
from evalkit.core.records import RECORD_KEYS
from evalkit.core.traffic import FOREIGN, LogRecord

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

FIELDS = tuple(sorted({*RECORD_KEYS, *FOREIGN}))
"""What a path may fill; ``metadata.NAME`` fills one key of the metadata."""

METADATA = "metadata."
_KEYS = re.compile(r'(?:[A-Za-z_][\w-]*|"[^"\\]+")(?:\.(?:[A-Za-z_][\w-]*|"[^"\\]+"))*')
_KEY = re.compile(r'"([^"\\]+)"|([^."]+)')


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the record itself."""

    name: str

    def __call__(self, data: Json) -> Json:
        """Return what stands there, or ``None``."""
        return data.get(self.name) if isinstance(data, dict) else None


@dataclass(frozen=True, slots=True)
class Nothing:
    """No place at all: the field is absent, whatever stands under its own name."""

    def __call__(self, data: Json) -> Json:
        """Return ``None``."""
        found: Json = None
        del data
        return found


@dataclass(frozen=True, slots=True)
class Keys:
    """One key behind the other."""

    names: tuple[str, ...]

    def __call__(self, data: Json) -> Json:
        """Return what stands there, or ``None``."""
        for name in self.names:
            if not isinstance(data, dict):
                return None
            data = data.get(name)
        return data


@dataclass(frozen=True, slots=True)
class Expression:
    """A JMESPath expression."""

    parsed: ParsedResult

    def __call__(self, data: Json) -> Json:
        """Return what stands there, or ``None``."""
        from jmespath.exceptions import JMESPathError

        try:
            return cast("Json", self.parsed.search(data))
        except JMESPathError:  # a function of it does not take what stands here
            return None


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where the fields of a logged request stand in a record; it can be sent to another process."""

    paths: Mapping[str, Callable[[Json], Json]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.paths)

    @property
    def sought(self) -> tuple[str, ...]:
        """The fields that should stand somewhere: a path that finds none of them has a mistake."""
        return tuple(name for name, path in self.paths.items() if not isinstance(path, Nothing))

    def over(self, record: LogRecord) -> dict[str, Json]:
        """Return the fields of a record, with those that the map names taken from where it says."""
        found = dict(record.fields)
        for name, path in self.paths.items():
            value = path(record.source)
            if not name.startswith(METADATA):
                found[name] = value
            elif value is not None:
                before = found.get("metadata")
                known = before if isinstance(before, dict) else {}
                found["metadata"] = {**known, name.removeprefix(METADATA): value}
        return found


NO_MAP = FieldMap()


def field_map(pairs: Iterable[str], *, metrics: Collection[str] = ()) -> FieldMap:
    """Return the map of some pairs ``field=path``.

    A path is a key, keys with dots between them (``usage.total``, ``labels."app.version"``), or any
    JMESPath expression; without a path the field is absent. The values of ``metrics`` may be logged
    as well, and stand somewhere.

    Raises:
        UsageError: a pair is none, its field is unknown, or its path is no expression.

    >>> field_map(["id=request.id"]).over(LogRecord({}, {"request": {"id": "r1"}}))
    {'id': 'r1'}
    """
    paths: dict[str, Callable[[Json], Json]] = {}
    for pair in pairs:
        name, equals, path = (part.strip() for part in pair.partition("="))
        if not equals:
            raise UsageError(f"--map {pair}: expected field=path, such as latency_ms=timing.total")
        known = name in FIELDS or name in metrics
        if not known and not (name.startswith(METADATA) and len(name) > len(METADATA)):
            hint = suggestion(name, [*FIELDS, *metrics])
            raise UsageError(
                f"--map {pair}: no field is called {name!r}{hint} (known: {', '.join(FIELDS)}, "
                "metadata.NAME)"
            )
        if name in paths:
            raise UsageError(f"--map {pair}: {name} stands twice")
        paths[name] = _path(path, pair) if path else Nothing()
    return FieldMap(paths)


def _path(path: str, pair: str) -> Callable[[Json], Json]:
    if _KEYS.fullmatch(path):
        names = tuple(quoted or bare for quoted, bare in _KEY.findall(path))
        return Key(names[0]) if len(names) == 1 else Keys(names)
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return Expression(cast("Any", jmespath.compile(path)))
    except JMESPathError as error:
        said = str(error).splitlines()[0]
        raise UsageError(f"--map {pair}: {path!r} is no path: {said}") from None
