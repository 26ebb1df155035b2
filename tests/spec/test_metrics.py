"""The word behind ``metric:`` is an instrument with options, or a sentence about what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from evalkit.core.envelope import Kind
from evalkit.core.errors import PluginError
from evalkit.core.model import Arm, Prices
from evalkit.spec.envelope import LoadedEnvelope

Load: TypeAlias = Callable[..., LoadedEnvelope]
ProblemsOf: TypeAlias = Callable[..., list[str]]

HEAD = """\
version: 1
name: x
golden_set: golden.jsonl
candidate: {provider: replay, path: outputs.jsonl}
"""
KNOWN = "(known: choice, closing, collapse, contains, cost_usd, "


def envelope(metrics: str, *bounds: str, head: str = HEAD) -> str:
    lines = "".join(f"  - {bound}\n" for bound in bounds or ("{metric: latency_ms, max: 5}",))
    return f"{head}metrics: {metrics}\nbounds:\n{lines}"


SCORER = '''
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from evalkit.scorers import Case, Kind, Sample, Score, Value, scorer

open(__file__ + ".ran", "w").close()


@dataclass(frozen=True, slots=True)
class Options:
    """What to look for."""

    json: str
    copy: bool = False
    words: tuple[str, ...] = ()
    names: list[str] = field(default_factory=lambda: ["a"])
    take: Literal["first", "last"] = "last"

    def __post_init__(self):
        if not self.json:
            raise ValueError("json: expected a text that is not empty")


@scorer(
    "mine",
    values=[Value("found", Kind.RATE), Value("share", Kind.SCORE)],
    options=Options,
)
def mine(case: Case, sample: Sample, options: Options) -> Score:
    """Looks for a word."""
    return Score((1.0, 0.5))
'''


@pytest.fixture
def scorer(folder: Path) -> Callable[..., Path]:
    """Return how a scorer gets into a file beside the envelope."""

    def do(text: str = SCORER, name: str = "mine.py") -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return do


# ---------------------------------------------------------------- names


def test_a_built_in_needs_no_entry_and_an_entry_may_bear_any_name(load: Load) -> None:
    text = envelope(
        "{acc-1: {scorer: exact_match, ignore_case: true}, spare: {scorer: length}}",
        "{metric: acc-1, min: 0.5}",
        "{metric: refusal.full, max: 0.5}",
        "{metric: length, max: 5}",
    )
    found = load(text).envelope
    assert [bound.metric.name for bound in found.bounds] == ["acc-1", "refusal.full", "length"]
    assert [bound.metric.value for bound in found.bounds] == ["match", "full", "words"]
    assert [item.name for item in found.instruments] == ["acc-1", "length", "refusal", "spare"]
    assert [metric.name for metric in found.metrics] == ["spare"]
    assert found.bounds[0].metric.labels == ("right", "wrong")


def test_a_metric_that_a_bound_uses_is_not_shown_again_without_one(load: Load) -> None:
    text = envelope("{len: {scorer: length}}", "{metric: len.chars, max: 5}")
    assert load(text).envelope.metrics == ()


def test_an_entry_may_take_the_name_of_a_built_in(load: Load) -> None:
    text = envelope("{length: {scorer: refusal}}", "{metric: length, max: 0.5}")
    assert load(text).envelope.bounds[0].metric.kind is Kind.RATE


def test_tokens_fall_back_to_the_estimate_of_both_arms(load: Load) -> None:
    text = envelope("{len: {scorer: length}}", "{metric: len.tokens, max: 5}")
    metric = load(text).envelope.bounds[0].metric
    assert (metric.fallback, metric.unit) == ("tokens_estimated", "tokens")


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("toxcity", f"unknown metric 'toxcity'; did you mean 'toxicity'? (known: acc, {KNOWN[8:]}"),
        ("ac", f"unknown metric 'ac'; did you mean 'acc'? (known: acc, {KNOWN[8:]}"),
        ("''", f"unknown metric '' (known: acc, {KNOWN[8:]}"),
        ("'.'", f"unknown metric '' (known: acc, {KNOWN[8:]}"),
        ("evil.py", f"unknown metric 'evil' (known: acc, {KNOWN[8:]}"),
        ("acc.mach", "unknown metric 'acc.mach'; did you mean 'acc.match'? (known: acc.match)"),
        ("acc.", "unknown metric 'acc.'; did you mean 'acc.match'? (known: acc.match)"),
        ("length.token", "unknown metric 'length.token'; did you mean 'length.tokens'? (known: length.words, length.tokens, "),
        ("length.words.x", "unknown metric 'length.words.x'; did you mean 'length.words'? (known: "),
    ],
)  # fmt: skip
def test_an_unknown_metric_is_answered_with_the_known_ones(
    problems_of: ProblemsOf, metric: str, message: str
) -> None:
    text = envelope("{acc: {scorer: exact_match}}", f"{{metric: {metric}, max: 0.5}}")
    (found,) = problems_of(text)
    assert found.startswith(f"envelope.yaml:7:14: bounds[0].metric: {message}")


def test_a_known_metric_is_named_once(problems_of: ProblemsOf) -> None:
    (found,) = problems_of(envelope("{length: {scorer: length}}", "{metric: x, max: 1}"))
    assert found.count("length") == 1


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("{m: {}}", "5:14: metrics.m.scorer: required, and not there"),
        ("{m: length}", "5:14: metrics.m: expected a mapping, found 'length'"),
        ("{m: }", "5:14: metrics.m: expected a mapping, found null"),
        ("{m: {scorer: 3}}", "5:23: metrics.m.scorer: expected text, found 3"),
        ("{a.b: {scorer: length}}", "5:16: metrics.a.b: expected letters, digits, - and _"),
        ("{'': {scorer: length}}", "5:15: metrics.: expected letters, digits, - and _"),
        ("{m: {scorer: lenght}}", "5:23: metrics.m.scorer: unknown scorer 'lenght'; did you mean 'length'? (known: "),
        ("{m: {scorer: length, x: 1}}", "5:31: metrics.m.x: unknown key 'x'; there is none to give here"),
        ("{m: {scorer: exact_match, ignore_cas: true}}", "5:36: metrics.m.ignore_cas: unknown key 'ignore_cas'; did you mean 'ignore_case'? (known: ignore_case, ignore_space)"),
        ("{m: {scorer: exact_match, ignore_case: yes}}", "5:49: metrics.m.ignore_case: expected true or false, found 'yes' (a word in YAML 1.2)"),
        ("{m: {scorer: exact_match, ignore_case: 1}}", "5:49: metrics.m.ignore_case: expected true or false, found 1"),
        ("{m: {scorer: regex}}", "5:14: metrics.m.pattern: required, and not there"),
        ("{m: {scorer: regex, pattern: [x]}}", "5:39: metrics.m.pattern: expected text, found ['x']"),
        ("{m: {scorer: regex, pattern: '('}}", "5:14: metrics.m: pattern: expected a regular expression, found '('"),
        ("{m: {scorer: cost_usd, prices: {input: 1, output: 2}}}", "5:33: metrics.m.prices: unknown key 'prices'; there is none to give here"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("bounds", [(), ("{metric: m, max: 0.5}",)])
def test_an_entry_of_another_form_is_named_whether_or_not_a_bound_uses_it(
    problems_of: ProblemsOf, metrics: str, message: str, bounds: tuple[str, ...]
) -> None:
    found = problems_of(envelope(metrics, *bounds))
    assert found[0].startswith(f"envelope.yaml:{message}")


def test_all_options_that_are_wrong_are_told_at_once(problems_of: ProblemsOf) -> None:
    metrics = "{m: {scorer: exact_match, ignore_case: 1, ignore_space: x, zzz: 2}}"
    assert len(problems_of(envelope(metrics, "{metric: m, min: 0.5}"))) == 3


def test_an_option_that_is_wrong_does_not_hide_what_is_wrong_with_the_bound(
    problems_of: ProblemsOf,
) -> None:
    found = problems_of(envelope("{m: {scorer: exact_match, x: 2}}", "{metric: m, min: 85}"))
    assert [line.split(": ")[1] for line in found] == ["metrics.m.x", "bounds[0].min"]


# ---------------------------------------------------------------- options from the snapshots


SCHEMA = '{"properties":{"a":{"type":"string"}},"type":"object"}'


def test_both_arms_are_held_to_the_schema_of_the_candidate(load: Load, folder: Path) -> None:
    (folder / "new.json").write_text(SCHEMA)
    head = HEAD.replace("outputs.jsonl", "outputs.jsonl, response_schema: new.json") + (
        "baseline: {provider: replay, path: outputs.jsonl, response_schema: {type: array}}\n"
    )
    (item,) = load(
        envelope("{}", "{metric: schema_valid, min: 0.9}", head=head)
    ).envelope.instruments
    schemas = [getattr(item.options[arm], "schema", None) for arm in Arm]
    assert schemas == [SCHEMA, SCHEMA]


def test_a_schema_on_the_baseline_alone_is_not_enough(problems_of: ProblemsOf) -> None:
    head = HEAD + "baseline: {provider: replay, path: outputs.jsonl, response_schema: {}}\n"
    assert problems_of(envelope("{}", "{metric: schema_valid, min: 0.9}", head=head)) == [
        "envelope.yaml:8:14: bounds[0].metric: schema_valid needs response_schema on the candidate "
        "(schema of schema_valid@2)"
    ]


def test_an_entry_that_no_bound_uses_needs_its_schema_too(problems_of: ProblemsOf) -> None:
    assert problems_of(envelope("{m: {scorer: schema_valid}}")) == [
        "envelope.yaml:5:14: metrics.m: m needs response_schema on the candidate "
        "(schema of schema_valid@2)"
    ]


def test_a_schema_that_is_none_is_told(problems_of: ProblemsOf) -> None:
    head = HEAD.replace("outputs.jsonl", "outputs.jsonl, response_schema: {type: 3}")
    (found,) = problems_of(envelope("{}", "{metric: schema_valid, min: 0.9}", head=head))
    assert "bounds[0].metric: schema: expected a JSON Schema: $.type: 3 is not valid" in found


def test_each_arm_is_priced_by_its_own_snapshot(load: Load) -> None:
    head = HEAD.replace("outputs.jsonl", "outputs.jsonl, prices: {input: 1, output: 2}") + (
        "baseline: {provider: replay, path: outputs.jsonl}\n"
    )
    (item,) = load(envelope("{}", "{metric: cost_usd, max: 1}", head=head)).envelope.instruments
    assert getattr(item.options[Arm.CANDIDATE], "prices", None) == Prices(1, 2)
    assert getattr(item.options[Arm.BASELINE], "prices", 0) is None


# ---------------------------------------------------------------- scorers in files


def test_a_scorer_in_a_file_runs_from_below_the_root(
    load: Load, folder: Path, scorer: Callable[..., Path]
) -> None:
    path = scorer(name="scorers/mine.py")
    text = envelope(
        "{m: {scorer: scorers/mine.py, json: x, words: [a], take: first}}",
        "{metric: m.share, min: 0.5}",
    )
    loaded = load(text, code_root=folder.resolve())
    (item,) = loaded.envelope.instruments
    options = item.options[Arm.CANDIDATE]
    assert [getattr(options, name, None) for name in ("json", "copy", "words", "names", "take")] == [
        "x", False, ("a",), ["a"], "first",
    ]  # fmt: skip
    assert item.scorer == str(path.resolve())
    assert loaded.unchecked == ()


def test_without_a_root_no_file_is_run_and_the_scorer_is_named(
    load: Load, scorer: Callable[..., Path]
) -> None:
    path = scorer()
    text = envelope(
        "{m: {scorer: mine.py, zzz: 1}}", "{metric: m, min: 85}", "{metric: length, max: 5}"
    )
    loaded = load(text)
    assert not Path(f"{path}.ran").exists()
    assert loaded.unchecked == (str(path.resolve()),)
    assert [bound.name for bound in loaded.envelope.bounds] == ["length"]


def test_a_broken_envelope_runs_no_file(
    problems_of: ProblemsOf, folder: Path, scorer: Callable[..., Path]
) -> None:
    path = scorer()
    text = envelope("{m: {scorer: mine.py, json: x}}", "{metric: m, min: 0.5}") + "zzz: 1\n"
    assert len(problems_of(text, code_root=folder.resolve())) == 1
    assert not Path(f"{path}.ran").exists()


@pytest.mark.parametrize("kind", ["above", "link"])
def test_a_scorer_outside_the_root_is_refused(
    problems_of: ProblemsOf, folder: Path, scorer: Callable[..., Path], kind: str
) -> None:
    path = scorer()
    root = folder / "repository"
    root.mkdir()
    (root / "link.py").symlink_to(path)
    given = "mine.py" if kind == "above" else "repository/link.py"
    text = envelope(f"{{m: {{scorer: {given}, json: x}}}}", "{metric: m, min: 0.5}")
    assert problems_of(text, code_root=root.resolve()) == [
        f"envelope.yaml:5:23: metrics.m.scorer: mine.py lies outside {root.name}; "
        "code runs only from the repository"
    ]
    assert not Path(f"{path}.ran").exists()


@pytest.mark.parametrize("path", ["none.py", '"a\\0b.py"', "folder.py"])
@pytest.mark.parametrize("rooted", [True, False])
def test_a_scorer_file_that_is_not_there_is_a_problem_of_the_envelope(
    problems_of: ProblemsOf, folder: Path, path: str, rooted: object
) -> None:
    (folder / "folder.py").mkdir()
    text = envelope(f"{{m: {{scorer: {path}}}}}", "{metric: m, min: 0.5}")
    (found,) = problems_of(text, code_root=folder.resolve() if rooted else None)
    assert found.startswith("envelope.yaml:5:23: metrics.m.scorer: ")
    assert found.endswith(": no such file")


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("{scorer: mine.py}", "metrics.m.json: required, and not there"),
        ("{scorer: mine.py, json: ''}", "metrics.m: json: expected a text that is not empty"),
        ("{scorer: mine.py, json: x, copy: yes}", "metrics.m.copy: expected true or false, found 'yes'"),
        ("{scorer: mine.py, json: x, words: a}", "metrics.m.words: expected a list, found 'a'"),
        ("{scorer: mine.py, json: x, words: [1]}", "metrics.m.words[0]: expected text, found 1"),
        ("{scorer: mine.py, json: x, take: lst}", "metrics.m.take: expected 'first' or 'last', found 'lst'; did you mean 'last'?"),
        ("{scorer: mine.py, jsn: x}", "metrics.m.jsn: unknown key 'jsn'; did you mean 'json'? (known: json, copy, words, names, take)"),
    ],
)  # fmt: skip
def test_the_options_of_a_scorer_in_a_file_are_checked_like_any_other(
    problems_of: ProblemsOf, folder: Path, scorer: Callable[..., Path], metric: str, message: str
) -> None:
    scorer()
    found = problems_of(
        envelope(f"{{m: {metric}}}", "{metric: m, min: 0.5}"), code_root=folder.resolve()
    )
    assert any(message in line for line in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "could not be loaded: ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "could not be loaded: SystemExit: 0"),
        ("x = 3", "expected one scorer in the file, found none"),
        (
            SCORER.replace("json: str", "json: NoSuchType"),
            "Options cannot be read as options: name 'NoSuchType' is not defined",
        ),
        (SCORER.replace("json: str", "json: object()"), "Options cannot be read as options: "),
        (
            SCORER.replace("json: str", "json: 'Thing'").replace("@dataclass", "class Thing: ...\n\n\n@dataclass"),
            "Options cannot be read as options: Unable to generate pydantic-core schema",
        ),
    ],
)  # fmt: skip
def test_a_scorer_that_cannot_be_loaded_is_a_plug_in_error_with_its_cause(
    load: Load, folder: Path, scorer: Callable[..., Path], text: str, message: str
) -> None:
    scorer(text)
    with pytest.raises(PluginError) as caught:
        load(
            envelope("{m: {scorer: mine.py, json: x}}", "{metric: m, min: 0.5}"),
            code_root=folder.resolve(),
        )
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_provider_in_a_file_is_never_run(
    problems_of: ProblemsOf, folder: Path, scorer: Callable[..., Path]
) -> None:
    path = scorer()
    head = HEAD.replace("provider: replay", f"provider: {path}")
    found = problems_of(envelope("{}", head=head), code_root=folder.resolve())
    assert "unknown provider" in found[0]
    assert not Path(f"{path}.ran").exists()
