"""``evalkit canary --emit``, as it is run: the files of ``deploy`` are what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.cli.canary_emit import Emit
from evalkit.report.canary.emit import FORMATS
from tests.conftest import REPOSITORY
from tests.worlds import Outcome, evalkit

DEPLOY = REPOSITORY / "deploy"
ENVELOPE, LOG = (
    str(REPOSITORY / "traffic" / name) for name in ("rollout.yaml", "rollout.jsonl.gz")
)
SHIPPED = {
    "nginx": "nginx/split.conf",
    "envoy": "envoy/routes.yaml",
    "istio": "istio/canary.yaml",
    "argo": "argo/web.yaml",
    "flagger": "flagger/canary.yaml",
}


def emit(folder: Path, name: str, *options: str, envelope: str = ENVELOPE) -> Outcome:
    """Run the command."""
    return evalkit("canary", envelope, "--emit", name, *options, folder=folder)


@pytest.mark.parametrize("name", list(SHIPPED))
def test_the_files_of_deploy_are_what_it_prints(name: str, tmp_path: Path) -> None:
    done = emit(tmp_path, name, envelope=str(DEPLOY / "chat.yaml"))
    assert (done.code, done.err) == (0, "")
    assert done.out == (DEPLOY / SHIPPED[name]).read_text(encoding="utf-8")


def test_every_format_can_be_asked_for() -> None:
    assert set(Emit) == set(FORMATS) == set(SHIPPED)


def test_the_share_is_the_decided_one_and_that_of_another_run_is_nothing(tmp_path: Path) -> None:
    state = ("--state", "s.json")
    assert "* baseline;" in emit(tmp_path, "nginx", *state).out  # nobody watches yet
    at = ("--as-of", "2026-10-05T12:00:00Z")
    assert evalkit("canary", ENVELOPE, LOG, *state, *at, folder=tmp_path).code == 0
    assert "    50% candidate;" in emit(tmp_path, "nginx", *state).out
    other = emit(tmp_path, "nginx", *state, "--run", "next")
    assert "candidate;" not in other.out
    assert "run next" in other.out
    told = json.loads((tmp_path / "s.json").read_text())
    told["memory"]["decision"] |= {"share": 0.0, "action": "rollback", "final": True}
    (tmp_path / "s.json").write_text(json.dumps(told))
    assert "candidate;" not in emit(tmp_path, "nginx", *state).out


def test_a_state_of_another_envelope_is_not_written_down(tmp_path: Path) -> None:
    at = ("--as-of", "2026-10-05T10:30:00Z")
    assert evalkit("canary", ENVELOPE, LOG, "--state", "s.json", *at, folder=tmp_path).code == 3
    found = emit(tmp_path, "nginx", "--state", "s.json", envelope=str(DEPLOY / "chat.yaml"))
    assert (found.code, found.out) == (2, "")
    assert "was begun with other stages" in found.err


@pytest.mark.parametrize("options", [(LOG,), ("--watch",), ("--json",), ("--listen", ":1")])
def test_it_decides_nothing_itself(options: tuple[str, ...], tmp_path: Path) -> None:
    found = emit(tmp_path, "nginx", *options)
    assert (found.code, found.out) == (2, "")
    assert "--emit writes down what was decided" in found.err


def test_a_stage_that_is_too_fine_names_the_stage(tmp_path: Path) -> None:
    text = (DEPLOY / "chat.yaml").read_text(encoding="utf-8")
    text = text.replace("[1%, 5%, 20%]", "[0.5%, 5%]").replace("../", f"{REPOSITORY}/")
    (tmp_path / "chat.yaml").write_text(text, encoding="utf-8")
    found = emit(tmp_path, "istio", envelope="chat.yaml")
    assert (found.code, found.out) == (2, "")
    assert "canary.stages[0] is 0.5 %" in found.err
    assert emit(tmp_path, "nginx", envelope="chat.yaml").code == 0
