"""``evalkit calibrate``, as it is run: labels from files and from a terminal, and what they correct."""

from __future__ import annotations

import codecs
import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hostile import HOSTILE
from tests.fakes.judge_server import JUDGE, Judging, judge_server
from tests.worlds import EVALKIT, Outcome, World, answer, case, evalkit, outside_ci, world

CASES = 120
BOUNDS = (
    {"metric": "accuracy", "delta": "20%"},
    {"metric": "accuracy", "min": "55%"},
    {"metric": "length.words", "statistic": "mean", "max": 90, "range": [0, 100]},
)
ARMS = ("baseline", "candidate")


def output(arm: str, number: int) -> str:
    wrong = number % (4 if arm == "baseline" else 5) == 0
    return "no, it is not" if wrong else "yes"


def made(folder: Path, **keys: Any) -> World:
    return world(
        folder,
        BOUNDS,
        cases=[case(n) for n in range(CASES)],
        baseline=[answer(n, output("baseline", n)) for n in range(CASES)],
        candidate=[answer(n, output("candidate", n)) for n in range(CASES)],
        **keys,
    )


def labels(*, numbers: Iterable[int] = range(CASES), **fields: Any) -> list[dict[str, Any]]:
    """Return what people say: some of what the scorer finds wrong is right."""
    return [
        {
            **{key: value for key, value in answer(n).items() if key == "id"},
            "arm": arm,
            "label": int(output(arm, n) == "yes" or n % 8 == 0),
            **fields,
        }
        for n in numbers
        for arm in ARMS
    ]


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = made(tmp_path_factory.mktemp("gated"))
    done = found.gate("-o", "run", "--drift", "off")
    assert done.code in {0, 3}, done.err
    return found.folder


@pytest.fixture
def run(gated: Path, tmp_path: Path) -> World:
    shutil.copytree(gated, tmp_path / "world")
    return World(tmp_path / "world")


def calibrate(run: World, *arguments: str) -> Outcome:
    return evalkit("calibrate", *arguments, folder=run.folder)


def told(run: World, records: Sequence[Mapping[str, Any]], *arguments: str) -> Outcome:
    run.write("labels.jsonl", records)
    return calibrate(run, "run", "accuracy", "--labels", "labels.jsonl", *arguments)


# ---------------------------------------------------------------- from files


def test_labels_say_how_far_the_scorer_is_off_and_correct_the_bound(run: World) -> None:
    done = told(run, labels(), "-o", "people.json")
    assert done.code == 0, done.err
    assert "CALIBRATED" in done.out
    assert "The scorer says 80.0 %; people say 82.5 %" in done.out
    assert "κ" in done.out
    assert "candidate − baseline" in done.out
    envelope = json.loads(run.envelope.read_text())
    envelope["metrics"]["accuracy"]["calibration"] = "people.json"
    run.envelope.write_text(json.dumps(envelope))
    gated = run.gate("-o", "corrected", "--drift", "off")
    verdict = json.loads((run.folder / "corrected" / "verdict.json").read_text())
    assert gated.code == 0, gated.out
    assert verdict["bounds"][1]["candidate"]["value"] == pytest.approx(0.825)
    assert verdict["bounds"][1]["candidate"]["method"].startswith("labels of people")
    assert len(verdict["digests"]["calibrations"]["accuracy"]) == 64
    # The run holds its labels: it is judged again without the file, to the same bytes.
    (run.folder / "people.json").unlink()
    before = (run.folder / "corrected" / "verdict.json").read_bytes()
    assert evalkit("judge", "corrected", folder=run.folder).code == 0
    assert (run.folder / "corrected" / "verdict.json").read_bytes() == before
    again = calibrate(run, "corrected", "accuracy", "--labels", "labels.jsonl", "--json")
    assert again.json["snapshots"][1]["corrected"]["value"] == pytest.approx(0.825)


def test_a_document_tells_the_same(run: World) -> None:
    done = told(run, labels(), "--json", "-o", "people.json")
    found = done.json
    assert found["schema"] == "evalkit.calibrate/1"
    assert found["files"] == {"file": "people.json"}
    candidate = found["snapshots"][1]
    assert candidate["measured"] == pytest.approx(0.8)
    assert candidate["bias"]["value"] == pytest.approx(-0.025)
    assert candidate["confusion"] == [[21, 3], [0, 96]]
    assert found["change"]["lower"] < found["change"]["value"] < found["change"]["upper"]


