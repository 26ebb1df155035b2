"""Whole gates against servers that other people wrote; without ``make servers`` they are skipped."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.fault_server import Running
from tests.servers.conftest import KEY, LIMITED
from tests.servers.proxied import ANSWER, NEW, PLAIN
from tests.servers.running import Served
from tests.worlds import Outcome, World, case, evalkit

BOUNDS: list[dict[str, Any]] = [
    {"metric": "length.words", "min": 0.01, "max": 400, "range": [0, 1000]},
    {"metric": "refusal", "delta": 0.2},
]
CASES = 40
FORMS = {
    "openai": "/v1",
    "openai-responses": "/v1",
    "anthropic": "",
    "gemini": "",
}
"""What is added to a server's address for each wire format."""


def arm(server: Served, form: str, model: str, **keys: Any) -> dict[str, Any]:
    """Return an arm that asks a server in one form."""
    given: dict[str, Any] = {
        "provider": form,
        "base_url": server.url + FORMS[form],
        "model": model,
        "concurrency": 8,
        **keys,
    }
    if form == "anthropic":
        given.setdefault("params", {"max_tokens": 50})
    return given


def proxied(server: Served, form: str, model: str, **keys: Any) -> dict[str, Any]:
    return arm(server, form, model, api_key="${env:PROXY_KEY}", **keys)


def written(folder: Path, *arms: dict[str, Any], count: int = CASES) -> World:
    """Write an envelope of two live arms, the baseline and the candidate."""
    baseline, candidate = arms
    place = World(folder)
    place.write("golden.jsonl", (case(n) for n in range(count)))
    document = {
        "version": 1,
        "name": "real",
        "golden_set": "golden.jsonl",
        "baseline": baseline,
        "candidate": candidate,
        "bounds": BOUNDS,
    }
    place.envelope.write_text(json.dumps(document, indent=1))
    return place


def gate(place: World, *options: str, key: str = KEY) -> Outcome:
    return place.gate("-o", "run", *options, PROXY_KEY=key)


