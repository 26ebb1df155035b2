"""The system prompts of both arms become the lines that they differ in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from evalkit.core.model import Arm, SystemPrompt
from evalkit.core.run import Manifest
from evalkit.report.text.safe import visible

MOST_COMPARED = 2000
"""So many lines of a prompt are compared: a longer one is data, not a prompt."""
MOST_SHOWN = 400
AROUND = 2
"""So many lines that are alike are shown around those that are not."""


@dataclass(frozen=True, slots=True)
class PromptLine:
    """A line: ``+`` of the candidate alone, ``-`` of the baseline alone, a blank of both, ``@`` a gap."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """What the prompts differ by; ``left_out`` counts the lines that are not shown."""

    sentence: str
    lines: tuple[PromptLine, ...]
    left_out: int


def prompts_of(manifest: Manifest) -> PromptDiff | None:
    """Return what the system prompts differ by; nothing where one is not known, or both are the same.

    Of a run that is redacted nothing is told.
    """
    prompts = manifest.prompts
    if manifest.redacted or len({prompt.text for prompt in prompts.values()}) < 2:
        return None
    before, after = prompts[Arm.BASELINE], prompts[Arm.CANDIDATE]
    lines = list(_lines(_split(before.text), _split(after.text)))
    return PromptDiff(
        f"The system prompt went from {_named(before)} to {_named(after)}.",
        tuple(lines[:MOST_SHOWN]),
        max(0, len(lines) - MOST_SHOWN),
    )


def _named(prompt: SystemPrompt) -> str:
    return (
        "one without a version"
        if prompt.version is None
        else f"version {visible(str(prompt.version))}"
    )


def _split(text: str) -> list[str]:
    return [visible(line) for line in text.split("\n")[:MOST_COMPARED]]


def _lines(before: list[str], after: list[str]) -> Iterator[PromptLine]:
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(AROUND)
    for group in groups:
        start, end = group[0][1] + 1, group[-1][2]
        yield PromptLine("@", f" line {start} to {end} of the baseline's")
        for tag, low, high, other_low, other_high in group:
            if tag == "equal":
                yield from (PromptLine(" ", line) for line in before[low:high])
            else:
                yield from (PromptLine("-", line) for line in before[low:high])
                yield from (PromptLine("+", line) for line in after[other_low:other_high])
