"""Start-up beside that of the smallest program on the same command-line library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measuring import in_turn, median, ratio
from tests.worlds import EVALKIT

TWO_LINES = "import typer\ntyper.run(lambda: None)\n"
ROUNDS = 15


def start_up_lines(folder: Path) -> Iterator[str]:
    """Yield what ``--version`` and ``--help`` cost."""
    (folder / "two_lines.py").write_text(TWO_LINES)
    smallest = [sys.executable, "two_lines.py", "--help"]
    commands = [smallest, [str(EVALKIT), "--version"], [str(EVALKIT), "--help"]]
    yardstick, *found = in_turn(commands, folder, rounds=ROUNDS)
    yield f"a two-line typer program --help  {median(yardstick).cpu:6.3f} s of CPU"
    for name, costs in zip(("--version", "--help"), found, strict=True):
        times = ratio(costs, yardstick)
        yield f"evalkit {name:<10} {median(costs).cpu:6.3f} s of CPU, × {times:.2f} of that"
