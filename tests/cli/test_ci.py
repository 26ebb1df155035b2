"""What a CI system is told, found out from the environment; and that no text of others commands it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.guard import GuardedStream, harmless
from evalkit.core.verdict import Outcome as RunOutcome
from evalkit.report.format import Material
from evalkit.report.view import view_of
from tests.docs.pages import blocks
from tests.fakes.hostile import HOSTILE
from tests.report.test_github import parsed
from tests.report.verdicts import CODE, manifest, verdict
from tests.worlds import Outcome, World, answers, case, evalkit, outside_ci, world

FLOOR = {"metric": "accuracy", "min": 0.85}
COMMAND = HOSTILE["a command to the CI"]
ALWAYS = {"junit.xml", "summary.md", "ctrf.json", "report.html", "verdict.json"}


@dataclass(frozen=True)
class Step:
    """A step of a GitHub job: its files, and its environment."""

    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def summary(self) -> Path:
        return self.folder / "summary"

    @property
    def environment(self) -> dict[str, Any]:
        return {
            "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_WORKSPACE": str(self.folder),
        }  # fmt: skip


@pytest.fixture
def step(tmp_path: Path) -> Step:
    made = Step(tmp_path)
    made.output.touch()
    made.summary.touch()
    return made


def undecided(folder: Path, **keys: Any) -> World:
    """Write a world that ends with 3."""
    cases = [case(number) for number in range(100)]
    return world(folder, [FLOOR], cases=cases, candidate=answers(88, 12), **keys)


def commands(text: str) -> list[str]:
    """Return the lines that GitHub's runner would take for commands."""
    return [
        line
        for line in re.split(r"[\r\n]+", text)
        if line.lstrip().startswith("::") or "##[" in line
    ]


# ---------------------------------------------------------------- the run folder


def test_every_run_folder_has_the_files_that_ci_reads(tmp_path: Path) -> None:
    done = undecided(tmp_path).gate("-o", "run")
    assert (done.code, done.err) == (3, "")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names >= ALWAYS
    assert "metrics.txt" not in names


