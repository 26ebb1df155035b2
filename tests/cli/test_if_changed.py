"""``evalkit gate --if-changed``: only a pass is relied on, and only where nothing can have changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evalkit.core.run import ReliedOn
from evalkit.flows.unchanged import relied_on
from evalkit.spec.envelope import load_envelope
from evalkit.stages.ledger import Ledger
from tests.locks import CASES, ORIGIN, frozen_world, gated, write
from tests.worlds import World

BASE = {"provider": "replay", "path": "base.jsonl"}


@pytest.fixture
def place(tmp_path: Path) -> World:
    """Return a folder with two recordings, gated once in this process."""
    found = frozen_world(tmp_path)
    found.write("base.jsonl", ({"id": f"c{n:04d}", "output": "yes"} for n in range(CASES)))
    write(found, baseline=BASE)
    assert gated(found) == "gated"
    return found


def ledger(place: World) -> Ledger:
    return Ledger(place.folder / "reports/ledger.jsonl")


def asked(place: World) -> ReliedOn | str:
    return relied_on(load_envelope(place.envelope), ledger(place), ORIGIN)


def test_nothing_is_run_twice_and_every_output_says_so(tmp_path: Path) -> None:
    place = frozen_world(tmp_path)
    place.write("base.jsonl", ({"id": f"c{n:04d}", "output": "yes"} for n in range(CASES)))
    write(place, baseline=BASE)
    first = place.gate("--if-changed")
    assert first.code == 0
    assert "--if-changed: the gate runs, for reports/ledger.jsonl knows no run" in first.err
    again = place.gate(
        "--if-changed", "--json", "-o", "files", GITHUB_ACTIONS="true",
        GITHUB_OUTPUT=str(tmp_path / "out"), GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )  # fmt: skip
    assert again.code == 0, again.err
    found = again.json
    assert list(found)[:3] == ["schema", "ran", "sentence"]
    assert (found["schema"], found["ran"], found["verdict"]) == (
        "evalkit.unchanged/1",
        False,
        "pass",
    )
    assert found["sentence"].startswith("Nothing was run: no input changed since desk-")
    assert Path(tmp_path, found["relies_on"]["folder"], "verdict.json").is_file()
    assert json.loads((tmp_path / "files/unchanged.json").read_text()) == found
    for file in ("files/summary.md", "files/junit.xml", "out", "summary"):
        assert "Nothing was run" in (tmp_path / file).read_text()
    assert "::notice title=evalkit%3A unchanged::Nothing was run" in again.err
    assert len(list((tmp_path / "reports").iterdir())) == 2  # one run, and the ledger
    shutil.rmtree(tmp_path / found["relies_on"]["folder"])
    gone = place.gate("--if-changed")
    assert gone.code == 0
    assert "= UNCHANGED" in gone.out
    assert "lies in another folder, or is gone" in gone.out


def test_what_is_another_is_run(place: World) -> None:
    assert isinstance(asked(place), ReliedOn)
    place.write("june.jsonl", ({"id": f"c{n:04d}", "output": "Yes"} for n in range(CASES)))
    assert "knows no run of these inputs" in str(asked(place))
    write(place, baseline=BASE, seed=5)
    assert "knows no run of these inputs" in str(asked(place))


def test_what_was_no_pass_is_never_relied_on(place: World) -> None:
    file = place.folder / "reports/ledger.jsonl"
    passed = json.loads(file.read_text())
    for verdict in ("fail", "inconclusive", "unmeasured"):
        later = {**passed, "verdict": verdict, "run": "later"}
        file.write_text("".join(json.dumps(line) + "\n" for line in (passed, later)))
        assert (
            str(asked(place)) == f"the newest run of these inputs, later, was no pass but {verdict}"
        )


def test_who_may_answer_otherwise_is_asked(place: World) -> None:
    write(place, baseline=BASE, candidate={"provider": "simulated", "model": "m-2"})
    assert "the candidate is m-2, " in str(asked(place))
    assert "another may answer under that name" in str(asked(place))
    write(place, candidate={"provider": "replay", "path": "-"}, baseline=BASE)
    assert "standard input" in str(asked(place))
    watched = {**BASE, "model": "m-1", "sentinel": {"share": "50%", "provider": "simulated"}}
    write(place, baseline=watched)
    assert str(asked(place)) == "a sentinel watches the baseline at every gate"


def test_a_part_is_no_whole(place: World) -> None:
    for options in (("--limit", "3"), ("--only", "refusal"), ("--refresh",)):
        done = place.gate("--if-changed", *options)
        assert done.code == 2
        assert f"{options[0]} asks for another" in done.err
