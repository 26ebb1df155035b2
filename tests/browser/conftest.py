"""One browser for all tests of a worker; without one they are skipped and say so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser, found_browser, running


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Yield a running browser."""
    program = found_browser()
    if program is None or not Path(program).is_file():
        pytest.skip("no browser: install chromium, or name one in EVALKIT_BROWSER")
    with running(program, tmp_path_factory.mktemp("profile")) as found:
        if not found.runs():
            pytest.skip(f"{program} does not start here")
        yield found
