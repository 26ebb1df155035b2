"""Texts of a terminal that are stored under ``terminal/`` and compared whole."""

from __future__ import annotations

import os
from pathlib import Path

STORED = Path(__file__).parent / "terminal"


def assert_stored(found: str, name: str) -> None:
    """Fail where a text is not the one that is stored; ``EVALKIT_STORE=1`` writes it anew."""
    path = STORED / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("EVALKIT_STORE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
