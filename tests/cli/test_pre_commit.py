"""The pre-commit hook, run by hand as its definition says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.worlds import answers, case, evalkit, world

[HOOK] = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())


@pytest.mark.parametrize(
    ("path", "taken"),
    [("envelope.yaml", True), ("envelopes/support.yaml", True), ("a/envelopes/b/c.yml", True),
     ("desk/support.envelope.yaml", True), ("golden_sets/support.jsonl", False),
     ("evalkit.lock", True), ("envelopes/evalkit.waivers.yaml", True), ("other.lock", False),
     ("envelopes/README.md", False), ("config.yaml", False), ("unenvelope.yaml", False)],
)  # fmt: skip
def test_it_takes_envelopes_and_nothing_else(path: str, taken: bool) -> None:  # noqa: FBT001
    assert bool(re.search(HOOK["files"], path)) is taken


def test_it_takes_every_envelope_of_this_repository() -> None:
    found = [path.relative_to(REPOSITORY) for path in REPOSITORY.glob("envelopes/*.yaml")]
    assert found
    assert all(re.search(HOOK["files"], str(path)) for path in found)


def test_it_passes_sound_envelopes_and_stops_a_commit_with_a_wrong_one(tmp_path: Path) -> None:
    made = world(
        tmp_path, [{"metric": "accuracy", "min": 0.5}],
        cases=[case(n) for n in range(5)], candidate=answers(5),
    )  # fmt: skip
    command, *arguments = shlex.split(HOOK["entry"])
    assert (command, HOOK["language"], HOOK["id"]) == ("evalkit", "python", "evalkit-validate")
    assert evalkit(*arguments, "envelope.yaml", folder=tmp_path).code == 0
    made.envelope.write_text(made.envelope.read_text().replace("accuracy", "acuracy", 1))
    stopped = evalkit(*arguments, "envelope.yaml", folder=tmp_path)
    assert stopped.code != 0
    assert "envelope.yaml:" in stopped.err
