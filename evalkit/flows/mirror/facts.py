"""What a mirror tells of its snapshots: its own file first, then the envelope, then the shipped table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

from evalkit.core.envelope import Envelope
from evalkit.core.errors import UsageError
from evalkit.core.lifecycle import Classified
from evalkit.core.mirror import Upstream
from evalkit.core.mirror_edge import SchemaPlan
from evalkit.core.mirror_metadata import MetadataPlan, SnapshotFacts, header_value_fault
from evalkit.core.model import Arm, Snapshot
from evalkit.core.registry import PROVIDERS
from evalkit.features.format_version import declared_version
from evalkit.features.schema import sound_schema
from evalkit.spec.lifecycle import classify, vendor_at


def known_facts(
    written: SnapshotFacts, upstream: Upstream, snapshot: Snapshot | None, schema: str | None
) -> SnapshotFacts:
    """Return what is told of one arm.

    Args:
        written: what the mirror's file says, which wins.
        upstream: where its requests go.
        snapshot: the arm of the envelope, if there is one.
        schema: the text of the response schema of an arm that has none of its own.
    """
    facts = replace(written, snapshot=written.snapshot or _name(upstream, snapshot))
    declaring = (snapshot and snapshot.response_schema) or schema
    if facts.format_version is None and declaring:
        version = declared_version(sound_schema(declaring))
        if version is not None and not header_value_fault(version.text):
            facts = replace(facts, format_version=version.text)
    if facts.ends is None:
        found = _classified(facts.snapshot, upstream, snapshot)
        if found.retires_at is not None:
            facts = replace(facts, retires_at=datetime.combine(found.retires_at, time(), UTC))
    return facts


def metadata_plan(
    written: MetadataPlan,
    upstreams: Sequence[Upstream],
    envelope: Envelope | None,
    schema: SchemaPlan | None = None,
) -> MetadataPlan:
    """Return what is told of both arms, where the mirror's file leaves open what others know.

    Args:
        written: what the mirror's file says.
        upstreams: where requests go.
        envelope: the envelope that the file names, if any.
        schema: what live answers are held to, if anything.
    """
    snapshots = envelope.snapshots if envelope is not None else {}
    text = schema.text if schema is not None else None
    facts = {
        upstream.arm: known_facts(
            written.arms.get(upstream.arm, SnapshotFacts()),
            upstream,
            snapshots.get(upstream.arm),
            text,
        )
        for upstream in upstreams
    }
    return replace(written, arms=facts)


def edge_schema(plan: SchemaPlan, envelope: Envelope | None) -> SchemaPlan:
    """Return a plan that has its schema: the candidate's of the envelope where it names no file.

    Raises:
        UsageError: there is none anywhere, or what is there is no JSON Schema.
    """
    snapshots = envelope.snapshots if envelope is not None else {}
    arms = (snapshots.get(Arm.CANDIDATE), snapshots.get(Arm.BASELINE))
    known = (plan.text, *(found.response_schema for found in arms if found is not None))
    text = next((text for text in known if text is not None), None)
    if text is None:
        raise UsageError(
            "schema: expected file, or an envelope with a response_schema, found neither"
        )
    try:
        sound_schema(text)
    except ValueError as error:
        raise UsageError(f"schema: expected a JSON Schema: {error}") from None
    return replace(plan, text=text)


# ---------------------------------------------------------------- parts


def _name(upstream: Upstream, snapshot: Snapshot | None) -> str | None:
    """Return what an arm is called: by the model that is put into its requests, or by the envelope."""
    asked = upstream.body.get("model")
    names = (
        asked if isinstance(asked, str) else None,
        snapshot and (snapshot.expected_model or snapshot.model),
    )
    return next((name for name in names if name and not header_value_fault(name)), None)


def _classified(named: str | None, upstream: Upstream, snapshot: Snapshot | None) -> Classified:
    """Return what the table knows of a name, at the vendor that is asked or that the envelope asks."""
    vendor = vendor_at(None, upstream.url)
    if vendor is None and snapshot is not None:
        base = getattr(snapshot.options, "base_url", None)
        vendor = vendor_at(PROVIDERS.get(snapshot.provider).vendor, base)
    expected = snapshot.expected_model if snapshot is not None else None
    return classify(vendor, named, expected=expected)
