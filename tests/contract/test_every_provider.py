"""What every provider promises, whoever wrote it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from evalkit.core.model import Snapshot
from evalkit.core.ports import Lack, ProviderPlugin
from evalkit.core.registry import PROVIDERS

PLUGINS = PROVIDERS.built_in()
EVERY = pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
PLAIN: Mapping[object, object] = {
    str: "x",
    Path: Path("x"),
    int: 1,
    float: 1.0,
    bool: False,
    dict: {},
    Mapping: {},
    list: [],
    tuple: (),
    Sequence: (),
}


def some_value(kind: Any) -> object:
    """Return a value of a type, of the first one where several will do."""
    if isinstance(kind, UnionType):
        return some_value(get_args(kind)[0])
    return PLAIN[get_origin(kind) or kind]


def some_options(plugin: ProviderPlugin) -> object:
    """Return options that give nothing but what must be given."""
    hints = get_type_hints(plugin.options)
    given: dict[str, Any] = {}
    for field in fields(plugin.options):
        if field.default is MISSING and field.default_factory is MISSING:
            given[field.name] = some_value(hints[field.name])
    return plugin.options(**given)


@EVERY
def test_a_provider_explains_itself(plugin: ProviderPlugin) -> None:
    assert len(plugin.doc.strip()) > 30
    assert re.fullmatch(r"[a-z][a-z0-9-]*", plugin.name)


@EVERY
def test_its_options_are_frozen_and_documented_one_by_one(plugin: ProviderPlugin) -> None:
    assert is_dataclass(plugin.options)
    assert plugin.options.__dataclass_params__.frozen  # type: ignore[attr-defined]
    text = inspect.getdoc(plugin.options) or ""
    listed = re.findall(r"^    (\w+): ", text.partition("Attributes:\n")[2], re.MULTILINE)
    assert listed == [field.name for field in fields(plugin.options)]


@EVERY
@pytest.mark.parametrize("model", [None, "", "a-model"])
def test_what_it_lacks_is_said_with_keys_and_sentences(
    plugin: ProviderPlugin, model: str | None
) -> None:
    snapshot = Snapshot(plugin.name, some_options(plugin), model=model)
    for lack in plugin.lacks(snapshot):
        assert isinstance(lack, Lack)
        assert re.fullmatch(r"[A-Za-z_][\w.-]*", lack.key)
        assert lack.message.strip()


@EVERY
def test_a_provider_that_asks_a_vendor_needs_a_model(plugin: ProviderPlugin) -> None:
    if plugin.vendor is not None:
        snapshot = Snapshot(plugin.name, some_options(plugin))
        assert "model" in {lack.key for lack in plugin.lacks(snapshot)}
