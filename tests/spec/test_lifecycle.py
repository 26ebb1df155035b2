"""Names are classified by the table, then by the patterns in their order, and never by guessing."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.lifecycle import Pin
from evalkit.spec.lifecycle import TABLE, classify, shipped_table, vendor_at
from tests.conftest import REPOSITORY
from tests.spec.lifecycle_table import (
    ALL_MODELS,
    CHAT_MODELS,
    PRICES,
    regenerated,
    rendered,
)

SHIPPED = REPOSITORY / "evalkit" / "spec" / TABLE
SHA = "0123456789abcdef" * 4

NAMES: dict[tuple[str | None, Pin], list[str]] = {
    ("openai", Pin.PINNED): [
        "gpt-5.5-2026-04-23", "gpt-4o-2024-08-06", "gpt-4-0613", "gpt-4-1106-preview",
        "gpt-3.5-turbo-0125", "o3-2025-04-16", "computer-use-preview-2025-03-11",
        "ft:gpt-4o-mini-2024-07-18:acme::abc123", "ft:gpt-4.1-2025-04-14",
        "gpt-9-2029-01-01",
    ],
    ("openai", Pin.FLOATING): [
        "gpt-4o", "gpt-5.6", "gpt-5.5", "o3", "gpt-4o-mini", "gpt-5.4-nano", "gpt-4.1-mini",
        "chatgpt-4o-latest", "gpt-5.3-chat-latest", "gpt-4-turbo-preview", "o1-preview",
        "gpt-4o-search-preview", "o3-deep-research", "gpt-9",
    ],
    ("openai", Pin.UNVERSIONED): ["gpt-6-sol", "gpt-6-luna", "gpt-6.2-sol", "gpt-5.1-codex"],
    ("openai", Pin.UNKNOWN): ["", "my-model", "ft:gpt-3.5-turbo:acme::abc123", "claude-opus-5",
                              "gpt-4o-2024-08-06 ", "gpt-4o\n"],
    ("anthropic", Pin.FLOATING): [
        "claude-sonnet-4-5", "claude-opus-4-1", "claude-opus-4-0", "claude-haiku-4-5",
        "claude-3-5-sonnet-latest",
    ],
    ("anthropic", Pin.PINNED): [
        "claude-sonnet-4-5-20250929", "claude-3-haiku-20240307", "claude-opus-4-6",
        "claude-sonnet-4-6", "claude-sonnet-5", "claude-mythos-5-1", "claude-haiku-5-5",
        "claude-opus-4-10", "claude-opus-12",
    ],
    ("anthropic", Pin.UNKNOWN): [
        "claude-mythos-preview", "claude-instant-1", "claude-sonnet-4", "claude-2", "gpt-4o",
    ],
    ("google", Pin.PINNED): [
        "gemini-2.0-flash-001", "gemini-2.5-pro-preview-05-06", "models/gemini-2.0-flash-001",
        "gemini-2.5-computer-use-preview-10-2025",
    ],
    ("google", Pin.FLOATING): ["gemini-flash-latest", "gemini-pro-latest"],
    ("google", Pin.UNVERSIONED): [
        "gemini-2.5-pro", "gemini-3.8-flash", "gemini-3-flash-preview", "gemini-4-argon",
        "models/gemini-2.5-flash", "gemini-omni-1.2-flash", "gemini-3.1-pro-preview-customtools",
    ],
    ("google", Pin.UNKNOWN): ["gemma-3-27b-it", "gemini-exp-1206"],
    ("vertex", Pin.PINNED): ["gemini-2.0-flash-001"],
    ("vertex", Pin.UNVERSIONED): ["gemini-2.5-pro"],
    ("bedrock", Pin.PINNED): [
        "anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-opus-4-1-20250805-v1:0",
        "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "global.anthropic.claude-opus-4-6-v1",
        "anthropic.claude-opus-5", "amazon.nova-lite-v1:0", "meta.llama3-70b-instruct-v1:0",
        "anthropic.claude-3-haiku-20240307-v1:0:48k",
        "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
    ],
    ("bedrock", Pin.UNVERSIONED): ["zai.glm-4.7", "us.zai.glm-4.7", "nvidia.nemotron-nano-9b-v2"],
    ("bedrock", Pin.UNKNOWN): [
        "anthropic.claude-sonnet-4-5", "amazon.nova-lite", "openai.gpt-6-sol",
        "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
    ],
    ("azure", Pin.UNKNOWN): ["gpt-4o", "gpt-4o-2024-08-06", "my-deployment", "x-latest"],
    (None, Pin.FLOATING): ["llama3.1:8b", "hf.co/org/model:Q4_K_M", "llama3:latest", "latest",
                           "mistral-large-latest"],
    (None, Pin.PINNED): [f"llama3.1@sha256:{SHA}", f"org/model@{SHA[:40]}"],
    (None, Pin.UNKNOWN): ["llama3.1", "org/model", "gpt-4o-2024-08-06", "model@main",
                          "anthropic.claude-3-haiku-20240307-v1:0", "org/model@0123456"],
    ("acme", Pin.FLOATING): ["acme-large-latest"],
    ("acme", Pin.UNKNOWN): ["acme-large-2411"],
}  # fmt: skip

CASES = [(vendor, name, pin) for (vendor, pin), names in NAMES.items() for name in names]


@pytest.mark.parametrize(("vendor", "name", "pin"), CASES)
def test_a_real_name_is_of_its_kind(vendor: str | None, name: str, pin: Pin) -> None:
    found = classify(vendor, name)
    assert found.pin is pin
    assert found.why


@pytest.mark.parametrize(
    ("vendor", "name", "retires_at"),
    [
        ("openai", "gpt-4o-2024-08-06", date(2027, 1, 14)),
        ("openai", "gpt-5", date(2026, 12, 11)),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc", date(2027, 1, 14)),
        ("openai", "ft:gpt-3.5-turbo-0613:acme::abc", date(2026, 10, 23)),
        ("openai", "gpt-5.5-2026-04-23", None),
        ("anthropic", "claude-sonnet-4-5", date(2026, 11, 30)),
        ("google", "models/gemini-2.5-pro", date(2026, 12, 1)),
        ("vertex", "gemini-2.5-pro", date(2026, 10, 20)),
        ("bedrock", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", date(2027, 4, 8)),
        ("bedrock", "eu.anthropic.claude-haiku-4-5-20251001-v1:0", date(2026, 10, 15)),
        (None, "gpt-4o-2024-08-06", None),
    ],
)
def test_a_date_of_retirement_comes_from_the_table_with_its_page_and_day(
    vendor: str | None, name: str, retires_at: date | None
) -> None:
    found = classify(vendor, name)
    assert found.retires_at == retires_at
    if retires_at:
        assert found.source is not None
        assert found.source.startswith("https://")
        assert found.checked_at == shipped_table().checked_at


def test_a_deployment_is_what_it_is_expected_to_answer_as() -> None:
    held = classify("azure", "my-deployment", expected="gpt-4o-2024-08-06")
    assert (held.pin, held.retires_at) == (Pin.PINNED, date(2027, 4, 14))
    assert held.why == "expected_model: a dated name"
    assert classify("azure", "gpt-4o-2024-08-06", expected="gpt-4o").pin is Pin.FLOATING
    assert "expected_model" in classify("azure", "gpt-4o-2024-08-06").why


def test_a_date_in_a_name_is_not_what_pins_it() -> None:
    assert classify("anthropic", "claude-opus-4-6").pin is Pin.PINNED
    assert classify("anthropic", "claude-sonnet-4-5").pin is Pin.FLOATING


def test_the_table_wins_over_the_patterns() -> None:
    name = "o3-deep-research"  # a dated name stands beside it, which no pattern can know
    matched = shipped_table().matched("openai", name)
    assert matched is not None
    assert matched.pin is Pin.UNVERSIONED
    assert classify("openai", name).pin is Pin.FLOATING


def test_the_first_pattern_that_fits_wins() -> None:
    table = shipped_table()
    floating, dated, new = [p for p in table.patterns if p.vendors == ("anthropic",)]
    assert (floating.pin, dated.pin, new.pin) == (Pin.FLOATING, Pin.PINNED, Pin.PINNED)
    assert table.matched("anthropic", "claude-opus-5-latest") is floating
    assert table.matched("anthropic", "claude-opus-5-20270101") is dated


def test_table_and_patterns_agree_but_for_names_that_a_dated_twin_moves() -> None:
    table = shipped_table()
    for entry in table.entries.values():
        matched = table.matched(entry.vendor, entry.id)
        if matched is not None and matched.pin is not entry.pin:
            assert (matched.pin, entry.pin) == (Pin.UNVERSIONED, Pin.FLOATING), entry.id


@given(
    st.sampled_from([None, "openai", "anthropic", "google", "vertex", "bedrock", "azure", "x"]),
    st.one_of(
        st.none(), st.text(), st.sampled_from([name for _, name, _ in CASES]),
        st.text("gptclaude-0123456789.:@/ftlaes\x00\n", max_size=400),
    ),
    st.one_of(st.none(), st.text(max_size=40)),
)  # fmt: skip
def test_any_text_is_one_of_the_four(
    vendor: str | None, name: str | None, expected: str | None
) -> None:
    found = classify(vendor, name, expected=expected)
    assert found.pin in set(Pin)
    assert found.why


@pytest.mark.parametrize(
    ("base_url", "vendor"),
    [
        (None, "mine"),
        ("https://api.openai.com/v1", "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://api.anthropic.com", "anthropic"),
        ("https://generativelanguage.googleapis.com/v1beta", "google"),
        ("https://europe-west1-aiplatform.googleapis.com/v1", "vertex"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "bedrock"),
        ("https://acme.openai.azure.com/openai/v1/", "azure"),
        ("http://127.0.0.1:8000/v1", None),
        ("https://api.openai.com.evil.example/v1", None),
        ("https://evil.example/api.openai.com", None),
        ("${env:MY_URL}", None),
        ("http://[broken", None),
        ("", None),
    ],
)
def test_names_are_those_of_the_server_that_is_asked(
    base_url: str | None, vendor: str | None
) -> None:
    assert vendor_at("mine", base_url) == vendor


# ---------------------------------------------------------------- the shipped file


def shipped() -> Any:
    return json.loads(SHIPPED.read_text("utf-8"))


def test_the_shipped_table_is_as_it_is_written_and_sorted() -> None:
    document = shipped()
    assert rendered(document) == SHIPPED.read_text("utf-8")
    names = [(model["vendor"], model["id"]) for model in document["models"]]
    assert names == sorted(set(names))
    assert 100 < len(names) < 500


def test_every_line_of_the_shipped_table_names_a_page_and_a_known_pin() -> None:
    document = shipped()
    date.fromisoformat(document["checked_at"])
    for model in document["models"]:
        assert model.keys() == {"vendor", "id", "pin", "retires_at", "source"}
        assert model["source"] in document["sources"]
        assert Pin(model["pin"])
        assert model["retires_at"] is None or re.fullmatch(r"20\d\d-\d\d-\d\d", model["retires_at"])
    for source in document["sources"].values():
        assert source["page"].startswith("https://")
        assert source["read_in"]
    assert "MIT" in document["notice"]


def wheel(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_the_table_is_made_again_from_two_wheels(tmp_path: Path) -> None:
    def model(provider: str, day: str | None = None, mode: str = "chat") -> dict[str, Any]:
        found: dict[str, Any] = {"litellm_provider": provider, "mode": mode}
        return {**found, "deprecation_date": day} if day else found

    prices = {
        "gpt-4o": model("openai", "2030-01-01"),
        "gpt-4o-2024-08-06": model("openai", "2030-01-01"),
        "gpt-6-sol": model("openai"),
        "ft:gpt-4o-2024-08-06": model("openai", "2030-01-01"),
        "gpt-image": model("openai", "2030-01-01", "image_generation"),
        "gpt-audio": model("openai"),
        "claude-opus-4-6": model("anthropic"),
        "claude-sonnet-4-5": model("anthropic", "2030-02-01"),
        "gemini/gemini-2.5-pro": model("gemini", "2030-03-01"),
        "vertex_ai/gemini-2.5-pro": model("vertex_ai", "2030-04-01"),
        "azure/gpt-6-sol": model("azure", "2030-05-01"),
        "azure/gpt-6-sol-2026-09-22": model("azure", "2030-05-01"),
        "azure/eu/gpt-6-sol": model("azure", "2030-05-01"),
        "zai.glm-4.7": model("bedrock_converse", "2030-06-01"),
        "us.zai.glm-4.7": model("bedrock_converse", "2030-06-01"),
        "eu.zai.glm-4.7": model("bedrock_converse", "2030-07-01"),
        "bedrock/us-east-1/zai.glm-4.7": model("bedrock", "2030-06-01"),
        "mistral-large": model("mistral", "2030-08-01"),
    }
    listed = (
        'ChatModel: TypeAlias = Literal[\n    "gpt-4o",\n    "gpt-audio-2025-08-28",\n]\n'
        '"""Deprecated values:\n\n- "gpt-4o", "gpt-4o-2024-08-06":\n'
        '  Announced shutdown date: 2029-12-31. See\n  the page.\n- "gpt-9": Not supported.\n"""\n'
    )
    tables = wheel(tmp_path / "litellm-1.0-py3.whl", {PRICES: json.dumps(prices)})
    client = wheel(
        tmp_path / "openai-2.0-py3.whl",
        {CHAT_MODELS: listed, ALL_MODELS: 'AllModels: TypeAlias = Union[str, Literal["o1-pro"]]'},
    )
    made = regenerated(shipped(), "2029-01-02", tables, client)
    assert [tuple(found.values())[:4] for found in made["models"]] == [
        ("anthropic", "claude-sonnet-4-5", "floating", "2030-02-01"),
        ("azure", "gpt-6-sol", "floating", "2030-05-01"),
        ("azure", "gpt-6-sol-2026-09-22", "pinned", "2030-05-01"),
        ("bedrock", "eu.zai.glm-4.7", "unversioned", "2030-07-01"),
        ("bedrock", "zai.glm-4.7", "unversioned", "2030-06-01"),
        ("google", "gemini-2.5-pro", "unversioned", "2030-03-01"),
        ("openai", "ft:gpt-4o-2024-08-06", "pinned", "2030-01-01"),
        ("openai", "gpt-4o", "floating", "2029-12-31"),
        ("openai", "gpt-4o-2024-08-06", "pinned", "2029-12-31"),
        ("openai", "gpt-audio", "floating", None),
        ("vertex", "gemini-2.5-pro", "unversioned", "2030-04-01"),
    ]
    assert made["patterns"] == shipped()["patterns"]
    assert made["sources"]["openai"]["read_in"] == "openai 2.0, litellm 1.0"
    assert rendered(made) == rendered(regenerated(made, "2029-01-02", tables, client))
