"""``evalkit approve``: a pass becomes the next baseline, and what is no pass is let through for a time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.verdict import ExitCode, Verdict
from evalkit.flows.waiving import Waivers
from evalkit.spec.envelope import load_envelope
from evalkit.stages.store import RunFolder
from tests.locks import CANDIDATE, CASES, LIVE, frozen_world, lock, write
from tests.worlds import Outcome, World, evalkit

TODAY = datetime.now(UTC).date()
TIGHT = {"metric": "refusal", "delta": 0.02, "name": "tight"}
"""So few cases cannot prove it: undecided."""
WRONG = {"metric": "refusal", "min": 0.9, "name": "wrong"}
UNTIL = (TODAY + timedelta(days=30)).isoformat()


def approve(place: World, run: str = "run", *options: str) -> Outcome:
    arguments = ("approve", run, "--by", "Ada L", *options)
    return evalkit(*arguments, folder=place.folder)


def waive(place: World, *options: str, until: str = UNTIL) -> Outcome:
    return approve(place, "run", "--because", "it is small", "--until", until, *options)


def waivers(place: World) -> Path:
    return place.folder / "evalkit.waivers.yaml"


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run that cannot tell, waived once."""
    place = frozen_world(tmp_path_factory.mktemp("undecided"))
    base = {"provider": "replay", "path": "base.jsonl"}
    place.write("base.jsonl", ({"id": f"c{n:04d}", "output": "yes"} for n in range(CASES)))
    write(place, baseline=base, bounds=[TIGHT])
    done = place.gate("-o", "run")
    assert done.code == 3, done.err
    shutil.copytree(place.folder / "run", place.folder / "unwaived")
    done = waive(place)
    assert done.code == 0, done.err
    assert "It covers tight." in done.out
    return place.folder


@pytest.fixture
def place(undecided: Path, tmp_path: Path) -> World:
    """Return a copy of it."""
    found = World(Path(shutil.copytree(undecided, tmp_path / "copy")))
    manifest = found.folder / "run/manifest.json"
    manifest.write_text(manifest.read_text().replace(str(undecided), str(found.folder)))
    return found


def honoured(place: World, *, today: date = TODAY) -> Verdict:
    """Return the verdict of the run that is there, as a gate would let it through on a day."""
    run = RunFolder.open(place.folder / "unwaived")
    found = Waivers.of(load_envelope(place.envelope)).apply(run, run.verdict(), today)
    assert found.outcome == run.verdict().outcome
    return found


# ---------------------------------------------------------------- a waiver


def test_a_waiver_lets_a_verdict_through_and_is_the_first_thing_said(place: World) -> None:
    done = place.gate("-o", "again", "--ci", "gitlab")
    said = f"Waived by Ada L, until {UNTIL}, because it is small"
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == said
    assert "CANNOT TELL" in done.out
    assert "An undecided bound blocks" not in done.out
    files = {path.name: path.read_text() for path in (place.folder / "again").iterdir()}
    assert files["summary.md"].splitlines()[1] == f"**{said}**"
    page = files["report.html"]
    assert page.index(said) < page.index('<p class="word">')
    assert "let through by a waiver · exit 0" in page
    verdict = json.loads(files["verdict.json"])
    assert list(verdict)[:2] == ["schema", "waiver"]
    assert (verdict["verdict"], verdict["exit_code"]) == ("inconclusive", 0)
    assert verdict["waiver"]["by"] == "Ada L"
    assert verdict["waiver"]["bounds"] == {"tight": "undecided"}
    junit = files["junit.xml"]
    assert junit.index('name="waiver"') < junit.index('name="verdict"')
    assert junit.index('name="waiver of desk"') < junit.index('name="tight"')
    assert said in junit
    assert json.loads(files["ctrf.json"])["results"]["tests"][0]["message"] == said
    assert 'evalkit_waived{envelope="desk"} 1' in files["metrics.txt"]
    before = files["verdict.json"]
    assert evalkit("judge", "again", folder=place.folder).out.splitlines()[0] == said
    assert (place.folder / "again/verdict.json").read_text() == before


