"""What is kept of an answer while it passes."""

from __future__ import annotations

from time import perf_counter

from evalkit.core.mirror import Head, Heard, Trouble


class Hearing:
    """Measures an answer, and keeps so much of it; ``cut`` says that more came than that."""

    __slots__ = ("_begun", "_first", "_head", "_keeps", "_length", "_limit", "_pieces", "cut")

    def __init__(self, limit: int, *, keeps: bool) -> None:
        self.cut = False
        self._limit = limit
        self._keeps = keeps
        self._begun = perf_counter()
        self._first: float | None = None
        self._head: Head | None = None
        self._pieces: list[bytes] = []
        self._length = 0

    def begin(self) -> None:
        """Measure from now on."""
        self._begun = perf_counter()

    def hear(self, head: Head | None, data: bytes) -> None:
        """Hear a piece; the first one brings the head."""
        if head is not None:
            self._head = head
            self._first = perf_counter()
        self._length += len(data)
        if self._length > self._limit:
            data = data[: max(0, len(data) - (self._length - self._limit))]
            self.cut = True
        if data and self._keeps:
            self._pieces.append(data)

    @property
    def body(self) -> bytes:
        """What is kept."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def heard(self, trouble: Trouble | None = None, message: str = "") -> Heard:
        """Return what was heard, at its end."""
        first = None if self._first is None else 1e3 * (self._first - self._begun)
        return Heard(
            self._head,
            self.body,
            1e3 * (perf_counter() - self._begun),
            first_byte_ms=first,
            cut=self.cut and self._keeps,
            trouble=trouble,
            message=message,
        )
