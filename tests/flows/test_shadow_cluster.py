"""Logs are counted by the workers of a Dask scheduler, of which some come to an end."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pytest

from evalkit.core.errors import MeasurementError, SpecError
from evalkit.core.spreading import TaskFailedError, WorkerLostError
from evalkit.flows.shadow.plan import Tallied
from evalkit.flows.shadow.tallies import tallies
from evalkit.stages.spread import InProcess
from evalkit.wire import cluster
from evalkit.wire.cluster import DaskCluster
from tests.flows.shadow_logs import (
    Deadly,
    Noted,
    envelope,
    parts_of,
    plan_of,
    records,
    written,
)
from tests.stages.chores import Chore
from tests.wire.dask_processes import dask

PARTS = tuple(range(12))
SQUARES = [part * part for part in PARTS]


def folder(above: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=above))


def noted(found: Tallied) -> object:
    beside: object = found.beside
    assert isinstance(beside, Noted)
    return beside.found


def digests(found: Tallied) -> list[str]:
    logs = found.logs
    assert logs.pairs is not None
    assert logs.groups is not None
    return [logs.tally.digest(), logs.pairs.digest(), logs.groups.digest()]


def test_a_cluster_gives_the_results_of_this_machine_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dask(tmp_path, 4, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1") as running:
        executor = DaskCluster(running.address)
        assert executor.name == f"the cluster at {running.address}"

        # ---- one of four is killed while it has a part: not a bit is another
        parts = parts_of([str(written(tmp_path / "a.jsonl", records()))], part_bytes=2000)
        plan = plan_of(
            envelope(tmp_path),
            parts,
            buckets=2,
            beside=partial(Deadly, "r9", str(tmp_path / "died")),
        )
        there, here = (
            tallies(parts.parts, plan, worker, scratch=folder(tmp_path))
            for worker in (executor, InProcess())
        )
        assert len([worker for worker in running.workers if worker.poll() is not None]) == 1
        assert digests(there) == digests(here)
        assert repr(noted(there)) == repr(noted(here))
        assert list(executor.results(Chore(tmp_path), ())) == []

        # ---- what a task raises arrives whole
        results = executor.results(Chore(tmp_path, wrong=2, how="spec"), PARTS)
        assert [next(results), next(results)] == SQUARES[:2]
        with pytest.raises(SpecError, match=r"^a.jsonl:7: line: no JSON$") as found:
            next(results)
        assert found.value.problems[0].place.line == 7
        with pytest.raises(TaskFailedError, match=r"(?s)Traceback.*ZeroDivisionError: of part 1"):
            list(executor.results(Chore(tmp_path, wrong=1), PARTS))

        # ---- workers of other versions are refused
        with monkeypatch.context() as patched:
            ours = cluster.versions()
            patched.setattr(cluster, "versions", lambda: {**ours, "numpy": "0.1"})
            with pytest.raises(MeasurementError, match=r"other versions: numpy .* \(here 0.1\)"):
                list(executor.results(Chore(tmp_path), PARTS))

        # ---- a part that ends every worker is named
        with pytest.raises(WorkerLostError, match=r": workers of the cluster at tcp.*"):
            list(executor.results(Chore(tmp_path, fatal=1, always=True), PARTS))

        # ---- and where none is left, nobody waits
        for worker in running.workers:
            worker.kill()
            worker.wait()
        impatient = DaskCluster(running.address, connect_seconds=0.5)
        with pytest.raises(MeasurementError, match="has no workers; start some with `dask worker"):
            list(impatient.results(Chore(tmp_path), PARTS))
