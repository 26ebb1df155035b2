"""That nothing was run is said first in every output, and what is quoted does not act."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

from rich.console import Console

from evalkit.core.run import ReliedOn
from evalkit.report.verdict.unchanged import (
    unchanged_json,
    unchanged_junit,
    unchanged_markdown,
    unchanged_outputs,
)
from evalkit.report.verdict.unchanged_terminal import print_unchanged
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import DIGESTS

FOUND = ReliedOn(
    "desk", "envelopes/desk.yaml", "desk-1", "2026-11-26T12:00:00+00:00", "m-2",
    "reports/ledger.jsonl", "reports/desk-1", DIGESTS,
)  # fmt: skip


def printed(found: ReliedOn, width: int = 100) -> str:
    stream = io.StringIO()
    print_unchanged(found, Console(file=stream, width=width))
    return stream.getvalue()


def test_every_output_says_what_it_relies_on() -> None:
    said = "Nothing was run: no input changed since desk-1 passed on 2026-11-26."
    text = printed(FOUND)
    assert f" = UNCHANGED   {said}" in text
    assert "Folder  reports/desk-1" in text
    document = json.loads(unchanged_json(FOUND))
    assert document["sentence"] == said
    assert document["relies_on"]["run"] == "desk-1"
    assert unchanged_markdown(FOUND).splitlines()[:2] == [
        "<!-- evalkit:desk -->",
        f"### ✅ UNCHANGED: {said}",
    ]
    case = ET.fromstring(unchanged_junit(FOUND)).find("testsuite/testcase")  # noqa: S314
    assert case is not None
    assert [part.tag for part in case] == ["skipped"]
    assert case[0].text == said
    assert unchanged_outputs(FOUND)["sentence"] == said


def test_hostile_names_do_nothing() -> None:
    for words in HOSTILE.values() if isinstance(HOSTILE, dict) else HOSTILE:
        found = replace(FOUND, run=words, envelope=words, path=words, created=words, folder=None)
        assert "\x1b" not in printed(found)
        ET.fromstring(unchanged_junit(found))  # noqa: S314
        json.loads(unchanged_json(found))
        assert unchanged_markdown(found).count("\n") == 5
