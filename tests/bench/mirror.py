"""What a mirror costs: beside asking the upstream itself, beside nginx, and with every kind of candidate.

The upstream is an nginx that answers by itself, without any work, so that nothing hides what a proxy
adds. Only where tails are compared it takes as long as a quick model: tails of nothing are the machine's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.bench.mirror_servers import (
    LATE,
    free_port,
    mirror_file,
    nginx_answering,
    nginx_passing,
)  # fmt: skip
from tests.worlds import EVALKIT

RATE, REQUESTS = 200, 4_000
TAIL_RATE, TAIL_REQUESTS = 400, 20_000
BLOCK = 200
CANDIDATES = ("good", "down", "slow", "resetting", "garbage")
WRK = ["wrk", "-t1", "-c32", "-d5s", "--latency"]
ROUNDS = 3
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """A server that runs: where it is asked, and where it says what it has done."""

    url: str
    admin: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """How long answers took, in milliseconds, and what they were."""

    times: list[float]
    answers: dict[str, int]

    def quantile(self, part: float) -> float:
        """Return a quantile of the times."""
        return sorted(self.times)[int(part * len(self.times))]


def mirror_lines(folder: Path) -> Iterator[str]:
    """Yield overhead, tails and rates, a table each."""
    missing = [tool for tool in ("nginx", "wrk") if shutil.which(tool) is None]
    if missing:
        yield f"not measured: {' and '.join(missing)} not installed (apt-get install nginx-light wrk)"
        return
    with ExitStack() as stack:
        live = free_port()
        stack.enter_context(_running(["nginx", "-c", str(nginx_answering(folder, live))], live))
        servers = _Servers(folder, live, stack)
        yield from _overhead(servers)
        yield from _rates(servers)
        yield from _tails(servers)


@dataclass(frozen=True, slots=True)
class _Servers:
    """Starts what is measured; all of it ends with the stack."""

    folder: Path
    live: int
    stack: ExitStack

    def direct(self) -> Place:
        """The upstream itself."""
        return Place(f"http://127.0.0.1:{self.live}")

    def late(self) -> _Servers:
        """The same, before an upstream that takes as long as the quickest of models."""
        return _Servers(self.folder, self._candidate("late"), self.stack)

    def nginx(self) -> Place:
        """The reference: a reverse proxy in one process."""
        port = free_port()
        command = ["nginx", "-c", str(nginx_passing(self.folder, port, self.live))]
        self.stack.enter_context(_running(command, port))
        return Place(f"http://127.0.0.1:{port}")

    def mirror(self, candidate: str | None, **more: object) -> Place:
        """A mirror, with copies to a candidate of that kind, or without."""
        port = free_port() if candidate is None else self._candidate(candidate)
        admin = free_port()
        if candidate is None:
            more = {**more, "paths": ["/nothing"]}
        file = mirror_file(
            self.folder, f"m{admin}", self.live, port, admin=f"127.0.0.1:{admin}", **more
        )
        listen = json.loads(file.read_text())["listen"]
        command = [str(EVALKIT), "mirror", str(file)]
        self.stack.enter_context(_running(command, int(listen.rpartition(":")[2])))
        return Place(f"http://{listen}", f"http://127.0.0.1:{admin}")

    def _candidate(self, kind: str) -> int:
        port = free_port()
        if kind == "good":
            command = ["nginx", "-c", str(nginx_answering(self.folder, port))]
            self.stack.enter_context(_running(command, port))
        elif kind != "down":
            command = [sys.executable, "-m", "tests.bench.mirror_servers", kind, str(port)]
            self.stack.enter_context(_running(command, port))
        return port


# ---------------------------------------------------------------- the tables


def _overhead(servers: _Servers) -> Iterator[str]:
    """Yield what a request takes at a modest rate, and how much of it is the proxy's."""
    yield f"{RATE} requests/s, {REQUESTS:,} to each, in turn; milliseconds"
    log = {"path": str(servers.folder / "log.jsonl")}
    places = {
        "upstream itself": servers.direct(),
        "nginx": servers.nginx(),
        "mirror": servers.mirror(None),
        "mirror, copies": servers.mirror("good"),
        "mirror, copies, log": servers.mirror("good", log=log),
    }
    found = _taken(places, RATE, REQUESTS)
    direct = found["upstream itself"]
    for name, taken in found.items():
        p50, p99 = taken.quantile(0.5), taken.quantile(0.99)
        more = f"+{p50 - direct.quantile(0.5):.3f}" if taken is not direct else ""
        yield f"  {name:<22} p50 {p50:6.3f} {more:>7}   p99 {p99:6.3f}"


