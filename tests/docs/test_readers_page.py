"""The page about readers: its reader keeps the contract, and its tables name what there is."""

from __future__ import annotations

import json

from evalkit.core.export import CASE_COLUMNS, SAMPLE_COLUMNS
from evalkit.core.ports import ReaderPlugin
from evalkit.core.registry import READERS
from evalkit.testing.readers import example_fault, hostile_fault, purity_fault, recognition_fault
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks

PAGE = "docs/readers.md"


def test_the_reader_of_the_page_keeps_the_contract() -> None:
    [code] = (block.text for block in blocks(PAGE) if block.language == "python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the page's own words
    plugin = names["acme"]
    assert isinstance(plugin, ReaderPlugin)
    for example in plugin.examples:
        for fault in (example_fault, purity_fault, hostile_fault):
            assert fault(plugin, example) is None
    assert recognition_fault(plugin, list(READERS.built_in().values())) is None


def test_the_tables_name_every_format_and_every_column() -> None:
    text = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    for name in READERS.built_in():
        assert f"| `{name}` |" in text
    for column in (*CASE_COLUMNS, *SAMPLE_COLUMNS):
        assert f"`{column.name}`" in text


def test_the_record_of_the_page_is_one() -> None:
    own, *_ = (block.text for block in blocks(PAGE) if block.language == "json")
    assert READERS.get("plain").recognises(json.loads(own))
