"""The GitHub action: each of its scripts under bash, with the installed evalkit and a `gh` that notes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.fakes.github_runner import Job
from tests.worlds import World, answers, case, world

ACTION = REPOSITORY / "action.yml"
PULL = {
    "repository": "acme/desk", "sha": "a" * 40, "run_id": "1", "run_attempt": "1", "action": "x",
    "token": "t", "event": {"pull_request": {"number": 7, "head": {"sha": "b" * 40}}},
}  # fmt: skip


class Place:
    """A checked-out repository with an envelope, and a `gh` beside it."""

    def __init__(self, folder: Path, right: int, minimum: float) -> None:
        self.folder = folder
        for name in ("work", "temp", "gh", "bin"):
            (folder / name).mkdir()
        self.world: World = world(
            folder / "work",
            [{"metric": "accuracy", "min": minimum}],
            cases=[case(n) for n in range(100)],
            candidate=answers(right, 100 - right),
        )
        (folder / "bin" / "gh").symlink_to(REPOSITORY / "tests" / "fakes" / "gh")
        # What pip would install is installed: the step that asks for it is only written down.
        python = folder / "bin" / "python"
        python.write_text(
            f'#!/bin/sh\nif [ "$2" = pip ]; then echo "$@" > "$FAKE_GH/pip"; exit 0; fi\n'
            f'exec {sys.executable} "$@"\n'
        )
        python.chmod(0o755)

    def run(self, github: dict[str, Any] | None = None, **inputs: str) -> Job:
        """Run the action as a step of a job."""
        given = {"envelope": "envelope.yaml", **{k.replace("_", "-"): v for k, v in inputs.items()}}
        bin_folder = Path(sys.executable).parent
        path = os.pathsep.join(
            [str(self.folder / "bin"), str(bin_folder), os.environ.get("PATH", "")]
        )
        return Job.of(
            ACTION, given, github=github or PULL, workspace=self.folder / "work",
            temp=self.folder / "temp", path=path,
            environment={"FAKE_GH": str(self.folder / "gh")},
        ).run()  # fmt: skip

    @property
    def calls(self) -> list[str]:
        """What `gh` was asked, a text a call."""
        file = self.folder / "gh" / "calls"
        return file.read_text().split("== call\n")[1:] if file.exists() else []


@pytest.fixture
def passing(tmp_path: Path) -> Place:
    return Place(tmp_path, right=98, minimum=0.85)


@pytest.fixture
def undecided(tmp_path: Path) -> Place:
    return Place(tmp_path, right=90, minimum=0.88)


def test_a_pass_is_a_green_job_a_green_check_and_a_comment(passing: Place) -> None:
    job = passing.run()
    assert job.code == 0, job.log
    assert job.output("verdict") == "pass"
    assert job.output("sentence") == "The candidate keeps its one bound."
    assert Path(job.output("report")).is_file()
    assert Path(job.output("run"), "verdict.json").is_file()
    check, listed, comment = passing.calls
    assert "repos/acme/desk/check-runs\n" in check
    assert f"head_sha={'b' * 40}\n" in check
    assert "conclusion=success\n" in check
    assert "repos/acme/desk/issues/7/comments?per_page=100\n" in listed
    assert "POST\nrepos/acme/desk/issues/7/comments\n" in comment
    assert "<<\n<!-- evalkit:world -->\n" in comment


def test_cannot_tell_is_a_neutral_check_that_says_what_would_settle_it(undecided: Place) -> None:
    job = undecided.run()
    assert job.code == 0, job.log
    assert job.output("verdict") == "inconclusive"
    assert job.output("exit-code") == "3"
    check = undecided.calls[0]
    assert "conclusion=neutral\n" in check
    assert "output[title]=1 of 1 bound is undecided; none is shown broken.\n" in check
    assert re.search(r"<<\naccuracy needs [0-9,]+ more cases", check)


def test_cannot_tell_is_red_where_the_branch_asks_for_it(undecided: Place) -> None:
    job = undecided.run(inconclusive="fail")
    assert job.code == 3
    assert "conclusion=failure\n" in undecided.calls[0]


def test_a_broken_bound_is_red_whatever_cannot_tell_is(tmp_path: Path) -> None:
    place = Place(tmp_path, right=50, minimum=0.88)
    job = place.run()
    assert job.code == 1
    assert job.output("verdict") == "fail"
    assert "conclusion=failure\n" in place.calls[0]


def test_a_file_that_is_wrong_is_red_and_writes_no_check(passing: Place) -> None:
    passing.world.envelope.write_text("version: 1\n")
    job = passing.run()
    assert job.code == 2
    assert passing.calls == []
    assert not any("upload-artifact" in used for used in job.used)


def test_a_token_that_may_not_write_leaves_the_verdict_to_the_job(passing: Place) -> None:
    (passing.folder / "gh" / "code").write_text("1")
    job = passing.run()
    assert job.code == 0
    assert job.log.count("::warning title=evalkit::No c") == 2


def test_a_later_run_replaces_the_comment(passing: Place) -> None:
    (passing.folder / "gh" / "comments").write_text("4711\n4712\n")
    assert passing.run().code == 0
    assert "PATCH\nrepos/acme/desk/issues/comments/4711\n" in passing.calls[-1]


def test_a_push_has_a_check_and_no_comment(passing: Place) -> None:
    job = passing.run({**PULL, "event": {}})
    assert job.code == 0
    [check] = passing.calls
    assert f"head_sha={'a' * 40}\n" in check


def test_check_and_comment_can_be_left_out(passing: Place) -> None:
    assert passing.run(check="false", comment="false").code == 0
    assert passing.calls == []


def test_arguments_stand_one_a_line_and_are_never_read_by_a_shell(passing: Place) -> None:
    job = passing.run(args="--only\naccuracy\n\n--seed=3\n")
    assert job.output("exit-code") == "3"  # a smoke run is never a pass
    job = passing.run(args="--candidate=$(touch hacked); `touch hacked`")
    assert job.code == 2
    assert not (passing.folder / "work" / "hacked").exists()


def test_an_answer_that_would_be_a_command_is_text(tmp_path: Path) -> None:
    place = Place(tmp_path, right=50, minimum=0.88)
    document = place.world.envelope.read_text()
    hostile = "$(touch hacked)`touch hacked`\\n::error::"
    named = document.replace('"metric": "accuracy",', f'"metric": "accuracy", "name": "{hostile}",')
    place.world.envelope.write_text(named.replace("\\n", " "))
    assert place.run().code == 1
    assert not (place.folder / "work" / "hacked").exists()


def test_another_word_than_neutral_or_fail_is_an_error(passing: Place) -> None:
    job = passing.run(inconclusive="warn")
    assert job.code == 2
    assert "expected neutral or fail" in job.log


def test_the_action_installs_itself_unless_a_package_is_named(passing: Place) -> None:
    passing.run()
    assert "/the/action" in (passing.folder / "gh" / "pip").read_text()


def test_another_package_is_installed_where_one_is_named(passing: Place) -> None:
    passing.run(package="evalkit-gate[fast]==9", artifact="")
    assert "evalkit-gate[fast]==9" in (passing.folder / "gh" / "pip").read_text()


def test_whatever_is_used_is_pinned_to_a_commit() -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", item) for item in used)


def test_the_guide_names_every_input_and_output() -> None:
    action = yaml.safe_load(ACTION.read_text())
    guide = (REPOSITORY / "docs" / "ci.md").read_text()
    section = guide.partition("## GitHub: the action")[2].partition("## GitLab")[0]
    named = set(re.findall(r"`([a-z-]+)`", section))
    assert {*action["inputs"], *action["outputs"]} <= named
