"""What the name of a model promises, by a dated table that ships with evalkit, and by patterns.

A date in a name no longer tells: some names without one are fixed, others move. So an entry of
``lifecycle.json`` wins over the patterns in it, the first pattern that fits over none, and what
neither knows is unknown. How the table is made again: ``tests/spec/lifecycle_table.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from evalkit.core.lifecycle import Classified, Pin
from evalkit.files.json_text import json_document

TABLE = "lifecycle.json"
LONGEST_NAME = 300
DEPLOYMENTS = "azure"
"""The vendor whose users name what they ask for themselves."""

FINE_TUNED = "ft:"

_HOSTS: Mapping[str, re.Pattern[str]] = {
    "openai": re.compile(r"(.+\.)?api\.openai\.com"),
    "anthropic": re.compile(r"api\.anthropic\.com"),
    "google": re.compile(r"generativelanguage\.googleapis\.com"),
    "vertex": re.compile(r"(.+[.-])?aiplatform\.googleapis\.com"),
    "bedrock": re.compile(r"bedrock[\w.-]*\.amazonaws\.com"),
    DEPLOYMENTS: re.compile(r".+\.azure\.com"),
}
_SAID_BY_TABLE = {
    Pin.PINNED: "a fixed version",
    Pin.FLOATING: "moves between dated versions of the same name",
    Pin.UNVERSIONED: "its vendor names no version of it",
    Pin.UNKNOWN: "listed without a version",
}
_NO_MODEL = Classified(Pin.UNKNOWN, "no model is named")
_NO_NAME = Classified(Pin.UNKNOWN, "no name of a model")
_UNKNOWN = Classified(Pin.UNKNOWN, "a name that neither the table nor a pattern knows")
_DEPLOYMENT = Classified(
    Pin.UNKNOWN, "a deployment's own name; say which model it holds with expected_model"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """How names of one pin look at some vendors; no vendor stands for those nobody knows."""

    vendors: tuple[str | None, ...]
    pin: Pin
    expression: re.Pattern[str]
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the table."""

    vendor: str
    id: str
    pin: Pin
    retires_at: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """The shipped facts: when they were gathered, the patterns in their order, the models."""

    checked_at: date
    patterns: tuple[Pattern, ...]
    entries: Mapping[tuple[str, str], Entry]

    def matched(self, vendor: str | None, name: str) -> Pattern | None:
        """Return the first pattern of a vendor that fits a name."""
        of = vendor if any(vendor in pattern.vendors for pattern in self.patterns) else None
        return next(
            (p for p in self.patterns if of in p.vendors and p.expression.search(name)), None
        )


@cache
def shipped_table() -> Table:
    """Return the table that ships with evalkit."""
    text = files("evalkit.spec").joinpath(TABLE).read_text("utf-8")
    return table_of(json_document(text, TABLE))


def table_of(data: Any) -> Table:
    """Return the table in the document of a ``lifecycle.json``."""
    pages = data["sources"]
    entries = [
        Entry(
            vendor=model["vendor"],
            id=model["id"],
            pin=Pin(model["pin"]),
            retires_at=model["retires_at"] and date.fromisoformat(model["retires_at"]),
            source=pages[model["source"]]["page"],
        )
        for model in data["models"]
    ]
    patterns = tuple(
        Pattern(
            tuple(pattern["vendors"]),
            Pin(pattern["pin"]),
            re.compile(pattern["pattern"], re.ASCII),
            pattern["why"],
        )
        for pattern in data["patterns"]
    )
    return Table(
        date.fromisoformat(data["checked_at"]),
        patterns,
        {(entry.vendor, entry.id): entry for entry in entries},
    )


def classify(vendor: str | None, model: str | None, *, expected: str | None = None) -> Classified:
    """Return what a name promises at a vendor; any text is one of the four pins.

    Args:
        vendor: as ``vendor_at`` names it; ``None`` for a server of one's own.
        model: the name that is asked for.
        expected: the model that has to answer, which speaks in place of a deployment's name.

    >>> classify("anthropic", "claude-opus-4-6").pin.value
    'pinned'
    >>> classify("anthropic", "claude-sonnet-4-5").pin.value
    'floating'
    """
    if vendor == DEPLOYMENTS:
        if expected is None:
            return _DEPLOYMENT
        found = _classified(DEPLOYMENTS, expected)
        return replace(found, why=f"expected_model: {found.why}")
    return _classified(vendor, model)


def vendor_at(vendor: str | None, base_url: str | None) -> str | None:
    """Return whose names a snapshot uses: those of the server that it names, if it names one.

    >>> vendor_at("openai", None), vendor_at("openai", "http://127.0.0.1:8000/v1")
    ('openai', None)
    """
    if base_url is None:
        return vendor
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        return None
    return next((name for name, form in _HOSTS.items() if form.fullmatch(host)), None)


# ---------------------------------------------------------------- parts


def _classified(vendor: str | None, model: str | None) -> Classified:
    if not model:
        return _NO_MODEL
    if len(model) > LONGEST_NAME or not model.isprintable() or " " in model:
        return _NO_NAME
    table = shipped_table()
    name = _plain(vendor, model)
    matched = table.matched(vendor, name)
    entry = _entry(table, vendor, name)
    if entry is None:
        return Classified(matched.pin, matched.why) if matched else _UNKNOWN
    pin = matched.pin if matched else Pin.UNKNOWN
    if not name.startswith(FINE_TUNED):  # it takes from its base the date, and not the pin
        pin = entry.pin
    said = matched.why if matched and matched.pin is pin else _SAID_BY_TABLE[pin]
    return Classified(pin, said, entry.retires_at, entry.source, table.checked_at)


def _plain(vendor: str | None, model: str) -> str:
    """Return a name without the path that some interfaces put before it."""
    if vendor in {"google", "vertex"}:
        return model.removeprefix("models/")
    if vendor == "bedrock" and model.startswith("arn:"):
        return model.rpartition("/")[2]
    return model


def _entry(table: Table, vendor: str | None, name: str) -> Entry | None:
    """Return what the table knows of a name, or of the model that it is a form of."""
    if vendor is None:
        return None
    names = [name]
    if vendor == "bedrock":
        names.append(_REGION.sub("", name))
    if vendor == "openai" and name.startswith(FINE_TUNED):
        base = name.split(":")[1]
        names += [FINE_TUNED + base, base]
    found = (table.entries.get((vendor, spelling)) for spelling in names)
    return next((entry for entry in found if entry), None)


_REGION = re.compile(r"^[a-z]{2,6}(-gov)?\.(?=[a-z0-9]+\.[a-z])")
"""The region before a model of Bedrock; ``amazon.`` before ``nova-lite`` is none."""
