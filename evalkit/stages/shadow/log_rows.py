"""Lines of a log as columns, and what is the same however they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evalkit.core.model import Arm, Json
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.stages.shadow.block import ARMS, Block, HashArray, hours_of
from evalkit.stages.shadow.columns import Columns
from evalkit.stats.arrays import BoolArray, FloatArray

UNLABELLED, STRANGER = -1, -2
"""In place of the code of an arm: a request whose arm nobody names, or that is of none."""

UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
"""Below which number a time is in seconds, milli-, micro-, nanoseconds."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines as columns; times are seconds since 1970, and the code of an arm may be that of none.

    ``strangers`` holds the labels of no arm, as often as they come.
    """

    arm: np.ndarray[Any, np.dtype[np.int8]]
    when: FloatArray
    metrics: Mapping[str, FloatArray]
    request: HashArray | None
    user: HashArray | None
    strangers: Sequence[tuple[str, int]] = ()

    def block(self, kept: BoolArray) -> Block:
        """Return the rows that are kept, as a block."""
        block = Block(self.arm, hours_of(self.when), self.metrics, self.request, self.user)
        return block if bool(kept.all()) else block.only(kept)


FAILED = "!failed"
"""A column that tells which requests failed where nobody measures how many did."""


def settled(rows: Rows, columns: Columns) -> Rows:
    """Return rows of which those that failed have no value but that.

    A row that names no error was answered where it holds any value; of one that holds nothing nobody
    knows whether it was.
    """
    names = [name for name, column in columns.metrics.items() if column == columns.failed]
    if not names:
        return rows
    failed = rows.metrics[names[0]]
    others = [values for name, values in rows.metrics.items() if name not in names]
    silent = np.isnan(failed)
    if silent.any():
        held = np.zeros(failed.size, np.bool_)
        for values in others:
            held |= ~np.isnan(values)
        failed = np.where(silent & held, 0.0, failed)
    wrong = failed == 1.0
    spoilt = bool(wrong.any())
    metrics = {
        name: failed if name in names else np.where(wrong, np.nan, values) if spoilt else values
        for name, values in rows.metrics.items()
        if name != FAILED
    }
    return replace(rows, metrics=metrics)


def in_seconds(values: FloatArray) -> FloatArray:
    """Return times in seconds: how large a number is tells its unit."""
    found = np.full(values.size, np.nan)
    for end, unit in reversed(UNITS):
        found = np.where((values >= 0) & (values < end), values / unit, found)
    return found


# ---------------------------------------------------------------- where columns stand


def wanted(columns: Columns, code: int | None) -> dict[str, type]:
    """Return the keys that are read, and of which type they usually are."""
    found: dict[str, type] = dict.fromkeys(columns.metrics.values(), float)
    if columns.failed is not None:
        found[columns.failed] = object
    words = [columns.arm if code is None else None, columns.time, columns.request, columns.user]
    return found | {key: str for key in words if key is not None}


def code_of(label: str | None, columns: Columns) -> int:
    """Return the code of the arm that a label names."""
    if not label:
        return UNLABELLED
    arm: Arm | None = columns.arms.get(label)
    return STRANGER if arm is None else ARMS.index(arm)


def path_of(key: str, records: Sequence[Json]) -> tuple[str, ...]:
    """Return where a key stands: at the top, or behind dots where nothing at the top is called so."""
    dotted = tuple(key.split("."))
    top = any(isinstance(record, dict) and key in record for record in records)
    return (key,) if top or not all(dotted) else dotted


def value_of(record: Mapping[str, Json], key: str) -> Json:
    """Return what a record has under a name, or behind the dots of it."""
    return record[key] if key in record else value_at(dict(record), tuple(key.split(".")))


def value_at(record: Json, path: tuple[str, ...]) -> Json:
    """Return what stands at the end of a path; nothing where it does not lead on."""
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def loaded(line: bytes) -> Json:
    """Return the record of a line; nothing of one that is no JSON."""
    try:
        return parse_json(line.decode())
    except JsonTextError:
        return None  # whoever reads it line by line says what is wrong
