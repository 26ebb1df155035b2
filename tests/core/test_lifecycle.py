"""Days, pins and who answered: what is known of a snapshot follows from what was seen of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from evalkit.core.lifecycle import (
    Classified,
    EnvelopeInUse,
    Inventory,
    Lifecycle,
    Pin,
    SnapshotInUse,
    days_left,
)
from evalkit.core.model import Arm

TODAY = date(2026, 11, 26)
PINNED = Classified(Pin.PINNED, "a dated name", date(2027, 1, 14), "page", TODAY)


def used(known: Classified | None = PINNED, **given: Any) -> SnapshotInUse:
    return SnapshotInUse(
        **{"arm": Arm.CANDIDATE, "provider": "acme", "requested": "m-1", "expected": None,
           "classified": known, **given}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("retires_at", "days"),
    [(date(2027, 1, 14), 49), (TODAY, 0), (date(2026, 10, 23), -34), (None, None)],
)
def test_days_are_counted_and_never_guessed(retires_at: date | None, days: int | None) -> None:
    assert days_left(retires_at, TODAY) == days


def test_a_vendor_that_says_no_date_outdates_a_table_that_has_one() -> None:
    said = Lifecycle("openai", "m-1", "active", None, None, "https://vendor/m-1", TODAY)
    told = PINNED.told(said)
    assert (told.pin, told.why) == (PINNED.pin, PINNED.why)
    assert (told.retires_at, told.status, told.source) == (None, "active", said.source)
    assert (told.asked, PINNED.asked) == (True, False)


@pytest.mark.parametrize(
    ("snapshot", "strangers"),
    [
        (used(served=("m-1",)), ()),
        (used(served=("m-1", "m-2")), ("m-2",)),
        (used(served=None), ()),
        (used(requested="models/m-1", served=("m-1", "m-2")), ("m-2",)),
        (used(Classified(Pin.FLOATING, "an alias"), served=("m-2",)), ()),
        (used(Classified(Pin.UNKNOWN, "?"), expected="m-3", served=("m-2", "m-3")), ("m-2",)),
        (used(None, expected="m-3", served=("m-2",)), ("m-2",)),
        (used(None, served=("m-2",)), ()),
    ],
)
def test_a_stranger_is_who_answers_in_the_name_of_a_pinned_or_expected_model(
    snapshot: SnapshotInUse, strangers: tuple[str, ...]
) -> None:
    assert snapshot.strangers == strangers


def test_an_inventory_warns_of_what_retires_soon_and_of_what_should_have() -> None:
    late = Classified(Pin.FLOATING, "an alias", date(2026, 10, 23))
    dateless = Classified(Pin.UNKNOWN, "?")
    snapshots = (used(), used(late), used(dateless), used(None))
    envelope = EnvelopeInUse("e.yaml", "e", snapshots)
    inventory = Inventory(TODAY, 49, date(2026, 11, 20), (envelope, envelope))
    assert inventory.table_age == 6
    assert inventory.snapshots == snapshots * 2
    assert [inventory.retires_soon(s) for s in snapshots] == [True, True, False, False]
    assert not Inventory(TODAY, 48, TODAY, (envelope,)).retires_soon(used())


def test_who_watches_a_baseline_is_not_called_the_baseline() -> None:
    assert replace(used(), arm=Arm.BASELINE).name == "baseline"
    assert replace(used(), arm=Arm.BASELINE, sentinel=True).name == "sentinel"
    assert replace(used(), arm=None, metric="tone").name == "tone"
