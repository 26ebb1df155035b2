"""validate holds an envelope against its lock and its waivers as a gate would, before anybody waits for one."""

from __future__ import annotations

import gzip
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import SpecError
from evalkit.flows.validate import Checked, validate
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
from tests.worlds import World, case, evalkit

TODAY = datetime.now(UTC).date()
UNTIL = TODAY + timedelta(days=30)
BASE = {"provider": "replay", "path": "base.jsonl"}
TIGHT = {"metric": "refusal", "delta": 0.02, "name": "tight"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a frozen baseline and a waived run, whose gates nobody has to wait for again."""
    place = frozen_world(tmp_path_factory.mktemp("made"))
    freeze = ("baseline", "freeze", "envelope.yaml", "--by", "Ada L", "--draws", "2")
    assert evalkit(*freeze, folder=place.folder).code == 0
    lock(place).rename(place.folder / "kept.lock")
    place.write("base.jsonl", ({"id": f"c{n:04d}", "output": "yes"} for n in range(CASES)))
    write(place, baseline=BASE, bounds=[TIGHT])
    assert place.gate("-o", "run").code == 3
    because = ("--because", "it is small", "--until", str(UNTIL))
    assert evalkit("approve", "run", "--by", "Ada L", *because, folder=place.folder).code == 0
    return place.folder


@pytest.fixture
def frozen(made: Path, tmp_path: Path) -> World:
    """Return a folder with a lock, whose envelope names what was frozen."""
    found = World(Path(shutil.copytree(made, tmp_path / "frozen")))
    (found.folder / "kept.lock").rename(lock(found))
    waivers(found).unlink()
    write(found, baseline=FROZEN)
    return found


@pytest.fixture
def waived(made: Path, tmp_path: Path) -> World:
    """Return a folder with a waiver, whose envelope is the one that was waived."""
    return World(Path(shutil.copytree(made, tmp_path / "waived")))


def waivers(place: World) -> Path:
    return place.folder / "evalkit.waivers.yaml"


def checked(place: World, *, today: date = TODAY) -> Checked:
    return validate(place.envelope, {}, today=today)


def notes(place: World, *, today: date = TODAY) -> str:
    return "\n".join(map(str, checked(place, today=today).remarks))


def problems(place: World) -> str:
    with pytest.raises(SpecError) as caught:
        checked(place)
    return str(caught.value)


# ---------------------------------------------------------------- a lock


def test_what_agrees_with_its_lock_is_valid_and_nothing_is_noted(frozen: World) -> None:
    assert not notes(frozen)
    done = evalkit("validate", "envelope.yaml", "evalkit.lock", folder=frozen.folder)
    assert done.code == 0, done.err
    assert done.out.splitlines()[1:] == ["evalkit.lock: valid (1 locked envelope)"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"baseline": {**FROZEN, "path": "base.jsonl"}}, f"baseline.path: not comparable: expected {OUTPUTS}"),
        ({"baseline": {**FROZEN, "model": "m-9"}}, "baseline.model: not comparable: expected 'm-1'"),
        ({"baseline": {**FROZEN, "prompt": "A: {input}"}}, "baseline.prompt: not comparable"),
        ({"baseline": {**FROZEN, "system_prompt": "Be rude."}}, "baseline.system_prompt: not comp"),
        ({"baseline": {**FROZEN, "params": {"seed": 1}}}, "baseline.params: not comparable"),
        ({"baseline": {**FROZEN, "response_schema": {"type": "object"}}}, "baseline.response_schema: not"),
        ({"candidate": {**CANDIDATE, "system_prompt": {"text": "Be quick.", "version": 3}}}, "write version: 4"),
        ({"name": "other"}, "locks envelope.yaml as 'desk', and its name is 'other' now"),
    ],
)  # fmt: skip
def test_what_differs_from_a_lock_is_refused_as_a_gate_refuses_it(
    frozen: World, keys: dict[str, Any], said: str
) -> None:
    write(frozen, **{"baseline": FROZEN, **keys})
    found = problems(frozen)
    assert said in found
    assert found.startswith(str(frozen.folder))  # its place comes first
    assert gated(frozen) == f"refused: {found}"


def test_other_texts_and_altered_outputs_are_refused_with_their_cases(frozen: World) -> None:
    records = [case(n, input="Now?" if n < 7 else f"Question {n}?") for n in range(CASES)]
    frozen.write("golden.jsonl", records)
    found = problems(frozen)
    assert "7 cases were asked with another text" in found
    assert "('c0000', 'c0001', 'c0002', 'c0003', 'c0004' and 2 more)" in found
    with gzip.open(frozen.folder / OUTPUTS, "at") as stream:
        stream.write("\n")
    assert "the outputs were altered since they were frozen: expected sha256 " in problems(frozen)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("Be kind.", "Be rude.", "is not the digest of the text"),
        ("          draws: 2", "          draws: two", "draws: expected a whole number"),
        ("version: 1\n", "version: 9\n", "version: expected 1"),
        ("version: 1\n", "version: [\n", "evalkit.lock:"),
    ],
)
def test_a_lock_that_cannot_be_read_is_told_with_everything_else_that_is_wrong(
    frozen: World, before: str, after: str, said: str
) -> None:
    edited(lock(frozen), before, after)
    frozen.write("golden.jsonl", [case(n % (CASES - 1)) for n in range(CASES)])
    waivers(frozen).write_text("version: 1\nwaivers: none\n")
    found = problems(frozen)
    assert said in found
    assert "evalkit.waivers.yaml:2:" in found
    assert "id 'c0000' stands twice" in found
    for alone in (lock(frozen), waivers(frozen)):
        with pytest.raises(SpecError, match=rf"^{re.escape(str(alone))}:"):
            validate(alone, {}, today=TODAY)


def test_what_recorded_outputs_outlive_is_noted_and_valid(frozen: World) -> None:
    frozen.write("golden.jsonl", [case(n, reference="no") for n in range(CASES + 2)])
    edited(lock(frozen), "refusal: refusal@", "refusal: refusal@0")
    found = notes(frozen)
    assert found.startswith(f"{lock(frozen)}:")
    assert ": envelopes.desk: 2 of 42 cases have no answer of the baseline in " in found
    assert (
        f"Since the baseline was frozen on {datetime.now(UTC).date()}, the golden set and the scorers changed "
        "(refusal): its outputs are scored anew by those of today."
    ) in found
    write(frozen, baseline=LIVE)
    assert "The baseline is asked live, and not what " in notes(frozen)
    # A gate says the same of the scorers; its digest of cases may be that of a part.
    write(frozen, baseline=FROZEN)
    assert ", the scorers changed (refusal): " in gated(frozen)


def test_a_scorer_in_a_file_is_not_run_and_nothing_is_said_of_its_version(frozen: World) -> None:
    edited(
        lock(frozen),
        "          refusal: refusal@",
        "          own: own@1\n          refusal: refusal@",
    )
    (frozen.folder / "own.py").write_text("open('ran', 'w').close()\n")
    write(frozen, baseline=FROZEN, metrics={"own": {"scorer": "own.py"}})
    assert not notes(frozen)
    assert not (frozen.folder / "ran").exists()


def test_a_candidate_that_is_no_longer_the_approved_one_is_noted(tmp_path: Path) -> None:
    place = frozen_world(tmp_path)
    write(place)
    assert place.gate("-o", "run").code == 0
    assert evalkit("approve", "run", "--by", "Ada L", folder=tmp_path).code == 0
    assert not notes(place)
    write(place, candidate={**CANDIDATE, "model": "m-3"})
    assert "evalkit baseline freeze --candidate would refuse: the candidate of " in notes(place)
    assert "approves (model); gate this one and approve it" in notes(place)


# ---------------------------------------------------------------- waivers


def test_a_waiver_that_may_count_is_not_spoken_of(waived: World) -> None:
    assert not notes(waived)
    done = evalkit("validate", "evalkit.waivers.yaml", folder=waived.folder)
    assert (done.code, done.out) == (0, "evalkit.waivers.yaml: valid (1 waiver)\n")


def test_a_waiver_whose_last_day_is_over_is_noted_with_its_place(waived: World) -> None:
    assert not notes(waived, today=UNTIL)
    day_after = UNTIL + timedelta(days=1)
    said = (
        f"waivers[0]: the waiver by Ada L, until {UNTIL}, does not count: it has expired; take it out, or "
        "waive a run of today anew"
    )
    assert notes(waived, today=day_after).endswith(said)
    assert notes(waived, today=day_after).startswith(f"{waivers(waived)}:")
    (alone,) = validate(waivers(waived), {}, today=day_after).remarks
    assert str(alone).endswith(said)
    edited(waivers(waived), f'until: "{UNTIL}"', f'until: "{TODAY - timedelta(days=1)}"')
    edited(waivers(waived), f'given: "{TODAY}"', f'given: "{TODAY - timedelta(days=9)}"')
    done = evalkit("validate", "envelope.yaml", folder=waived.folder)
    assert done.code == 0
    assert "  note: " in done.out
    assert "does not count: it has expired" in done.out


@pytest.mark.parametrize("what", ["envelope", "golden set", "candidate", "answers"])
def test_a_waiver_of_what_no_gate_of_this_file_can_be_about_is_noted(
    waived: World, what: str
) -> None:
    if what == "envelope":
        write(waived, baseline=BASE, bounds=[{**TIGHT, "delta": 0.03}])
    elif what == "golden set":
        waived.write("golden.jsonl", [case(n, reference="no") for n in range(CASES)])
    elif what == "candidate":
        write(waived, baseline=BASE, bounds=[TIGHT], candidate={**CANDIDATE, "model": "m-7"})
    else:
        answered = ({"id": f"c{n:04d}", "output": "Yes.", "model": "m-2"} for n in range(CASES))
        waived.write("june.jsonl", answered)
    others = {"candidate": "envelope and candidate", "answers": "candidate"}.get(what, what)
    assert f"and a gate of this file as it stands has another {others}; take it out" in notes(
        waived
    )
    if what == "answers":  # a gate says so too
        done = waived.gate("-o", "again")
        assert done.code == 3
        assert "does not count: it is for" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (f'until: "{UNTIL}"', f'until: "{TODAY + timedelta(days=91)}"', "at most 90 days after"),
        ("by: Ada L", "By: Ada L", "unknown key 'By'"),
        ("version: 1", "{", "evalkit.waivers.yaml:"),
    ],
)
def test_waivers_that_cannot_be_read_are_an_error(
    waived: World, before: str, after: str, said: str
) -> None:
    edited(waivers(waived), before, after)
    assert said in problems(waived)


def test_waivers_of_other_envelopes_and_live_candidates_are_left_to_their_gates(
    waived: World,
) -> None:
    edited(waivers(waived), "envelope: desk", "envelope: another")
    write(waived, baseline=BASE, candidate={**LIVE, "model": "m-2"}, bounds=[BOUND])
    assert not notes(waived, today=UNTIL + timedelta(days=9))
    edited(waivers(waived), "envelope: another", "envelope: desk")
    assert "has another envelope and candidate; take it out" in notes(waived)


def test_a_lock_or_waivers_that_are_named_and_not_there_are_told(tmp_path: Path) -> None:
    names = ("evalkit.lock", "evalkit.waivers.yaml")
    done = evalkit("validate", *names, folder=tmp_path)
    assert done.code == 2
    assert [line for line in done.err.splitlines() if line] == [
        f"{name}: no such file" for name in names
    ]
