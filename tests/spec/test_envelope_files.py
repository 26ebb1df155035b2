"""An envelope file becomes an envelope, or every problem of it at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Kind, LimitKind, Require, Scope, Severity, Support
from evalkit.core.errors import EvalkitError, SpecError
from evalkit.core.model import Arm, Prices, SystemPrompt
from evalkit.core.registry import PROVIDERS
from evalkit.spec.envelope import LoadedEnvelope, load_envelope

KNOWN = ", ".join(PROVIDERS.names())

Load = Callable[..., LoadedEnvelope]
ProblemsOf = Callable[..., list[str]]

HEAD = """\
version: 1
name: x
golden_set: golden.jsonl
candidate: {provider: replay, path: outputs.jsonl}
"""
BOUNDS = "bounds: [{metric: length, max: 5}]\n"
GOOD = HEAD + BOUNDS
TOP = (
    "version, name, golden_set, candidate, baseline, metrics, bounds, repeats, confidence, scope, "
    "require, severity, max_missing, inconclusive, early_stop, drift, canary, seed"
)


# ---------------------------------------------------------------- good files


def test_the_article_s_example_is_read(load: Load, folder: Path) -> None:
    (folder / "prompts").mkdir()
    (folder / "prompts" / "summarize.md").write_text("Summarize.\n")
    (folder / "schemas").mkdir()
    (folder / "schemas" / "summary.v2.json").write_text('{"type": "object"}')
    loaded = load(
        """\
version: 1
name: summarize
golden_set: golden.jsonl
baseline:  {provider: replay, path: outputs.jsonl}
candidate:
  provider: replay
  path: outputs.jsonl
  model: gpt-4o-2024-08-06
  system_prompt: {file: prompts/summarize.md, version: 3}
  response_schema: schemas/summary.v2.json
metrics:
  accuracy: {scorer: exact_match, ignore_case: true}
bounds:
  - {metric: accuracy, min: 0.85}
  - {metric: length.tokens, statistic: mean, min: 80, max: 400, range: [0, 1024]}
  - {metric: toxicity, on: odd, max: 0.05}
  - {metric: refusal, on: even, delta: 0.03}          # within ±3 points of the baseline
  - {metric: latency_ms, statistic: p95, max: 4000}
  - {metric: cost_usd, ratio: {max: 1.1}, severity: warn}
  - {metric: schema_valid, min: 0.99}
"""
    )
    envelope = loaded.envelope
    assert [bound.name for bound in envelope.bounds] == [
        "accuracy", "length.tokens", "toxicity@odd", "refusal@even", "latency_ms", "cost_usd",
        "schema_valid",
    ]  # fmt: skip
    assert [bound.limit.kind for bound in envelope.bounds] == [
        LimitKind.ABSOLUTE, LimitKind.ABSOLUTE, LimitKind.ABSOLUTE, LimitKind.DELTA,
        LimitKind.ABSOLUTE, LimitKind.RATIO, LimitKind.ABSOLUTE,
    ]  # fmt: skip
    assert [bound.statistic.name for bound in envelope.bounds] == [
        "rate", "mean", "mean", "rate", "p95", "mean", "rate",
    ]  # fmt: skip
    assert envelope.bounds[1].metric.support == Support(0, 1024)
    assert envelope.bounds[5].severity is Severity.WARN
    assert envelope.candidate.system_prompt == SystemPrompt("Summarize.\n", 3)
    assert envelope.candidate.response_schema == '{"type":"object"}'
    assert loaded.scorers["accuracy"] == "exact_match@1"
    assert loaded.unchecked == ()
    assert loaded.places["refusal@even"].line == 17


def test_the_least_envelope_has_the_documented_defaults(load: Load) -> None:
    envelope = load(GOOD).envelope
    assert envelope.baseline is None
    assert envelope.metrics == ()
    assert envelope.repeats == 1
    assert envelope.max_missing == 0.02
    assert envelope.inconclusive_blocks
    assert envelope.seed == 0
    (bound,) = envelope.bounds
    assert bound.confidence == 0.95
    assert bound.scope is Scope.POPULATION
    assert bound.require is Require.PROVEN
    assert bound.severity is Severity.BLOCK


def test_the_file_sets_the_defaults_of_its_bounds_and_a_bound_its_own(load: Load) -> None:
    defaults = "confidence: 0.9\nscope: golden-set\nrequire: not-disproven\nseverity: warn\n"
    own = "{metric: length, max: 5, confidence: 0.99, scope: population, require: proven, severity: block}"
    first, second = load(
        HEAD + defaults + f"bounds:\n  - {{metric: length, max: 9, name: a}}\n  - {own}\n"
    ).envelope.bounds
    assert (first.confidence, first.scope) == (0.9, Scope.GOLDEN_SET)
    assert (first.require, first.severity) == (Require.NOT_DISPROVEN, Severity.WARN)
    assert (second.confidence, second.scope) == (0.99, Scope.POPULATION)
    assert (second.require, second.severity) == (Require.PROVEN, Severity.BLOCK)


def test_a_snapshot_says_all_it_may_say(load: Load) -> None:
    candidate = """\
