"""Days, pins and who answered: what is known of a snapshot follows from what was seen of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from evalkit.core.lifecycle import (
    UNREADABLE,
    Classified,
    EnvelopeInUse,
    Inventory,
    Lifecycle,
    Pin,
    SnapshotInUse,
    day_told,
    days_left,
    format_told,
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


def test_an_endpoints_own_word_counts_where_it_is_the_earlier_one() -> None:
    told = used(deprecated=("2026-12-01", "2026-12-24", UNREADABLE))
    assert told.deprecated_at == date(2026, 12, 1)
    assert told.days_left(TODAY) == 5
    assert used(deprecated=("2028-01-01",)).days_left(TODAY) == 49
    assert used(deprecated=(UNREADABLE,)).deprecated_at is None
    assert used(None, deprecated=("2026-12-01",)).days_left(TODAY) is None


@pytest.mark.parametrize(
    "text", ["", "true", "@99999999999999", "Fri, 99 Foo 2027", "2027-13-01", "x" * 9999, "9999-12-31T23:59:59-23:00"]
)  # fmt: skip
def test_what_is_no_day_is_unreadable_and_never_repeated(text: str) -> None:
    assert day_told(text) == UNREADABLE


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("@1767225600", "2026-01-01"),
        ("1767225600", "2026-01-01"),
        ("Fri, 01 Jan 2027 00:00:00 GMT", "2027-01-01"),
        ("2027-01-14T23:30:00-05:00", "2027-01-15"),
        ("2027-01-14T23:30:00", "2027-01-14"),
    ],
)
def test_a_day_is_read_in_every_form_that_endpoints_use(text: str, day: str) -> None:
    assert day_told(text) == day


def test_what_is_no_version_is_never_repeated() -> None:
    assert [format_told(text) for text in ("v1", "2026-01", "", "a b", "x" * 41, "\x1b")] == [
        "v1", "2026-01", *[UNREADABLE] * 4,
    ]  # fmt: skip
