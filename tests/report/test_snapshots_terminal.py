"""The terminal shows the snapshots in use, no wider than it is, and nothing that acts."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalkit.core.lifecycle import (
    Classified,
    EnvelopeInUse,
    Inventory,
    Lifecycle,
    Pin,
    SnapshotInUse,
)
from evalkit.core.model import Arm
from evalkit.report.snapshots.json import snapshots_text
from evalkit.report.snapshots.terminal import print_snapshots
from evalkit.report.text.lines import WIDEST
from tests.report.stored import assert_stored

TODAY = date(2026, 11, 26)
PAGE = "https://vendor.example/deprecations"
HOSTILE = "x\x1b[31mred\x1b]8;;https://evil.example\x07\u202edcba\x00\u2028[bold]b[/bold]"
PINNED = Classified(Pin.PINNED, "a dated name", date(2027, 1, 14), PAGE, TODAY)
LATE = Classified(Pin.FLOATING, "an alias of whatever is newest", date(2026, 10, 23), PAGE, TODAY)
TIER = Classified(Pin.UNVERSIONED, "its vendor names no version of it")
UNKNOWN = Classified(Pin.UNKNOWN, "a name that neither the table nor a pattern knows")
ASKED = PINNED.told(
    Lifecycle("acme", "m", "deprecated", date(2026, 11, 27), TODAY, "https://api/m", TODAY)
)


def used(
    arm: Arm, model: str | None, known: Classified | None, run: str | None = None,
    served: tuple[str, ...] | None = None, *, expected: str | None = None,
) -> SnapshotInUse:  # fmt: skip
    return SnapshotInUse(arm, "acme", model, expected, known, run, served)


ENVELOPES = (
    EnvelopeInUse(
        "envelopes/calm.yaml",
        "calm",
        (
            used(Arm.BASELINE, None, None, "reports/r1", ("acme-1",)),
            used(Arm.CANDIDATE, "m-2026-01-01", replace(PINNED, retires_at=None), "reports/r1", ()),
        ),
    ),
    EnvelopeInUse(
        "envelopes/moving.yaml",
        "moving",
        (
            used(Arm.BASELINE, "m-latest", LATE, "reports/r2"),
            used(
                Arm.CANDIDATE, "us.acme.a-long-name-with-a-date-20260101-v1:0", PINNED,
                "reports/r2", ("m-3",),
            ),
        ),
    ),
    EnvelopeInUse(
        "envelopes/unsure.yaml",
        "unsure",
        (
            used(Arm.BASELINE, "tier", TIER),
            used(Arm.CANDIDATE, "deployment", UNKNOWN, "reports/r3", ("m-4",), expected="m-5"),
        ),
    ),
    EnvelopeInUse("envelopes/asked.yaml", "asked", (used(Arm.CANDIDATE, "m-6", ASKED),)),
)  # fmt: skip
WHOLE = Inventory(
    TODAY, 90, date(2026, 6, 1), ENVELOPES, ("reports/x/manifest.json: not JSON",),
    ("https://api.acme.example/models/m: HTTP 503",),
)  # fmt: skip
EVERY = {
    "whole": WHOLE,
    "calm": replace(WHOLE, table_of=TODAY, envelopes=ENVELOPES[:1], unread=(), unanswered=()),
}


def printed(made: Inventory, *, width: int = WIDEST, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False
    )
    print_snapshots(made, console)
    return stream.getvalue()


@pytest.mark.parametrize("width", [100, 60])
@pytest.mark.parametrize("name", EVERY)
def test_an_inventory_is_shown_as_it_is_stored(name: str, width: int) -> None:
    assert_stored(printed(EVERY[name], width=width), f"snapshots-{name}-{width}")


@pytest.mark.parametrize("width", [200, 100, 99, 80, 79, 60])
@pytest.mark.parametrize("name", EVERY)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    for line in printed(EVERY[name], width=width).splitlines():
        assert cell_len(line) <= min(width, WIDEST), line


@pytest.mark.parametrize("name", EVERY)
def test_all_meaning_is_in_the_text(name: str) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed(EVERY[name], colour=True))
    assert plain == printed(EVERY[name])


def test_every_row_says_by_its_mark_how_it_stands() -> None:
    marks = re.findall(r"^[✗!?✓○](?= )", printed(WHOLE), re.MULTILINE)
    assert marks == ["○", "✓", "✗", "✗", "?", "✗", "!"]


def test_an_empty_inventory_can_be_shown() -> None:
    assert "○ SNAPSHOTS" in printed(replace(WHOLE, envelopes=()))


def test_hostile_names_do_nothing() -> None:
    known = replace(PINNED, why=HOSTILE, source=HOSTILE, status=HOSTILE)
    snapshots = tuple(
        used(Arm.CANDIDATE, model, known, HOSTILE, (HOSTILE,), expected=HOSTILE)
        for model in (HOSTILE, "m")
    )
    hostile = (EnvelopeInUse(HOSTILE, HOSTILE, snapshots),)
    shown = printed(replace(WHOLE, envelopes=hostile, unread=(HOSTILE,), unanswered=(HOSTILE,)))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", shown)
    assert "\\x1b[31mred" in shown


def test_the_document_of_an_inventory_is_the_same_bytes_and_whole() -> None:
    text = snapshots_text(WHOLE)
    assert text == snapshots_text(WHOLE)
    found = json.loads(text)
    assert (found["schema"], found["today"]) == ("evalkit.snapshots/1", "2026-11-26")
    assert found["table"] == {"checked_at": "2026-06-01", "age_days": 178}
    recorded, pinned = found["envelopes"][0]["snapshots"]
    assert (recorded["recorded"], recorded["pin"], recorded["days_left"]) == (True, None, None)
    assert (pinned["served"], pinned["retires_at"]) == ([], None)
    [asked] = found["envelopes"][3]["snapshots"]
    assert (asked["asked"], asked["status"], asked["days_left"]) == (True, "deprecated", 1)
    assert found["envelopes"][2]["snapshots"][1]["strangers"] == ["m-4"]
