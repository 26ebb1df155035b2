"""Two prompts become the lines they differ in, and nothing in them acts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.core.model import Arm, SystemPrompt
from evalkit.core.run import Manifest
from evalkit.report.verdict.prompts import MOST_SHOWN, prompts_of
from tests.report.verdicts import manifest


def of(before: str, after: str, *versions: int | str | None) -> Manifest:
    one, other = versions or (3, 4)
    prompts = {Arm.BASELINE: SystemPrompt(before, one), Arm.CANDIDATE: SystemPrompt(after, other)}
    return replace(manifest(), prompts=prompts)


def test_lines_that_are_alike_are_shown_around_those_that_are_not() -> None:
    before = "\n".join("abcdefgh")
    found = prompts_of(of(before, before.replace("e", "E")))
    assert found is not None
    assert found.sentence == "The system prompt went from version 3 to version 4."
    shown = [f"{line.sign}{line.text}" for line in found.lines]
    assert shown == ["@ line 3 to 7 of the baseline's", " c", " d", "-e", "+E", " f", " g"]
    assert found.left_out == 0


def test_a_prompt_without_a_version_is_called_so() -> None:
    found = prompts_of(of("a", "b", None, "x\x1b"))
    assert found is not None
    assert found.sentence == (
        "The system prompt went from one without a version to version x\\x1b."
    )


@pytest.mark.parametrize(
    "given",
    [manifest(), of("a", "a"), replace(of("a", "b"), redacted=True)],
    ids=["unknown", "the same", "redacted"],
)
def test_where_nothing_is_to_be_told_nothing_is(given: Manifest) -> None:
    assert prompts_of(given) is None


def test_what_is_too_long_is_counted_and_what_acts_is_shown() -> None:
    found = prompts_of(of("", "\n".join(f"\x1b[31m{n}" for n in range(3 * MOST_SHOWN))))
    assert found is not None
    assert len(found.lines) == MOST_SHOWN
    assert found.left_out == 2 * MOST_SHOWN + 2
    assert found.lines[2].text == "\\x1b[31m0"