def test_few_labels_name_those_that_are_missing_and_leave_the_bound_open(run: World) -> None:
    done = told(run, labels(numbers=range(30)), "-o", "people.json")
    assert done.code == 0
    assert "MORE LABELS" in done.out
    assert re.search(r"Its correction needs [0-9]+ more labels: [0-9]+ called 0", done.out)
    envelope = json.loads(run.envelope.read_text())
    envelope["metrics"]["accuracy"]["calibration"] = "people.json"
    run.envelope.write_text(json.dumps(envelope))
    gated = run.gate("-o", "open", "--drift", "off")
    assert gated.code == 3, gated.out
    verdict = json.loads((run.folder / "open" / "verdict.json").read_text())
    assert "more labels of candidate answers" in verdict["bounds"][1]["detail"]


def test_a_table_of_labels_and_a_second_rater_are_read(run: World) -> None:
    rows = ["id,sample,arm,label,rater"]
    for record in labels():
        for rater in ("ann", "ben"):
            label = record["label"] if rater == "ann" or record["id"] != "c0007" else 0
            rows.append(f"{record['id']},0,{record['arm']},{label},{rater}")
    (run.folder / "labels.csv").write_text("\n".join(rows) + "\n")
    done = calibrate(run, "run", "accuracy", "--labels", "labels.csv")
    assert done.code == 0, done.err
    assert "between raters" in done.out


def test_outputs_that_people_labelled_are_calibrated_without_a_run(tmp_path: Path) -> None:
    folder = made(tmp_path)
    for name in ARMS:
        records = [
            answer(n, output(name, n), labels={"right": int(n % 7 > 0)}) for n in range(CASES)
        ]
        folder.write(f"{name}.v1.jsonl", records)
    done = calibrate(
        folder, "--scorer", "exact_match", "baseline.v1.jsonl", "candidate.v1.jsonl",
        "--golden", "golden.jsonl", "--label", "labels.right", "-o", "c.json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "baseline.v1\n" in done.out
    assert "candidate − baseline" not in done.out
    # It serves a gate on the same answers, whatever the arms are called there.
    envelope = json.loads(folder.envelope.read_text())
    envelope["metrics"]["accuracy"]["calibration"] = "c.json"
    folder.envelope.write_text(json.dumps(envelope))
    gated = folder.gate("-o", "run", "--drift", "off", "--json")
    assert gated.json["bounds"][1]["candidate"]["value"] == pytest.approx(1 - 18 / CASES, abs=1e-4)


def test_a_label_with_the_text_of_an_answer_needs_no_arm(run: World) -> None:
    records = [
        {"id": record["id"], "output": output(record["arm"], int(record["id"][1:])), "label": 1}
        for record in labels()
    ]
    done = told(run, records)
    assert done.code == 0, done.err
    assert "people say 100.0 %" in done.out


# ---------------------------------------------------------------- what is wrong

FIRST = {"id": "c0001", "arm": "candidate", "label": 1}
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({**FIRST, "id": "c9999"}, "sample 0 of case 'c9999' is none of the answers"),
    ({**FIRST, "sample": 4}, "sample 4 of case 'c0001' is none of the answers"),
    ({**FIRST, "arm": "candidat"}, "found 'candidat'; did you mean 'candidate'?"),
    ({"id": "c0001", "label": 1}, "expected arm, one of baseline, candidate"),
    ({**FIRST, "label": 0.5}, "expected label to be 0 or 1, found 0.5"),
    ({**FIRST, "label": "refused"}, "expected label to be 0 or 1, found 'refused'"),
    ({**FIRST, "label": [1]}, "expected label to be 0 or 1, found [1]"),
    ({"id": "c0001", "arm": "candidate"}, "expected label, found none"),
    ({"label": 1}, "expected id to be text, found null"),
    ({**FIRST, "sample": -1}, "expected sample to be a whole number from 0, found -1"),
    ({**FIRST, "arm": 3}, "expected arm to be text, found 3"),
    ({**FIRST, "output": "maybe"}, "a label never speaks of other answers"),
    ({**FIRST, "scorer": "exact_match@0"}, "drawn by what exact_match@0 said"),
    (FIRST, ""),
    ({**FIRST, "label": 0}, "is labelled 0 here and 1 in line 14, by rater '1' both times"),
)


