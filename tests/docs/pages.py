"""The pages that users read, their fenced blocks, and a copy of the repository to try them in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.worlds import outside_ci

PAGES = ("README.md", "CONTRIBUTING.md", "golden_sets/README.md", "docs/envelope.md",
         "docs/scorer.md", "docs/provider.md", "docs/verdict.md", "docs/plan.md", "docs/fewer-cases.md",
         "docs/calibration.md", "docs/snapshots.md", "docs/live.md", "docs/ci-formats.md",
         "docs/first-gate.md", "docs/choosing-margins.md", "docs/cannot-tell.md", "docs/ci.md",
         "docs/diff-and-history.md", "docs/contract.md", "docs/drift.md", "docs/judge.md", "docs/style.md", "docs/detectors.md", "docs/calibrate.md", "docs/baseline.md", "docs/readers.md", "docs/canary.md", "docs/rollout.md", "docs/canary-calibration.md", "docs/scale.md",
         "docs/shadow.md", "docs/fitting.md", "docs/mirror.md")  # fmt: skip
GAP = "…"
"""A line that stands for any number of lines of output."""

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that a page shows, and the output it promises."""

    page: str
    line: str
    output: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return [Block(page, *found.groups()) for found in _FENCE.finditer(text)]


def commands() -> Iterator[Command]:
    """Yield the commands of all pages."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "console":
                for shown in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                    line, *output = shown.rstrip("\n").split("\n")
                    yield Command(page, line.partition("  #")[0].strip(), tuple(output))


def copied(into: Path) -> Path:
    """Copy what the repository holds, without what was installed and made."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607
        cwd=REPOSITORY, capture_output=True, check=True,
    ).stdout.decode().split("\0")  # fmt: skip
    for name in listed:
        source, target = REPOSITORY / name, into / name
        if source.is_file() and not name.startswith("tests/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return into


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as a user would whose environment has evalkit installed.

    ``make`` takes that environment as it is: it must not install the copy of the repository there.
    """
    bin_folder = Path(sys.executable).parent
    line = re.sub("^make ", f"make -o '{bin_folder.parent}/.installed' ", line)
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False,  # noqa: S607
        env={
            **outside_ci(), "NO_COLOR": "1", "VENV": str(bin_folder.parent),
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        },
    )  # fmt: skip


def unmet(promised: tuple[str, ...], output: str) -> str | None:
    """Return the first promised line that the output lacks where it should come next."""
    lines = iter(output.split("\n"))
    skipping = False
    for wanted in promised:
        if wanted == GAP:
            skipping = True
            continue
        found = next(lines, None)
        while skipping and found is not None and found.rstrip() != wanted.rstrip():
            found = next(lines, None)
        if found is None or found.rstrip() != wanted.rstrip():
            return f"expected {wanted!r}, found {found!r}"
        skipping = False
    return None