candidate:
  provider: replay
  path: outputs.jsonl
  arm: candidate
  model: m
  system_prompt: Be brief.
  prompt: "{question}"
  template: jinja
  params: {max_tokens: 5, stop: [a, null]}
  response_schema: {type: object}
  prices: {input: 2.5, output: 10}
  expected_model: m-2024
"""
    found = load(HEAD.replace(HEAD.splitlines()[3] + "\n", candidate) + BOUNDS).envelope.candidate
    assert found.provider == "replay"
    assert getattr(found.options, "arm", None) is Arm.CANDIDATE
    assert found.system_prompt == SystemPrompt("Be brief.")
    assert (found.prompt, found.template) == ("{question}", "jinja")
    assert found.params == {"max_tokens": 5, "stop": ["a", None]}
    assert found.response_schema == '{"type":"object"}'
    assert found.prices == Prices(2.5, 10)
    assert (found.model, found.expected_model) == ("m", "m-2024")


@pytest.mark.parametrize(
    ("golden_set", "tags"),
    [
        ("golden.jsonl", [[]]),
        ("{path: golden.jsonl, tags: [curated]}", [["curated"]]),
        ("[golden.jsonl]", [[]]),
        ("[golden.jsonl, {path: more.csv, tags: [a, b]}]", [[], ["a", "b"]]),
    ],
)
def test_a_golden_set_is_a_file_or_several(
    load: Load, folder: Path, golden_set: str, tags: list[list[str]]
) -> None:
    loaded = load(GOOD.replace("golden_set: golden.jsonl", f"golden_set: {golden_set}"))
    assert [source.tags for source in loaded.golden_set] == tags
    assert all(source.path.startswith(str(folder.resolve())) for source in loaded.golden_set)


def test_paths_are_relative_to_the_file_that_names_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "envelopes").mkdir()
    path = folder / "envelopes" / "e.yaml"
    path.write_text(GOOD.replace(": golden", ": ../golden").replace(": outputs", ": ../outputs"))
    monkeypatch.chdir(folder)
    loaded = load_envelope("envelopes/e.yaml")
    assert loaded.golden_set[0].path == str((folder / "golden.jsonl").resolve())
    assert str((folder / "outputs.jsonl").resolve()) in repr(loaded.envelope.candidate.options)
    assert loaded.path == "envelopes/e.yaml"


def test_standard_input_may_be_the_golden_set(load: Load) -> None:
    assert load(GOOD.replace("golden.jsonl", "'-'")).golden_set[0].path == "-"


def test_an_envelope_may_be_json(load: Load) -> None:
    data = yaml.safe_load(GOOD)
    loaded = load(json.dumps(data, indent=1), name="envelope.json")
    assert loaded.envelope == load(GOOD).envelope
    assert loaded.places["length"].line > 1


def test_a_golden_set_is_not_read_while_the_envelope_is_sound(load: Load) -> None:
    assert load(GOOD.replace("golden.jsonl", "none.jsonl")).envelope.name == "x"


# ---------------------------------------------------------------- digests


def digest_of(load: Load, text: str) -> str:
    return load(text).digest


def test_the_digest_is_about_what_is_demanded_and_not_about_where_files_lie(
    load: Load, folder: Path
) -> None:
    (folder / "other").mkdir()
    for name in ("golden.jsonl", "outputs.jsonl"):
        (folder / "other" / name).write_bytes((folder / name).read_bytes())
    (folder / "p.md").write_text("Be brief.")
    first = digest_of(load, GOOD)
    same = GOOD.replace("golden.jsonl", "other/golden.jsonl").replace("outputs", "other/outputs")
    assert digest_of(load, same) == first
    reordered = "".join(sorted(GOOD.splitlines(keepends=True)))
    assert digest_of(load, "# a comment\n" + reordered) == first
    assert digest_of(load, GOOD.replace("max: 5", "max: 6")) != first
    prompts = [
        GOOD.replace("outputs.jsonl", f"outputs.jsonl, system_prompt: {prompt}")
        for prompt in ("{file: p.md}", "{text: Be brief.}", "Be short.")
    ]
    by_file, by_text, other = (digest_of(load, text) for text in prompts)
    assert by_file == by_text
    assert other != by_text


def test_a_scorer_in_a_file_is_known_by_its_content(load: Load, folder: Path) -> None:
    text = HEAD + "metrics: {m: {scorer: %s}}\nbounds: [{metric: m, min: 0.5}]\n"
    (folder / "sub").mkdir()
    for path in ("my.py", "sub/my.py"):
        (folder / path).write_text(
            "from evalkit.scorers import Kind, Value, scorer\n"
            "@scorer('my', values=[Value('v', Kind.RATE)])\n"
            "def my(case, sample):\n    return True\n"
        )
    one, other = (load(text % path, code_root=folder.resolve()) for path in ("my.py", "sub/my.py"))
    assert one.digest == other.digest
    assert one.scorers == other.scorers
    assert one.scorers["m"].startswith("my@1:")
    (folder / "sub" / "my.py").write_text((folder / "my.py").read_text() + "# changed\n")
    assert load(text % "sub/my.py", code_root=folder.resolve()).scorers != one.scorers


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "envelope.yaml:1:1: expected a mapping, found an empty file"),
        ("# nothing\n", "envelope.yaml:1:1: expected a mapping, found an empty file"),
        ("- 1\n", "envelope.yaml:1:1: expected a mapping, found [1]"),
        ("hello\n", "envelope.yaml:1:1: expected a mapping, found 'hello'"),
        ("a: 1\na: 2\n", "envelope.yaml:2:1: key 'a' stands twice; it stands in line 1 already"),
    ],
)
def test_a_file_that_is_no_mapping_is_one_problem(
    problems_of: ProblemsOf, text: str, expected: str
) -> None:
    assert problems_of(text) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("version: 2", "1:10: version: expected 1, found 2"),
        ("version: '1'", "1:10: version: expected 1, found '1'; leave the quotes out"),
        ("version: true", "1:10: version: expected 1, found true"),
        ("version: 1.5", "1:10: version: expected 1, found 1.5"),
        ("version:", "1:9: version: expected 1, found null"),
        ("name: [x]", "2:7: name: expected text, found ['x']"),
        ("name: 1.10", "2:7: name: expected text, found 1.1"),
        ("name: ../x", "2:7: name: expected letters, digits, - and _ (and . inside file names), found '../x'"),
        ("name: a b", "2:7: name: expected letters, digits, - and _ (and . inside file names), found 'a b'"),
        ("name: ''", "2:7: name: expected letters, digits, - and _ (and . inside file names), found ''"),
        ("golden_set: 3", "3:13: golden_set[0]: expected a mapping, found 3"),
        ("golden_set: []", "3:13: golden_set: expected at least 1 entry, found []"),
        ("golden_set: {path: golden.jsonl, tags: t}", "3:13: golden_set[0].tags: expected a list, found 't'"),
        ("golden_set: {path: golden.jsonl, tags: ['']}", "3:13: golden_set[0].tags[0]: expected text that is not empty, found ''"),
        ("golden_set: {path: golden.jsonl, tag: [t]}", "3:13: golden_set[0].tag: unknown key 'tag'; did you mean 'tags'? (known: path, tags)"),
        ("golden_set: [golden.jsonl, {tags: [t]}]", "3:28: golden_set[1].path: required, and not there"),
        ("candidate: replay", "4:12: candidate: expected a mapping, found 'replay'"),
        ("candidate:", "4:11: candidate: expected a mapping, found null"),
        ("candidate: {path: outputs.jsonl}", "4:12: candidate.provider: required, and not there"),
        ("candidate: {provider: 3}", "4:23: candidate.provider: expected text, found 3"),
        ("candidate: {provider: repla}", f"4:23: candidate.provider: unknown provider 'repla'; did you mean 'replay'? (known: {KNOWN})"),
        ("candidate: {provider: evil.py}", f"4:23: candidate.provider: unknown provider 'evil.py' (known: {KNOWN})"),
        ("candidate: {provider: replay}", "4:12: candidate.path: required, and not there"),
        ("candidate: {provider: replay, path: 3}", "4:37: candidate.path: expected text, found 3"),
        ("candidate: {provider: replay, path: x, pth: y}", "4:40: candidate.pth: unknown key 'pth'; did you mean 'path'? (known: path, arm)"),
        ("candidate: {provider: replay, path: x, arm: basline}", "4:45: candidate.arm: expected 'baseline' or 'candidate', found 'basline'; did you mean 'baseline'?"),
        ("candidate: {provider: replay, path: x, model: 4}", "4:47: candidate.model: expected text, found 4"),
        ("candidate: {provider: replay, path: x, model: }", "4:47: candidate.model: expected a value, found null; leave the key out"),
        ("candidate: {provider: replay, path: x, template: mustache}", "4:50: candidate.template: expected 'format', 'jinja' or 'none', found 'mustache'"),
        ("candidate: {provider: replay, path: x, params: [1]}", "4:48: candidate.params: expected a mapping, found [1]"),
        ("candidate: {provider: replay, path: x, prices: 3}", "4:48: candidate.prices: expected a mapping, found 3"),
        ("candidate: {provider: replay, path: x, prices: {input: -1, output: 1}}", "4:56: candidate.prices.input: expected at least 0.0, found -1"),
        ("candidate: {provider: replay, path: x, response_schema: 3}", "4:57: candidate.response_schema: expected a JSON Schema or the path of one, found 3"),
        ("candidate: {provider: replay, path: x, response_schema: }", "4:57: candidate.response_schema: expected a JSON Schema or the path of one, found null"),
        ("candidate: {provider: replay, path: x, response_schema: none.json}", "4:57: candidate.response_schema: none.json: no such file"),
        ("candidate: {provider: replay, path: x, system_prompt: 3}", "4:55: candidate.system_prompt: expected a mapping, found 3"),
        ("candidate: {provider: replay, path: x, system_prompt: {}}", "4:55: candidate.system_prompt: expected text or file, found {}"),
        ("candidate: {provider: replay, path: x, system_prompt: {version: 3}}", "4:55: candidate.system_prompt: expected text or file, found {'version': 3}"),
        ("candidate: {provider: replay, path: x, system_prompt: {fil: p}}", "4:56: candidate.system_prompt.fil: unknown key 'fil'; did you mean 'file'? (known: text, file, version)"),
        ("candidate: {provider: replay, path: x, system_prompt: {file: 3}}", "4:62: candidate.system_prompt.file: expected text, found 3"),
        ("candidate: {provider: replay, path: x, system_prompt: {file: none.md}}", "4:62: candidate.system_prompt.file: none.md: no such file"),
        ("candidate: {provider: replay, path: x, system_prompt: {file: outputs.jsonl, text: y}}", "4:55: candidate.system_prompt: give text or file, not both"),
        ("candidate: {provider: replay, path: x, system_prompt: {text: y, version: 1.5}}", "4:74: candidate.system_prompt.version: expected text or a whole number, found 1.5"),
        ("candidate: {provider: replay, path: x, system_prompt: {text: y, version: true}}", "4:74: candidate.system_prompt.version: expected text or a whole number, found true"),
        ("bounds: {a: 1}", "5:9: bounds: expected a list, found {'a': 1}"),
        ("bounds: []", "5:9: bounds: expected at least 1 entry, found []"),
        ("bounds:", "5:8: bounds: expected a list, found null"),
        ("bounds: [length]", "5:10: bounds[0]: expected a mapping, found 'length'"),
    ],
)  # fmt: skip
def test_a_line_of_another_shape_is_named_with_place_expected_and_found(
    problems_of: ProblemsOf, line: str, expected: str
) -> None:
    key = line.partition(":")[0]
    lines = [line if old.startswith(f"{key}:") else old for old in GOOD.splitlines()]
    assert problems_of("\n".join(lines) + "\n") == [f"envelope.yaml:{expected}"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("baseline: 3", "11: baseline: expected a mapping, found 3"),
        ("baseline:", "10: baseline: expected a value, found null; leave the key out"),
        ("metrics: [a]", "10: metrics: expected a mapping, found ['a']"),
        ("metrics:", "9: metrics: expected a mapping, found null"),
        ("repeats: 0", "10: repeats: expected a number from 1 to 1000, or noise-aware, found 0"),
        ("repeats: 1001", "10: repeats: expected a number from 1 to 1000, or noise-aware, found 1001"),
        ("repeats: 1.5", "10: repeats: expected a number from 1 to 1000, or noise-aware, found 1.5"),
        ("repeats: 2.0", "10: repeats: expected a number from 1 to 1000, or noise-aware, found 2.0"),
        ("repeats: '2'", "10: repeats: expected a number from 1 to 1000, or noise-aware, found '2'"),
        ("repeats: true", "10: repeats: expected a number from 1 to 1000, or noise-aware, found true"),
        ("confidence: 95", "13: confidence: expected a number below 1.0, found 95"),
        ("confidence: 0.5", "13: confidence: expected a number above 0.5, found 0.5"),
        ("confidence: 95%", "13: confidence: expected a number, found '95%'"),
        ("scope: populaton", "8: scope: expected 'population' or 'golden-set', found 'populaton'; did you mean 'population'?"),
        ("require: provn", "10: require: expected 'proven' or 'not-disproven', found 'provn'; did you mean 'proven'?"),
        ("severity: 1", "11: severity: expected 'block' or 'warn', found 1"),
        ("max_missing: 2", "14: max_missing: expected a share from 0 to below 1, found 2; did you mean 2%?"),
        ("max_missing: 200", "14: max_missing: expected a share from 0 to below 1, found 200"),
        ("max_missing: 150%", "14: max_missing: expected a share from 0 to below 1, found 1.5"),
        ("max_missing: -1%", "14: max_missing: expected a share from 0 to below 1, found -0.01"),
        ("max_missing: x", "14: max_missing: expected a number or a percentage such as 3%, found 'x'"),
        ("max_missing: '3'", "14: max_missing: expected a number or a percentage such as 3%, found '3'"),
        ("max_missing: ٣%", "14: max_missing: expected a number or a percentage such as 3%, found '٣%'"),
        ("inconclusive: no", "15: inconclusive: expected 'block' or 'warn', found 'no'"),
        ("seed: -1", "7: seed: expected at least 0, found -1"),
        ("nme: x", f"1: nme: unknown key 'nme'; did you mean 'name'? (known: {TOP})"),
        ("on: 3", f"1: on: unknown key 'on' (known: {TOP})"),
        ("1: 3", f"1: 1: unknown key '1' (known: {TOP})"),
    ],
)  # fmt: skip
def test_a_further_line_of_another_shape_is_named_too(
    problems_of: ProblemsOf, line: str, expected: str
) -> None:
    assert problems_of(GOOD + line + "\n") == [f"envelope.yaml:6:{expected}"]


@pytest.mark.parametrize("share", ["0", "0.02", "2%", "2 %", "+2%", "'2%'", "1e-3", "99.9%"])
def test_a_share_is_a_number_or_a_percentage(load: Load, share: str) -> None:
    assert 0 <= load(GOOD + f"max_missing: {share}\n").envelope.max_missing < 1


@pytest.mark.parametrize("version", ["1", "1.0", "+1", "1e0"])
def test_version_one_may_be_written_as_any_number_that_is_one(load: Load, version: str) -> None:
    assert load(GOOD.replace("version: 1", f"version: {version}")).envelope.name == "x"


# ---------------------------------------------------------------- files that are named


@pytest.mark.parametrize(
    "line",
    [
        'golden_set: "a\\0b"', "golden_set: loop",
        'candidate: {provider: replay, path: "a\\0b"}', "candidate: {provider: replay, path: loop}",
    ],
)  # fmt: skip
def test_a_path_that_cannot_be_is_no_crash(load: Load, folder: Path, line: str) -> None:
    (folder / "loop").symlink_to("loop")
    key = line.partition(":")[0]
    lines = [line if old.startswith(f"{key}:") else old for old in GOOD.splitlines()]
    assert load("\n".join(lines)).envelope.name == "x"


@pytest.mark.parametrize(
    ("snapshot", "message"),
    [
        ('system_prompt: {file: "a\\0b"}', "cannot be read: embedded null byte"),
        ('response_schema: "a\\0b"', "cannot be read: embedded null byte"),
        ("system_prompt: {file: loop}", "cannot be read: Too many levels of symbolic links"),
        ("system_prompt: {file: bad.md}", "bad.md:1:2: byte 0xff is not UTF-8"),
        ("system_prompt: {file: .}", "expected a file, found a directory"),
        ("response_schema: bad.md", "bad.md:1:2: byte 0xff is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_at_the_line_that_names_it(
    problems_of: ProblemsOf, folder: Path, snapshot: str, message: str
) -> None:
    (folder / "loop").symlink_to("loop")
    (folder / "bad.md").write_bytes(b"a\xff")
    (problem,) = problems_of(GOOD.replace("outputs.jsonl", f"outputs.jsonl, {snapshot}"))
    assert problem.startswith("envelope.yaml:4:")
    assert message in problem


@pytest.mark.parametrize("metric", ["schema_valid", "length"])
def test_a_schema_that_is_not_there_is_told_once_whatever_needs_it(
    problems_of: ProblemsOf, metric: str
) -> None:
    text = GOOD.replace("outputs.jsonl", "outputs.jsonl, response_schema: gone.json")
    (problem,) = problems_of(text.replace("length, max: 5", f"{metric}, max: 0.5"))
    assert "candidate.response_schema: gone.json: no such file" in problem


def test_a_schema_that_is_no_json_is_told_at_its_own_place(
    problems_of: ProblemsOf, folder: Path
) -> None:
    (folder / "s.json").write_text('{\n"type": object}')
    text = GOOD.replace("outputs.jsonl", "outputs.jsonl, response_schema: s.json")
    assert problems_of(text) == ["s.json:2:9: not JSON: expecting value"]


# ---------------------------------------------------------------- all at once

BROKEN = """\
version: 2
nam: x
name: x
golden_set: {paths: golden.jsonl}
candidate: {provider: replay, path: outputs.jsonl, params: [1]}
baseline: {provider: repla, path: outputs.jsonl}
metrics:
  acc: {scorer: exact_match, ignore_cas: true}
  bad: {}
  oops: {scorer: lenght}