def _tails(servers: _Servers) -> Iterator[str]:
    """Yield what callers see of copies; the first two are the same, which shows the noise."""
    yield (
        f"{TAIL_RATE} requests/s, {TAIL_REQUESTS:,} to each, in turn, to an upstream that takes "
        f"{1e3 * LATE:g} ms; milliseconds"
    )
    servers = servers.late()
    places = {"no copies": servers.mirror(None), "no copies, again": servers.mirror(None)}
    places |= {f"candidate {kind}": servers.mirror(kind) for kind in CANDIDATES}
    found = _taken(places, TAIL_RATE, TAIL_REQUESTS)
    first = found["no copies"]
    for name, taken in found.items():
        p99 = taken.quantile(0.99)
        same = "same answers" if taken.answers == first.answers else f"ANSWERS {taken.answers}"
        yield (
            f"  {name:<22} p50 {taken.quantile(0.5):6.3f}   p99 {p99:6.3f} "
            f"× {p99 / first.quantile(0.99):.2f}   {same}; {_copies(places[name])}"
        )


def _rates(servers: _Servers) -> Iterator[str]:
    """Yield what one core sustains, beside nginx in the same rounds."""
    yield f"as fast as it goes on one core, {' '.join(WRK[1:4])}; requests/s, median of {ROUNDS}"
    places = {
        "nginx": servers.nginx(),
        "mirror": servers.mirror(None),
        "mirror, copies": servers.mirror("good"),
    }
    rates: dict[str, list[float]] = {name: [] for name in places}
    for _ in range(ROUNDS):
        for name, place in places.items():
            rates[name].append(_rate(place))
    nginx = statistics.median(rates["nginx"])
    for name, found in rates.items():
        rate = statistics.median(found)
        yield f"  {name:<22} {rate:8,.0f}   × {rate / nginx:.2f} of nginx"


# ---------------------------------------------------------------- measuring


def _taken(places: dict[str, Place], rate: int, requests: int) -> dict[str, Taken]:
    command = [
        sys.executable,
        "-m",
        "tests.bench.mirror_load",
        str(rate),
        str(requests // BLOCK),
        str(BLOCK),
    ]
    command += [place.url for place in places.values()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        name: Taken(line["taken"], line["answers"])
        for name, line in zip(places, lines, strict=True)
    }


def _rate(place: Place) -> float:
    done = subprocess.run([*WRK, place.url], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    return float(found[1]) if found else 0.0


def _copies(place: Place) -> str:
    """Return what became of the copies, and whether the counts add up."""
    with urlopen(f"{place.admin}/metrics") as page:  # noqa: S310 - our own
        text = page.read().decode()
    counts = {
        kind: sum(int(float(n)) for n in re.findall(rf"(?m)^evalkit_mirror_copies_{kind}\S* (\S+)$", text))
        for kind in ("offered", "answered", "failed", "dropped", "waiting", "under_way")
    }  # fmt: skip
    offered = counts.pop("offered")
    told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
    odd = "" if offered == sum(counts.values()) else f", WHICH IS NOT THE {offered:,} OFFERED"
    return f"copies: {told or 'none'}{odd}"


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            until = time.monotonic() + PATIENCE
            while not _listens(port):
                assert process.poll() is None, f"it ended: {' '.join(command)}"
                assert time.monotonic() < until, f"it never listened: {' '.join(command)}"
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            if _outlives(process):
                process.kill()


def _outlives(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(3.0)
    except subprocess.TimeoutExpired:
        return True
    return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True
