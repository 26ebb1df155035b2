"""What is published about a detector is read here: how it agrees with people, and where it errs.

The table ships beside the detector as ``accuracy.json``; ``training/confusion.py`` makes it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from evalkit.core.ports import Accuracy
from evalkit.files.json_text import json_document

TABLE = "accuracy.json"


@dataclass(frozen=True, slots=True)
class Band:
    """Answers on which a detector was about equally sure, and how often people contradict it.

    ``start`` is the lowest margin of the band, in log-odds above the threshold, so that a negative
    one is a no; nothing where it has no lower end. Of ``labelled`` answers people contradicted
    ``contrary``; ``mistake`` is the probability of it, smoothed over neighbouring bands.
    """

    start: float | None
    labelled: int
    contrary: int
    mistake: float


@dataclass(frozen=True, slots=True)
class Published:
    """A detector's errors, and in one sentence how they were measured."""

    detector: str
    how: str
    rows: tuple[Accuracy, ...]
    bands: Mapping[str, tuple[Band, ...]]

    def mistake(self, value: str, margin: float) -> float:
        """Return how probable it is that people contradict a value read at this margin."""
        bands = self.bands[value]
        starts = [band.start for band in bands if band.start is not None]
        return bands[bisect_right(starts, margin)].mistake


def parsed(text: str, source: str) -> Published:
    """Return what a published table says."""
    told = cast("Any", json_document(text, source))
    bands = {value: tuple(Band(**band) for band in rows) for value, rows in told["bands"].items()}
    rows = tuple(Accuracy(**row) for row in told["rows"])
    return Published(told["detector"], told["how"], rows, bands)


@cache
def shipped(package: str) -> Published:
    """Return the table that ships in a package of evalkit, read once a process."""
    text = files(package).joinpath(TABLE).read_text("utf-8")
    return parsed(text, f"{package}/{TABLE}")


def rows(package: str) -> Sequence[Accuracy]:
    """Return how the detector in a package agrees with people, by value, source and model."""
    return shipped(package).rows