def test_every_label_that_fits_nothing_is_named_with_its_line(run: World) -> None:
    done = told(run, [record for record, _ in WRONG], "-o", "people.json")
    assert (done.code, done.out) == (2, "")
    lines = done.err.removeprefix("evalkit: ").splitlines()
    found = {int(line.split(":")[1]): line for line in lines}
    for number, (_, expected) in enumerate(WRONG, 1):
        assert (number in found) is bool(expected), number
        assert not expected or expected in found[number]
    assert not (run.folder / "people.json").exists()


def test_files_that_hold_no_labels_say_what_is_wrong(run: World) -> None:
    (run.folder / "labels.jsonl").write_text('{"id": "c0001"\n[1]\n')
    (run.folder / "short.csv").write_text("id,label\nc0001\n\n")
    (run.folder / "open.csv").write_text('id,label\n"c0001,1\n')
    (run.folder / "semicolons.csv").write_text("id;label\n" + "c0001;1\n" * 50)
    names = ("labels.jsonl", "short.csv", "open.csv", "gone.csv", "semicolons.csv")
    given = [f"--labels={name}" for name in names]
    done = calibrate(run, "run", "accuracy", *given)
    assert done.code == 2
    for expected in (
        "labels.jsonl:1: not JSON", "labels.jsonl:2: expected an object, found [1]",
        "short.csv:2: expected 2 columns, found 1", "open.csv:2: not CSV", "gone.csv: no such file",
    ):  # fmt: skip
        assert expected in done.err
    [told_once] = [line for line in done.err.splitlines() if "semicolons" in line]
    assert "semicolons.csv:1: expected columns with commas between them, id among them" in told_once
    empty = told(run, [])
    assert empty.code == 2
    assert "no answer has a label; there is nothing to calibrate with" in empty.err


CALLS: dict[str, tuple[Sequence[str], str]] = {
    "an amount": (["run", "length.words", "--labels", "x"], "is an amount; labels of people correct"),
    "a metric the run lacks": (["run", "acuracy", "--labels", "x"], "did you mean 'accuracy'?"),
    "no run": (["nowhere", "accuracy", "--labels", "x"], "expected the folder of a run"),
    "no labels": (["run", "accuracy"], "expected labels: name a file with --labels"),
    "one argument": (["run"], "expected RUN METRIC, found run"),
    "a scorer's option": (["run", "accuracy", "--option", "a=1"], "are for --scorer"),
    "no terminal": (["run", "accuracy", "--ask", "x.jsonl"], "asks in a terminal, and this is none"),
    "a log of another kind": (["run", "accuracy", "--ask", "x.csv"], "named .jsonl"),
    "two outputs of one name": (
        ["--scorer", "refusal", "candidate.jsonl", "./candidate.jsonl"], "a second file called candidate",
    ),
    "a value that is none": (["--scorer", "refusal.ful", "candidate.jsonl"], "has no value 'ful'"),
    "a remote scorer": (["--scorer", "judge", "candidate.jsonl"], "calibrate the run in which"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_means_nothing_says_so(run: World, name: str) -> None:
    arguments, expected = CALLS[name]
    done = calibrate(run, *arguments)
    assert done.code == 2
    assert expected in done.err


# ---------------------------------------------------------------- in a terminal


class Terminal:
    """A real terminal with the command in it; everything that is waited for is bounded."""

    def __init__(self, run: World, *arguments: str, metric: str = "accuracy") -> None:
        self.mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            [EVALKIT, "calibrate", "run", metric, *arguments],
            cwd=run.folder,
            env={**outside_ci(), "NO_COLOR": "1", "TERM": "xterm"},
            stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no other thread is running
        )  # fmt: skip
        os.close(theirs)
        self.text = ""
        # A character, and the end of a line, may come in two parts.
        utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._decoder = io.IncrementalNewlineDecoder(utf8, translate=False)

    def asked(self) -> str:
        """Return all that was said, once a word is asked for."""
        while not self.text.endswith("> "):
            assert self._read(), f"it ended: {self.text[-500:]}"
        return self.text

    def say(self, word: str) -> None:
        """Type a word when it is asked for."""
        self.text = f"{self.asked()}…"
        os.write(self.mine, word.encode())

    def interrupt(self) -> None:
        """Interrupt when a word is asked for, as a person does: once more where nothing comes of it.

        Python does not notice a signal that comes after it asked and before it began to wait. The
        terminal says ``^C`` all the same, so that only an end shows that it was noticed.
        """
        self.say("\x03")
        ended = False
        while not ended:
            if select.select([self.mine], [], [], 5)[0]:
                ended = not self._read()
            else:
                os.write(self.mine, b"\x03")

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        os.close(self.mine)
        return self.process.wait(60)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.mine], [], [], 60)
        assert ready, "nothing is said any more"
        try:
            found = os.read(self.mine, 65536)
        except OSError:  # the other end is closed
            return False
        self.text += self._decoder.decode(found).replace("\r\n", "\n")
        return bool(found)


