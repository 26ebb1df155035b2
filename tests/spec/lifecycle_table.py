"""Makes ``evalkit/spec/lifecycle.json`` again from two wheels; its patterns are kept as they are.

::

    pip download --no-deps litellm openai
    python -m tests.spec.lifecycle_table 2026-11-26 litellm-*.whl openai-*.whl

The price table of litellm (MIT) holds a retirement date for many models of many vendors; the
client library of OpenAI (Apache-2.0) lists its models and announces shut-downs in a docstring,
which wins. The same wheels give the same bytes. It stands beside the tests and not in the wheel:
who uses evalkit has no use for it, and the tests hold that the shipped file is what it writes.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from evalkit.core.lifecycle import Pin
from evalkit.spec.lifecycle import TABLE, Table, table_of
from tests.conftest import REPOSITORY

PRICES = "litellm/model_prices_and_context_window_backup.json"
CHAT_MODELS = "openai/types/shared/chat_model.py"
ALL_MODELS = "openai/types/shared/all_models.py"
MODES = {"chat", "responses"}
VENDORS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "azure": "azure",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "vertex_ai": "vertex",
    "vertex_ai-language-models": "vertex",
}
PAGES = {
    "openai": "https://developers.openai.com/api/docs/deprecations",
    "anthropic": "https://platform.claude.com/docs/en/about-claude/model-deprecations",
    "google": "https://ai.google.dev/gemini-api/docs/deprecations",
    "vertex": "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
    "azure": "https://learn.microsoft.com/en-us/azure/foundry/openai/concepts/model-retirement-schedule",
    "bedrock": "https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html",
}
NOTICE = (
    "Facts only, no text: dates of vendors' own announcements as collected by the price table of "
    "litellm (Copyright (c) Berri AI, MIT licence) and by the client library of OpenAI (Apache-2.0)."
)

_ANNOUNCED = re.compile(
    r'^- ((?:"[^"]+",?\s+)*"[^"]+"):\s+Announced shutdown\s+date:\s+(\d{4}-\d\d-\d\d)', re.MULTILINE
)
_NAME = re.compile(r'"([\w.:-]+)"')
_DATE_BEHIND = re.compile(r"-(20\d\d-\d\d-\d\d|20\d{6}|[01]\d\d\d)$", re.ASCII)
_REGION = re.compile(r"^(us|eu|apac|jp|au|ca|in|sa|us-gov|global)\.")


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the sources, before its pin is known."""

    vendor: str
    id: str
    retires_at: str | None
    source: str


def main() -> None:
    """Write the table anew."""
    day, prices, client = sys.argv[1:]
    date.fromisoformat(day)
    path = REPOSITORY / "evalkit" / "spec" / TABLE
    before = json.loads(path.read_text("utf-8"))
    path.write_text(rendered(regenerated(before, day, Path(prices), Path(client))), "utf-8")


def regenerated(before: Mapping[str, Any], day: str, prices: Path, client: Path) -> dict[str, Any]:
    """Return the document made of the patterns of the one before and of two wheels."""
    found = {(model.vendor, model.id): model for model in _of_prices(_read(prices, PRICES))}
    listed = _read(client, CHAT_MODELS)
    for model in _of_client(listed, _read(client, ALL_MODELS)):
        known = found.get((model.vendor, model.id))
        if model.retires_at or known is None:
            found[model.vendor, model.id] = model
    bare = table_of({**before, "checked_at": day, "sources": {}, "models": []})
    return {
        "checked_at": day,
        "notice": NOTICE,
        "sources": {
            vendor: {"page": page, "read_in": _read_in(vendor, prices, client)}
            for vendor, page in PAGES.items()
        },
        "patterns": before["patterns"],
        "models": sorted(
            _kept(found, bare), key=lambda model: (model["vendor"], model["id"])
        ),
    }  # fmt: skip


