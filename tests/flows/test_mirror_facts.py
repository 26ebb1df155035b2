"""A mirror's own file says best what is told of its snapshots; then the envelope, then the table."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from evalkit.core.envelope import Envelope
from evalkit.core.errors import UsageError
from evalkit.core.mirror import Upstream
from evalkit.core.mirror_edge import SchemaPlan
from evalkit.core.mirror_metadata import MetadataPlan, SnapshotFacts
from evalkit.core.model import Arm, Snapshot
from evalkit.core.ports import NoOptions
from evalkit.flows.mirror.facts import edge_schema, known_facts, metadata_plan
from evalkit.spec.lifecycle import shipped_table

SCHEMA = json.dumps({"properties": {"format_version": {"const": "2.1"}}})
OWN = Upstream(Arm.CANDIDATE, "http://127.0.0.1:9000/v1")
KNOWN = next(
    entry
    for entry in shipped_table().entries.values()
    if entry.vendor == "openai" and entry.retires_at is not None
)


def snapshot(model: str | None, schema: str | None = None, provider: str = "replay") -> Snapshot:
    return Snapshot(provider, NoOptions(), model, response_schema=schema)


def test_the_file_of_the_mirror_wins() -> None:
    written = SnapshotFacts("ours", "9", datetime(2026, 1, 1, tzinfo=UTC))
    assert known_facts(written, OWN, snapshot(KNOWN.id, SCHEMA, "openai"), SCHEMA) == written


def test_an_envelope_names_the_snapshot_its_format_and_by_the_table_its_end() -> None:
    found = known_facts(SnapshotFacts(), OWN, snapshot(KNOWN.id, SCHEMA, "openai"), None)
    assert (found.snapshot, found.format_version) == (KNOWN.id, "2.1")
    assert found.retires_at is not None
    assert found.retires_at.date() == KNOWN.retires_at


def test_the_address_says_whose_table_it_is_and_the_body_which_model() -> None:
    vendor = Upstream(Arm.CANDIDATE, "https://api.openai.com/v1", body={"model": KNOWN.id})
    found = known_facts(SnapshotFacts(), vendor, None, SCHEMA)
    assert (found.snapshot, found.format_version) == (KNOWN.id, "2.1")
    assert found.retires_at is not None


@pytest.mark.parametrize("name", [None, "m\r\nx: y", "desk-2"])
def test_what_nobody_knows_or_may_be_said_is_not_told(name: str | None) -> None:
    found = known_facts(SnapshotFacts(), OWN, snapshot(name, "{}"), None)
    assert found == SnapshotFacts(name if name == "desk-2" else None)


def test_each_arm_is_told_its_own() -> None:
    envelope = Envelope("e", snapshot("m-2", SCHEMA), (), baseline=snapshot("m-1"))
    live = Upstream(Arm.BASELINE, OWN.url)
    written = MetadataPlan({Arm.BASELINE: SnapshotFacts(format_version="1")}, "metadata")
    found = metadata_plan(written, (live, OWN), envelope)
    assert found.in_body == "metadata"
    assert found.arms == {
        Arm.BASELINE: SnapshotFacts("m-1", "1"),
        Arm.CANDIDATE: SnapshotFacts("m-2", "2.1"),
    }
    assert metadata_plan(MetadataPlan(), (OWN,), None).arms == {Arm.CANDIDATE: SnapshotFacts()}


def test_a_schema_is_that_of_the_file_else_of_the_candidate_else_of_the_baseline() -> None:
    written = SchemaPlan("{}")
    both = Envelope("e", snapshot("m-2", SCHEMA), (), baseline=snapshot("m-1", "{}"))
    only = Envelope("e", snapshot("m-2"), (), baseline=snapshot("m-1", "{}"))
    assert edge_schema(written, both) == written
    assert edge_schema(SchemaPlan(), both).text == SCHEMA
    assert edge_schema(SchemaPlan(), only).text == "{}"


@pytest.mark.parametrize(
    ("plan", "envelope"),
    [
        (SchemaPlan(), None),
        (SchemaPlan(), Envelope("e", snapshot("m"), ())),
        (SchemaPlan('{"type": "nothing"}'), None),
    ],
)
def test_a_schema_that_is_none_is_refused(plan: SchemaPlan, envelope: Envelope | None) -> None:
    with pytest.raises(UsageError, match="schema: "):
        edge_schema(plan, envelope)
