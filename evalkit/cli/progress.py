"""How far a collection is, on standard error: one line that changes, or a plain line now and then."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TextIO

from evalkit.core.asking import ArmProgress, Progress
from evalkit.core.wording import count_text, duration_text
from evalkit.report.safe import visible

SECONDS_BETWEEN_LINES = 10.0
"""In a log, where no line can be taken back."""
CLEAR = "\r\x1b[K"


@dataclass(slots=True)
class ProgressLine:
    """Tells on a stream how far it is; on a terminal the line is written over."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _told: float = 0.0
    _lines: int = 0
    _ending: str = ""

    def __call__(self, progress: Progress) -> None:
        """Show how far it is, if it is time to."""
        if progress.ending and progress.ending != self._ending:
            self._ending = progress.ending
            self._write(f"{_waited_for(progress)}\n")
        if self.stream.isatty():
            self._write("\n".join(lines_of(progress)), rewrite=True)
        elif progress.seconds - self._told >= SECONDS_BETWEEN_LINES or _is_over(progress):
            self._told = progress.seconds
            self._write("".join(f"{line}\n" for line in lines_of(progress)))

    def close(self) -> None:
        """Leave the last state standing."""
        if self._lines:
            self.stream.write("\n")
            self._lines = 0

    def _write(self, text: str, *, rewrite: bool = False) -> None:
        if self._lines:
            self.stream.write(CLEAR + "\x1b[A\x1b[K" * (self._lines - 1))
        self._lines = text.count("\n") + 1 if rewrite else 0
        self.stream.write(text)
        self.stream.flush()


def lines_of(progress: Progress) -> list[str]:
    r"""Return a line an arm.

    >>> from evalkit.core.model import Arm
    >>> arms = {Arm.CANDIDATE: ArmProgress(total=400, done=100, kept=20, errors=1, cost_usd=0.5)}
    >>> lines_of(Progress(arms, seconds=10.0))
    ['candidate  100/400  25 %  8.0/s  20 kept  1 error  $0.50  38\xa0s left']
    """
    return [
        f"{arm.value:<9}  {_arm_text(part, progress.seconds)}"
        for arm, part in progress.arms.items()
    ]


def _arm_text(part: ArmProgress, seconds: float) -> str:
    width = len(f"{part.total:,}")
    share = part.done / part.total if part.total else 1.0
    asked = part.done - part.kept
    rate = asked / seconds if seconds > 0 else 0.0
    parts = [f"{part.done:>{width},}/{part.total:,}", f"{100 * share:.0f} %", f"{rate:.1f}/s"]
    if part.kept:
        parts.append(f"{part.kept:,} kept")
    if part.errors:
        parts.append(count_text(part.errors, "error"))
    if part.retries:
        parts.append("1 retry" if part.retries == 1 else f"{part.retries:,} retries")
    if part.cost_usd:
        parts.append(f"${part.cost_usd:.2f}")
    left = part.total - part.done
    if left and rate:
        parts.append(f"{duration_text(left / rate)} left")
    return "  ".join(parts)


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
