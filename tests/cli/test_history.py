"""``evalkit history``, as it is run: past runs by envelope, and every folder that is none."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from evalkit.core.verdict import BoundResult, Outcome, Result
from evalkit.stages.store import RunFolder
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    DIGESTS,
    SLOW,
    absolute,
    facts,
    manifest,
    verdict,
)
from tests.worlds import Outcome as Done
from tests.worlds import answers, case, evalkit, world

HELD = replace(ACCURACY, result=Result.HOLDS, limit=absolute(0.4))


def judged(
    folder: Path,
    name: str,
    *bounds: BoundResult,
    day: str = "2026-01-01T00:00:00+00:00",
    envelope: str = "assistant",
    golden_set: str = "one",
    smoke: bool = False,
) -> Path:
    """Write the folder of a run that was judged."""
    found = replace(facts(smoke=smoke), digests=replace(DIGESTS, golden_set=golden_set))
    run = RunFolder.create(folder / "reports" / name)
    run.write_verdict(verdict(Outcome.FAIL, bounds or (ACCURACY,), found, envelope=envelope))
    origin = manifest(smoke="--limit 20" if smoke else "")
    run.write_manifest(replace(origin, run=name, created=day, digests=found.digests))
    return run.path


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return a folder with four runs of two envelopes; the names are not in the order of time."""
    judged(tmp_path, "z-first", ACCURACY, CODE, day="2026-01-01T00:00:00+00:00")
    judged(tmp_path, "y-second", HELD, CODE, day="2026-02-01T00:00:00+00:00", golden_set="two")
    judged(tmp_path, "x-third", HELD, day="2026-03-01T01:00:00+02:00", golden_set="two", smoke=True)
    judged(tmp_path, "w-other", SLOW, day="2026-01-15T00:00:00+00:00", envelope="writer")
    return tmp_path


def history(folder: Path, *arguments: str) -> Done:
    return evalkit("history", *arguments, folder=folder)


def test_runs_are_told_by_envelope_from_the_oldest_to_the_newest(runs: Path) -> None:
    done = history(runs)
    assert (done.code, done.err) == (0, "")
    assert "4 runs of 2 envelopes in reports." in done.out
    assert done.out.index("assistant: 3 runs") < done.out.index("writer: 1 run")
    days = re.findall(r"^   \d  (2026-\d\d-\d\d) \d\d:\d\d", done.out, re.MULTILINE)
    assert days == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-01-15"]
    assert "unmeasured  500 of 500 candidate samples are missing" in done.out
    assert done.out == history(runs, "reports").out


def test_what_changed_between_runs_is_marked_and_smoke_runs_are(runs: Path) -> None:
    out = history(runs).out
    strip = out.partition("accuracy on prime")[2].partition("\n\n")[0]
    _, first, *rest = (line for line in strip.split("\n") if not line.lstrip().startswith("too"))
    assert "✗" in first
    assert [line.strip()[:1] for line in rest] == ["─", "!", "2", "3"]
    assert "golden set" in rest[0]
    assert "limit: at least 40 %" in rest[1]
    assert rest[3].endswith("smoke")
    assert "smoke run (--limit 20)" in out
    assert "(1 run without this bound)" in out


def test_filters_choose_among_runs_and_bounds(runs: Path) -> None:
    document = history(runs, "--envelope", "assistant", "--bound", "style.code", "--json").json
    [found] = document["envelopes"]
    assert [bound["name"] for bound in found["bounds"]] == ["style.code"]
    last = history(runs, "--last", "1", "--json").json
    assert [(one["earlier"], len(one["runs"])) for one in last["envelopes"]] == [(2, 1), (0, 1)]
    assert "2 earlier runs not shown: --last 3" in history(runs, "--last", "1").out
    only = history(runs, "--bound", SLOW.name, "--json").json
    assert [one["envelope"] for one in only["envelopes"]] == ["writer"]


def test_the_terminal_shows_the_newest_and_counts_the_rest(tmp_path: Path) -> None:
    for day in range(1, 26):
        judged(tmp_path, f"r{day:02}", day=f"2026-01-{day:02}T00:00:00+00:00")
    done = history(tmp_path)
    assert "5 earlier runs not shown: --last 25" in done.out
    assert len(re.findall(r"^ +\d+  2026-01-\d\d \d\d:", done.out, re.MULTILINE)) == 20
    assert len(history(tmp_path, "--json").json["envelopes"][0]["runs"]) == 25


def test_folders_that_are_no_judged_run_are_named_and_counted(runs: Path) -> None:
    reports = runs / "reports"
    (reports / "a-foreign").mkdir()
    (reports / "ledger.jsonl").write_text("{}\n")
    broken = judged(runs, "b-broken")
    (broken / "manifest.json").write_text("{")
    unjudged = judged(runs, "c-unjudged")
    (unjudged / "verdict.json").unlink()
    edited = judged(runs, "d-edited")
    (edited / "verdict.json").write_text("[]")
    timeless = judged(runs, "e-timeless", day="yesterday")
    assert timeless.is_dir()
    drawn = judged(runs, "assistant-aa-20260101T000000-0000")
    (drawn / "verdict.json").unlink()
    done = history(runs)
    assert done.code == 0
    assert "4 runs of 2 envelopes" in done.out
    told = done.err.splitlines()
    assert len(told) == 7
    for words in (
        "reports/a-foreign: expected the folder of a run",
        "reports/assistant-aa-20260101T000000-0000: holds answers of evalkit aa",
        "reports/b-broken/manifest.json:1",
        "reports/c-unjudged was never judged",
        "reports/d-edited/verdict.json: expected a verdict",
        "reports/e-timeless/manifest.json: expected a time in created, found 'yesterday'",
        "6 folders left out",
    ):
        assert words in done.err
    assert len(history(runs, "--json").json["unread"]) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere: expected a folder of runs, found no folder"),
        (["reports/z-first"], "reports/z-first is a run; name the folder it lies in, such as reports"),
        (["empty"], "empty: expected runs that were judged, found none"),
        (["--envelope", "assistent"], "'assistent' is in none of the runs; did you mean 'assistant'?"),
        (["--bound", "acuracy"], "'acuracy' is in none of the runs; did you mean 'accuracy'?"),
        (["--last", "0"], "--last"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_usage_error(runs: Path, arguments: list[str], words: str) -> None:
    (runs / "empty").mkdir()
    done = history(runs, *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_page_is_written_where_it_is_asked_for_the_same_each_time(runs: Path) -> None:
    done = history(runs, "--html", "history.html")
    assert (done.code, done.out) == (0, "history.html\n")
    page = (runs / "history.html").read_bytes()
    assert history(runs, "--html", "again.html").code == 0
    assert page == (runs / "again.html").read_bytes()
    both = history(runs, "--html", "again.html", "--json")
    assert json.loads(both.out)["schema"] == "evalkit.history/1"
    assert history(runs, "--html", "no/such/folder.html").code == 2


def test_runs_of_a_gate_are_a_history(tmp_path: Path) -> None:
    place = world(
        tmp_path, [{"metric": "accuracy", "min": 0.5}], cases=map(case, range(40)),
        candidate=answers(40),
    )  # fmt: skip
    assert place.gate().code == 0
    place.write("candidate.jsonl", answers(30, 10))
    assert place.gate().code in {0, 3}
    done = history(tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "world: 2 runs" in done.out
    assert all(cell_len(line) <= 100 for line in done.out.split("\n"))
