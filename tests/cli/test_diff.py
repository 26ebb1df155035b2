"""``evalkit diff``, as it is run: the cases of a run that changed, and two runs beside each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.fakes.hostile import HOSTILE
from tests.worlds import EVALKIT, Outcome, World, answer, case, evalkit, outside_ci, world

ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\ufeff]")
BOUNDS = (
    {"metric": "accuracy", "delta": {"min": "-50%"}},
    {"metric": "accuracy", "on": "hard", "min": 0.1},
    {"metric": "length.words", "statistic": "mean", "max": 90, "range": [0, 100]},
)
CASES = 40
LOST, WON = 3, 2


def tagged(number: int) -> dict[str, Any]:
    return case(number, tags=["hard"] if number % 2 else ["easy"])


def made(
    folder: Path,
    *,
    candidate: Iterable[Mapping[str, Any]] | None = None,
    cases: Iterable[Mapping[str, Any]] | None = None,
    **keys: Any,
) -> World:
    """Return a world in which three cases are lost and two are won."""
    wrong = {*range(LOST)}
    was_wrong = {*range(10, 10 + WON)}
    return world(
        folder,
        BOUNDS,
        cases=[tagged(n) for n in range(CASES)] if cases is None else cases,
        baseline=[answer(n, "no" if n in was_wrong else "yes") for n in range(CASES)],
        candidate=[answer(n, "no, it is not" if n in wrong else "yes") for n in range(CASES)]
        if candidate is None
        else candidate,
        **keys,
    )


def gated(folder: Path, name: str, **keys: Any) -> None:
    done = made(folder, **keys).gate("-o", name)
    assert done.code != 2, done.err


@pytest.fixture(scope="module")
def gated_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run in it, which nobody changes."""
    folder = tmp_path_factory.mktemp("gated")
    gated(folder, "run")
    return folder


@pytest.fixture
def run(gated_once: Path, tmp_path: Path) -> Path:
    """Return a folder with a run in it, called ``run``."""
    return Path(shutil.copytree(gated_once, tmp_path, dirs_exist_ok=True))


def diff(folder: Path, *arguments: str) -> Outcome:
    return evalkit("diff", *arguments, folder=folder)


def test_the_cases_that_changed_are_shown_by_kind_with_both_answers(run: Path) -> None:
    done = diff(run, "run", "--bound", "accuracy")
    assert (done.code, done.err) == (0, "")
    assert "± DIFF   world: 5 cases changed." in done.out
    assert "5 cases changed in 8 ways." in diff(run, "run").out
    assert re.search(r"right → wrong   . accuracy \w+   3 cases", done.out)
    assert re.search(r"wrong → right   . accuracy \w+   2 cases", done.out)
    assert "  c0000   easy   reference yes" in done.out
    assert "asked      Question 0?" in done.out
    assert "rewritten" in done.out
    assert "\x1b" not in done.out


def test_what_differs_between_two_answers_is_marked_word_by_word(tmp_path: Path) -> None:
    place = made(
        tmp_path,
        candidate=[answer(n, "it is a very good one" if not n else "yes") for n in range(CASES)],
    )
    records = [answer(n, "it is no very bad one" if not n else "yes") for n in range(CASES)]
    place.write("baseline.jsonl", records)
    place.write(
        "golden.jsonl", [case(0, reference="it is no very bad one"), *map(case, range(1, CASES))]
    )
    document = json.loads(place.envelope.read_text())
    document["bounds"] = [BOUNDS[0]]
    place.envelope.write_text(json.dumps(document))
    assert place.gate("-o", "run").code in {0, 1, 3}
    done = diff(tmp_path, "run")
    assert "baseline   it is [-no-] very [-bad-] one" in done.out
    assert "candidate  it is {+a+} very {+good+} one" in done.out


