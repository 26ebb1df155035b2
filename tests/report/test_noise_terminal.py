"""The terminal shows a noise floor at a glance, no wider than it is, and nothing that acts."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalkit.core.noise import NoiseFloor
from evalkit.core.phrases import title
from evalkit.report.plan.json import noise_text
from evalkit.report.plan.noise_terminal import print_noise
from evalkit.report.text.lines import WIDEST
from tests.report.plans import NOISY, STILL, every_floor, noise
from tests.report.stored import assert_stored

EVERY_FLOOR = every_floor()
HOSTILE = "x\x1b[31mred\x1b]8;;https://evil.example\x07\u202edcba\x00\u2028[bold]b[/bold]"


def printed(made: NoiseFloor, *, width: int = WIDEST, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False
    )
    print_noise(made, console)
    return stream.getvalue()


@pytest.mark.parametrize("width", [100, 80, 60])
@pytest.mark.parametrize("name", EVERY_FLOOR)
def test_a_noise_floor_is_shown_as_it_is_stored(name: str, width: int) -> None:
    assert_stored(printed(EVERY_FLOOR[name], width=width), f"noise-{name}-{width}")


@pytest.mark.parametrize("width", [200, 100, 99, 80, 79, 60])
@pytest.mark.parametrize("name", EVERY_FLOOR)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    for line in printed(EVERY_FLOOR[name], width=width).splitlines():
        assert cell_len(line) <= min(width, WIDEST), line


@pytest.mark.parametrize("name", EVERY_FLOOR)
def test_all_meaning_is_in_the_text(name: str) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed(EVERY_FLOOR[name], colour=True))
    assert plain == printed(EVERY_FLOOR[name])


@pytest.mark.parametrize("width", [100, 80, 60])
@pytest.mark.parametrize("name", EVERY_FLOOR)
def test_every_bound_is_stated(name: str, width: int) -> None:
    shown = printed(EVERY_FLOOR[name], width=width)
    for bound in EVERY_FLOOR[name].bounds:
        assert re.search(rf"^[✗?∅✓] {re.escape(title(bound))}", shown, re.MULTILINE)


def test_what_was_broken_stands_first_and_what_never_wavered_last() -> None:
    marks = re.findall(r"^[✗?∅✓](?= )", printed(EVERY_FLOOR["noisy"]), re.MULTILINE)
    assert marks == ["✗", "?", "∅", "✓"]


def test_bounds_on_one_number_are_told_apart() -> None:
    shown = printed(EVERY_FLOOR["still"])
    assert "latency_ms, p95, ratio" in shown
    assert "latency_ms, p95, delta" in shown


def test_a_floor_without_bounds_can_be_shown() -> None:
    assert "∅ A/A" in printed(noise(()))


def test_hostile_names_do_nothing() -> None:
    made = noise((replace(NOISY, metric=HOSTILE, on=HOSTILE, name=HOSTILE),), noisiest=HOSTILE)
    shown = printed(replace(made, how=HOSTILE, lead=HOSTILE))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", shown)
    assert "\\x1b[31mred" in shown


def test_the_document_of_a_noise_floor_says_what_it_is_and_has_no_infinities() -> None:
    made = noise((replace(STILL, high=float("inf")),))
    found = json.loads(noise_text(made), parse_constant=pytest.fail)
    assert found["schema"] == "evalkit.noise/1"
    assert found["bounds"][0]["high"] is None
    assert found["bounds"][0]["broken"]["of"] == 200
    assert noise_text(made) == noise_text(made)
