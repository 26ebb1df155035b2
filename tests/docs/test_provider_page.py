"""The provider of the guide keeps the contract that the guide holds it to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from evalkit.testing.providers import CHECKS
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks

PAGE = "docs/provider.md"


def test_the_provider_of_the_guide_keeps_the_contract(tmp_path: Path) -> None:
    provider, checks = (block.text for block in blocks(PAGE) if block.language == "python")
    (tmp_path / "acme.py").write_text(provider)
    (tmp_path / "test_acme.py").write_text(checks)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(CHECKS)} passed" in done.stdout


def test_every_check_is_on_the_page() -> None:
    page = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    table = page.partition("| check |")[2]
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    assert named == set(CHECKS)
