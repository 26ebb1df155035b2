"""``evalkit init``: what it writes works at once, and nothing that was there is lost."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import run
from tests.worlds import evalkit

Record = dict[str, Any]


def recorded(
    folder: Path,
    name: str,
    cases: Iterable[int],
    draw: Callable[[random.Random], Record],
    **case: Any,
) -> Path:
    """Write a recording whose records say what was asked, one draw a case unless told otherwise."""
    rng = random.Random(7)
    path = folder / name
    with path.open("w") as stream:
        for n in cases:
            record = {"id": f"c{n:04d}", "input": f"What is {n} + 1?", "reference": n + 1, **case}
            stream.write(json.dumps({**record, **draw(rng), "n": n}) + "\n")
    return path


def sums(rng: random.Random) -> Record:
    return {"output": "yes" if rng.random() < 0.95 else "not that I know", "reference": "yes",
            "latency_ms": 200 + 200 * rng.random(), "cost_usd": 0.001 + 0.0004 * rng.random()}  # fmt: skip


def written(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "envelope.yaml").read_text()))


# ---------------------------------------------------------------- the example


def test_the_example_is_valid_and_its_first_gate_passes(tmp_path: Path) -> None:
    done = evalkit("init", "gates", folder=tmp_path)
    assert done.code == 0, done.err
    assert "wrote gates/envelope.yaml" in done.out
    assert evalkit("validate", "gates/envelope.yaml", folder=tmp_path).code == 0
    gated = evalkit("gate", "gates/envelope.yaml", folder=tmp_path)
    assert gated.code == 0, gated.out
    assert "keeps all 5 bounds" in gated.out


def test_the_example_fails_as_its_comment_says(tmp_path: Path) -> None:
    evalkit("init", folder=tmp_path)
    path = tmp_path / "envelope.yaml"
    path.write_text(path.read_text().replace("accuracy: 0.96", "accuracy: 0.6"))
    assert evalkit("gate", "envelope.yaml", folder=tmp_path).code == 1


def test_the_schema_of_the_first_line_lies_beside_the_envelope(tmp_path: Path) -> None:
    evalkit("init", folder=tmp_path)
    first = (tmp_path / "envelope.yaml").read_text().partition("\n")[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (tmp_path / named).read_text() == evalkit("schema", folder=tmp_path).out


@pytest.mark.parametrize(
    "there", ["envelope.yaml", "golden.jsonl", "prompt.md", ".github/workflows/evalkit.yml"]
)
def test_a_file_that_is_there_is_named_and_nothing_is_written(tmp_path: Path, there: str) -> None:
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    done = evalkit("init", "--ci", "github", folder=tmp_path)
    assert done.code == 2
    assert there in done.err
    assert path.read_text() == "mine"
    assert [item for item in tmp_path.rglob("*") if item.is_file()] == [path]


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "envelope.yaml").symlink_to(tmp_path / "elsewhere")
    assert evalkit("init", folder=tmp_path).code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_the_name_comes_from_the_folder_or_is_given(tmp_path: Path) -> None:
    (tmp_path / "my desk!").mkdir()
    evalkit("init", "my desk!", folder=tmp_path)
    assert written(tmp_path / "my desk!")["name"] == "my-desk"
    evalkit("init", "other", "--name", "desk.v2", folder=tmp_path)
    assert written(tmp_path / "other")["name"] == "desk.v2"
    assert evalkit("init", "third", "--name", "a b", folder=tmp_path).code == 2


# ---------------------------------------------------------------- CI


def workflow(folder: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load((folder / ".github" / "workflows" / "evalkit.yml").read_text()))


def test_the_github_workflow_is_safe_and_keeps_the_run(tmp_path: Path) -> None:
    evalkit("init", "--ci", "github", folder=tmp_path)
    text = (tmp_path / ".github" / "workflows" / "evalkit.yml").read_text()
    found = workflow(tmp_path)
    assert list(found[True]) == ["pull_request"]  # YAML 1.1 reads the key `on` as a truth value
    assert found["permissions"] == {"contents": "read"}
    steps = found["jobs"]["gate"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", item) for item in used)
    assert any("upload-artifact" in item for item in used)
    assert all("${{" not in step.get("run", "") for step in steps)
    assert "@ENVELOPE@" not in text
    assert "@VERSION@" not in text


@pytest.mark.parametrize(("inconclusive", "code"), [("fail", 3), ("warn", 0)])
def test_the_github_workflow_handles_cannot_tell(
    tmp_path: Path, inconclusive: str, code: int
) -> None:
    evalkit("init", "--ci", "github", folder=tmp_path)
    path = tmp_path / "envelope.yaml"
    path.write_text(path.read_text().replace("min: 85%", "min: 92%"))
    job = workflow(tmp_path)["jobs"]["gate"]
    [script] = [step["run"] for step in job["steps"] if step.get("name") == "Gate"]
    line = f"export ENVELOPE={job['env']['ENVELOPE']} INCONCLUSIVE={inconclusive}\n"
    (tmp_path / "step.sh").write_text(line + script)
    done = run("bash -e step.sh", tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert (tmp_path / "reports" / "gate" / "verdict.json").exists()


def test_the_workflow_stands_at_the_root_of_the_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: S607
    done = evalkit("init", "gates/desk", "--ci", "github", folder=tmp_path)
    assert done.code == 0, done.err
    assert workflow(tmp_path)["jobs"]["gate"]["env"]["ENVELOPE"] == "gates/desk/envelope.yaml"


def test_a_workflow_alone_is_written_for_an_envelope_that_is_there(tmp_path: Path) -> None:
    evalkit("init", "gates", folder=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = evalkit("init", "--ci", "github", "--envelope", "gates/envelope.yaml", folder=tmp_path)
    assert done.code == 0, done.err
    assert workflow(tmp_path)["jobs"]["gate"]["env"]["ENVELOPE"] == "gates/envelope.yaml"
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_path_that_shells_read_differently_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    done = evalkit("init", "a b", "--ci", "gitlab", folder=tmp_path)
    assert (done.code, "letters, digits" in done.err) == (2, True)


def test_the_gitlab_job_gates_merge_requests(tmp_path: Path) -> None:
    evalkit("init", "--ci", "gitlab", folder=tmp_path)
    root = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())
    job = yaml.safe_load((tmp_path / root["include"][0]["local"]).read_text())["evalkit"]
    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert job["script"][-1] == 'evalkit gate "envelope.yaml" --output reports/gate'
    assert job["artifacts"]["when"] == "always"


def test_a_pipeline_that_is_there_is_left_alone_and_the_line_for_it_is_told(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("stages: [test]\n")
    done = evalkit("init", "--ci", "gitlab", folder=tmp_path)
    assert done.code == 0
    assert "include: [{local: .gitlab/evalkit.yml}]" in done.out
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "stages: [test]\n"


# ---------------------------------------------------------------- from a recording


def test_what_is_proposed_is_valid_and_the_recording_keeps_it(tmp_path: Path) -> None:
    recorded(tmp_path, "march.jsonl", range(240), sums)
    done = evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    found = written(tmp_path / "desk")
    assert found["metrics"] == {"accuracy": {"scorer": "exact_match", "ignore_case": True}}
    metrics = [bound["metric"] for bound in found["bounds"]]
    assert metrics == ["accuracy", "accuracy", "refusal", "error_rate", "length.words",
                       "latency_ms", "cost_usd"]  # fmt: skip
    valid = evalkit("validate", "desk/envelope.yaml", folder=tmp_path)
    assert valid.out.startswith("desk/envelope.yaml: valid (7 bounds, 240 cases")
    gated = evalkit("gate", "desk/envelope.yaml", "--json", folder=tmp_path)
    assert gated.code == 0, gated.err
    assert {bound["result"] for bound in gated.json["bounds"]} == {"holds"}
    plan = evalkit("plan", "desk/envelope.yaml", "--json", folder=tmp_path).json
    assert plan["joint"]["passes"] > 0.85


def test_another_recording_of_the_same_model_passes_what_was_proposed(tmp_path: Path) -> None:
    recorded(tmp_path, "march.jsonl", range(240), sums)
    evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    passed = 0
    for seed in range(5):
        rng = random.Random(100 + seed)
        lines = list(map(json.loads, (tmp_path / "march.jsonl").read_text().splitlines()))
        again = tmp_path / f"again{seed}.jsonl"
        # One in 20 cases is right or wrong by chance; here it is thrown anew, as a model would.
        again.write_text(
            "".join(json.dumps({**line, **_thrown(line, rng)}) + "\n" for line in lines)
        )
        done = evalkit("gate", "desk/envelope.yaml", "--candidate", str(again), folder=tmp_path)
        passed += done.code == 0
    assert passed >= 4


def _thrown(line: Record, rng: random.Random) -> Record:
    fresh = sums(rng)
    return fresh if rng.random() < 0.25 else {**fresh, "output": line["output"]}


def test_a_worse_candidate_does_not_pass_what_was_proposed(tmp_path: Path) -> None:
    recorded(tmp_path, "march.jsonl", range(240), sums)
    evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    recorded(tmp_path, "june.jsonl", range(240), lambda rng: {**sums(rng), "output": "no"})
    done = evalkit("gate", "desk/envelope.yaml", "--candidate", "june.jsonl", folder=tmp_path)
    assert done.code == 1


def test_every_bound_says_where_it_comes_from(tmp_path: Path) -> None:
    recorded(tmp_path, "march.jsonl", range(240), sums, tags=["sums"])
    evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    text = (tmp_path / "desk" / "envelope.yaml").read_text()
    _, _, bounds = text.partition("bounds:\n")
    told = re.split(r"^  - .*$", bounds, flags=re.MULTILINE)[:-1]
    assert len(told) == 7
    for comment in told:
        joined = " ".join(line.strip("# ") for line in comment.splitlines())
        assert re.search(r"today .* an unchanged candidate passes [0-9]+ times in 100", joined)
    assert "which was not seen" in bounds
    assert "3 points would take about" in bounds.replace("\n  # ", " ")
    assert "sums (240)" in text


def test_noise_that_was_recorded_makes_repeats_and_narrower_bounds(tmp_path: Path) -> None:
    golden = "".join(
        json.dumps({"id": f"c{n:04d}", "input": "?", "reference": "yes"}) + "\n" for n in range(120)
    )
    (tmp_path / "golden.jsonl").write_text(golden)
    rng = random.Random(3)
    lines = []
    for n in range(120):
        noisy = rng.random() < 0.06
        for draw in range(4):
            right = rng.random() < 0.5 if noisy else n % 20 > 0
            lines.append({"id": f"c{n:04d}", "sample": draw, "output": "yes" if right else "no"})
    for name, kept in (
        ("once.jsonl", [line for line in lines if line["sample"] == 0]),
        ("often.jsonl", lines),
    ):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in kept))
        done = evalkit(
            "init", name.removesuffix(".jsonl"), "--from", name, "--golden", "golden.jsonl",
            folder=tmp_path,
        )  # fmt: skip
        assert done.code == 0, done.err
    once, often = written(tmp_path / "once"), written(tmp_path / "often")
    assert "repeats" not in once
    assert often["repeats"] == 3
    margins = [float(found["bounds"][1]["delta"]["min"].rstrip("%")) for found in (once, often)]
    assert margins[1] > margins[0]
    assert evalkit("gate", "often/envelope.yaml", folder=tmp_path).code == 0
    assert not (tmp_path / "once" / "golden.jsonl").exists()


def test_fields_of_a_reference_become_metrics_of_their_own(tmp_path: Path) -> None:
    def ticket(rng: random.Random) -> Record:
        answer = json.dumps({"desk": "billing", "other": 1})
        return {"output": answer if rng.random() < 0.9 else "{}",
                "reference": {"desk": "billing", "queue": "x"}}  # fmt: skip

    recorded(tmp_path, "march.jsonl", range(80), ticket)
    done = evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    assert list(written(tmp_path / "desk")["metrics"]) == ["desk"]
    text = (tmp_path / "desk" / "envelope.yaml").read_text()
    assert "# - queue: json_field finds it right in 0.0% of the answers" in text


def test_an_answer_in_a_sentence_is_read_by_the_scorer_that_finds_it(tmp_path: Path) -> None:
    def told(rng: random.Random) -> Record:
        return {"output": "It is Paris." if rng.random() < 0.9 else "?", "reference": "Paris"}

    recorded(tmp_path, "march.jsonl", range(80), told)
    evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    assert list(written(tmp_path / "desk")["metrics"]) == ["accuracy-contains"]
    assert "exact_match 0.0%" in (tmp_path / "desk" / "envelope.yaml").read_text()


def test_a_small_set_is_told_what_it_is_too_small_for(tmp_path: Path) -> None:
    recorded(tmp_path, "march.jsonl", range(15), sums)
    done = evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    _, _, left_out = (tmp_path / "desk" / "envelope.yaml").read_text().partition("# Not proposed\n")
    told = " ".join(line.removeprefix("#").strip() for line in left_out.splitlines())
    assert "length.words: 15 independent cases; 50 are the least" in told
    for metric in ("accuracy, against the baseline", "refusal, against the baseline", "error_rate"):
        assert f"- {metric}: 15 independent cases prove nothing narrow enough" in told


def test_a_set_that_proves_nothing_gets_no_envelope(tmp_path: Path) -> None:
    recorded(tmp_path, "march.jsonl", range(3), lambda _: {"output": "yes"})
    done = evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    assert (done.code, "no bound worth a line can be proven on 3 cases" in done.err) == (2, True)
    assert not (tmp_path / "desk").exists()


def test_a_recording_that_does_not_say_what_was_asked_needs_a_golden_set(tmp_path: Path) -> None:
    (tmp_path / "march.jsonl").write_text('{"id": "a", "output": "yes"}\n')
    done = evalkit("init", "--from", "march.jsonl", folder=tmp_path)
    assert done.code == 2
    assert "march.jsonl:1: the record holds an answer and no input" in done.err
    assert "--golden FILE" in done.err


def test_a_recording_that_lacks_many_cases_is_no_baseline(tmp_path: Path) -> None:
    recorded(tmp_path, "march.jsonl", range(50), sums)
    golden = [{"id": f"c{n:04d}", "input": "?"} for n in range(60)]
    (tmp_path / "golden.jsonl").write_text("".join(json.dumps(line) + "\n" for line in golden))
    done = evalkit(
        "init", "x", "--from", "march.jsonl", "--golden", "golden.jsonl", folder=tmp_path
    )
    assert (done.code, "answers 50 of 60 cases" in done.err) == (2, True)


def test_the_baseline_of_a_run_is_a_recording_with_its_cases(tmp_path: Path) -> None:
    evalkit("init", "first", folder=tmp_path)
    assert evalkit("run", "first/envelope.yaml", "-o", "reports/r", folder=tmp_path).code == 0
    done = evalkit("init", "desk", "--from", "reports/r", folder=tmp_path)
    assert done.code == 0, done.err
    found = written(tmp_path / "desk")
    assert found["baseline"] == {
        "provider": "replay", "path": "../reports/r", "arm": "baseline",
    }  # fmt: skip
    golden = (tmp_path / "desk" / "golden.jsonl").read_text().splitlines()
    assert len(golden) == 80
    assert evalkit("gate", "desk/envelope.yaml", folder=tmp_path).code == 0


def test_an_existing_envelope_is_found_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "envelope.yaml").write_text("mine")
    done = evalkit("init", "--from", "missing.jsonl", folder=tmp_path)
    assert (done.code, "envelope.yaml" in done.err, "missing" in done.err) == (2, True, False)


def test_hostile_tags_stay_in_their_comment(tmp_path: Path) -> None:
    hostile = "a\nbounds: []\x1b[31m\u2028name: hacked"
    recorded(tmp_path, "march.jsonl", range(60), sums, tags=[hostile])
    done = evalkit("init", "desk", "--from", "march.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    assert written(tmp_path / "desk")["name"] == "desk"
    assert "\x1b" not in (tmp_path / "desk" / "envelope.yaml").read_text()


@pytest.mark.parametrize(
    "options",
    [["--golden", "x.jsonl"], ["--envelope", "x.yaml"], ["--ci", "github", "--envelope", "x.yaml"]],
)
def test_options_that_do_not_fit_together_are_a_usage_error(
    tmp_path: Path, options: list[str]
) -> None:
    assert evalkit("init", *options, folder=tmp_path).code == 2
    assert not list(tmp_path.iterdir())
