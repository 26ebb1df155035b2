"""CTRF is what its schema says, and nothing has failed but what is shown broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from evalkit.core.verdict import Outcome, Verdict
from evalkit.report.format import Material
from evalkit.report.formats.ctrf import ctrf
from evalkit.report.view import view_of
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import ACCURACY, COST, LISTS, SLOW, every_verdict, manifest, verdict

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "ctrf.json").read_text())
VALIDATOR = Draft7Validator(SCHEMA, format_checker=FormatChecker())
VERDICTS = every_verdict()


def written(made: Verdict, created: str = "2026-11-23T19:40:20+00:00") -> Any:
    origin = replace(manifest(made.bounds), created=created)
    return json.loads(ctrf(Material(view_of(made, origin), origin)))


@pytest.mark.parametrize("name", VERDICTS)
def test_every_verdict_is_valid_and_counted_right(name: str) -> None:
    found = written(VERDICTS[name])
    VALIDATOR.validate(found)
    statuses = [test["status"] for test in found["results"]["tests"]]
    summary = found["results"]["summary"]
    assert summary["tests"] == len(statuses)
    for status in ("passed", "failed", "skipped", "pending", "other"):
        assert summary[status] == statuses.count(status)


def test_the_schema_refuses_what_ctrf_refuses() -> None:
    found = written(VERDICTS["fail"])
    assert VALIDATOR.is_valid(found)
    assert not VALIDATOR.is_valid(found | {"verdict": "fail"})
    for key in ("name", "status", "duration"):
        other = written(VERDICTS["fail"])
        del other["results"]["tests"][0][key]
        assert not VALIDATOR.is_valid(other)


def test_only_what_is_shown_broken_and_blocks_has_failed() -> None:
    found = written(verdict(Outcome.FAIL, [ACCURACY, SLOW, LISTS, COST]))
    tests = {test["name"]: test for test in found["results"]["tests"]}
    assert {name: (test["status"], test["rawStatus"]) for name, test in tests.items()} == {
        "accuracy": ("failed", "broken"),
        "latency_ms": ("other", "unmeasured"),
        "style.lists": ("other", "undecided"),
        "cost_usd": ("other", "broken · warns only"),
    }
    assert (tests["accuracy"]["filePath"], tests["accuracy"]["line"]) == (
        "envelopes/assistant.yaml",
        20,
    )


@pytest.mark.parametrize("created", ["yesterday", "2026-11-23T19:40:20", ""])
def test_a_time_that_is_none_is_left_out(created: str) -> None:
    found = written(VERDICTS["pass"], created)
    VALIDATOR.validate(found)
    assert "timestamp" not in found
    assert found["results"]["summary"]["start"] == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_is_text(name: str) -> None:
    words = HOSTILE[name]
    bound = replace(ACCURACY, name=words, metric=words, on=words, detail=words)
    VALIDATOR.validate(written(verdict(Outcome.FAIL, [bound], sentence=words, envelope=words)))