def test_a_waiver_counts_until_the_end_of_its_last_day_and_then_is_told(place: World) -> None:
    last = date.fromisoformat(UNTIL)
    assert honoured(place, today=last).exit_code is ExitCode.PASS
    shutil.rmtree(place.folder / "unwaived")
    shutil.copytree(place.folder / "run", place.folder / "unwaived")
    found = honoured(place, today=last + timedelta(days=1))
    assert found.exit_code is ExitCode.INCONCLUSIVE
    assert found.facts.waiver is None
    assert found.facts.notes[-1] == (
        f"A waiver by Ada L, until {UNTIL}, does not count: it has expired."
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("      tight: undecided", "      loose: undecided", "tight is undecided, and it does not name"),
        ("candidate: ", "candidate: 00", "of which this run has another candidate"),
        ("golden_set: ", "golden_set: 00", "of which this run has another golden set"),
        ("    given: ", "    given: ahead", "a day that has not come"),
    ],
)  # fmt: skip
def test_a_waiver_of_something_else_does_not_count_and_is_told(
    place: World, before: str, after: str, said: str
) -> None:
    text = waivers(place).read_text()
    if "00" in after:
        start = text.index(before) + len(before)
        text = text[:start] + f'"{"0" * 64}"' + text[text.index("\n", start) :]
    elif "ahead" in after:
        ahead = [(TODAY + timedelta(days=days)).isoformat() for days in (3, 60)]
        text = text.replace(f'given: "{TODAY}"', f'given: "{ahead[0]}"')
        text = text.replace(f'until: "{UNTIL}"', f'until: "{ahead[1]}"')
    else:
        text = text.replace(before, after)
    waivers(place).write_text(text)
    found = honoured(place)
    assert found.exit_code is ExitCode.INCONCLUSIVE
    assert said in found.facts.notes[-1]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (f'until: "{UNTIL}"', f'until: "{TODAY + timedelta(days=91)}"', "at most 90 days after"),
        (f'until: "{UNTIL}"', 'until: "soon"', "expected a day such as 2026-12-24, found 'soon'"),
        (f'until: "{UNTIL}"', 'until: "20261224"', "expected a day such as"),
        ("because: it is small", "because: |\n      a\n      b", "expected one line of at most"),
        ("by: Ada L", "By: Ada L", "unknown key 'By'"),
        ("verdict: inconclusive", "verdict: pass", "verdict: expected 'inconclusive'"),
        ("version: 1", "version: 1\nversion: 1", "evalkit.waivers.yaml:"),
        ("version: 1", "{", "evalkit.waivers.yaml:"),
    ],
)
def test_a_file_of_waivers_that_is_none_is_told_with_its_place(
    place: World, before: str, after: str, said: str
) -> None:
    text = waivers(place).read_text()
    assert before in text
    waivers(place).write_text(text.replace(before, after, 1))
    with pytest.raises(Exception, match=r"evalkit\.waivers\.yaml") as caught:
        honoured(place)
    assert said in str(caught.value)


def test_a_broken_file_of_waivers_ends_a_gate_before_it_runs(place: World) -> None:
    waivers(place).write_text("waivers")
    done = place.gate("-o", "again")
    assert done.code == 2
    assert not (place.folder / "again").exists()


def test_a_waiver_is_not_replaced_in_silence(place: World) -> None:
    again = waive(place)
    assert again.code == 2
    assert f"lets this through already, by Ada L, until {UNTIL}, because it is small" in again.err
    earlier = (TODAY + timedelta(days=1)).isoformat()
    replaced = waive(place, "--replace", until=earlier)
    assert replaced.code == 0, replaced.err
    assert waivers(place).read_text().count("subject:") == 1
    assert f'until: "{earlier}"' in waivers(place).read_text()


