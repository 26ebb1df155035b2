"""What the pages show is what happens."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from evalkit.core.verdict import Reason, Settle
from tests.conftest import REPOSITORY
from tests.docs.pages import PAGES, Command, blocks, commands, copied, run, unmet
from tests.worlds import answer, evalkit

ELSEWHERE = {"make test", "make check", "make bench", "make calibration"}
"""Run by CI itself, or for minutes: a test that ran them would run itself."""

COMMANDS = [command for command in commands() if command.page != "docs/scorer.md"]


@pytest.mark.parametrize("page", list(dict.fromkeys(command.page for command in COMMANDS)))
def test_the_commands_of_a_page_do_one_after_another_what_it_shows(
    page: str, tmp_path: Path
) -> None:
    repository = copied(tmp_path)
    for command in COMMANDS:
        if command.page == page:
            check(command, repository)


def check(command: Command, repository: Path) -> None:
    dry = command.line in ELSEWHERE
    done = run(f"{command.line} -n" if dry else command.line, repository)
    code = re.search(r"^exit (\d+)$", "\n".join(command.output), re.MULTILINE)
    wanted = int(code.group(1)) if code else 0
    assert done.returncode == wanted, f"{command}\n{done.stdout}\n{done.stderr[-2000:]}"
    assert unmet(command.output, done.stdout) is None, command


def test_the_pages_show_commands_at_all() -> None:
    assert {"README.md", "CONTRIBUTING.md", "golden_sets/README.md"} <= {c.page for c in COMMANDS}
    assert len(COMMANDS) >= 8


def test_the_links_of_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        text = (REPOSITORY / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (REPOSITORY / page).parent.joinpath(target).exists(), f"{page}: {target}"


def test_the_picture_of_the_report_loads_at_once() -> None:
    picture = REPOSITORY / "docs" / "images" / "report.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size <= 200_000


def test_the_first_gate_of_the_readme_runs_as_it_is_written(tmp_path: Path) -> None:
    case, recorded = (
        json.loads(block.text) for block in blocks("README.md") if block.language == "json"
    )
    [envelope] = (block.text for block in blocks("README.md") if block.language == "yaml")
    (tmp_path / "envelope.yaml").write_text(envelope)
    (tmp_path / "golden.jsonl").write_text(json.dumps(case) + "\n")
    for name in ("march", "june"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(recorded) + "\n")
    assert evalkit("validate", "envelope.yaml", folder=tmp_path).code == 0
    done = evalkit("gate", "envelope.yaml", folder=tmp_path)
    assert done.code == 3  # one case proves nothing
    assert "111 more cases, if the truth is 0.0 points" in done.out


def test_the_scorer_of_the_guide_works_as_the_guide_says(tmp_path: Path) -> None:
    scorer, checks = (b.text for b in blocks("docs/scorer.md") if b.language == "python")
    [console] = (b.text for b in blocks("docs/scorer.md") if b.language == "console")
    [metrics] = (b.text for b in blocks("docs/scorer.md") if b.language == "yaml")
    (tmp_path / ".git").mkdir()
    (tmp_path / "scorers").mkdir()
    (tmp_path / "scorers" / "thanks.py").write_text(scorer)
    records = [answer(n, "Many thanks!" if n % 2 else "No.") for n in range(200)]
    (tmp_path / "outputs.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    scored = run(console.removeprefix("$ "), tmp_path)
    assert [json.loads(line)["value"] for line in scored.stdout.splitlines()[:2]] == [0.0, 1.0]
    (tmp_path / "checks.py").write_text(checks)
    assert run("python checks.py", tmp_path).returncode == 0
    (tmp_path / "golden.jsonl").write_text(
        "".join(json.dumps({"id": r["id"], "input": "?"}) + "\n" for r in records)
    )
    recorded = "{provider: replay, path: outputs.jsonl}"
    (tmp_path / "envelope.yaml").write_text(
        f"version: 1\nname: x\ngolden_set: golden.jsonl\nbaseline: {recorded}\n"
        f"candidate: {recorded}\n{metrics}"
    )
    assert evalkit("gate", "envelope.yaml", folder=tmp_path).code == 0


def test_every_key_and_reason_of_a_verdict_is_on_its_page() -> None:
    page = (REPOSITORY / "docs" / "verdict.md").read_text()
    explained = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`|\{[^}]+\}", page))))
    verdict = json.loads((REPOSITORY / "reports" / "sample" / "verdict.json").read_text())
    bound = verdict["bounds"][0]
    settle = {field.name for field in fields(Settle)}
    keys = {*verdict, *bound, *bound["candidate"], *settle, *map(str, Reason)}
    assert keys <= explained, keys - explained


def test_the_sample_report_is_what_the_shipped_example_gives(tmp_path: Path) -> None:
    envelope = str(REPOSITORY / "envelopes" / "support-next.yaml")
    fresh = evalkit("gate", envelope, "--json", folder=tmp_path).json
    shipped = json.loads((REPOSITORY / "reports" / "sample" / "verdict.json").read_text())
    assert shipped == fresh
    page = (REPOSITORY / "reports" / "sample" / "report.html").read_text()
    assert shipped["sentence"] in page
