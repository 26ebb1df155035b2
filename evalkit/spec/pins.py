"""What the snapshots of an envelope promise: which of their names can move, and where they stand."""

from __future__ import annotations

from evalkit.core.errors import Problem
from evalkit.core.lifecycle import Classified, Pin
from evalkit.core.model import Snapshot
from evalkit.core.ports import ProviderPlugin
from evalkit.core.registry import PROVIDERS
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.lifecycle import classify, vendor_at


def vendor_of(snapshot: Snapshot, plugin: ProviderPlugin) -> str | None:
    """Return whose names a snapshot uses; ``None`` where its server is nobody's that is known."""
    return vendor_at(plugin.vendor, getattr(snapshot.options, "base_url", None))


def classified(snapshot: Snapshot, plugin: ProviderPlugin) -> Classified | None:
    """Return what is known of the model a snapshot asks for; nothing where it is played back."""
    if plugin.recorded:
        return None
    vendor = vendor_of(snapshot, plugin)
    return classify(vendor, snapshot.model, expected=snapshot.expected_model)


def floating(loaded: LoadedEnvelope) -> list[Problem]:
    """Return a problem for each snapshot whose name can move to another model, with its place."""
    problems = []
    for arm, snapshot in (loaded.envelope.snapshots | loaded.envelope.asked).items():
        found = classified(snapshot, PROVIDERS.get(snapshot.provider))
        if found is not None and found.pin is Pin.FLOATING:
            message = _MOVING.format(model=snapshot.model, why=found.why)
            place = loaded.source.place((arm.value, "model"))
            problems.append(Problem(place, message, f"{arm.value}.model"))
    for name, by in loaded.envelope.consulted.items():
        found = classified(by, PROVIDERS.get(by.provider))
        if found is not None and found.pin is Pin.FLOATING:
            message = _MOVING.format(model=by.model, why=found.why)
            where = ("metrics", name, "by", "model")
            problems.append(Problem(loaded.source.place(where), message, ".".join(where)))
    return problems


_MOVING = (
    "expected a pinned model, found {model!r}: {why}; name a fixed version of it, or leave out "
    "--strict-pins"
)
