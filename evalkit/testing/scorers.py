"""Conformance of scorers: each check returns a sentence about the fault, or nothing.

A scorer that asks somebody is held to the same: its questions are pure, whatever is asked about, and
what it reads stays in its range, whatever is answered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

from evalkit.core.envelope import Kind
from evalkit.core.model import ABSENT, Arm, Case, Sample, ScoreValue, Unscored
from evalkit.core.ports import Example, Question, ScorerPlugin

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
    options = _options(plugin, example.options)
    declared = plugin.under(options).values
    if plugin.remote is not None:
        asked = _questions(plugin, example, sample)
        if len(asked) != len(example.answers):
            return (
                f"{plugin.name} asks {len(asked)} questions about {example.output[:80]!r}, and the "
                f"example has {len(example.answers)} answers"
            )
    answers = [Sample("case", Arm.CANDIDATE, output=text) for text in example.answers]
    found = plugin(case, sample, options, answers, _others(plugin, example, options)).values
    readable = tuple(value.reason if isinstance(value, Unscored) else value for value in found)
    if len(readable) != len(declared):
        return f"{plugin.name} declares {len(declared)} values and returned {len(readable)}"
    if all(_same(value, wanted) for value, wanted in zip(readable, example.expected, strict=False)):
        return None
    return f"{plugin.name} on {example.output[:80]!r}: expected {example.expected}, got {readable}"


def purity_fault(plugin: ScorerPlugin, output: str) -> str | None:
    """Return a sentence where scoring the same text twice gives two scores, or asks two things."""
    first, second = (_scored(plugin, output) for _ in range(2))
    if first != second:
        return f"{plugin.name}: {first} and then {second}"
    return None if plugin.remote is None else _asking_fault(plugin, output)


def range_fault(plugin: ScorerPlugin, output: str) -> str | None:
    """Return a sentence where a value is not of the kind or outside the support it declares."""
    values = plugin.under(_options(plugin, plugin.examples[0].options)).values
    for declared, value in zip(values, _scored(plugin, output), strict=True):
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
    """Return the values of a text; of a remote scorer, those that it reads where it is answered so."""
    example = plugin.examples[0]
    case, asked = _asked(example)
    sample = Sample("case", Arm.CANDIDATE, output=output)
    options = _options(plugin, example.options)
    if plugin.remote is None:
        return plugin(case, sample, options).values
    answers = [sample] * len(_questions(plugin, example, asked))
    return plugin(case, asked, options, answers).values


def _asking_fault(plugin: ScorerPlugin, output: str) -> str | None:
    """Return what is wrong with the questions about a text."""
    assert plugin.remote is not None
    example = plugin.examples[0]
    sample = Sample("case", Arm.CANDIDATE, output=output)
    first, second = (_questions(plugin, example, sample) for _ in range(2))
    most = plugin.remote.most(_options(plugin, example.options))
    if first != second:
        return f"{plugin.name} asks two things about {output[:80]!r}"
    if len(first) > most:
        return f"{plugin.name} asks {len(first)} questions about {output[:80]!r}, expected {most} at most"
    if not all(question.messages for question in first):
        return f"{plugin.name} asks nothing about {output[:80]!r}"
    return None


def _others(plugin: ScorerPlugin, example: Example, options: object) -> frozenset[int]:
    """Return the signatures for which the other cases of an example matter."""
    if plugin.across is None:
        return frozenset()
    outputs = (example.output, *example.others)
    samples = [Sample("case", Arm.CANDIDATE, output=output) for output in outputs]
    signatures = [plugin.signature(sample, options) for sample in samples]
    return plugin.across.shared(signatures, range(len(signatures)))


def _questions(plugin: ScorerPlugin, example: Example, sample: Sample) -> Sequence[Question]:
    assert plugin.remote is not None
    case, _ = _asked(example)
    baseline = Sample("case", Arm.BASELINE, output=example.baseline)
    compared = baseline if plugin.remote.compares else None
    return plugin.questions(case, sample, _options(plugin, example.options), compared)


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