def test_a_broken_bound_needs_another_word_and_smoke_none(place: World) -> None:
    waivers(place).unlink()
    shutil.rmtree(place.folder / "run")
    write(place, baseline={"provider": "replay", "path": "base.jsonl"}, bounds=[WRONG])
    assert place.gate("-o", "run").code == 1
    refused = waive(place)
    assert refused.code == 2
    assert "Whoever lets that through has to say so: --broken" in refused.err
    assert waive(place, "--broken").code == 0
    done = place.gate("-o", "again")
    assert done.code == 0
    assert "✗ FAIL" in done.out
    assert "Let through:" in (place.folder / "again/report.html").read_text()
    smoke = place.gate("-o", "smoke", "--limit", "5")
    assert smoke.code in {1, 3}
    for options in ((), ("--because", "x", "--until", UNTIL)):
        refused = approve(place, "smoke", *options)
        assert refused.code == 2
        assert "is a smoke run" in refused.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--because", "x"), "a waiver needs both"),
        (("--until", UNTIL), "a waiver needs both"),
        (("--broken",), "are about a waiver"),
        (("--because", "x", "--until", TODAY.isoformat()), "expected a day after today"),
        (("--because", "x", "--until", "2999-01-01"), "at most 90 days away"),
        (("--because", "x", "--until", "tomorrow"), "expected a day such as"),
        (("--because", " ", "--until", UNTIL), "--because: expected 1 to 500 characters"),
        (("--because", "x", "--until", UNTIL, "--by", "a\x1b[31m"), "--by: expected 1 to 500"),
        ((), "is no pass but inconclusive"),
    ],
)
def test_what_cannot_be_said_is_refused(
    place: World, options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # In this process: it is the options that are looked at, not the command.
    from evalkit.cli.app import app
    from evalkit.core.errors import EvalkitError

    waivers(place).unlink()
    before = os.getcwd()  # noqa: PTH109 - given back as it was
    os.chdir(place.folder)
    try:
        with pytest.raises(EvalkitError) as caught:
            app(["approve", "run", "--by", "Ada", *options], standalone_mode=False)
    finally:
        os.chdir(before)
    capsys.readouterr()
    assert said in str(caught.value)
    assert caught.value.exit_code == 2
    assert not waivers(place).exists()


def test_a_verdict_that_was_edited_is_found_out(place: World) -> None:
    file = place.folder / "run/verdict.json"
    file.write_text(file.read_text().replace('"verdict": "inconclusive"', '"verdict": "pass"', 1))
    done = approve(place)
    assert done.code == 2
    assert "was not what its samples come to" in done.err
    assert not lock(place).exists()


# ---------------------------------------------------------------- an approval


def live(place: World, **keys: Any) -> None:
    candidate = {"provider": "simulated", "model": "m-2", "refusal": 0.1, "seed": 4}
    write(place, candidate=candidate, **keys)


def test_a_live_candidate_that_passed_is_approved_and_frozen_on_fresh_draws(tmp_path: Path) -> None:
    place = frozen_world(tmp_path)
    live(place)
    assert place.gate("-o", "run").code == 0
    early = evalkit(
        "baseline", "freeze", "envelope.yaml", "--candidate", "--by", "A", folder=tmp_path
    )
    assert early.code == 2
    assert "no candidate of 'desk' was approved" in early.err
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)  # noqa: S607
    subprocess.run(["git", "config", "user.name", "Ada L"], cwd=tmp_path, check=True)  # noqa: S607
    done = evalkit("approve", "run", folder=tmp_path)
    assert done.code == 0, done.err
    assert "evalkit baseline freeze envelope.yaml --candidate" in done.out.replace(
        f"{tmp_path}/", ""
    )
    assert "by: " in lock(place).read_text()
    frozen = evalkit(
        "baseline", "freeze", "envelope.yaml", "--candidate", "--draws", "1", "--by", "A",
        folder=tmp_path,
    )  # fmt: skip
    assert frozen.code == 0, frozen.err
    assert "approved:" not in lock(place).read_text()
    assert "model: m-2" in lock(place).read_text()


def test_the_draws_that_won_do_not_become_the_baseline(tmp_path: Path) -> None:
    place = frozen_world(tmp_path)
    write(place)
    assert place.gate("-o", "run").code == 0
    done = approve(place)
    assert done.code == 0, done.err
    assert "nobody can be asked for fresh draws" in done.out
    arguments = ("baseline", "freeze", "envelope.yaml", "--candidate", "--by", "A")
    refused = evalkit(*arguments, folder=tmp_path)
    assert refused.code == 2
    assert "holds the draws that won the gate" in refused.err
    others = ({"id": f"c{n:04d}", "output": "Yes.", "model": "m-2"} for n in range(CASES))
    place.write("june.jsonl", others)
    assert evalkit(*arguments, folder=tmp_path).code == 0
    write(place, candidate={**CANDIDATE, "system_prompt": "Be rude."}, baseline=LIVE)
    assert evalkit(*arguments, "--replace", folder=tmp_path).code == 2


def test_a_run_of_another_envelope_or_of_other_cases_is_not_approved(tmp_path: Path) -> None:
    place = frozen_world(tmp_path)
    write(place)
    assert place.gate("-o", "run").code == 0
    write(place, bounds=[{"metric": "refusal", "delta": 0.95}], seed=3)
    done = approve(place)
    assert done.code == 2
    assert "was judged under another envelope than " in done.err
    assert "(bounds, seed)" in done.err
    write(place)
    golden = place.folder / "golden.jsonl"
    golden.write_text(golden.read_text().replace("Question 1?", "Question?"))
    assert "was asked other cases than" in approve(place).err
    place.envelope.rename(tmp_path / "moved.yaml")
    assert "is not there; name it: --envelope" in approve(place).err
