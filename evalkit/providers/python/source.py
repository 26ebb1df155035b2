"""The function that a snapshot names is found without running anything, and then loaded."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from evalkit.core.errors import ProviderError, SnapshotError, suggestion
from evalkit.providers.python.calling import Prints, told

FUNCTION = re.compile(r"(?P<module>\w+(?:\.\w+)*|.+\.py):(?P<name>\w+(?:\.\w+)*)")


@dataclass(frozen=True, slots=True)
class Code:
    """A function before it is loaded: ``module`` is nothing where a file is named."""

    key: str
    root: Path
    module: str | None
    file: Path
    name: str

    @classmethod
    def of(cls, function: str, root: Path | None, key: str) -> Code:
        """Return where a function is, without importing anything.

        Raises:
            SnapshotError: it is nowhere, or where no code may run.
        """
        if root is None:
            raise SnapshotError(key, "runs code, which is not allowed here")
        root = root.resolve()
        found = FUNCTION.fullmatch(function)
        assert found is not None, "lacks has looked at it"
        place, name = found["module"], found["name"]
        if place.endswith(".py"):
            file = root / place
            if not file.is_file():
                raise SnapshotError(key, f"expected a Python file, found none at {file}")
            _refuse_outside(file, root, key)
            return cls(key, root, None, file.resolve(), name)
        _make_importable(root)
        file = _file_of(place, key)
        if file.is_relative_to(root):
            _refuse_outside(file, root, key)
        return cls(key, root, place, file, name)

    @property
    def identity(self) -> str:
        """The function and the digest of its file; a folder that holds the repository is no part."""
        inside = self.file.is_relative_to(self.root)
        place = self.module or self.file.relative_to(self.root).as_posix()
        digest = sha256(self.file.read_bytes()).hexdigest() if inside else ""
        return f"{place}:{self.name}:{digest}"

    def load(self) -> Callable[..., object]:
        """Return the function; its module is imported.

        Raises:
            ProviderError: the import failed.
            SnapshotError: the module holds no such function.
        """
        try:
            with Prints.of_code():
                module = (
                    importlib.import_module(self.module) if self.module else self._file_module()
                )
        except (Exception, SystemExit) as cause:
            raise ProviderError(
                f"{self.key}: {self.file} could not be loaded: {told(cause)}"
            ) from cause
        found: Any = module
        for part in self.name.split("."):
            known = [name for name in dir(found) if callable(getattr(found, name, None))]
            found = getattr(found, part, None)
            if found is None:
                close = suggestion(part, known)
                raise SnapshotError(self.key, f"{self.file} holds no function {part!r}{close}")
        if not callable(found):
            kind = type(found).__name__
            raise SnapshotError(self.key, f"expected a function, and {self.name} is a {kind}")
        return cast("Callable[..., object]", found)

    def _file_module(self) -> ModuleType:
        """Return the module of a file, which both arms share."""
        _make_importable(self.root)
        _make_importable(self.file.parent)
        digest = sha256(str(self.file).encode() + self.file.read_bytes()).hexdigest()[:12]
        name = f"evalkit_python_{self.file.stem}_{digest}"
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.spec_from_file_location(name, self.file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module


def _refuse_outside(file: Path, root: Path, key: str) -> None:
    if not file.resolve().is_relative_to(root):
        message = f"{file} lies outside {root}; code runs only from the repository"
        raise SnapshotError(key, message)


def _make_importable(folder: Path) -> None:
    # Last, so that a file of the repository cannot stand in for a module that somebody else means.
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _file_of(module: str, key: str) -> Path:
    """Return the file of a module; packages are looked into, not imported."""
    name, *rest = module.split(".")
    spec: ModuleSpec | None = None
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:
        spec = None
    for part in rest:
        inside = spec.submodule_search_locations if spec is not None else None
        if inside is None:
            break
        name = f"{name}.{part}"
        spec = _spec_inside(list(inside), part)
    if spec is None or name != module:
        raise SnapshotError(
            key, f"no module {module!r} in the repository, and none is installed by this name"
        )
    if spec.origin is None or not Path(spec.origin).is_file():
        raise SnapshotError(key, f"expected a module with a file, and {module!r} has none")
    return Path(spec.origin)


def _spec_inside(folders: list[str], name: str) -> ModuleSpec | None:
    """Return where a module of a package is; the usual way would import the packages around it."""
    bare: list[str] = []
    for folder in folders:
        finder = FileFinder(
            folder, (ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceFileLoader, SOURCE_SUFFIXES)
        )
        found = finder.find_spec(name)
        if found is not None and found.loader is not None:
            return found
        bare += (found.submodule_search_locations or []) if found is not None else []
    if not bare:
        return None
    spec = ModuleSpec(name, None)
    spec.submodule_search_locations = bare
    return spec
