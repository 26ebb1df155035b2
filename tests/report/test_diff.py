"""Cases that changed, in a terminal: what is shown is stored, fits, and does nothing."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalkit.core.comparison import Fate, JudgedRun, TextChange, TwoRuns
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.verdict import Flip, Outcome, Result, SnapshotSummary
from evalkit.report.diff.flip_text import flip_groups, limited, shown_cases
from evalkit.report.diff.json import changed_text, two_runs_text
from evalkit.report.diff.runs_terminal import MOST_LINES, groups_beside, print_two_runs
from evalkit.report.diff.terminal import print_changed
from evalkit.report.view import CaseText
from evalkit.stages.contrast import two_runs
from tests.report.stored import assert_stored
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    DIGESTS,
    LENGTH,
    REFUSAL,
    SLOW,
    absolute,
    facts,
    flips,
    manifest,
    text,
    verdict,
)

LABELLED = replace(REFUSAL, labels=("declined", "answered"))
FLIPS = [
    *flips(3),
    Flip("case-0", LENGTH.name, "length.tokens lower", -212.3),
    Flip("case-9", REFUSAL.name, "declined → answered", -1.0),
    Flip("case-1", ACCURACY.name, "right → wrong", -0.5),
]
LONG = "\n".join(f"line {number} of a long answer" for number in range(40))
TEXTS = {
    "case-0": text("It is a very good idea, I think.", "I can't help with that."),
    "case-1": text("The answer is 42, of course.", "The answer is 41, of course."),
    "case-2": replace(text(LONG, f"{LONG}!", prompt="Tell me all. " * 40), tags=("long", "hard")),
    "case-9": text("", "yes"),
}


def run(*, name: str = "r1", moved: Sequence[Flip] = FLIPS) -> JudgedRun:
    bounds = (LABELLED, ACCURACY, LENGTH, CODE)
    made = verdict(Outcome.FAIL, bounds, facts(flips=moved))
    return JudgedRun(f"reports/{name}", made, replace(manifest(bounds), run=name))


def later() -> JudgedRun:
    """Return a run of the same envelope that differs in all that can."""
    digests = replace(
        DIGESTS,
        golden_set="other",
        prompts={**DIGESTS.prompts, Arm.CANDIDATE: "new"},
        scorers={"accuracy": "choice@2", "length": "length@1"},
    )
    snapshots = {
        Arm.BASELINE: SnapshotSummary(None, ("gpt-4-0314",)),
        Arm.CANDIDATE: SnapshotSummary("gpt-5", ("gpt-5",)),
    }
    bounds = (
        replace(LABELLED, result=Result.HOLDS),
        replace(ACCURACY, limit=absolute(0.5), result=Result.HOLDS),
        replace(LENGTH, on="chat"),
        SLOW,
    )
    moved = [flips(1)[0], Flip("case-7", ACCURACY.name, "right → wrong", -1.0),
             Flip("case-8", SLOW.name, "slower", 1.0)]  # fmt: skip
    found = replace(facts(flips=moved), digests=digests, snapshots=snapshots)
    made = verdict(Outcome.INCONCLUSIVE, bounds, found)
    return JudgedRun("reports/r2", made, replace(manifest(bounds), run="r2"))


def beside(*, prompt: tuple[str, str] = ("Be kind.\nSay no.", "Be kind.\nSay yes.")) -> TwoRuns:
    ids = [f"case-{number}" for number in range(10)]
    texts = [TextChange("candidate system_prompt", *prompt)]
    return two_runs(run(), later(), texts, (ids, [*ids[:5], *ids[6:], "case-10"]))


def console(stream: io.StringIO, width: int, *, colour: bool) -> Console:
    return Console(
        file=stream, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False
    )


def changed(
    found: JudgedRun, *, most: int = 20, width: int = 100, colour: bool = False,
    texts: Mapping[str, CaseText] = TEXTS,
) -> str:  # fmt: skip
    stream = io.StringIO()
    groups = limited(flip_groups(found, found.verdict.facts.flips), most)
    kept = {case: texts[case] for case in shown_cases(groups) if case in texts}
    print_changed(found, groups, kept, console(stream, width, colour=colour))
    return stream.getvalue()


def compared(found: TwoRuns, *, most: int = 20, width: int = 100, colour: bool = False) -> str:
    stream = io.StringIO()
    print_two_runs(found, groups_beside(found, most), TEXTS, console(stream, width, colour=colour))
    return stream.getvalue()


@pytest.mark.parametrize("width", [100, 60])
def test_what_changed_is_shown_as_it_is_stored(width: int) -> None:
    assert_stored(changed(run(), width=width), f"diff-changed-{width}")
    assert_stored(changed(run(), width=width, most=3), f"diff-limited-{width}")


@pytest.mark.parametrize("width", [100, 60])
def test_two_runs_are_shown_as_they_are_stored(width: int) -> None:
    assert_stored(compared(beside(), width=width), f"diff-runs-{width}")


@pytest.mark.parametrize("width", [100, 80, 60])
def test_no_line_is_wider_than_the_terminal_and_colour_only_adds(width: int) -> None:
    for shown, coloured in (
        (changed(run(), width=width), changed(run(), width=width, colour=True)),
        (compared(beside(), width=width), compared(beside(), width=width, colour=True)),
    ):
        assert [line for line in shown.split("\n") if cell_len(line) > width] == []
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown


def test_new_flips_are_those_of_the_second_run_and_gone_ones_of_the_first() -> None:
    groups = groups_beside(beside(), 20)
    found = {
        fate: sorted((flip.case, flip.bound) for group in groups[fate] for flip in group.flips)
        for fate in Fate
    }
    assert found == {
        Fate.NEW: [("case-7", "accuracy")],
        Fate.GONE: [("case-1", "accuracy"), ("case-1", "refusal"), ("case-2", "refusal"),
                    ("case-9", "refusal")],
        Fate.BOTH: [("case-0", "refusal")],
        Fate.APART: [("case-0", "length.tokens"), ("case-8", SLOW.name)],
    }  # fmt: skip


def test_a_long_prompt_is_told_by_its_changes_and_cut() -> None:
    before = "\n".join(f"rule {number}" for number in range(3 * MOST_LINES))
    few = compared(beside(prompt=(before, before.replace("rule 90\n", "rule ninety\n"))))
    assert "- rule 90" in few
    assert "+ rule ninety" in few
    assert "rule 80" not in few
    many = compared(beside(prompt=(before, before.replace("rule", "law"))))
    assert "… and more" in many
    assert many.count("\n    - rule") == MOST_LINES


def test_the_shares_of_a_limit_are_shared_out() -> None:
    found = run(moved=[*flips(40), *flips(40, of=ACCURACY, kind="right → wrong")])
    groups = limited(flip_groups(found, found.verdict.facts.flips), 10)
    assert [group.shown for group in groups] == [5, 5]


def test_documents_are_the_same_each_time_and_redacted_ones_hold_no_text() -> None:
    cases = {"case-0": Case("case-0", "SECRET?", reference="SECRET", tags=("hard",))}
    samples = {"case-0": {arm: Sample("case-0", arm, output="SECRET") for arm in Arm}}
    for redacted in (False, True):
        found = run()
        found = replace(found, manifest=replace(found.manifest, redacted=redacted))
        one = changed_text(found, found.verdict.facts.flips, cases, samples)
        assert one == changed_text(found, found.verdict.facts.flips, cases, samples)
        pair = replace(beside(), first=found)
        two = two_runs_text(pair, pair.flips, cases, samples)
        for document in (one, two):
            assert ("SECRET" in document) is not redacted
            assert json.loads(document)["cases"]["case-0"]["tags"] == ["hard"]
    assert json.loads(two)["cases"]["case-0"]["first"] is None
