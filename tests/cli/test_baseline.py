"""``evalkit baseline freeze``, the lock it writes, and what a gate refuses by it."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.locks import (
    BOUND,
    CANDIDATE,
    CASES,
    FROZEN,
    LIVE,
    OUTPUTS,
    edited,
    frozen_world,
    gated,
    lock,
    write,
)
from tests.worlds import Outcome, World, case, evalkit


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which a live baseline was frozen, once."""
    place = frozen_world(tmp_path_factory.mktemp("made"))
    done = freeze(place, "--draws", "2")
    assert done.code == 0, done.err
    assert f"{OUTPUTS}: 40 cases, 2 draws each, 0 missing" in done.out
    assert f"baseline: {{provider: replay, path: {OUTPUTS}}}" in done.out
    return place.folder


@pytest.fixture
def place(tmp_path: Path) -> World:
    """Return a folder with an envelope whose baseline is asked live."""
    return frozen_world(tmp_path)


@pytest.fixture
def frozen(made: Path, tmp_path: Path) -> World:
    """Return a copy of what was frozen, its outputs named in the envelope."""
    found = World(Path(shutil.copytree(made, tmp_path / "copy")))
    write(found, baseline=FROZEN)
    return found


def freeze(place: World, *options: str) -> Outcome:
    arguments = ("baseline", "freeze", "envelope.yaml", "--by", "Ada L", *options)
    return evalkit(*arguments, folder=place.folder)


def records(place: World) -> list[dict[str, Any]]:
    with gzip.open(place.folder / OUTPUTS, "rt") as stream:
        return [json.loads(line) for line in stream]


# ---------------------------------------------------------------- freezing


def test_a_live_baseline_is_asked_its_draws_and_locked(frozen: World) -> None:
    found = records(frozen)
    assert [(r["id"], r["sample"]) for r in found[:3]] == [("c0000", 0), ("c0000", 1), ("c0001", 0)]
    assert "arm" not in found[0]
    text = lock(frozen).read_text()
    for line in ("  desk:", "    envelope: envelope.yaml", "      by: Ada L", "          draws: 2",
                 "          model: m-1", "            version: 3", "              Be kind.",
                 "          refusal: refusal@"):  # fmt: skip
        assert line in text


def test_a_gate_on_what_was_frozen_passes_and_its_manifest_knows_the_lock(frozen: World) -> None:
    done = frozen.gate("-o", "run")
    assert done.code == 0, done.err
    manifest = json.loads((frozen.folder / "run/manifest.json").read_text())
    assert len(manifest["lock"]) == 64
    assert frozen.gate("--limit", "5").code == 3  # a part is compared as the whole is


def test_nothing_is_written_over_in_silence(frozen: World) -> None:
    before = {path: path.read_bytes() for path in (lock(frozen), frozen.folder / OUTPUTS)}
    same = freeze(frozen)
    assert same.code == 0, same.err
    assert "nothing that must match differs, nothing was written" in same.out
    assert "may_change.envelope: " in same.out
    write(frozen, baseline={**FROZEN, "params": {"seed": 1}}, bounds=[{**BOUND, "delta": 0.8}])
    done = freeze(frozen)
    assert done.code == 2
    assert "must_match.snapshot.params.seed: none → 1" in done.err
    assert "may_change.envelope: " in done.err
    assert "--replace freezes it anew" in done.err
    assert {path: path.read_bytes() for path in before} == before
    replaced = freeze(frozen, "--replace")
    assert replaced.code == 0, replaced.err
    assert "must_match.snapshot.params.seed: none → 1" in replaced.out
    assert "model: m-1" in lock(frozen).read_text()  # what the lock knew of its own file stays


def test_a_file_that_no_lock_knows_is_not_written_over(place: World) -> None:
    (place.folder / "mine.jsonl").write_text("{}\n")
    done = freeze(place, "-o", "mine.jsonl")
    assert done.code == 2
    assert "mine.jsonl is there already" in done.err
    assert (place.folder / "mine.jsonl").read_text() == "{}\n"
    assert freeze(place, "-o", "mine.csv").code == 2


def test_a_recording_is_copied_and_its_few_draws_are_told(place: World) -> None:
    place.write("base.jsonl", ({"id": f"c{n:04d}", "output": "yes"} for n in range(CASES)))
    write(place, baseline={"provider": "replay", "path": "base.jsonl"})
    done = freeze(place)
    assert done.code == 0, done.err
    assert "Only 1 draw a case: that is what was recorded." in done.out
    assert [record["output"] for record in records(place)] == ["yes"] * CASES


def test_a_frozen_file_can_be_locked_again_where_it_lies(frozen: World) -> None:
    lock(frozen).unlink()
    assert freeze(frozen, "-o", OUTPUTS).code == 0
    assert frozen.gate().code == 0


