"""The cases of a run, read one at a time from where they stand: a million of them fit in any memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from evalkit.core.errors import Place, SpecError
from evalkit.core.model import Case
from evalkit.core.records import RecordError, case_of
from evalkit.files.json_text import JsonTextError, parse_json, written_id


class CaseLines:
    """The lines that evalkit wrote for the cases of a run, by their number from 0."""

    def __init__(self, path: Path) -> None:
        """Open the file and note where each line begins."""
        self._path = path
        self._stream: BinaryIO = path.open("rb")
        self._starts = array("q")
        start = 0
        for line in self._stream:
            self._starts.append(start)
            start += len(line)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> Case:
        """Return the case of a line.

        Raises:
            SpecError: the line was changed by hand and is no case any more.
        """
        try:
            return case_of(parse_json(self._line(number)))
        except (UnicodeDecodeError, JsonTextError, RecordError) as error:
            raise SpecError.single(Place(str(self._path), number + 1), str(error)) from None

    def ids(self) -> Iterator[str | None]:
        """Yield the id of every case, in the order of the lines."""
        for number in range(len(self)):
            yield written_id(self._line(number))

    def _line(self, number: int) -> str:
        self._stream.seek(self._starts[number])
        return self._stream.readline().decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
