"""How far a collection is, on standard error: one line that changes, or a plain line now and then."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TextIO

from evalkit.core.asking import ArmProgress, Progress
from evalkit.core.model import Arm
from evalkit.core.wording import count_text, duration_text
from evalkit.report.text.safe import visible

SECONDS_BETWEEN_LINES = 10.0
"""In a log, where no line can be taken back."""
CLEAR = "\r\x1b[K"
USUAL_WIDTH = 80
NO_NAMES: Mapping[Arm, str] = MappingProxyType({})


def width_of(stream: TextIO) -> int:
    """Return how many columns the terminal behind a stream has at the moment."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):  # it is none, or does not say
        return USUAL_WIDTH


@dataclass(slots=True)
class ProgressLine:
    """Tells on a stream how far it is; on a terminal the line is written over.

    ``width`` is asked before each line, because windows are pulled wider and narrower. ``names`` are
    what arms are called that are not called baseline and candidate.
    """

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    width: Callable[[TextIO], int] = width_of
    names: Mapping[Arm, str] = field(default_factory=dict)
    _told: float = 0.0
    _standing: tuple[int, ...] = ()
    _ending: str = ""

    def __call__(self, progress: Progress) -> None:
        """Show how far it is, if it is time to."""
        if progress.seconds < self._told:
            self._told = 0.0  # others are asked now
        if progress.ending and progress.ending != self._ending:
            self._ending = progress.ending
            self._write(f"{_waited_for(progress)}\n")
        if self.stream.isatty():
            # The last column stays free: some terminals break the line as soon as it is filled.
            width = self.width(self.stream) - 1
            self._rewrite(lines_of(progress, width=width, names=self.names))
        elif progress.seconds - self._told >= SECONDS_BETWEEN_LINES or _is_over(progress):
            self._told = progress.seconds
            self._write("".join(f"{line}\n" for line in lines_of(progress, names=self.names)))

    def close(self) -> None:
        """Leave the last state standing."""
        if self._standing:
            self.stream.write("\n")
            self._standing = ()

    def _rewrite(self, lines: list[str]) -> None:
        """Write what the next text is written over."""
        self._write("\n".join(lines))
        self._standing = tuple(map(len, lines))

    def _write(self, text: str) -> None:
        """Write a text in place of what stands there for the moment."""
        if self._standing:
            # A window that has become narrower has broken the lines that were written for it.
            width = max(self.width(self.stream), 1)
            rows = sum(max(1, -(-length // width)) for length in self._standing)
            self.stream.write(CLEAR + "\x1b[A\x1b[K" * (rows - 1))
        self._standing = ()
        self.stream.write(text)
        self.stream.flush()


def lines_of(
    progress: Progress, *, width: int | None = None, names: Mapping[Arm, str] = NO_NAMES
) -> list[str]:
    r"""Return a line an arm; where it would be wider than allowed, less is told.

    >>> from evalkit.core.model import Arm
    >>> arms = {Arm.CANDIDATE: ArmProgress(total=400, done=100, kept=20, errors=1, cost_usd=0.5)}
    >>> lines_of(Progress(arms, seconds=10.0))
    ['candidate  100/400  25 %  8.0/s  20 kept  1 error  $0.50  38\xa0s left']
    >>> lines_of(Progress(arms, seconds=10.0), width=50)
    ['candidate  100/400  25 %  1 error  38\xa0s left']
    """
    return [
        _fitting(
            f"{progress.about or names.get(arm, arm.value):<9}",
            _parts(part, progress.seconds),
            width,
        )
        for arm, part in progress.arms.items()
    ]


_LEAST_FIRST = ("kept", "rate", "retries", "cost", "share", "left", "errors")
"""What is left out of a line that is too long, one after the other; how far it is, never."""


def _fitting(arm: str, parts: dict[str, str], width: int | None) -> str:
    """Return as much of a line as there is room for."""
    kept = dict(parts)
    for name in ("", *_LEAST_FIRST):
        kept.pop(name, None)
        line = "  ".join([arm, *kept.values()])
        if width is None or len(line) <= width:
            return line
    return line[: max(width or 0, 0)]


def _parts(part: ArmProgress, seconds: float) -> dict[str, str]:
    """Return what is known of an arm by name, in the order in which it is told."""
    width = len(f"{part.total:,}")
    share = part.done / part.total if part.total else 1.0
    asked = part.done - part.kept
    rate = asked / seconds if seconds > 0 else 0.0
    parts = {
        "done": f"{part.done:>{width},}/{part.total:,}",
        "share": f"{100 * share:.0f} %",
        "rate": f"{rate:.1f}/s",
    }
    if part.kept:
        parts["kept"] = f"{part.kept:,} kept"
    if part.errors:
        parts["errors"] = count_text(part.errors, "error")
    if part.retries:
        parts["retries"] = "1 retry" if part.retries == 1 else f"{part.retries:,} retries"
    if part.cost_usd:
        parts["cost"] = f"${part.cost_usd:.2f}"
    left = part.total - part.done
    if left and rate:
        parts["left"] = f"{duration_text(left / rate)} left"
    return parts


def _waited_for(progress: Progress) -> str:
    waiting = sum(part.waiting for part in progress.arms.values())
    why = " ".join(visible(progress.ending).split())  # an endpoint may have had the last word
    if not waiting:
        return f"no more is asked: {why}"
    again = "; Ctrl-C again gives them up" if progress.ending == "interrupted" else ""
    what = count_text(waiting, "request")
    return f"no more is asked: {why}; waiting for {what} under way{again}"


def _is_over(progress: Progress) -> bool:
    return all(part.done == part.total for part in progress.arms.values())