@pytest.mark.parametrize(
    ("options", "cases"),
    [
        (["--kind", "right -> wrong"], {"c0000", "c0001", "c0002"}),
        (["--kind", "wrong → right"], {"c0010", "c0011"}),
        (
            ["--kind", "right -> wrong", "--kind", "wrong -> right"],
            {f"c{n:04d}" for n in (0, 1, 2, 10, 11)},
        ),
        (["--bound", "accuracy@hard"], {"c0001", "c0011"}),
        (["--tag", "easy", "--bound", "accuracy"], {"c0000", "c0002", "c0010"}),
        (["--case", "c0001", "--case", "c0020"], {"c0001"}),
        (["--tag", "easy", "--case", "c0001"], set()),
    ],
)
def test_filters_choose_among_the_cases(run: Path, options: list[str], cases: set[str]) -> None:
    done = diff(run, "run", "--json", *options)
    assert done.code == 0, done.err
    assert {flip["case"] for flip in done.json["flips"]} == cases
    assert set(done.json["cases"]) == cases
    shown = diff(run, "run", *options)
    assert set(re.findall(r"^  (c\d{4})", shown.out, re.MULTILINE)) == cases
    assert ("no case changed" in shown.out) is (not cases)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--bound", "acuracy"], "--bound 'acuracy': expected one of 'accuracy'"),
        (["--kind", "right → worng"], "did you mean 'right → wrong'?"),
        (["--tag", "eazy"], "--tag 'eazy': no case has it; did you mean 'easy'?"),
        (["--case", "c9999"], "--case 'c9999': the golden set has no such case"),
        (["--limit", "-1"], "--limit"),
    ],
)
def test_a_name_that_is_not_there_is_a_usage_error(
    run: Path, options: list[str], words: str
) -> None:
    done = diff(run, "run", *options)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_the_rest_is_counted(run: Path) -> None:
    done = diff(run, "run", "--bound", "accuracy", "--limit", "2")
    assert "3 of 5 are not shown: --limit 5 shows all" in done.out
    assert len(re.findall(r"^  c\d{4}", done.out, re.MULTILINE)) == 2
    counted = diff(run, "run", "--bound", "accuracy", "--limit", "0")
    assert "Counted only" in counted.out
    assert "asked" not in counted.out
    few = diff(run, "run", "--bound", "accuracy", "--limit", "2", "--json").json
    assert (len(few["flips"]), few["left_out"], len(few["cases"])) == (2, 3, 2)


def test_the_document_holds_whole_texts_and_is_the_same_twice(run: Path) -> None:
    done = diff(run, "run", "--json")
    assert done.out == diff(run, "run", "--json").out
    document = done.json
    assert document["schema"] == "evalkit.diff/1"
    assert document["run"]["envelope"] == "world"
    assert document["cases"]["c0000"] == {
        "tags": ["easy"], "input": "Question 0?", "reference": "yes",
        "baseline": {"output": "yes", "refusal": None, "error": None, "finish_reason": None,
                     "output_tokens": None, "latency_ms": None},
        "candidate": {"output": "no, it is not", "refusal": None, "error": None,
                      "finish_reason": None, "output_tokens": None, "latency_ms": None},
    }  # fmt: skip


def test_a_redacted_run_shows_no_text(run: Path) -> None:
    assert evalkit("report", "run", "--redact", folder=run).code in {0, 1, 3}
    for done in (diff(run, "run"), diff(run, "run", "--json"), diff(run, "run", "run")):
        assert done.code == 0, done.err
        assert "it is not" not in done.out
        assert "Question" not in done.out
    assert "c0000" in diff(run, "run").out


def test_a_run_without_a_baseline_says_that_nothing_could_change(tmp_path: Path) -> None:
    place = world(
        tmp_path, [{"metric": "accuracy", "min": 0.1}], cases=map(case, range(30)),
        candidate=[answer(n) for n in range(30)],
    )  # fmt: skip
    place.gate("-o", "run")
    done = diff(tmp_path, "run")
    assert done.code == 0
    assert "no baseline: nothing could change" in done.out


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_what_is_no_run_is_a_usage_error(run: Path, name: str) -> None:
    for arguments in ((name,), ("run", name)):
        done = diff(run, *arguments)
        assert (done.code, done.out) == (2, "")
        assert "expected the folder of a run" in done.err


def test_a_run_that_was_never_judged_says_how_to(run: Path) -> None:
    (run / "run" / "verdict.json").unlink()
    done = diff(run, "run")
    assert (done.code, "run: evalkit judge run" in done.err) == (2, True)


def test_hostile_texts_do_nothing_and_no_line_is_too_wide(tmp_path: Path) -> None:
    texts = list(HOSTILE.values())
    said = [json.loads(json.dumps(answer(n, texts[n % len(texts)]))) for n in range(CASES)]
    gated(tmp_path, "run", candidate=said)
    for arguments in (("run",), ("run", "run")):
        done = diff(tmp_path, *arguments, "--limit", "100")
        assert done.code == 0, done.err
        assert not ACTS.search(done.out)
        wide = [line for line in done.out.split("\n") if cell_len(line) > 100]
        assert not wide
    assert diff(tmp_path, "run", "--json").json["left_out"] == 0


def test_a_narrow_terminal_has_narrow_lines_and_colour_only_adds(run: Path) -> None:
    import os
    import pty

    def through(columns: int, **environment: str) -> str:
        leader, follower = pty.openpty()
        env = {k: v for k, v in outside_ci().items() if k != "NO_COLOR"}
        with subprocess.Popen(
            [EVALKIT, "diff", "run"], cwd=run, stdout=follower, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env={**env, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment},
        ) as process:  # fmt: skip
            os.close(follower)
            read = b""
            while True:
                try:
                    more = os.read(leader, 65536)
                except OSError:  # the other end is closed
                    break
                if not more:
                    break
                read += more
            assert process.wait(timeout=60) == 0
        os.close(leader)
        return read.decode().replace("\r\n", "\n")

    coloured, plain = through(60), through(60, NO_COLOR="1")
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == re.sub(r"\x1b\[[0-9;]*m", "", plain)
    assert all(cell_len(line) <= 60 for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).split("\n"))


