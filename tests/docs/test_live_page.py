"""What the page on live snapshots shows is asked for real: no key, and no network but 127.0.0.1."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.core.registry import PROVIDERS
from evalkit.spec.envelope import load_envelope
from evalkit.spec.grammar import SnapshotFile
from evalkit.spec.pins import floating
from evalkit.stages.ask import GRACE, IN_A_ROW
from evalkit.wire.exchange import HttpResponse
from evalkit.wire.failures import OVERLOADED, failure_of
from evalkit.wire.headers import LONGEST_WAIT
from evalkit.wire.http_provider import LEAST_TOTAL, MOST_ATTEMPTS, TOTAL_TIMEOUTS
from evalkit.wire.limiter import BURST
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks
from tests.fakes.serving import Server
from tests.worlds import World, case

PAGE = (REPOSITORY / "docs" / "live.md").read_text(encoding="utf-8")
WHOLE, VENDORS, OWN, CODE, WATCHED = (
    block.text.replace("../golden_sets", str(REPOSITORY / "golden_sets"))
    for block in blocks("docs/live.md")
    if block.language == "yaml"
)
[ASK] = (block.text for block in blocks("docs/live.md") if block.language == "python")
CASES = 40
SECRET = "sk-of-the-page-123"


def test_the_envelope_of_the_page_is_the_shipped_one() -> None:
    shipped = (REPOSITORY / "envelopes" / "simulated.yaml").read_text()
    assert blocks("docs/live.md")[0].text in shipped


def test_the_models_of_vendors_that_the_page_names_are_pinned(tmp_path: Path) -> None:
    arms = re.compile(r"^(?:baseline|candidate):.*\n", re.MULTILINE)
    path = tmp_path / "envelope.yaml"
    path.write_text(arms.sub("", WHOLE) + VENDORS)
    loaded = load_envelope(path)
    assert {snapshot.provider for snapshot in loaded.envelope.snapshots.values()} == {"openai"}
    assert not floating(loaded)


def test_the_sentinel_of_the_page_watches_a_pinned_model(tmp_path: Path) -> None:
    baseline = re.compile(r"^baseline:.*\n", re.MULTILINE)
    path = tmp_path / "envelope.yaml"
    path.write_text(baseline.sub("", WHOLE) + WATCHED)
    loaded = load_envelope(path)
    sentinel = loaded.envelope.sentinel
    assert sentinel is not None
    assert (sentinel.share, sentinel.snapshot.provider) == (0.1, "openai")
    assert sentinel.snapshot.model == "gpt-4o-2024-05-13"
    assert not floating(loaded)


@contextmanager
def summarizing(log: list[dict[str, Any]]) -> Iterator[str]:
    """Serve an endpoint such as the page describes; what it is asked is added to the log."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            log.append({"path": self.path, "key": self.headers["authorization"], **body})
            declined = body["document"].startswith("Question 7?")
            said = {
                "summary": {"text": "We must not." if declined else "In short: yes."},
                "meta": {"model": "sum-3", "format_version": "2"},
                "usage": {"input": 12, "output": 4},
            }
            content = json.dumps(said).encode()
            self.send_response(451 if declined else 200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - theirs too
            """Say nothing."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def small_world(folder: Path, arms: dict[str, Any]) -> World:
    """Write an envelope with these arms, and as many cases as prove it."""
    place = World(folder)
    (folder / ".git").mkdir()
    place.write("golden.jsonl", (case(n) for n in range(CASES)))
    bounds = [{"metric": "length.words", "max": 99, "range": [0, 1000]}]
    document = {
        "version": 1, "name": "page", "golden_set": "golden.jsonl", "bounds": bounds, **arms,
    }  # fmt: skip
    place.envelope.write_text(json.dumps(document))
    return place


def samples(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]


def test_an_endpoint_of_ones_own_is_asked_as_the_page_says(tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    with summarizing(log) as address:
        arm = yaml.safe_load(OWN.replace("https://api.example.com", address))
        found = small_world(tmp_path, {"candidate": arm}).gate("-o", "run", SUMMARIZE_KEY=SECRET)
    assert found.code == 0, found.out + found.err
    assert {(entry["path"], entry["key"], entry["max_words"]) for entry in log} == {
        ("/v1/summarize", f"Bearer {SECRET}", 120)
    }
    assert sorted(entry["document"] for entry in log) == sorted(
        f"Question {n}?" for n in range(CASES)
    )
    answers = {item["id"]: item for item in samples(tmp_path / "run")}
    declined = answers.pop("c0007")
    assert "We must not." in declined["refusal"]
    for item in answers.values():
        assert (item["output"], item["model"]) == ("In short: yes.", "sum-3")
        assert (item["format_version"], item["input_tokens"], item["output_tokens"]) == ("2", 12, 4)


def test_the_function_and_the_command_of_the_page_answer(tmp_path: Path) -> None:
    place = small_world(tmp_path, yaml.safe_load(CODE))
    (tmp_path / "ask.py").write_text(ASK)
    found = place.gate("-o", "run")
    assert found.code == 0, found.out + found.err
    told = {(item["arm"], item["output"], item["model"]) for item in samples(tmp_path / "run")}
    assert told == {
        (arm, f"You asked: Question {n}?", "ours-1")
        for arm in ("baseline", "candidate")
        for n in range(CASES)
    }


def test_the_table_of_providers_names_each_with_all_its_keys() -> None:
    table = PAGE.partition("## Providers")[2].partition("Keys of every snapshot")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| .*? \| (.*) \|$", table, re.MULTILINE))
    for plugin in PROVIDERS.built_in().values():
        named = set(re.findall(r"`(\w+)`", rows[plugin.name]))
        assert named == {field.name for field in fields(plugin.options)}, plugin.name


def test_every_key_of_a_snapshot_is_explained_where_the_page_sends_its_reader() -> None:
    page = (REPOSITORY / "docs" / "envelope.md").read_text(encoding="utf-8")
    missing = {name for name in SnapshotFile.model_fields if f"`{name}`" not in page}
    assert not missing - {"provider"}


@pytest.mark.parametrize(
    "words",
    [
        f"another attempt, up to {MOST_ATTEMPTS};",
        f"{LONGEST_WAIT / 60:g} minutes at most",
        f"after {TOTAL_TIMEOUTS} × `timeout`, at least {LEAST_TOTAL:g} s",
        f"{BURST} lost connections in a row",
        f"{IN_A_ROW} failures in a row",
        f"waited for, up to {GRACE:g} seconds",
        f"`concurrency` ({SnapshotFile.model_fields['concurrency'].default})",
        f"`timeout` ({SnapshotFile.model_fields['timeout'].default:g})",
    ],
)
def test_the_numbers_of_the_page_are_those_of_the_code(words: str) -> None:
    assert words in PAGE


def test_the_page_tells_which_statuses_are_asked_again() -> None:
    [row] = (line for line in PAGE.splitlines() if line.endswith("then a missing sample |"))
    told: set[int] = set()
    for first, last in re.findall(r"\b(\d{3})(?: to (\d{3}))?", row):
        told |= set(range(int(first), int(last or first) + 1))
    responses = {status: HttpResponse(status, {}, b"", 0.0) for status in range(400, 600)}
    assert told == {status for status, item in responses.items() if failure_of(item).again}
    assert "429, 503, 529" in PAGE
    assert sorted(OVERLOADED) == [429, 503, 529]
