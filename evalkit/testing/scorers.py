"""Conformance of scorers: each check returns a sentence about the fault, or nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from evalkit.core.envelope import Kind
from evalkit.core.model import ABSENT, Arm, Case, Sample, ScoreValue, Unscored
from evalkit.core.ports import Example, ScorerPlugin

HOSTILE_OUTPUTS: Mapping[str, str] = {
    "empty": "",
    "blank": " \n\t ",
    "huge": "word " * 200_000,
    "one huge word": "x" * 1_000_000,
    "non-latin": "これは答えです。 לא אוכל לעזור. Я не могу помочь. 🙂🙃",
    "control characters": "\x00\x01\x07\x1b[31mred\x1b[0m\u202eevil\u2028\u2029",
    "markup": "<script>alert(1)</script> </pre> &amp; {{ 7*7 }} ${x} %s",
    "broken json": '{"a": [1, 2, {"b": NaN',
    "deep json": "[" * 5_000,
    "replacement character": "caf\ufffd",
}
"""Outputs that real endpoints have sent, or could."""


def example_fault(plugin: ScorerPlugin, example: Example) -> str | None:
    """Return how a scorer differs from its own example, or ``None``."""
    case, sample = _asked(example)
    found = plugin(case, sample, _options(plugin, example.options)).values
    readable = tuple(value.reason if isinstance(value, Unscored) else value for value in found)
    if len(readable) != len(plugin.values):
        return f"{plugin.name} declares {len(plugin.values)} values and returned {len(readable)}"
    if all(_same(value, wanted) for value, wanted in zip(readable, example.expected, strict=False)):
        return None
    return f"{plugin.name} on {example.output[:80]!r}: expected {example.expected}, got {readable}"


def purity_fault(plugin: ScorerPlugin, output: str) -> str | None:
    """Return a sentence where scoring the same text twice gives two scores."""
    first, second = (_scored(plugin, output) for _ in range(2))
    return None if first == second else f"{plugin.name}: {first} and then {second}"


def range_fault(plugin: ScorerPlugin, output: str) -> str | None:
    """Return a sentence where a value is not of the kind or outside the support it declares."""
    for declared, value in zip(plugin.values, _scored(plugin, output), strict=True):
        if isinstance(value, Unscored):
            if not value.reason:
                return f"{plugin.name}.{declared.name} is unscored without a reason"
        elif isinstance(value, str) is not (declared.kind is Kind.CATEGORY):
            return f"{plugin.name}.{declared.name} is a {declared.kind} and returned {value!r}"
        elif not isinstance(value, str):
            support = declared.natural_support
            if math.isnan(value) or not support.lower <= value <= support.upper:
                return f"{plugin.name}.{declared.name} returned {value}, outside {support}"
    return None


def _scored(plugin: ScorerPlugin, output: str) -> tuple[ScoreValue, ...]:
    example = plugin.examples[0]
    case, _ = _asked(example)
    sample = Sample("case", Arm.CANDIDATE, output=output)
    return plugin(case, sample, _options(plugin, example.options)).values


def _asked(example: Example) -> tuple[Case, Sample]:
    reference = ABSENT if example.reference is None else example.reference
    case = Case("case", example.input, reference)
    known = {field.name for field in fields(Sample)}
    given = {key: value for key, value in example.sample.items() if key in known}
    return case, Sample("case", Arm.CANDIDATE, output=example.output, **cast("Any", given))


def _options(plugin: ScorerPlugin, given: Mapping[str, Any]) -> object:
    return plugin.options(**given)


def _same(found: float | str, wanted: float | str) -> bool:
    if isinstance(found, str) or isinstance(wanted, str):
        return found == wanted
    return math.isclose(found, wanted, rel_tol=0, abs_tol=5e-4)
