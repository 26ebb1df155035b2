"""What a reader of logs declares of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalkit.core.model import Json
from evalkit.core.traffic import LogExample, RecordReader


@dataclass(frozen=True, slots=True)
class ReaderPlugin:
    """A format of logs, as declared by the ``reader`` decorator.

    ``open`` gives what reads one log. ``recognises`` is shown the first records of a log whose
    format nobody named, one after the other, and says yes only to one that no other format has.
    ``alone`` says that every record stands for itself, so that parts of a log can be read apart from
    each other. ``members`` is a pattern of the files to read where a log is a ZIP archive.
    """

    room: ClassVar[str] = "readers"

    name: str
    open: Callable[[], RecordReader]
    recognises: Callable[[Json], bool]
    alone: bool = True
    members: str | None = None
    examples: Sequence[LogExample] = ()
    doc: str = ""
