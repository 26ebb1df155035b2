"""What every report format promises, whoever wrote it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from evalkit.core.verdict import Flip, Outcome
from evalkit.report.format import REPORTS, Material, ReportFormat
from evalkit.report.view import view_of
from evalkit.testing.reports import acting_fault, silence_fault, steady_fault
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import EVERY_BOUND, every_verdict, facts, manifest, text, verdict

FORMATS = REPORTS.built_in()
VERDICTS = every_verdict()
EVERY = pytest.mark.parametrize("made", FORMATS.values(), ids=FORMATS)


def material(name: str) -> Material:
    """Return what a format is made of, for one of the verdicts that there can be."""
    found = VERDICTS[name]
    origin = manifest(found.bounds, smoke="--limit 20" if found.facts.smoke else "")
    texts = {flip.case: text("Yes, gladly.", "I cannot.") for flip in found.facts.flips}
    return Material(view_of(found, origin), origin, texts)


def hostile(words: str) -> Material:
    """Return a run in which everything that somebody else wrote is the same text."""
    bounds = [
        replace(bound, name=words, metric=words, on=words, detail=words) for bound in EVERY_BOUND
    ]
    found = facts(flips=[Flip(words, words, f"{words} → {words}", 1.0)])
    made = verdict(Outcome.FAIL, bounds, replace(found, notes=(words,) * 9), envelope=words,
                   sentence=words, lead=words)  # fmt: skip
    origin = replace(manifest(bounds, smoke=words), run=words, envelope=words, created=words,
                     commit=words)  # fmt: skip
    return Material(view_of(made, origin), origin, {words: text(words, words, prompt=words)})


@EVERY
def test_a_format_explains_itself_and_names_a_file(made: ReportFormat) -> None:
    assert len(made.doc.strip()) > 30
    assert re.fullmatch(r"[a-z][a-z0-9-]*", made.name)
    assert re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z]+", made.file)


def test_no_two_formats_name_the_same_file() -> None:
    files = [made.file for made in FORMATS.values()]
    assert len(set(files)) == len(files) >= 4


@EVERY
@pytest.mark.parametrize("name", VERDICTS)
def test_a_format_gives_the_same_text_twice_and_names_every_bound(
    made: ReportFormat, name: str
) -> None:
    assert steady_fault(made, material(name)) is None
    assert silence_fault(made, material(name)) is None


@EVERY
@pytest.mark.parametrize("name", VERDICTS)
def test_a_format_tells_the_exit_code_of_the_verdict(made: ReportFormat, name: str) -> None:
    code = int(VERDICTS[name].exit_code)
    assert re.search(rf'exit(?:_code)?\W*(?:\{{.*?\}} |value="|: ?)?{code}\b', made(material(name)))


@EVERY
@pytest.mark.parametrize("name", HOSTILE)
def test_what_others_wrote_does_nothing(made: ReportFormat, name: str) -> None:
    run = hostile(HOSTILE[name])
    assert acting_fault(made, run) is None
    assert steady_fault(made, run) is None
    assert len(made(run)) < 1_000_000
