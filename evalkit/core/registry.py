"""Plug-ins are found here: built-ins by looking in their room, strangers by entry point.

No list is kept anywhere. A room is a package such as ``evalkit.scorers``; every module in it may
hold declarations, and the module of a built-in bears the plug-in's name, so that asking for one
imports one. The entry-point group of strangers has the same name as the room. A scorer may also
be named by the path of a Python file.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from evalkit.core.errors import PluginError, UsageError, suggestion
from evalkit.core.model import Json
from evalkit.core.ports import (
    Accuracy,
    Across,
    Example,
    NoOptions,
    ProviderPlugin,
    ReaderPlugin,
    Remote,
    ScoreFunction,
    ScorerPlugin,
    Value,
    nothing_published,
)
from evalkit.core.traffic import LogExample, LogRecord

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Plugin(Protocol):
    """What every declaration has in common."""

    @property
    def name(self) -> str:
        """The word that asks for it."""
        ...


P = TypeVar("P", bound=Plugin)


class Registry(Generic[P]):
    """The plug-ins of one room.

    ``files`` says that a plug-in may be asked for by the path of a Python file, which is then run:
    whoever asks has made sure that it may. ``group`` is the entry-point group of strangers where it
    does not bear the name of the room.
    """

    def __init__(
        self, room: str, kind: type[P], *, files: bool = False, group: str | None = None
    ) -> None:
        self._room = f"evalkit.{room}"
        self._group = f"evalkit.{group or room}"
        self._kind = kind
        self._noun = (group or room).removesuffix("s")
        self._files = files

    def get(self, name: str) -> P:
        """Return the plug-in of this name, importing as little as possible.

        Raises:
            UsageError: no plug-in has this name.
            PluginError: one has, and it cannot be loaded; the cause is in the message.
        """
        if self._files and name.endswith(".py"):
            return self._only_one_in(Path(name))
        module = name.replace("-", "_")
        if module in self._module_names():
            found = self._declared_in(importlib.import_module(f"{self._room}.{module}"))
            if name in found:
                return found[name]
        built_in = self._built_in()
        if name in built_in:
            return built_in[name]
        if name in self._strangers():
            return self._load_stranger(name)
        known = self.names()
        raise UsageError(
            f"unknown {self._noun} {name!r}{suggestion(name, known)} (known: {', '.join(known)})"
        )

    def names(self) -> tuple[str, ...]:
        """Return every name that can be asked for, sorted."""
        return tuple(sorted({*self._built_in(), *self._strangers()}))

    def built_in(self) -> Mapping[str, P]:
        """Return the plug-ins that evalkit ships, by name."""
        return dict(sorted(self._built_in().items()))

    # ------------------------------------------------------------ looking

    def _module_names(self) -> tuple[str, ...]:
        room = importlib.import_module(self._room)
        return tuple(module.name for module in pkgutil.iter_modules(room.__path__))

    def _declared_in(self, module: ModuleType) -> dict[str, P]:
        return {item.name: item for item in vars(module).values() if isinstance(item, self._kind)}

    @cache  # noqa: B019 - registries live as long as the process
    def _built_in(self) -> dict[str, P]:
        found: dict[str, P] = {}
        for name in self._module_names():
            found |= self._declared_in(importlib.import_module(f"{self._room}.{name}"))
        return found

    @cache  # noqa: B019
    def _strangers(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points

        return {entry.name: entry for entry in entry_points(group=self._group)}

    def _load_stranger(self, name: str) -> P:
        entry = self._strangers()[name]
        try:
            found = entry.load()
        except _FAILURES as cause:
            raise PluginError(
                f"{self._noun} {name!r} of {entry.value} could not be loaded: {_said(cause)}"
            ) from cause
        if not isinstance(found, self._kind):
            raise PluginError(
                f"{self._noun} {name!r}: {entry.value} is a {type(found).__name__}, "
                f"expected a {self._kind.__name__}"
            )
        return found

    def _only_one_in(self, path: Path) -> P:
        found = list(self._declared_in(_module_of(path)).values())
        if len(found) != 1:
            names = ", ".join(item.name for item in found) or "none"
            raise PluginError(f"{path}: expected one {self._noun} in the file, found {names}")
        return found[0]


@cache
def _module_of(path: Path) -> ModuleType:
    name = f"evalkit_custom_{path.stem}_{sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise PluginError(f"{path}: expected a Python file, found none")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except _FAILURES as cause:
        del sys.modules[name]
        raise PluginError(f"{path} could not be loaded: {_said(cause)}") from cause
    return module


def _said(cause: BaseException) -> str:
    return f"{type(cause).__name__}: {cause}"


_FAILURES = (Exception, SystemExit)
"""What a stranger's code may raise: a script that ends with exit(0) must not end a gate with it."""


