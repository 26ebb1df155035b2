"""The table that a run is exported as: a row a sample, its columns and their types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from evalkit.core.model import Json


class CellKind(StrEnum):
    """The type of a column: the same in every file, whatever stands in it."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    TEXTS = "list of texts"
    JSON = "JSON"


class Column(NamedTuple):
    """A column: its name and the type of what stands in it, or is absent."""

    name: str
    kind: CellKind


_T, _W, _N, _J = CellKind.TEXT, CellKind.WHOLE, CellKind.NUMBER, CellKind.JSON

CASE_COLUMNS = (
    Column("id", _T),
    Column("arm", _T),
    Column("sample", _W),
    Column("input", _T),
    Column("reference", _J),
    Column("tags", CellKind.TEXTS),
    Column("cluster", _T),
    Column("case_metadata", _J),
)
"""What is asked; ``input`` is its text, or JSON where it is messages or variables."""

SAMPLE_COLUMNS = (
    Column("output", _T),
    Column("error", _T),
    Column("error_message", _T),
    Column("refusal", _T),
    Column("finish_reason", _T),
    Column("model", _T),
    Column("model_requested", _T),
    Column("latency_ms", _N),
    Column("ttft_ms", _N),
    Column("input_tokens", _W),
    Column("output_tokens", _W),
    Column("reasoning_tokens", _W),
    Column("cost_usd", _N),
    Column("attempts", _W),
    Column("request_id", _T),
    Column("fingerprint", _T),
    Column("format_version", _T),
    Column("model_deprecated_at", _T),
    Column("created", _T),
    Column("metadata", _J),
    Column("extra", _J),
)
"""What was observed; ``error`` is the kind of a failure."""

SCORE = "score."
UNSCORED = "unscored."
"""Before the name of a metric's value: the number or category, or why there is none."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A table to be written once: its columns, and rows whose cells stand in their order."""

    columns: tuple[Column, ...]
    rows: Iterator[tuple[Json, ...]]