bounds:
  - {metric: acc, min: 85}
  - {metric: toxcity, max: 0.5, foo: 1}
  - {metric: length, delta: 3%}
  - {metric: bad, statistic: p50, max: 5}
  - {metric: length, mx: 5}
  - {metric: length, max: [5]}
  - {metric: latency_ms, max: 5, statistic: rate}
  - {metric: latency_ms, max: 5}
  - {metric: latency_ms, max: 6}
max_missing: 7
"""


def test_faults_of_grammar_and_of_meaning_are_told_in_one_go(problems_of: ProblemsOf) -> None:
    found = [
        line.removeprefix("envelope.yaml:").split(" (known")[0] for line in problems_of(BROKEN)
    ]
    assert found == [
        "1:10: version: expected 1, found 2",
        "2:1: nam: unknown key 'nam'; did you mean 'name'?",
        "4:13: golden_set[0].path: required, and not there",
        "4:13: golden_set[0].paths: unknown key 'paths'; did you mean 'path'?",
        "5:60: candidate.params: expected a mapping, found [1]",
        "6:22: baseline.provider: unknown provider 'repla'; did you mean 'replay'?",
        "8:30: metrics.acc.ignore_cas: unknown key 'ignore_cas'; did you mean 'ignore_case'?",
        "9:8: metrics.bad.scorer: required, and not there",
        "10:18: metrics.oops.scorer: unknown scorer 'lenght'; did you mean 'length'?",
        "12:24: bounds[0].min: acc lies between 0 and 1, found 85; did you mean 85%?",
        "13:14: bounds[1].metric: unknown metric 'toxcity'; did you mean 'toxicity'?",
        "13:33: bounds[1].foo: unknown key 'foo'",
        "14:29: bounds[2].delta: length is not a share, so 3% of what? "
        "Write ratio: {min: 0.97, max: 1.03}",
        "16:22: bounds[4].mx: unknown key 'mx'; did you mean 'max'?",
        "17:27: bounds[5].max: expected a number or a percentage such as 3%, found [5]",
        "18:45: bounds[6].statistic: latency_ms is no rate; expected mean or a quantile",
        "20:5: bounds[8]: a second bound named 'latency_ms' (see line 19); give it a name:",
        "21:14: max_missing: expected a share from 0 to below 1, found 7; did you mean 7%?",
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("version: 1\nname: x\ngolden_set: golden.jsonl\n", "candidate"),
        (HEAD.replace("{provider: replay, path: outputs.jsonl}", "x"), "candidate"),
        (HEAD.replace("replay", "3"), "candidate.provider"),
        (HEAD.replace("replay", "repaly"), "candidate.provider"),
        (HEAD + "baseline: x\n", "baseline"),
        (HEAD + "baseline: {provider: replay}\n", "baseline.path"),
        (HEAD + "seed: x\n", "seed"),
        (HEAD + "foo: x\n", "foo"),
        (HEAD + "metrics: {'a b': {scorer: length}}\n", "metrics.a b"),
        (HEAD.replace("name: x", "name: a b"), "name"),
        (HEAD.replace("version: 1\n", ""), "version"),
        (HEAD.replace("golden_set: golden.jsonl\n", ""), "golden_set"),
    ],
)
def test_a_fault_elsewhere_does_not_hide_a_fault_in_a_bound(
    problems_of: ProblemsOf, text: str, where: str
) -> None:
    found = problems_of(text + "bounds: [{metric: lenght, max: 5}]\n")
    assert len(found) == 2
    assert any(f": {where}: " in line for line in found)
    assert any("unknown metric 'lenght'" in line for line in found)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "metrics: [1]\nbounds: [{metric: anything, max: 5}]\n",
        HEAD + "metrics: {bad: {}}\nbounds: [{metric: bad.value, max: 5}, {metric: bad, min: 9}]\n",
        HEAD + "bounds: [{metric: length, mx: 5}]\n",
        HEAD + "bounds: [{metric: length, delta: {mn: 5}}]\n",
        HEAD + "bounds: [{metric: length, max: 5, on: {tag: x}}]\n",
        HEAD + "bounds: 3\n",
        HEAD + "bounds: [3]\n",
        HEAD.replace("outputs.jsonl", "outputs.jsonl, response_schema: 3") + BOUNDS,
        HEAD.replace("outputs.jsonl", "outputs.jsonl, system_prompt: {fil: x}") + BOUNDS,
    ],
)
def test_a_fault_is_not_told_twice_in_other_words(problems_of: ProblemsOf, text: str) -> None:
    assert len(problems_of(text)) == 1


def test_cases_are_checked_together_with_a_broken_envelope(
    problems_of: ProblemsOf, folder: Path
) -> None:
    (folder / "golden.jsonl").write_text('{"id": 5, "input": "q"}\n{"input": ""\n')
    assert problems_of(HEAD + "bounds: [{metric: lenght, max: 5}]\nfoo: 1\n")[-2:] == [
        'golden.jsonl:1: expected id to be text, found 5; write "5"',
        "golden.jsonl:2:13: not JSON: expecting ',' delimiter",
    ]


# ---------------------------------------------------------------- attacks

JUNK: list[Any] = [
    None, True, 0, -1, 3, 1.5, 1e300, "", "x", "3%", "-3%", "a\0b", "../x", "length", [], {}, [[]],
    [1], ["x"], {"x": 1}, {"path": "x"}, {"file": "x"}, {"provider": "replay"}, {"min": 1},
    {"any": []}, {"where": {"lang": "de"}}, {"all": ["t"]}, {"text": "x", "version": "1"},
]  # fmt: skip
WHOLE: dict[str, Any] = {
    "version": 1,
    "name": "x",
    "golden_set": [{"path": "golden.jsonl", "tags": ["t"]}],
    "candidate": {
        "provider": "replay", "path": "outputs.jsonl", "model": "m", "params": {"max_tokens": 64},
        "system_prompt": {"text": "x", "version": 1}, "response_schema": {"type": "object"},
        "prices": {"input": 1, "output": 2},
    },
    "baseline": {
        "provider": "replay", "path": "outputs.jsonl", "params": {"max_tokens": 64},
        "prices": {"input": 1, "output": 2},
    },
    "metrics": {"acc": {"scorer": "exact_match", "ignore_case": True}, "len": {"scorer": "length"}},
    "bounds": [
        {"metric": "acc", "min": "85%", "on": "odd", "confidence": 0.9},
        {"metric": "len.tokens", "delta": 3, "range": [0, 64]},
        {"metric": "cost_usd", "ratio": {"max": 1.1}, "on": {"where": {"lang": ["de"]}}},
        {"metric": "schema_valid", "min": 0.9, "each": ["odd", "even"]},
        {"metric": "latency_ms", "max": 100, "statistic": "p50", "severity": "warn"},
    ],
    "repeats": 2,
    "max_missing": "2%",
    "drift": {"max": "60%", "severity": "warn"},
    "seed": 3,
}  # fmt: skip


def trails(value: Any, trail: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside a value."""
    items: list[tuple[Any, Any]] = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        items = list(enumerate(value))
    return [trail, *(way for key, item in items for way in trails(item, (*trail, key)))]


