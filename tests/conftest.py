"""What all tests share: where independent material lies, and the seed of everything random."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# As the command line does: read by numpy's linear algebra when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Whoever starts the tests in the background of a shell may have Ctrl-C ignored, and commands inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A test says the same whenever it runs, however busy the machine is: examples are drawn from the
# test itself, nothing is remembered, and how long one takes is no failure.
settings.register_profile(
    "any machine",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded outputs of real snapshots; a test that needs them is skipped without them."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"recorded outputs of real snapshots are not at {folder}")
    return folder