@pytest.fixture
def terminals() -> Iterator[Callable[..., Terminal]]:
    """Return how a terminal is opened; whatever is still running in the end is ended."""
    opened: list[Terminal] = []

    def do(run: World, *arguments: str, **options: str) -> Terminal:
        opened.append(Terminal(run, *arguments, **options))
        return opened[-1]

    yield do
    for terminal in opened:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.end()


def records(run: World, name: str = "mine.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.folder / name).read_text().splitlines()]


def test_a_session_keeps_every_answer_and_goes_on_where_it_ended(
    run: World, terminals: Callable[..., Terminal]
) -> None:
    terminal = terminals(run, "--ask", "mine.jsonl", "-o", "people.json")
    for word in ("y\n", "maybe\n", "no\n", "s\n", "u\n", "1\n", "u\n", "q\n"):
        terminal.say(word)
    assert terminal.end() == 0, terminal.text
    assert "Question" in terminal.text
    assert "exact_match" not in terminal.text.partition("MORE LABELS")[0]
    assert "MORE LABELS" in terminal.text
    kept = records(run)
    assert [record.get("label") for record in kept] == [1.0, 0.0, 1.0, None]
    assert kept[-1]["undone"] is True
    assert {record["scorer"] for record in kept} == {"exact_match@1"}
    asked = {(record["id"], record["arm"]) for record in kept if "label" in record}
    second = terminals(run, "--ask", "mine.jsonl", "--most", "1")
    second.say("y\n")
    assert second.end() == 0, second.text
    # What was undone is asked again, and nothing else that has a label.
    assert (records(run)[-1]["id"], records(run)[-1]["arm"]) in asked
    assert (run.folder / "people.json").exists()


def test_an_interrupted_session_keeps_what_was_said(
    run: World, terminals: Callable[..., Terminal]
) -> None:
    terminal = terminals(run, "--ask", "mine.jsonl")
    terminal.say("y\n")
    terminal.interrupt()
    assert terminal.end() == 130
    assert "1 label kept in mine.jsonl; the same command goes on" in terminal.text
    assert len(records(run)) == 1
    with (run.folder / "mine.jsonl").open("a") as log:
        log.write('{"id":"c00')  # a machine that went down
    third = terminals(run, "--ask", "mine.jsonl")
    third.say("n\n")
    third.say("\x04")  # the end of the input is the end of the session
    assert third.end() == 0, third.text
    assert len(records(run)) == 2


def test_a_second_rater_is_asked_about_the_same_answers(
    run: World, terminals: Callable[..., Terminal]
) -> None:
    for rater in ("ann", "ben"):
        terminal = terminals(run, "--ask", "mine.jsonl", "--rater", rater, "--most", "6")
        for _ in range(6):
            terminal.say("y\n")
        assert terminal.end() == 0, terminal.text
    kept = records(run)
    named = [[(each["id"], each["arm"]) for each in part] for part in (kept[:6], kept[6:])]
    assert named[0] == named[1]


def test_what_a_model_writes_cannot_act_on_the_terminal(
    tmp_path: Path, terminals: Callable[..., Terminal]
) -> None:
    text = "\n".join(HOSTILE.values())
    found = world(
        tmp_path,
        BOUNDS[1:2],
        cases=[case(n, input=text) for n in range(3)],
        candidate=[answer(n, text) for n in range(3)],
    )
    assert found.gate("-o", "run", "--drift", "off").code != 2
    terminal = terminals(found, "--ask", "mine.jsonl")
    for _ in range(3):
        terminal.say("n\n")
    assert terminal.end() == 0, terminal.text  # nothing was left to ask
    assert "CALIBRATED" in terminal.text
    # Bold and dim are the report's own; nothing else may act, and what would is shown by its number.
    text = re.sub(r"\x1b\[[0-9;]*m", "", terminal.text)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e]", text)
    assert "\\x1b" in text or "\\u202e" in text


# ---------------------------------------------------------------- a judge