TRAILS = [trail for trail in trails(WHOLE) if trail]


def put(value: Any, inside: Any, key: Any) -> None:
    """Set one value inside a mapping or a list."""
    inside[key] = deepcopy(value)


def changed(data: Any, trail: tuple[Any, ...], change: Callable[[Any, Any], None]) -> None:
    """Change the value at a trail, where earlier changes left one there."""
    for key in trail[:-1]:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(data, (dict, list)):
        try:
            change(data, trail[-1])
        except (KeyError, IndexError, TypeError):
            return


def test_the_envelope_under_attack_is_sound(load: Load) -> None:
    assert len(load(json.dumps(WHOLE)).envelope.bounds) == 6


@given(
    faults=st.lists(
        st.tuples(st.sampled_from(TRAILS), st.sampled_from(["delete", "add", *JUNK])),
        min_size=1, max_size=4,
    )
)  # fmt: skip
@settings(
    derandomize=True, deadline=None, max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_any_change_of_a_sound_envelope_is_an_envelope_or_problems_with_places(
    folder: Path, faults: list[tuple[tuple[Any, ...], Any]]
) -> None:
    data = json.loads(json.dumps(WHOLE))
    for trail, fault in faults:
        if fault == "delete":
            changed(data, trail, lambda inside, key: inside.pop(key))
        elif fault == "add":
            changed(data, (*trail, "zzz"), partial(put, 1))
        else:
            changed(data, trail, partial(put, fault))
    path = folder / "attack.yaml"
    path.write_text(json.dumps(data))
    try:
        load_envelope(path)
    except SpecError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.place.line >= 1 or problem.place.file != str(path), problem
            assert "NoneType" not in problem.message
            assert "pydantic" not in problem.message
    except EvalkitError as error:
        pytest.fail(repr(error))


SINGLE = [
    (("version",), 3), (("name",), 3), (("candidate", "model"), 3), (("baseline", "zzz"), 1),
    (("metrics", "acc", "zzz"), 1), (("bounds", 0, "min"), 85), (("bounds", 1, "metric"), "len.tokns"),
    (("bounds", 2, "ratio"), {"max": -1}), (("bounds", 3, "each"), []), (("bounds", 4, "zzz"), 1),
    (("max_missing",), 3), (("seed",), -1), (("zzz",), 1),
]  # fmt: skip


@given(chosen=st.sets(st.sampled_from(range(len(SINGLE))), min_size=2, max_size=5))
@settings(
    derandomize=True, deadline=None, max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_faults_that_are_told_alone_are_told_together(folder: Path, chosen: set[int]) -> None:
    def told(faults: set[int]) -> set[str]:
        data = json.loads(json.dumps(WHOLE))
        for fault in faults:
            trail, value = SINGLE[fault]
            changed(data, trail, partial(put, value))
        path = folder / "attack.yaml"
        path.write_text(json.dumps(data, indent=1))
        with pytest.raises(SpecError) as caught:
            load_envelope(path)
        return {f"{problem.where}: {problem.message}" for problem in caught.value.problems}

    assert told(chosen) == set().union(*(told({fault}) for fault in chosen))


def test_kinds_of_metrics_are_read_off_their_scorers(load: Load) -> None:
    bounds = load(json.dumps(WHOLE)).envelope.bounds
    assert [bound.metric.kind for bound in bounds] == [
        Kind.RATE, Kind.AMOUNT, Kind.AMOUNT, Kind.RATE, Kind.RATE, Kind.TIME,
    ]  # fmt: skip


# ---------------------------------------------------------------- more draws, and stopping early


def test_noise_aware_repeats_draw_once_and_three_times_where_the_baseline_disagrees(
    load: Load,
) -> None:
    envelope = load(GOOD + "repeats: noise-aware\n").envelope
    assert (envelope.repeats, envelope.noisy_repeats, envelope.most_repeats) == (1, 3, 3)
    assert load(GOOD).envelope.noisy_repeats is None


def test_stopping_early_bets_on_every_bound_that_can_be_bet_on(load: Load) -> None:
    bounds = "bounds: [{metric: refusal, max: 0.1}, {metric: length, max: 5}]\n"
    envelope = load(HEAD + "early_stop: betting\n" + bounds).envelope
    assert envelope.stops_early
    methods = {bound.name: bound.method.value for bound in envelope.bounds}
    assert methods == {"refusal": "betting", "length": "usual"}  # a mean without a range
    assert {bound.method.value for bound in load(HEAD + bounds).envelope.bounds} == {"usual"}
