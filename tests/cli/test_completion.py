"""What a shell is offered: commands, envelopes, run folders."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.worlds import EVALKIT, answers, case, evalkit, world


def offered(folder: Path, words: str) -> list[str]:
    """Return what bash is offered behind some words, the last of which is not finished."""
    found = evalkit(
        folder=folder, _EVALKIT_COMPLETE="complete_bash", COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )  # fmt: skip
    return found.out.split()


def test_commands_are_offered(tmp_path: Path) -> None:
    assert offered(tmp_path, "evalkit ga") == ["gate"]
    assert {"init", "plan", "gate", "judge"} <= set(offered(tmp_path, "evalkit "))


@pytest.mark.parametrize("command", ["gate", "plan", "run", "aa", "doctor", "validate"])
def test_envelopes_are_offered_and_folders_to_look_for_them_in(
    tmp_path: Path, command: str
) -> None:
    for name in ("desk.yaml", "desk.yml", "desk.jsonl", ".hidden.yaml"):
        (tmp_path / name).touch()
    (tmp_path / "deep").mkdir()
    assert offered(tmp_path, f"evalkit {command} de") == ["deep/", "desk.yaml", "desk.yml"]
    assert ".hidden.yaml" not in offered(tmp_path, f"evalkit {command} ")


def test_a_folder_that_is_not_there_offers_nothing(tmp_path: Path) -> None:
    assert offered(tmp_path, "evalkit gate nowhere/x") == []


def test_recordings_are_offered_to_init(tmp_path: Path) -> None:
    for name in ("march.jsonl", "may.jsonl.gz", "map.yaml"):
        (tmp_path / name).touch()
    assert offered(tmp_path, "evalkit init --from ma") == ["march.jsonl", "may.jsonl.gz"]


def test_runs_are_offered_to_judge(tmp_path: Path) -> None:
    made = world(
        tmp_path, [{"metric": "accuracy", "min": 0.5}],
        cases=[case(n) for n in range(20)], candidate=answers(20),
    )  # fmt: skip
    assert made.gate("-o", "reports/first").code == 0
    assert offered(tmp_path, "evalkit judge rep") == ["reports/"]
    assert offered(tmp_path, "evalkit judge reports/") == ["reports/first"]


def test_the_script_for_bash_completes_in_bash(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    (tmp_path / "desk.yaml").touch()
    script = (
        subprocess.run(
            [EVALKIT, "--show-completion", "bash"], capture_output=True, text=True, check=False
        ).stdout
        or evalkit(folder=tmp_path, _EVALKIT_COMPLETE="source_bash").out
    )
    (tmp_path / "completion.sh").write_text(script)
    asked = (
        f"source completion.sh; COMP_WORDS=({json.dumps(str(EVALKIT))} gate de); COMP_CWORD=2; "
        f'_evalkit_completion {json.dumps(str(EVALKIT))}; echo "${{COMPREPLY[*]}}"'
    )
    done = subprocess.run(
        [bash, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == "desk.yaml", done.stderr