def test_judge_and_report_write_the_same_bytes_again(tmp_path: Path) -> None:
    undecided(tmp_path).gate("-o", "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    for command in ("judge", "report"):
        for name in ALWAYS - {"verdict.json"}:
            (tmp_path / "run" / name).unlink()
        evalkit(command, "run", folder=tmp_path)
        assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("given", [{"GITLAB_CI": "true"}, {}])
def test_gitlab_gets_its_metrics_found_out_or_asked_for(
    given: dict[str, Any], tmp_path: Path
) -> None:
    asked = () if given else ("--ci", "gitlab")
    done = undecided(tmp_path).gate("-o", "run", *asked, **given)
    assert (done.code, done.err) == (3, "")
    assert 'evalkit_exit_code{envelope="world"} 3' in (tmp_path / "run" / "metrics.txt").read_text()


# ---------------------------------------------------------------- GitHub


def test_a_step_gets_annotations_outputs_and_a_summary(step: Step) -> None:
    done = undecided(step.folder).gate("-o", "run", **step.environment)
    assert done.code == 3
    first, second = commands(done.err)
    assert first.startswith("::warning title=evalkit%3A CANNOT TELL · exit 3::1 of 1 bound")
    line = 1 + step.folder.joinpath("envelope.yaml").read_text().split("\n").index("  {")
    assert second.startswith(
        f"::warning file=envelope.yaml,line={line},title=accuracy%3A undecided::"
    )
    assert "What would settle it" in second
    assert commands(done.out) == []
    found = parsed(step.output.read_text())
    assert (found["verdict"], found["exit_code"]) == ("inconclusive", "3")
    assert (found["run"], found["report"]) == ("run", "run/report.html")
    assert (step.folder / found["summary"]).read_text() + "\n" == step.summary.read_text()


def test_a_later_gate_of_the_step_adds_to_what_is_there(step: Step) -> None:
    step.output.write_text("mine=1")
    step.summary.write_text("# Mine")
    place = undecided(step.folder)
    place.gate(**step.environment)
    place.gate(**step.environment)
    assert step.output.read_text().startswith("mine=1\nverdict<<")
    assert step.summary.read_text().startswith("# Mine\n<!-- evalkit:world -->\n")
    assert step.summary.read_text().count("<!-- evalkit:world -->") == 2


def test_json_on_standard_output_stays_the_verdict_alone(step: Step) -> None:
    done = undecided(step.folder).gate("--json", "-o", "run", **step.environment)
    assert done.out == (step.folder / "run" / "verdict.json").read_text()
    assert len(commands(done.err)) == 2


@pytest.mark.parametrize("how", [["--ci", "none"], ["--ci=none"]])
def test_a_step_can_be_left_alone(how: list[str], step: Step) -> None:
    done = undecided(step.folder).gate(*how, **step.environment)
    assert (done.code, commands(done.err)) == (3, [])
    assert step.output.read_text() == step.summary.read_text() == ""
    (step.folder / "broken.yaml").write_text("version: 2\n")
    done = evalkit("gate", "broken.yaml", *how, folder=step.folder, **step.environment)
    assert (done.code, commands(done.err)) == (2, [])


def test_github_can_be_written_for_where_it_is_not_found_out(step: Step) -> None:
    given = step.environment
    del given["GITHUB_ACTIONS"]
    done = undecided(step.folder).gate("--ci", "github", **given)
    assert len(commands(done.err)) == 2
    assert parsed(step.output.read_text())["verdict"] == "inconclusive"


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_what_cannot_be_written_is_told_and_changes_no_exit_code(variable: str, step: Step) -> None:
    place = undecided(step.folder)
    for value, words in (
        ("", f"{variable} is not set: expected the file that GitHub names"),
        (str(step.folder), f"{variable}: {step.folder} cannot be written: Is a directory"),
        (str(step.folder / "no" / "file"), "cannot be written: No such file or directory"),
    ):
        done = place.gate(**step.environment | {variable: value})
        assert done.code == 3
        assert words in done.err
        assert "Traceback" not in done.err
        assert "CANNOT TELL" in done.out
    other = step.summary if variable == "GITHUB_OUTPUT" else step.output
    assert other.read_text().count("CANNOT TELL" if other == step.summary else "verdict<<") == 3


def test_a_summary_that_github_would_refuse_is_not_made_longer(step: Step) -> None:
    step.summary.write_text("x" * ((1 << 20) - 100))
    done = undecided(step.folder).gate(**step.environment)
    assert done.code == 3
    assert "would be longer than the 1,048,576 bytes that GitHub takes" in done.err
    assert step.summary.stat().st_size == (1 << 20) - 100


def test_an_envelope_outside_of_the_repository_keeps_its_path(step: Step) -> None:
    (step.folder / "inside").mkdir()
    given = step.environment | {"GITHUB_WORKSPACE": str(step.folder / "inside")}
    done = undecided(step.folder).gate("-o", "run", **given)
    assert f"file={step.folder}/envelope.yaml,line=" in done.err
    assert parsed(step.output.read_text())["run"] == str(step.folder / "run")


def test_the_problems_of_files_are_annotated_by_every_command(step: Step) -> None:
    (step.folder / "e.yaml").write_text("version: 1\nname: x\nbounds: 3\n")
    for command in ("gate", "validate", "plan"):
        done = evalkit(command, "e.yaml", folder=step.folder, **step.environment)
        assert done.code == 2
        assert "::error file=e.yaml,line=3" in "\n".join(commands(done.err))


# ---------------------------------------------------------------- hostile text


def hostile(folder: Path, words: str) -> World:
    """Write a world in which tags, cases, answers and endpoints all say the same words."""
    ids = [f"{words}{number}" for number in range(200)]
    cases = [{"id": name, "input": words, "reference": "yes", "tags": [words]} for name in ids]
    arms = {
        arm: [{"id": name, "output": output, "model": words} for name in ids]
        for arm, output in (("candidate", words), ("baseline", "yes"))
    }
    bounds = [{"metric": "accuracy", "delta": 0.03, "on": words}, FLOOR]
    return world(folder, bounds, cases=cases, **arms)


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize(
    "words", ["::error::x", "##[error]x", "a ##[set-output name=verdict;]pass", COMMAND]
)
def test_nothing_that_others_wrote_is_a_command(words: str, options: list[str], step: Step) -> None:
    done = hostile(step.folder, words).gate(*options, "-o", "run", **step.environment)
    assert done.code == 1, done.err
    assert commands(done.out) == []
    assert all(re.match("::(error|warning|notice) ", line) for line in commands(done.err))
    assert all("##[" not in line for line in commands(done.err))
    assert "verdict<<" in step.output.read_text()
    if options:
        assert json.loads(done.out)["bounds"][0]["on"] == words


def test_an_error_about_hostile_names_is_no_command(step: Step) -> None:
    place = undecided(step.folder)
    for words in ("\n::stop-commands::x", "##[group]"):
        done = evalkit("gate", words, folder=step.folder, **step.environment)
        assert done.code == 2
        assert [line for line in commands(done.err) if not line.startswith("::error ")] == []
        done = place.gate("--only", words, **step.environment)
        assert done.code == 2
        assert commands(done.err) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::a::b", r"\x3a:a::b"),
        ("  ::a", r"  \x3a:a"),
        ("a ::b", "a ::b"),
        ("a\n::b\r::c", "a\n\\x3a:b\r\\x3a:c"),
        ("a ##[b]", r"a #\x23[b]"),
        ("###[b]", r"##\x23[b]"),
        (":: ", r"\x3a: "),
        (":a", ":a"),
        ("# [b]", "# [b]"),
    ],
)
def test_a_command_is_shown_as_text(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert commands(shown) == []


@pytest.mark.parametrize(
    "pieces", [["a", "::b"], ["\n", "::b"], ["x\n  ", "::b"], ["", "::b"], [" ", " ", "::b"]]
)
def test_a_line_in_pieces_is_a_line(pieces: list[str], tmp_path: Path) -> None:
    whole = "".join(pieces)
    with (tmp_path / "x").open("w+", encoding="utf-8", newline="") as inside:
        stream = GuardedStream(inside)
        assert stream.isatty() is False
        stream.writelines(pieces)
        stream.flush()
        inside.seek(0)
        assert inside.read() == harmless(whole)


def test_what_a_scorer_prints_as_json_is_the_same_value(step: Step) -> None:
    (step.folder / "o.jsonl").write_text(json.dumps({"id": "##[x]", "output": "yes"}) + "\n")
    done = evalkit("score", "length", "o.jsonl", folder=step.folder, **step.environment)
    assert done.code == 0, done.err
    assert commands(done.out) == []
    assert json.loads(done.out.splitlines()[0])["id"] == "##[x]"


# ---------------------------------------------------------------- formats of strangers

STRANGER = """
from evalkit.report.format import report_format

@report_format("votes", file="{file}")
def votes(material):
    return {text}
"""


def with_stranger(
    folder: Path, *, file: str = "votes.txt", text: str = "'x' + material.view.word"
) -> Outcome:
    """Gate where somebody else's format is installed."""
    site = folder / "site"
    (site / "votes-1.0.dist-info").mkdir(parents=True)
    (site / "votes-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: votes\nVersion: 1.0\n"
    )
    (site / "votes-1.0.dist-info" / "entry_points.txt").write_text(
        "[evalkit.reports]\nvotes = votes:votes\n"
    )
    (site / "votes.py").write_text(STRANGER.format(file=file, text=text))
    path = os.pathsep.join([str(site), *filter(None, [outside_ci().get("PYTHONPATH")])])
    return undecided(folder).gate("-o", "run", PYTHONPATH=path)


def test_the_format_that_the_page_shows_is_one() -> None:
    [shown] = [block.text for block in blocks("docs/ci-formats.md") if block.language == "python"]
    names: dict[str, Any] = {}
    exec(shown, names)  # noqa: S102 - what the page shows is what is tried
    made = verdict(RunOutcome.PASS, [CODE])
    material = Material(view_of(made, manifest([CODE])), manifest([CODE]))
    assert names["one_line"](material) == "PASS: gpt-4-0613 keeps all 4 bounds.\n"


def test_a_format_of_a_stranger_is_written_too(tmp_path: Path) -> None:
    done = with_stranger(tmp_path)
    assert (done.code, done.err) == (3, "")
    assert (tmp_path / "run" / "votes.txt").read_text() == "xCANNOT TELL"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": "1 / 0"}, "report 'votes' failed: ZeroDivisionError: division by zero"),
        ({"text": "7"}, "report 'votes' failed: expected text, found int"),
        ({"text": r"'\ud800'"}, "report 'votes' failed: UnicodeEncodeError"),
        ({"file": "verdict.json"}, "report 'votes': verdict.json is a file of every run already"),
        ({"file": "junit.xml"}, "report 'votes': junit.xml is a file of every run already"),
        ({"file": "../x"}, "expected the plain name of a file, found '../x'"),
    ],
)
def test_a_format_of_a_stranger_that_fails_is_told_and_the_verdict_stays(
    changes: dict[str, str], words: str, tmp_path: Path
) -> None:
    done = with_stranger(tmp_path, **changes)
    assert done.code == 3
    assert words in done.err
    assert "CANNOT TELL" in done.out
    assert json.loads((tmp_path / "run" / "verdict.json").read_text())["exit_code"] == 3
    assert (tmp_path / "run" / "junit.xml").read_text().startswith("<?xml")
