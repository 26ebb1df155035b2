"""What the command line says instead of the envelope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalkit.core.errors import UsageError
from evalkit.core.model import Arm, Json
from evalkit.files.text import absolute_name
from evalkit.spec.document import Document, Trail, read_document
from evalkit.spec.grammar import SnapshotFile
from evalkit.spec.inline import inlined_snapshot


@dataclass(frozen=True, slots=True)
class Overrides:
    """Values of the command line; ``None`` and empty leave the envelope as it is.

    ``candidate`` and ``baseline`` are a recording (``.jsonl``, ``.jsonl.gz``), a file with a
    snapshot (``.yaml``), or ``provider:model``. ``answered`` holds the snapshots of an earlier run: it
    is they that are judged, whatever another envelope names, but at its prices. ``prices`` are those of
    arms that have none of their own, ``metric_prices`` those of whom metrics ask, by the metric's name.
    """

    candidate: str | None = None
    baseline: str | None = None
    repeats: int | None = None
    seed: int | None = None
    inconclusive: str | None = None
    only: tuple[str, ...] = ()
    drift: str | None = None
    answered: Mapping[Arm, Document] = field(default_factory=dict)
    prices: Mapping[Arm, Json] = field(default_factory=dict)
    metric_prices: Mapping[str, Json] = field(default_factory=dict)


NO_OVERRIDES = Overrides()


def overridden(document: Document, overrides: Overrides) -> Document:
    """Return the document with the overrides in it, each at the place it came from.

    Raises:
        UsageError: a snapshot is none of the three forms.
        SpecError: a snapshot file cannot be read.
    """
    data = document.data
    if not isinstance(data, dict):
        return document
    data = dict(data)
    parts: dict[Trail, Document] = {}
    _answer(data, parts, overrides.answered)
    for arm, value in {
        Arm.BASELINE: overrides.baseline,
        Arm.CANDIDATE: overrides.candidate,
    }.items():
        if value is None:
            continue
        if value.endswith((".yaml", ".yml")):
            own = read_document(value)
            data[arm.value] = inlined_snapshot(own, Path(value).parent)
            parts[arm.value,] = own
        else:
            data[arm.value] = _snapshot(value, data.get(arm.value), arm)
            given = ("provider", "path", "model")
            parts |= {(arm.value, key): Document(f"--{arm}", value) for key in given}
    data |= _at_prices(data, overrides)
    plain = {
        "repeats": overrides.repeats, "seed": overrides.seed,
        "inconclusive": overrides.inconclusive,
    }  # fmt: skip
    for key, item in plain.items():
        if item is not None:
            data[key] = item
            parts[key,] = Document(f"--{key}", item)
    if overrides.drift is not None:
        before = data.get("drift")
        limit = before if isinstance(before, dict) else {}
        data["drift"] = {**limit, "look": overrides.drift}
        parts["drift", "look"] = Document("--drift", overrides.drift)
    return replace(document, data=data, parts=parts)


def _answer(
    data: dict[str, Json], parts: dict[Trail, Document], answered: Mapping[Arm, Document]
) -> None:
    """Put the snapshots that answered in their places."""
    for arm, own in answered.items():
        before = data.get(arm.value)
        if isinstance(before, dict) and isinstance(own.data, dict):
            prices = {"prices": before["prices"]} if "prices" in before else {}
            data[arm.value] = {**own.data, **prices}
            parts[arm.value,] = own


def _at_prices(data: dict[str, Json], overrides: Overrides) -> dict[str, Json]:
    """Return the parts of an envelope that were given prices."""
    found: dict[str, Json] = {}
    for arm, prices in overrides.prices.items():
        if isinstance(snapshot := data.get(arm.value), dict):
            found[arm.value] = _priced(snapshot, prices)
    if isinstance(metrics := data.get("metrics"), dict) and overrides.metric_prices:
        found["metrics"] = metrics | dict(_asked_at(metrics, overrides.metric_prices))
    return found


def _asked_at(metrics: dict[str, Json], found: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield the metrics that ask somebody, at the prices that were found."""
    for name, prices in found.items():
        metric = metrics[name]
        if isinstance(metric, dict) and isinstance(by := metric.get("by"), dict):
            yield name, {**metric, "by": {"prices": prices, **by}}


def _priced(snapshot: dict[str, Json], prices: Json) -> Json:
    """Return a snapshot with prices where it has none; of a recorded one they are its sentinel's."""
    if isinstance(sentinel := snapshot.get("sentinel"), dict):
        return {**snapshot, "sentinel": {"prices": prices, **sentinel}}
    return {"prices": prices, **snapshot}


def _snapshot(value: str, before: Json, arm: Arm) -> Json:
    kept = before if isinstance(before, dict) else {}
    if value.endswith((".jsonl", ".jsonl.gz")):
        # Prompt and schema belong to the contract and stay; the model's name and the options of
        # another provider do not speak about this recording.
        common = {
            key for key in SnapshotFile.model_fields if key not in {"model", "expected_model"}
        }
        contract = {key: item for key, item in kept.items() if key in common}
        if isinstance(sentinel := contract.get("sentinel"), dict) and "model" in kept:
            # Who is asked stays the same, whoever gave the recorded answers.
            contract["sentinel"] = {"model": kept["model"], **sentinel}
        return {**contract, "provider": "replay", "path": absolute_name(value)}
    provider, colon, model = value.partition(":")
    if not (colon and provider and model):
        raise UsageError(
            f"--{arm} {value}: expected a recording (.jsonl, .jsonl.gz), a snapshot file (.yaml) "
            "or provider:model"
        )
    foreign = {"sentinel"}  # who is asked live needs nobody to watch him
    if provider != kept.get("provider"):
        # The options of another provider mean nothing to this one, and it has prices of its own.
        foreign |= (kept.keys() - SnapshotFile.model_fields) | {"prices"}
    if model != kept.get("model"):
        foreign |= {"expected_model", "prices"}
    kept = {key: item for key, item in kept.items() if key not in foreign}
    return {**kept, "provider": provider, "model": model}
