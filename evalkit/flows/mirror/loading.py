"""A mirror's file is read with all that it names: the envelope gives what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from evalkit.core.mirror import Upstream
from evalkit.core.mirror_plan import MirrorPlan
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.flows.mirror.facts import edge_schema, metadata_plan
from evalkit.spec.envelope import load_envelope
from evalkit.spec.mirror import load_mirror
from evalkit.wire.endpoint import filled_value


def loaded_mirror(path: Path | str) -> MirrorPlan:
    """Return the plan of a mirror; nothing is opened, nobody is asked.

    Raises:
        SpecError: with every problem of the file, or of the envelope that it names.
        UsageError: answers are to be held to a schema that stands nowhere.
    """
    loaded = load_mirror(path)
    plan = loaded.plan
    envelope = None if loaded.envelope is None else load_envelope(loaded.envelope).envelope
    schema = None if plan.schema is None else edge_schema(plan.schema, envelope)
    snapshots = {} if envelope is None else envelope.snapshots
    return replace(
        plan,
        schema=schema,
        metadata=metadata_plan(plan.metadata, (plan.live, plan.candidate), envelope, schema),
        prices={arm: found.prices for arm, found in snapshots.items() if found.prices is not None},
    )


def filled(plan: MirrorPlan, secrets: Secrets) -> MirrorPlan:
    """Return a plan whose headers hold the secrets that they name.

    Raises:
        MissingSecretError: a variable is not set, or fits in no header.
    """

    def upstream(key: str, found: Upstream) -> Upstream:
        headers = {
            name: filled_value(value, secrets, f"{key}.headers.{name}")
            for name, value in found.headers.items()
        }
        return replace(found, headers=headers)

    live, candidate = upstream("live", plan.live), upstream("candidate", plan.candidate)
    return replace(plan, live=live, candidate=candidate)


def unset(plan: MirrorPlan, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what a plan misses in the environment."""
    asked = {
        f"{key}.headers.{name}": value
        for key, arm in (("live", plan.live), ("candidate", plan.candidate))
        for name, value in arm.headers.items()
    }
    if plan.log is not None and plan.log.salt is not None:
        asked["log.salt"] = plan.log.salt
    for key, value in asked.items():
        try:
            filled_value(value, Secrets(environment), key)
        except MissingSecretError as error:
            yield str(error)
