"""A cluster that is not there, or not as it should be, is told; see also tests/flows for one that is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evalkit.core.errors import MeasurementError, UsageError
from evalkit.wire.cluster import DaskCluster
from tests.stages.chores import Chore


@pytest.mark.parametrize(
    ("address", "kind", "said"),
    [
        (
            "tcp://127.0.0.1:1",
            MeasurementError,
            r"no scheduler answers at tcp://127.0.0.1:1 within",
        ),
        ("nonsense://x", UsageError, r"expected an address as tcp://10.0.0.7:8786"),
    ],
)
def test_an_address_where_no_scheduler_is_is_told(
    address: str, kind: type[Exception], said: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=said):
        list(DaskCluster(address, connect_seconds=0.5).results(Chore(tmp_path), (1, 2)))


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"--cluster tcp://x:1 needs the extra scale: pip install"):
        list(DaskCluster("tcp://x:1").results(Chore(tmp_path), (1, 2)))
