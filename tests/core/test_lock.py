"""What is locked has a digest of all of it, and a waiver the key of its subject."""

from __future__ import annotations

from dataclasses import replace

from evalkit.core.lock import (
    Approved,
    Frozen,
    LockedSnapshot,
    LockedText,
    LockEntry,
    MayChange,
    MustMatch,
    Outputs,
)
from evalkit.core.waiver import Subject, Waiver

OLD, NEW = LockedText("1", "old", 3), LockedText("2", "new", 4)
FROZEN = Frozen(
    "at", "by", "0.1.0",
    MustMatch(Outputs("x", "s", 1, 5, 5, 0), "i", LockedSnapshot("a", system_prompt=OLD)),
    MayChange("e", "g", {}),
)  # fmt: skip
APPROVED = Approved("at", "by", "r", "e", "g", "a", LockedSnapshot("a", system_prompt=NEW))
SUBJECT = Subject("e", "g", "c")


def test_the_prompt_that_was_approved_is_newer_than_the_frozen_one() -> None:
    assert LockEntry("x").prompts == ()
    assert LockEntry("x", FROZEN, APPROVED).prompts == (NEW, OLD)
    unprompted = replace(APPROVED, snapshot=LockedSnapshot("a"))
    assert LockEntry("x", FROZEN, unprompted).prompts == (OLD,)


def test_whatever_changes_in_an_entry_changes_its_digest() -> None:
    entry = LockEntry("x", FROZEN, APPROVED)
    others = [replace(entry, approved=None), replace(entry, envelope="y")]
    assert len({found.digest for found in (entry, *others)}) == 3
    assert entry.digest == LockEntry("x", FROZEN, APPROVED).digest


def test_a_waiver_says_who_until_when_and_why() -> None:
    waiver = Waiver("x", SUBJECT, "fail", {}, "Ada", "so", "2026-11-26", "2026-12-01", "r")
    assert waiver.sentence == "Waived by Ada, until 2026-12-01, because so"
    keys = {replace(SUBJECT, **{name: "?"}).key for name in ("envelope", "golden_set", "candidate")}
    assert len(keys | {SUBJECT.key}) == 4