SCORERS = Registry("scorers", ScorerPlugin, files=True)
PROVIDERS = Registry("providers", ProviderPlugin)
READERS = Registry("readers", ReaderPlugin)


# ---------------------------------------------------------------- declaring


def scorer(
    name: str,
    *,
    values: Sequence[Value],
    version: int = 1,
    options: Any = NoOptions,
    needs_reference: bool = False,
    reads_output: bool = True,
    reads_errors: bool = False,
    from_snapshot: Mapping[str, str] | None = None,
    from_candidate: Mapping[str, str] | None = None,
    examples: Sequence[Example] = (),
    accuracy: Callable[[], Sequence[Accuracy]] = nothing_published,
    remote: Remote | None = None,
    shaped: Callable[[Any], Sequence[Value]] | None = None,
    across: Across | None = None,
) -> Callable[[ScoreFunction], ScorerPlugin]:
    """Declare a function as a scorer.

    The function takes a case and a sample, and its options where it declares some. It returns a
    number, a truth value, a category, ``Unscored(reason)``, or a ``Score`` of several values::

        @scorer("mentions_refund", values=[Value("mentioned", Kind.RATE)])
        def mentions_refund(case, sample):
            return "refund" in sample.output.lower()

    Where a scorer asks somebody, ``remote`` says what; its function takes the answers, a sample each,
    behind its options. Where it looks at the answers of all cases, ``across`` says how; its function
    takes the signatures for which the others matter, last of all.

    Raises:
        ValueError: the declaration names no value, a value twice, or options that are no dataclass.
    """
    named = [value.name for value in values]
    if not named or len(set(named)) < len(named):
        raise ValueError(f"scorer {name!r}: expected values with names of their own, found {named}")
    if not (isinstance(options, type) and is_dataclass(options)):
        raise ValueError(f"scorer {name!r}: expected a dataclass as options, found {options!r}")

    def declare(function: ScoreFunction) -> ScorerPlugin:
        return ScorerPlugin(
            name=name,
            version=version,
            values=tuple(values),
            function=function,
            options=options,
            needs_reference=needs_reference,
            reads_output=reads_output,
            reads_errors=reads_errors,
            from_snapshot=from_snapshot or {},
            from_candidate=from_candidate or {},
            examples=tuple(examples),
            doc=function.__doc__ or "",
            accuracy=accuracy,
            remote=remote,
            shaped=shaped,
            across=across,
        )

    return declare


class _Alone:
    """A reader of records that each stand for themselves."""

    def __init__(self, function: Callable[[Json], Iterable[LogRecord]]) -> None:
        self._function = function

    def __call__(self, data: Json) -> Iterable[LogRecord]:
        return self._function(data)

    def rest(self) -> Iterable[LogRecord]:
        """Return nothing: no record waited for another."""
        return ()


def reader(
    name: str,
    *,
    recognises: Callable[[Json], bool],
    members: str | None = None,
    examples: Sequence[LogExample] = (),
) -> Callable[[Any], ReaderPlugin]:
    """Declare a function, or a class, as the reader of a format of logs.

    A function takes one record and yields a ``LogRecord`` for each request in it::

        @reader("acme", recognises=lambda data: isinstance(data, dict) and "acme_id" in data)
        def acme(data):
            yield LogRecord({"id": data["acme_id"], "output": data["text"]}, data)

    Where a request is spread over several records, a class with ``__call__`` and ``rest`` is made
    anew for each log; see ``core.ports.RecordReader``.
    """

    def declare(made: Any) -> ReaderPlugin:
        alone = not isinstance(made, type)
        return ReaderPlugin(
            name=name,
            open=(lambda: _Alone(made)) if alone else made,
            recognises=recognises,
            alone=alone,
            members=members,
            examples=tuple(examples),
            doc=made.__doc__ or "",
        )

    return declare