def plain(text: str) -> str:
    """Return a text without what makes it bold."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def judged(folder: Path, url: str, **options: Any) -> World:
    """Return a gated run in which a judge reads whether answers are good, and which is better."""
    (folder / "rubric.md").write_text("An answer meets the criteria if it is good.\n")
    by = {"provider": "openai", "base_url": f"{url}/v1", "model": JUDGE}
    asked = {"rubric": {"file": "rubric.md"}, "by": by}
    found = world(
        folder,
        [{"metric": "quality", "min": "50%"}, {"metric": "better", "min": "20%"}],
        cases=[case(n, reference="a good one") for n in range(40)],
        baseline=[answer(n, "a good answer") for n in range(40)],
        candidate=[answer(n, "good" if n % 5 else "bad") for n in range(40)],
        metrics={
            "quality": {"scorer": "judge", **asked, **options},
            "better": {"scorer": "preference", **asked},
        },
        drift="off",
    )
    assert found.gate("-o", "run").code in {0, 3}
    return found


@pytest.fixture
def judge() -> Iterator[str]:
    """Return the address of a server that judges."""
    with judge_server(Judging()) as server:
        yield server.url


def test_labels_of_a_judge_that_says_yes_or_no_correct_the_bound(
    tmp_path: Path, judge: str
) -> None:
    run = judged(tmp_path, judge)
    run.write("mine.jsonl", [
        {"id": case(n)["id"], "arm": arm, "label": int(arm == "baseline" or n % 5 > 0)}
        for n in range(40) for arm in ARMS
    ])  # fmt: skip
    done = calibrate(run, "run", "quality", "--labels", "mine.jsonl", "-o", "people.json")
    assert "CALIBRATED" in done.out, done.err
    envelope = json.loads(run.envelope.read_text())
    envelope["metrics"]["quality"]["calibration"] = "people.json"
    # How long somebody is waited for says nothing about what he says.
    envelope["metrics"]["quality"]["by"]["timeout"] = 7
    run.envelope.write_text(json.dumps(envelope))
    gated = run.gate("-o", "corrected", "--json")
    assert gated.json["bounds"][0]["candidate"]["method"] == "labels of people, Clopper–Pearson"
    warnings = [note for note in gated.json["notes"] if note.startswith("Warning: ")]
    assert [note.split()[1] for note in warnings] == ["better"]
    # Where something else was asked, the labels are of other answers.
    run.write("golden.jsonl", [case(n, reference="another") for n in range(40)])
    again = run.gate("-o", "other", "--json")
    assert again.json["bounds"][0]["reason"] == "instrument"


def test_people_see_both_answers_and_the_criteria_where_they_say_which_is_better(
    tmp_path: Path, judge: str, terminals: Callable[..., Terminal]
) -> None:
    run = judged(tmp_path, judge)
    terminal = terminals(run, "--ask", "mine.jsonl", metric="better")
    for _ in range(12):
        # Whoever stands first is chance's choice; the longer answer is the baseline's.
        shown = plain(terminal.asked()).split("Asked")[-1]
        first = shown.split("First\n")[1].split("\n")[0]
        terminal.say("1\n" if first == "a good answer" else "2\n")
    for word in ("0\n", "y\n", "t\n", "q\n"):
        terminal.say(word)
    assert terminal.end() == 0, terminal.text
    assert "An answer meets the criteria if it is good." in terminal.text
    assert "Reference" in terminal.text
    assert {"a good answer", "good"} <= set(plain(terminal.text).split("\n"))
    assert [record["label"] for record in records(run)] == [0.0] * 12 + [0.5]
    firsts = re.findall("First\n(.*)\n", plain(terminal.text))
    assert len(set(firsts)) > 1


@pytest.mark.parametrize("metric", ["better.consistent", "quality.agreement"])
def test_nobody_is_asked_whether_a_judge_agrees_with_himself(
    tmp_path: Path, judge: str, metric: str
) -> None:
    run = judged(tmp_path, judge, repeats=3)
    envelope = json.loads(run.envelope.read_text())
    envelope["bounds"].append({"metric": metric, "min": 0.2})
    run.envelope.write_text(json.dumps(envelope))
    gated = run.gate("-o", "again", "--json")
    assert not any(metric in note for note in gated.json["notes"])
    done = calibrate(run, "again", metric, "--labels", "rubric.md")
    assert done.code == 2
    assert f"{metric} is about whoever was asked" in done.err
