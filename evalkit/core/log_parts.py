"""A part of a log: little enough to be read in one go, and told to whoever reads it in few words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.model import Arm


class PartKind(StrEnum):
    """How a part is cut out of its file.

    ``LINES`` are those that begin between two bytes, ``ROWS`` some groups of rows of a Parquet file,
    and ``WHOLE`` is a file that cannot be cut: a compressed one, or one whose records belong
    together.
    """

    LINES = "lines"
    ROWS = "rows"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class LogPart:
    """Where some records of a log stand.

    ``start`` and ``end`` count bytes of lines, or groups of rows; ``size`` is that of the whole file
    when it was cut, by which is noticed that it has changed since. ``arm`` is whose answers the
    file holds, where its name and not its records say so.
    """

    path: str
    kind: PartKind
    start: int
    end: int
    size: int
    arm: Arm | None = None

    @property
    def weight(self) -> int:
        """About how many bytes there are to read."""
        return self.end - self.start if self.kind is PartKind.LINES else self.size

    def __str__(self) -> str:
        match self.kind:
            case PartKind.LINES if (self.start, self.end) != (0, self.size):
                return f"{self.path} (bytes {self.start:,} to {self.end:,})"
            case PartKind.ROWS:
                last = self.end - 1
                groups = (
                    f"group {self.start}" if last == self.start else f"groups {self.start}–{last}"
                )
                return f"{self.path} (row {groups})"
        return self.path