def rendered(document: Mapping[str, Any]) -> str:
    """Return the text of a table: one line a source, a pattern, a model."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    parts = [f' "{key}": {line(document[key])}' for key in ("checked_at", "notice")]
    sources = (f"  {line(name)}: {line(source)}" for name, source in document["sources"].items())
    parts.append(' "sources": {\n' + ",\n".join(sources) + "\n }")
    for key in ("patterns", "models"):
        items = (f"  {line(item)}" for item in document[key])
        parts.append(f' "{key}": [\n' + ",\n".join(items) + "\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


# ---------------------------------------------------------------- sources


def _read(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name).decode()


def _read_in(vendor: str, prices: Path, client: Path) -> str:
    wheels = [client, prices] if vendor == "openai" else [prices]
    return ", ".join(" ".join(wheel.name.split("-")[:2]) for wheel in wheels)


def _of_prices(text: str) -> Iterator[Model]:
    for name, model in json.loads(text).items():
        vendor = VENDORS.get(model.get("litellm_provider"))
        if vendor is None or model.get("mode") not in MODES:
            continue
        own = name.removeprefix({"google": "gemini/", "vertex": "vertex_ai/"}.get(vendor, ""))
        own = own.removeprefix(f"{vendor}/")
        if _is_a_name(vendor, own):
            yield Model(vendor, own, model.get("deprecation_date"), vendor)


def _is_a_name(vendor: str, name: str) -> bool:
    """Return whether a user can ask for a name: no region or platform stands before it."""
    if "/" in name:
        return False
    if vendor == "bedrock":
        return "." in name and not name.startswith("claude")
    return vendor != "vertex" or name.startswith("gemini")


def _of_client(chat: str, others: str) -> Iterator[Model]:
    listed, _, announced = chat.partition('"""')
    dates = {
        name: found[2]
        for found in _ANNOUNCED.finditer(announced)
        for name in _NAME.findall(found[1])
    }
    names = [*_NAME.findall(listed.partition("ChatModel: ")[2]),
             *_NAME.findall(others.partition("AllModels: ")[2])]  # fmt: skip
    for name in {*names, *dates}:
        yield Model("openai", name, dates.get(name), "openai")


# ---------------------------------------------------------------- what is kept


def _kept(found: Mapping[tuple[str, str], Model], bare: Table) -> Iterator[dict[str, Any]]:
    """Yield what a pattern does not say by itself: a date, or another pin."""
    twins = {(vendor, _DATE_BEHIND.sub("", name)) for vendor, name in found if _dated(name)}
    for key, model in found.items():
        pin = _pin(model, bare, moves=key in twins)
        matched = bare.matched(model.vendor, model.id)
        tells = model.retires_at or matched is None or matched.pin is not pin
        of_openai = model.retires_at or model.vendor == "openai"
        if tells and of_openai and not _is_repeated(model, found):
            retires_at = model.retires_at
            yield {
                "vendor": model.vendor, "id": model.id, "pin": pin.value,
                "retires_at": retires_at, "source": model.source,
            }  # fmt: skip


def _dated(name: str) -> bool:
    return bool(_DATE_BEHIND.search(name)) and not name.startswith("ft:")


def _pin(model: Model, bare: Table, *, moves: bool) -> Pin:
    """Return the pin: a name beside which the same stands with a date behind it floats."""
    matched = bare.matched(model.vendor, model.id)
    if moves and model.vendor in {"openai", "azure"}:
        return Pin.FLOATING
    if matched is not None:
        return matched.pin
    if _dated(model.id):
        return Pin.PINNED
    return Pin.UNKNOWN if model.vendor == "anthropic" else Pin.UNVERSIONED


def _is_repeated(model: Model, found: Mapping[tuple[str, str], Model]) -> bool:
    """Return whether a name is another's with a region or ``ft:`` before it, and as long served."""
    base = model.id.removeprefix("ft:")
    if model.vendor == "bedrock":
        base = _REGION.sub("", base)
    other = found.get((model.vendor, base))
    return base != model.id and other is not None and other.retires_at == model.retires_at


if __name__ == "__main__":
    main()
