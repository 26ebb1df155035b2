"""A part of the logs whose numbers are measured as they stand becomes columns, without any text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from evalkit.core.errors import UsageError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.traffic import Tolerance
from evalkit.flows.shadow.parts import holds_lines
from evalkit.flows.shadow.plan import Beside, Seen, ShadowPlan
from evalkit.stages.shadow.block import Block
from evalkit.stages.shadow.jsonl import rows_of_part
from evalkit.stages.shadow.log_rows import STRANGER, UNLABELLED, Rows, settled
from evalkit.stages.shadow.parquet import rows_of_groups
from evalkit.stats.arrays import BoolArray


class ColumnReading:
    """One part at work: blocks of its columns, and in the end what became of its records."""

    beside: Beside | None = None

    def __init__(self, part: LogPart, plan: ShadowPlan) -> None:
        """Prepare to read; nothing is opened yet.

        Raises:
            UsageError: the part is no lines of JSON and no rows of Parquet.
        """
        if part.kind is not PartKind.ROWS and not holds_lines(part.path):
            raise UsageError(
                f"{part.path}: columns are read of JSON lines (.jsonl, .jsonl.gz) and of Parquet"
            )
        self._part = part
        self._plan = plan
        self._tolerance = Tolerance(plan.skip_malformed)
        self._strangers: Counter[str] = Counter()
        self._records = self._unlabelled = self._outside = self._undated = 0

    @property
    def seen(self) -> Seen:
        """What became of the records so far."""
        return Seen(
            records=self._records,
            malformed=self._tolerance.count,
            problems=tuple(self._tolerance.problems),
            strangers=dict(self._strangers),
            unlabelled=self._unlabelled,
            outside=self._outside,
            undated=self._undated,
        )

    def blocks(self) -> Iterator[Block]:
        """Yield the records of the part that count.

        Raises:
            SpecError: the file cannot be read, or too much of it is malformed.
        """
        columns = self._plan.columns
        assert columns is not None
        if self._part.kind is PartKind.ROWS:
            found = rows_of_groups(self._part, columns)
        else:
            found = rows_of_part(self._part, columns, self._tolerance)
        for rows in found:
            yield settled(rows, columns).block(self._kept(rows))

    def _kept(self, rows: Rows) -> BoolArray:
        """Return which rows count."""
        self._records += rows.arm.size
        self._unlabelled += int(np.count_nonzero(rows.arm == UNLABELLED))
        for name, count in rows.strangers:
            self._strangers[name] += count
        kept: BoolArray = (rows.arm != UNLABELLED) & (rows.arm != STRANGER)
        since, until = self._plan.since, self._plan.until
        if since is None and until is None:
            return kept
        undated = kept & np.isnan(rows.when)
        kept &= ~undated
        meant = (rows.when >= (since if since is not None else -np.inf)) & (
            rows.when < (until if until is not None else np.inf)
        )
        self._undated += int(np.count_nonzero(undated))
        self._outside += int(np.count_nonzero(kept & ~meant))
        return kept & meant