def test_what_is_missing_is_not_frozen(place: World) -> None:
    write(place, baseline={**LIVE, "errors": 0.5})
    done = freeze(place, "--draws", "1")
    assert done.code == 4
    assert "draws are missing" in done.err
    assert not lock(place).exists()
    spent = freeze(place, "--max-requests", "3")
    assert spent.code == 4
    assert "the same command goes on" in spent.err


def test_there_has_to_be_a_baseline_and_somebody_who_answers_for_it(place: World) -> None:
    unnamed = evalkit(
        "baseline", "freeze", "envelope.yaml", folder=place.folder,
        GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", HOME=str(place.folder),
    )  # fmt: skip
    assert unnamed.code == 2
    assert "--by" in unnamed.err
    without = evalkit("baseline", "freeze", "envelope.yaml", folder=place.folder, PATH="/nowhere")
    assert without.code == 2
    assert "git config user.name says nothing here" in without.err
    document = json.loads(place.envelope.read_text())
    del document["baseline"]
    document["bounds"] = [{"metric": "refusal", "max": 0.9}]
    place.envelope.write_text(json.dumps(document))
    assert "has no baseline to freeze" in freeze(place).err


# ---------------------------------------------------------------- what a gate refuses


def test_outputs_that_were_altered_are_refused(frozen: World) -> None:
    found = records(frozen)
    found[0]["output"] = "something better"
    with gzip.open(frozen.folder / OUTPUTS, "wt") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in found)
    done = frozen.gate()
    assert done.code == 2
    assert (
        "baseline.path: not comparable: the outputs were altered since they were frozen" in done.err
    )
    assert "evalkit baseline freeze " in done.err
    assert freeze(frozen).code == 2


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"baseline": {**FROZEN, "path": "other.jsonl"}}, f"expected {OUTPUTS}, which"),
        (
            {"baseline": {**FROZEN, "model": "m-9"}},
            "baseline.model: not comparable: expected 'm-1'",
        ),
        ({"baseline": {**FROZEN, "system_prompt": "Be rude."}}, "baseline.system_prompt: not comp"),
        ({"baseline": {**FROZEN, "params": {"temperature": 1}}}, "baseline.params: not comparable"),
        ({"baseline": {**LIVE, "model": "m-9"}}, "baseline.model: not comparable"),
        ({"baseline": {**LIVE, "prompt": "Asked: {input}"}}, "baseline.prompt: not comparable"),
    ],
)
def test_another_baseline_than_the_locked_one_is_refused(
    frozen: World, keys: dict[str, Any], said: str
) -> None:
    frozen.write("other.jsonl", ({"id": f"c{n:04d}", "output": "yes"} for n in range(CASES)))
    write(frozen, **keys)
    found = gated(frozen)
    assert said in found
    assert "--replace records it anew" in found


def test_cases_that_ask_something_else_are_refused_by_name(frozen: World) -> None:
    frozen.write(
        "golden.jsonl",
        (case(n, **({"input": "Else?"} if n in {3, 4} else {})) for n in range(CASES)),
    )
    done = frozen.gate()
    assert done.code == 2
    assert "2 cases were asked with another text in " in done.err
    assert "('c0003', 'c0004')" in done.err
    copied = freeze(frozen, "--replace")  # old answers cannot be sold as those to new questions
    assert copied.code == 2
    assert "2 cases asked with another text than the golden set has now" in copied.err


def test_labels_bounds_and_new_cases_do_not_make_outputs_worthless(frozen: World) -> None:
    frozen.write("golden.jsonl", (case(n, tags=["new"]) for n in range(CASES + 1)))
    write(frozen, baseline=FROZEN, bounds=[{**BOUND, "delta": 0.95}], max_missing="5%")
    said = gated(frozen)
    assert said.startswith("gated")
    assert "1 of 41 cases have no answer of the baseline in " in said


def test_another_scorer_is_told(frozen: World) -> None:
    edited(lock(frozen), "refusal: refusal@", "refusal: refusal@9")
    told = gated(frozen)
    assert "the scorers changed (refusal): its outputs are scored anew by those of today" in told


def test_a_live_baseline_beside_a_lock_is_told(frozen: World) -> None:
    write(frozen)
    done = frozen.gate()
    assert done.code == 0, done.err
    assert "Note: The baseline is asked live, and not what " in " ".join(done.out.split())
    write(frozen, baseline=None)
    document = json.loads(frozen.envelope.read_text())
    del document["baseline"]
    document["bounds"] = [{"metric": "refusal", "max": 0.9}]
    frozen.envelope.write_text(json.dumps(document))
    assert "locks a baseline, and the envelope has none any more" in gated(frozen)


