"""``evalkit snapshots``, as it is run: who is asked, who answered, and until when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from evalkit.spec.lifecycle import shipped_table
from tests.fakes.serving import Server
from tests.worlds import EVALKIT, Outcome, answers, case, evalkit, world

FLOOR = {"metric": "accuracy", "min": 0.1}
PLUGIN = '''
"""A vendor of names, as a stranger would plug it in."""
from dataclasses import dataclass
from datetime import date, timedelta

from evalkit.core.errors import ProviderError
from evalkit.core.lifecycle import Lifecycle
from evalkit.core.ports import ProviderPlugin
from evalkit.core.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Options:
    base_url: str | None = None


def _open(arm, snapshot, surroundings):
    raise AssertionError("nobody is asked for answers")


async def _lifecycle(snapshot, surroundings, today):
    days = Secrets(surroundings.environment).value("ACME_DAYS")
    if days == "silent":
        return None
    if days == "down":
        raise ProviderError("https://acme.example/models: HTTP 503: no\\x1b[31m today")
    retires = today + timedelta(days=int(days))
    return Lifecycle("openai", snapshot.model, "deprecated", retires, today, "https://acme", today)


acme = ProviderPlugin("acme", Options, _open, vendor="openai", lifecycle=_lifecycle)
'''


@pytest.fixture
def plugins(tmp_path: Path) -> str:
    """Return a folder in which a distribution with a provider is installed."""
    folder = tmp_path / "installed"
    (folder / "acme-1.0.dist-info").mkdir(parents=True)
    (folder / "acme_vendor.py").write_text(PLUGIN)
    (folder / "acme-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"
    )
    (folder / "acme-1.0.dist-info" / "entry_points.txt").write_text(
        "[evalkit.providers]\nacme = acme_vendor:acme\n"
    )
    return str(folder)


def made(folder: Path, candidate: dict[str, Any], **keys: Any) -> Path:
    """Write a world whose baseline is recorded and whose candidate is asked for live."""
    place = world(
        folder, [FLOOR], cases=[case(n) for n in range(3)], candidate=[], baseline=answers(3),
        **keys,
    )  # fmt: skip
    document = json.loads(place.envelope.read_text())
    document["candidate"] = {"provider": "acme", **candidate}
    place.envelope.write_text(json.dumps(document, indent=1))
    return place.envelope


def run(folder: Path, plugins: str, *options: str, **environment: str) -> Outcome:
    arguments = ("snapshots", "envelope.yaml", *options)
    given = {"PYTHONPATH": plugins, **environment}
    return evalkit(*arguments, folder=folder, command=EVALKIT, **given)


def found(folder: Path, plugins: str, *options: str, **environment: str) -> dict[str, Any]:
    done = run(folder, plugins, "--json", *options, **environment)
    [envelope] = done.json["envelopes"]
    return {arm["arm"]: arm for arm in envelope["snapshots"]}


def test_a_pinned_a_floating_and_a_recorded_snapshot_are_told_apart(
    tmp_path: Path, plugins: str
) -> None:
    made(tmp_path, {"model": "gpt-4o-2024-08-06"})
    done = run(tmp_path, plugins)
    assert (done.code, done.err) == (0, "")
    assert "2 snapshots in use: 1 pinned, 1 recorded." in done.out
    assert "pinned: a dated name" in done.out
    assert "recorded: played back, nobody is asked" in done.out
    assert f"Table   of {shipped_table().checked_at}, " in done.out
    made(tmp_path, {"model": "gpt-4o"})
    assert "floating: the name of a family" in run(tmp_path, plugins).out


def test_the_same_is_json(tmp_path: Path, plugins: str) -> None:
    made(tmp_path, {"model": "gpt-4o-2024-08-06", "expected_model": "gpt-4o-2024-08-06"})
    done = run(tmp_path, plugins, "--json")
    assert done.json["schema"] == "evalkit.snapshots/1"
    today = datetime.now(UTC).date()
    assert done.json["table"]["checked_at"] == shipped_table().checked_at.isoformat()
    assert abs(done.json["table"]["age_days"] - (today - shipped_table().checked_at).days) <= 1
    arms = found(tmp_path, plugins)
    candidate = arms["candidate"]
    assert candidate["pin"] == "pinned"
    assert candidate["retires_at"] == "2027-01-14"
    assert candidate["source"].startswith("https://developers.openai.com/")
    assert candidate["expected"] == "gpt-4o-2024-08-06"
    assert (candidate["run"], candidate["served"]) == (None, None)
    assert (arms["baseline"]["recorded"], arms["baseline"]["pin"]) == (True, None)


def test_a_server_of_one_s_own_has_names_of_its_own(tmp_path: Path, plugins: str) -> None:
    own = "http://127.0.0.1:11434/v1"
    made(tmp_path, {"model": "gpt-4o-2024-08-06", "base_url": own})
    assert found(tmp_path, plugins)["candidate"]["pin"] == "unknown"
    made(tmp_path, {"model": "llama3.1:8b", "base_url": own})
    assert found(tmp_path, plugins)["candidate"]["pin"] == "floating"


def test_a_floating_name_is_an_error_only_under_strict_pins(tmp_path: Path, plugins: str) -> None:
    envelope = made(tmp_path, {"model": "gpt-4o"})
    line = next(
        number
        for number, text in enumerate(envelope.read_text().splitlines(), 1)
        if '"gpt-4o"' in text
    )
    done = run(tmp_path, plugins, "--strict-pins")
    assert done.code == 2
    assert f"envelope.yaml:{line}:" in done.err
    assert "candidate.model: expected a pinned model, found 'gpt-4o'" in done.err
    assert "floating" in done.out  # what was found is shown all the same
    for model in ("gpt-4o-2024-08-06", "gpt-6-sol", "who-knows"):
        made(tmp_path, {"model": model})
        assert run(tmp_path, plugins, "--strict-pins").code == 0


def test_a_retirement_fails_a_job_only_where_the_days_are_given(
    tmp_path: Path, plugins: str
) -> None:
    made(tmp_path, {"model": "gpt-4-0613"})  # retired since 2026-10-23
    done = run(tmp_path, plugins)
    assert done.code == 0
    assert "retirement was due 2026-10-23" in done.out
    done = run(tmp_path, plugins, "--warn-days", "90")
    assert done.code == 1
    assert "1 snapshot within 90 days of retirement, or past it" in done.err
    made(tmp_path, {"model": "gpt-5.5-2026-04-23"})
    done = run(tmp_path, plugins, "--warn-days", "90")
    assert (done.code, "no date of retirement known" in done.out) == (0, True)


def test_a_vendor_is_asked_only_on_request_and_outdates_the_table(
    tmp_path: Path, plugins: str
) -> None:
    made(tmp_path, {"model": "gpt-4o-2024-08-06"})
    assert run(tmp_path, plugins, ACME_DAYS="10").out.count("https://acme") == 0
    candidate = found(tmp_path, plugins, "--ask", ACME_DAYS="10")["candidate"]
    assert (candidate["days_left"], candidate["source"]) == (10, "https://acme")
    assert (candidate["status"], candidate["pin"]) == ("deprecated", "pinned")
    assert run(tmp_path, plugins, "--ask", "--warn-days", "9", ACME_DAYS="10").code == 0
    assert run(tmp_path, plugins, "--ask", "--warn-days", "10", ACME_DAYS="10").code == 1
    silent = found(tmp_path, plugins, "--ask", ACME_DAYS="silent")["candidate"]
    assert silent["retires_at"] == "2027-01-14"


def test_a_vendor_that_does_not_answer_is_named_and_the_table_stands(
    tmp_path: Path, plugins: str
) -> None:
    made(tmp_path, {"model": "gpt-4o-2024-08-06"})
    done = run(tmp_path, plugins, "--ask", ACME_DAYS="down")
    assert done.code == 4
    assert "https://acme.example/models: HTTP 503: no" in done.err
    assert "\\x1b[31m today" in done.out
    assert "retires 2027-01-14" in done.out
    done = run(tmp_path, plugins, "--ask")
    assert done.code == 4
    assert "the environment variable ACME_DAYS is not set" in done.err


def stored_run(
    folder: Path, name: str, created: str, requested: str | None, served: list[str]
) -> None:
    """Change the run of a recorded world into one that was asked live, as a live gate leaves it."""
    path = folder / "reports" / name
    changes: dict[str, dict[str, Any]] = {
        "manifest.json": {"created": created},
        "verdict.json": {
            "snapshots": {
                "baseline": {"requested": None, "served": ["acme-1"]},
                "candidate": {"requested": requested, "served": served},
            }
        },
    }
    for file, change in changes.items():
        document = json.loads((path / file).read_text())
        (path / file).write_text(json.dumps({**document, **change}))


def gated(folder: Path, name: str, **run: Any) -> None:
    place = world(
        folder, [FLOOR], cases=[case(n) for n in range(3)], candidate=answers(3),
        baseline=answers(3),
    )  # fmt: skip
    place.gate("-o", f"reports/{name}")
    stored_run(folder, name, **run)


def test_the_models_that_answered_come_from_the_newest_run(tmp_path: Path, plugins: str) -> None:
    now = datetime.now(UTC)
    earlier, later = ((now - timedelta(days=n)).isoformat(timespec="seconds") for n in (9, 2))
    model = "gpt-4o-2024-08-06"
    gated(tmp_path, "a-later", created=later, requested=model, served=[model, "gpt-4o-mini"])
    gated(tmp_path, "b-earlier", created=earlier, requested=model, served=[model])
    made(tmp_path, {"model": model})
    arms = found(tmp_path, plugins)
    assert arms["candidate"]["served"] == [model, "gpt-4o-mini"]
    assert arms["candidate"]["strangers"] == ["gpt-4o-mini"]
    assert arms["candidate"]["run"] == "reports/a-later"
    assert arms["baseline"]["served"] == ["acme-1"]
    out = run(tmp_path, plugins).out
    assert "1 answered as another model than the one it holds to." in out
    assert "✗ candidate  gpt-4o-2024-08-06" in out
    made(tmp_path, {"model": "gpt-4.1-2025-04-14"})
    arms = found(tmp_path, plugins)
    assert (arms["candidate"]["served"], arms["candidate"]["run"]) == (None, "reports/a-later")
    assert "the newest run asked for another model (reports/a-later)" in run(tmp_path, plugins).out


def test_the_answers_of_a_baseline_beside_itself_are_no_run_that_should_be_judged(
    tmp_path: Path, plugins: str
) -> None:
    baseline = {"provider": "simulated", "model": "acme-1"}
    envelope = made(tmp_path, {"model": "gpt-4o-2024-08-06"})
    document = json.loads(envelope.read_text())
    document |= {"baseline": baseline, "bounds": [{"metric": "accuracy", "delta": 0.5}]}
    envelope.write_text(json.dumps(document, indent=1))
    asked = evalkit(
        "aa", "envelope.yaml", "--comparisons", "20", folder=tmp_path, PYTHONPATH=plugins
    )
    assert asked.code == 0, asked.err
    [folder] = (tmp_path / "reports").glob("*-aa-*")
    done = run(tmp_path, plugins)
    assert done.code == 0, done.err
    assert folder.name not in done.out
    assert "never judged" not in done.out + done.err


def test_a_run_that_cannot_be_read_is_named(tmp_path: Path, plugins: str) -> None:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    gated(tmp_path, "whole", created=created, requested="gpt-4o", served=[])
    (tmp_path / "reports" / "broken").mkdir()
    (tmp_path / "reports" / "broken" / "manifest.json").write_text("{")
    made(tmp_path, {"model": "gpt-4o"})
    done = run(tmp_path, plugins)
    assert done.code == 0
    assert "Unread  reports/broken/manifest.json" in done.out
    assert "no answer named its model (reports/whole)" in done.out
    (tmp_path / "reports" / "whole" / "verdict.json").unlink()
    done = run(tmp_path, plugins)
    assert "reports/whole was never judged" in " ".join(done.out.split())
    assert "not run yet" in done.out


def test_without_a_name_every_envelope_of_the_folder_is_shown(tmp_path: Path) -> None:
    done = evalkit("snapshots", folder=tmp_path)
    assert (done.code, "expected envelopes in envelopes/*.yaml" in done.err) == (2, True)
    folder = tmp_path / "envelopes"
    folder.mkdir()
    for name in ("b", "a"):
        place = world(folder, [FLOOR], cases=[case(0)], candidate=answers(1), name=name)
        place.envelope.rename(folder / f"{name}.yaml")
    done = evalkit("snapshots", folder=tmp_path)
    assert done.code == 0
    assert done.out.index("envelopes/a.yaml") < done.out.index("envelopes/b.yaml")
    assert "2 snapshots in use: 2 recorded." in done.out


def test_the_problems_of_all_envelopes_are_told_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("version: 2\n")
    done = evalkit("snapshots", "one.yaml", "two.yaml", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "one.yaml:1" in done.err
    assert "two.yaml:1" in done.err


# ---------------------------------------------------------------- what an endpoint says itself


class _Endpoint(BaseHTTPRequestHandler):
    """Answers with its format version in the body and its end in a header."""

    ends = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"said": "yes", "meta": {"model": "desk-2", "format": 2.1}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("Deprecation", self.ends)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def test_what_an_endpoint_says_of_its_format_and_its_end_is_shown_and_warned_of(
    tmp_path: Path,
) -> None:
    ends = datetime.now(UTC) + timedelta(days=40, hours=1)
    _Endpoint.ends = f"@{int(ends.timestamp())}"
    server = Server(("127.0.0.1", 0), _Endpoint)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        place = world(
            tmp_path, [FLOOR], cases=[case(n) for n in range(20)], candidate=[],
            baseline=answers(20),
        )  # fmt: skip
        document = json.loads(place.envelope.read_text())
        document["candidate"] = {
            "provider": "http", "url": f"http://127.0.0.1:{server.server_port}/ask",
            "body": {"q": "{{ prompt }}"},
            "response": {"text": "said", "model": "meta.model", "format_version": "meta.format"},
        }  # fmt: skip
        place.envelope.write_text(json.dumps(document))
        assert place.gate("-o", "reports/world-20261126T120000-aaaa").code == 0
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
    manifest = tmp_path / "reports/world-20261126T120000-aaaa/manifest.json"
    found = json.loads((manifest.parent / "verdict.json").read_text())["snapshots"]["candidate"]
    day = ends.date().isoformat()
    assert (found["formats"], found["deprecated"]) == (["2.1"], [day])
    sample = json.loads((manifest.parent / "samples.jsonl").read_text().splitlines()[-1])
    assert sample["format_version"] == "2.1"
    assert sample["model_deprecated_at"].startswith(day)
    shown = evalkit("snapshots", "envelope.yaml", folder=tmp_path)
    assert shown.code == 0
    told = " ".join(shown.out.split())
    assert "answers in format version 2.1 (reports/world-20261126T120000-aaaa)" in told
    assert f"deprecated by its endpoint's word as of {day}," in told
    assert evalkit("snapshots", "envelope.yaml", "--warn-days", "30", folder=tmp_path).code == 0
    warned = evalkit("snapshots", "envelope.yaml", "--warn-days", "90", "--json", folder=tmp_path)
    assert warned.code == 1
    assert "1 snapshot within 90 days of retirement" in warned.err
    assert warned.json["envelopes"][0]["snapshots"][1]["told_deprecated_at"] == day
