"""What all tests share: where independent material lies, and the seed of everything random."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# As the command line does: read by numpy's linear algebra when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded outputs of real snapshots; a test that needs them is skipped without them."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"recorded outputs of real snapshots are not at {folder}")
    return folder