def test_a_reader_may_stop_reading(run: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"'{EVALKIT}' diff run --json | head -1; exit $?"],  # noqa: S607
        cwd=run, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


# ---------------------------------------------------------------- two runs


@pytest.fixture(scope="module")
def gated_twice(gated_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two runs in it, which nobody changes."""
    run = tmp_path_factory.mktemp("gated")
    shutil.copytree(gated_once, run, dirs_exist_ok=True)
    wrong = {1, 2, 20}
    candidate = [answer(n, "no, never" if n in wrong else "yes") for n in range(CASES)]
    prompt = {"text": "Be brief.\nSay yes or no.\nBe kind.", "version": 2}
    place = made(run, candidate=candidate)
    document = json.loads(place.envelope.read_text())
    document["candidate"] |= {"system_prompt": prompt, "model": "acme-2"}
    document["bounds"][1]["min"] = 0.2
    place.envelope.write_text(json.dumps(document))
    assert place.gate("-o", "later").code != 2
    return run


@pytest.fixture
def runs(gated_twice: Path, tmp_path: Path) -> Path:
    """Return a folder with an earlier run, ``run``, and a later one, ``later``, of other prompts."""
    return Path(shutil.copytree(gated_twice, tmp_path, dirs_exist_ok=True))


def test_two_runs_are_laid_beside_each_other(runs: Path) -> None:
    done = diff(runs, "run", "later")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^first   . [A-Z ]+ · .* · run$", done.out, re.MULTILINE)
    assert re.search(r"^  candidate snapshot +none → acme-2$", done.out, re.MULTILINE)
    assert "+ Be brief." in done.out
    assert "! limit: at least 10 % → at least 20 %" in done.out
    assert re.search(r"\d+ new, \d+ gone, \d+ in both", done.out)
    assert "first      yes" in done.out
    assert "second     no, never" in done.out
    assert done.out == diff(runs, "run", "later").out


def test_flips_of_two_runs_are_new_gone_or_in_both(runs: Path) -> None:
    document = diff(
        runs, "run", "later", "--json", "--kind", "right -> wrong", "--bound", "accuracy"
    ).json
    fates = {flip["case"]: (flip["fate"], flip["of"]) for flip in document["flips"]}
    assert fates == {
        "c0000": ("gone", "first"), "c0001": ("in both", "second"),
        "c0002": ("in both", "second"), "c0020": ("new", "second"),
    }  # fmt: skip
    assert document["cases"]["c0000"]["first"]["output"] == "no, it is not"
    assert document["cases"]["c0000"]["second"]["output"] == "yes"
    assert [bound["name"] for bound in document["bounds"]] == ["accuracy"]
    assert document["only_in"] == {"first": [], "second": []}
    assert [text["about"] for text in document["texts"]] == ["candidate system_prompt"]


def test_the_same_run_twice_says_so_first_and_differs_in_nothing(run: Path) -> None:
    done = diff(run, "run", "run")
    assert done.code == 0
    assert "What keeps them from being compared as they are" in done.out
    assert "Both are the same run" in done.out
    assert "nothing: the same envelope" in done.out
    assert "3 bounds say the same in both" in done.out
    assert "0 new, 0 gone" in done.out


def test_other_golden_sets_are_an_obstacle_and_their_cases_are_named(run: Path) -> None:
    kept = [tagged(n) for n in range(5, CASES)]
    fewer = [answer(n, "no" if n == 30 else "yes") for n in range(5, CASES)]
    place = made(run, cases=kept, candidate=fewer)
    place.write(
        "baseline.jsonl", [answer(n, "no" if n in {10, 11} else "yes") for n in range(5, CASES)]
    )
    assert place.gate("-o", "later").code != 2
    done = diff(run, "run", "later")
    assert done.code == 0, done.err
    text = " ".join(done.out.split())
    assert "The golden sets differ, 5 cases only in the first and 0 only in the second" in text
    assert "first 5 cases: c0000, c0001, c0002, c0003, c0004" in text
    assert "not comparable" in text


def test_a_folder_that_has_lost_its_texts_is_still_compared(runs: Path) -> None:
    for name in ("cases.jsonl", "samples.jsonl", "envelope.json"):
        (runs / "later" / name).unlink()
    done = diff(runs, "run", "later")
    assert (done.code, done.err) == (0, "")
    assert "The texts of the prompts are not in both folders." in done.out
    assert "its text is not in this report" in done.out
    assert diff(runs, "run", "later", "--json").json["only_in"] is None


def test_a_file_that_was_changed_by_hand_is_named(runs: Path) -> None:
    (runs / "later" / "verdict.json").write_text("{")
    done = diff(runs, "run", "later")
    assert (done.code, "later/verdict.json:1" in done.err) == (2, True)


def test_a_copy_of_a_run_is_compared_like_any_other(runs: Path) -> None:
    shutil.copytree(runs / "later", runs / "copy")
    assert diff(runs, "later", "copy").code == 0