def samples(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "run" / "samples.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def doctor(place: World, key: str = KEY) -> Outcome:
    return evalkit("doctor", str(place.envelope), folder=place.folder, PROXY_KEY=key)


# ---------------------------------------------------------------- litellm


@pytest.mark.parametrize(
    ("form", "names", "served"),
    [
        ("openai", ("old", "new"), NEW),
        ("openai-responses", ("old", "new"), NEW),
        ("anthropic", ("claude-old", "new"), NEW),
        ("gemini", ("gemini-old", "gemini-old"), None),
    ],
)
def test_a_gate_passes_through_a_proxy_and_says_whom_an_alias_stands_for(
    tmp_path: Path, proxy: Served, form: str, names: tuple[str, str], served: str | None
) -> None:
    old, new = names
    place = written(tmp_path, proxied(proxy, form, old), proxied(proxy, form, new))
    found = gate(place, "--json")
    assert found.code == 0, found.out + found.err
    assert {item["output"] for item in samples(tmp_path)} == {ANSWER}
    assert all(item["output_tokens"] > 0 for item in samples(tmp_path))
    told = f"The candidate was asked for as {new}, and {served} answered."
    assert (told in found.json["notes"]) == (served is not None)
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in found.out + found.err
    judged = evalkit("judge", "run", "--json", folder=tmp_path)
    assert judged.out == found.out


def test_a_name_that_is_no_alias_is_no_news(tmp_path: Path, proxy: Served) -> None:
    both = proxied(proxy, "openai", PLAIN, expected_model=PLAIN)
    found = gate(written(tmp_path, both, both), "--json")
    assert found.code == 0, found.err
    assert found.json["notes"] == []
    assert found.json["snapshots"]["candidate"]["served"] == [PLAIN]


def test_what_an_alias_stands_for_can_be_pinned(tmp_path: Path, proxy: Served) -> None:
    held = proxied(proxy, "openai", "new", expected_model=NEW)
    moved = proxied(proxy, "openai", "old", expected_model=NEW)
    found = gate(written(tmp_path, held, moved))
    assert found.code == 4
    assert f"expected_model is '{NEW}', and 'openai/gpt-5.4-mini" in found.out + found.err


def test_a_fallback_of_the_proxy_stands_in_the_verdict(tmp_path: Path, proxy: Served) -> None:
    both = (proxied(proxy, "openai", "old"), proxied(proxy, "openai", "falls"))
    found = gate(written(tmp_path, *both), "--json")
    assert found.code == 0, found.err
    served = NEW.partition("/")[2]
    assert f"The candidate was asked for as falls, and {served} answered." in found.json["notes"]


@pytest.mark.parametrize(
    ("form", "names", "cause"),
    [
        ("openai", ("old", "limited"), "HTTP 429: litellm.RateLimitError"),
        ("anthropic", ("claude-old", "claude-broken"), "HTTP 500: litellm.InternalServerError"),
        ("gemini", ("gemini-old", "gemini-limited"), "HTTP 429: litellm.RateLimitError"),
    ],
)
def test_a_failure_that_stays_is_retried_and_ends_in_exit_4(
    tmp_path: Path, proxy: Served, form: str, names: tuple[str, str], cause: str
) -> None:
    arms = (proxied(proxy, form, name, concurrency=30) for name in names)
    found = gate(written(tmp_path, *arms, count=30))
    assert found.code == 4, found.err
    assert "The candidate could not be asked to the end: " in found.out
    assert cause in " ".join(found.out.split())
    failed = [item for item in samples(tmp_path) if item["arm"] == "candidate"]
    assert all(item["attempts"] > 1 for item in failed)


def test_what_a_vendor_behind_the_proxy_asks_to_wait_is_waited(
    tmp_path: Path, proxy: Served, vendor: Running
) -> None:
    arms = (proxied(proxy, "openai", name) for name in ("vendor-1", "vendor-2"))
    found = gate(written(tmp_path, *arms, count=20))
    assert found.code in {0, 3}, found.out + found.err
    assert not any("error" in item for item in samples(tmp_path))
    by_body: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in vendor.log():
        by_body[entry["body"]].append(entry)
    again = [
        later["time"] - earlier["time"]
        for entries in by_body.values()
        for earlier, later in pairwise(entries)
        if earlier["did"] == "429"
    ]
    assert again
    assert min(again) >= LIMITED.retry_after


def test_a_prompt_that_is_too_long_or_filtered_is_an_answer(tmp_path: Path, proxy: Served) -> None:
    arms = (proxied(proxy, "openai", name) for name in ("overlong", "filtered"))
    found = gate(written(tmp_path, *arms))
    assert found.code in {0, 1, 3}, found.err
    ends = {(item["arm"], item["finish_reason"]) for item in samples(tmp_path)}
    assert ends == {("baseline", "context_overflow"), ("candidate", "content_filter")}
    filtered = [item for item in samples(tmp_path) if item["arm"] == "candidate"]
    assert all("ContentPolicyViolationError" in item["refusal"] for item in filtered)


@pytest.mark.parametrize("form", list(FORMS))
def test_a_key_that_the_proxy_does_not_know_stops_at_once(
    tmp_path: Path, proxy: Served, form: str
) -> None:
    both = proxied(proxy, form, "old")
    found = gate(written(tmp_path, both, both), key="sk-of-somebody-else")
    assert found.code == 4
    assert "denied: HTTP 400: No connected db." in found.out
    assert "sk-of-somebody-else" not in found.out + found.err


@pytest.mark.parametrize("form", list(FORMS))
def test_a_name_that_the_proxy_does_not_serve_is_an_error_of_the_envelope(
    tmp_path: Path, proxy: Served, form: str
) -> None:
    arms = (proxied(proxy, form, name) for name in ("old", "nowhere"))
    found = gate(written(tmp_path, *arms))
    assert found.code == 2
    assert "candidate.model" in found.err
    assert "Invalid model name passed in model=nowhere" in found.err


def test_the_doctor_says_who_answers_behind_a_proxy(tmp_path: Path, proxy: Served) -> None:
    place = written(tmp_path, proxied(proxy, "openai", PLAIN), proxied(proxy, "openai", "new"))
    found = doctor(place)
    assert found.code == 0, found.err
    assert f"✓ baseline    {PLAIN} answered in " in found.out
    assert f"· candidate   {NEW} answered in " in found.out
    assert "and was asked for as new" in found.out
    refused = doctor(place, key="wrong")
    assert refused.code == 4
    assert "No connected db." in refused.out


def test_models_of_a_proxy_are_classified_though_it_dates_none(
    tmp_path: Path, proxy: Served
) -> None:
    place = written(tmp_path, proxied(proxy, "openai", "old"), proxied(proxy, "openai", "new"))
    found = evalkit("snapshots", str(place.envelope), "--ask", folder=tmp_path, PROXY_KEY=KEY)
    assert found.code == 0, found.err
    assert "new" in found.out


# ---------------------------------------------------------------- models that write noise


def assert_noise_survives(place: World, found: Outcome) -> None:
    """Look for control characters in what was kept, and for none in what a person is shown."""
    outputs = [item["output"] for item in samples(place.folder)]
    assert any(set(output) & CONTROLS for output in outputs)
    page = (place.folder / "run" / "report.html").read_text()
    assert not set(page + found.out + found.err) & CONTROLS
    judged = evalkit("judge", "run", "--json", folder=place.folder)
    assert judged.out == (place.folder / "run" / "verdict.json").read_text()


CONTROLS = {chr(code) for code in [*range(9), 11, 12, *range(14, 32), 127]}


# ---------------------------------------------------------------- llama.cpp


def test_llama_cpp_answers_under_any_name(tmp_path: Path, llama: Served) -> None:
    params = {"temperature": 0, "max_tokens": 24}
    arms = (arm(llama, "openai", name, params=params) for name in ("gpt-6-luna", "whatever"))
    place = written(tmp_path, *arms)
    found = gate(place)
    assert found.code == 0, found.out + found.err
    assert {item["model"] for item in samples(tmp_path)} == {"gpt-6-luna", "whatever"}
    assert_noise_survives(place, found)
    assert "✓ candidate   whatever answered in " in doctor(place).out


def test_llama_cpp_says_what_a_prompt_is_too_long_for(tmp_path: Path, llama: Served) -> None:
    both = arm(llama, "openai", "whatever", params={"temperature": 0, "max_tokens": 8})
    place = written(tmp_path, both, both)
    place.write("golden.jsonl", (case(n, input="word " * 400) for n in range(CASES)))
    found = gate(place)
    assert found.code != 4, found.out
    assert {item["finish_reason"] for item in samples(tmp_path)} == {"context_overflow"}


# ---------------------------------------------------------------- transformers


def test_a_server_that_is_pinned_to_another_model_is_an_error_of_the_envelope(
    tmp_path: Path, pinned: Served
) -> None:
    params = {"max_tokens": 4}
    arms = (arm(pinned, "openai", name, params=params) for name in (pinned.model, "gpt-6-luna"))
    found = gate(written(tmp_path, *arms))
    assert found.code == 2
    assert "candidate.model" in found.err
    assert "Server is pinned to" in found.err


@pytest.mark.parametrize("form", ["openai", "openai-responses"])
def test_transformers_answers_in_both_of_its_forms(
    tmp_path: Path, transformers: Served, form: str
) -> None:
    limit = "max_tokens" if form == "openai" else "max_output_tokens"
    both = arm(transformers, form, transformers.model, params={limit: 24})
    place = written(tmp_path, both, both)
    found = gate(place)
    assert found.code == 0, found.out + found.err
    kept = samples(tmp_path)
    assert not any("error" in item for item in kept)
    assert {item["model"] for item in kept} == {transformers.model}
    assert all(0 < item["output_tokens"] <= 24 for item in kept)
    assert_noise_survives(place, found)
    assert "✓ candidate" in doctor(place).out


def test_transformers_streams_or_not_and_says_the_same(
    tmp_path: Path, transformers: Served
) -> None:
    arms = (
        arm(transformers, "openai-responses", transformers.model, params=params)
        for params in ({"max_output_tokens": 12}, {"max_output_tokens": 12, "stream": False})
    )
    found = gate(written(tmp_path, *arms))
    assert found.code == 0, found.out + found.err
    by_case: dict[str, set[str]] = defaultdict(set)
    for item in samples(tmp_path):
        # When it streams, it keeps back the bytes of a letter that is cut off.
        by_case[item["id"]].add(item["output"].rstrip("\ufffd"))
    assert {len(outputs) for outputs in by_case.values()} == {1}


def test_a_model_that_transformers_cannot_load_ends_in_exit_4(
    tmp_path: Path, transformers: Served
) -> None:
    arms = (
        arm(transformers, "openai", name, params={"max_tokens": 4}, concurrency=30)
        for name in (transformers.model, "no/such-model")
    )
    place = written(tmp_path, *arms, count=30)
    found = gate(place)
    assert found.code == 4
    assert "HTTP 500: Internal Server Error" in " ".join(found.out.split())
    assert "✗ candidate   openai gave no answer: HTTP 500" in doctor(place).out


def test_a_server_that_cannot_look_up_a_model_by_name_is_asked_all_the_same(
    tmp_path: Path, transformers: Served
) -> None:
    both = arm(transformers, "openai", transformers.model, params={"max_tokens": 4})
    place = written(tmp_path, both, both)
    found = evalkit("snapshots", str(place.envelope), "--ask", folder=tmp_path)
    assert found.code == 0, found.err
    assert "tiny-random" in found.out
