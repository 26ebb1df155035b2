"""A format turns a judged run into the text of one file; formats are found by name.

Those that evalkit ships lie in ``evalkit.report.formats``, strangers declare the entry-point group
``evalkit.reports``. What a format is handed holds text of models, endpoints and files: all of it is
untrusted, and a format shows it without letting it act.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from evalkit.core.errors import PluginError
from evalkit.core.registry import Registry
from evalkit.core.run import Manifest
from evalkit.report.view import CaseText, View


@dataclass(frozen=True, slots=True)
class Material:
    """What a format is made of.

    ``texts`` holds what was asked and answered, by case, for some of the cases that changed; a case
    without is shown by name.
    """

    view: View
    manifest: Manifest
    texts: Mapping[str, CaseText] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """A format as declared by the ``report_format`` decorator.

    ``file`` is what it is called in the run folder. ``only_in`` names the CI it is for, such as
    ``gitlab``; where that is empty every run folder has it.
    """

    name: str
    file: str
    function: Callable[[Material], str]
    only_in: str = ""
    doc: str = ""

    def __call__(self, material: Material) -> str:
        """Return the text of the file, the same bytes for the same input."""
        return self.function(material)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file of the run folder, by the name of its format."""

    name: str
    file: str
    text: str


REPORTS = Registry("report.formats", ReportFormat, group="reports")


def report_format(
    name: str, *, file: str, only_in: str = ""
) -> Callable[[Callable[[Material], str]], ReportFormat]:
    """Declare a function as a format.

    Raises:
        ValueError: the file is not a plain name.
    """
    if not file or file.startswith(".") or set(file) & set("/\\:\0"):
        raise ValueError(f"report {name!r}: expected the plain name of a file, found {file!r}")

    def declare(function: Callable[[Material], str]) -> ReportFormat:
        return ReportFormat(name, file, function, only_in=only_in, doc=function.__doc__ or "")

    return declare


def rendered(
    material: Material, ci: str, *, taken: Collection[str]
) -> Iterator[Rendered | PluginError]:
    """Yield a file of each format.

    A format of a stranger that fails is an error in its place: the verdict is there without it.

    Args:
        material: what they are made of.
        ci: the CI system that this is for, some formats being for one alone.
        taken: the files of a run that no format may replace.
    """
    own = REPORTS.built_in()
    files = {*taken, *(found.file for found in own.values())}
    for name in REPORTS.names():
        if name not in own:
            yield from _of_stranger(name, material, ci, files)
        elif own[name].only_in in {"", ci}:
            yield Rendered(name, own[name].file, own[name](material))


def _of_stranger(
    name: str, material: Material, ci: str, taken: Collection[str]
) -> Iterator[Rendered | PluginError]:
    try:
        found = REPORTS.get(name)
        if found.only_in not in {"", ci}:
            return
        text: object = found(material)
        if not isinstance(text, str):
            yield PluginError(f"report {name!r} failed: expected text, found {type(text).__name__}")
            return
        text.encode()
    except PluginError as error:
        yield error
    except Exception as cause:  # noqa: BLE001 - whatever a stranger's code raises
        yield PluginError(f"report {name!r} failed: {type(cause).__name__}: {cause}")
    else:
        if found.file in taken:
            yield PluginError(f"report {name!r}: {found.file} is a file of every run already")
        else:
            yield Rendered(name, found.file, text)
