"""Numbers become the text format of Prometheus."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

Labels: TypeAlias = Mapping[str, str]
Values: TypeAlias = "Iterable[tuple[Labels, float | None]]"
Lines: TypeAlias = Iterator[str]
Buckets: TypeAlias = Sequence[tuple[float, int]]
"""The ends of buckets, rising to infinity, and how many values are at or below each."""

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def text_of(families: Iterable[Lines]) -> str:
    """Return the page of some metrics, each given as its lines."""
    return "".join(line + "\n" for lines in families for line in lines)


def family(name: str, kind: str, about: str, values: Values) -> Lines:
    """Yield the lines of a metric; a value that nobody knows has none."""
    known = [(labels, value) for labels, value in values if value is not None]
    if not known:
        return
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for labels, value in known:
        yield _line(name, labels, value)


def histogram(name: str, about: str, values: Iterable[tuple[Labels, Buckets, float]]) -> Lines:
    """Yield the lines of a histogram: for each set of labels its buckets, and the sum of all values."""
    for number, (labels, buckets, total) in enumerate(values):
        if not number:
            yield f"# HELP {name} {about}"
            yield f"# TYPE {name} histogram"
        for end, count in buckets:
            yield _line(f"{name}_bucket", {**labels, "le": _number(end)}, count)
        yield _line(f"{name}_sum", labels, total)
        yield _line(f"{name}_count", labels, buckets[-1][1])


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _number(value: float) -> str:
    """Return a number in the words of the format, whole ones without a fraction.

    >>> [_number(value) for value in (3.0, 0.25, float("inf"))]
    ['3', '0.25', '+Inf']
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() else repr(value)
