"""What is counted of one arm while it is asked."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.asking import ArmProgress
from evalkit.core.model import Sample


@dataclass(slots=True)
class ArmTally:
    """Counts of one arm; ``kept`` were answered before, ``cost`` is nothing once one is unknown."""

    total: int
    workers: int = 0
    waiting: int = 0
    failed_in_a_row: int = 0
    _done: int = 0
    _kept: int = 0
    _errors: int = 0
    _retries: int = 0
    _cost: float | None = 0.0

    def note(self, sample: Sample, cost: float | None) -> None:
        """Count an answer, or a failure."""
        self._done += 1
        self._retries += (sample.attempts or 1) - 1
        if sample.error is None:
            self.failed_in_a_row = 0
            self._cost = None if cost is None or self._cost is None else self._cost + cost
        else:
            self._errors += 1
            self.failed_in_a_row += 1

    def note_known(self) -> None:
        """Count an answer that was there already."""
        self._done += 1
        self._kept += 1

    @property
    def progress(self) -> ArmProgress:
        """How far the arm is."""
        return ArmProgress(
            total=self.total,
            done=self._done,
            kept=self._kept,
            errors=self._errors,
            retries=self._retries,
            waiting=self.waiting,
            cost_usd=self._cost,
        )