# ---------------------------------------------------------------- the lock itself


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("version: 1", "version: 2", "version: expected 1, found 2"),
        ("version: 1", "version: [", "evalkit.lock:"),
        ("      by: Ada L", "      bye: Ada L", "unknown key 'bye'; did you mean 'by'?"),
        ("              Be kind.", "              Be cruel.", "is not the digest of the text"),
        ("+00:00", "+02:00", "expected a moment of UTC"),
        ("          draws: 2", "          draws: -2", "expected at least 0"),
    ],
)
def test_a_lock_that_is_none_is_told_with_its_place(
    frozen: World, before: str, after: str, said: str
) -> None:
    edited(lock(frozen), before, after)
    found = gated(frozen)
    assert found.startswith("refused: ")
    assert said in found
    assert "evalkit.lock:" in found


def test_a_lock_is_found_at_the_top_of_the_repository_and_never_twice(frozen: World) -> None:
    top = frozen.folder.parent
    (top / ".git").mkdir()
    moved = lock(frozen).read_text()
    for path in ("envelope.yaml", OUTPUTS):
        moved = moved.replace(f": {path}", f": {frozen.folder.name}/{path}")
    lock(frozen).rename(frozen.folder / "kept")
    (top / "evalkit.lock").write_text(moved)
    assert gated(frozen) == "gated"
    write(frozen, baseline={**FROZEN, "model": "m-9"})
    assert "which " not in (said := gated(frozen))
    assert f"as the baseline of {top}/evalkit.lock was asked with" in said
    (frozen.folder / "kept").rename(lock(frozen))
    assert "locks it as well; keep one of both entries" in gated(frozen)
    (top / "evalkit.lock").unlink()
    write(frozen, baseline=FROZEN, name="renamed")
    assert "locks envelope.yaml as 'desk', and its name is 'renamed' now" in gated(frozen)


def test_a_lock_behind_a_link_stays_behind_it_and_one_that_is_lost_is_told(frozen: World) -> None:
    target = frozen.folder / "elsewhere.lock"
    lock(frozen).rename(target)
    lock(frozen).symlink_to(target)
    assert gated(frozen) == "gated"
    assert freeze(frozen, "--replace", "--refresh").code == 0
    assert lock(frozen).is_symlink()
    target.unlink()
    assert "evalkit.lock: no such file" in gated(frozen)


# ---------------------------------------------------------------- prompts


def prompt(text: str, version: Any = None) -> dict[str, Any]:
    return {"text": text, **({} if version is None else {"version": version})}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (prompt("Be quick.", 3), "and that did not; write version: 4, or restore the text"),
        (prompt("Be quick.", "3"), "and that did not; write version: 4"),
        (prompt("Be quick."), "and it has none now; write version: 4"),
        (prompt("Be quick.", 4), ""),
        (prompt("Be brief.\nBe kind.\n"), ""),
    ],
)
def test_a_prompt_changes_with_its_version(frozen: World, given: dict[str, Any], said: str) -> None:
    write(frozen, baseline=FROZEN, candidate={**CANDIDATE, "system_prompt": given})
    found = gated(frozen)
    assert found.startswith("refused: " if said else "gated")
    assert said in found


def test_what_the_prompts_differ_by_stands_in_every_report(frozen: World) -> None:
    hostile = "Be brief.\n<script>alert(1)</script>\n```\n@team \x1b[31m\n"
    write(frozen, baseline=FROZEN, candidate={**CANDIDATE, "system_prompt": prompt(hostile, 4)})
    done = frozen.gate("-o", "run")
    assert done.code == 0, done.err
    assert "one of version 3 before, one of version 4 now" in " ".join(done.out.split())
    page = (frozen.folder / "run/report.html").read_text()
    assert "The system prompt went from version 3 to version 4." in page
    assert "<del>-Be kind.</del>" in page
    assert "<ins>+&lt;script&gt;alert(1)&lt;/script&gt;</ins>" in page
    summary = (frozen.folder / "run/summary.md").read_text()
    assert "````diff\n" in summary
    assert "\n-Be kind.\n+<script>alert(1)</script>\n+```\n+@team \\x1b[31m\n" in summary
    manifest = json.loads((frozen.folder / "run/manifest.json").read_text())
    assert manifest["prompts"]["baseline"]["version"] == 3
    before = (frozen.folder / "run/verdict.json").read_bytes()
    judged = evalkit("judge", "run", "--redact", folder=frozen.folder)
    assert judged.code == 0
    assert (frozen.folder / "run/verdict.json").read_bytes() == before
    assert "Be kind." not in (frozen.folder / "run/report.html").read_text()
    assert "Be kind." not in (frozen.folder / "run/summary.md").read_text()
