"""What the snapshots of an envelope promise: which of their names can move, and where they stand."""

from __future__ import annotations

from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.lifecycle import Classified, Pin
from evalkit.core.model import Arm, Snapshot
from evalkit.core.ports import ProviderPlugin
from evalkit.core.registry import PROVIDERS
from evalkit.files.text import STDIN, file_name
from evalkit.spec.document import Document, read_document
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
    for arm, snapshot in loaded.envelope.snapshots.items():
        found = classified(snapshot, PROVIDERS.get(snapshot.provider))
        if found is not None and found.pin is Pin.FLOATING:
            message = (
                f"expected a pinned model, found {snapshot.model!r}: {found.why}; "
                "name a fixed version of it, or leave out --strict-pins"
            )
            place = _place_of_model(loaded, arm, snapshot)
            problems.append(Problem(place, message, f"{arm.value}.model"))
    return problems


def _place_of_model(loaded: LoadedEnvelope, arm: Arm, snapshot: Snapshot) -> Place:
    """Return where the model is written, or the file where somebody else named it."""
    if loaded.path != STDIN:
        document = _document(loaded.path)
        if document and _written(document, arm) == snapshot.model:
            return document.place((arm.value, "model"))
    return Place(file_name(loaded.path))


def _document(path: str) -> Document | None:
    try:
        return read_document(path)
    except SpecError:  # it was read a moment ago
        return None


def _written(document: Document, arm: Arm) -> object:
    data = document.data
    snapshot = data.get(arm.value) if isinstance(data, dict) else None
    return snapshot.get("model") if isinstance(snapshot, dict) else None
